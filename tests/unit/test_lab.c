// SPDX-License-Identifier: GPL-2.0
/*
 * test_lab.c - the lab's pure parts on made-up rounds: comparison, verdict, ground truth, order of
 * the runs, the ring experiment's reading of a report, and both outputs. No tracer, no root.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/quote.h"
#include "lab/lab.h"
#include "lab/progress.h"
#include "output/lab.h"

#define ROUNDS 11

static const struct lab_slack slack = { .events = 10 };
static const struct lab_slack no_slack = { 0 };

/* Rounds with one figure: base times a noise of about 1 %, the process side times factor. */
static void make_rounds(struct lab_round *rounds, size_t count, double base, double factor)
{
	struct stats_random random;

	stats_random_seed(&random, 42);
	for (size_t i = 0; i < count; i++) {
		lab_round_init(&rounds[i]);
		for (int form = 0; form < LAB_FORMS; form++) {
			double noise = (double)stats_random_below(&random, 2001) / 1000 - 1;

			rounds[i].value[form][0] =
				base * (1 + 0.01 * noise) * (form == LAB_PROCESS ? factor : 1);
			rounds[i].truth[form] = (struct lab_truth){
				.known = true, .expected = 1000, .seen = 1000, .reconciled = true
			};
		}
	}
}

static const struct lab_figure made_up_figures[] = { { "one_ns", "one", LAB_NS, false, false },
						     { "two_ns", "two", LAB_NS, false, false } };

/* Of an experiment with one step. */
static struct lab_comparison compare_rounds(struct lab_round *rounds, size_t count,
					    const struct lab_rules *rules)
{
	struct lab_sweep sweep = { .steps = 1, .done = count };

	sweep.series[0].round = rounds;
	assert_int_equal(lab_compare(&sweep, rules), 0);
	assert_int_equal(sweep.verdict, sweep.series[0].comparison.verdict);
	assert_memory_equal(&sweep.tally, &sweep.series[0].comparison.tally, sizeof(sweep.tally));
	return sweep.series[0].comparison;
}

static const struct lab_rules two_figures = { .figures = made_up_figures,
					      .figure_count = 2,
					      .slack = { .events = 10 } };

static struct lab_comparison compare(double factor, size_t count)
{
	struct lab_round rounds[ROUNDS];

	make_rounds(rounds, count, 300, factor);
	return compare_rounds(rounds, count, &two_figures);
}

static void assert_words(const struct lab_row *row, const char *words)
{
	char text[64];

	assert_string_equal(lab_row_words(row, text, sizeof(text)), words);
}

/* ---- the comparison ---- */

static void same_is_not_seen(void **state)
{
	struct lab_comparison comparison = compare(1, ROUNDS);
	const struct comparison *c = &comparison.row[0].comparison;
	char text[64];

	(void)state;
	assert_int_equal(comparison.verdict, LAB_NOT_SEEN);
	assert_string_equal(lab_verdict_words(comparison.verdict), "not seen");
	assert_int_equal(comparison.row[0].rounds, ROUNDS);
	assert_true(c->bound_percent > 0 && c->bound_percent < 2);
	assert_non_null(strstr(lab_row_words(&comparison.row[0], text, sizeof(text)), "within "));
	assert_string_equal(lab_row_lacks(&comparison.row[0], text, sizeof(text)), "");
}

/* One and the same value on both sides: nothing could be more alike. */
static void identical_is_alike(void **state)
{
	struct lab_round rounds[ROUNDS];
	struct lab_comparison comparison;

	(void)state;
	make_rounds(rounds, ROUNDS, 300, 1);
	for (size_t i = 0; i < ROUNDS; i++)
		rounds[i].value[LAB_PROCESS][0] = rounds[i].value[LAB_THREAD][0];
	comparison = compare_rounds(rounds, ROUNDS, &two_figures);
	assert_int_equal(comparison.verdict, LAB_NOT_SEEN);
	assert_words(&comparison.row[0], "alike to 0.1 %");
}

