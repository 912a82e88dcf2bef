// SPDX-License-Identifier: GPL-2.0
/*
 * test_lab_hazards.c - the lab's experiments about what threads do to each other (shootdown, race,
 * crash) without a tracer: their steps and command lines, their reading of made-up runs, and that
 * the text of every verdict fits.
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

static const struct experiment *const experiments[] = { &experiment_shootdown, &experiment_race,
							&experiment_crash };

static struct lab_settings settings_of(const struct experiment *experiment)
{
	return (struct lab_settings){
		.rounds = ROUNDS, .laps = experiment->laps, .cpus = 2, .seed = 1
	};
}

/* ---- steps and command lines ---- */

static size_t steps_of(const struct experiment *experiment, const struct lab_settings *settings,
		       struct lab_step *steps)
{
	size_t count;

	memset(steps, 0, LAB_STEPS * sizeof(*steps));
	count = experiment->steps(settings, steps);
	assert_in_range(count, 1, settings->quick ? 3 : 6);
	return count;
}

static void assert_command(const struct experiment *experiment, const struct lab_settings *settings,
			   const struct lab_step *step, enum lab_form form, const char *expected)
{
	struct lab_command command = { .argv = { "tasktax-demo" } };
	char line[512] = "";

	experiment->command(settings, step, form, &command);
	assert_null(command.argv[LAB_WORDS - 1]);
	for (size_t i = 1; command.argv[i]; i++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s%s", i > 1 ? " " : "",
			 command.argv[i]);
	assert_string_equal(line, expected);
}

static void shootdown_has_three_ways(void **state)
{
	struct lab_settings settings = settings_of(&experiment_shootdown);
	struct lab_step steps[LAB_STEPS];

	(void)state;
	assert_int_equal(steps_of(&experiment_shootdown, &settings, steps), 3);
	assert_string_equal(steps[0].skipped, "");
	assert_command(&experiment_shootdown, &settings, &steps[0], LAB_PROCESS,
		       "shootdown --as process --tasks 2 --by munmap --rounds 10000 --cpu spread");
	settings.laps = 7;
	assert_command(&experiment_shootdown, &settings, &steps[1], LAB_THREAD,
		       "shootdown --as thread --tasks 2 --by mprotect --rounds 7 --cpu spread");
	assert_command(&experiment_shootdown, &settings, &steps[2], LAB_THREAD,
		       "shootdown --as thread --tasks 2 --by dontneed --rounds 7 --cpu spread");
}

static void shootdown_needs_a_second_cpu(void **state)
{
	struct lab_settings settings = settings_of(&experiment_shootdown);
	struct lab_step steps[LAB_STEPS];

	(void)state;
	settings.cpus = 1;
	for (size_t i = steps_of(&experiment_shootdown, &settings, steps); i-- > 0;)
		assert_non_null(strstr(steps[i].skipped, "one CPU"));
}

/* Only what comes by default is the claim; the cause and the remedies stand beside it. */
static void race_judges_what_comes_by_default(void **state)
{
	struct lab_settings settings = settings_of(&experiment_race);
	struct lab_step steps[LAB_STEPS];

	(void)state;
	settings.laps = 1000;
	assert_int_equal(steps_of(&experiment_race, &settings, steps), 5);
	assert_false(steps[0].aside);
	for (size_t i = 1; i < 5; i++)
		assert_true(steps[i].aside);
	assert_string_equal(steps[0].label, "own : shared");
	assert_command(
		&experiment_race, &settings, &steps[0], LAB_PROCESS,
		"race --as process --tasks 2 --how plain --count 1000 --cpu spread --private");
	assert_command(&experiment_race, &settings, &steps[0], LAB_THREAD,
		       "race --as thread --tasks 2 --how plain --count 1000 --cpu spread");
	assert_command(&experiment_race, &settings, &steps[1], LAB_PROCESS,
		       "race --as process --tasks 2 --how plain --count 1000 --cpu spread");
	assert_command(&experiment_race, &settings, &steps[2], LAB_PROCESS,
		       "race --as process --tasks 2 --how atomic --count 100 --cpu spread");
	assert_command(&experiment_race, &settings, &steps[3], LAB_THREAD,
		       "race --as thread --tasks 2 --how mutex --count 20 --cpu spread");
	assert_command(
		&experiment_race, &settings, &steps[4], LAB_THREAD,
		"race --as thread --tasks 2 --how plain --count 1000 --cpu spread --private");
	settings.laps = 1;
	assert_command(&experiment_race, &settings, &steps[3], LAB_THREAD,
		       "race --as thread --tasks 2 --how mutex --count 1 --cpu spread");
	settings.quick = true;
	assert_int_equal(steps_of(&experiment_race, &settings, steps), 3);
}

