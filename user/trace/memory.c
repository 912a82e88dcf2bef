// SPDX-License-Identifier: GPL-2.0
/* memory.c - who lives, when to look, and what smaps_rollup says; see memory.h. */
#include "trace/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"

#define YOUNG_NS 20000000ull  /* who ends before is not worth the look */
#define APART_NS 100000000ull /* rounds, at least */
#define SLICE_NS 2000000ull   /* of a round: the rings hold half a second */
#define GUESS_NS 50000ull     /* what it costs to walk a process that was not walked yet */
/*
 * A round may begin when it is paid for: when it and all before it cost less than this part of the time since
 * the start. A fifth of 1 % is kept back for costs that grow; what a run's first look at a few small processes
 * costs is free, so that a short one has it.
 */
#define TIME_PER_COST 125
#define FREE_NS 1000000ull

struct watched {
	u32 task; /* serial of the first of the process */
	u32 pid;
	u32 round;    /* it was last looked at in */
	bool borrows; /* its address space is its parent's: a vfork child until its exec */
	bool denied;  /* and the model knows it */
	uint64_t born_ns;
	uint64_t cost_ns; /* to walk it, as far as is known; 0: borrows */
};

/* Of each task ever, by its serial. */
struct place {
	u32 process; /* serial of the first task of its process, 0: not known */
	u32 slot;    /* of that first task: index of the process + 1; 0: it is gone */
};

struct sampler {
	struct watched *watched;
	uint32_t count, room;
	struct place *place;
	uint32_t places;
	struct pace pace;
	uint64_t estimate_ns; /* sum of the costs */
	uint64_t oldest_ns;   /* nobody was born before */
	u32 round;
	bool in_round;
	size_t left; /* of this round: those below it have their turn yet */
	struct event_memory *queue;
	uint32_t queued, queue_room, taken;
};

struct sampler *sampler_new(const char **why)
{
	struct sampler *sampler;

	*why = "/proc/PID/smaps_rollup cannot be read (it takes CONFIG_PROC_PAGE_MONITOR and "
	       "/proc)";
	if (access("/proc/self/smaps_rollup", R_OK))
		return NULL;
	sampler = calloc(1, sizeof(*sampler));
	*why = sampler ? NULL : "there was no memory for it";
	return sampler;
}

void sampler_free(struct sampler *sampler)
{
	if (!sampler)
		return;
	free(sampler->watched);
	free(sampler->place);
	free(sampler->queue);
	free(sampler);
}

uint64_t sampler_cost_ns(const struct sampler *sampler)
{
	return sampler->pace.spent_ns;
}

/* --- who lives --- */

/* NULL: not watched. */
static struct watched *process_of(struct sampler *sampler, u32 task)
{
	u32 process = task < sampler->places ? sampler->place[task].process : 0;
	u32 slot = sampler->place && process ? sampler->place[process].slot : 0;

	return slot ? &sampler->watched[slot - 1] : NULL;
}

static void set_cost(struct sampler *sampler, struct watched *watched, uint64_t cost_ns)
{
	sampler->estimate_ns += cost_ns - watched->cost_ns;
	watched->cost_ns = cost_ns;
}

static int watch(struct sampler *sampler, const struct event_newtask *event)
{
	const struct watched *parent;
	struct watched *watched;

	if (array_grow(sampler->watched, sampler->room, sampler->count))
		return -ENOMEM;
	if (!sampler->count++)
		sampler->oldest_ns = event->h.ts;
	parent = process_of(sampler, event->parent);
	watched = &sampler->watched[sampler->count - 1];
	*watched = (struct watched){
		.task = event->task,
		.pid = event->local_tgid,
		.born_ns = event->h.ts,
		.borrows = parent && event->clone_flags & CLONE_VM,
	};
	if (!watched->borrows) /* a forked one has as much as its parent */
		set_cost(sampler, watched, parent && parent->cost_ns ? parent->cost_ns : GUESS_NS);
	sampler->place[event->task].slot = (u32)sampler->count;
	return 0;
}

