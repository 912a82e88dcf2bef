// SPDX-License-Identifier: GPL-2.0
/*
 * test_lab_switching.c - the lab's experiments cache, ipc and oversubscribe on made-up runs: what they
 * vary, how they start a run, what they read of it, and that their text fits. No tracer, no root.
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
#include "lab/readings.h"
#include "output/lab.h"

#define ROUNDS 11
#define GIB ((uint64_t)1 << 30)

static const struct lab_settings usual = { .rounds = ROUNDS,
					   .seed = 1,
					   .cpu = 1,
					   .cpus = 2,
					   .memory_bytes = 2 * GIB,
					   .l2_bytes = 1 << 20 };

static struct lab_settings settings_of(const struct experiment *experiment, bool quick)
{
	struct lab_settings settings = usual;

	settings.quick = quick;
	settings.laps = experiment->laps;
	return settings;
}

/* ---- what is varied, and how a run is started ---- */

static void assert_labels(const struct experiment *experiment, const struct lab_settings *settings,
			  const char *const *labels)
{
	struct lab_step steps[LAB_STEPS] = { 0 };
	size_t count = experiment->steps(settings, steps), i;

	for (i = 0; labels[i]; i++)
		assert_string_equal(steps[i].label, labels[i]);
	assert_int_equal(count, i);
	assert_in_range(count, 1, settings->quick ? 3 : 6);
}

/* The words after the path, with a space between. */
static void assert_command(const struct experiment *experiment, const struct lab_settings *settings,
			   size_t step, enum lab_form form, const char *expected)
{
	struct lab_step steps[LAB_STEPS] = { 0 };
	struct lab_command command = { .argv = { "tasktax-demo" } };
	char words[512] = "";

	assert_true(step < experiment->steps(settings, steps));
	experiment->command(settings, &steps[step], form, &command);
	for (size_t i = 1; command.argv[i]; i++)
		snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s%s",
			 i > 1 ? " " : "", command.argv[i]);
	assert_string_equal(words, expected);
}

static void cache_sweeps_the_working_set(void **state)
{
	struct lab_settings full = settings_of(&experiment_cache, false);
	struct lab_settings quick = settings_of(&experiment_cache, true);
	struct lab_step steps[LAB_STEPS] = { 0 };

	(void)state;
	assert_labels(
		&experiment_cache, &full,
		(const char *[]){ "0", "128 KiB", "512 KiB", "1 MiB", "2 MiB", "4 MiB", NULL });
	assert_labels(&experiment_cache, &quick, (const char *[]){ "0", "512 KiB", "2 MiB", NULL });
	full.memory_bytes = 8 << 20;
	assert_int_equal(experiment_cache.steps(&full, steps), 6);
	assert_string_equal(steps[4].skipped, "");
	assert_non_null(strstr(steps[5].skipped, "memory"));
	full.l2_bytes = 0; /* taken to be 1 MiB */
	assert_labels(
		&experiment_cache, &full,
		(const char *[]){ "0", "128 KiB", "512 KiB", "1 MiB", "2 MiB", "4 MiB", NULL });
	full.l2_bytes = 1280 << 10;
	assert_labels(&experiment_cache, &full,
		      (const char *[]){ "0", "160 KiB", "640 KiB", "1280 KiB", "2560 KiB", "5 MiB",
					NULL });
}

static void cache_tells_what_l2_is_taken_to_be(void **state)
{
	struct lab_settings settings = settings_of(&experiment_cache, false);
	char text[LAB_TEXT];

	(void)state;
	experiment_cache.setup(&settings, text, sizeof(text));
	assert_non_null(strstr(text, "whose L2 cache has 1 MiB;"));
	settings.l2_bytes = 0;
	experiment_cache.setup(&settings, text, sizeof(text));
	assert_non_null(strstr(text, "whose L2 cache is of unknown size, taken to be 1 MiB;"));
}

static void cache_starts_a_ring_with_its_baseline(void **state)
{
	struct lab_settings settings = settings_of(&experiment_cache, false);

	(void)state;
	assert_command(&experiment_cache, &settings, 0, LAB_PROCESS,
		       "ring --as process --tasks 2 --working-set 0 --baseline --rounds 10000 "
		       "--via pipe --cpu 1");
	/* 4 times 65,536 lines a lap, against 128 for a lap without any */
	assert_command(&experiment_cache, &settings, 3, LAB_THREAD,
		       "ring --as thread --tasks 2 --working-set 1048576 --baseline --rounds 19 "
		       "--via pipe --cpu 1");
	settings.laps = 1;
	assert_command(&experiment_cache, &settings, 5, LAB_THREAD,
		       "ring --as thread --tasks 2 --working-set 4194304 --baseline --rounds 8 "
		       "--via pipe --cpu 1");
}

