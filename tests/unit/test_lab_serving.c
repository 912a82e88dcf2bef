// SPDX-License-Identifier: GPL-2.0
/*
 * test_lab_serving.c - the experiments `server` and `responsive` of the lab: command lines, steps, what
 * they read out of a made-up report, and their words for every verdict. No tracer, no root.
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

static const struct experiment *const both[] = { &experiment_server, &experiment_responsive };

/* ---- steps and command lines ---- */

static void assert_command(const struct experiment *experiment, const struct lab_step *step,
			   enum lab_form form, const char *expected)
{
	const struct lab_settings settings = { .laps = experiment->laps, .cpu = 3 };
	struct lab_command command = { .argv = { "tasktax-demo" } };
	char line[512] = "";
	size_t used = 0;

	experiment->command(&settings, step, form, &command);
	for (size_t i = 1; command.argv[i]; i++)
		used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s", i > 1 ? " " : "",
					 command.argv[i]);
	assert_string_equal(line, expected);
}

static void server_takes_its_arguments(void **state)
{
	static const char *const models[] = { "workers --over unix", "workers --over tcp",
					      "per-connection --over unix",
					      "per-connection --over tcp", "epoll --over unix" };
	struct lab_step steps[LAB_STEPS] = { 0 };
	struct lab_settings settings = { 0 };
	char expected[256];

	(void)state;
	assert_int_equal(experiment_server.steps(&settings, steps), 5);
	for (size_t i = 0; i < 5; i++)
		for (int form = 0; form < LAB_FORMS; form++) {
			snprintf(expected, sizeof(expected),
				 "server --as %s --model %s --clients 8 --requests 4000 --cpu 3",
				 lab_form_name(form), models[i]);
			assert_command(&experiment_server, &steps[i], form, expected);
		}
}

static void responsive_takes_its_arguments(void **state)
{
	static const char *const settings_of[] = { "1 --nice 0", "1 --nice 19", "3 --nice 0",
						   "0 --nice 0" };
	struct lab_step steps[LAB_STEPS] = { 0 };
	struct lab_settings settings = { 0 };
	char expected[256];

	(void)state;
	assert_int_equal(experiment_responsive.steps(&settings, steps), 4);
	for (size_t i = 0; i < 4; i++)
		for (int form = 0; form < LAB_FORMS; form++) {
			snprintf(expected, sizeof(expected),
				 "responsive --as %s --hz 240 --seconds 0.200000 --background %s "
				 "--cpu 3",
				 lab_form_name(form), settings_of[i]);
			assert_command(&experiment_responsive, &steps[i], form, expected);
		}
}

/* So many ticks as laps were asked for: workloads count those that fall into the time, rounded down. */
static void responsive_has_a_tick_for_each_lap(void **state)
{
	const struct lab_step step = { .label = "" };

	(void)state;
	for (uint64_t laps = 1; laps < 1000; laps++) {
		const struct lab_settings settings = { .laps = laps };
		struct lab_command command = { .argv = { "tasktax-demo" } };
		uint64_t ns;
		char *rest;

		experiment_responsive.command(&settings, &step, LAB_THREAD, &command);
		assert_string_equal(command.argv[6], "--seconds");
		ns = strtoull(command.argv[7], &rest, 10) * 1000000000;
		ns += strtoull(rest + 1, NULL, 10) * 1000;
		assert_int_equal(ns * 240 / 1000000000, laps);
	}
}

/* Neither little memory nor a single CPU takes any away; the quick lab decides at most three. */
static void steps_for_every_machine(void **state)
{
	static const struct lab_settings settings[] = {
		{ .cpus = 2, .memory_bytes = (uint64_t)8 << 30 },
		{ .cpus = 1, .memory_bytes = (uint64_t)64 << 20 },
		{ .cpus = 1, .memory_bytes = (uint64_t)64 << 20, .quick = true },
	};

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		struct lab_step steps[LAB_STEPS] = { 0 };
		const struct lab_settings *with = &settings[i % 3];
		size_t count = both[i / 3]->steps(with, steps), deciding = 0;

		for (size_t j = 0; j < count; j++) {
			assert_string_equal(steps[j].skipped, "");
			assert_true(steps[j].label[0]);
			deciding += !steps[j].aside;
		}
		assert_in_range(deciding, 2, with->quick ? 3 : 6);
		assert_in_range(count, 2, with->quick ? 3 : 6);
	}
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

