// SPDX-License-Identifier: GPL-2.0
/* feed.c - a live session as top's source; see feed.h. */
#include "top/feed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/exits.h"
#include "live.h"
#include "run.h"
#include "top/ended.h"
#include "top/proc.h"

struct feed {
	struct feed_options options;
	struct features features;
	struct live *live;
	struct proc *proc;
	struct ended ended;
	struct census census;
	struct census_group *group; /* the census's, filled in */
	uint32_t room;
};

static int on_departed(void *context, const struct census_group *group, uint32_t first_task)
{
	struct feed *feed = context;

	(void)first_task;
	return feed->options.threads ? ended_add(&feed->ended, group) : 0;
}

static int open_live(struct feed *feed, struct fail *fail)
{
	const struct live_options options = {
		.selection = feed->options.selection,
		.attached_to = feed->options.described,
		.wanted = feed->options.wanted,
		.time_programs = feed->options.bpf_stats,
		.departed = on_departed,
		.context = feed,
	};

	return live_open(&feed->live, &options, &feed->features, fail);
}

struct feed *feed_open(const struct feed_options *options, struct fail *fail)
{
	struct feed *feed = calloc(1, sizeof(*feed));
	int status;

	if (!feed) {
		fail_set(fail, EXITS_FAILURE, "no memory");
		return NULL;
	}
	feed->options = *options;
	feed->options.wanted.counting.by = options->threads ? GROUP_BY_THREAD : GROUP_BY_PROCESS;
	feed->proc = proc_new();
	if (!feed->proc)
		fail_set(fail, EXITS_FAILURE, "no memory");
	status = feed->proc ? run_features(&feed->features, &feed->options.wanted, options->without,
					   options->without_count, fail) :
			      EXITS_FAILURE;
	if (!status) {
		status = open_live(feed, fail);
		if (!status)
			return feed;
		features_free(&feed->features);
	}
	if (fail)
		fail->code = status;
	proc_free(feed->proc);
	free(feed);
	return NULL;
}

void feed_close(struct feed *feed)
{
	if (!feed)
		return;
	live_close(feed->live);
	features_free(&feed->features);
	proc_free(feed->proc);
	ended_free(&feed->ended);
	free(feed->group);
	free(feed);
}

int feed_fd(const struct feed *feed)
{
	return live_fd(feed->live);
}

int feed_wait_ms(const struct feed *feed)
{
	(void)feed;
	return LIVE_DRAIN_MS;
}

static int lost(int err, struct fail *fail)
{
	return err ? fail_set(fail, err, "cannot go on counting: %s", strerror(-err)) : 0;
}

int feed_step(struct feed *feed, struct fail *fail)
{
	return live_step(feed->live, fail);
}

/* The groups, filled in, and after them what the ended threads of living processes have counted. */
static int fill(struct feed *feed)
{
	struct census *census = &feed->census;
	uint32_t count = (uint32_t)census->count;
	int err;

	ended_keep(&feed->ended, census);
	if (array_grow(feed->group, feed->room, count + feed->ended.count))
		return -ENOMEM;
	if (count)
		memcpy(feed->group, census->group, count * sizeof(*feed->group));
	err = proc_look(feed->proc, feed->group, count, census->at_ns);
	for (uint32_t i = 0; i < feed->ended.count; i++)
		feed->group[count + i] = feed->ended.at[i].process->group;
	census->group = feed->group;
	census->count = count + feed->ended.count;
	return err;
}

const struct census *feed_census(struct feed *feed, struct fail *fail)
{
	int err = live_census(feed->live, &feed->census);

	if (!err)
		err = fill(feed);
	return lost(err, fail) ? NULL : &feed->census;
}

uint32_t feed_tasks(const struct feed *feed)
{
	return live_tasks(feed->live);
}

uint64_t feed_programs_ns(struct feed *feed)
{
	struct live_program program[LIVE_PROGRAMS_MAX];
	uint64_t sum = 0;
	size_t count;

	if (!feed->options.bpf_stats)
		return NS_UNKNOWN;
	count = live_programs(feed->live, program);
	for (size_t i = 0; i < count; i++)
		sum += program[i].run_ns;
	return sum;
}