static void higher_is_supported(void **state)
{
	struct lab_comparison comparison = compare(1.25, ROUNDS);
	const struct interval *ratio = &comparison.row[0].comparison.ratio;

	(void)state;
	assert_int_equal(comparison.verdict, LAB_SUPPORTED);
	assert_true(ratio->low > 1.2 && ratio->low <= 1.25 && ratio->high >= 1.25 &&
		    ratio->high < 1.3);
	assert_true(comparison.row[0].form[LAB_PROCESS].point > 360);
	assert_true(comparison.row[0].form[LAB_THREAD].point < 310);
	assert_words(&comparison.row[0], "higher");
}

static void lower_is_contradicted(void **state)
{
	struct lab_comparison comparison = compare(0.8, ROUNDS);

	(void)state;
	assert_int_equal(comparison.verdict, LAB_CONTRADICTED);
	assert_string_equal(lab_verdict_words(comparison.verdict), "contradicted here");
	assert_string_equal(lab_verdict_name(comparison.verdict), "contradicted");
	assert_words(&comparison.row[0], "lower");
}

static void few_rounds_are_unknown(void **state)
{
	struct lab_comparison comparison = compare(1.25, STATS_MIN_SAMPLE - 1);
	char text[64];

	(void)state;
	assert_int_equal(comparison.verdict, LAB_UNKNOWN);
	/* but the medians and the ratio so far are there */
	assert_true(isfinite(comparison.row[0].form[LAB_PROCESS].point));
	assert_true(isfinite(comparison.row[0].comparison.ratio.point));
	assert_true(isnan(comparison.row[0].comparison.ratio.low));
	assert_words(&comparison.row[0], "–");
	assert_string_equal(lab_row_lacks(&comparison.row[0], text, sizeof(text)),
			    "5 rounds; an interval needs 6");
	assert_int_equal(compare(1.25, STATS_MIN_SAMPLE).verdict, LAB_SUPPORTED);
	assert_int_equal(compare(1.25, 0).verdict, LAB_UNKNOWN);
}

static void unmeasured_is_unknown(void **state)
{
	struct lab_comparison comparison = compare(1.25, ROUNDS);
	char text[64];

	(void)state;
	assert_int_equal(comparison.row[1].rounds, 0);
	assert_true(isnan(comparison.row[1].form[LAB_PROCESS].point));
	assert_string_equal(lab_row_lacks(&comparison.row[1], text, sizeof(text)), "not measured");
}

/* A difference may be negative: it is reported as such, without a ratio. */
static void negative_has_no_ratio(void **state)
{
	struct lab_round rounds[ROUNDS];
	struct lab_comparison comparison;
	char text[64];

	(void)state;
	make_rounds(rounds, ROUNDS, -40, 1.5);
	comparison = compare_rounds(rounds, ROUNDS, &two_figures);
	assert_int_equal(comparison.verdict, LAB_UNKNOWN);
	assert_int_equal(comparison.row[0].rounds, ROUNDS);
	assert_true(comparison.row[0].form[LAB_PROCESS].point < -55);
	assert_non_null(strstr(lab_row_lacks(&comparison.row[0], text, sizeof(text)), "not above"));
}

/* What may be 0 or negative is compared by its difference. */
static void difference_decides_where_asked_for(void **state)
{
	static const struct lab_figure by_difference = { "n_count", "n", LAB_COUNT, false, true };
	struct lab_rules rules = { .figures = &by_difference, .figure_count = 1 };
	struct lab_round rounds[ROUNDS];
	struct lab_comparison comparison;

	(void)state;
	make_rounds(rounds, ROUNDS, 300, 1);
	for (size_t i = 0; i < ROUNDS; i++) {
		rounds[i].value[LAB_PROCESS][0] = 0;
		rounds[i].value[LAB_THREAD][0] = 20000 + (double)i;
	}
	comparison = compare_rounds(rounds, ROUNDS, &rules);
	assert_int_equal(comparison.verdict, LAB_CONTRADICTED);
	assert_true(comparison.row[0].difference.point == -20005);
	assert_true(isnan(comparison.row[0].comparison.ratio.point));
	assert_words(&comparison.row[0], "lower");
	rules.sense = LAB_THREAD_HIGHER;
	assert_int_equal(compare_rounds(rounds, ROUNDS, &rules).verdict, LAB_SUPPORTED);
	for (size_t i = 0; i < ROUNDS; i++)
		rounds[i].value[LAB_THREAD][0] = 0;
	comparison = compare_rounds(rounds, ROUNDS, &rules);
	assert_int_equal(comparison.verdict, LAB_NOT_SEEN);
	assert_true(comparison.p == 1);
	assert_words(&comparison.row[0], "not different");
}

