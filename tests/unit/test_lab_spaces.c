// SPDX-License-Identifier: GPL-2.0
/*
 * test_lab_spaces.c - the lab's experiments about creation and memory (spawn, cow, touch, memory) on
 * made-up runs: what they vary, command lines, reading, and their words. No tracer, no root.
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
#include "output/lab.h"

#define ROUNDS 11
#define MIB ((uint64_t)1 << 20)

static const struct experiment *const experiments[] = { &experiment_spawn, &experiment_cow,
							&experiment_touch, &experiment_memory };

#define EXPERIMENTS (sizeof(experiments) / sizeof(experiments[0]))

static struct lab_settings settings_of(const struct experiment *experiment)
{
	return (struct lab_settings){ .rounds = ROUNDS,
				      .laps = experiment->laps,
				      .cpu = 1,
				      .cpus = 4,
				      .memory_bytes = 8192 * MIB };
}

/* ---- what is varied ---- */

static size_t count_counted(const struct lab_step *steps, size_t count)
{
	size_t counted = 0;

	for (size_t i = 0; i < count; i++)
		counted += !steps[i].aside && !steps[i].skipped[0];
	return counted;
}

/* 7 rounds decide no more than three steps together, and 11 rounds many. */
static void few_steps_when_quick(void **state)
{
	(void)state;
	for (size_t i = 0; i < EXPERIMENTS; i++) {
		struct lab_settings settings = settings_of(experiments[i]);
		struct lab_step quick[LAB_STEPS] = { 0 }, full[LAB_STEPS] = { 0 };
		size_t full_count = experiments[i]->steps(&settings, full), quick_count;

		settings.quick = true;
		quick_count = experiments[i]->steps(&settings, quick);
		assert_in_range(quick_count, 2, 3);
		assert_in_range(full_count, quick_count + 1, 9);
		assert_in_range(count_counted(quick, quick_count), 1, 3);
		assert_in_range(count_counted(full, full_count), 2, 6);
		for (size_t j = 0; j < full_count; j++) {
			assert_int_equal(full[j].skipped[0], 0);
			assert_in_range(strlen(full[j].label), 1, 20);
		}
	}
}

/* Skipped by name, the smallest last; where nothing is known all are tried. */
static void no_memory_skips_steps(void **state)
{
	(void)state;
	for (size_t i = 0; i < EXPERIMENTS; i++) {
		struct lab_settings settings = settings_of(experiments[i]);
		struct lab_step steps[LAB_STEPS] = { 0 };
		size_t count;

		settings.memory_bytes = MIB;
		count = experiments[i]->steps(&settings, steps);
		assert_int_equal(count_counted(steps, count), 0);
		for (size_t j = 0; j < count; j++)
			assert_non_null(strstr(steps[j].skipped, "of memory, and 1.0 MiB are"));
		settings.memory_bytes = 0;
		memset(steps, 0, sizeof(steps));
		assert_int_equal(experiments[i]->steps(&settings, steps), count);
		assert_true(count_counted(steps, count) > 0);
	}
}

static void spawn_skips_what_does_not_fit(void **state)
{
	struct lab_settings settings = settings_of(&experiment_spawn);
	struct lab_step steps[LAB_STEPS] = { 0 };

	(void)state;
	settings.memory_bytes = 2560 * MIB - 1;
	experiment_spawn.steps(&settings, steps);
	assert_string_equal(steps[2].label, "fork, 512 MiB");
	assert_string_equal(steps[2].skipped, "");
	assert_string_equal(steps[3].label, "fork, 2 GiB");
	assert_string_equal(steps[3].skipped, "needs 2.5 GiB of memory, and 2.5 GiB are available");
	assert_true(steps[4].aside);
}