/* The last one takes its place. */
static void forget(struct sampler *sampler, struct watched *watched)
{
	const struct watched *last = &sampler->watched[--sampler->count];

	set_cost(sampler, watched, 0);
	sampler->place[watched->task].slot = 0;
	if (watched == last)
		return;
	*watched = *last;
	sampler->place[watched->task].slot = (u32)(watched - sampler->watched) + 1;
}

static int note_newtask(struct sampler *sampler, const struct event_newtask *event)
{
	u32 parent;

	if (array_grow(sampler->place, sampler->places, event->task))
		return -ENOMEM;
	if (!sampler->pace.started_ns)
		sampler->pace.started_ns = event->h.ts;
	if (event->clone_flags & CLONE_THREAD) {
		parent = event->parent < sampler->places ? event->parent : 0;
		sampler->place[event->task].process = sampler->place[parent].process;
		return 0;
	}
	sampler->place[event->task].process = event->task;
	return event->local_tgid ? watch(sampler, event) : 0;
}

static void note_exec(struct sampler *sampler, const struct event_exec *event)
{
	struct watched *watched = process_of(sampler, event->task);

	if (!watched)
		return;
	watched->borrows = watched->denied = false;
	set_cost(sampler, watched, GUESS_NS);
}

static void note_exit(struct sampler *sampler, const struct event_exit *event)
{
	struct watched *watched = process_of(sampler, event->task);

	if (watched && event->h.flags & EXIT_GROUP_DEAD)
		forget(sampler, watched);
}

int sampler_note(struct sampler *sampler, const struct event_header *event)
{
	const void *e = event;

	if (event->kind == EVENT_NEWTASK)
		return note_newtask(sampler, e);
	if (event->kind == EVENT_EXEC)
		note_exec(sampler, e);
	else if (event->kind == EVENT_EXIT)
		note_exit(sampler, e);
	return 0;
}

/* --- what smaps_rollup says --- */

/* "Rss:                1676 kB": the number, times 1024. */
static int parse_line(const char *line, const char *end, const char *key, uint64_t *bytes)
{
	size_t length = strlen(key);
	uint64_t kib = 0;

	if ((size_t)(end - line) < length || memcmp(line, key, length) != 0)
		return -ENOENT;
	for (line += length; line < end && *line == ' ';)
		line++;
	if (line == end || *line < '0' || *line > '9')
		return -EINVAL;
	for (; line < end && *line >= '0' && *line <= '9'; line++) {
		kib = 10 * kib + (uint64_t)(*line - '0');
		if (kib > UINT64_MAX / 1024 / 64)
			return -EINVAL;
	}
	if (end - line != 3 || memcmp(line, " kB", 3) != 0)
		return -EINVAL;
	*bytes = 1024 * kib;
	return 0;
}

int rollup_parse(const char *text, size_t length, struct event_memory *figures)
{
	static const char *const key[] = { "Rss:",	    "Pss:",	      "Shared_Clean:",
					   "Shared_Dirty:", "Private_Clean:", "Private_Dirty:",
					   "Swap:",	    "SwapPss:" };
	enum { KEYS = sizeof(key) / sizeof(key[0]) };
	const char *at = text, *all = text + length;
	uint64_t value[KEYS];
	unsigned int seen = 0;

	while (at < all) {
		const char *end = memchr(at, '\n', (size_t)(all - at));

		for (int i = 0; end && i < KEYS; i++) {
			int err = parse_line(at, end, key[i], &value[i]);

			if (err == -EINVAL)
				return err;
			seen |= err ? 0 : 1u << i;
		}
		at = end ? end + 1 : all;
	}
	if (seen != (1u << KEYS) - 1)
		return -EINVAL;
	figures->rss = value[0];
	figures->pss = value[1];
	figures->shared = value[2] + value[3];
	figures->private = value[4] + value[5];
	figures->swap = value[6];
	figures->swap_pss = value[7];
	return 0;
}

