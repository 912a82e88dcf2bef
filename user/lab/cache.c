// SPDX-License-Identifier: GPL-2.0
/*
 * cache.c - the experiment `cache`: two tasks on one CPU hand a token to and fro, and each touches its
 * working set whenever it has the token, so that a switch also costs the refilling of caches.
 *
 * Implements experiment.h. The method is that of Li, Ding and Shen ("Quantifying the cost of context
 * switch", ExpCS 2007): one task alone does the same work without a switch, in the same run; what a
 * hand-over takes longer between two is the total cost of a switch, what that exceeds the total cost
 * without a working set is the indirect one, and the trace has the direct one. Called by lab.c through
 * experiments.c.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "lab/readings.h"

#define TASKS 2
#define LAPS 10000
#define LAPS_LEAST 8
#define CACHE_LINE 64
/* Lines that a lap touches: two tasks in turn, then as often one alone. */
#define LINES_OF_LAP(bytes) ((uint64_t)2 * TASKS * (bytes) / CACHE_LINE)
#define LINES_FOR_LAP 128 /* that take about as long as a lap without any, where caches miss */
#define L2_ASSUMED ((uint64_t)1 << 20)

enum cache_figure {
	TOTAL,
	INDIRECT,
	DIRECT,
	CLOCK,
	ALONE,
	ADDED,
	CLOCK_TRACED, /* from here on raw only */
	WALL,
	WALL_ALONE,
	DIRECT_MEAN,
	DIRECT_COUNT,
	CACHE_FIGURES,
};

static const struct lab_figure cache_figures[CACHE_FIGURES] = {
	[TOTAL] = { "total_ns", "total cost of a switch", LAB_NS_SIGNED, false, true },
	[INDIRECT] = { "indirect_ns", "indirect cost, by difference", LAB_NS_SIGNED, false, true },
	[DIRECT] = { "direct_p50_ns", "direct cost, p50, traced", LAB_NS, true },
	[CLOCK] = { "hand_over_ns", "hand-over with its work, untraced", LAB_NS, false },
	[ALONE] = { "alone_ns", "the same by one task alone, untraced", LAB_NS, false },
	[ADDED] = { "tracing_adds_ns", "tracing adds to a hand-over", LAB_NS_SIGNED, true, true },
	[CLOCK_TRACED] = { "hand_over_traced_ns", NULL, LAB_NS, true },
	[WALL] = { "hand_over_wall_ns", NULL, LAB_NS, false },
	[WALL_ALONE] = { "alone_wall_ns", NULL, LAB_NS, false },
	[DIRECT_MEAN] = { "direct_mean_ns", NULL, LAB_NS, true },
	[DIRECT_COUNT] = { "direct_count", NULL, LAB_COUNT, true },
};

/* ---- what is varied ---- */

static uint64_t l2_of(const struct lab_settings *settings)
{
	return settings->l2_bytes ? settings->l2_bytes : L2_ASSUMED;
}

/* "0", "512 KiB", "2 MiB"; of what is no whole number of KiB, the tenths. */
static void size_label(uint64_t bytes, char *text, size_t size)
{
	if (!bytes)
		snprintf(text, size, "0");
	else if (bytes % (1 << 20) == 0)
		snprintf(text, size, "%" PRIu64 " MiB", bytes >> 20);
	else if (bytes % (1 << 10) == 0)
		snprintf(text, size, "%" PRIu64 " KiB", bytes >> 10);
	else
		format_bytes(text, size, bytes);
}

/* In eighths of the L2 cache. Half of it is where two working sets just fill it. */
static size_t cache_steps(const struct lab_settings *settings, struct lab_step *steps)
{
	static const unsigned int all[] = { 0, 1, 4, 8, 16, 32 }, quick[] = { 0, 4, 16 };
	const unsigned int *eighths = settings->quick ? quick : all;
	size_t count = settings->quick ? sizeof(quick) / sizeof(quick[0]) :
					 sizeof(all) / sizeof(all[0]);

	for (size_t i = 0; i < count; i++) {
		uint64_t bytes = l2_of(settings) / 8 * eighths[i];

		steps[i].at = bytes;
		size_label(bytes, steps[i].label, sizeof(steps[i].label));
		lab_need_memory(&steps[i], settings, (uint64_t)2 * TASKS * bytes);
	}
	return count;
}

/* Fewer with a working set: a run takes about as long with any. */
static uint64_t laps_of(const struct lab_settings *settings, uint64_t bytes)
{
	uint64_t most = bytes >= CACHE_LINE ? settings->laps * LINES_FOR_LAP / LINES_OF_LAP(bytes) :
					      settings->laps;
	uint64_t laps = most < settings->laps ? most : settings->laps;

	return laps < LAPS_LEAST ? LAPS_LEAST : laps;
}