static void ipc_has_sizes_and_ways(void **state)
{
	struct lab_settings full = settings_of(&experiment_ipc, false);
	struct lab_settings quick = settings_of(&experiment_ipc, true);
	struct lab_step steps[LAB_STEPS] = { 0 };

	(void)state;
	assert_labels(
		&experiment_ipc, &full,
		(const char *[]){ "64 B", "4 KiB", "64 KiB", "1 MiB", "4 KiB", "4 KiB", NULL });
	assert_labels(&experiment_ipc, &quick, (const char *[]){ "64 B", "4 KiB", "4 KiB", NULL });
	experiment_ipc.steps(&full, steps);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(steps[i].aside, i >= 4);
		assert_int_equal(!strcmp(steps[i].side[LAB_PROCESS], steps[i].side[LAB_THREAD]),
				 i >= 4);
	}
}

static void ipc_starts_each_way(void **state)
{
	struct lab_settings settings = settings_of(&experiment_ipc, false);

	(void)state;
	assert_command(&experiment_ipc, &settings, 0, LAB_PROCESS,
		       "ipc --as process --via pipe --size 64 --messages 65536 --cpu 1");
	assert_command(&experiment_ipc, &settings, 3, LAB_THREAD,
		       "ipc --as thread --via pointer --size 1048576 --messages 256 --cpu 1");
	assert_command(&experiment_ipc, &settings, 5, LAB_PROCESS,
		       "ipc --as process --via shared --size 4096 --messages 65536 --cpu 1");
	assert_command(&experiment_ipc, &settings, 4, LAB_THREAD,
		       "ipc --as thread --via pipe --size 4096 --messages 65536 --cpu 1");
	settings.laps = 1;
	assert_command(&experiment_ipc, &settings, 3, LAB_PROCESS,
		       "ipc --as process --via pipe --size 1048576 --messages 4 --cpu 1");
}

static void oversubscribe_needs_more_workers_than_cpus(void **state)
{
	struct lab_settings full = settings_of(&experiment_oversubscribe, false);
	struct lab_settings quick = settings_of(&experiment_oversubscribe, true);
	struct lab_step steps[LAB_STEPS] = { 0 };

	(void)state;
	assert_labels(
		&experiment_oversubscribe, &full,
		(const char *[]){ "1 worker", "4 workers", "16 workers", "64 workers", NULL });
	assert_labels(&experiment_oversubscribe, &quick,
		      (const char *[]){ "4 workers", "64 workers", NULL });
	full.cpus = 16;
	assert_int_equal(experiment_oversubscribe.steps(&full, steps), 4);
	assert_true(steps[0].aside && !steps[0].skipped[0]);
	assert_string_equal(steps[2].skipped, "16 CPUs have room for 16 workers");
	assert_string_equal(steps[3].skipped, "");
	full.cpus = 1;
	memset(steps, 0, sizeof(steps));
	experiment_oversubscribe.steps(&full, steps);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(steps[i].skipped, "");
	assert_command(&experiment_oversubscribe, &full, 3, LAB_PROCESS,
		       "oversubscribe --as process --tasks 64 --work 20000 --cpu spread");
	assert_command(&experiment_oversubscribe, &full, 0, LAB_THREAD,
		       "oversubscribe --as thread --tasks 1 --work 20000 --cpu spread");
}

/* ---- reading a run ---- */

/* Workers 101 and 102: 60 switches between them, 2 of these at the wrong level; 3 split by others. */
struct made_up {
	struct task_entry tasks[4];
	struct switch_pair pairs[4];
	struct switch_row row;
	struct report report;
};