/*
 * Tasks: 1 the main one, 2 and 3 the workers 101 and 102, 4 another child of the main task, 5 the
 * child of worker 101. As processes, each is one.
 */
struct made_up {
	struct task_entry tasks[6];
	struct process_entry processes[5];
	struct switch_pair pairs[4];
	struct switch_row row;
	struct report report;
};

static void make_up(struct made_up *made_up, enum row_level level)
{
	memset(made_up, 0, sizeof(*made_up));
	for (uint32_t id = 1; id <= 5; id++) {
		struct task_entry *task = &made_up->tasks[id];

		task->pid = 99 + id;
		task->parent = id == 1 ? 0 : id == 5 ? 2 : 1;
		task->figures.voluntary = UINT64_C(10) * id;
		task->figures.preempted = id;
		task->figures.minor = 4;
		task->figures.fault_ns = 4000;
		task->figures.direct_ns = UINT64_C(1000) * id;
		made_up->processes[id - 1].tgid = task->pid;
		made_up->processes[id - 1].parent = id == 5 ? 1 : 0;
		made_up->processes[id - 1].debt_own.time_ns = 500;
	}
	made_up->pairs[0] = (struct switch_pair){ TASK_REF(TASK_TARGET, 3),
						  TASK_REF(TASK_TARGET, 2), level, 8 };
	made_up->pairs[1] = (struct switch_pair){ TASK_REF(TASK_TARGET, 2),
						  TASK_REF(TASK_TARGET, 3), level, 9 };
	made_up->pairs[2] = (struct switch_pair){ TASK_REF(TASK_FOREIGN, 9),
						  TASK_REF(TASK_TARGET, 2), ROW_PROCESS, 2 };
	made_up->pairs[3] = (struct switch_pair){ TASK_REF(TASK_TARGET, 3),
						  TASK_REF(TASK_TARGET, 2), ROW_EXITING, 1 };
	made_up->row = (struct switch_row){ .level = level, .via = SWITCH_VIA_DIRECT };
	for (uint64_t ns = 101; ns <= 119; ns++)
		histogram_record(&made_up->row.direct, ns);
	made_up->report = (struct report){
		.tasks = made_up->tasks,
		.task_count = 6,
		.processes = made_up->processes,
		.process_count = 5,
		.pairs = made_up->pairs,
		.pair_count = 4,
		.rows = &made_up->row,
		.row_count = 1,
		.reconcile.ok = true,
	};
}

/* Reads a run, traced if a report is given. */
static int read_run(const struct experiment *experiment, const struct report *report,
		    enum lab_form form, size_t at, const char *printed, struct lab_round *round,
		    struct fail *fail)
{
	const struct lab_step step = { .at = at };
	struct lab_run run = { .form = form, .step = &step, .report = report };
	int err;

	run.truth = json_loads(printed, 0, NULL);
	assert_non_null(run.truth);
	err = experiment->read(&run, round, fail);
	json_decref((json_t *)run.truth);
	return err;
}

static const char server_printed[] =
	"{\"requests\": 100, \"load_ns\": 1000000, \"latency_p50_ns\": 700, \"latency_p99_ns\": "
	"900,"
	" \"server_switches_per_1000_requests\": 1200, \"server_faults_per_1000_requests\": 30,"
	" \"pss_sum_bytes\": null, \"peak_rss_largest_bytes\": 4096,"
	" \"server\": {\"nvcsw\": 80, \"nivcsw\": 8, \"minflt\": 6, \"majflt\": 0},"
	" \"expected_created_processes\": 4, \"expected_created_threads\": 0,"
	" \"workers\": [{\"tid\": 101, \"span\": {\"minflt\": 2}},"
	" {\"tid\": 102, \"span\": {\"minflt\": 0}}]}";

