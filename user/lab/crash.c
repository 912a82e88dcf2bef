// SPDX-License-Identifier: GPL-2.0
/*
 * crash.c - the experiment `crash`: of four workers one fails, again and again; a supervisor notices
 * and replaces what died of it.
 *
 * Implements experiment.h. The workload says who went on, what was lost, and how long it took; the
 * trace says which processes crashed, of which signal, and how many tasks went with each. Called by
 * lab.c through experiments.c.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "lab/readings.h"

#define TASKS 4
#define CRASHES 10 /* of a run */

enum crash_figure {
	SURVIVORS,
	TASKS_LOST,
	UNITS_LOST,
	NOTICED,
	CLOCK,
	CLOCK_TRACED,
	ADDED,
	NOTICED_TRACED, /* from here on raw only */
	TASKS_LOST_SEEN,
	CRASH_FIGURES,
};

static const struct lab_figure crash_figures[CRASH_FIGURES] = {
	[SURVIVORS] = { "survivors", "survivors of a crash", LAB_COUNT, false, true },
	[TASKS_LOST] = { "tasks_lost", "tasks lost besides the one that failed", LAB_COUNT, false,
			 true },
	[UNITS_LOST] = { "units_lost", "units of work lost in a crash", LAB_COUNT, false, true },
	[NOTICED] = { "noticed_ns", "until noticed, untraced", LAB_NS, false },
	[CLOCK] = { "replaced_ns", "until replaced, untraced", LAB_NS, false },
	[CLOCK_TRACED] = { "replaced_traced_ns", "until replaced, traced", LAB_NS, true },
	[ADDED] = { "tracing_adds_ns", "tracing adds until replaced", LAB_NS_SIGNED, true, true },
	[NOTICED_TRACED] = { "noticed_traced_ns", NULL, LAB_NS, true },
	[TASKS_LOST_SEEN] = { "tasks_lost_in_trace", NULL, LAB_COUNT, true, true },
};

static size_t crash_steps(const struct lab_settings *settings, struct lab_step *steps)
{
	static const char *const ways[] = { "null", "abort", "stack" };
	size_t count = sizeof(ways) / sizeof(ways[0]);

	(void)settings;
	for (size_t i = 0; i < count; i++) {
		snprintf(steps[i].label, sizeof(steps[i].label), "%s", ways[i]);
		steps[i].at = i;
	}
	return count;
}

/* The demo takes at most 10000, and says so. */
static void crash_command(const struct lab_settings *settings, const struct lab_step *step,
			  enum lab_form form, struct lab_command *command)
{
	lab_word(command, "crash");
	lab_word(command, "--as");
	lab_word(command, "%s", lab_form_name(form));
	lab_word(command, "--tasks");
	lab_word(command, "%d", TASKS);
	lab_word(command, "--how");
	lab_word(command, "%s", step->label);
	lab_word(command, "--crashes");
	lab_word(command, "%" PRIu64, settings->laps);
}

/* ---- what a run says ---- */

/* NULL: the trace has no process of that pid. */
static const struct process_entry *process_of(const struct report *report, double pid)
{
	for (uint32_t i = 0; i < report->process_count; i++)
		if ((double)report->processes[i].tgid == pid)
			return &report->processes[i];
	return NULL;
}

static uint64_t crashed_processes(const struct report *report)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < report->process_count; i++)
		count += report->processes[i].crashed_by != 0;
	return count;
}

/* A crash is seen when the trace has the same process, the same signal and as many tasks with it. */
static int take_crash(const struct report *report, const json_t *crash, struct lab_truth *truth,
		      double *tasks_lost, struct fail *fail)
{
	double pid = 0, signal = 0, lost = 0;
	const struct process_entry *process;
	int err = lab_number(crash, "pid", &pid, fail);

	if (!err)
		err = lab_number(crash, "signal", &signal, fail);
	if (!err)
		err = lab_number(crash, "tasks_lost", &lost, fail);
	if (err)
		return err;
	process = process_of(report, pid);
	if (!process || !process->crashed_by)
		return 0;
	truth->seen++;
	truth->wrong_level += (double)process->crashed_by != signal ||
			      (double)process->tasks_lost != lost;
	*tasks_lost += (double)process->tasks_lost;
	return 0;
}

/* Crashes that the workload does not know of are seen too many. */
static int take_truth(const struct lab_run *run, double expected, double *value,
		      struct lab_truth *truth, struct fail *fail)
{
	const json_t *crashes = json_object_get(run->truth, "crashes");
	uint64_t all = crashed_processes(run->report);
	double tasks_lost = 0;

	*truth = lab_truth_of(run->report, expected);
	for (size_t i = 0; i < json_array_size(crashes); i++) {
		int err = take_crash(run->report, json_array_get(crashes, i), truth, &tasks_lost,
				     fail);

		if (err)
			return err;
	}
	if (truth->seen)
		value[TASKS_LOST_SEEN] = tasks_lost / (double)truth->seen;
	if (all > truth->seen)
		truth->seen = all;
	return 0;
}

static int read_clock(const struct lab_run *run, double *value, struct fail *fail)
{
	bool traced = run->report;
	int err = lab_number(run->truth, "noticed_ns", &value[traced ? NOTICED_TRACED : NOTICED],
			     fail);

	if (!err)
		err = lab_number(run->truth, "replaced_ns", &value[traced ? CLOCK_TRACED : CLOCK],
				 fail);
	return err;
}

