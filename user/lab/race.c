// SPDX-License-Identifier: GPL-2.0
/*
 * race.c - the experiment `race`: two tasks count up, with or without care, one counter or two.
 *
 * The claim is about what comes without being asked for: processes have a counter each, threads share
 * one. Beside it stand the same with both forms sharing, which shows the cause, and the remedies.
 *
 * Implements experiment.h. The workload's own sum says what was lost; the trace says that its workers
 * were what they were meant to be, and how often one was interrupted by the end of its time. Called
 * by lab.c through experiments.c.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "lab/readings.h"

#define TASKS 2
#define COUNT 50000000 /* increments of each task, the plain way */

enum race_figure {
	LOST,
	LOST_TRACED,
	CLOCK,
	CLOCK_TRACED,
	ADDED,
	LOST_COUNT, /* from here on raw only */
	PREEMPTED,
	SLEPT,
	RACE_FIGURES,
};

/* An increment takes about a nanosecond: a thousand of them can be shown. */
static const struct lab_figure race_figures[RACE_FIGURES] = {
	[LOST] = { "lost_percent", "lost updates, untraced", LAB_PERCENT, false, true },
	[LOST_TRACED] = { "lost_traced_percent", "lost updates, traced", LAB_PERCENT, true, true },
	[CLOCK] = { "thousand_increments_ns", "1000 increments, untraced", LAB_NS, false },
	[CLOCK_TRACED] = { "thousand_increments_traced_ns", "1000 increments, traced", LAB_NS,
			   true },
	[ADDED] = { "tracing_adds_ns", "tracing adds to 1000 increments", LAB_NS_SIGNED, true,
		    true },
	[LOST_COUNT] = { "lost_count", NULL, LAB_COUNT, false, true },
	[PREEMPTED] = { "preempted_count", NULL, LAB_COUNT, true, true },
	[SLEPT] = { "slept_count", NULL, LAB_COUNT, true, true },
};

/* ---- the ways, by lab_step.at. Labels that leave room for figures on a line of 80 ---- */

struct race_way {
	const char *label, *how, *with;
	uint64_t divisor; /* of the plain way's increments, as these are dearer */
	bool own[LAB_FORMS];
	bool aside, quick;
};

enum {
	AS_EACH_COMES,
	BOTH_SHARE,
	ATOMIC,
	MUTEX,
	OWN,
};

static const struct race_way race_ways[] = {
	[AS_EACH_COMES] = { "own : shared", "plain", .divisor = 1, .own = { true, false },
			    .quick = true },
	[BOTH_SHARE] = { "both share", "plain", .divisor = 1, .aside = true, .quick = true },
	[ATOMIC] = { "both, atomic", "atomic", "atomic increments", .divisor = 10, .aside = true,
		     .quick = true },
	[MUTEX] = { "both, mutex", "mutex", "a mutex", .divisor = 50, .aside = true },
	[OWN] = { "neither shares", "plain", .divisor = 1, .own = { true, true }, .aside = true },
};

static size_t race_steps(const struct lab_settings *settings, struct lab_step *steps)
{
	size_t count = 0;

	for (size_t i = 0; i < sizeof(race_ways) / sizeof(race_ways[0]); i++) {
		const struct race_way *way = &race_ways[i];
		struct lab_step *step = &steps[count];

		if (settings->quick && !way->quick)
			continue;
		snprintf(step->label, sizeof(step->label), "%s", way->label);
		step->at = i;
		step->aside = way->aside;
		count++;
	}
	return count;
}

static void race_command(const struct lab_settings *settings, const struct lab_step *step,
			 enum lab_form form, struct lab_command *command)
{
	const struct race_way *way = &race_ways[step->at];

	lab_word(command, "race");
	lab_word(command, "--as");
	lab_word(command, "%s", lab_form_name(form));
	lab_word(command, "--tasks");
	lab_word(command, "%d", TASKS);
	lab_word(command, "--how");
	lab_word(command, "%s", way->how);
	lab_word(command, "--count");
	lab_word(command, "%" PRIu64,
		 settings->laps >= way->divisor ? settings->laps / way->divisor : 1);
	lab_word(command, "--cpu");
	lab_word(command, "spread");
	if (way->own[form])
		lab_word(command, "--private");
}

/* ---- what a run says ---- */

/*
 * The trace sees neither the counter nor what became of it. It sees what shares memory: that each of
 * the workers is a task of its own, created as a process or as a thread.
 */
