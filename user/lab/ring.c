// SPDX-License-Identifier: GPL-2.0
/*
 * ring.c - the experiment `ring`: two tasks hand a token to and fro by pipe on one CPU, so that
 * every hand-over is one switch between them, at process level or at thread level.
 *
 * Implements experiment.h. The trace gives the cost of the switch itself, the workload's own clock
 * gives the whole hand-over. Called by lab.c through experiments.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "lab/readings.h"

#define TASKS 2
#define LAPS 100000

/*
 * The gate's futex and the last worker to stop add or hide a switch. And when its time is over the
 * kernel preempts a worker in the middle of a hand-over, for the other one, which has nothing to do
 * yet: a switch there and one back that no token asked for. Seen: up to 0.4 per 1000.
 */
#define SLACK_EVENTS 24
#define SLACK_PERMILLE 1

enum ring_figure {
	DIRECT,
	WAIT,
	SHARE,
	CLOCK,
	CLOCK_TRACED,
	ADDED,
	DIRECT_P90, /* from here on raw only */
	DIRECT_P99,
	DIRECT_MEAN,
	DIRECT_COUNT,
	PROBE,
	DROPPED_IN,
	RING_FIGURES,
};

static const struct lab_figure ring_figures[RING_FIGURES] = {
	[DIRECT] = { "direct_p50_ns", "direct cost, p50", LAB_NS, true },
	[WAIT] = { "wait_p50_ns", "wait, p50", LAB_NS, true },
	[SHARE] = { "share_percent", "share of switches", LAB_PERCENT, true },
	[CLOCK] = { "hand_over_ns", "hand-over, untraced", LAB_NS, false },
	[CLOCK_TRACED] = { "hand_over_traced_ns", "hand-over, traced", LAB_NS, true },
	[ADDED] = { "tracing_adds_ns", "tracing adds", LAB_NS_SIGNED, true },
	[DIRECT_P90] = { "direct_p90_ns", NULL, LAB_NS, true },
	[DIRECT_P99] = { "direct_p99_ns", NULL, LAB_NS, true },
	[DIRECT_MEAN] = { "direct_mean_ns", NULL, LAB_NS, true },
	[DIRECT_COUNT] = { "direct_count", NULL, LAB_COUNT, true },
	[PROBE] = { "probe_ns", NULL, LAB_NS, true },
	[DROPPED_IN] = { "foreign_switches", NULL, LAB_COUNT, true },
};

static void ring_command(const struct lab_settings *settings, const struct lab_step *step,
			 enum lab_form form, struct lab_command *command)
{
	(void)step;
	lab_word(command, "ring");
	lab_word(command, "--as");
	lab_word(command, "%s", lab_form_name(form));
	lab_word(command, "--tasks");
	lab_word(command, "%d", TASKS);
	lab_word(command, "--rounds");
	lab_word(command, "%" PRIu64, settings->laps);
	lab_word(command, "--via");
	lab_word(command, "pipe");
	lab_word(command, "--cpu");
	lab_word(command, "%d", settings->cpu);
}

/* ---- what the trace says ---- */

static void take_truth(const struct lab_run *run, double expected, struct lab_round *round)
{
	struct lab_truth *truth = &round->truth[run->form];

	*truth = lab_truth_of(run->report, expected);
	lab_count_switches(run, truth);
	round->value[run->form][DROPPED_IN] = (double)truth->explained;
}

static void take_row(const struct report *report, enum row_level level, double *value)
{
	const struct switch_row *row = lab_switch_row(report, level, SWITCH_VIA_DIRECT);

	if (report->context.probe_ns != NS_UNKNOWN)
		value[PROBE] = (double)report->context.probe_ns;
	if (!row)
		return;
	value[DIRECT] = lab_percentile(&row->direct, 50);
	value[DIRECT_P90] = lab_percentile(&row->direct, 90);
	value[DIRECT_P99] = lab_percentile(&row->direct, 99);
	value[DIRECT_MEAN] = histogram_mean(&row->direct);
	value[DIRECT_COUNT] = (double)row->direct.count;
	if (report->context.wait_known)
		value[WAIT] = lab_percentile(&row->wait, 50);
	value[SHARE] = 100.0 * (double)row->count / (double)report->switches;
}

