// SPDX-License-Identifier: GPL-2.0
/*
 * cow.c - the experiment `cow`: memory that a parent has written is rewritten beside another task, by the
 * child or by the parent, after a fork or between threads.
 *
 * Implements experiment.h. The clock gives the time of a page, the trace the copy-on-write faults and
 * their time. Called by lab.c through experiments.c.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "lab/readings.h"

#define MIB ((uint64_t)1 << 20)

enum cow_figure {
	PAGE,
	FAULTS,
	FAULT_TIME,
	ADDED,
	PAGE_TRACED, /* from here on raw only */
	SPAN_FAULTS,
	COW_FIGURES,
};

static const struct lab_figure cow_figures[COW_FIGURES] = {
	[PAGE] = { "per_page_ns", "time of a page rewritten, untraced", LAB_NS, false },
	[FAULTS] = { "cow_faults_per_page", "copy-on-write faults per page", LAB_COUNT, true,
		     true },
	[FAULT_TIME] = { "cow_per_page_ns", "time in copy-on-write faults per page, traced", LAB_NS,
			 true, true },
	[ADDED] = { "tracing_adds_ns", "tracing adds to a page", LAB_NS_SIGNED, true, true },
	[PAGE_TRACED] = { "per_page_traced_ns", NULL, LAB_NS, true },
	[SPAN_FAULTS] = { "getrusage_faults_per_page", NULL, LAB_COUNT, false, true },
};

/* ---- what is varied ---- */