static void take_truth(const struct lab_run *run, double *value, struct lab_truth *truth)
{
	enum created_as created = run->form == LAB_PROCESS ? CREATED_PROCESS : CREATED_THREAD;

	*truth = lab_truth_of(run->report, TASKS);
	value[PREEMPTED] = value[SLEPT] = 0;
	for (size_t i = 0; i < TASKS; i++) {
		const struct task_entry *task = lab_worker_task(run->report, run->truth, i);

		if (!task || !task->known)
			continue;
		truth->seen++;
		truth->wrong_level += task->created != created;
		value[PREEMPTED] += (double)task->figures.preempted;
		value[SLEPT] += (double)task->figures.voluntary;
	}
}

static int race_read(const struct lab_run *run, struct lab_round *round, struct fail *fail)
{
	double *value = round->value[run->form];
	double lost = 0, total = 0, increment_ns = 0;
	int err = lab_number(run->truth, "lost_updates", &lost, fail);

	if (!err)
		err = lab_number(run->truth, "expected_total", &total, fail);
	if (!err)
		err = lab_number(run->truth, "ns_per_increment", &increment_ns, fail);
	if (err)
		return err;
	value[run->report ? LOST_TRACED : LOST] = 100 * lost / total;
	value[run->report ? CLOCK_TRACED : CLOCK] = 1000 * increment_ns;
	if (run->report)
		take_truth(run, value, &round->truth[run->form]);
	else
		value[LOST_COUNT] = lost;
	return 0;
}

static void race_derive(struct lab_round *round)
{
	for (int form = 0; form < LAB_FORMS; form++)
		round->value[form][ADDED] =
			round->value[form][CLOCK_TRACED] - round->value[form][CLOCK];
}

/* ---- in words ---- */

static void race_setup(const struct lab_settings *settings, char *text, size_t size)
{
	char count[UNITS_TEXT_SIZE];

	snprintf(text, size,
		 "%d tasks count up, %s times each (fewer with care), each on its CPU where there "
		 "are as many; by default processes have a counter each and threads share one, and "
		 "that decides",
		 TASKS, format_count(count, sizeof(count), settings->laps));
}

/* NULL: not among the steps. */
static const struct lab_series *way_of(const struct lab_sweep *sweep, uint64_t at)
{
	for (size_t i = 0; i < sweep->steps; i++)
		if (sweep->series[i].step.at == at)
			return &sweep->series[i];
	return NULL;
}

/* "43.1 %", or "none" of what is nothing. */
static char *lost_words(const struct lab_series *series, enum lab_form form, char *text,
			size_t size)
{
	double lost = lab_point(series, form, LOST);

	if (lost == 0)
		snprintf(text, size, "none");
	else
		lab_value_words(LAB_PERCENT, lost, text, size);
	return text;
}

struct lost_text {
	char form[LAB_FORMS][UNITS_TEXT_SIZE];
};

static struct lost_text lost_of(const struct lab_series *series)
{
	struct lost_text text = { 0 };

	for (int form = 0; form < LAB_FORMS; form++)
		lost_words(series, form, text.form[form], sizeof(text.form[form]));
	return text;
}

/* The second sentence, which the claim does not ask for: what becomes of processes that share. */
static void but_shared(const struct lab_sweep *sweep, char *text, size_t size)
{
	const struct lab_series *shared = way_of(sweep, BOTH_SHARE);
	struct lost_text lost;

	text[0] = '\0';
	if (!shared || !shared->comparison.row[LOST].rounds)
		return;
	lost = lost_of(shared);
	if (lab_point(shared, LAB_PROCESS, LOST) > 0)
		snprintf(text, size,
			 ". But processes that share one lose %s (threads beside them %s): sharing "
			 "is the risk, and threads share by default",
			 lost.form[LAB_PROCESS], lost.form[LAB_THREAD]);
	else
		snprintf(text, size, ". Processes that share one lost %s here (threads %s)",
			 lost.form[LAB_PROCESS], lost.form[LAB_THREAD]);
}

static void race_outcome(const struct lab_sweep *sweep, const struct lab_settings *settings,
			 char *text, size_t size)
{
	struct lost_text lost = lost_of(&sweep->series[0]);
	char but[320], unknown[160];

	but_shared(sweep, but, sizeof(but));
	switch (sweep->verdict) {
	case LAB_SUPPORTED:
		snprintf(text, size,
			 "threads, which share the counter by default, lose %s of their updates, "
			 "processes, each with its own, %s%s",
			 lost.form[LAB_THREAD], lost.form[LAB_PROCESS], but);
		break;
	case LAB_NOT_SEEN:
		snprintf(text, size,
			 "threads that share the counter lost %s of their updates, processes with "
			 "their own %s; that is no difference%s",
			 lost.form[LAB_THREAD], lost.form[LAB_PROCESS], but);
		break;
	case LAB_CONTRADICTED:
		snprintf(text, size,
			 "processes lost %s of their updates and threads %s, although each process "
			 "has a counter of its own%s",
			 lost.form[LAB_PROCESS], lost.form[LAB_THREAD], but);
		break;
	case LAB_MIXED:
	case LAB_UNKNOWN:
		lab_unknown_words(sweep, &experiment_race.rules, settings, unknown,
				  sizeof(unknown));
		snprintf(text, size, "%s (so far threads lost %s, processes %s)", unknown,
			 lost.form[LAB_THREAD], lost.form[LAB_PROCESS]);
		break;
	}
}

