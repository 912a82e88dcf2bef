// SPDX-License-Identifier: GPL-2.0
/* figures.c - see figures.h. */
#include "compare/figures.h"

#include <math.h>
#include <string.h>

/* --- ways into a report --- */

const json_t *compare_at(const json_t *value, const char *path)
{
	char name[64];

	while (value && *path) {
		size_t length = strcspn(path, ".");

		if (length >= sizeof(name))
			return NULL;
		memcpy(name, path, length);
		name[length] = '\0';
		value = json_object_get(value, name);
		path += length + (path[length] == '.');
	}
	return value;
}

static double number(const json_t *value)
{
	return json_is_number(value) ? json_number_value(value) : NAN;
}

static double at(const json_t *report, const char *path)
{
	return number(compare_at(report, path));
}

static bool is_called(const json_t *value, const char *name)
{
	const char *string = json_string_value(value);

	return string && !strcmp(string, name);
}

/* --- the ways of figures --- */

static double of_path(const json_t *report, const struct compare_figure *figure)
{
	return at(report, figure->what);
}

static double of_length(const json_t *report, const struct compare_figure *figure)
{
	const json_t *array = compare_at(report, figure->what);

	return json_is_array(array) ? (double)json_array_size(array) : NAN;
}

/* A second of the run. */
static double rate_of(const json_t *report, double count)
{
	double ns = at(report, "duration_ns");

	return ns > 0 ? count / ns * 1e9 : NAN;
}

/* Switching and faulting, as far as that is known: as the report has it. */
static double of_tax(const json_t *report, const struct compare_figure *figure)
{
	return 100 * at(report, figure->what);
}

/* Percent of the run time of all targets. */
static double of_share(const json_t *report, const struct compare_figure *figure)
{
	double run = at(report, "tax.run_ns");

	return run > 0 ? 100 * at(report, figure->what) / run : NAN;
}

static double of_cpus(const json_t *report, const struct compare_figure *figure)
{
	double ns = at(report, "duration_ns");

	return ns > 0 ? at(report, figure->what) / ns : NAN;
}

/* A member of the switch rows, summed over those of a level (NULL: of all). */
static double of_rows(const json_t *report, const struct compare_figure *figure)
{
	const json_t *rows = compare_at(report, "switches"), *row;
	double sum = 0;
	size_t i;

	if (!json_is_array(rows))
		return NAN;
	json_array_foreach(rows, i, row) if (!figure->what ||
					     is_called(json_object_get(row, "level"), figure->what))
		sum += number(json_object_get(row, figure->member));
	return sum;
}

static double rate_of_rows(const json_t *report, const struct compare_figure *figure)
{
	return rate_of(report, of_rows(report, figure));
}

/* Of all switches that have a price. */
static double mean_direct(const json_t *report, const struct compare_figure *figure)
{
	const json_t *rows = compare_at(report, "switches"), *row;
	double sum = 0, count = 0;
	size_t i;

	(void)figure;
	json_array_foreach(rows, i, row)
	{
		double priced = at(row, "direct_ns.count");

		if (!(priced > 0))
			continue;
		count += priced;
		sum += priced * at(row, "direct_ns.mean");
	}
	return count > 0 ? sum / count : NAN;
}

/* A distribution of a level, whatever ran in between. */
static double of_level(const json_t *report, const struct compare_figure *figure)
{
	const json_t *levels = compare_at(report, "switch_levels"), *level;
	size_t i;

	json_array_foreach(levels, i, level) if (is_called(json_object_get(level, "level"),
							   figure->what)) return at(level,
										    figure->member);
	return NAN;
}

/* Faults of a level (their cause), of a severity, or of all. */
static double of_faults(const json_t *report, const struct compare_figure *figure)
{
	const json_t *rows = compare_at(report, "faults"), *row;
	double sum = 0;
	size_t i;

	if (!json_is_array(rows))
		return NAN;
	json_array_foreach(rows, i, row) if (!figure->what ||
					     is_called(json_object_get(row, figure->member),
						       figure->what)) sum += at(row, "count");
	return sum;
}