static void touch_goes_by_the_cpus(void **state)
{
	struct lab_settings settings = settings_of(&experiment_touch);
	struct lab_step steps[LAB_STEPS] = { 0 };

	(void)state;
	assert_int_equal(experiment_touch.steps(&settings, steps), 4);
	assert_true(steps[0].aside && !steps[1].aside && !steps[2].aside && steps[3].aside);
	assert_string_equal(steps[0].label, "1 worker");
	assert_string_equal(steps[3].label, "8 workers");
	memset(steps, 0, sizeof(steps));
	settings.cpus = 1;
	assert_int_equal(experiment_touch.steps(&settings, steps), 2);
	assert_int_equal(count_counted(steps, 2), 0);
}

/* ---- command lines ---- */

static void assert_command(const struct experiment *experiment, const char *label,
			   enum lab_form form, const char *expected)
{
	struct lab_settings settings = settings_of(experiment);
	struct lab_step steps[LAB_STEPS] = { 0 };
	size_t count = experiment->steps(&settings, steps), i = 0;
	struct lab_command command = { .argv = { (char *)"demo" } };
	char line[512] = "";
	size_t used = 0;

	while (i < count && strcmp(steps[i].label, label) != 0)
		i++;
	if (i == count)
		fail_msg("%s has no step %s", experiment->name, label);
	experiment->command(&settings, &steps[i], form, &command);
	for (char **word = command.argv + 1; *word; word++)
		used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s", used ? " " : "",
					 *word);
	assert_string_equal(line, expected);
}

static void commands_of_both_forms(void **state)
{
	(void)state;
	assert_command(&experiment_spawn, "fork, 512 MiB", LAB_PROCESS,
		       "spawn --how fork --rss 512M --count 3 --cpu 1");
	assert_command(&experiment_spawn, "fork, 512 MiB", LAB_THREAD,
		       "spawn --how thread --rss 512M --count 100 --cpu 1");
	assert_command(&experiment_spawn, "posix_spawn, 4 MiB", LAB_PROCESS,
		       "spawn --how posix_spawn --rss 4M --count 25 --cpu 1");
	assert_command(&experiment_spawn, "clone_vm, 64 MiB", LAB_PROCESS,
		       "spawn --how clone_vm --rss 64M --count 100 --cpu 1");
	assert_command(&experiment_cow, "parent, 64 MiB", LAB_PROCESS,
		       "cow --as process --who parent --size 64M --cpu 1");
	assert_command(&experiment_cow, "child, 16 MiB", LAB_THREAD,
		       "cow --as thread --who child --size 16M --cpu 1");
	assert_command(&experiment_touch, "4 workers", LAB_THREAD,
		       "touch --as thread --tasks 4 --size 64M --cpu spread");
	assert_command(&experiment_touch, "1 worker", LAB_PROCESS,
		       "touch --as process --tasks 1 --size 64M --cpu spread");
	assert_command(&experiment_memory, "32 workers", LAB_PROCESS,
		       "memory --as process --tasks 32 --size 64M --hold 0 --cpu spread");
	assert_command(&experiment_memory, "1 worker", LAB_THREAD,
		       "memory --as thread --tasks 1 --size 64M --hold 0 --cpu spread");
}

/* However few laps, something is done. */
static void one_lap_is_one_task(void **state)
{
	struct lab_settings settings = settings_of(&experiment_spawn);
	struct lab_step step = { .at = 4 };
	struct lab_command command = { .argv = { (char *)"demo" } };

	(void)state;
	settings.laps = 1;
	experiment_spawn.command(&settings, &step, LAB_PROCESS, &command);
	assert_string_equal(command.argv[7], "1");
}

/* ---- reading ---- */

static double value_of(const struct experiment *experiment, const struct lab_round *round,
		       enum lab_form form, const char *key)
{
	for (size_t i = 0; i < experiment->rules.figure_count; i++)
		if (!strcmp(experiment->rules.figures[i].key, key))
			return round->value[form][i];
	fail_msg("%s has no figure %s", experiment->name, key);
	return NAN;
}

