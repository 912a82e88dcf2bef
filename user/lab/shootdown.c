// SPDX-License-Identifier: GPL-2.0
/*
 * shootdown.c - the experiment `shootdown`: task 0 takes rights away from pages of its own while its
 * sibling computes on another CPU, which is interrupted to forget these pages, or is not.
 *
 * Implements experiment.h. The trace counts the interrupts that task 0 sent and the time that they
 * took of its sibling; the workload's clock says what a round took and how far the sibling got.
 * Called by lab.c through experiments.c.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "lab/readings.h"

#define TASKS 2
#define ROUNDS 10000 /* of a run */

enum shootdown_figure {
	SENT,
	CLOCK,
	CLOCK_TRACED,
	ADDED,
	SIBLING,
	IN_INTERRUPTS,
	SIBLING_TRACED, /* from here on raw only */
	RECEIVED,
	SENT_COUNT,
	SHOOTDOWN_FIGURES,
};

static const struct lab_figure shootdown_figures[SHOOTDOWN_FIGURES] = {
	[SENT] = { "sent_per_1000_requests", "interrupts sent per 1000 requests", LAB_COUNT, true,
		   true },
	[CLOCK] = { "round_ns", "a round, untraced", LAB_NS, false },
	[CLOCK_TRACED] = { "round_traced_ns", "a round, traced", LAB_NS, true },
	[ADDED] = { "tracing_adds_ns", "tracing adds to a round", LAB_NS_SIGNED, true, true },
	[SIBLING] = { "sibling_loops_per_ms", "sibling's loops in a ms, untraced", LAB_COUNT,
		      false },
	[IN_INTERRUPTS] = { "sibling_interrupted_ns", "of a round, sibling spends in interrupts",
			    LAB_NS, true, true },
	[SIBLING_TRACED] = { "sibling_loops_traced_per_ms", NULL, LAB_COUNT, true },
	[RECEIVED] = { "received_per_1000_requests", NULL, LAB_COUNT, true, true },
	[SENT_COUNT] = { "sent_count", NULL, LAB_COUNT, true, true },
};

static size_t shootdown_steps(const struct lab_settings *settings, struct lab_step *steps)
{
	static const char *const ways[] = { "munmap", "mprotect", "dontneed" };
	size_t count = sizeof(ways) / sizeof(ways[0]);

	for (size_t i = 0; i < count; i++) {
		snprintf(steps[i].label, sizeof(steps[i].label), "%s", ways[i]);
		steps[i].at = i;
		if (settings->cpus < 2)
			snprintf(steps[i].skipped, sizeof(steps[i].skipped),
				 "one CPU may be used, so there is no other to interrupt");
	}
	return count;
}

static void shootdown_command(const struct lab_settings *settings, const struct lab_step *step,
			      enum lab_form form, struct lab_command *command)
{
	lab_word(command, "shootdown");
	lab_word(command, "--as");
	lab_word(command, "%s", lab_form_name(form));
	lab_word(command, "--tasks");
	lab_word(command, "%d", TASKS);
	lab_word(command, "--by");
	lab_word(command, "%s", step->label);
	lab_word(command, "--rounds");
	lab_word(command, "%" PRIu64, settings->laps);
	lab_word(command, "--cpu");
	lab_word(command, "spread");
}

/* ---- what a run says ---- */

struct account {
	double round_ns, sibling_loops, requests, rounds, faults;
};

static int read_account(const json_t *truth, struct account *account, struct fail *fail)
{
	double warm_up = 0;
	int err = lab_number(truth, "ns_per_round", &account->round_ns, fail);

	if (!err)
		err = lab_number_or_null(truth, "sibling_loops_per_ms", &account->sibling_loops,
					 fail);
	if (!err)
		err = lab_number(truth, "expected_requests", &account->requests, fail);
	if (!err)
		err = lab_number(truth, "expected_minor_faults", &account->faults, fail);
	if (!err)
		err = lab_number(truth, "rounds", &account->rounds, fail);
	if (!err)
		err = lab_number(truth, "warm_up_rounds", &warm_up, fail);
	account->rounds += warm_up;
	return err;
}

