// SPDX-License-Identifier: GPL-2.0
/* lab.c - the rounds of an experiment; see lab.h. */
#include "lab/lab.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/exits.h"
#include "base/log.h"
#include "lab/launch.h"
#include "lab/progress.h"
#include "lab/stop.h"

/* One experiment under way. */
struct course {
	const struct experiment *experiment;
	const struct lab_settings *settings;
	const struct features *features; /* NULL: nothing is traced */
	struct stats_random random;
	struct progress progress;
};

/* ---- the tracer ---- */

/* A tracer that cannot be had; the host's facts come all the same. */
static int without_tracer(struct lab_tracer *tracer, struct fail *fail)
{
	return features_probe(&tracer->features, 0, NULL, 0, fail) ? EXITS_FAILURE : 0;
}

int lab_tracer_open(struct lab_tracer *tracer, const char *const *without, size_t without_count,
		    struct fail *fail)
{
	static const struct wanted all = { .faults = true, .shootdowns = true };
	struct hooks hooks = { 0 };
	int status;

	memset(tracer, 0, sizeof(*tracer));
	status = run_features(&tracer->features, &all, without, without_count, &tracer->why);
	if (status == EXITS_PRIVILEGE || status == EXITS_KERNEL)
		return without_tracer(tracer, fail);
	if (status) {
		*fail = tracer->why;
		return status;
	}
	tracer->on = !hooks_choose(&hooks, &tracer->features, &all, &tracer->why);
	if (tracer->on) {
		tracer->direct_end = hooks.direct_end;
		tracer->direct_why = hooks.direct_why;
	}
	return 0;
}

void lab_tracer_close(struct lab_tracer *tracer)
{
	features_free(&tracer->features);
}

/* ---- one run ---- */

static int take(const struct course *course, const struct lab_run *run, const char *printed,
		struct lab_round *round, struct fail *fail)
{
	struct lab_run with_truth = *run;
	json_t *truth = json_loads(printed, 0, NULL);
	int err;

	with_truth.truth = truth;
	if (json_is_object(truth))
		err = course->experiment->read(&with_truth, round, fail);
	else
		err = fail_set(fail, -EPROTO, "%s did not print one JSON object",
			       course->settings->demo);
	json_decref(truth);
	return err ? EXITS_FAILURE : 0;
}

/* The form in which a side's runs are run. */
static enum lab_form form_of(const struct lab_settings *settings, enum lab_form side)
{
	return settings->same ? settings->same_as : side;
}

/* What an experiment took in for one form, as this side's, beside what the side has already. */
static void move_to_side(struct lab_round *from, enum lab_form form, struct lab_round *to,
			 enum lab_form side)
{
	for (size_t i = 0; i < LAB_FIGURES; i++)
		if (isfinite(from->value[form][i]))
			to->value[side][i] = from->value[form][i];
	if (from->truth[form].known)
		to->truth[side] = from->truth[form];
}

static int run_slot(const struct course *course, uint8_t slot, const struct lab_step *step,
		    struct lab_round *round, struct fail *fail)
{
	bool traced = slot % LAB_MODES == LAB_TRACED;
	enum lab_form side = slot / LAB_MODES;
	struct lab_run run = { .form = form_of(course->settings, side), .step = step };
	struct lab_round taken;
	struct lab_command command = { .argv = { (char *)course->settings->demo } };
	struct launched launched;
	int failed;

	course->experiment->command(course->settings, step, run.form, &command);
	failed = launch(command.argv, traced ? course->features : NULL, &course->experiment->trace,
			&launched, fail);
	if (failed)
		return failed;
	run.report = launched.traced ? launched.trace.report : NULL;
	lab_round_init(&taken);
	failed = take(course, &run, launched.output, &taken, fail);
	if (!failed) {
		move_to_side(&taken, run.form, round, side);
		round->output[slot] = launched.output;
		launched.output = NULL;
	}
	launched_free(&launched);
	return failed;
}

/* ---- one round ---- */

void lab_shuffle_steps(struct stats_random *random, size_t count, size_t *order)
{
	for (size_t i = 0; i < count; i++)
		order[i] = i;
	/* Fisher and Yates, from the end */
	for (size_t i = count; i > 1; i--) {
		size_t other = stats_random_below(random, i), kept = order[i - 1];

		order[i - 1] = order[other];
		order[other] = kept;
	}
}

size_t lab_shuffle(struct stats_random *random, bool traced, uint8_t *order)
{
	size_t count = traced ? LAB_SLOTS : LAB_SLOTS / LAB_MODES, shuffled[LAB_SLOTS];

	lab_shuffle_steps(random, count, shuffled);
	for (size_t i = 0; i < count; i++)
		order[i] = (uint8_t)(traced ? shuffled[i] : shuffled[i] * LAB_MODES);
	return count;
}

/* Of one step. */
static int run_step(struct course *course, unsigned int number, const struct lab_step *step,
		    struct lab_round *round, struct fail *fail)
{
	uint64_t started = clock_now_ns();
	int failed = 0;

	lab_round_init(round);
	round->runs = lab_shuffle(&course->random, course->features, round->order);
	for (size_t i = 0; !failed && i < round->runs; i++) {
		progress_show(&course->progress, number);
		failed = stop_signal() ? -EINTR :
					 run_slot(course, round->order[i], step, round, fail);
		progress_step(&course->progress);
	}
	if (failed) {
		lab_round_free(round);
		return failed;
	}
	round->elapsed_ns = clock_now_ns() - started;
	if (course->experiment->derive)
		course->experiment->derive(round);
	return 0;
}