/* ---- several steps ---- */

/* A sweep with these factors, one per step; freed by the caller of sweep_free(). */
static void make_sweep(struct lab_sweep *sweep, const double *factors, size_t steps, size_t done)
{
	memset(sweep, 0, sizeof(*sweep));
	sweep->steps = steps;
	sweep->done = done;
	for (size_t i = 0; i < steps; i++) {
		struct lab_series *series = &sweep->series[i];

		series->round = calloc(ROUNDS, sizeof(*series->round));
		assert_non_null(series->round);
		snprintf(series->step.label, sizeof(series->step.label), "step %zu", i);
		make_rounds(series->round, done, 300, factors[i]);
	}
}

static void sweep_free(struct lab_sweep *sweep)
{
	for (size_t i = 0; i < sweep->steps; i++)
		free(sweep->series[i].round);
}

static enum lab_verdict verdict_of(const double *factors, size_t steps, size_t done)
{
	struct lab_sweep sweep;

	make_sweep(&sweep, factors, steps, done);
	assert_int_equal(lab_compare(&sweep, &two_figures), 0);
	sweep_free(&sweep);
	return sweep.verdict;
}

static void claim_covers_all_steps(void **state)
{
	(void)state;
	assert_int_equal(verdict_of((double[]){ 1.2, 1.3, 1.4 }, 3, ROUNDS), LAB_SUPPORTED);
	assert_int_equal(verdict_of((double[]){ 1, 1.3, 1 }, 3, ROUNDS), LAB_SUPPORTED);
	assert_int_equal(verdict_of((double[]){ 1, 0.7, 1 }, 3, ROUNDS), LAB_CONTRADICTED);
	assert_int_equal(verdict_of((double[]){ 1.3, 0.7, 1 }, 3, ROUNDS), LAB_MIXED);
	assert_int_equal(verdict_of((double[]){ 1, 1, 1 }, 3, ROUNDS), LAB_NOT_SEEN);
	assert_int_equal(verdict_of((double[]){ 1.3, 1.3 }, 2, 3), LAB_UNKNOWN);
}

/* With 6 rounds p is 2/64 at best: enough for one step, not for two of which either could be chance. */
static void many_steps_need_more_rounds(void **state)
{
	(void)state;
	assert_int_equal(verdict_of((double[]){ 1.3 }, 1, 6), LAB_SUPPORTED);
	assert_int_equal(verdict_of((double[]){ 1.3, 1.3 }, 2, 6), LAB_NOT_SEEN);
	assert_int_equal(verdict_of((double[]){ 1.3, 1.3, 1.3 }, 3, 7), LAB_SUPPORTED);
	assert_int_equal(verdict_of((double[]){ 1.3, 1.3, 1.3, 1.3 }, 4, 7), LAB_NOT_SEEN);
}

static void aside_and_skipped_do_not_count(void **state)
{
	struct lab_sweep sweep;

	(void)state;
	make_sweep(&sweep, (double[]){ 1.3, 0.7, 1.3 }, 3, ROUNDS);
	sweep.series[1].step.aside = true;
	strcpy(sweep.series[2].step.skipped, "no memory for it");
	assert_int_equal(lab_compare(&sweep, &two_figures), 0);
	assert_int_equal(sweep.verdict, LAB_SUPPORTED);
	assert_int_equal(sweep.series[1].comparison.verdict, LAB_CONTRADICTED);
	assert_int_equal(sweep.series[2].comparison.verdict, LAB_UNKNOWN);
	assert_int_equal(sweep.series[2].comparison.row[0].rounds, 0);
	assert_int_equal(sweep.tally.rounds, 2 * ROUNDS);
	sweep_free(&sweep);
}