/* The remedies: what they lost, and their price as threads against the plain way. */
static void cure_words(const struct lab_sweep *sweep, char *text, size_t size)
{
	static const uint64_t cures[] = { ATOMIC, MUTEX };
	const struct lab_series *plain = way_of(sweep, BOTH_SHARE);
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; plain && i < 2 && used < size; i++) {
		const struct lab_series *cure = way_of(sweep, cures[i]);
		double times;

		if (!cure || !cure->comparison.row[LOST].rounds)
			continue;
		times = lab_point(cure, LAB_THREAD, CLOCK) / lab_point(plain, LAB_THREAD, CLOCK);
		used += (size_t)snprintf(
			text + used, size - used,
			" With %s, processes lose %s and threads %s, at %.1f times "
			"the time (of threads).",
			race_ways[cures[i]].with, lost_of(cure).form[LAB_PROCESS],
			lost_of(cure).form[LAB_THREAD], times);
	}
}

/* What the losses are due to: by the number of times that a task was stopped in a run. */
static void cause_words(const struct lab_series *series, const struct lab_settings *settings,
			char *text, size_t size)
{
	double preempted = lab_point(series, LAB_THREAD, PREEMPTED);
	double lost = lab_point(series, LAB_THREAD, LOST_COUNT);
	char times[UNITS_TEXT_SIZE], count[UNITS_TEXT_SIZE];

	text[0] = '\0';
	if (!isfinite(preempted) || !isfinite(lost))
		return;
	lab_value_words(LAB_COUNT, preempted, times, sizeof(times));
	lab_value_words(LAB_COUNT, lost, count, sizeof(count));
	if (settings->cpus == 1)
		snprintf(text, size,
			 " There is one CPU to use: a task that is preempted between read and "
			 "write puts back, when it goes on, a value from before all that the other "
			 "did meanwhile. So %s preemptions a run lost %s updates.",
			 times, count);
	else
		snprintf(
			text, size,
			" The trace saw the two threads preempted %s times in a run that lost %s "
			"updates. Either loses: to run at once, and to be stopped between read and "
			"write, which puts back a value from before all that the other did "
			"meanwhile.",
			times, count);
}

/* Who shares with whom, and whether it makes a difference which form they have. */
static void sharing_words(const struct lab_sweep *sweep, char *text, size_t size)
{
	const struct lab_series *shared = way_of(sweep, BOTH_SHARE);
	const struct lab_row *row;

	text[0] = '\0';
	if (!shared)
		return;
	row = &shared->comparison.row[LOST];
	switch (row->comparison.verdict) {
	case VERDICT_UNKNOWN:
		break;
	case VERDICT_NO_DIFFERENCE:
		snprintf(text, size,
			 " Where both share, no difference between the forms was seen.");
		break;
	case VERDICT_HIGHER:
	case VERDICT_LOWER:
		snprintf(text, size,
			 " Where both share, %s lost more: how much is lost depends on how "
			 "long the two run at once; that something is does not depend on the "
			 "form.",
			 row->comparison.verdict == VERDICT_HIGHER ? "processes" : "threads");
		break;
	}
}

static void race_why(const struct lab_sweep *sweep, const struct lab_settings *settings, char *text,
		     size_t size)
{
	const struct lab_series *first = &sweep->series[0];
	char cause[440], sharing[220], cure[320];

	cause_words(first, settings, cause, sizeof(cause));
	sharing_words(sweep, sharing, sizeof(sharing));
	cure_words(sweep, cure, sizeof(cure));
	snprintf(text, size,
		 "An increment reads, adds and writes; of two tasks that read the same value one "
		 "update is lost. That takes one memory: threads have it without asking, processes "
		 "when they map it.%s%s%s",
		 lab_point(first, LAB_THREAD, LOST) > 0 ? cause : "", sharing, cure);
}

const struct experiment experiment_race = {
	.name = "race",
	.claim = "threads risk race conditions",
	.rules = { .figures = race_figures,
		   .figure_count = RACE_FIGURES,
		   .headline = LOST,
		   .sense = LAB_THREAD_HIGHER },
	.laps = COUNT,
	.events = "workers of their form",
	.steps = race_steps,
	.command = race_command,
	.read = race_read,
	.derive = race_derive,
	.setup = race_setup,
	.outcome = race_outcome,
	.why = race_why,
};
