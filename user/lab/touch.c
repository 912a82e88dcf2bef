// SPDX-License-Identifier: GPL-2.0
/*
 * touch.c - the experiment `touch`: several workers fault fresh memory in at the same time, in one address
 * space or each in its own.
 *
 * Implements experiment.h. The clock gives the time of a page, the trace the time within the faults, what
 * of it was spent off the CPU, and the faults for pages that another thread mapped first. Called by
 * lab.c through experiments.c.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "lab/readings.h"

#define LAPS 64 /* MiB that each worker touches */
#define MIB ((uint64_t)1 << 20)

enum touch_figure {
	PAGE,
	FAULT,
	OFF_CPU,
	RACED,
	ADDED,
	PAGE_TRACED, /* from here on raw only */
	PER_SECOND,
	TOUCH_FIGURES,
};

static const struct lab_figure touch_figures[TOUCH_FIGURES] = {
	[PAGE] = { "per_page_ns", "time of a page touched, untraced", LAB_NS, false },
	[FAULT] = { "fault_ns", "mean time on the CPU of its fault, traced", LAB_NS, true },
	[OFF_CPU] = { "fault_off_cpu_ns", "mean time off the CPU in its fault, traced", LAB_NS,
		      true, true },
	[RACED] = { "raced_faults", "faults for a page that another mapped first", LAB_COUNT, true,
		    true },
	[ADDED] = { "tracing_adds_ns", "tracing adds to a page", LAB_NS_SIGNED, true, true },
	[PAGE_TRACED] = { "per_page_traced_ns", NULL, LAB_NS, true },
	[PER_SECOND] = { "pages_per_second", NULL, LAB_PER_SECOND, false },
};

/* ---- what is varied ---- */

/*
 * Workers: 1, 2, 4 and so on, up to twice as many as there are CPUs. One has nobody to wait for; more
 * than there are CPUs wait for a CPU: both stand aside.
 */
static size_t touch_steps(const struct lab_settings *settings, struct lab_step *steps)
{
	static const uint64_t full[] = { 1, 2, 4, 8, 16 }, quick[] = { 1, 2, 4 };
	const uint64_t *workers = settings->quick ? quick : full;
	size_t most = settings->quick ? sizeof(quick) / sizeof(quick[0]) :
					sizeof(full) / sizeof(full[0]);
	size_t count = 0;

	for (size_t i = 0; i < most && workers[i] <= 2 * (uint64_t)settings->cpus; i++) {
		struct lab_step *step = &steps[count++];

		snprintf(step->label, sizeof(step->label), "%" PRIu64 " worker%s", workers[i],
			 workers[i] == 1 ? "" : "s");
		step->at = workers[i];
		step->aside = workers[i] == 1 || workers[i] > settings->cpus;
		lab_need_memory(step, settings, 2 * workers[i] * settings->laps * MIB);
	}
	return count;
}

static void touch_command(const struct lab_settings *settings, const struct lab_step *step,
			  enum lab_form form, struct lab_command *command)
{
	lab_word(command, "touch");
	lab_word(command, "--as");
	lab_word(command, "%s", lab_form_name(form));
	lab_word(command, "--tasks");
	lab_word(command, "%" PRIu64, step->at);
	lab_word(command, "--size");
	lab_word(command, "%" PRIu64 "M", settings->laps);
	lab_word(command, "--cpu");
	lab_word(command, "spread");
}

/* ---- what a run shows ---- */

struct touches {
	uint64_t count, timed, off_ns;
	double all_ns;
};

/* First touches in the workload's own memory; those of threads where several tasks live, of processes where one does. */
static struct touches touches_of(const struct report *report, enum lab_form form)
{
	struct touches touches = { 0 };

	for (unsigned int i = 0; i < report->fault_row_count; i++) {
		const struct fault_row *row = &report->fault_rows[i];

		if (row->kind != FAULT_FIRST_TOUCH || row->cause != CAUSE_WORK ||
		    row->many != (form == LAB_THREAD))
			continue;
		touches.count += row->count;
		touches.timed += row->time.count;
		touches.off_ns += row->off_ns;
		if (row->time.count)
			touches.all_ns += histogram_mean(&row->time) * (double)row->time.count;
	}
	return touches;
}

/* The parent and the start of each worker touch some pages besides: no more than promised are counted. */
static void take_trace(const struct lab_run *run, double expected, double *value,
		       struct lab_truth *truth)
{
	struct touches touches = touches_of(run->report, run->form);

	if (!run->report->context.faults_measured)
		return;
	*truth = lab_truth_of(run->report, expected);
	truth->seen = touches.count < truth->expected ? touches.count : truth->expected;
	value[RACED] = lab_faults(run->report, FAULT_RACED, CAUSES);
	if (!touches.timed)
		return;
	value[FAULT] = (touches.all_ns - (double)touches.off_ns) / (double)touches.timed;
	value[OFF_CPU] = (double)touches.off_ns / (double)touches.timed;
}

static int touch_read(const struct lab_run *run, struct lab_round *round, struct fail *fail)
{
	double *value = round->value[run->form];
	double page = 0, expected = 0, rate = 0;
	int err = lab_number(run->truth, "per_page_ns", &page, fail);

	if (!err)
		err = lab_number(run->truth, "expected_faults", &expected, fail);
	if (!err)
		err = lab_number(run->truth, "pages_per_second", &rate, fail);
	if (err)
		return err;
	if (run->report) {
		value[PAGE_TRACED] = page;
		take_trace(run, expected, value, &round->truth[run->form]);
	} else {
		value[PAGE] = page;
		value[PER_SECOND] = rate;
	}
	return 0;
}

