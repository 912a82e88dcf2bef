// SPDX-License-Identifier: GPL-2.0
/*
 * oversubscribe.c - the experiment `oversubscribe`: the same computation, split over more and more
 * workers on the same CPUs, which the kernel then has to preempt.
 *
 * Implements experiment.h. How often workers are preempted, and the price of that, are
 * the trace's; time and throughput are the clock's. Called by lab.c through experiments.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "lab/readings.h"

#define LAPS 20000 /* units of work of a run */

enum oversubscribe_figure {
	SWITCHING,
	PREEMPTIONS,
	DIRECT,
	CLOCK,
	CLOCK_TRACED,
	ADDED,
	SPEED,
	SEEN, /* from here on raw only */
	OVERSUBSCRIBE_FIGURES,
};

static const struct lab_figure oversubscribe_figures[OVERSUBSCRIBE_FIGURES] = {
	[SWITCHING] = { "switching_ns_per_second", "switching, per second of run time", LAB_NS,
			true, true },
	[PREEMPTIONS] = { "preemptions_per_second", "preemptions, per second of run time",
			  LAB_COUNT, true, true },
	[DIRECT] = { "direct_p50_ns", "direct cost of a switch, p50", LAB_NS, true },
	[CLOCK] = { "cpu_ns_per_unit", "CPU time of a unit of work, untraced", LAB_NS, false },
	[CLOCK_TRACED] = { "cpu_ns_per_unit_traced", "CPU time of a unit of work, traced", LAB_NS,
			   true },
	[ADDED] = { "tracing_adds_ns", "tracing adds to a unit of work", LAB_NS_SIGNED, true,
		    true },
	[SPEED] = { "units_per_second", "units of work per second, untraced", LAB_PER_SECOND,
		    false },
	[SEEN] = { "preemptions", NULL, LAB_COUNT, true, true },
};

/* ---- what is varied ---- */

/* One worker has nobody to share a CPU with: shown for its time. */
static size_t oversubscribe_steps(const struct lab_settings *settings, struct lab_step *steps)
{
	static const unsigned int all[] = { 1, 4, 16, 64 }, quick[] = { 4, 64 };
	const unsigned int *workers = settings->quick ? quick : all;
	size_t count = settings->quick ? sizeof(quick) / sizeof(quick[0]) :
					 sizeof(all) / sizeof(all[0]);

	for (size_t i = 0; i < count; i++) {
		steps[i].at = workers[i];
		steps[i].aside = workers[i] <= 1;
		snprintf(steps[i].label, sizeof(steps[i].label), "%u worker%s", workers[i],
			 workers[i] == 1 ? "" : "s");
		if (workers[i] > 1 && workers[i] <= settings->cpus)
			snprintf(steps[i].skipped, sizeof(steps[i].skipped),
				 "%u CPUs have room for %u workers", settings->cpus, workers[i]);
	}
	return count;
}

static void oversubscribe_command(const struct lab_settings *settings, const struct lab_step *step,
				  enum lab_form form, struct lab_command *command)
{
	lab_word(command, "oversubscribe");
	lab_word(command, "--as");
	lab_word(command, "%s", lab_form_name(form));
	lab_word(command, "--tasks");
	lab_word(command, "%" PRIu64, step->at);
	lab_word(command, "--work");
	lab_word(command, "%" PRIu64, settings->laps);
	lab_word(command, "--cpu");
	lab_word(command, "spread");
}

/* ---- one run ---- */

static double preempted(const struct lab_run *run)
{
	const struct report *report = run->report;
	double count = 0;

	for (uint32_t id = 1; id < report->task_count; id++)
		if (lab_is_worker(run->truth, report->tasks[id].pid))
			count += (double)report->tasks[id].figures.preempted;
	return count;
}

/*
 * Of the computation alone: workers neither sleep in it nor start nor end. Each preemption ends in a
 * switch to another, here at the median price: the mean is ruined by the few in which somebody else had
 * the CPU. Without a preemption the price may be unknown, and there is nothing to pay.
 */
static void take_switching(const struct lab_run *run, double count, double run_ns, double *value)
{
	const struct switch_row *row =
		lab_switch_row(run->report, lab_level_of(run->form), SWITCH_VIA_DIRECT);

	value[PREEMPTIONS] = count * 1e9 / run_ns;
	if (row)
		value[DIRECT] = lab_percentile(&row->direct, 50);
	value[SWITCHING] = count > 0 ? value[PREEMPTIONS] * value[DIRECT] : 0;
}

static int take_trace(const struct lab_run *run, struct lab_round *round, struct fail *fail)
{
	double *value = round->value[run->form];
	struct lab_truth *truth = &round->truth[run->form];
	double expected = 0, count = 0, units = 0;

	if (lab_sum_of_workers(run->truth, "nivcsw", &expected, fail) ||
	    lab_number(run->truth, "preemptions", &count, fail) ||
	    lab_number(run->truth, "work_units", &units, fail))
		return fail->code;
	value[SEEN] = preempted(run);
	*truth = lab_truth_of(run->report, expected);
	/* A worker reads its own counter before its end, and may be preempted after that. */
	truth->seen = (uint64_t)fmin(value[SEEN], expected);
	take_switching(run, count, units * value[CLOCK_TRACED], value);
	return 0;
}

