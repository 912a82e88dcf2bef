// SPDX-License-Identifier: GPL-2.0
/*
 * memory.c - the experiment `memory`: workers read what their parent has written before; how much memory
 * do all of them take?
 *
 * Implements experiment.h. The workload reads the kernel's figures of all its processes (smaps_rollup), the trace
 * tells what was copied. Called by lab.c through experiments.c.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "lab/readings.h"

#define LAPS 64 /* MiB that the parent writes */
#define MIB ((uint64_t)1 << 20)
#define LITTLE 1.05 /* times as much: words begin here, no verdict */

enum memory_figure {
	PSS,
	RSS,
	PRIVATE,
	COPIES,
	PSS_TRACED, /* from here on raw only */
	RSS_TRACED,
	MEMORY_FIGURES,
};

static const struct lab_figure memory_figures[MEMORY_FIGURES] = {
	[PSS] = { "pss_sum_bytes", "sum of PSS, untraced", LAB_BYTES, false },
	[RSS] = { "rss_sum_bytes", "sum of RSS, untraced", LAB_BYTES, false },
	[PRIVATE] = { "private_sum_bytes", "of the RSS, in one process alone", LAB_BYTES, false },
	[COPIES] = { "cow_faults_per_worker", "copy-on-write faults per worker", LAB_COUNT, true,
		     true },
	[PSS_TRACED] = { "pss_sum_traced_bytes", NULL, LAB_BYTES, true },
	[RSS_TRACED] = { "rss_sum_traced_bytes", NULL, LAB_BYTES, true },
};

/* ---- what is varied ---- */

static size_t memory_steps(const struct lab_settings *settings, struct lab_step *steps)
{
	static const uint64_t full[] = { 1, 2, 4, 8, 16, 32 }, quick[] = { 1, 4, 16 };
	const uint64_t *workers = settings->quick ? quick : full;
	size_t count = settings->quick ? sizeof(quick) / sizeof(quick[0]) :
					 sizeof(full) / sizeof(full[0]);

	for (size_t i = 0; i < count; i++) {
		snprintf(steps[i].label, sizeof(steps[i].label), "%" PRIu64 " worker%s", workers[i],
			 workers[i] == 1 ? "" : "s");
		steps[i].at = workers[i];
		/* page tables and what each worker has of its own: less than 1 MiB */
		lab_need_memory(&steps[i], settings, (2 * settings->laps + workers[i]) * MIB);
	}
	return count;
}

static void memory_command(const struct lab_settings *settings, const struct lab_step *step,
			   enum lab_form form, struct lab_command *command)
{
	lab_word(command, "memory");
	lab_word(command, "--as");
	lab_word(command, "%s", lab_form_name(form));
	lab_word(command, "--tasks");
	lab_word(command, "%" PRIu64, step->at);
	lab_word(command, "--size");
	lab_word(command, "%" PRIu64 "M", settings->laps);
	lab_word(command, "--hold");
	lab_word(command, "0");
	lab_word(command, "--cpu");
	lab_word(command, "spread");
}

/* ---- what a run shows ---- */

/* The workload makes its workers and nothing else. */
static void take_trace(const struct lab_run *run, double workers, double *value,
		       struct lab_truth *truth)
{
	const struct report *report = run->report;
	bool process = run->form == LAB_PROCESS;

	*truth = lab_truth_of(report, workers);
	truth->seen = report->created[process ? CREATED_PROCESS : CREATED_THREAD];
	truth->wrong_level = report->created[process ? CREATED_THREAD : CREATED_PROCESS] +
			     report->created[CREATED_VFORK];
	if (report->context.faults_measured && workers > 0)
		value[COPIES] =
			(double)(report->debt_children.cow + report->debt_parents.cow) / workers;
}

static int memory_read(const struct lab_run *run, struct lab_round *round, struct fail *fail)
{
	double *value = round->value[run->form];
	double workers = 0, pss = 0, rss = 0, private = 0;
	int err = lab_number(run->truth, "tasks", &workers, fail);

	if (!err)
		err = lab_number(run->truth, "pss_sum_bytes", &pss, fail);
	if (!err)
		err = lab_number(run->truth, "rss_sum_bytes", &rss, fail);
	if (!err)
		err = lab_number(run->truth, "private_sum_bytes", &private, fail);
	if (err)
		return err;
	if (run->report) {
		value[PSS_TRACED] = pss;
		value[RSS_TRACED] = rss;
		take_trace(run, workers, value, &round->truth[run->form]);
	} else {
		value[PSS] = pss;
		value[RSS] = rss;
		value[PRIVATE] = private;
	}
	return 0;
}

/* ---- in words ---- */