/* An interval that excludes 1 must not read as if it held it. */
static void digits_show_what_decides(void **state)
{
	(void)state;
	assert_int_equal(lab_ratio_digits(&(struct interval){ 1.22, 1.25, 1.24 }), 2);
	assert_int_equal(lab_ratio_digits(&(struct interval){ 0.96, 0.998, 0.99 }), 3);
	assert_int_equal(lab_ratio_digits(&(struct interval){ 1.241, 1.249, 1.245 }), 3);
	assert_int_equal(lab_ratio_digits(&(struct interval){ NAN, NAN, 1.24 }), 2);
}

/* ---- ground truth ---- */

static void truth_is_exact_up_to_what_is_explained(void **state)
{
	struct lab_truth truth = { .known = true, .expected = 1000, .reconciled = true };

	(void)state;
	truth.seen = 1000 + slack.events;
	assert_true(lab_truth_holds(&truth, slack));
	truth.seen = 1000 + slack.events + 1;
	assert_false(lab_truth_holds(&truth, slack));
	truth.seen = 1000 - slack.events - 3;
	assert_false(lab_truth_holds(&truth, slack));
	truth.explained = 3;
	assert_true(lab_truth_holds(&truth, slack));
	truth.seen = 1000 + 2;
	assert_true(lab_truth_holds(&truth, (struct lab_slack){ .permille = 2 }));
	assert_false(lab_truth_holds(&truth, (struct lab_slack){ .permille = 1 }));
}

static void truth_needs_trace_levels_and_counters(void **state)
{
	const struct lab_truth good = {
		.known = true, .expected = 1000, .seen = 1000, .reconciled = true
	};
	struct lab_truth truth = good;

	(void)state;
	assert_true(lab_truth_holds(&truth, no_slack));
	truth.wrong_level = 1;
	assert_false(lab_truth_holds(&truth, slack));
	truth = good;
	truth.lost = 1;
	assert_false(lab_truth_holds(&truth, slack));
	truth = good;
	truth.reconciled = false;
	assert_false(lab_truth_holds(&truth, slack));
	truth = good;
	truth.known = false;
	assert_false(lab_truth_holds(&truth, slack));
}

static void tally_counts_rounds_and_sums(void **state)
{
	struct lab_round rounds[ROUNDS];
	struct lab_comparison comparison;

	(void)state;
	make_rounds(rounds, ROUNDS, 300, 1);
	rounds[3].truth[LAB_THREAD].wrong_level = 2;
	rounds[5].truth[LAB_PROCESS].reconciled = false;
	rounds[7].truth[LAB_PROCESS].known = false;
	comparison = compare_rounds(rounds, ROUNDS, &two_figures);
	assert_int_equal(comparison.tally.rounds, ROUNDS - 1);
	assert_int_equal(comparison.tally.equal, ROUNDS - 3);
	assert_int_equal(comparison.tally.total.expected, 2 * 1000 * (ROUNDS - 1));
	assert_int_equal(comparison.tally.total.wrong_level, 2);
	assert_false(comparison.tally.total.reconciled);
}

/* ---- order of the runs, progress ---- */

static void shuffle_is_a_permutation_by_seed(void **state)
{
	unsigned int first[LAB_SLOTS] = { 0 };
	struct stats_random random, same;

	(void)state;
	stats_random_seed(&random, 7);
	stats_random_seed(&same, 7);
	for (int i = 0; i < 4000; i++) {
		uint8_t order[LAB_SLOTS], again[LAB_SLOTS];
		unsigned int seen = 0;

		assert_int_equal(lab_shuffle(&random, true, order), LAB_SLOTS);
		for (size_t j = 0; j < LAB_SLOTS; j++)
			seen |= 1u << order[j];
		assert_int_equal(seen, (1u << LAB_SLOTS) - 1);
		first[order[0]]++;
		lab_shuffle(&same, true, again);
		assert_memory_equal(order, again, sizeof(order));
	}
	for (size_t slot = 0; slot < LAB_SLOTS; slot++)
		assert_in_range(first[slot], 850, 1150);
}

