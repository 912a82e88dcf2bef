// SPDX-License-Identifier: GPL-2.0
/*
 * judge.c - what `tests/bench/run` measured, as tables and bars with their 95 % intervals.
 *
 * judge FILE: lines "ROUND SERIES QUANTITY VALUE", round 0 being the warm-up; times in ns. "ROUND SERIES
 * missing WORDS" says why a series has no figures. A bar holds when its whole interval does. Exit status:
 * 0; 1 when a bar is missed; 2 when the file cannot be read.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/stats.h"

#define SERIES_MAX 64
#define ROUNDS_MAX 1000
#define NAME_MAX_LEN 32
#define COLUMN 24 /* of a table */

/* One quantity of one series; a round without a figure holds NaN. */
struct series {
	char name[NAME_MAX_LEN], quantity[NAME_MAX_LEN];
	double value[ROUNDS_MAX];
	size_t count; /* of figures */
	char missing[256];
};

static struct series all[SERIES_MAX];
static size_t series_count, rounds;

static struct series *find(const char *name, const char *quantity)
{
	for (size_t i = 0; i < series_count; i++)
		if (!strcmp(all[i].name, name) && !strcmp(all[i].quantity, quantity))
			return &all[i];
	return NULL;
}

static struct series *find_or_add(const char *name, const char *quantity)
{
	struct series *series = find(name, quantity);

	if (series || series_count == SERIES_MAX)
		return series;
	series = &all[series_count++];
	snprintf(series->name, sizeof(series->name), "%s", name);
	snprintf(series->quantity, sizeof(series->quantity), "%s", quantity);
	for (size_t i = 0; i < ROUNDS_MAX; i++)
		series->value[i] = NAN;
	return series;
}

/* The line without its number of the round. */
static int take(const char *line, unsigned long round)
{
	char name[NAME_MAX_LEN], quantity[NAME_MAX_LEN];
	struct series *series;
	int rest = 0;
	double value;
	char *end;

	if (sscanf(line, " %31s %31s %n", name, quantity, &rest) != 2 || !rest)
		return -EINVAL;
	series = find_or_add(name, quantity);
	if (!series)
		return -ENOSPC;
	if (!strcmp(quantity, "missing")) {
		snprintf(series->missing, sizeof(series->missing), "%.*s",
			 (int)strcspn(line + rest, "\n"), line + rest);
		return 0;
	}
	value = strtod(line + rest, &end);
	if (end == line + rest || !isfinite(value))
		return -EINVAL;
	if (!round)
		return 0;
	/* several figures in one round, as of `inexact`: their sum */
	if (isnan(series->value[round - 1])) {
		series->value[round - 1] = 0;
		series->count++;
	}
	series->value[round - 1] += value;
	return 0;
}

static int read_figures(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[512];
	int err = file ? 0 : -errno;

	while (!err && fgets(line, sizeof(line), file)) {
		char *end;
		unsigned long round = strtoul(line, &end, 10);

		if (end == line || round > ROUNDS_MAX) {
			err = -EINVAL;
			break;
		}
		if (round > rounds)
			rounds = round;
		err = take(end, round);
	}
	if (file)
		fclose(file);
	return err;
}

/* ---- figures ---- */

static const struct interval unknown = { NAN, NAN, NAN };

/* The rounds in which both have a figure, as pairs. */
static size_t pair_up(const struct series *a, const struct series *b, double *of_a, double *of_b)
{
	size_t n = 0;

	for (size_t i = 0; a && b && i < rounds; i++) {
		if (isnan(a->value[i]) || isnan(b->value[i]))
			continue;
		of_a[n] = a->value[i];
		of_b[n++] = b->value[i];
	}
	return n;
}

static struct interval median_of(const struct series *series)
{
	double values[ROUNDS_MAX], same[ROUNDS_MAX];
	size_t n = pair_up(series, series, values, same);
	struct interval result = unknown;

	if (stats_median_interval(values, n, &result) == -EINVAL)
		return unknown;
	return result;
}

static struct interval ratio_of(const struct series *a, const struct series *b)
{
	double of_a[ROUNDS_MAX], of_b[ROUNDS_MAX];
	size_t n = pair_up(a, b, of_a, of_b);
	struct interval result = unknown;

	if (stats_ratio_paired(of_a, of_b, n, &result) == -EINVAL)
		return unknown;
	return result;
}

/* a - b, round by round. NULL when either is not there. */
static const struct series *difference(const struct series *a, const struct series *b,
				       struct series *result)
{
	if (!a || !b)
		return NULL;
	*result = *a;
	result->count = 0;
	for (size_t i = 0; i < ROUNDS_MAX; i++) {
		result->value[i] = a->value[i] - b->value[i];
		result->count += !isnan(result->value[i]);
	}
	return result;
}