/* 0 or a negative errno: -ENOENT when nobody has that pid, -ESRCH when he has given up his memory. */
static int read_rollup(u32 pid, struct event_memory *figures)
{
	char path[32], text[4096];
	ssize_t got;
	int fd, err;

	snprintf(path, sizeof(path), "/proc/%u/smaps_rollup", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	got = read(fd, text, sizeof(text));
	err = got < 0 ? -errno : got ? 0 : -ESRCH;
	close(fd);
	return err ?: rollup_parse(text, (size_t)got, figures);
}

/* --- the rounds --- */

uint64_t pace_due(const struct pace *pace, uint64_t cost_ns)
{
	uint64_t cost = pace->spent_ns + cost_ns;
	uint64_t due = pace->ended_ns ? pace->ended_ns + APART_NS : 0;
	uint64_t paid = cost > FREE_NS ? pace->started_ns + TIME_PER_COST * (cost - FREE_NS) : 0;

	return due > paid ? due : paid;
}

uint64_t sampler_due(const struct sampler *sampler)
{
	uint64_t due = pace_due(&sampler->pace, sampler->estimate_ns);

	if (sampler->in_round)
		return 0;
	if (!sampler->count)
		return UINT64_MAX;
	return due > sampler->oldest_ns + YOUNG_NS ? due : sampler->oldest_ns + YOUNG_NS;
}

static int send(struct sampler *sampler, struct event_memory *event, u32 task, u16 flags)
{
	if (array_grow(sampler->queue, sampler->queue_room, sampler->queued))
		return -ENOMEM;
	event->h = (struct event_header){ clock_now_ns(), EVENT_MEMORY, sizeof(*event), 0, flags };
	event->task = task;
	event->round = sampler->round;
	sampler->queue[sampler->queued++] = *event;
	return 0;
}

/* To be gone is no error: whoever dies while he is read has no sample. */
static int look_at(struct sampler *sampler, struct watched *watched)
{
	struct event_memory event = { .rss = 0 };
	int err = read_rollup(watched->pid, &event);

	if (!err)
		return send(sampler, &event, watched->task, 0);
	if (err == -EACCES || err == -EPERM) {
		if (watched->denied)
			return 0;
		watched->denied = true;
		return send(sampler, &event, watched->task, MEMORY_DENIED);
	}
	return 0;
}

static int visit(struct sampler *sampler, struct watched *watched, uint64_t now)
{
	uint64_t before, cost;
	int err;

	if (watched->round == sampler->round || watched->borrows ||
	    watched->born_ns + YOUNG_NS > now)
		return 0;
	before = clock_cpu_ns();
	watched->round = sampler->round;
	err = look_at(sampler, watched);
	cost = clock_cpu_ns() - before;
	sampler->pace.spent_ns += cost;
	set_cost(sampler, watched, cost);
	return err;
}

int sampler_run(struct sampler *sampler)
{
	uint64_t begun = clock_now_ns();
	int err = 0;

	if (begun < sampler_due(sampler))
		return 0;
	if (!sampler->in_round) {
		sampler->in_round = true;
		sampler->round++;
		sampler->left = sampler->count;
	}
	/* those who ended meanwhile have made the list shorter */
	if (sampler->left > sampler->count)
		sampler->left = sampler->count;
	while (!err && sampler->left && clock_now_ns() < begun + SLICE_NS)
		err = visit(sampler, &sampler->watched[--sampler->left], begun);
	if (sampler->left)
		return err;
	sampler->in_round = false;
	sampler->pace.ended_ns = clock_now_ns();
	return err;
}

/* --- the records --- */

const struct event_header *sampler_peek(struct sampler *sampler)
{
	if (sampler->taken < sampler->queued)
		return &sampler->queue[sampler->taken].h;
	sampler->taken = sampler->queued = 0;
	return NULL;
}

void sampler_next(struct sampler *sampler)
{
	sampler->taken++;
}