static void server_reads_a_traced_run(void **state)
{
	const struct experiment *server = &experiment_server;
	struct made_up made_up;
	struct lab_round round;
	struct fail fail = { 0 };

	(void)state;
	make_up(&made_up, ROW_PROCESS);
	made_up.report.created[CREATED_PROCESS] = 4;
	lab_round_init(&round);
	assert_int_equal(
		read_run(server, &made_up.report, LAB_PROCESS, 2, server_printed, &round, &fail),
		0);
	assert_true(value_of(server, &round, LAB_PROCESS, "request_traced_ns") == 10000);
	assert_true(isnan(value_of(server, &round, LAB_PROCESS, "request_ns")));
	assert_true(value_of(server, &round, LAB_PROCESS, "direct_p50_ns") == 110);
	/* of tasks 2, 3 and 5 */
	assert_true(value_of(server, &round, LAB_PROCESS, "switching_per_request_ns") == 100);
	/* half of the first worker's, nothing of the second's, all of the child's */
	assert_true(value_of(server, &round, LAB_PROCESS, "faulting_per_request_ns") == 60);
	/* of the worker's child, not of the workers themselves */
	assert_true(value_of(server, &round, LAB_PROCESS, "fork_debt_per_request_ns") == 5);
	/* 4 creations; of 110 switches and 12 faults no more than were promised */
	assert_int_equal(round.truth[LAB_PROCESS].expected, 4 + 88 + 6);
	assert_int_equal(round.truth[LAB_PROCESS].seen, 4 + 88 + 6);
	assert_int_equal(round.truth[LAB_PROCESS].wrong_level, 0);
	assert_true(lab_truth_holds(&round.truth[LAB_PROCESS], server->rules.slack));
	histogram_free(&made_up.row.direct);
}

static void server_sees_what_is_missing(void **state)
{
	const struct experiment *server = &experiment_server;
	struct made_up made_up;
	struct lab_round round;
	struct fail fail = { 0 };

	(void)state;
	make_up(&made_up, ROW_PROCESS);
	made_up.report.created[CREATED_PROCESS] = 3;
	made_up.report.created[CREATED_THREAD] = 1;
	made_up.tasks[5].figures.voluntary = 0;
	lab_round_init(&round);
	assert_int_equal(
		read_run(server, &made_up.report, LAB_PROCESS, 2, server_printed, &round, &fail),
		0);
	assert_int_equal(round.truth[LAB_PROCESS].wrong_level, 2);
	assert_int_equal(round.truth[LAB_PROCESS].seen, 4 + 60 + 6);
	assert_false(lab_truth_holds(&round.truth[LAB_PROCESS], server->rules.slack));
	histogram_free(&made_up.row.direct);
}

static void server_reads_the_clock_and_derives(void **state)
{
	const struct experiment *server = &experiment_server;
	struct lab_round round;
	struct fail fail = { 0 };

	(void)state;
	lab_round_init(&round);
	assert_int_equal(read_run(server, NULL, LAB_THREAD, 0, server_printed, &round, &fail), 0);
	assert_true(value_of(server, &round, LAB_THREAD, "request_ns") == 10000);
	assert_true(value_of(server, &round, LAB_THREAD, "latency_p99_ns") == 900);
	assert_true(value_of(server, &round, LAB_THREAD, "server_faults_per_1000_requests") == 30);
	assert_true(isnan(value_of(server, &round, LAB_THREAD, "server_pss_bytes")));
	assert_false(round.truth[LAB_THREAD].known);
	round.value[LAB_THREAD][1] = 10400; /* traced */
	server->derive(&round);
	assert_true(value_of(server, &round, LAB_THREAD, "tracing_adds_ns") == 400);
}

/* A single task follows the client's process in either form. */
static void server_loop_has_the_level_of_processes(void **state)
{
	struct made_up made_up;
	struct lab_round round;
	struct fail fail = { 0 };

	(void)state;
	make_up(&made_up, ROW_PROCESS);
	lab_round_init(&round);
	assert_int_equal(read_run(&experiment_server, &made_up.report, LAB_THREAD, 4,
				  server_printed, &round, &fail),
			 0);
	assert_true(value_of(&experiment_server, &round, LAB_THREAD, "direct_p50_ns") == 110);
	assert_int_equal(read_run(&experiment_server, &made_up.report, LAB_THREAD, 0,
				  server_printed, &round, &fail),
			 0);
	assert_true(round.truth[LAB_THREAD].wrong_level > 0);
	histogram_free(&made_up.row.direct);
}

static const char responsive_printed[] =
	"{\"tasks\": 2, \"expected_ticks\": 10, \"late_p50_ns\": 65000, \"late_p99_ns\": 90000,"
	" \"late_max_ns\": 91000, \"ticks_missed\": 1, \"tick_wait_ns\": 5000, \"background\": 1,"
	" \"units_per_second\": 1234.5,"
	" \"workers\": [{\"tid\": 101, \"span\": {\"nvcsw\": 9}}, {\"tid\": 102}]}";