/* Reads what a workload printed, with a report or without. */
static void read_run(const struct experiment *experiment, const char *label, enum lab_form form,
		     const char *printed, const struct report *report, struct lab_round *round)
{
	struct lab_settings settings = settings_of(experiment);
	struct lab_step steps[LAB_STEPS] = { 0 };
	struct lab_run run = { .form = form, .report = report, .step = steps };
	size_t count = experiment->steps(&settings, steps);
	struct fail fail = { 0 };

	for (size_t i = 0; i < count; i++)
		if (!strcmp(steps[i].label, label))
			run.step = &steps[i];
	assert_string_equal(run.step->label, label);
	run.truth = json_loads(printed, 0, NULL);
	assert_non_null(run.truth);
	lab_round_init(round);
	if (experiment->read(&run, round, &fail))
		fail_msg("%s: %s", experiment->name, fail.text);
	json_decref((json_t *)run.truth);
}

static const char spawn_printed[] =
	"{\"median_ns\": 2000, \"create_median_ns\": 900, \"p99_ns\": 4000,"
	" \"expected_creations\": {\"process\": 6, \"thread\": 0, \"vfork\": 0}}";

static void spawn_reads_creations_and_debt(void **state)
{
	struct report report = { .reconcile.ok = true, .context.faults_measured = true };
	struct lab_round round;

	(void)state;
	report.created[CREATED_PROCESS] = 6;
	report.debt_children = (struct fork_debt){ .cow = 30, .refaults = 20 };
	report.debt_parents = (struct fork_debt){ .cow = 10 };
	read_run(&experiment_spawn, "fork, 4 MiB", LAB_PROCESS, spawn_printed, &report, &round);
	assert_true(value_of(&experiment_spawn, &round, LAB_PROCESS, "life_traced_ns") == 2000);
	assert_true(isnan(value_of(&experiment_spawn, &round, LAB_PROCESS, "life_ns")));
	assert_true(value_of(&experiment_spawn, &round, LAB_PROCESS, "debt_faults_per_task") == 10);
	assert_int_equal(round.truth[LAB_PROCESS].expected, 6);
	assert_int_equal(round.truth[LAB_PROCESS].seen, 6);
	assert_true(lab_truth_holds(&round.truth[LAB_PROCESS], experiment_spawn.rules.slack));
	report.created[CREATED_VFORK] = 1;
	read_run(&experiment_spawn, "fork, 4 MiB", LAB_PROCESS, spawn_printed, &report, &round);
	assert_int_equal(round.truth[LAB_PROCESS].wrong_level, 1);
	read_run(&experiment_spawn, "fork, 4 MiB", LAB_PROCESS, spawn_printed, NULL, &round);
	assert_true(value_of(&experiment_spawn, &round, LAB_PROCESS, "life_ns") == 2000);
	assert_true(value_of(&experiment_spawn, &round, LAB_PROCESS, "create_ns") == 900);
	assert_false(round.truth[LAB_PROCESS].known);
}

static const char cow_printed[] = "{\"per_page_ns\": 1900.5, \"pages\": 100,"
				  " \"expected_cow_faults\": 100, \"span_faults\": 100}";
static const char cow_of_threads[] = "{\"per_page_ns\": 11.5, \"pages\": 100,"
				     " \"expected_cow_faults\": 0, \"span_faults\": 0}";