static void cache_command(const struct lab_settings *settings, const struct lab_step *step,
			  enum lab_form form, struct lab_command *command)
{
	lab_word(command, "ring");
	lab_word(command, "--as");
	lab_word(command, "%s", lab_form_name(form));
	lab_word(command, "--tasks");
	lab_word(command, "%d", TASKS);
	lab_word(command, "--working-set");
	lab_word(command, "%" PRIu64, step->at);
	lab_word(command, "--baseline");
	lab_word(command, "--rounds");
	lab_word(command, "%" PRIu64, laps_of(settings, step->at));
	lab_word(command, "--via");
	lab_word(command, "pipe");
	lab_word(command, "--cpu");
	lab_word(command, "%d", settings->cpu);
}

/* ---- one run ---- */

static void take_trace(const struct lab_run *run, double expected, struct lab_round *round)
{
	const struct switch_row *row =
		lab_switch_row(run->report, lab_level_of(run->form), SWITCH_VIA_DIRECT);
	struct lab_truth *truth = &round->truth[run->form];
	double *value = round->value[run->form];

	*truth = lab_truth_of(run->report, expected);
	lab_count_switches(run, truth);
	/*
	 * Each hand-over takes a switch at least. It takes two more when the kernel lets the one that
	 * handed over come back before it has the token again, which a long turn of the other gives it
	 * time for.
	 */
	if (truth->seen > truth->expected)
		truth->seen = truth->expected;
	if (!row)
		return;
	value[DIRECT] = lab_percentile(&row->direct, 50);
	value[DIRECT_MEAN] = histogram_mean(&row->direct);
	value[DIRECT_COUNT] = (double)row->direct.count;
}

/* CPU time of the tasks: what others did on that CPU meanwhile is not in it. */
static int cache_read(const struct lab_run *run, struct lab_round *round, struct fail *fail)
{
	double *value = round->value[run->form];
	double clock = 0, alone = 0, wall = 0, wall_alone = 0, expected = 0;

	if (lab_number(run->truth, "cpu_ns_per_hand_over", &clock, fail) ||
	    lab_number(run->truth, "cpu_ns_per_hand_over_alone", &alone, fail) ||
	    lab_number(run->truth, "ns_per_hand_over", &wall, fail) ||
	    lab_number(run->truth, "ns_per_hand_over_alone", &wall_alone, fail) ||
	    lab_number(run->truth, "expected_switches", &expected, fail))
		return fail->code;
	if (run->report) {
		value[CLOCK_TRACED] = clock;
		take_trace(run, expected, round);
		return 0;
	}
	value[CLOCK] = clock;
	value[ALONE] = alone;
	value[TOTAL] = clock - alone;
	value[WALL] = wall;
	value[WALL_ALONE] = wall_alone;
	return 0;
}

static void cache_derive(struct lab_round *round)
{
	for (int form = 0; form < LAB_FORMS; form++)
		round->value[form][ADDED] =
			round->value[form][CLOCK_TRACED] - round->value[form][CLOCK];
}

/* The first step has no working set. */
static void cache_derive_all(struct lab_sweep *sweep)
{
	const struct lab_series *none = &sweep->series[0];

	for (size_t i = sweep->steps; i-- > 0;) {
		struct lab_series *series = &sweep->series[i];

		for (size_t j = 0; !series->step.skipped[0] && j < sweep->done; j++)
			for (int form = 0; form < LAB_FORMS; form++)
				series->round[j].value[form][INDIRECT] =
					series->round[j].value[form][TOTAL] -
					none->round[j].value[form][TOTAL];
	}
}

/* ---- in words ---- */

static void cache_setup(const struct lab_settings *settings, char *text, size_t size)
{
	char l2[UNITS_TEXT_SIZE];

	size_label(l2_of(settings), l2, sizeof(l2));
	snprintf(text, size,
		 "%d tasks hand a token to and fro by pipe on CPU %d, whose L2 cache %s %s; each "
		 "reads and writes its working set while it has the token; before that one of them "
		 "does the same alone, handing the token to itself. Times are CPU time of the "
		 "tasks, "
		 "by hand-over",
		 TASKS, settings->cpu,
		 settings->l2_bytes ? "has" : "is of unknown size, taken to be", l2);
}

static void cache_outcome(const struct lab_sweep *sweep, const struct lab_settings *settings,
			  char *text, size_t size)
{
	lab_outcome(sweep, &experiment_cache.rules, settings, "the total cost of a switch", text,
		    size);
}

/* A time, with a sign where it is below 0 only. */
static char *time_words(const struct lab_series *series, enum lab_form form, size_t figure,
			char *text, size_t size)
{
	double value = lab_point(series, form, figure);

	return lab_value_words(value < 0 ? LAB_NS_SIGNED : LAB_NS, value, text, size);
}

/* "1.6 us between processes and 1.58 us between threads" */
static char *both(const struct lab_series *series, size_t figure, char *text, size_t size)
{
	char process[UNITS_TEXT_SIZE], thread[UNITS_TEXT_SIZE];

	snprintf(text, size, "%s between processes and %s between threads",
		 time_words(series, LAB_PROCESS, figure, process, sizeof(process)),
		 time_words(series, LAB_THREAD, figure, thread, sizeof(thread)));
	return text;
}