static double rate_of_faults(const json_t *report, const struct compare_figure *figure)
{
	return rate_of(report, of_faults(report, figure));
}

/* --- the figures --- */

#define RUN "the run"
#define SWITCHES "switches"
#define RATES "switches a second"
#define COST "cost of a switch"
#define WAIT "wait for a CPU"
#define FAULTS "page faults"
#define TASKS "tasks and memory"
#define TAX "tax"

const struct compare_figure compare_figures[] = {
	{ RUN, "duration_ns", "duration", COMPARE_NS, of_path, "duration_ns", NULL },
	{ RUN, "run_ns", "run time of all tasks", COMPARE_NS, of_path, "tax.run_ns", NULL },
	{ RUN, "cpus_busy", "CPUs in use", COMPARE_NUMBER, of_cpus, "tax.run_ns", NULL },

	{ TAX, "tax_percent", "tax, of the run time", COMPARE_PERCENT, of_tax, "tax.share", NULL },
	{ TAX, "switching_percent", "switching", COMPARE_PERCENT, of_share, "tax.switching_ns",
	  NULL },
	{ TAX, "faulting_percent", "faulting", COMPARE_PERCENT, of_share, "tax.faulting_ns", NULL },
	{ TAX, "waiting_percent", "waiting, beside it", COMPARE_PERCENT, of_share, "tax.waiting_ns",
	  NULL },
	{ TAX, "switching_ns", "time switching", COMPARE_NS, of_path, "tax.switching_ns", NULL },
	{ TAX, "faulting_ns", "time faulting", COMPARE_NS, of_path, "tax.faulting_ns", NULL },
	{ TAX, "waiting_ns", "time waiting", COMPARE_NS, of_path, "tax.waiting_ns", NULL },

	{ SWITCHES, "switches", "all", COMPARE_COUNT, of_rows, NULL, "count" },
	{ SWITCHES, "switches_thread", "thread level", COMPARE_COUNT, of_rows, "thread", "count" },
	{ SWITCHES, "switches_process", "process level", COMPARE_COUNT, of_rows, "process",
	  "count" },
	{ SWITCHES, "switches_resume", "resume", COMPARE_COUNT, of_rows, "resume", "count" },
	{ SWITCHES, "switches_exiting", "exiting", COMPARE_COUNT, of_rows, "exiting", "count" },
	{ SWITCHES, "switches_to_idle", "to idle", COMPARE_COUNT, of_rows, "idle", "count" },
	{ SWITCHES, "switches_to_kernel", "to kernel", COMPARE_COUNT, of_rows, "kernel", "count" },
	{ SWITCHES, "switches_to_foreign", "to foreign", COMPARE_COUNT, of_rows, "foreign",
	  "count" },
	{ SWITCHES, "voluntary", "voluntary", COMPARE_COUNT, of_rows, NULL, "voluntary" },
	{ SWITCHES, "preempted", "preempted", COMPARE_COUNT, of_rows, NULL, "preempted" },
	{ SWITCHES, "migrated", "migrated", COMPARE_COUNT, of_rows, NULL, "migrated" },

	{ RATES, "switches_per_second", "all", COMPARE_RATE, rate_of_rows, NULL, "count" },
	{ RATES, "thread_per_second", "thread level", COMPARE_RATE, rate_of_rows, "thread",
	  "count" },
	{ RATES, "process_per_second", "process level", COMPARE_RATE, rate_of_rows, "process",
	  "count" },

	{ COST, "direct_mean_ns", "mean of all", COMPARE_NS, mean_direct, NULL, NULL },
	{ COST, "thread_direct_p50_ns", "thread level, p50", COMPARE_NS, of_level, "thread",
	  "direct_ns.p50" },
	{ COST, "thread_direct_p99_ns", "thread level, p99", COMPARE_NS, of_level, "thread",
	  "direct_ns.p99" },
	{ COST, "process_direct_p50_ns", "process level, p50", COMPARE_NS, of_level, "process",
	  "direct_ns.p50" },
	{ COST, "process_direct_p99_ns", "process level, p99", COMPARE_NS, of_level, "process",
	  "direct_ns.p99" },
	{ COST, "resume_direct_p50_ns", "resume, p50", COMPARE_NS, of_level, "resume",
	  "direct_ns.p50" },

	{ WAIT, "thread_wait_p50_ns", "thread level, p50", COMPARE_NS, of_level, "thread",
	  "wait_ns.p50" },
	{ WAIT, "thread_wait_p99_ns", "thread level, p99", COMPARE_NS, of_level, "thread",
	  "wait_ns.p99" },
	{ WAIT, "process_wait_p50_ns", "process level, p50", COMPARE_NS, of_level, "process",
	  "wait_ns.p50" },
	{ WAIT, "process_wait_p99_ns", "process level, p99", COMPARE_NS, of_level, "process",
	  "wait_ns.p99" },
	{ WAIT, "resume_wait_p99_ns", "resume, p99", COMPARE_NS, of_level, "resume",
	  "wait_ns.p99" },

	{ FAULTS, "faults", "all", COMPARE_COUNT, of_faults, NULL, NULL },
	{ FAULTS, "major_faults", "major", COMPARE_COUNT, of_faults, "major", "severity" },
	{ FAULTS, "faults_process", "because of processes", COMPARE_COUNT, of_faults, "process",
	  "level" },
	{ FAULTS, "faults_thread", "because of threads", COMPARE_COUNT, of_faults, "thread",
	  "level" },
	{ FAULTS, "faults_work", "of the work", COMPARE_COUNT, of_faults, "work", "level" },
	{ FAULTS, "fork_debt_faults", "fork debt", COMPARE_COUNT, of_path, "fork_debt.faults",
	  NULL },
	{ FAULTS, "fork_debt_ns", "time of the fork debt", COMPARE_NS, of_path, "fork_debt.time_ns",
	  NULL },
	{ FAULTS, "faults_per_second", "a second", COMPARE_RATE, rate_of_faults, NULL, NULL },

	{ TASKS, "processes", "processes", COMPARE_COUNT, of_path, "tasks.processes", NULL },
	{ TASKS, "tasks", "tasks", COMPARE_COUNT, of_path, "tasks.threads", NULL },
	{ TASKS, "processes_created", "processes created", COMPARE_COUNT, of_path,
	  "tasks.created.process", NULL },
	{ TASKS, "threads_created", "threads created", COMPARE_COUNT, of_path,
	  "tasks.created.thread", NULL },
	{ TASKS, "crashed", "processes that crashed", COMPARE_COUNT, of_length, "tasks.crashed",
	  NULL },
	{ TASKS, "shootdowns_sent", "TLB shootdowns sent", COMPARE_COUNT, of_path,
	  "tlb.shootdowns.sent", NULL },
	{ TASKS, "shootdowns_received", "TLB shootdowns received", COMPARE_COUNT, of_path,
	  "tlb.shootdowns.received", NULL },
	{ TASKS, "pss_bytes", "memory, PSS", COMPARE_BYTES, of_path, "memory.pss_sum_bytes", NULL },
	{ TASKS, "rss_bytes", "memory, sum of RSS", COMPARE_BYTES, of_path, "memory.rss_sum_bytes",
	  NULL },
	{ 0 },
};

/* --- whether it is one --- */

const char *compare_refuses(const json_t *report)
{
	const json_t *schema = compare_at(report, "schema");

	if (!json_is_string(schema))
		return "it is no report of tasktax";
	if (!is_called(schema, "tasktax.report/1"))
		return "it is not a report that this tasktax knows (tasktax.report/1)";
	if (!json_is_array(compare_at(report, "switches")) ||
	    !json_is_object(compare_at(report, "reconcile")) ||
	    !json_is_boolean(compare_at(report, "events.complete")) ||
	    !json_is_object(compare_at(report, "host")) ||
	    !json_is_object(compare_at(report, "tax")))
		return "parts of the report are missing";
	return NULL;
}