static void crash_has_three_ways(void **state)
{
	struct lab_settings settings = settings_of(&experiment_crash);
	struct lab_step steps[LAB_STEPS];

	(void)state;
	settings.quick = true;
	settings.cpus = 1;
	assert_int_equal(steps_of(&experiment_crash, &settings, steps), 3);
	for (size_t i = 0; i < 3; i++)
		assert_false(steps[i].aside || steps[i].skipped[0]);
	assert_command(&experiment_crash, &settings, &steps[0], LAB_PROCESS,
		       "crash --as process --tasks 4 --how null --crashes 10");
	assert_command(&experiment_crash, &settings, &steps[2], LAB_THREAD,
		       "crash --as thread --tasks 4 --how stack --crashes 10");
}

/* ---- made-up runs ---- */

/* Task 1 is the command; workers 101 and 102 are tasks 2 and 3. */
struct made_up {
	struct task_entry tasks[4];
	struct process_entry processes[4];
	struct report report;
};

static void make_up(struct made_up *made_up)
{
	memset(made_up, 0, sizeof(*made_up));
	for (uint32_t i = 1; i < 4; i++)
		made_up->tasks[i] =
			(struct task_entry){ .id = i, .pid = 99 + i, .known = true, .ended = true };
	made_up->report = (struct report){ .tasks = made_up->tasks,
					   .task_count = 4,
					   .processes = made_up->processes,
					   .process_count = 4,
					   .reconcile.ok = true };
}

/* A run of this experiment that printed so; report NULL: not traced. */
static int read_run(const struct experiment *experiment, enum lab_form form, const char *printed,
		    const struct report *report, struct lab_round *round, struct fail *fail)
{
	json_t *truth = json_loads(printed, 0, NULL);
	struct lab_run run = { .form = form, .truth = truth, .report = report };
	int err;

	assert_non_null(truth);
	err = experiment->read(&run, round, fail);
	json_decref(truth);
	return err;
}

static size_t index_of(const struct experiment *experiment, const char *key)
{
	for (size_t i = 0; i < experiment->rules.figure_count; i++)
		if (!strcmp(experiment->rules.figures[i].key, key))
			return i;
	fail_msg("no figure %s", key);
	return 0;
}

static double value_of(const struct experiment *experiment, const struct lab_round *round,
		       enum lab_form form, const char *key)
{
	return round->value[form][index_of(experiment, key)];
}

#define SHOOTDOWN_PRINTED                                                             \
	"{\"ns_per_round\": 8000.5, \"sibling_loops_per_ms\": 2500, \"rounds\": 400," \
	" \"expected_requests\": 500, \"expected_minor_faults\": 400,"                \
	" \"warm_up_rounds\": 100, \"workers\": [{\"tid\": 101}, {\"tid\": 102}]}"

static void shootdown_reads_who_sent_and_who_received(void **state)
{
	const struct experiment *e = &experiment_shootdown;
	struct made_up made_up;
	struct lab_round round;
	struct fail fail = { 0 };

	(void)state;
	make_up(&made_up);
	lab_round_init(&round);
	made_up.report.context.shootdowns_measured = true;
	made_up.report.context.shot_time = true;
	made_up.tasks[1].account.tlb.sent = 77; /* of the command: not counted */
	made_up.tasks[2].account.tlb.sent = 450;
	made_up.tasks[2].figures.minor = 523;
	made_up.tasks[3].account.tlb = (struct task_tlb){ .received = 400, .received_ns = 200000 };
	assert_int_equal(read_run(e, LAB_THREAD, SHOOTDOWN_PRINTED, &made_up.report, &round, &fail),
			 0);
	assert_true(value_of(e, &round, LAB_THREAD, "sent_per_1000_requests") == 900);
	assert_true(value_of(e, &round, LAB_THREAD, "received_per_1000_requests") == 800);
	assert_true(value_of(e, &round, LAB_THREAD, "sibling_interrupted_ns") == 400);
	assert_true(value_of(e, &round, LAB_THREAD, "round_traced_ns") == 8000.5);
	assert_true(isnan(value_of(e, &round, LAB_THREAD, "round_ns")));
	assert_int_equal(round.truth[LAB_THREAD].expected, 400);
	assert_int_equal(round.truth[LAB_THREAD].seen, 400);
	assert_int_equal(read_run(e, LAB_THREAD, SHOOTDOWN_PRINTED, NULL, &round, &fail), 0);
	assert_true(value_of(e, &round, LAB_THREAD, "round_ns") == 8000.5);
	assert_true(value_of(e, &round, LAB_THREAD, "sibling_loops_per_ms") == 2500);
	e->derive(&round);
	assert_true(value_of(e, &round, LAB_THREAD, "tracing_adds_ns") == 0);
}