/* The debt of the one that writes; the pages of their own that both copy are more than promised. */
static void cow_reads_the_debt_of_the_writer(void **state)
{
	struct fault_row row = { .kind = FAULT_COW_FORK, .cause = CAUSE_PROCESS, .count = 110 };
	struct report report = { .fault_rows = &row,
				 .fault_row_count = 1,
				 .reconcile.ok = true,
				 .context = { .faults_measured = true, .fault_end = "x" } };
	struct lab_round round;

	(void)state;
	for (int i = 0; i < 110; i++)
		histogram_record(&row.time, 1000);
	report.debt_children.cow = 102;
	report.debt_parents.cow = 8;
	read_run(&experiment_cow, "child, 16 MiB", LAB_PROCESS, cow_printed, &report, &round);
	assert_true(value_of(&experiment_cow, &round, LAB_PROCESS, "per_page_traced_ns") == 1900.5);
	assert_true(value_of(&experiment_cow, &round, LAB_PROCESS, "cow_faults_per_page") == 1.02);
	assert_true(fabs(value_of(&experiment_cow, &round, LAB_PROCESS, "cow_per_page_ns") - 1020) <
		    15);
	assert_int_equal(round.truth[LAB_PROCESS].seen, 100);
	read_run(&experiment_cow, "parent, 16 MiB", LAB_PROCESS, cow_printed, &report, &round);
	assert_int_equal(round.truth[LAB_PROCESS].seen, 8);
	/* threads: none at all, and one would be one too many */
	read_run(&experiment_cow, "child, 16 MiB", LAB_THREAD, cow_of_threads, &report, &round);
	assert_int_equal(round.truth[LAB_THREAD].seen, 110);
	report.debt_children.cow = report.debt_parents.cow = 0;
	read_run(&experiment_cow, "child, 16 MiB", LAB_THREAD, cow_of_threads, &report, &round);
	assert_true(lab_truth_holds(&round.truth[LAB_THREAD], experiment_cow.rules.slack));
	assert_true(value_of(&experiment_cow, &round, LAB_THREAD, "cow_per_page_ns") == 0);
	report.context.faults_measured = false;
	read_run(&experiment_cow, "child, 16 MiB", LAB_THREAD, cow_of_threads, &report, &round);
	assert_false(round.truth[LAB_THREAD].known);
	histogram_free(&row.time);
}

static const char touch_printed[] =
	"{\"per_page_ns\": 1300, \"expected_faults\": 200, \"pages_per_second\": 5000}";

/* First touches where several tasks live are the threads', those where one does are not. */
static void touch_reads_first_touches(void **state)
{
	struct fault_row rows[] = {
		{ .kind = FAULT_FIRST_TOUCH, .cause = CAUSE_WORK, .many = true, .count = 201 },
		{ .kind = FAULT_FIRST_TOUCH, .cause = CAUSE_WORK, .count = 60 },
		{ .kind = FAULT_FIRST_TOUCH, .cause = CAUSE_THREAD, .many = true, .count = 7 },
		{ .kind = FAULT_RACED, .cause = CAUSE_THREAD, .many = true, .count = 3 },
	};
	struct report report = { .fault_rows = rows,
				 .fault_row_count = 4,
				 .reconcile.ok = true,
				 .context.faults_measured = true };
	struct lab_round round;

	(void)state;
	for (int i = 0; i < 201; i++)
		histogram_record(&rows[0].time, 1000);
	rows[0].off_ns = 20100;
	read_run(&experiment_touch, "2 workers", LAB_THREAD, touch_printed, &report, &round);
	assert_int_equal(round.truth[LAB_THREAD].seen, 200);
	assert_true(lab_truth_holds(&round.truth[LAB_THREAD], experiment_touch.rules.slack));
	assert_true(value_of(&experiment_touch, &round, LAB_THREAD, "raced_faults") == 3);
	assert_true(value_of(&experiment_touch, &round, LAB_THREAD, "fault_off_cpu_ns") == 100);
	assert_true(fabs(value_of(&experiment_touch, &round, LAB_THREAD, "fault_ns") - 900) < 15);
	read_run(&experiment_touch, "2 workers", LAB_PROCESS, touch_printed, &report, &round);
	assert_int_equal(round.truth[LAB_PROCESS].seen, 60);
	assert_false(lab_truth_holds(&round.truth[LAB_PROCESS], experiment_touch.rules.slack));
	histogram_free(&rows[0].time);
}