/* What task 0 itself sent, so that the creation and the end of the tasks are not in it. */
static void take_shootdowns(const struct lab_run *run, const struct account *account, double *value)
{
	const struct task_entry *shooter = lab_worker_task(run->report, run->truth, 0);
	const struct task_entry *sibling = lab_worker_task(run->report, run->truth, 1);

	if (!run->report->context.shootdowns_measured)
		return;
	if (shooter && shooter->ended) {
		value[SENT_COUNT] = (double)shooter->account.tlb.sent;
		value[SENT] = 1000 * value[SENT_COUNT] / account->requests;
	}
	if (!sibling || !sibling->ended)
		return;
	value[RECEIVED] = 1000 * (double)sibling->account.tlb.received / account->requests;
	if (run->report->context.shot_time)
		value[IN_INTERRUPTS] = (double)sibling->account.tlb.received_ns / account->rounds;
}

/*
 * How many shootdowns there are is the kernel's to choose. What the workload promises is a minor
 * fault of task 0 for each timed round that writes to a fresh page; its start, its warm-up and its
 * end add some, so that more is no difference.
 */
static void take_truth(const struct lab_run *run, double faults, struct lab_truth *truth)
{
	const struct task_entry *shooter = lab_worker_task(run->report, run->truth, 0);

	*truth = lab_truth_of(run->report, faults);
	if (shooter)
		truth->seen = shooter->figures.minor;
	if (truth->seen > truth->expected)
		truth->seen = truth->expected;
}

static int shootdown_read(const struct lab_run *run, struct lab_round *round, struct fail *fail)
{
	double *value = round->value[run->form];
	struct account account = { 0 };
	int err = read_account(run->truth, &account, fail);

	if (err)
		return err;
	value[run->report ? CLOCK_TRACED : CLOCK] = account.round_ns;
	value[run->report ? SIBLING_TRACED : SIBLING] = account.sibling_loops;
	if (!run->report)
		return 0;
	take_shootdowns(run, &account, value);
	take_truth(run, account.faults, &round->truth[run->form]);
	return 0;
}

static void shootdown_derive(struct lab_round *round)
{
	for (int form = 0; form < LAB_FORMS; form++)
		round->value[form][ADDED] =
			round->value[form][CLOCK_TRACED] - round->value[form][CLOCK];
}

/* ---- in words ---- */

static void shootdown_setup(const struct lab_settings *settings, char *text, size_t size)
{
	char rounds[UNITS_TEXT_SIZE];

	snprintf(text, size,
		 "A task takes rights away from pages of its own %s times a run (mprotect twice as "
		 "often), while a sibling only computes, on another CPU",
		 format_count(rounds, sizeof(rounds), settings->laps));
}

static void shootdown_outcome(const struct lab_sweep *sweep, const struct lab_settings *settings,
			      char *text, size_t size)
{
	const struct lab_rules *rules = &experiment_shootdown.rules;
	char steps[240], unknown[160];

	lab_steps_words(sweep, rules->figures, SENT, steps, sizeof(steps));
	switch (sweep->verdict) {
	case LAB_SUPPORTED:
	case LAB_MIXED:
		snprintf(text, size,
			 "interrupts to the sibling's CPU per 1000 requests, as processes against "
			 "as threads: %s",
			 steps);
		break;
	case LAB_NOT_SEEN:
		snprintf(text, size,
			 "processes and threads do not differ in the interrupts that 1000 requests "
			 "send to the sibling's CPU: %s",
			 steps);
		break;
	case LAB_CONTRADICTED:
		snprintf(text, size,
			 "1000 requests sent more interrupts between processes than between "
			 "threads: %s",
			 steps);
		break;
	case LAB_UNKNOWN:
		snprintf(text, size, "%s",
			 lab_unknown_words(sweep, rules, settings, unknown, sizeof(unknown)));
		break;
	}
}

/* The step with the widest gap between the forms; NULL: none has one. */
static const struct lab_series *widest(const struct lab_sweep *sweep)
{
	const struct lab_series *found = NULL;
	double most = -1;

	for (size_t i = 0; i < sweep->steps; i++) {
		double gap = fabs(lab_point(&sweep->series[i], LAB_PROCESS, SENT) -
				  lab_point(&sweep->series[i], LAB_THREAD, SENT));

		if (sweep->series[i].step.skipped[0] || !(gap > most))
			continue;
		found = &sweep->series[i];
		most = gap;
	}
	return found;
}