static void shootdown_without_its_hook_is_unknown(void **state)
{
	const struct experiment *e = &experiment_shootdown;
	struct made_up made_up;
	struct lab_round round;
	struct fail fail = { 0 };

	(void)state;
	make_up(&made_up);
	lab_round_init(&round);
	made_up.tasks[2].figures.minor = 399;
	assert_int_equal(
		read_run(e, LAB_PROCESS, SHOOTDOWN_PRINTED, &made_up.report, &round, &fail), 0);
	assert_true(isnan(value_of(e, &round, LAB_PROCESS, "sent_per_1000_requests")));
	assert_int_equal(round.truth[LAB_PROCESS].seen, 399);
	assert_true(read_run(e, LAB_PROCESS, "{\"ns_per_round\": 1}", NULL, &round, &fail) < 0);
	assert_non_null(strstr(fail.text, "sibling_loops_per_ms"));
}

#define RACE_PRINTED                                                                  \
	"{\"lost_updates\": 50, \"expected_total\": 200, \"ns_per_increment\": 0.75," \
	" \"workers\": [{\"tid\": 101}, {\"tid\": 102}]}"

static void race_reads_losses_and_workers(void **state)
{
	const struct experiment *e = &experiment_race;
	struct made_up made_up;
	struct lab_round round;
	struct fail fail = { 0 };

	(void)state;
	make_up(&made_up);
	lab_round_init(&round);
	made_up.tasks[2].created = CREATED_THREAD;
	made_up.tasks[3].created = CREATED_PROCESS;
	made_up.tasks[2].figures.preempted = 3;
	made_up.tasks[3].figures.preempted = 4;
	made_up.tasks[3].figures.voluntary = 5;
	assert_int_equal(read_run(e, LAB_THREAD, RACE_PRINTED, &made_up.report, &round, &fail), 0);
	assert_true(value_of(e, &round, LAB_THREAD, "lost_traced_percent") == 25);
	assert_true(isnan(value_of(e, &round, LAB_THREAD, "lost_percent")));
	assert_true(value_of(e, &round, LAB_THREAD, "preempted_count") == 7);
	assert_true(value_of(e, &round, LAB_THREAD, "slept_count") == 5);
	assert_int_equal(round.truth[LAB_THREAD].expected, 2);
	assert_int_equal(round.truth[LAB_THREAD].seen, 2);
	assert_int_equal(round.truth[LAB_THREAD].wrong_level, 1);
	assert_int_equal(read_run(e, LAB_THREAD, RACE_PRINTED, NULL, &round, &fail), 0);
	assert_true(value_of(e, &round, LAB_THREAD, "lost_percent") == 25);
	assert_true(value_of(e, &round, LAB_THREAD, "lost_count") == 50);
	assert_true(value_of(e, &round, LAB_THREAD, "thousand_increments_ns") == 750);
	assert_true(read_run(e, LAB_THREAD, "{}", NULL, &round, &fail) < 0);
}

#define CRASH_PRINTED                                                                         \
	"{\"expected_crashes\": 2, \"survivors\": 3, \"tasks_lost\": 0, \"units_lost\": 900," \
	" \"noticed_ns\": 70000, \"replaced_ns\": 300000, \"crashes\": ["                     \
	"{\"pid\": 101, \"signal\": 11, \"tasks_lost\": 0},"                                  \
	"{\"pid\": 102, \"signal\": 11, \"tasks_lost\": 0}]}"