/* What running under a tracer adds to the CPU time of a page fault. */
static const struct series *added_to_fault(const char *tracer, struct series *result)
{
	return difference(find(tracer, "cpu"), find("touch-alone", "cpu"), result);
}

/* What running under a tracer adds to `quantity`. */
static const struct series *added(const char *tracer, const char *quantity, struct series *result)
{
	return difference(find(tracer, quantity), find("alone", quantity), result);
}

/* ---- tables ---- */

static const char *why_missing(const char *name)
{
	const struct series *series = find(name, "missing");

	return series ? series->missing : NULL;
}

/* In `unit`s; padded to `width`, the columns of a table. */
static void print_interval(struct interval interval, double unit, int decimals, int width)
{
	char text[80];

	if (isnan(interval.point))
		snprintf(text, sizeof(text), "unknown");
	else if (isnan(interval.low))
		snprintf(text, sizeof(text), "%.*f [too few rounds]", decimals,
			 interval.point / unit);
	else
		snprintf(text, sizeof(text), "%.*f [%.*f, %.*f]", decimals, interval.point / unit,
			 decimals, interval.low / unit, decimals, interval.high / unit);
	printf("%-*s", width, text);
}

static void print_direct(void)
{
	printf("\nDirect cost of a switch, two tasks on one CPU, ns (median of a run)\n");
	for (int i = 0; i < 2; i++) {
		printf("  %-20s  ", i ? "threads" : "processes");
		print_interval(median_of(find(i ? "thread" : "process", "direct")), 1, 0, 0);
		printf("\n");
	}
}

static void print_added_row(const char *name, const char *words)
{
	static const char *const quantities[] = { "cpu", "wall" };
	struct series result;

	printf("  %-20s  ", words);
	if (why_missing(name)) {
		printf("not measured: %s\n", why_missing(name));
		return;
	}
	for (int i = 0; i < 2; i++)
		print_interval(median_of(added(name, quantities[i], &result)), 1000, 3, COLUMN);
	print_interval(median_of(find(name, "own")), 1000, 3, 0);
	printf("\n");
}

/* The tracers, as they are called in the file and in words. */
static const struct {
	const char *name, *words;
} tracers[] = {
	{ "empty", "empty programs" },
	{ "tasktax", "tasktax run" },
	{ "aggregate", "  --mode aggregate" },
	{ "stranger", "  of others" },
	{ "perf-sched", "perf sched record" },
	{ "perf-record", "perf record" },
	{ "runqlat", "runqlat" },
	{ "cpudist", "cpudist" },
	{ "count", "bpftrace count" },
	{ "pairs", "bpftrace by pair" },
};

static void print_added(void)
{
	printf("\nAdded to a switch of the same ping-pong, us\n  %-20s  %-*s%-*s%s\n", "", COLUMN,
	       "CPU time of the tasks", COLUMN, "wall time", "tool's own CPU time");
	printf("  %-20s  ", "alone, in all");
	print_interval(median_of(find("alone", "cpu")), 1000, 3, COLUMN);
	print_interval(median_of(find("alone", "wall")), 1000, 3, 0);
	printf("\n");
	for (size_t i = 0; i < sizeof(tracers) / sizeof(tracers[0]); i++)
		print_added_row(tracers[i].name, tracers[i].words);
}

static void print_faults(void)
{
	static const struct {
		const char *name, *words;
	} fault_tracers[] = {
		{ "touch-tasktax", "tasktax run" },
		{ "touch-aggregate", "  --mode aggregate" },
		{ "touch-stranger", "  of others" },
		{ "touch-perf-record", "perf record -c 1" },
		{ "touch-perf-trace", "perf trace -F all" },
	};
	struct series result;

	printf("\nAdded to a first-touch page fault, CPU time, us\n  %-20s  ", "alone, in all");
	print_interval(median_of(find("touch-alone", "cpu")), 1000, 3, 0);
	printf("\n");
	for (size_t i = 0; i < sizeof(fault_tracers) / sizeof(fault_tracers[0]); i++) {
		const char *name = fault_tracers[i].name;

		printf("  %-20s  ", fault_tracers[i].words);
		if (why_missing(name))
			printf("not measured: %s", why_missing(name));
		else
			print_interval(median_of(added_to_fault(name, &result)), 1000, 3, 0);
		printf("\n");
	}
}

static void print_start(void)
{
	printf("\nStart-up, ms\n  %-20s  ", "true");
	print_interval(median_of(find("true", "start")), 1e6, 1, 0);
	printf("\n  %-20s  ", "tasktax run true");
	print_interval(median_of(find("tasktax", "start")), 1e6, 1, 0);
	printf("\n");
}