static const char memory_printed[] = "{\"tasks\": 4, \"pss_sum_bytes\": 100,"
				     " \"rss_sum_bytes\": 500, \"private_sum_bytes\": 10}";

static void memory_reads_sums_and_creations(void **state)
{
	struct report report = { .reconcile.ok = true, .context.faults_measured = true };
	struct lab_round round;

	(void)state;
	report.created[CREATED_THREAD] = 4;
	report.debt_children.cow = 8;
	read_run(&experiment_memory, "4 workers", LAB_THREAD, memory_printed, &report, &round);
	assert_true(value_of(&experiment_memory, &round, LAB_THREAD, "cow_faults_per_worker") == 2);
	assert_true(lab_truth_holds(&round.truth[LAB_THREAD], experiment_memory.rules.slack));
	assert_true(isnan(value_of(&experiment_memory, &round, LAB_THREAD, "pss_sum_bytes")));
	read_run(&experiment_memory, "4 workers", LAB_PROCESS, memory_printed, &report, &round);
	assert_int_equal(round.truth[LAB_PROCESS].wrong_level, 4);
	read_run(&experiment_memory, "4 workers", LAB_PROCESS, memory_printed, NULL, &round);
	assert_true(value_of(&experiment_memory, &round, LAB_PROCESS, "pss_sum_bytes") == 100);
	assert_true(value_of(&experiment_memory, &round, LAB_PROCESS, "rss_sum_bytes") == 500);
}

static void other_output_is_refused(void **state)
{
	const struct lab_step step = { .label = "" };

	(void)state;
	for (size_t i = 0; i < EXPERIMENTS; i++) {
		struct lab_run run = { .form = LAB_THREAD, .step = &step };
		struct lab_round round;
		struct fail fail = { 0 };

		lab_round_init(&round);
		run.truth = json_loads("{\"as\": \"thread\"}", 0, NULL);
		assert_true(experiments[i]->read(&run, &round, &fail) < 0);
		assert_non_null(strstr(fail.text, "printed no number named"));
		json_decref((json_t *)run.truth);
	}
}

/* ---- words ---- */

/* Rounds in which process is `factor` of thread in every figure, itself growing from step to step. */
static void fill(struct lab_round *rounds, size_t done, size_t figures, size_t step, double factor,
		 const struct lab_rules *rules, bool traced)
{
	struct stats_random random;

	stats_random_seed(&random, 42 + step);
	for (size_t i = 0; i < done; i++) {
		lab_round_init(&rounds[i]);
		for (int form = 0; form < LAB_FORMS; form++) {
			double noise = (double)stats_random_below(&random, 2001) / 1000 - 1;
			double side = form == LAB_PROCESS ? factor : 1;

			for (size_t figure = 0; figure < figures; figure++)
				if (traced || !rules->figures[figure].needs_trace)
					rounds[i].value[form][figure] =
						123456789 * (1 + 0.01 * noise) * side;
			rounds[i].truth[form] = (struct lab_truth){
				.known = traced, .expected = 1000, .seen = 1000, .reconciled = true
			};
		}
	}
}

static const struct features host = {
	.release = "6.1.0", .arch = "x86_64", .cpu_model = "CPU", .cpus_online = 4
};

/* factor by step, the last of these for all that follow. */
static char *text_of(const struct experiment *experiment, const struct lab_settings *settings,
		     size_t done, const double factors[3])
{
	struct lab_result result = { .experiment = experiment, .settings = *settings };
	struct lab_sweep *sweep = &result.sweep;
	struct lab_step steps[LAB_STEPS] = { 0 };
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	sweep->steps = experiment->steps(settings, steps);
	sweep->done = done;
	for (size_t i = 0; i < sweep->steps; i++) {
		sweep->series[i].step = steps[i];
		sweep->series[i].round = calloc(ROUNDS, sizeof(struct lab_round));
		assert_non_null(sweep->series[i].round);
		if (!steps[i].skipped[0])
			fill(sweep->series[i].round, done, experiment->rules.figure_count, i,
			     factors[i < 2 ? i : 2], &experiment->rules, !settings->no_trace);
	}
	assert_int_equal(lab_compare(sweep, &experiment->rules), 0);
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
	assert_non_null(strstr(text, "\nWhy: "));
	assert_null(strstr(text, "nan"));
	assert_null(strstr(text, "inf "));
	assert_null(strstr(text, ".."));
	assert_null(strstr(text, "++"));
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (quote_columns(line) > 80)
			fail_msg("wider than 80 columns: %s", line);
	free(text);
}