static void memory_setup(const struct lab_settings *settings, char *text, size_t size)
{
	snprintf(text, size,
		 "A parent writes %" PRIu64
		 " MiB, makes its workers, and each reads all of it; then "
		 "the memory of parent and workers is added up, before one of them ends",
		 settings->laps);
}

static const struct lab_series *most_workers(const struct lab_sweep *sweep)
{
	const struct lab_series *found = NULL;

	for (size_t i = 0; i < sweep->steps; i++)
		if (isfinite(lab_point(&sweep->series[i], LAB_PROCESS, PSS)))
			found = &sweep->series[i];
	return found;
}

static void memory_outcome(const struct lab_sweep *sweep, const struct lab_settings *settings,
			   char *text, size_t size)
{
	lab_outcome(sweep, &experiment_memory.rules, settings, "the sum of PSS", text, size);
}

/* What is used, and what seems to be. */
static void why_sums(const struct lab_series *series, char *text, size_t size)
{
	double more = lab_point(series, LAB_PROCESS, PSS) - lab_point(series, LAB_THREAD, PSS);
	char rss[UNITS_TEXT_SIZE], rss_thread[UNITS_TEXT_SIZE], by[UNITS_TEXT_SIZE];
	char each[UNITS_TEXT_SIZE];

	snprintf(text, size,
		 "The sum of RSS counts a page once for each process that has it: with %s %s as "
		 "processes and %s as threads. PSS shares it out among them, so its sum is what is "
		 "really used: %s %s as processes than as threads, %s a worker",
		 series->step.label,
		 lab_value_words(LAB_BYTES, lab_point(series, LAB_PROCESS, RSS), rss, sizeof(rss)),
		 lab_value_words(LAB_BYTES, lab_point(series, LAB_THREAD, RSS), rss_thread,
				 sizeof(rss_thread)),
		 lab_value_words(LAB_BYTES, fabs(more), by, sizeof(by)), more < 0 ? "less" : "more",
		 lab_value_words(LAB_BYTES, fabs(more) / (double)series->step.at, each,
				 sizeof(each)));
}

static void why_copies(const struct lab_series *series, const struct lab_settings *settings,
		       char *text, size_t size)
{
	const struct lab_row *row = &series->comparison.row[COPIES];
	char copies[UNITS_TEXT_SIZE];

	if (row->rounds)
		snprintf(text, size,
			 ". The trace saw %s copy-on-write faults for each such worker, those of "
			 "its parent included: pages that one of them wrote to after the fork. "
			 "What is only read stays shared",
			 lab_value_words(LAB_COUNT, row->form[LAB_PROCESS].point, copies,
					 sizeof(copies)));
	else
		snprintf(text, size, ". How many pages were copied %s",
			 settings->no_trace ? "a trace would tell" : "was not traced");
}

/* A difference that is there may be next to nothing. */
static bool is_little(const struct lab_series *series)
{
	return series->comparison.row[PSS].comparison.ratio.point < LITTLE;
}

static const char *lead(enum lab_verdict verdict, const struct lab_series *series)
{
	switch (verdict) {
	case LAB_NOT_SEEN:
		return "Until somebody writes to it, memory after a fork is not separate. ";
	case LAB_CONTRADICTED:
		return "Here it is the threads that take more. ";
	case LAB_MIXED:
		return "It depends on the number of workers. ";
	case LAB_UNKNOWN:
		return "So far: ";
	case LAB_SUPPORTED:
		if (is_little(series))
			return "True, and little: until somebody writes to it, memory after a fork "
			       "is not separate. ";
		break;
	}
	return "";
}

static void memory_why(const struct lab_sweep *sweep, const struct lab_settings *settings,
		       char *text, size_t size)
{
	const struct lab_series *series = most_workers(sweep);
	char sums[400], copies[256];

	if (!series) {
		snprintf(text, size, "Nothing was measured.");
		return;
	}
	why_sums(series, sums, sizeof(sums));
	why_copies(series, settings, copies, sizeof(copies));
	snprintf(text, size,
		 "%s%s%s. Page tables and other memory of the kernel are in none of these figures.",
		 lead(sweep->verdict, series), sums, copies);
}

const struct experiment experiment_memory = {
	.name = "memory",
	.claim = "separate memory takes more memory than shared memory",
	.rules = { .figures = memory_figures,
		   .figure_count = MEMORY_FIGURES,
		   .headline = PSS,
		   .sense = LAB_PROCESS_HIGHER },
	.trace = { .faults = true },
	.laps = LAPS,
	.events = "workers created",
	.steps = memory_steps,
	.swept = "workers",
	.command = memory_command,
	.read = memory_read,
	.setup = memory_setup,
	.outcome = memory_outcome,
	.why = memory_why,
};