static int ring_read(const struct lab_run *run, struct lab_round *round, struct fail *fail)
{
	double *value = round->value[run->form];
	double clock = 0, expected = 0;
	int err = lab_number(run->truth, "ns_per_hand_over", &clock, fail);

	if (!err)
		err = lab_number(run->truth, "expected_switches", &expected, fail);
	if (err)
		return err;
	if (!run->report) {
		value[CLOCK] = clock;
		return 0;
	}
	value[CLOCK_TRACED] = clock;
	take_row(run->report, lab_level_of(run->form), value);
	take_truth(run, expected, round);
	return 0;
}

/* One hand-over is one switch. */
static void ring_derive(struct lab_round *round)
{
	for (int form = 0; form < LAB_FORMS; form++)
		round->value[form][ADDED] =
			round->value[form][CLOCK_TRACED] - round->value[form][CLOCK];
}

/* ---- in words ---- */

static void ring_setup(const struct lab_settings *settings, char *text, size_t size)
{
	char laps[UNITS_TEXT_SIZE];

	snprintf(text, size, "%d tasks hand a token to and fro by pipe on CPU %d, %s laps a run",
		 TASKS, settings->cpu, format_count(laps, sizeof(laps), settings->laps));
}

/* "375 ns against 302 ns" */
static void both(const struct lab_row *row, char *text, size_t size)
{
	char process[UNITS_TEXT_SIZE], thread[UNITS_TEXT_SIZE];

	snprintf(text, size, "%s against %s",
		 lab_ns_words(row->form[LAB_PROCESS].point, process, sizeof(process)),
		 lab_ns_words(row->form[LAB_THREAD].point, thread, sizeof(thread)));
}

static void ring_outcome(const struct lab_sweep *sweep, const struct lab_settings *settings,
			 char *text, size_t size)
{
	const struct lab_comparison *comparison = &sweep->series[0].comparison;
	const struct lab_row *row = &comparison->row[DIRECT];
	const struct comparison *c = &row->comparison;
	char costs[96], bound[UNITS_TEXT_SIZE], lacks[96];
	int digits = lab_ratio_digits(&c->ratio);

	both(row, costs, sizeof(costs));
	switch (comparison->verdict) {
	case LAB_SUPPORTED:
	case LAB_CONTRADICTED:
		snprintf(text, size,
			 "a switch between processes costs %.*f times what one between threads "
			 "costs (95 %% interval %.*f to %.*f): %s",
			 digits, c->ratio.point, digits, c->ratio.low, digits, c->ratio.high,
			 costs);
		break;
	case LAB_NOT_SEEN:
		snprintf(text, size,
			 "processes and threads differ by at most %s in the cost of a switch (95 "
			 "%% interval of the ratio %.*f to %.*f): %s",
			 format_percent(bound, sizeof(bound), c->bound_percent), digits,
			 c->ratio.low, digits, c->ratio.high, costs);
		break;
	case LAB_MIXED:
	case LAB_UNKNOWN:
		if (!row->rounds)
			snprintf(text, size, "the cost of the switch itself was not measured%s%s",
				 settings->no_trace ? ", since nothing was traced" : ": ",
				 settings->no_trace  ? "" :
				 settings->no_direct ? settings->no_direct :
						       "no switch was seen");
		else
			snprintf(text, size, "%s (%s so far)",
				 lab_row_lacks(row, lacks, sizeof(lacks)), costs);
		break;
	}
}