static void touch_derive(struct lab_round *round)
{
	for (int form = 0; form < LAB_FORMS; form++)
		round->value[form][ADDED] =
			round->value[form][PAGE_TRACED] - round->value[form][PAGE];
}

/* ---- in words ---- */

static void touch_setup(const struct lab_settings *settings, char *text, size_t size)
{
	snprintf(text, size,
		 "Workers, each on a CPU of its own as far as there are any, write once to each "
		 "page of %" PRIu64
		 " MiB of fresh memory of their own, at the same time. One worker "
		 "alone, and more than there are CPUs, stand aside",
		 settings->laps);
}

/* The step that decides with the most workers, that was measured. NULL: none was. */
static const struct lab_series *most_workers(const struct lab_sweep *sweep)
{
	const struct lab_series *found = NULL;

	for (size_t i = 0; i < sweep->steps; i++) {
		const struct lab_series *series = &sweep->series[i];

		if (!series->step.aside && isfinite(lab_point(series, LAB_THREAD, PAGE)))
			found = series;
	}
	return found;
}

static void touch_outcome(const struct lab_sweep *sweep, const struct lab_settings *settings,
			  char *text, size_t size)
{
	if (most_workers(sweep))
		lab_outcome(sweep, &experiment_touch.rules, settings, "the time of a page touched",
			    text, size);
	else
		snprintf(text, size, "this takes two workers at the same time, and there is %s",
			 settings->cpus < 2 ? "one CPU" : "not enough memory for them");
}

static void why_times(const struct lab_series *series, char *text, size_t size)
{
	const struct lab_row *fault = &series->comparison.row[FAULT];
	const struct lab_row *off = &series->comparison.row[OFF_CPU];
	const struct lab_row *raced = &series->comparison.row[RACED];
	char process[UNITS_TEXT_SIZE], thread[UNITS_TEXT_SIZE];
	char off_process[UNITS_TEXT_SIZE], off_thread[UNITS_TEXT_SIZE], races[UNITS_TEXT_SIZE];

	snprintf(text, size,
		 "With %s the trace saw a fault take %s on the CPU in an address space of its own "
		 "and %s in a shared one, and besides %s and %s off the CPU, where waiting for a "
		 "lock would be; faults for a page that another thread had just mapped: %s",
		 series->step.label,
		 lab_ns_words(fault->form[LAB_PROCESS].point, process, sizeof(process)),
		 lab_ns_words(fault->form[LAB_THREAD].point, thread, sizeof(thread)),
		 lab_ns_words(off->form[LAB_PROCESS].point, off_process, sizeof(off_process)),
		 lab_ns_words(off->form[LAB_THREAD].point, off_thread, sizeof(off_thread)),
		 lab_value_words(LAB_COUNT, raced->form[LAB_THREAD].point, races, sizeof(races)));
}

/* What that says. Since Linux 6.4 a fault takes the lock of its region, not of the address space, where it can. */
static const char *why_lock(enum lab_verdict verdict)
{
	switch (verdict) {
	case LAB_SUPPORTED:
		return "Threads share the counters, page tables and locks that every fault uses; "
		       "the trace does not tell which of them it is";
	case LAB_NOT_SEEN:
		return "Faults hold the lock of an address space, or since Linux 6.4 that of a "
		       "region, together with other faults: sharing it costs too little here to be "
		       "told apart";
	case LAB_CONTRADICTED:
		return "Sharing an address space costs less here than having several: it is the "
		       "faults of processes that take longer";
	case LAB_MIXED:
		return "Which form pays more depends on the number of workers";
	case LAB_UNKNOWN:
		break;
	}
	return "It takes more rounds to say what sharing costs";
}

static void touch_why(const struct lab_sweep *sweep, const struct lab_settings *settings,
		      char *text, size_t size)
{
	const struct lab_series *series = most_workers(sweep);
	char times[512];

	if (!series) {
		snprintf(text, size,
			 "No workers were measured that each had a CPU and faulted at the same "
			 "time.");
		return;
	}
	if (series->comparison.row[FAULT].rounds) {
		why_times(series, times, sizeof(times));
		snprintf(text, size, "%s. %s.", times, why_lock(sweep->verdict));
		return;
	}
	snprintf(text, size, "%s. What a fault itself takes %s.", why_lock(sweep->verdict),
		 settings->no_trace ? "is known from a trace only" : "was not measured");
}

const struct experiment experiment_touch = {
	.name = "touch",
	.claim = "sharing an address space costs: threads fault more slowly",
	.rules = { .figures = touch_figures,
		   .figure_count = TOUCH_FIGURES,
		   .headline = PAGE,
		   .sense = LAB_THREAD_HIGHER },
	.trace = { .faults = true },
	.laps = LAPS,
	.events = "first touches",
	.steps = touch_steps,
	.swept = "workers",
	.command = touch_command,
	.read = touch_read,
	.derive = touch_derive,
	.setup = touch_setup,
	.outcome = touch_outcome,
	.why = touch_why,
};