static void make_up(struct made_up *made_up)
{
	memset(made_up, 0, sizeof(*made_up));
	made_up->tasks[1].pid = 100;
	made_up->tasks[2].pid = 101;
	made_up->tasks[3].pid = 102;
	made_up->tasks[1].figures.preempted = 1000; /* no worker */
	made_up->tasks[2].figures.preempted = 8;
	made_up->tasks[3].figures.preempted = 9;
	made_up->pairs[0] = (struct switch_pair){ TASK_REF(TASK_TARGET, 2),
						  TASK_REF(TASK_TARGET, 3), ROW_PROCESS, 58 };
	made_up->pairs[1] = (struct switch_pair){ TASK_REF(TASK_TARGET, 3),
						  TASK_REF(TASK_TARGET, 2), ROW_THREAD, 2 };
	made_up->pairs[2] = (struct switch_pair){ TASK_REF(TASK_FOREIGN, 9),
						  TASK_REF(TASK_TARGET, 2), ROW_PROCESS, 3 };
	made_up->pairs[3] = (struct switch_pair){ TASK_REF(TASK_TARGET, 1),
						  TASK_REF(TASK_TARGET, 2), ROW_PROCESS, 7 };
	made_up->row = (struct switch_row){ .level = ROW_PROCESS, .via = SWITCH_VIA_DIRECT };
	made_up->row.count = 60;
	for (uint64_t ns = 101; ns <= 119; ns++)
		histogram_record(&made_up->row.direct, ns);
	made_up->report = (struct report){ .tasks = made_up->tasks,
					   .task_count = 4,
					   .pairs = made_up->pairs,
					   .pair_count = 4,
					   .rows = &made_up->row,
					   .row_count = 1,
					   .reconcile.ok = true };
}

static double value_of(const struct experiment *experiment, const struct lab_round *round,
		       enum lab_form form, const char *key)
{
	for (size_t i = 0; i < experiment->rules.figure_count; i++)
		if (!strcmp(experiment->rules.figures[i].key, key))
			return round->value[form][i];
	fail_msg("%s has no figure %s", experiment->name, key);
	return NAN;
}

/* 0, or what read() returned. */
static int read_printed(const struct experiment *experiment, const char *printed,
			const struct report *report, struct lab_round *round, struct fail *fail)
{
	struct lab_run run = { .form = LAB_PROCESS, .report = report };
	int err;

	run.truth = json_loads(printed, 0, NULL);
	assert_non_null(run.truth);
	err = experiment->read(&run, round, fail);
	json_decref((json_t *)run.truth);
	return err;
}

/* Once by the clock and once traced, into one round. */
static void read_both(const struct experiment *experiment, const char *printed,
		      const char *printed_traced, struct lab_round *round)
{
	struct made_up made_up;
	struct fail fail = { 0 };

	make_up(&made_up);
	lab_round_init(round);
	assert_int_equal(read_printed(experiment, printed, NULL, round, &fail), 0);
	assert_false(round->truth[LAB_PROCESS].known);
	assert_int_equal(read_printed(experiment, printed_traced, &made_up.report, round, &fail),
			 0);
	assert_true(round->truth[LAB_PROCESS].known);
	experiment->derive(round);
	histogram_free(&made_up.row.direct);
}

static void assert_value(const struct experiment *experiment, const struct lab_round *round,
			 const char *key, double expected)
{
	double value = value_of(experiment, round, LAB_PROCESS, key);

	if (fabs(value - expected) > 1e-6)
		fail_msg("%s: %g, not %g", key, value, expected);
}

static void assert_truth(const struct lab_truth *truth, uint64_t expected, uint64_t seen,
			 uint64_t explained, uint64_t wrong_level)
{
	assert_int_equal(truth->expected, expected);
	assert_int_equal(truth->seen, seen);
	assert_int_equal(truth->explained, explained);
	assert_int_equal(truth->wrong_level, wrong_level);
}

#define WORKERS "\"workers\": [{\"tid\": 101, \"nivcsw\": 4}, {\"tid\": 102, \"nivcsw\": 6}]}"

static void cache_reads_and_derives(void **state)
{
	const struct experiment *cache = &experiment_cache;
	struct lab_round round;

	(void)state;
	read_both(cache,
		  "{\"cpu_ns_per_hand_over\": 2000, \"cpu_ns_per_hand_over_alone\": 500,"
		  "\"ns_per_hand_over\": 2100, \"ns_per_hand_over_alone\": 600,"
		  "\"expected_switches\": 50," WORKERS,
		  "{\"cpu_ns_per_hand_over\": 2400, \"cpu_ns_per_hand_over_alone\": 500,"
		  "\"ns_per_hand_over\": 2500, \"ns_per_hand_over_alone\": 600,"
		  "\"expected_switches\": 50," WORKERS,
		  &round);
	assert_value(cache, &round, "total_ns", 1500);
	assert_value(cache, &round, "hand_over_ns", 2000);
	assert_value(cache, &round, "alone_ns", 500);
	assert_value(cache, &round, "hand_over_wall_ns", 2100);
	assert_value(cache, &round, "tracing_adds_ns", 400);
	assert_value(cache, &round, "direct_p50_ns", 110);
	/* more than one switch a hand-over is no surprise */
	assert_truth(&round.truth[LAB_PROCESS], 50, 50, 3, 2);
}

