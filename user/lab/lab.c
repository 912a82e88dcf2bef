// SPDX-License-Identifier: GPL-2.0
/* lab.c - the rounds of an experiment; see lab.h. */
#include "lab/lab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/exits.h"
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
	static const struct wanted nothing_more;
	struct hooks hooks = { 0 };
	int status;

	memset(tracer, 0, sizeof(*tracer));
	status = run_features(&tracer->features, &nothing_more, without, without_count,
			      &tracer->why);
	if (status == EXITS_PRIVILEGE || status == EXITS_KERNEL)
		return without_tracer(tracer, fail);
	if (status) {
		*fail = tracer->why;
		return status;
	}
	tracer->on = !hooks_choose(&hooks, &tracer->features, &nothing_more, &tracer->why);
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

static int take(const struct course *course, enum lab_form form, const struct launched *launched,
		struct lab_round *round, struct fail *fail)
{
	struct lab_run run = {
		.form = form,
		.truth = json_loads(launched->output, 0, NULL),
		.report = launched->traced ? launched->trace.report : NULL,
	};
	int err;

	if (json_is_object(run.truth))
		err = course->experiment->read(&run, round, fail);
	else
		err = fail_set(fail, -EPROTO, "%s did not print one JSON object",
			       course->settings->demo);
	json_decref((json_t *)run.truth);
	return err ? EXITS_FAILURE : 0;
}

static int run_slot(const struct course *course, uint8_t slot, struct lab_round *round,
		    struct fail *fail)
{
	bool traced = slot % LAB_MODES == LAB_TRACED;
	enum lab_form form = slot / LAB_MODES;
	struct lab_command command = { .argv = { (char *)course->settings->demo } };
	struct launched launched;
	int failed;

	course->experiment->command(course->settings, form, &command);
	failed = launch(command.argv, traced ? course->features : NULL, &launched, fail);
	if (failed)
		return failed;
	failed = take(course, form, &launched, round, fail);
	if (!failed) {
		round->output[slot] = launched.output;
		launched.output = NULL;
	}
	launched_free(&launched);
	return failed;
}

/* ---- one round ---- */

size_t lab_shuffle(struct stats_random *random, bool traced, uint8_t *order)
{
	size_t count = 0;

	for (size_t slot = 0; slot < LAB_SLOTS; slot++)
		if (traced || slot % LAB_MODES == LAB_UNTRACED)
			order[count++] = (uint8_t)slot;
	/* Fisher and Yates, from the end */
	for (size_t i = count; i > 1; i--) {
		size_t other = stats_random_below(random, i);
		uint8_t kept = order[i - 1];

		order[i - 1] = order[other];
		order[other] = kept;
	}
	return count;
}

static int run_round(struct course *course, unsigned int number, struct lab_round *round,
		     struct fail *fail)
{
	uint64_t started = clock_now_ns();
	int failed = 0;

	lab_round_init(round);
	round->runs = lab_shuffle(&course->random, course->features, round->order);
	for (size_t i = 0; !failed && i < round->runs; i++) {
		progress_show(&course->progress, number);
		failed = stop_signal() ? -EINTR : run_slot(course, round->order[i], round, fail);
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

/* ---- all rounds ---- */

static int run_rounds(struct course *course, struct lab_result *result, struct fail *fail)
{
	int failed = run_round(course, 0, &result->warm_up, fail);

	while (!failed && result->done < course->settings->rounds) {
		failed = run_round(course, (unsigned int)result->done + 1,
				   &result->round[result->done], fail);
		result->done += !failed;
	}
	return failed;
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
	result->round = calloc(settings->rounds, sizeof(*result->round));
	if (!result->round) {
		fail_set(fail, -ENOMEM, "no memory for %u rounds", settings->rounds);
		return EXITS_FAILURE;
	}
	stats_random_seed(&course.random, settings->seed);
	progress_start(&course.progress, experiment->name, settings->rounds,
		       (size_t)(settings->rounds + 1) * (tracer->on ? LAB_SLOTS : LAB_FORMS));
	failed = run_rounds(&course, result, fail);
	progress_end(&course.progress);
	result->elapsed_ns = clock_now_ns() - started;
	if (failed == -EINTR) {
		result->stopped_by = stop_signal();
		failed = 0;
	}
	if (lab_compare(result->round, result->done, experiment->figure_count, experiment->headline,
			experiment->slack, &result->comparison)) {
		fail_set(fail, -ENOMEM, "no memory to compare the rounds");
		return EXITS_FAILURE;
	}
	return failed;
}

void lab_result_free(struct lab_result *result)
{
	for (size_t i = 0; i < result->done; i++)
		lab_round_free(&result->round[i]);
	lab_round_free(&result->warm_up);
	free(result->round);
	memset(result, 0, sizeof(*result));
}