static const struct way {
	const char *who;
	uint64_t mib;
	bool quick;
} ways[] = {
	{ "child", 16, true },	 { "child", 64, true },	 { "child", 256, false },
	{ "parent", 16, false }, { "parent", 64, true }, { "parent", 256, false },
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

static size_t cow_steps(const struct lab_settings *settings, struct lab_step *steps)
{
	size_t count = 0;

	for (size_t i = 0; i < WAYS; i++) {
		struct lab_step *step = &steps[count];
		char bytes[UNITS_TEXT_SIZE];

		if (settings->quick && !ways[i].quick)
			continue;
		snprintf(step->label, sizeof(step->label), "%s, %s", ways[i].who,
			 lab_mib_words(ways[i].mib, bytes, sizeof(bytes)));
		step->at = i;
		/* what is there, and its copy */
		lab_need_memory(step, settings, 2 * ways[i].mib * MIB);
		count++;
	}
	return count;
}

static void cow_command(const struct lab_settings *settings, const struct lab_step *step,
			enum lab_form form, struct lab_command *command)
{
	const struct way *way = &ways[step->at];

	lab_word(command, "cow");
	lab_word(command, "--as");
	lab_word(command, "%s", lab_form_name(form));
	lab_word(command, "--who");
	lab_word(command, "%s", way->who);
	lab_word(command, "--size");
	lab_word(command, "%" PRIu64 "M", way->mib);
	lab_word(command, "--cpu");
	lab_word(command, "%d", settings->cpu);
}

/* ---- what a run shows ---- */

static bool by_parent(const struct lab_step *step)
{
	return !strcmp(ways[step->at].who, "parent");
}

/*
 * Both have a few pages of their own besides, a stack and the C library's data, and copy them: of those
 * seen, no more than the workload rewrote are counted. Threads share all pages and have none to copy.
 */
static void take_trace(const struct lab_run *run, double expected, double pages, double *value,
		       struct lab_truth *truth)
{
	const struct report *report = run->report;
	uint64_t seen = by_parent(run->step) ? report->debt_parents.cow : report->debt_children.cow;
	double each = lab_fault_ns(report, FAULT_COW_FORK);

	if (!report->context.faults_measured)
		return;
	*truth = lab_truth_of(report, expected);
	if (run->form == LAB_THREAD)
		truth->seen = report->debt_parents.cow + report->debt_children.cow;
	else
		truth->seen = seen < truth->expected ? seen : truth->expected;
	value[FAULTS] = (double)seen / pages;
	if (!seen && report->context.fault_end)
		value[FAULT_TIME] = 0;
	else if (seen)
		value[FAULT_TIME] = each * (double)seen / pages;
}

static int cow_read(const struct lab_run *run, struct lab_round *round, struct fail *fail)
{
	double *value = round->value[run->form];
	double page = 0, pages = 0, expected = 0, span = 0;
	int err = lab_number(run->truth, "per_page_ns", &page, fail);

	if (!err)
		err = lab_number(run->truth, "pages", &pages, fail);
	if (!err)
		err = lab_number(run->truth, "expected_cow_faults", &expected, fail);
	if (!err)
		err = lab_number(run->truth, "span_faults", &span, fail);
	if (err)
		return err;
	if (run->report) {
		value[PAGE_TRACED] = page;
		take_trace(run, expected, pages, value, &round->truth[run->form]);
	} else {
		value[PAGE] = page;
		value[SPAN_FAULTS] = span / pages;
	}
	return 0;
}

static void cow_derive(struct lab_round *round)
{
	for (int form = 0; form < LAB_FORMS; form++)
		round->value[form][ADDED] =
			round->value[form][PAGE_TRACED] - round->value[form][PAGE];
}

/* ---- in words ---- */

static void cow_setup(const struct lab_settings *settings, char *text, size_t size)
{
	snprintf(text, size,
		 "A parent writes so much memory and makes a task; one of the two, the child or "
		 "the parent, writes each page again while the other waits; on CPU %d",
		 settings->cpu);
}

static void cow_outcome(const struct lab_sweep *sweep, const struct lab_settings *settings,
			char *text, size_t size)
{
	lab_outcome(sweep, &experiment_cow.rules, settings, "the time of a page rewritten", text,
		    size);
}

/* The largest that was measured. NULL: none was. */
static const struct lab_series *largest(const struct lab_sweep *sweep, const char *who)
{
	const struct lab_series *found = NULL;

	for (size_t i = 0; i < sweep->steps; i++) {
		const struct lab_series *series = &sweep->series[i];

		if (isfinite(lab_point(series, LAB_PROCESS, PAGE)) &&
		    !strcmp(ways[series->step.at].who, who))
			found = series;
	}
	return found;
}

/* What the faults of a writer cost, and how many they are. */
static void why_faults(const struct lab_series *series, const struct lab_settings *settings,
		       char *text, size_t size)
{
	const struct lab_row *faults = &series->comparison.row[FAULTS];
	const struct lab_row *times = &series->comparison.row[FAULT_TIME];
	char process[UNITS_TEXT_SIZE], thread[UNITS_TEXT_SIZE], ns[UNITS_TEXT_SIZE];
	size_t used;

	if (!faults->rounds) {
		snprintf(
			text, size,
			"Which faults these are %s; by the kernel's own count the writer took %s a "
			"page after the fork and %s between threads",
			settings->no_trace ? "a trace would tell" : "was not traced",
			lab_value_words(LAB_COUNT, lab_point(series, LAB_PROCESS, SPAN_FAULTS),
					process, sizeof(process)),
			lab_value_words(LAB_COUNT, lab_point(series, LAB_THREAD, SPAN_FAULTS),
					thread, sizeof(thread)));
		return;
	}
	used = (size_t)snprintf(
		text, size,
		"The trace saw %s copy-on-write faults for each page that is rewritten after the "
		"fork and %s between threads, which have the page in one page table",
		lab_value_words(LAB_COUNT, faults->form[LAB_PROCESS].point, process,
				sizeof(process)),
		lab_value_words(LAB_COUNT, faults->form[LAB_THREAD].point, thread, sizeof(thread)));
	if (times->rounds && used < size)
		snprintf(text + used, size - used,
			 ". Such a fault, with its copy, took %s on the CPU under the tracer",
			 lab_ns_words(times->form[LAB_PROCESS].point /
					      faults->form[LAB_PROCESS].point,
				      ns, sizeof(ns)));
}

/* By the clock; the two are the same but for whose page it was. */
static void why_writers(const struct lab_series *child, const struct lab_series *parent, char *text,
			size_t size)
{
	char of_child[UNITS_TEXT_SIZE], of_parent[UNITS_TEXT_SIZE], of_thread[UNITS_TEXT_SIZE];

	snprintf(text, size,
		 "; by the clock a page took %s for the child and %s for the parent at "
		 "%" PRIu64 " MiB, and %s for a thread",
		 lab_ns_words(lab_point(child, LAB_PROCESS, PAGE), of_child, sizeof(of_child)),
		 lab_ns_words(lab_point(parent, LAB_PROCESS, PAGE), of_parent, sizeof(of_parent)),
		 ways[parent->step.at].mib,
		 lab_ns_words(lab_point(child, LAB_THREAD, PAGE), of_thread, sizeof(of_thread)));
}

static const char *lead(enum lab_verdict verdict)
{
	switch (verdict) {
	case LAB_NOT_SEEN:
		return "Rewriting takes the same time in both forms here. ";
	case LAB_CONTRADICTED:
		return "Here it is between threads that rewriting takes longer. ";
	case LAB_MIXED:
		return "It goes one way in some steps and the other way in others. ";
	case LAB_UNKNOWN:
		return "So far: ";
	case LAB_SUPPORTED:
		break;
	}
	return "";
}

static void cow_why(const struct lab_sweep *sweep, const struct lab_settings *settings, char *text,
		    size_t size)
{
	const struct lab_series *child = largest(sweep, "child"),
				*parent = largest(sweep, "parent");
	char faults[400], writers[256] = "";

	if (!child) {
		snprintf(text, size, "Nothing was measured.");
		return;
	}
	why_faults(child, settings, faults, sizeof(faults));
	if (parent && ways[parent->step.at].mib == ways[child->step.at].mib)
		why_writers(child, parent, writers, sizeof(writers));
	snprintf(text, size, "%s%s%s.", lead(sweep->verdict), faults, writers);
}

const struct experiment experiment_cow = {
	.name = "cow",
	.claim = "separate memory costs copying: a rewrite after a fork faults",
	.rules = { .figures = cow_figures,
		   .figure_count = COW_FIGURES,
		   .headline = PAGE,
		   .sense = LAB_PROCESS_HIGHER },
	.trace = { .faults = true },
	.laps = 1, /* memory is copied once */
	.events = "copy-on-write faults of the pages rewritten",
	.steps = cow_steps,
	.command = cow_command,
	.read = cow_read,
	.derive = cow_derive,
	.setup = cow_setup,
	.outcome = cow_outcome,
	.why = cow_why,
};