/* Of the steps with this verdict, or of all: where refilling costs threads most, next to the work itself. */
static const struct lab_series *worst_of(const struct lab_sweep *sweep, bool all)
{
	const struct lab_series *found = NULL;
	double most = 0;

	for (size_t i = 1; i < sweep->steps; i++) {
		const struct lab_series *series = &sweep->series[i];
		double part = lab_point(series, LAB_THREAD, INDIRECT) /
			      lab_point(series, LAB_THREAD, ALONE);

		if (!all && series->comparison.verdict != sweep->verdict)
			continue;
		if (isfinite(part) && (!found || part > most)) {
			found = series;
			most = part;
		}
	}
	return found;
}

/* NULL: it was not measured. */
static const struct lab_series *worst(const struct lab_sweep *sweep)
{
	return worst_of(sweep, false) ?: worst_of(sweep, true);
}

static void why_direct(const struct lab_sweep *sweep, const struct lab_settings *settings,
		       char *text, size_t size)
{
	const struct lab_series *none = &sweep->series[0];
	char total[128], direct[128];

	both(none, TOTAL, total, sizeof(total));
	if (none->comparison.row[DIRECT].rounds)
		snprintf(text, size,
			 "Without a working set a switch costs %s, wake-up and choice of the next "
			 "task included; the trace prices the switch itself, which changes page "
			 "tables between processes only, at %s.",
			 total, both(none, DIRECT, direct, sizeof(direct)));
	else
		snprintf(text, size,
			 "Without a working set a switch costs %s, wake-up and choice of the next "
			 "task included; what the switch itself costs was not measured%s%s.",
			 total, settings->no_trace ? ", since nothing was traced" : ": ",
			 settings->no_trace  ? "" :
			 settings->no_direct ? settings->no_direct :
					       "no switch was seen");
}

/* What a page adds, where processes pay more: as if translations were lost with the page tables. */
static void why_pages(const struct lab_series *series, char *text, size_t size)
{
	double more =
		lab_point(series, LAB_PROCESS, INDIRECT) - lab_point(series, LAB_THREAD, INDIRECT);

	text[0] = '\0';
	if (series->comparison.row[INDIRECT].comparison.verdict == VERDICT_HIGHER)
		snprintf(text, size, "; what processes pay more is %.0f ns for each 4 KiB of it",
			 more / ((double)series->step.at / 4096));
}

static void why_indirect(const struct lab_sweep *sweep, char *text, size_t size)
{
	const struct lab_series *series = worst(sweep);
	char indirect[128], pages[96];

	text[0] = '\0';
	if (!series)
		return;
	why_pages(series, pages, sizeof(pages));
	snprintf(text, size,
		 " Finding caches and TLB filled by the other weighs most with %s each: a turn "
		 "takes longer by %s, %.0f %% and %.0f %% of the work itself%s.",
		 series->step.label, both(series, INDIRECT, indirect, sizeof(indirect)),
		 100 * lab_point(series, LAB_PROCESS, INDIRECT) /
			 lab_point(series, LAB_PROCESS, ALONE),
		 100 * lab_point(series, LAB_THREAD, INDIRECT) /
			 lab_point(series, LAB_THREAD, ALONE),
		 pages);
}

static const char *why_verdict(enum lab_verdict verdict)
{
	static const char *const words[] = {
		" To compare the two takes more rounds.",
		" Both have to refill their caches; processes change page tables too, and the TLB "
		"may "
		"have lost what it knew of them.",
		" Both have to refill their caches: next to that, and to the wake-up, what the "
		"change of page tables adds is too little to be told apart here.",
		" Both have to refill their caches, and here the threads pay more: page tables are "
		"not what decides.",
		" Both have to refill their caches; which of the two pays more depends on the size "
		"here.",
	};

	return words[verdict];
}

static void cache_why(const struct lab_sweep *sweep, const struct lab_settings *settings,
		      char *text, size_t size)
{
	char direct[512], indirect[384];

	why_direct(sweep, settings, direct, sizeof(direct));
	why_indirect(sweep, indirect, sizeof(indirect));
	snprintf(text, size, "%s%s%s", direct, indirect, why_verdict(sweep->verdict));
}

const struct experiment experiment_cache = {
	.name = "cache",
	.claim =
		"switching between processes costs more than between threads, also when caches are "
		"refilled",
	.rules = { .figures = cache_figures, .figure_count = CACHE_FIGURES, .headline = TOTAL },
	.laps = LAPS,
	.events = "switches between the two workers",
	.steps = cache_steps,
	.swept = "working set",
	.command = cache_command,
	.read = cache_read,
	.derive = cache_derive,
	.derive_all = cache_derive_all,
	.setup = cache_setup,
	.outcome = cache_outcome,
	.why = cache_why,
};