static void without_trace_only_the_clock_runs(void **state)
{
	struct stats_random random;
	uint8_t order[LAB_SLOTS];

	(void)state;
	stats_random_seed(&random, 7);
	assert_int_equal(lab_shuffle(&random, false, order), LAB_FORMS);
	for (size_t i = 0; i < LAB_FORMS; i++)
		assert_int_equal(order[i] % LAB_MODES, LAB_UNTRACED);
}

static void progress_tells_round_and_time(void **state)
{
	struct progress progress = { .name = "responsive", .rounds = 1000, .steps = 4004 };
	char text[256];

	(void)state;
	progress_line(&progress, 0, 0, text, sizeof(text));
	assert_non_null(strstr(text, "warm-up"));
	assert_null(strstr(text, "left"));
	progress.done = 1001;
	progress_line(&progress, 1000, 10 * UINT64_C(1000000000), text, sizeof(text));
	assert_non_null(strstr(text, "round 1000 of 1000"));
	assert_non_null(strstr(text, " 30 s left"));
	progress.done = 10;
	progress_line(&progress, 3, 10 * UINT64_C(1000000000), text, sizeof(text));
	assert_non_null(strstr(text, "66 min 34 s left"));
	assert_true(quote_columns(text) < 80);
}

/* ---- ring ---- */

