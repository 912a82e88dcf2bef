// SPDX-License-Identifier: GPL-2.0
/*
 * crash.c - the experiment `crash`: of k workers one fails, and a supervisor replaces what died of it. Its options
 * and its result; how it works: crash.h.
 */
#include "crash.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/exits.h"
#include "base/log.h"
#include "base/quote.h"
#include "cpus.h"
#include "experiment.h"
#include "model/stats.h"
#include "options.h"
#include "report.h"

#define TASKS_DEFAULT 4
#define CRASHES_DEFAULT 10
#define CRASHES_MAX 10000

/* ---- options ----------------------------------------------------------------------------------- */

enum option_key {
	KEY_CRASHES = 512,
	KEY_HOW,
};

static const struct argp_option option_list[] = {
	{ "crashes", KEY_CRASHES, "N", 0, "How often a worker fails, one at a time (default 10)",
	  2 },
	{ "how", KEY_HOW, "WAY", 0,
	  "How it fails: null (default; writes where a NULL points), abort or stack (overruns it)",
	  2 },
	{ 0 },
};

static const char doc[] = "One of the tasks (default 4) fails while all work; a supervisor notices "
			  "and replaces what died "
			  "of it. Prints who survived as one line of JSON."
			  "\v" OPTIONS_EXIT_STATUS "\n"
			  "Example:\n"
			  "  tasktax run -- tasktax-demo crash --as thread --how stack\n";

static error_t parse_how(const char *text, struct crash *crash)
{
	crash->how = manner_find(text);
	if (crash->how)
		return 0;
	log_error("--how %s: the way is null, abort or stack", quote_string(text).text);
	return EINVAL;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct crash *crash = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &crash->workload;
		return 0;
	case KEY_CRASHES:
		return options_number("--crashes", text, 1, CRASHES_MAX, &crash->crashes);
	case KEY_HOW:
		return parse_how(text, crash);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int parse_options(int argc, char **argv, struct crash *crash)
{
	static const struct argp_child children[] = { { .argp = &options_common }, { 0 } };
	static const struct argp argp = {
		.options = option_list, .parser = parse, .doc = doc, .children = children
	};

	return options_parse(&argp, argc, argv, crash);
}

/* ---- the experiment ---------------------------------------------------------------------------- */

/* SIGCHLD may not be ignored, as it would hide how a service ended. */
static int prepare(struct crash *crash, struct fail *fail)
{
	unsigned int tasks = crash->workload.tasks;
	sigset_t set;

	crash->supervisor = getpid();
	crash->services = crash->workload.form == FORM_PROCESS ? tasks : 1;
	crash->service = shared_memory(crash->services * sizeof(crash->service[0]), fail);
	crash->losses = shared_memory(crash->crashes * sizeof(crash->losses[0]), fail);
	crash->workers = shared_memory(tasks * sizeof(crash->workers[0]), fail);
	crash->seats = shared_memory(tasks * sizeof(crash->seats[0]), fail);
	if (fail->code)
		return fail->code;
	for (unsigned int i = 0; i < tasks; i++) {
		crash->seats[i].crash = crash;
		crash->workers[i].index = i;
	}
	for (unsigned int i = 0; i < crash->services; i++) {
		crash->service[i].first = i;
		crash->service[i].size = tasks / crash->services;
	}
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, CRASH_NEWS);
	return sigprocmask(SIG_BLOCK, &set, NULL) ? fail_set(fail, -errno, "signals: %m") : 0;
}

static void print_losses(const struct crash *crash)
{
	printf(",\"crashes\":[");
	for (uint64_t i = 0; i < crash->crashes; i++) {
		const struct loss *loss = &crash->losses[i];

		printf("%s{\"pid\":%d,\"tid\":%d,\"signal\":%d,\"tasks_lost\":%u,"
		       "\"survivors\":%u,\"units_lost\":%" PRIu64 ",\"noticed_ns\":%" PRIu64
		       ",\"replaced_ns\":%" PRIu64 "}",
		       i ? "," : "", loss->pid, loss->tid, loss->signal, loss->tasks_lost,
		       loss->survivors, loss->units_lost, loss->noticed_ns, loss->replaced_ns);
	}
	printf("]");
}