static int oversubscribe_read(const struct lab_run *run, struct lab_round *round, struct fail *fail)
{
	double *value = round->value[run->form], speed = 0, clock = 0;

	if (lab_number(run->truth, "cpu_ns_per_unit", &clock, fail) ||
	    lab_number(run->truth, "units_per_second", &speed, fail))
		return fail->code;
	if (!json_is_true(json_object_get(run->truth, "result_ok")))
		return fail_set(fail, -EPROTO, "tasktax-demo oversubscribe came to a wrong result");
	if (run->report) {
		value[CLOCK_TRACED] = clock;
		return take_trace(run, round, fail);
	}
	value[CLOCK] = clock;
	value[SPEED] = speed;
	return 0;
}

static void oversubscribe_derive(struct lab_round *round)
{
	for (int form = 0; form < LAB_FORMS; form++)
		round->value[form][ADDED] =
			round->value[form][CLOCK_TRACED] - round->value[form][CLOCK];
}

/* ---- in words ---- */

static void oversubscribe_setup(const struct lab_settings *settings, char *text, size_t size)
{
	char units[UNITS_TEXT_SIZE], where[64] = "all pinned to the same CPU";

	if (settings->cpus > 1)
		snprintf(where, sizeof(where), "each pinned to one of the %u CPUs in turn",
			 settings->cpus);
	snprintf(text, size,
		 "%s units of computation a run, split over the workers, %s. Switching is the "
		 "preemptions in it, each at the median direct "
		 "cost of the run's switches at its form's level",
		 format_count(units, sizeof(units), settings->laps), where);
}

static void oversubscribe_outcome(const struct lab_sweep *sweep,
				  const struct lab_settings *settings, char *text, size_t size)
{
	lab_outcome(sweep, &experiment_oversubscribe.rules, settings, "switching among workers",
		    text, size);
}

/* The step with the most workers that was run; NULL: none was. */
static const struct lab_series *most_workers(const struct lab_sweep *sweep)
{
	for (size_t i = sweep->steps; i-- > 0;)
		if (!sweep->series[i].step.skipped[0] && !sweep->series[i].step.aside)
			return &sweep->series[i];
	return NULL;
}

/* "300 with processes and 305 with threads" */
static char *both(const struct lab_series *series, size_t figure, char *text, size_t size)
{
	enum lab_unit unit = oversubscribe_figures[figure].unit;
	char process[UNITS_TEXT_SIZE], thread[UNITS_TEXT_SIZE];

	snprintf(text, size, "%s as processes and %s as threads",
		 lab_value_words(unit, lab_point(series, LAB_PROCESS, figure), process,
				 sizeof(process)),
		 lab_value_words(unit, lab_point(series, LAB_THREAD, figure), thread,
				 sizeof(thread)));
	return text;
}

static const char *why_verdict(enum lab_verdict verdict)
{
	static const char *const words[] = {
		"What that says of the claim takes more rounds.",
		"How often it comes to that is for the kernel's time slices to say; what a switch "
		"between processes has to change beside, the page tables, makes the difference.",
		"How often it comes to that is for the kernel's time slices to say, and what page "
		"tables add to the price is too little to be told apart here.",
		"How often it comes to that is for the kernel's time slices to say, and here they "
		"made the threads pay more.",
		"Which form pays more depends on the number of workers here.",
	};

	return words[verdict];
}

static void oversubscribe_why(const struct lab_sweep *sweep, const struct lab_settings *settings,
			      char *text, size_t size)
{
	const struct lab_series *most = most_workers(sweep);
	char switches[128], direct[128], clock[128];
	double tax;

	if (!most) {
		snprintf(text, size, "No step had more workers than CPUs.");
		return;
	}
	both(most, CLOCK, clock, sizeof(clock));
	if (settings->no_trace || !most->comparison.row[PREEMPTIONS].rounds) {
		snprintf(text, size,
			 "Without a trace there is only the CPU time of a unit of work, of %s: %s.",
			 most->step.label, clock);
		return;
	}
	tax = fmax(lab_point(most, LAB_PROCESS, SWITCHING), lab_point(most, LAB_THREAD, SWITCHING));
	snprintf(text, size,
		 "Of %s, each second of run time has preemptions: %s; a switch costs %s. %s",
		 most->step.label, both(most, PREEMPTIONS, switches, sizeof(switches)),
		 both(most, DIRECT, direct, sizeof(direct)), why_verdict(sweep->verdict));
	size -= strlen(text);
	text += strlen(text);
	if (isfinite(tax))
		snprintf(text, size,
			 " That is %.3f %% of the run time at most; a unit of work takes %s.",
			 tax / 1e7, clock);
}

const struct experiment experiment_oversubscribe = {
	.name = "oversubscribe",
	.claim = "processes risk heavy switching",
	.rules = { .figures = oversubscribe_figures,
		   .figure_count = OVERSUBSCRIBE_FIGURES,
		   .headline = SWITCHING },
	.laps = LAPS,
	.events = "preemptions of workers",
	.steps = oversubscribe_steps,
	.swept = "workers",
	.command = oversubscribe_command,
	.read = oversubscribe_read,
	.derive = oversubscribe_derive,
	.setup = oversubscribe_setup,
	.outcome = oversubscribe_outcome,
	.why = oversubscribe_why,
};