/* "25 us as threads, 18 us as processes", and whether that is a difference. */
static void clock_words(const struct lab_series *series, size_t figure, char *text, size_t size)
{
	const struct comparison *c = &series->comparison.row[figure].comparison;
	enum lab_unit unit = shootdown_figures[figure].unit;
	char process[UNITS_TEXT_SIZE], thread[UNITS_TEXT_SIZE];

	lab_value_words(unit, lab_point(series, LAB_PROCESS, figure), process, sizeof(process));
	lab_value_words(unit, lab_point(series, LAB_THREAD, figure), thread, sizeof(thread));
	snprintf(text, size, "%s as threads, %s as processes%s", thread, process,
		 c->verdict == VERDICT_NO_DIFFERENCE ? " (too noisy here to tell apart)" : "");
}

/* What the sibling pays, from the trace: "; the sibling spends 1.2 us in one of them". */
static void price_words(const struct lab_series *series, char *text, size_t size)
{
	double interrupted = lab_point(series, LAB_THREAD, IN_INTERRUPTS);
	char ns[UNITS_TEXT_SIZE];

	text[0] = '\0';
	if (isfinite(interrupted) && interrupted > 0)
		snprintf(text, size,
			 ", and the trace saw it spend %s of every round in these interrupts, "
			 "their own entry and exit not counted",
			 lab_ns_words(interrupted, ns, sizeof(ns)));
}

static void why_supported(const struct lab_series *series, char *text, size_t size)
{
	char round[160], sibling[160], price[160];

	clock_words(series, CLOCK, round, sizeof(round));
	clock_words(series, SIBLING, sibling, sizeof(sibling));
	price_words(series, price, sizeof(price));
	snprintf(text, size,
		 "Threads share one set of page tables, so a CPU that runs one of them may still "
		 "hold what a page of any other was, and is interrupted to forget it, though this "
		 "sibling never touched the page%s. A process's own pages are in no other set, and "
		 "nobody need be asked. A request asks only CPUs that run in the address space "
		 "just then: fewer when others use them. By the untraced clock, with %s, a round "
		 "took %s; the sibling did in each ms of its time, in loops: %s.",
		 price, series->step.label, round, sibling);
}

static void shootdown_why(const struct lab_sweep *sweep, const struct lab_settings *settings,
			  char *text, size_t size)
{
	const struct lab_series *series = widest(sweep);
	char round[160];

	if (settings->cpus < 2 || !sweep->done) {
		snprintf(text, size,
			 "A shootdown is an interrupt from one CPU to another; with one CPU to use "
			 "there are none, in either form.");
		return;
	}
	if (settings->no_trace || !series) {
		clock_words(&sweep->series[0], CLOCK, round, sizeof(round));
		snprintf(text, size,
			 "Without the trace nobody counts the interrupts. By the clock alone, with "
			 "%s, a round took %s.",
			 sweep->series[0].step.label, round);
		return;
	}
	switch (sweep->verdict) {
	case LAB_SUPPORTED:
	case LAB_MIXED:
		why_supported(series, text, size);
		break;
	case LAB_NOT_SEEN:
		snprintf(text, size,
			 "Hardly a request found the sibling's CPU in the address space of task 0. "
			 "Either they seldom ran at one time, because others used the CPUs, or "
			 "the CPUs broadcast flushes in hardware, without interrupts (arm64; AMD's "
			 "INVLPGB).");
		break;
	case LAB_CONTRADICTED:
		snprintf(text, size,
			 "Only what task 0 itself sent is counted, so its creation and its end "
			 "are not the cause. The trace does not say more; --json has every run.");
		break;
	case LAB_UNKNOWN:
		snprintf(text, size, "It takes more rounds to say.");
		break;
	}
}

const struct experiment experiment_shootdown = {
	.name = "shootdown",
	.claim = "threads make each other flush TLBs, processes do not",
	.rules = { .figures = shootdown_figures,
		   .figure_count = SHOOTDOWN_FIGURES,
		   .headline = SENT,
		   .sense = LAB_THREAD_HIGHER },
	.trace = { .faults = true, .shootdowns = true },
	.laps = ROUNDS,
	.events = "minor faults of the task that takes rights away",
	.steps = shootdown_steps,
	.command = shootdown_command,
	.read = shootdown_read,
	.derive = shootdown_derive,
	.setup = shootdown_setup,
	.outcome = shootdown_outcome,
	.why = shootdown_why,
};