static void ring_takes_its_arguments(void **state)
{
	const struct lab_settings settings = { .laps = 4000000000, .cpu = 3 };
	const struct lab_step step = { .label = "" };
	struct lab_command command = { .argv = { "tasktax-demo" } };
	const char *expected[] = {
		"tasktax-demo", "ring",	      "--as",  "thread", "--tasks", "2",
		"--rounds",	"4000000000", "--via", "pipe",	 "--cpu",   "3"
	};
	size_t i;

	(void)state;
	experiment_ring.command(&settings, &step, LAB_THREAD, &command);
	for (i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_string_equal(command.argv[i], expected[i]);
	assert_null(command.argv[i]);
}

/* A run with workers 101 and 102: 50 hand-overs, 2 of them at the wrong level, 3 split. */
struct made_up {
	struct task_entry tasks[4];
	struct switch_pair pairs[5];
	struct switch_row row;
	struct report report;
};

static void make_up(struct made_up *made_up)
{
	memset(made_up, 0, sizeof(*made_up));
	made_up->tasks[1].pid = 100;
	made_up->tasks[2].pid = 101;
	made_up->tasks[3].pid = 102;
	made_up->pairs[0] = (struct switch_pair){ TASK_REF(TASK_TARGET, 2),
						  TASK_REF(TASK_TARGET, 3), ROW_PROCESS, 25 };
	made_up->pairs[1] = (struct switch_pair){ TASK_REF(TASK_TARGET, 3),
						  TASK_REF(TASK_TARGET, 2), ROW_PROCESS, 23 };
	made_up->pairs[2] = (struct switch_pair){ TASK_REF(TASK_TARGET, 3),
						  TASK_REF(TASK_TARGET, 2), ROW_THREAD, 2 };
	made_up->pairs[3] = (struct switch_pair){ TASK_REF(TASK_FOREIGN, 9),
						  TASK_REF(TASK_TARGET, 2), ROW_PROCESS, 3 };
	/* not between the workers: the one that starts them */
	made_up->pairs[4] = (struct switch_pair){ TASK_REF(TASK_TARGET, 1),
						  TASK_REF(TASK_TARGET, 2), ROW_PROCESS, 7 };
	made_up->row = (struct switch_row){ .level = ROW_PROCESS, .via = SWITCH_VIA_DIRECT };
	made_up->row.count = 60;
	for (uint64_t ns = 101; ns <= 119; ns++)
		histogram_record(&made_up->row.direct, ns);
	histogram_record(&made_up->row.wait, 77);
	made_up->report = (struct report){
		.tasks = made_up->tasks,
		.task_count = 4,
		.pairs = made_up->pairs,
		.pair_count = 5,
		.rows = &made_up->row,
		.row_count = 1,
		.switches = 80,
		.reconcile.ok = true,
		.lost.switches = 1,
		.context = { .wait_known = true, .probe_ns = 21 },
	};
}

static double value_of(const struct lab_round *round, enum lab_form form, const char *key)
{
	for (size_t i = 0; i < experiment_ring.rules.figure_count; i++)
		if (!strcmp(experiment_ring.rules.figures[i].key, key))
			return round->value[form][i];
	fail_msg("ring has no figure %s", key);
	return NAN;
}

static const char ring_printed[] = "{\"expected_switches\": 53, \"ns_per_hand_over\": 2000.5,"
				   " \"workers\": [{\"tid\": 101}, {\"tid\": 102}]}";

static void ring_reads_a_traced_run(void **state)
{
	struct lab_run run = { .form = LAB_PROCESS };
	struct made_up made_up;
	struct lab_round round;
	struct fail fail = { 0 };

	(void)state;
	make_up(&made_up);
	lab_round_init(&round);
	run.truth = json_loads(ring_printed, 0, NULL);
	run.report = &made_up.report;
	assert_int_equal(experiment_ring.read(&run, &round, &fail), 0);
	assert_true(value_of(&round, LAB_PROCESS, "direct_p50_ns") == 110);
	assert_true(value_of(&round, LAB_PROCESS, "wait_p50_ns") == 77);
	assert_true(value_of(&round, LAB_PROCESS, "share_percent") == 75);
	assert_true(value_of(&round, LAB_PROCESS, "hand_over_traced_ns") == 2000.5);
	assert_true(isnan(value_of(&round, LAB_PROCESS, "hand_over_ns")));
	assert_true(isnan(value_of(&round, LAB_THREAD, "direct_p50_ns")));
	assert_true(round.truth[LAB_PROCESS].known);
	assert_int_equal(round.truth[LAB_PROCESS].expected, 53);
	assert_int_equal(round.truth[LAB_PROCESS].seen, 50);
	assert_int_equal(round.truth[LAB_PROCESS].explained, 3);
	assert_int_equal(round.truth[LAB_PROCESS].wrong_level, 2);
	assert_int_equal(round.truth[LAB_PROCESS].lost, 1);
	histogram_free(&made_up.row.direct);
	histogram_free(&made_up.row.wait);
	json_decref((json_t *)run.truth);
}

static void ring_reads_the_clock_and_derives(void **state)
{
	struct lab_run run = { .form = LAB_THREAD };
	struct lab_round round;
	struct fail fail = { 0 };

	(void)state;
	lab_round_init(&round);
	run.truth = json_loads(ring_printed, 0, NULL);
	assert_int_equal(experiment_ring.read(&run, &round, &fail), 0);
	assert_true(value_of(&round, LAB_THREAD, "hand_over_ns") == 2000.5);
	assert_false(round.truth[LAB_THREAD].known);
	for (size_t i = 0; i < experiment_ring.rules.figure_count; i++)
		if (!strcmp(experiment_ring.rules.figures[i].key, "hand_over_traced_ns"))
			round.value[LAB_THREAD][i] = 1900;
	experiment_ring.derive(&round);
	assert_true(value_of(&round, LAB_THREAD, "tracing_adds_ns") == -100.5);
	json_decref((json_t *)run.truth);
}

static void ring_refuses_other_output(void **state)
{
	struct lab_run run = { .form = LAB_THREAD };
	struct lab_round round;
	struct fail fail = { 0 };

	(void)state;
	lab_round_init(&round);
	run.truth = json_loads("{\"expected_switches\": null}", 0, NULL);
	assert_true(experiment_ring.read(&run, &round, &fail) < 0);
	assert_non_null(strstr(fail.text, "ns_per_hand_over"));
	json_decref((json_t *)run.truth);
}

/* ---- outputs ---- */

/* A result of ring in which process costs `factor` of thread in every figure. */
static void make_result(struct lab_result *result, size_t done, double factor, const char *no_trace)
{
	memset(result, 0, sizeof(*result));
	result->experiment = &experiment_ring;
	result->settings = (struct lab_settings){
		.rounds = ROUNDS, .seed = 1, .laps = 100000, .cpu = 1, .cpus = 2
	};
	result->settings.no_trace = no_trace;
	result->elapsed_ns = 27 * UINT64_C(1000000000);
	make_sweep(&result->sweep, &factor, 1, done);
	result->sweep.series[0].step.label[0] = '\0';
	for (size_t i = 0; i < done; i++) {
		struct lab_round *round = &result->sweep.series[0].round[i];

		round->runs = lab_shuffle(&(struct stats_random){ { 1, 2, 3, 4 } }, !no_trace,
					  round->order);
		for (size_t j = 0; j < round->runs; j++)
			round->output[round->order[j]] = strdup("{\"as\": \"process\"}");
		for (size_t figure = experiment_ring.rules.figure_count; figure-- > 0;)
			for (int form = 0; form < LAB_FORMS; form++)
				round->value[form][figure] =
					no_trace && experiment_ring.rules.figures[figure]
								.needs_trace ?
						NAN :
						round->value[form][0];
		if (no_trace)
			memset(round->truth, 0, sizeof(round->truth));
	}
	assert_int_equal(lab_compare(&result->sweep, &experiment_ring.rules), 0);
}

static const struct features host = {
	.release = "6.1.0", .arch = "x86_64", .cpu_model = "a \033[31mCPU", .cpus_online = 2
};

static char *text_of(size_t done, double factor, const char *no_trace)
{
	struct lab_result result;
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	make_result(&result, done, factor, no_trace);
	assert_int_equal(lab_text(&result, &host, out, 80, false), 0);
	fclose(out);
	lab_result_free(&result);
	return text;
}

/* Every kind of outcome: at most 80 columns, no escape of others, the right first word. */
static void text_fits_and_says_the_verdict(void **state)
{
	const struct {
		size_t done;
		double factor;
		const char *no_trace, *title;
	} cases[] = {
		{ ROUNDS, 1.25, NULL, "\nSupported:" },		{ ROUNDS, 1, NULL, "\nNot seen:" },
		{ ROUNDS, 0.8, NULL, "\nContradicted here:" },	{ 2, 1.25, NULL, "\nUnknown:" },
		{ ROUNDS, 1.25, "need CAP_BPF", "\nUnknown:" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = text_of(cases[i].done, cases[i].factor, cases[i].no_trace);
		char *rest = NULL;

		assert_non_null(strstr(text, cases[i].title));
		assert_null(strchr(text, '\033'));
		assert_null(strstr(text, "nan"));
		if (cases[i].no_trace)
			assert_non_null(strstr(text, cases[i].no_trace));
		if (cases[i].done < ROUNDS)
			assert_non_null(strstr(text, "Incomplete:"));
		for (char *line = strtok_r(text, "\n", &rest); line;
		     line = strtok_r(NULL, "\n", &rest))
			assert_true(quote_columns(line) <= 80);
		free(text);
	}
}

/* Figure after figure with a row for each step, the headline as a picture, what was skipped by name. */
static void text_of_a_sweep(void **state)
{
	static const double factors[] = { 1.25, 1, 1.5 };
	struct lab_result result = { .experiment = &experiment_ring };
	char *text, *rest = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	result.settings = (struct lab_settings){ .rounds = ROUNDS, .laps = 10, .cpus = 2 };
	make_sweep(&result.sweep, factors, 3, ROUNDS);
	result.sweep.series[1].step.side[LAB_PROCESS] = "vfork";
	strcpy(result.sweep.series[2].step.skipped, "no memory for it");
	assert_int_equal(lab_compare(&result.sweep, &experiment_ring.rules), 0);
	assert_int_equal(lab_text(&result, &host, out, 80, false), 0);
	fclose(out);
	assert_non_null(strstr(text, "\ndirect cost, p50 (decides)\n"));
	assert_non_null(strstr(text, "\ndirect cost, p50 as a picture\n"));
	assert_non_null(strstr(text, "\n  step 1, vfork : thread "));
	assert_non_null(strstr(text, "\nSkipped: step 2: no memory for it\n"));
	assert_non_null(strstr(text, "\xe2\x96\x88\xe2\x96\x88"));
	assert_non_null(strstr(text, "both forms of every step"));
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		assert_true(quote_columns(line) <= 80);
	free(text);
	lab_result_free(&result);
}

static void json_has_every_round(void **state)
{
	struct lab_result result;
	json_t *root, *experiment, *step, *round;

	(void)state;
	make_result(&result, ROUNDS, 1.25, NULL);
	root = lab_json(&result, 1, &host, "0");
	assert_non_null(root);
	assert_string_equal(json_string_value(json_object_get(root, "schema")), "tasktax.lab/1");
	experiment = json_array_get(json_object_get(root, "experiments"), 0);
	step = json_array_get(json_object_get(experiment, "steps"), 0);
	assert_int_equal(json_array_size(json_object_get(step, "rounds")), ROUNDS);
	round = json_array_get(json_object_get(step, "rounds"), ROUNDS - 1);
	assert_int_equal(json_array_size(json_object_get(round, "runs")), LAB_SLOTS);
	assert_true(json_is_real(json_object_get(json_object_get(round, "thread"), "wait_p50_ns")));
	assert_string_equal(json_string_value(json_object_get(json_object_get(experiment, "result"),
							      "verdict")),
			    "supported");
	json_decref(root);
	lab_result_free(&result);
}

static void json_unknown_is_null(void **state)
{
	struct lab_result result;
	json_t *root, *experiment, *step, *round;

	(void)state;
	make_result(&result, ROUNDS, 1.25, "need CAP_BPF");
	root = lab_json(&result, 1, &host, "0");
	assert_non_null(root);
	experiment = json_array_get(json_object_get(root, "experiments"), 0);
	step = json_array_get(json_object_get(experiment, "steps"), 0);
	round = json_array_get(json_object_get(step, "rounds"), 0);
	assert_true(
		json_is_null(json_object_get(json_object_get(round, "process"), "direct_p50_ns")));
	assert_true(json_is_null(json_object_get(experiment, "ground_truth")));
	assert_false(json_is_true(json_object_get(experiment, "traced")));
	json_decref(root);
	lab_result_free(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_is_not_seen),
		cmocka_unit_test(identical_is_alike),
		cmocka_unit_test(higher_is_supported),
		cmocka_unit_test(lower_is_contradicted),
		cmocka_unit_test(few_rounds_are_unknown),
		cmocka_unit_test(unmeasured_is_unknown),
		cmocka_unit_test(negative_has_no_ratio),
		cmocka_unit_test(difference_decides_where_asked_for),
		cmocka_unit_test(claim_covers_all_steps),
		cmocka_unit_test(many_steps_need_more_rounds),
		cmocka_unit_test(aside_and_skipped_do_not_count),
		cmocka_unit_test(digits_show_what_decides),
		cmocka_unit_test(truth_is_exact_up_to_what_is_explained),
		cmocka_unit_test(truth_needs_trace_levels_and_counters),
		cmocka_unit_test(tally_counts_rounds_and_sums),
		cmocka_unit_test(shuffle_is_a_permutation_by_seed),
		cmocka_unit_test(without_trace_only_the_clock_runs),
		cmocka_unit_test(progress_tells_round_and_time),
		cmocka_unit_test(ring_takes_its_arguments),
		cmocka_unit_test(ring_reads_a_traced_run),
		cmocka_unit_test(ring_reads_the_clock_and_derives),
		cmocka_unit_test(ring_refuses_other_output),
		cmocka_unit_test(text_fits_and_says_the_verdict),
		cmocka_unit_test(text_of_a_sweep),
		cmocka_unit_test(json_has_every_round),
		cmocka_unit_test(json_unknown_is_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