static void text_of_every_verdict(void **state)
{
	static const struct {
		size_t done;
		double factors[3];
		const char *no_trace, *higher, *lower;
	} cases[] = {
		{ ROUNDS, { 25, 25, 400 }, NULL, "\nSupported:", "\nContradicted here:" },
		{ ROUNDS, { 1, 1, 1 }, NULL, "\nNot seen:", "\nNot seen:" },
		{ ROUNDS, { .8, .8, .8 }, NULL, "\nContradicted here:", "\nSupported:" },
		{ ROUNDS, { .8, .8, 1.3 }, NULL, "\nMixed:", "\nMixed:" },
		{ 3, { 2, 2, 2 }, NULL, "\nUnknown:", "\nUnknown:" },
		{ ROUNDS,
		  { 1.3, 1.3, 1.3 },
		  "need CAP_BPF",
		  "\nSupported:",
		  "\nContradicted here:" },
	};

	(void)state;
	for (size_t i = 0; i < EXPERIMENTS; i++)
		for (size_t j = 0; j < sizeof(cases) / sizeof(cases[0]); j++) {
			struct lab_settings settings = settings_of(experiments[i]);
			bool higher = experiments[i]->rules.sense == LAB_PROCESS_HIGHER;

			settings.no_trace = cases[j].no_trace;
			assert_fits(
				text_of(experiments[i], &settings, cases[j].done, cases[j].factors),
				higher ? cases[j].higher : cases[j].lower);
		}
}

/* Nothing that decides can be run: unknown, and why. */
static void text_without_memory_or_cpus(void **state)
{
	static const double factors[] = { 2, 2, 2 };

	(void)state;
	for (size_t i = 0; i < EXPERIMENTS; i++) {
		struct lab_settings settings = settings_of(experiments[i]);

		settings.memory_bytes = MIB;
		assert_fits(text_of(experiments[i], &settings, ROUNDS, factors), "\nUnknown:");
		settings = settings_of(experiments[i]);
		settings.cpus = 1;
		assert_fits(
			text_of(experiments[i], &settings, ROUNDS, factors),
			experiments[i] == &experiment_touch ?
				"\nUnknown: this takes two workers at the same time, and there" :
				"\nSupported:");
	}
}

/* The claims fit the list. */
static void claims_fit_a_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < EXPERIMENTS; i++)
		assert_in_range(strlen(experiments[i]->claim), 10, 65);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_steps_when_quick),
		cmocka_unit_test(no_memory_skips_steps),
		cmocka_unit_test(spawn_skips_what_does_not_fit),
		cmocka_unit_test(touch_goes_by_the_cpus),
		cmocka_unit_test(commands_of_both_forms),
		cmocka_unit_test(one_lap_is_one_task),
		cmocka_unit_test(spawn_reads_creations_and_debt),
		cmocka_unit_test(cow_reads_the_debt_of_the_writer),
		cmocka_unit_test(touch_reads_first_touches),
		cmocka_unit_test(memory_reads_sums_and_creations),
		cmocka_unit_test(other_output_is_refused),
		cmocka_unit_test(text_of_every_verdict),
		cmocka_unit_test(text_without_memory_or_cpus),
		cmocka_unit_test(claims_fit_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