static void print_programs(void)
{
	printf("\ntasktax's programs by the kernel's statistics, ns a run (their clock reads "
	       "included)\n");
	if (why_missing("programs"))
		printf("  not measured: %s\n", why_missing("programs"));
	for (size_t i = 0; i < series_count; i++) {
		if (strcmp(all[i].quantity, "program") != 0)
			continue;
		printf("  %-20s  ", all[i].name);
		print_interval(median_of(&all[i]), 1, 0, 0);
		printf("\n");
	}
}

/* ---- bars ---- */

static int missed, held, unmeasured;

static void bar(const char *what, struct interval figure, double most, double unit, const char *of)
{
	bool holds = figure.high <= most; /* never true of NaN */

	if (of && why_missing(of)) {
		printf("  ----  %s: not measured: %s\n", what, why_missing(of));
		unmeasured++;
		return;
	}
	printf("  %s  %s: ", holds ? "PASS" : "FAIL", what);
	print_interval(figure, unit, 3, 0);
	printf("\n");
	*(holds ? &held : &missed) += 1;
}

static void bar_against(const char *peer, const char *words, double most)
{
	struct series ours, theirs;
	char what[100];

	snprintf(what, sizeof(what), "added, tasktax / %s, at most %.2f", words, most);
	bar(what, ratio_of(added("tasktax", "cpu", &ours), added(peer, "cpu", &theirs)), most, 1,
	    peer);
}

static void bar_exact(const char *name, const char *words)
{
	const struct series *inexact = find(name, "inexact");
	double sum = inexact ? 0 : NAN;
	bool holds;

	for (size_t i = 0; inexact && i < rounds; i++)
		sum += inexact->value[i];
	holds = sum == 0; /* never true of NaN */
	printf("  %s  runs of tasktax %s that lost a record or differ from the kernel, at most 0: "
	       "%.0f\n",
	       holds ? "PASS" : "FAIL", words, sum);
	*(holds ? &held : &missed) += 1;
}

/* Against what the same hooks add when their programs do nothing. */
static void bar_of_counts(const char *series, const char *words, double most)
{
	struct series ours, nothing;
	char what[100];

	snprintf(what, sizeof(what), "added, %s", words);
	bar(what, ratio_of(added(series, "cpu", &ours), added("empty", "cpu", &nothing)), most, 1,
	    "empty");
}

static void bars_of_faults(void)
{
	struct series ours, theirs;

	bar("added to a fault, us, at most 0.55", median_of(added_to_fault("touch-tasktax", &ours)),
	    550, 1000, "touch-tasktax");
	bar("added, tasktax / perf trace -F all, at most 0.05",
	    ratio_of(added_to_fault("touch-tasktax", &ours),
		     added_to_fault("touch-perf-trace", &theirs)),
	    0.05, 1, "touch-perf-trace");
	bar_exact("touch-tasktax", "with faults");
	bar_exact("touch-aggregate", "--mode aggregate with faults");
}

static void judge(void)
{
	struct series result;

	printf("\nBars: the whole 95 %% interval holds\n");
	bar("direct cost, threads / processes, below 1",
	    ratio_of(find("thread", "direct"), find("process", "direct")), nextafter(1, 0), 1,
	    NULL);
	bar("added to a switch, us, at most 0.5", median_of(added("tasktax", "cpu", &result)), 500,
	    1000, NULL);
	bar_against("perf-sched", "perf sched record", 0.25);
	bar_against("perf-sched", "perf sched record", 0.2);
	bar_against("cpudist", "cpudist", 0.75);
	bar_against("pairs", "bpftrace by pair", 1);
	bar_of_counts("aggregate", "aggregate / empty programs, at most 3", 3);
	bar_of_counts("stranger", "aggregate, of others / empty programs, at most 1.6", 1.6);
	bar_exact("aggregate", "--mode aggregate");
	bar("start-up, ms, under 400",
	    median_of(difference(find("tasktax", "start"), find("true", "start"), &result)),
	    nextafter(400e6, 0), 1e6, NULL);
	bar_exact("tasktax", "with switches");
	bars_of_faults();
	printf("%d held, %d missed, %d not measured\n", held, missed, unmeasured);
}

int main(int argc, char **argv)
{
	int err = argc == 2 ? read_figures(argv[1]) : -EINVAL;

	if (err) {
		fprintf(stderr, "judge: %s\n", strerror(-err));
		return 2;
	}
	if (find("machine", "watched"))
		printf("Others watched sched_switch meanwhile: that is in every figure.\n");
	print_direct();
	print_added();
	print_faults();
	print_start();
	print_programs();
	judge();
	return missed > 0;
}