static int read_losses(const struct lab_run *run, double crashes, double *value, struct fail *fail)
{
	int err = lab_number(run->truth, "survivors", &value[SURVIVORS], fail);

	if (!err)
		err = lab_number(run->truth, "tasks_lost", &value[TASKS_LOST], fail);
	if (!err)
		err = lab_number(run->truth, "units_lost", &value[UNITS_LOST], fail);
	value[UNITS_LOST] /= crashes;
	return err;
}

static int crash_read(const struct lab_run *run, struct lab_round *round, struct fail *fail)
{
	double *value = round->value[run->form];
	double crashes = 0;
	int err = lab_number(run->truth, "expected_crashes", &crashes, fail);

	if (!err)
		err = read_clock(run, value, fail);
	if (!err && run->report)
		err = take_truth(run, crashes, value, &round->truth[run->form], fail);
	else if (!err)
		err = read_losses(run, crashes, value, fail);
	return err;
}

static void crash_derive(struct lab_round *round)
{
	for (int form = 0; form < LAB_FORMS; form++)
		round->value[form][ADDED] =
			round->value[form][CLOCK_TRACED] - round->value[form][CLOCK];
}

/* ---- in words ---- */

static void crash_setup(const struct lab_settings *settings, char *text, size_t size)
{
	char crashes[UNITS_TEXT_SIZE];

	snprintf(text, size,
		 "Of %d workers, processes or the threads of one process, one fails, %s times a "
		 "run, by a write to NULL, by abort() or by overrunning its stack; a supervisor, a "
		 "process apart in either form, notices and replaces the dead",
		 TASKS, format_count(crashes, sizeof(crashes), settings->laps));
}

static void crash_outcome(const struct lab_sweep *sweep, const struct lab_settings *settings,
			  char *text, size_t size)
{
	const struct lab_rules *rules = &experiment_crash.rules;
	char steps[240], unknown[160];

	lab_steps_words(sweep, rules->figures, SURVIVORS, steps, sizeof(steps));
	switch (sweep->verdict) {
	case LAB_SUPPORTED:
	case LAB_MIXED:
		snprintf(text, size, "of %d workers a crash leaves, processes against threads: %s",
			 TASKS, steps);
		break;
	case LAB_NOT_SEEN:
		snprintf(text, size,
			 "of %d workers as many survived as processes and as threads: %s", TASKS,
			 steps);
		break;
	case LAB_CONTRADICTED:
		snprintf(text, size,
			 "of %d workers fewer survived as processes than as threads: %s", TASKS,
			 steps);
		break;
	case LAB_UNKNOWN:
		lab_unknown_words(sweep, rules, settings, unknown, sizeof(unknown));
		snprintf(text, size, "%s (survivors so far, processes against threads: %s)",
			 unknown, steps);
		break;
	}
}

/* What it takes to be whole again, of the first step: "2 ms of processes, 5 ms of threads". */
static void clock_words(const struct lab_series *series, size_t figure, char *text, size_t size)
{
	const struct comparison *c = &series->comparison.row[figure].comparison;
	char process[UNITS_TEXT_SIZE], thread[UNITS_TEXT_SIZE];

	lab_value_words(crash_figures[figure].unit, lab_point(series, LAB_PROCESS, figure), process,
			sizeof(process));
	lab_value_words(crash_figures[figure].unit, lab_point(series, LAB_THREAD, figure), thread,
			sizeof(thread));
	snprintf(text, size, "%s with processes, %s with threads%s", process, thread,
		 c->verdict == VERDICT_NO_DIFFERENCE ? " (no difference seen)" : "");
}

static void trace_words(const struct lab_series *series, char *text, size_t size)
{
	double process = lab_point(series, LAB_PROCESS, TASKS_LOST_SEEN);
	double thread = lab_point(series, LAB_THREAD, TASKS_LOST_SEEN);

	if (isfinite(process) && isfinite(thread))
		snprintf(text, size,
			 "In the trace each crash took along %.3g task%s of the same process when "
			 "the workers were threads, and %.3g when they were processes",
			 thread, thread == 1 ? "" : "s", process);
	else
		snprintf(text, size,
			 "Without a trace it is only the workload that says who went with whom");
}

static void crash_why(const struct lab_sweep *sweep, const struct lab_settings *settings,
		      char *text, size_t size)
{
	const struct lab_series *first = &sweep->series[0];
	char trace[220], noticed[160], replaced[160], work[160];

	(void)settings;
	trace_words(first, trace, sizeof(trace));
	clock_words(first, NOTICED, noticed, sizeof(noticed));
	clock_words(first, CLOCK, replaced, sizeof(replaced));
	clock_words(first, UNITS_LOST, work, sizeof(work));
	snprintf(text, size,
		 "%s: a fatal signal ends a process with all of its threads, and no other process. "
		 "By the untraced clock, with %s, the supervisor knew of it after %s, and all of "
		 "the dead were at work again after %s: one worker to replace, or %d, each of "
		 "which must come to a CPU first. Work that died with them, in units a crash: %s.",
		 trace, first->step.label, noticed, replaced, TASKS, work);
}

const struct experiment experiment_crash = {
	.name = "crash",
	.claim = "one process's crash is isolated, one thread's crash takes all",
	.rules = { .figures = crash_figures,
		   .figure_count = CRASH_FIGURES,
		   .headline = SURVIVORS,
		   .sense = LAB_PROCESS_HIGHER },
	.laps = CRASHES,
	.events = "crashed processes",
	.steps = crash_steps,
	.command = crash_command,
	.read = crash_read,
	.derive = crash_derive,
	.setup = crash_setup,
	.outcome = crash_outcome,
	.why = crash_why,
};