static void responsive_reads_a_traced_run(void **state)
{
	const struct experiment *responsive = &experiment_responsive;
	struct made_up made_up;
	struct lab_round round;
	struct fail fail = { 0 };

	(void)state;
	make_up(&made_up, ROW_THREAD);
	made_up.report.created[CREATED_THREAD] = 2;
	lab_round_init(&round);
	assert_int_equal(read_run(responsive, &made_up.report, LAB_THREAD, 0, responsive_printed,
				  &round, &fail),
			 0);
	assert_true(value_of(responsive, &round, LAB_THREAD, "late_traced_p50_ns") == 65000);
	assert_true(isnan(value_of(responsive, &round, LAB_THREAD, "late_p50_ns")));
	assert_true(value_of(responsive, &round, LAB_THREAD, "taken_percent") == 80);
	assert_true(value_of(responsive, &round, LAB_THREAD, "direct_p50_ns") == 110);
	assert_true(value_of(responsive, &round, LAB_THREAD, "background_preempted") == 3);
	assert_int_equal(round.truth[LAB_THREAD].expected, 2 + 9);
	assert_int_equal(round.truth[LAB_THREAD].seen, 2 + 9);
	assert_true(lab_truth_holds(&round.truth[LAB_THREAD], responsive->rules.slack));
	/* the same trace is not what processes would leave */
	assert_int_equal(read_run(responsive, &made_up.report, LAB_PROCESS, 0, responsive_printed,
				  &round, &fail),
			 0);
	assert_int_equal(round.truth[LAB_PROCESS].wrong_level, 2 + 8 + 9);
	histogram_free(&made_up.row.direct);
}

static void responsive_reads_the_clock_and_derives(void **state)
{
	const struct experiment *responsive = &experiment_responsive;
	struct lab_round round;
	struct fail fail = { 0 };

	(void)state;
	lab_round_init(&round);
	assert_int_equal(
		read_run(responsive, NULL, LAB_PROCESS, 0, responsive_printed, &round, &fail), 0);
	assert_true(value_of(responsive, &round, LAB_PROCESS, "late_p50_ns") == 65000);
	assert_true(value_of(responsive, &round, LAB_PROCESS, "wait_per_tick_ns") == 500);
	assert_true(value_of(responsive, &round, LAB_PROCESS, "ticks_missed") == 1);
	assert_true(value_of(responsive, &round, LAB_PROCESS, "units_per_second") == 1234.5);
	assert_false(round.truth[LAB_PROCESS].known);
	round.value[LAB_PROCESS][1] = 66000; /* traced */
	responsive->derive(&round);
	assert_true(value_of(responsive, &round, LAB_PROCESS, "tracing_adds_ns") == 1000);
}

static void other_output_is_refused(void **state)
{
	static const char *const lacks[] = { "requests", "tasks" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct lab_round round;
		struct fail fail = { 0 };

		lab_round_init(&round);
		assert_true(read_run(both[i], NULL, LAB_THREAD, 0, "{}", &round, &fail) < 0);
		assert_non_null(strstr(fail.text, lacks[i]));
	}
}

/* ---- words ---- */

/* As large as they come. */
static double large(enum lab_unit unit)
{
	switch (unit) {
	case LAB_PERCENT:
		return 60;
	case LAB_COUNT:
		return 1234;
	case LAB_BYTES:
		return 123456789;
	default:
		return 123456;
	}
}

/* Rounds in which every figure of process costs `factor` of thread, with a noise of about 1 %. */
static void make_rounds(struct lab_series *series, const struct experiment *experiment,
			double factor, const char *no_trace, struct stats_random *random)
{
	for (size_t i = 0; i < ROUNDS; i++) {
		struct lab_round *round = &series->round[i];

		lab_round_init(round);
		for (int form = 0; form < LAB_FORMS; form++) {
			for (size_t j = 0; j < experiment->rules.figure_count; j++) {
				double noise = (double)stats_random_below(random, 2001) / 1000 - 1;

				if (no_trace && experiment->rules.figures[j].needs_trace)
					continue;
				round->value[form][j] = large(experiment->rules.figures[j].unit) *
							(1 + 0.01 * noise) *
							(form == LAB_PROCESS ? factor : 1);
			}
			round->truth[form] = (struct lab_truth){ .known = !no_trace,
								 .expected = 123456,
								 .seen = 123456,
								 .reconciled = true };
		}
	}
}