/* Work of all who ever sat at a seat. */
static void print_units(const struct crash *crash)
{
	uint64_t done = 0, handed_in = 0, lost = 0;

	for (unsigned int i = 0; i < crash->workload.tasks; i++) {
		done += atomic_load(&crash->seats[i].done);
		handed_in += atomic_load(&crash->seats[i].handed_in);
		lost += crash->seats[i].lost;
	}
	printf(",\"batch\":%d,\"units\":%" PRIu64 ",\"units_handed_in\":%" PRIu64
	       ",\"units_lost\":%" PRIu64,
	       CRASH_BATCH, done, handed_in, lost);
}

/* Of what the crashes have at this place. 0 or -errno. */
static int median(const struct crash *crash, size_t member, double *value)
{
	double *values = calloc(crash->crashes, sizeof(values[0]));
	uint64_t ns;
	int err;

	if (!values)
		return -ENOMEM;
	for (uint64_t i = 0; i < crash->crashes; i++) {
		memcpy(&ns, (const char *)&crash->losses[i] + member, sizeof(ns));
		values[i] = (double)ns;
	}
	err = stats_median(values, crash->crashes, value);
	free(values);
	return err;
}

/* The fewest survivors, the most lost, and medians. 0 or -errno. */
static int print_summary(const struct crash *crash)
{
	unsigned int survivors = crash->workload.tasks, tasks_lost = 0;
	double noticed_ns, replaced_ns;
	int err = median(crash, offsetof(struct loss, noticed_ns), &noticed_ns);

	if (!err)
		err = median(crash, offsetof(struct loss, replaced_ns), &replaced_ns);
	if (err)
		return err;
	for (uint64_t i = 0; i < crash->crashes; i++) {
		const struct loss *loss = &crash->losses[i];

		if (loss->survivors < survivors)
			survivors = loss->survivors;
		if (loss->tasks_lost > tasks_lost)
			tasks_lost = loss->tasks_lost;
	}
	printf(",\"survivors\":%u,\"tasks_lost\":%u,\"noticed_ns\":%.0f,\"replaced_ns\":%.0f",
	       survivors, tasks_lost, noticed_ns, replaced_ns);
	return 0;
}

static void fill_result(const struct crash *crash, struct result *result)
{
	const struct loss *first = &crash->losses[0], *last = &crash->losses[crash->crashes - 1];

	memset(result, 0, sizeof(*result));
	result->workers = crash->workers;
	result->elapsed_ns = last->failed_ns + last->replaced_ns - first->failed_ns;
	add_usage(RUSAGE_SELF, &result->all);
	add_usage(RUSAGE_CHILDREN, &result->all);
}

/* elapsed_ns: from the first failure until all that was lost is replaced. */
static int report(const struct crash *crash)
{
	unsigned int tasks = crash->workload.tasks, size = crash->service[0].size;
	struct result result;

	fill_result(crash, &result);
	report_begin("crash", &crash->workload);
	printf(",\"how\":\"%s\",\"expected_crashes\":%" PRIu64
	       ",\"expected_signal\":%d,\"expected_survivors\":%u,\"expected_tasks_lost\":%u"
	       ",\"expected_created\":{\"process\":%" PRIu64 ",\"thread\":%" PRIu64 "}",
	       crash->how->name, crash->crashes, crash->how->signal, tasks - size, size - 1,
	       crash->services + crash->crashes,
	       (uint64_t)crash->services * (size - 1) + (size - 1) * crash->crashes);
	print_losses(crash);
	print_units(crash);
	if (print_summary(crash)) {
		log_error("crash: no memory for the result");
		return EXITS_FAILURE;
	}
	return report_end(&crash->workload, &result);
}

int crash_run(int argc, char **argv)
{
	struct crash crash = {
		.workload = { .tasks = TASKS_DEFAULT, .cpu = CPU_NONE },
		.how = manner_find("null"),
		.crashes = CRASHES_DEFAULT,
	};
	struct fail fail = { 0 };

	if (parse_options(argc, argv, &crash))
		return EXITS_USAGE;
	if (prepare(&crash, &fail) || supervise(&crash, &fail))
		report_failure("crash", &fail);
	return report(&crash);
}