/* The wall clock's word on the same claim, as the end of a sentence. */
static void clock_says(const struct lab_comparison *comparison, char *text, size_t size)
{
	const struct comparison *c = &comparison->row[CLOCK].comparison;
	char bound[UNITS_TEXT_SIZE];

	switch (c->verdict) {
	case VERDICT_NO_DIFFERENCE:
		snprintf(text, size, ", so the wall clock alone shows no difference (at most %s)",
			 format_percent(bound, sizeof(bound), c->bound_percent));
		break;
	case VERDICT_HIGHER:
	case VERDICT_LOWER:
		snprintf(text, size, "; the wall clock alone makes processes %.1f %% %s",
			 100 * fabs(c->ratio.point - 1),
			 c->verdict == VERDICT_HIGHER ? "slower" : "faster");
		break;
	case VERDICT_UNKNOWN:
		text[0] = '\0';
		break;
	}
}

static void why_levels(const struct lab_tally *tally, char *text, size_t size)
{
	char wrong[UNITS_TEXT_SIZE];

	if (!tally->total.wrong_level)
		snprintf(text, size,
			 "The trace saw the page tables change at every switch between the two "
			 "processes and at none between the two threads");
	else
		snprintf(text, size,
			 "The trace saw the page tables change at the switches between the two "
			 "processes and not between the two threads, but for %s switch%s",
			 format_count(wrong, sizeof(wrong), tally->total.wrong_level),
			 tally->total.wrong_level == 1 ? "" : "es");
}

/* The measured cause, by outcome. */
static void why_cost(const struct lab_comparison *comparison, char *text, size_t size)
{
	const struct lab_row *direct = &comparison->row[DIRECT];
	double gap = direct->form[LAB_PROCESS].point - direct->form[LAB_THREAD].point;
	double whole = comparison->row[CLOCK].form[LAB_PROCESS].point;
	char gap_text[UNITS_TEXT_SIZE];

	lab_ns_words(gap, gap_text, sizeof(gap_text));
	switch (comparison->verdict) {
	case LAB_SUPPORTED:
		snprintf(text, size,
			 "that is the only difference between the two forms, and the extra %s are "
			 "its price: loading other page tables and finding fewer translations in "
			 "the TLB. They are %.1f %% of a whole hand-over",
			 gap_text, 100 * gap / whole);
		break;
	case LAB_NOT_SEEN:
		snprintf(text, size,
			 "here that change costs too little to be told apart: a CPU that tags its "
			 "TLB entries by address space need not flush them");
		break;
	case LAB_CONTRADICTED:
		snprintf(text, size,
			 "yet it is the switch between threads that costs %s more; changing page "
			 "tables is not what costs here",
			 gap_text);
		break;
	case LAB_MIXED:
	case LAB_UNKNOWN:
		snprintf(text, size, "what that costs takes more rounds to say");
		break;
	}
}

static void ring_why(const struct lab_sweep *sweep, const struct lab_settings *settings, char *text,
		     size_t size)
{
	const struct lab_comparison *comparison = &sweep->series[0].comparison;
	char levels[256], cost[256], clock[160], whole[UNITS_TEXT_SIZE];

	clock_says(comparison, clock, sizeof(clock));
	lab_ns_words(comparison->row[CLOCK].form[LAB_PROCESS].point, whole, sizeof(whole));
	if (settings->no_trace || !comparison->row[DIRECT].rounds) {
		snprintf(text, size,
			 "Without the cost of the switch itself there is only the whole hand-over: "
			 "%s of system calls, wake-up, choice of the next task and switch%s.",
			 whole, clock);
		return;
	}
	why_levels(&comparison->tally, levels, sizeof(levels));
	why_cost(comparison, cost, sizeof(cost));
	snprintf(
		text, size,
		"%s; %s. A hand-over takes %s with its system calls, its wake-up and the choice of "
		"the next task, which are the same in both forms%s.",
		levels, cost, whole, clock);
}

const struct experiment experiment_ring = {
	.name = "ring",
	.claim = "switching between processes costs more than between threads",
	.rules = { .figures = ring_figures,
		   .figure_count = RING_FIGURES,
		   .headline = DIRECT,
		   .slack = { SLACK_EVENTS, SLACK_PERMILLE } },
	.laps = LAPS,
	.events = "switches between the two workers",
	.command = ring_command,
	.read = ring_read,
	.derive = ring_derive,
	.setup = ring_setup,
	.outcome = ring_outcome,
	.why = ring_why,
};