static void cache_takes_the_indirect_cost_by_difference(void **state)
{
	struct lab_sweep sweep = { .steps = 3, .done = 1 };
	struct lab_round rounds[3];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		lab_round_init(&rounds[i]);
		sweep.series[i].round = &rounds[i];
		for (int form = 0; form < LAB_FORMS; form++) /* the first figure is the total */
			rounds[i].value[form][0] = 1500 + 1000.0 * (double)i - 2 * form;
	}
	strcpy(sweep.series[2].step.skipped, "no memory");
	experiment_cache.derive_all(&sweep);
	assert_true(value_of(&experiment_cache, &rounds[0], LAB_THREAD, "indirect_ns") == 0);
	assert_true(value_of(&experiment_cache, &rounds[1], LAB_THREAD, "indirect_ns") == 1000);
	assert_true(isnan(value_of(&experiment_cache, &rounds[2], LAB_THREAD, "indirect_ns")));
}

static const char ipc_printed[] =
	"{\"cpu_ns_per_mib\": 1000, \"faults_per_mib\": 0,"
	"\"bytes_per_second\": 1048576, \"checksum_ok\": true,"
	"\"messages\": 20, \"warm_up_messages\": 4, \"size_bytes\": 1048576,"
	"\"expected_switches_at_least\": 55," WORKERS;

static void ipc_reads_and_derives(void **state)
{
	const struct experiment *ipc = &experiment_ipc;
	struct lab_round round;

	(void)state;
	read_both(ipc, ipc_printed, ipc_printed, &round);
	assert_value(ipc, &round, "ns_per_mib", 1000);
	assert_value(ipc, &round, "wall_ns_per_mib", 1e9);
	assert_value(ipc, &round, "ns_per_mib_traced", 1000);
	assert_value(ipc, &round, "tracing_adds_ns", 0);
	assert_value(ipc, &round, "switches_per_mib", 60.0 / 24);
	assert_value(ipc, &round, "faults_per_mib", 0);
	assert_value(ipc, &round, "direct_p50_ns", 110);
	assert_truth(&round.truth[LAB_PROCESS], 55, 55, 3, 2);
}

static const char oversubscribe_printed[] =
	"{\"cpu_ns_per_unit\": 10000, \"units_per_second\": 90000, \"work_units\": 20000,"
	"\"preemptions\": 5, \"result_ok\": true," WORKERS;

static void oversubscribe_reads_and_derives(void **state)
{
	const struct experiment *oversubscribe = &experiment_oversubscribe;
	struct lab_round round;

	(void)state;
	read_both(oversubscribe, oversubscribe_printed, oversubscribe_printed, &round);
	assert_value(oversubscribe, &round, "preemptions_per_second", 25);
	assert_value(oversubscribe, &round, "switching_ns_per_second", 25 * 110);
	assert_value(oversubscribe, &round, "cpu_ns_per_unit", 10000);
	assert_value(oversubscribe, &round, "tracing_adds_ns", 0);
	assert_value(oversubscribe, &round, "units_per_second", 90000);
	assert_value(oversubscribe, &round, "preemptions", 17);
	assert_truth(&round.truth[LAB_PROCESS], 10, 10, 0, 0);
}