/* Where a step's round is kept; number 0: the warm-up. */
static struct lab_round *round_of(struct lab_series *series, unsigned int number)
{
	return number ? &series->round[number - 1] : &series->warm_up;
}

static size_t runs_of_step(const struct course *course)
{
	return course->features ? LAB_SLOTS : LAB_FORMS;
}

static size_t steps_to_run(const struct lab_sweep *sweep)
{
	size_t count = 0;

	for (size_t i = 0; i < sweep->steps; i++)
		count += !sweep->series[i].step.skipped[0];
	return count;
}

/*
 * A step that the system has no memory or no tasks for is known by the warm-up: it is skipped, by name,
 * as long as another one is there.
 */
static bool skip_refused(const struct course *course, unsigned int number, struct lab_sweep *sweep,
			 struct lab_step *step, int failed, struct fail *fail)
{
	if (failed != EXITS_RESOURCES || number || steps_to_run(sweep) < 2)
		return false;
	log_warning("lab: %s, %s: skipped: %s", course->experiment->name, step->label, fail->text);
	snprintf(step->skipped, sizeof(step->skipped), "%.100s", fail->text);
	*fail = (struct fail){ 0 };
	return true;
}

/* A round is all steps once; of one that did not come to its end nothing is kept. */
static int run_round(struct course *course, unsigned int number, struct lab_sweep *sweep,
		     struct fail *fail)
{
	size_t order[LAB_STEPS] = { 0 };
	int failed = 0;

	lab_shuffle_steps(&course->random, sweep->steps, order);
	for (size_t i = 0; !failed && i < sweep->steps; i++) {
		struct lab_series *series = &sweep->series[order[i]];

		if (series->step.skipped[0])
			continue;
		failed = run_step(course, number, &series->step, round_of(series, number), fail);
		if (skip_refused(course, number, sweep, &series->step, failed, fail))
			failed = 0;
	}
	for (size_t i = 0; failed && i < sweep->steps; i++)
		lab_round_free(round_of(&sweep->series[i], number));
	return failed;
}

/* ---- all rounds ---- */

static int run_rounds(struct course *course, struct lab_sweep *sweep, struct fail *fail)
{
	int failed = run_round(course, 0, sweep, fail);

	progress_left(&course->progress,
		      course->settings->rounds * runs_of_step(course) * steps_to_run(sweep));
	while (!failed && sweep->done < course->settings->rounds) {
		failed = run_round(course, (unsigned int)sweep->done + 1, sweep, fail);
		sweep->done += !failed;
	}
	return failed;
}

/* 0 or -ENOMEM. */
static int lay_out(struct lab_sweep *sweep, const struct experiment *experiment,
		   const struct lab_settings *settings)
{
	struct lab_step steps[LAB_STEPS] = { 0 };

	sweep->steps = experiment->steps ? experiment->steps(settings, steps) : 1;
	for (size_t i = 0; i < sweep->steps; i++) {
		struct lab_series *series = &sweep->series[i];

		series->step = steps[i];
		series->round = calloc(settings->rounds, sizeof(*series->round));
		if (!series->round)
			return -ENOMEM;
	}
	return 0;
}

static int run_all(struct course *course, struct lab_result *result, struct fail *fail)
{
	const struct lab_settings *settings = course->settings;
	int failed;

	progress_start(&course->progress, course->experiment->name, settings->rounds,
		       (settings->rounds + 1) * runs_of_step(course) *
			       steps_to_run(&result->sweep));
	failed = run_rounds(course, &result->sweep, fail);
	progress_end(&course->progress);
	if (failed != -EINTR)
		return failed;
	result->stopped_by = stop_signal();
	return 0;
}

int lab_run(const struct experiment *experiment, const struct lab_settings *settings,
	    const struct lab_tracer *tracer, struct lab_result *result, struct fail *fail)
{
	struct course course = {
		.experiment = experiment,
		.settings = settings,
		.features = tracer->on ? &tracer->features : NULL,
	};
	uint64_t started = clock_now_ns();
	int failed;

	*result = (struct lab_result){ .experiment = experiment,
				       .settings = *settings,
				       .direct_end = tracer->direct_end };
	if (lay_out(&result->sweep, experiment, settings)) {
		fail_set(fail, -ENOMEM, "no memory for %u rounds", settings->rounds);
		return EXITS_FAILURE;
	}
	stats_random_seed(&course.random, settings->seed);
	failed = run_all(&course, result, fail);
	result->failed = *fail;
	result->elapsed_ns = clock_now_ns() - started;
	if (experiment->derive_all)
		experiment->derive_all(&result->sweep);
	if (lab_compare(&result->sweep, &experiment->rules)) {
		fail_set(fail, -ENOMEM, "no memory to compare the rounds");
		return EXITS_FAILURE;
	}
	return failed;
}

void lab_result_free(struct lab_result *result)
{
	for (size_t i = 0; i < result->sweep.steps; i++) {
		struct lab_series *series = &result->sweep.series[i];

		for (size_t j = 0; series->round && j < result->sweep.done; j++)
			lab_round_free(&series->round[j]);
		lab_round_free(&series->warm_up);
		free(series->round);
	}
	memset(result, 0, sizeof(*result));
}