static void crash_finds_each_crash_in_the_trace(void **state)
{
	const struct experiment *e = &experiment_crash;
	struct made_up made_up;
	struct lab_round round;
	struct fail fail = { 0 };

	(void)state;
	make_up(&made_up);
	lab_round_init(&round);
	made_up.processes[0].tgid = 100;
	made_up.processes[1] = (struct process_entry){ .tgid = 101, .crashed_by = 11 };
	made_up.processes[2] = (struct process_entry){ .tgid = 102, .crashed_by = 11 };
	assert_int_equal(read_run(e, LAB_PROCESS, CRASH_PRINTED, &made_up.report, &round, &fail),
			 0);
	assert_int_equal(round.truth[LAB_PROCESS].expected, 2);
	assert_int_equal(round.truth[LAB_PROCESS].seen, 2);
	assert_int_equal(round.truth[LAB_PROCESS].wrong_level, 0);
	assert_true(value_of(e, &round, LAB_PROCESS, "tasks_lost_in_trace") == 0);
	assert_true(value_of(e, &round, LAB_PROCESS, "replaced_traced_ns") == 300000);
	assert_true(isnan(value_of(e, &round, LAB_PROCESS, "survivors")));
	assert_int_equal(read_run(e, LAB_PROCESS, CRASH_PRINTED, NULL, &round, &fail), 0);
	assert_true(value_of(e, &round, LAB_PROCESS, "survivors") == 3);
	assert_true(value_of(e, &round, LAB_PROCESS, "units_lost") == 450);
	assert_true(value_of(e, &round, LAB_PROCESS, "noticed_ns") == 70000);
}

static void crash_differs_by_signal_loss_and_number(void **state)
{
	const struct experiment *e = &experiment_crash;
	struct made_up made_up;
	struct lab_round round;
	struct fail fail = { 0 };

	(void)state;
	make_up(&made_up);
	lab_round_init(&round);
	made_up.processes[1] = (struct process_entry){ .tgid = 101, .crashed_by = 6 };
	made_up.processes[2] =
		(struct process_entry){ .tgid = 102, .crashed_by = 11, .tasks_lost = 1 };
	made_up.processes[3] = (struct process_entry){ .tgid = 103, .crashed_by = 11 };
	assert_int_equal(read_run(e, LAB_PROCESS, CRASH_PRINTED, &made_up.report, &round, &fail),
			 0);
	assert_int_equal(round.truth[LAB_PROCESS].seen, 3);
	assert_int_equal(round.truth[LAB_PROCESS].wrong_level, 2);
	assert_false(lab_truth_holds(&round.truth[LAB_PROCESS], e->rules.slack));
}

/* ---- text ---- */

/* What the sides have in the headline, and which way it is in every other figure too. */
struct sides {
	double process, thread;
};

static void fill_round(const struct lab_result *result, struct lab_round *round, struct sides sides,
		       size_t number)
{
	const struct lab_rules *rules = &result->experiment->rules;

	lab_round_init(round);
	for (int form = 0; form < LAB_FORMS; form++) {
		double value = form == LAB_PROCESS ? sides.process : sides.thread;

		for (size_t i = 0; i < rules->figure_count; i++) {
			if (rules->figures[i].needs_trace && result->settings.no_trace)
				continue;
			round->value[form][i] =
				value +
				(rules->figures[i].by_difference ? 0 : 1e5 + (double)number);
		}
		round->truth[form] = (struct lab_truth){ .known = !result->settings.no_trace,
							 .expected = 10,
							 .seen = 10,
							 .reconciled = true };
	}
}

/* The steps take turns with `sides` and `others`. */
static char *text_of(const struct experiment *experiment, const struct lab_settings *settings,
		     size_t done, const struct sides sides[2], enum lab_verdict *verdict)
{
	static const struct features host = {
		.release = "6.1.0", .arch = "x86_64", .cpu_model = "a CPU", .cpus_online = 2
	};
	struct lab_result *result = calloc(1, sizeof(*result));
	struct lab_step steps[LAB_STEPS];
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(result);
	*result = (struct lab_result){ .experiment = experiment, .settings = *settings };
	result->sweep.steps = steps_of(experiment, settings, steps);
	result->sweep.done = done;
	for (size_t i = 0; i < result->sweep.steps; i++) {
		struct lab_series *series = &result->sweep.series[i];

		series->step = steps[i];
		series->round = calloc(ROUNDS, sizeof(*series->round));
		assert_non_null(series->round);
		for (size_t j = 0; j < done; j++)
			fill_round(result, &series->round[j], sides[i % 2], j);
	}
	assert_int_equal(lab_compare(&result->sweep, &experiment->rules), 0);
	*verdict = result->sweep.verdict;
	assert_int_equal(lab_text(result, &host, out, 80, false), 0);
	fclose(out);
	lab_result_free(result);
	free(result);
	return text;
}

static void assert_fits(const char *name, char *text)
{
	char *rest = NULL;

	assert_null(strstr(text, "nan"));
	assert_null(strstr(text, "++"));
	assert_null(strstr(text, "-+"));
	assert_non_null(strstr(text, "\nWhy: "));
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (quote_columns(line) > 80)
			fail_msg("%s: too long: %s", name, line);
}