struct outcome {
	double factors[2]; /* of steps in turn */
	size_t done;
	const char *no_trace, *title, *why;
};

static const struct outcome outcomes[] = {
	{ { 1.5, 1.5 }, ROUNDS, NULL, "\nSupported:", NULL },
	{ { 1, 1 }, ROUNDS, NULL, "\nNot seen:", NULL },
	{ { 0.8, 0.8 }, ROUNDS, NULL, "\nContradicted here:", "less" },
	{ { 0.8, 1.5 }, ROUNDS, NULL, "\nMixed:", NULL },
	{ { 1.5, 1.5 }, 2, NULL, "\nUnknown:", "This takes more rounds to say" },
	{ { 1.5, 1.5 }, ROUNDS, "need CAP_BPF", "\nSupported:", "not known without a trace" },
	{ { 1, 1 }, 0, NULL, "\nUnknown:", "timed in both forms" },
};

static char *text_of(const struct experiment *experiment, const struct outcome *outcome)
{
	static const struct features host = { .release = "6.1.0",
					      .arch = "x86_64",
					      .cpus_online = 2 };
	struct lab_result result = { .experiment = experiment };
	struct lab_step steps[LAB_STEPS] = { 0 };
	struct stats_random random;
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	stats_random_seed(&random, 42);
	result.settings = (struct lab_settings){ .rounds = ROUNDS,
						 .laps = 4000000,
						 .cpu = 1,
						 .cpus = 2,
						 .no_trace = outcome->no_trace };
	result.sweep.steps = experiment->steps(&result.settings, steps);
	result.sweep.done = outcome->done;
	for (size_t i = 0; i < result.sweep.steps; i++) {
		result.sweep.series[i].step = steps[i];
		result.sweep.series[i].round = calloc(ROUNDS, sizeof(struct lab_round));
		make_rounds(&result.sweep.series[i], experiment, outcome->factors[i % 2],
			    outcome->no_trace, &random);
	}
	assert_int_equal(lab_compare(&result.sweep, &experiment->rules), 0);
	assert_int_equal(lab_text(&result, &host, out, 80, false), 0);
	fclose(out);
	lab_result_free(&result);
	return text;
}

/* Words of a paragraph may be on two lines. */
static bool says(const char *text, const char *words)
{
	char *flat = strdup(text), *to = flat;
	bool found;

	for (const char *from = text; *from; from++)
		if (*from != '\n' && (*from != ' ' || (to > flat && to[-1] != ' ')))
			*to++ = *from;
		else if (to > flat && to[-1] != ' ')
			*to++ = ' ';
	*to = '\0';
	found = strstr(flat, words);
	free(flat);
	return found;
}

static void text_fits_and_says_the_verdict(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		const struct outcome *outcome = &outcomes[i / 2];
		char *text = text_of(both[i % 2], outcome), *rest = NULL;

		assert_non_null(strstr(text, outcome->title));
		assert_non_null(strstr(text, "\nWhy: "));
		assert_null(strstr(text, "nan"));
		if (outcome->why)
			assert_true(says(text, outcome->why));
		for (char *line = strtok_r(text, "\n", &rest); line;
		     line = strtok_r(NULL, "\n", &rest))
			if (quote_columns(line) > 80)
				fail_msg("%s", line);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(server_takes_its_arguments),
		cmocka_unit_test(responsive_takes_its_arguments),
		cmocka_unit_test(responsive_has_a_tick_for_each_lap),
		cmocka_unit_test(steps_for_every_machine),
		cmocka_unit_test(server_reads_a_traced_run),
		cmocka_unit_test(server_sees_what_is_missing),
		cmocka_unit_test(server_reads_the_clock_and_derives),
		cmocka_unit_test(server_loop_has_the_level_of_processes),
		cmocka_unit_test(responsive_reads_a_traced_run),
		cmocka_unit_test(responsive_reads_the_clock_and_derives),
		cmocka_unit_test(other_output_is_refused),
		cmocka_unit_test(text_fits_and_says_the_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