/* A wrong result is no figure, and neither is what lacks a number. */
static void wrong_output_is_refused(void **state)
{
	const struct {
		const struct experiment *experiment;
		const char *printed, *why;
	} cases[] = {
		{ &experiment_cache, "{\"cpu_ns_per_hand_over\": 1}",
		  "cpu_ns_per_hand_over_alone" },
		{ &experiment_cache,
		  "{\"cpu_ns_per_hand_over\": 1, \"cpu_ns_per_hand_over_alone\": null}",
		  "cpu_ns_per_hand_over_alone" },
		{ &experiment_ipc,
		  "{\"cpu_ns_per_mib\": 1, \"faults_per_mib\": 0, \"bytes_per_second\": 1,"
		  "\"checksum_ok\": false}",
		  "other bytes" },
		{ &experiment_oversubscribe,
		  "{\"cpu_ns_per_unit\": 1, \"units_per_second\": 1, \"result_ok\": false}",
		  "wrong result" },
		{ &experiment_oversubscribe, "{}", "cpu_ns_per_unit" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fail fail = { 0 };
		struct lab_round round;

		lab_round_init(&round);
		assert_true(read_printed(cases[i].experiment, cases[i].printed, NULL, &round,
					 &fail) < 0);
		assert_non_null(strstr(fail.text, cases[i].why));
	}
}

/* ---- text ---- */

/* Of each step, the side of processes times its factor; figures that need a trace only with one. */
static void fill_rounds(struct lab_result *result, const double factors[2])
{
	const struct lab_rules *rules = &result->experiment->rules;
	struct stats_random random;

	stats_random_seed(&random, 42);
	for (size_t i = 0; i < result->sweep.steps * result->sweep.done; i++) {
		size_t step = i / result->sweep.done;
		struct lab_round *round = &result->sweep.series[step].round[i % result->sweep.done];

		lab_round_init(round);
		for (size_t j = 0; j < LAB_FORMS * rules->figure_count; j++) {
			const struct lab_figure *figure = &rules->figures[j / LAB_FORMS];
			double noise = (double)stats_random_below(&random, 2001) / 1e5;

			if (!figure->needs_trace || !result->settings.no_trace)
				round->value[j % LAB_FORMS][j / LAB_FORMS] =
					123456 * (1 + noise) *
					(j % LAB_FORMS == LAB_PROCESS ? factors[step % 2] : 1);
		}
		for (int form = 0; form < LAB_FORMS && !result->settings.no_trace; form++)
			round->truth[form] = (struct lab_truth){
				.known = true, .expected = 9, .seen = 9, .reconciled = true
			};
	}
}

static char *text_of(const struct experiment *experiment, size_t done, const double factors[2],
		     const char *no_trace)
{
	static const struct features host = {
		.release = "6.1.0", .arch = "x86_64", .cpu_model = "a CPU", .cpus_online = 2
	};
	struct lab_result result = { .experiment = experiment };
	struct lab_step steps[LAB_STEPS] = { 0 };
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	result.settings = settings_of(experiment, false);
	result.settings.no_trace = no_trace;
	result.sweep.steps = experiment->steps(&result.settings, steps);
	result.sweep.done = done;
	for (size_t i = 0; i < result.sweep.steps; i++) {
		result.sweep.series[i].step = steps[i];
		result.sweep.series[i].round = calloc(ROUNDS, sizeof(struct lab_round));
		assert_non_null(result.sweep.series[i].round);
	}
	fill_rounds(&result, factors);
	assert_int_equal(lab_compare(&result.sweep, &experiment->rules), 0);
	assert_int_equal(lab_text(&result, &host, out, 80, false), 0);
	fclose(out);
	lab_result_free(&result);
	return text;
}

static void assert_fits(char *text, const char *title)
{
	char *rest = NULL;

	if (!strstr(text, title))
		fail_msg("no %s in %s", title, text);
	assert_null(strstr(text, "nan"));
	assert_null(strstr(text, "null"));
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (quote_columns(line) > 80)
			fail_msg("wider than 80 columns: %s", line);
	free(text);
}

static void text_fits_for_every_verdict(void **state)
{
	static const struct experiment *const experiments[] = { &experiment_cache, &experiment_ipc,
								&experiment_oversubscribe, NULL };

	(void)state;
	for (const struct experiment *const *one = experiments; *one; one++) {
		assert_fits(text_of(*one, ROUNDS, (double[]){ 1.3, 1.4 }, NULL), "\nSupported:");
		assert_fits(text_of(*one, ROUNDS, (double[]){ 1, 1 }, NULL), "\nNot seen:");
		assert_fits(text_of(*one, ROUNDS, (double[]){ 0.7, 0.6 }, NULL),
			    "\nContradicted here:");
		assert_fits(text_of(*one, ROUNDS, (double[]){ 1.3, 0.7 }, NULL), "\nMixed:");
		assert_fits(text_of(*one, 2, (double[]){ 1.3, 1.4 }, NULL), "\nUnknown:");
		assert_fits(text_of(*one, ROUNDS, (double[]){ 1.3, 1.4 }, "need CAP_BPF"),
			    *one == &experiment_oversubscribe ? "\nUnknown:" : "\nSupported:");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cache_sweeps_the_working_set),
		cmocka_unit_test(cache_tells_what_l2_is_taken_to_be),
		cmocka_unit_test(cache_starts_a_ring_with_its_baseline),
		cmocka_unit_test(ipc_has_sizes_and_ways),
		cmocka_unit_test(ipc_starts_each_way),
		cmocka_unit_test(oversubscribe_needs_more_workers_than_cpus),
		cmocka_unit_test(cache_reads_and_derives),
		cmocka_unit_test(cache_takes_the_indirect_cost_by_difference),
		cmocka_unit_test(ipc_reads_and_derives),
		cmocka_unit_test(oversubscribe_reads_and_derives),
		cmocka_unit_test(wrong_output_is_refused),
		cmocka_unit_test(text_fits_for_every_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
