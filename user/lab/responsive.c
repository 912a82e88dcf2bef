// SPDX-License-Identifier: GPL-2.0
/*
 * responsive.c - the experiment `responsive`: a periodic tick, as of a user interface, beside work in
 * the background that never sleeps, on one CPU: as threads of one process, and as processes.
 *
 * Implements experiment.h. What decides is how late the tick is at the median: on a CPU that nobody
 * else uses, how long it takes to get it from the background when all goes as it should. Ticks that
 * wait longer are in the other figures. Called by lab.c through experiments.c.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "lab/readings.h"

/* As on a fast display: in a run as short as the lab's, 60 a second are too few to have a median of. */
#define HZ 240
#define TICKS 48
#define US_PER_SECOND 1000000
#define MOST 90 /* percent of the ticks, so that the others need no word */

/* One line of the experiment. */
struct setting {
	const char *label;
	unsigned int background, nice;
	bool quick, aside;
};

static const struct setting ways[] = {
	{ "as it is", 1, 0, true, false },
	{ "nice 19", 1, 19, true, false },
	{ "three of them", 3, 0, false, false },
	{ "tick alone", 0, 0, false, true },
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

enum responsive_figure {
	LATE,
	LATE_TRACED,
	ADDED,
	LATE_P99,
	MISSED,
	WAIT,
	UNITS,
	TAKEN,
	DIRECT,
	LATE_MAX, /* from here on raw only */
	LATE_TRACED_P99,
	PREEMPTED,
	DIRECT_COUNT,
	RESPONSIVE_FIGURES,
};

static const struct lab_figure responsive_figures[RESPONSIVE_FIGURES] = {
	[LATE] = { "late_p50_ns", "lateness of a tick, p50, untraced", LAB_NS, false },
	[LATE_TRACED] = { "late_traced_p50_ns", "lateness of a tick, p50, traced", LAB_NS, true },
	[ADDED] = { "tracing_adds_ns", "tracing adds to the p50", LAB_NS_SIGNED, true },
	[LATE_P99] = { "late_p99_ns", "lateness of a tick, p99", LAB_NS, false },
	[MISSED] = { "ticks_missed", "ticks missed in a run (late by half a period)", LAB_COUNT,
		     false, true },
	[WAIT] = { "wait_per_tick_ns", "wait for the CPU per tick, mean", LAB_NS, false, true },
	[UNITS] = { "units_per_second", "units of background work per second", LAB_PER_SECOND,
		    false },
	[TAKEN] = { "taken_percent", "ticks that took the CPU from the background itself",
		    LAB_PERCENT, true, true },
	[DIRECT] = { "direct_p50_ns", "direct cost of a switch between them, p50", LAB_NS, true },
	[LATE_MAX] = { "late_max_ns", NULL, LAB_NS, false },
	[LATE_TRACED_P99] = { "late_traced_p99_ns", NULL, LAB_NS, true },
	[PREEMPTED] = { "background_preempted", NULL, LAB_COUNT, true, true },
	[DIRECT_COUNT] = { "direct_count", NULL, LAB_COUNT, true },
};

/* ---- what is run ---- */

static size_t responsive_steps(const struct lab_settings *settings, struct lab_step *steps)
{
	size_t count = 0;

	for (size_t i = 0; i < WAYS; i++) {
		struct lab_step *step = &steps[count];

		if (settings->quick && !ways[i].quick)
			continue;
		snprintf(step->label, sizeof(step->label), "%s", ways[i].label);
		step->at = i;
		step->aside = ways[i].aside;
		count++;
	}
	return count;
}

/* So long that as many ticks fall into it: rounded up, by less than a period. */
static uint64_t duration_us(uint64_t ticks)
{
	return (ticks * US_PER_SECOND + HZ - 1) / HZ;
}

static void responsive_command(const struct lab_settings *settings, const struct lab_step *step,
			       enum lab_form form, struct lab_command *command)
{
	const struct setting *way = &ways[step->at];
	uint64_t us = duration_us(settings->laps);

	lab_word(command, "responsive");
	lab_word(command, "--as");
	lab_word(command, "%s", lab_form_name(form));
	lab_word(command, "--hz");
	lab_word(command, "%d", HZ);
	lab_word(command, "--seconds");
	lab_word(command, "%" PRIu64 ".%06" PRIu64, us / US_PER_SECOND, us % US_PER_SECOND);
	lab_word(command, "--background");
	lab_word(command, "%u", way->background);
	lab_word(command, "--nice");
	lab_word(command, "%u", way->nice);
	lab_word(command, "--cpu");
	lab_word(command, "%d", settings->cpu);
}

static void responsive_setup(const struct lab_settings *settings, char *text, size_t size)
{
	char ticks[UNITS_TEXT_SIZE];

	snprintf(text, size,
		 "%s ticks a run, %d a second, as of a user interface, beside tasks that compute "
		 "without "
		 "end, all on CPU %d",
		 format_count(ticks, sizeof(ticks), settings->laps), HZ, settings->cpu);
}

/* ---- what the trace says ---- */

static enum row_level level_of(enum lab_form form)
{
	return form == LAB_PROCESS ? ROW_PROCESS : ROW_THREAD;
}

/* The tick's tid: the first worker's. */
static bool is_tick(const struct lab_run *run, uint32_t id)
{
	const json_t *first = json_array_get(json_object_get(run->truth, "workers"), 0);
	const json_t *tid = json_object_get(first, "tid");

	return json_integer_value(tid) == (json_int_t)run->report->tasks[id].pid;
}

/* Hand-overs between workers: at another level than the form's; from the background to the tick. */
static void take_pairs(const struct lab_run *run, struct lab_truth *truth, double *taken)
{
	const struct report *report = run->report;

	*taken = 0;
	for (size_t i = 0; i < report->pair_count; i++) {
		const struct switch_pair *pair = &report->pairs[i];

		if (!lab_is_worker_ref(report, run->truth, pair->prev) ||
		    !lab_is_worker_ref(report, run->truth, pair->next) ||
		    pair->level == ROW_EXITING) /* its work is done */
			continue;
		if (pair->level != level_of(run->form))
			truth->wrong_level += pair->count;
		if (is_tick(run, TASK_ID(pair->next)))
			*taken += (double)pair->count;
	}
}

/* The tick's sleeps, and how often others took the CPU from the background. */
static void take_tasks(const struct lab_run *run, double *slept, double *preempted)
{
	const struct report *report = run->report;

	*slept = *preempted = 0;
	for (uint32_t id = 1; id < report->task_count; id++) {
		const struct task_entry *task = &report->tasks[id];

		if (!lab_is_worker(run->truth, task->pid))
			continue;
		if (is_tick(run, id))
			*slept += (double)task->figures.voluntary;
		else
			*preempted += (double)task->figures.preempted;
	}
}

static double created(const struct report *report)
{
	return (double)(report->created[CREATED_PROCESS] + report->created[CREATED_THREAD] +
			report->created[CREATED_VFORK]);
}

/*
 * Creations are exact. The workload counts the tick's sleeps of its timed span; the trace has also those
 * before and after, at the gates, and so at least as many: what it has beyond is not looked at.
 */
static void take_trace(const struct lab_run *run, double tasks, double sleeps, double ticks,
		       struct lab_round *round)
{
	const struct report *report = run->report;
	const struct switch_row *row =
		lab_switch_row(report, level_of(run->form), SWITCH_VIA_DIRECT);
	struct lab_truth *truth = &round->truth[run->form];
	enum created_as as = run->form == LAB_PROCESS ? CREATED_PROCESS : CREATED_THREAD;
	double *value = round->value[run->form], slept, taken;

	*truth = lab_truth_of(report, tasks + sleeps);
	take_pairs(run, truth, &taken);
	take_tasks(run, &slept, &value[PREEMPTED]);
	truth->seen = (uint64_t)llround(created(report) + (slept < sleeps ? slept : sleeps));
	truth->wrong_level += (uint64_t)llround(created(report) - (double)report->created[as]);
	/* once more than there are ticks where it got the CPU at the start as well */
	if (ways[run->step->at].background)
		value[TAKEN] = 100 * fmin(taken / ticks, 1);
	if (!row || ways[run->step->at].background == 0)
		return;
	value[DIRECT] = lab_percentile(&row->direct, 50);
	value[DIRECT_COUNT] = (double)row->direct.count;
}

/* ---- a run ---- */

struct printed {
	double tasks, ticks, p50, p99, max, missed, wait, units, background;
};

static int read_printed(const json_t *truth, struct printed *printed, struct fail *fail)
{
	const struct {
		const char *key;
		double *value;
	} numbers[] = {
		{ "tasks", &printed->tasks },
		{ "expected_ticks", &printed->ticks },
		{ "late_p50_ns", &printed->p50 },
		{ "late_p99_ns", &printed->p99 },
		{ "late_max_ns", &printed->max },
		{ "ticks_missed", &printed->missed },
		{ "units_per_second", &printed->units },
		{ "background", &printed->background },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		int err = lab_number(truth, numbers[i].key, numbers[i].value, fail);

		if (err)
			return err;
	}
	return lab_number_or_null(truth, "tick_wait_ns", &printed->wait, fail);
}

static int responsive_read(const struct lab_run *run, struct lab_round *round, struct fail *fail)
{
	const json_t *tick = json_array_get(json_object_get(run->truth, "workers"), 0);
	double *value = round->value[run->form], sleeps;
	struct printed printed;
	int err = read_printed(run->truth, &printed, fail);

	if (!err)
		err = lab_number(tick, "span.nvcsw", &sleeps, fail);
	if (err)
		return err;
	if (run->report) {
		value[LATE_TRACED] = printed.p50;
		value[LATE_TRACED_P99] = printed.p99;
		take_trace(run, printed.tasks, sleeps, printed.ticks, round);
		return 0;
	}
	value[LATE] = printed.p50;
	value[LATE_P99] = printed.p99;
	value[LATE_MAX] = printed.max;
	value[MISSED] = printed.missed;
	value[WAIT] = printed.wait / printed.ticks;
	if (printed.background > 0)
		value[UNITS] = printed.units;
	return 0;
}

static void responsive_derive(struct lab_round *round)
{
	for (int form = 0; form < LAB_FORMS; form++)
		round->value[form][ADDED] =
			round->value[form][LATE_TRACED] - round->value[form][LATE];
}

/* ---- in words ---- */

static void responsive_outcome(const struct lab_sweep *sweep, const struct lab_settings *settings,
			       char *text, size_t size)
{
	lab_outcome(sweep, &experiment_responsive.rules, settings, "how late a tick is (p50)", text,
		    size);
}

/* What the median says, by outcome. */
static void why_late(const struct lab_series *series, enum lab_verdict verdict, char *text,
		     size_t size)
{
	double gap = series->comparison.row[LATE].difference.point;
	char by[UNITS_TEXT_SIZE], late[UNITS_TEXT_SIZE], bound[UNITS_TEXT_SIZE];

	lab_ns_words(gap, by, sizeof(by));
	lab_ns_words(lab_point(series, LAB_THREAD, LATE), late, sizeof(late));
	switch (verdict) {
	case LAB_SUPPORTED:
	case LAB_CONTRADICTED:
		snprintf(text, size,
			 "With \"%s\" a tick is %s %s late beside a process, of %s beside a thread",
			 series->step.label, by, gap < 0 ? "less" : "more", late);
		break;
	case LAB_NOT_SEEN:
		snprintf(
			text, size,
			"The scheduler knows tasks, not processes: with \"%s\" a tick is %s late "
			"beside a thread, and beside a process no different as far as these rounds "
			"tell (at most %s)",
			series->step.label, late,
			format_percent(bound, sizeof(bound),
				       series->comparison.row[LATE].comparison.bound_percent));
		break;
	case LAB_MIXED:
		snprintf(text, size,
			 "The steps contradict each other, so what decides is not the form; with "
			 "\"%s\" a tick is %s late beside a thread",
			 series->step.label, late);
		break;
	case LAB_UNKNOWN:
		snprintf(text, size,
			 "This takes more rounds to say; so far, with \"%s\", a tick is %s late "
			 "beside a thread",
			 series->step.label, late);
		break;
	}
}

/* What the switch costs that a tick takes the CPU by. */
static void why_direct(const struct lab_series *series, char *text, size_t size)
{
	double process = lab_point(series, LAB_PROCESS, DIRECT);
	double thread = lab_point(series, LAB_THREAD, DIRECT);
	char of_process[UNITS_TEXT_SIZE], of_thread[UNITS_TEXT_SIZE];

	text[0] = '\0';
	if (isfinite(process) && isfinite(thread))
		snprintf(text, size,
			 "; the switch costs %s with page tables to change and %s without, beside "
			 "the timer, the wake-up and the choice of the next task, which are the "
			 "same",
			 lab_ns_words(process, of_process, sizeof(of_process)),
			 lab_ns_words(thread, of_thread, sizeof(of_thread)));
}

/* What the trace says of how a tick comes to the CPU. */
static void why_switch(const struct lab_series *series, const struct lab_settings *settings,
		       char *text, size_t size)
{
	double process = lab_point(series, LAB_PROCESS, TAKEN);
	double thread = lab_point(series, LAB_THREAD, TAKEN);
	char direct[240];

	if (settings->no_trace || !isfinite(process) || !isfinite(thread)) {
		snprintf(text, size, ". How it came to the CPU is not known without a trace.");
		return;
	}
	why_direct(series, direct, sizeof(direct));
	snprintf(text, size,
		 ". In the trace %.0f %% of the ticks took the CPU from the background process "
		 "itself, and %.0f %% from the background thread%s%s.",
		 process, thread,
		 process < MOST || thread < MOST ? " (others came after programs "
						   "of others, or were due already)" :
						   "",
		 direct);
}

/* The ticks that a median does not tell of. */
static void why_missed(const struct lab_series *series, char *text, size_t size)
{
	const struct lab_row *row = &series->comparison.row[MISSED];
	double process = row->form[LAB_PROCESS].point, thread = row->form[LAB_THREAD].point;
	bool differ = row->comparison.verdict == VERDICT_HIGHER ||
		      row->comparison.verdict == VERDICT_LOWER;

	text[0] = '\0';
	if (isfinite(process) && isfinite(thread))
		snprintf(
			text, size,
			" Missed ticks (a median of %.0f a run beside a process, %.0f beside a "
			"thread%s) are of the scheduler's doing, or of other programs on this CPU.",
			process, thread, differ ? "" : "; no difference seen");
}

static const struct lab_series *told(const struct lab_sweep *sweep)
{
	const struct lab_series *most = lab_extreme(sweep, LATE, true);
	const struct lab_series *least = lab_extreme(sweep, LATE, false);

	return sweep->verdict == LAB_CONTRADICTED ? least : most;
}

static void responsive_why(const struct lab_sweep *sweep, const struct lab_settings *settings,
			   char *text, size_t size)
{
	const struct lab_series *series = told(sweep);
	char late[320], of_switch[560], missed[300];

	if (!series) {
		snprintf(text, size, "No tick was timed in both forms.");
		return;
	}
	why_late(series, sweep->verdict, late, sizeof(late));
	why_switch(series, settings, of_switch, sizeof(of_switch));
	why_missed(series, missed, sizeof(missed));
	snprintf(text, size, "%s%s%s", late, of_switch, missed);
}

const struct experiment experiment_responsive = {
	.name = "responsive",
	.claim = "user interfaces react sooner beside threads than beside processes",
	.rules = { .figures = responsive_figures,
		   .figure_count = RESPONSIVE_FIGURES,
		   .headline = LATE,
		   .sense = LAB_PROCESS_HIGHER },
	.laps = TICKS,
	.events = "creations, and sleeps of the tick",
	.steps = responsive_steps,
	.command = responsive_command,
	.read = responsive_read,
	.derive = responsive_derive,
	.setup = responsive_setup,
	.outcome = responsive_outcome,
	.why = responsive_why,
};
