// SPDX-License-Identifier: GPL-2.0
/* source.c - a live session as the exporter's source: adds whose control group it is; see source.h. */
#include "serve/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/exits.h"
#include "live.h"
#include "run.h"
#include "serve/cgroups.h"

struct source {
	struct source_options options;
	struct features features;
	struct live *live;
	struct cgroups *cgroups;
	struct census census;
	struct census_group *group; /* the census's, with their control groups */
	uint32_t groups, room;
	struct metrics_feature feature[FEATURE_COUNT];
	struct metrics_program program[LIVE_PROGRAMS_MAX];
};

/* ---- what the session tells ---- */

static int on_event(void *context, const struct event_header *event)
{
	struct source *source = context;

	return cgroups_note(source->cgroups, event);
}

static int on_departed(void *context, const struct census_group *group, uint32_t first_task)
{
	struct source *source = context;
	struct census_group with_cgroup = *group;
	int err = 0;

	with_cgroup.cgroup = cgroups_of(source->cgroups, first_task);
	if (source->options.departed)
		err = source->options.departed(source->options.context, &with_cgroup,
					       clock_now_ns());
	cgroups_forget(source->cgroups, first_task);
	return err;
}

/* ---- life ---- */

static int open_live(struct source *source, struct fail *fail)
{
	const struct live_options options = {
		.selection = source->options.selection,
		.attached_to = source->options.described,
		.wanted = source->options.wanted,
		.time_programs = source->options.bpf_stats,
		.event = on_event,
		.departed = on_departed,
		.context = source,
	};

	int status = live_open(&source->live, &options, &source->features, fail);

	if (!status && options.selection->open && !live_tasks(source->live))
		log_note("nobody fits %s yet; whoever does from now on is counted",
			 options.attached_to);
	return status;
}

struct source *source_open(const struct source_options *options, struct fail *fail)
{
	struct source *source = calloc(1, sizeof(*source));
	int status;

	if (!source) {
		fail_set(fail, EXITS_FAILURE, "no memory");
		return NULL;
	}
	source->options = *options;
	source->options.wanted.counting.by = options->by_process ? GROUP_BY_PROCESS : GROUP_BY_NONE;
	source->options.wanted.counting.max_memory = options->max_memory;
	source->cgroups = cgroups_new();
	status = source->cgroups ? run_features(&source->features, &source->options.wanted,
						options->without, options->without_count, fail) :
				   EXITS_FAILURE;
	if (!status) {
		status = open_live(source, fail);
		if (!status)
			return source;
		features_free(&source->features);
	}
	fail->code = status;
	cgroups_free(source->cgroups);
	free(source);
	return NULL;
}

void source_close(struct source *source)
{
	if (!source)
		return;
	live_close(source->live);
	cgroups_free(source->cgroups);
	features_free(&source->features);
	free(source->group);
	free(source);
}

/* ---- its course ---- */

int source_fd(const struct source *source)
{
	return live_fd(source->live);
}

int source_wait_ms(const struct source *source)
{
	(void)source;
	return LIVE_DRAIN_MS;
}

static int lost(int err, struct fail *fail)
{
	return err ? fail_set(fail, err, "cannot go on counting: %s", strerror(-err)) : 0;
}

int source_step(struct source *source, struct fail *fail)
{
	return live_step(source->live, fail);
}

static int take_group(void *context, const struct census_group *group, uint32_t first_task)
{
	struct source *source = context;

	if (array_grow(source->group, source->room, source->groups))
		return -ENOMEM;
	source->group[source->groups] = *group;
	source->group[source->groups++].cgroup = cgroups_of(source->cgroups, first_task);
	return 0;
}

const struct census *source_census(struct source *source, struct fail *fail)
{
	int err = live_census(source->live, &source->census);

	if (!err)
		err = cgroups_look(source->cgroups, source->census.at_ns);
	source->groups = 0;
	if (!err)
		err = live_each(source->live, &source->census, take_group, source);
	if (lost(err, fail))
		return NULL;
	source->census.group = source->group;
	source->census.count = source->groups;
	return &source->census;
}

/* ---- what it says of itself ---- */

size_t source_features(const struct source *source, const struct metrics_feature **features)
{
	static const char *const states[] = {
		[FEATURE_UNPROBED] = "unprobed",
		[FEATURE_ON] = "on",
		[FEATURE_OFF] = "off",
		[FEATURE_EXCLUDED] = "excluded",
	};
	struct source *filled = (struct source *)source; /* the same at each call */

	for (size_t i = 0; i < FEATURE_COUNT; i++)
		filled->feature[i] =
			(struct metrics_feature){ source->features.feature[i].name,
						  states[source->features.feature[i].state] };
	*features = source->feature;
	return FEATURE_COUNT;
}

size_t source_programs(struct source *source, const struct metrics_program **programs)
{
	struct live_program program[LIVE_PROGRAMS_MAX];
	size_t count = 0;

	*programs = NULL;
	if (!source->options.bpf_stats)
		return 0;
	count = live_programs(source->live, program);
	for (size_t i = 0; i < count; i++)
		source->program[i] = (struct metrics_program){ program[i].name, program[i].run_ns };
	*programs = source->program;
	return count;
}