static const struct sides process_more[2] = { { 1230, 0 }, { 1230, 0 } };
static const struct sides thread_more[2] = { { 0, 99.9 }, { 0, 99.9 } };
static const struct sides same[2] = { { 12.3, 12.3 }, { 12.3, 12.3 } };
static const struct sides both_ways[2] = { { 99.9, 0 }, { 0, 99.9 } };

static void text_of_every_verdict_fits(void **state)
{
	const struct {
		const struct sides *sides;
		enum lab_verdict if_process, if_thread; /* has the claim higher */
		size_t done;
		const char *no_trace;
	} cases[] = {
		{ process_more, LAB_SUPPORTED, LAB_CONTRADICTED, ROUNDS, NULL },
		{ thread_more, LAB_CONTRADICTED, LAB_SUPPORTED, ROUNDS, NULL },
		{ same, LAB_NOT_SEEN, LAB_NOT_SEEN, ROUNDS, NULL },
		{ both_ways, LAB_MIXED, LAB_MIXED, ROUNDS, NULL },
		{ process_more, LAB_UNKNOWN, LAB_UNKNOWN, 2, NULL },
		{ process_more, LAB_SUPPORTED, LAB_CONTRADICTED, ROUNDS, "need CAP_BPF" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(experiments) / sizeof(experiments[0]); i++) {
		const struct experiment *e = experiments[i];

		for (size_t j = 0; j < sizeof(cases) / sizeof(cases[0]); j++) {
			struct lab_settings settings = settings_of(e);
			enum lab_verdict verdict, expected = e->rules.sense == LAB_PROCESS_HIGHER ?
								     cases[j].if_process :
								     cases[j].if_thread;
			char *text;

			if (e == &experiment_race && expected == LAB_MIXED)
				expected = LAB_CONTRADICTED; /* one step counts */
			settings.no_trace = cases[j].no_trace;
			if (settings.no_trace && e->rules.figures[e->rules.headline].needs_trace)
				expected = LAB_UNKNOWN;
			text = text_of(e, &settings, cases[j].done, cases[j].sides, &verdict);
			assert_int_equal(verdict, expected);
			assert_fits(e->name, text);
			free(text);
		}
	}
}

/* On one CPU: a reason for each step, and no figures. */
static void text_of_what_was_skipped(void **state)
{
	struct lab_settings settings = settings_of(&experiment_shootdown);
	enum lab_verdict verdict;
	char *text;

	(void)state;
	settings.cpus = 1;
	text = text_of(&experiment_shootdown, &settings, ROUNDS, same, &verdict);
	assert_int_equal(verdict, LAB_UNKNOWN);
	assert_non_null(strstr(text, "\nSkipped: mprotect: one CPU may be used"));
	assert_null(strstr(text, "process is")); /* no empty table */
	assert_non_null(strstr(text, "\nUnknown: nothing could be run: one CPU"));
	assert_fits("shootdown", text);
	free(text);
}

/* Processes that share lose too, whatever the verdict on the claim is. */
static void race_names_the_cause(void **state)
{
	static const struct sides sides[2] = { { 0, 43.2 }, { 41.1, 40.9 } };
	struct lab_settings settings = settings_of(&experiment_race);
	enum lab_verdict verdict;
	char *text = text_of(&experiment_race, &settings, ROUNDS, sides, &verdict);

	(void)state;
	assert_int_equal(verdict, LAB_SUPPORTED);
	assert_non_null(strstr(text, "43.2 %"));
	assert_non_null(strstr(text, "processes that share one lose"));
	assert_non_null(strstr(text, "41.1 %"));
	assert_non_null(strstr(text, "sharing is the risk"));
	assert_fits("race", text);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shootdown_has_three_ways),
		cmocka_unit_test(shootdown_needs_a_second_cpu),
		cmocka_unit_test(race_judges_what_comes_by_default),
		cmocka_unit_test(crash_has_three_ways),
		cmocka_unit_test(shootdown_reads_who_sent_and_who_received),
		cmocka_unit_test(shootdown_without_its_hook_is_unknown),
		cmocka_unit_test(race_reads_losses_and_workers),
		cmocka_unit_test(crash_finds_each_crash_in_the_trace),
		cmocka_unit_test(crash_differs_by_signal_loss_and_number),
		cmocka_unit_test(text_of_every_verdict_fits),
		cmocka_unit_test(text_of_what_was_skipped),
		cmocka_unit_test(race_names_the_cause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
