// SPDX-License-Identifier: GPL-2.0
/* narrow.c - who is chosen, and what becomes of each record; see narrow.h. */
#include "record/narrow.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

struct task {
	uint32_t pid; /* the kernel's; 0: its birth was not told */
	bool chosen;
};

struct narrow {
	const uint32_t *pid;
	size_t pids;
	narrow_sink sink;
	void *context;
	struct task *task; /* by serial */
	uint32_t room;
	uint32_t processes;
};

struct narrow *narrow_new(const uint32_t *pid, size_t pids, narrow_sink sink, void *context)
{
	struct narrow *narrow = calloc(1, sizeof(*narrow));

	if (narrow)
		*narrow = (struct narrow){
			.pid = pid, .pids = pids, .sink = sink, .context = context
		};
	return narrow;
}

void narrow_free(struct narrow *narrow)
{
	if (!narrow)
		return;
	free(narrow->task);
	free(narrow);
}

uint32_t narrow_processes(const struct narrow *narrow)
{
	return narrow->processes;
}

static bool is_target(uint32_t ref)
{
	return TASK_CLASS(ref) == TASK_TARGET && TASK_ID(ref);
}

static struct task task_of(const struct narrow *narrow, uint32_t serial)
{
	return serial < narrow->room ? narrow->task[serial] : (struct task){ 0 };
}

static bool is_chosen(const struct narrow *narrow, uint32_t ref)
{
	return is_target(ref) && task_of(narrow, ref).chosen;
}

/* As what a task appears. */
static uint32_t reference(const struct narrow *narrow, uint32_t ref)
{
	if (!is_target(ref) || task_of(narrow, ref).chosen)
		return ref;
	return TASK_REF(TASK_FOREIGN, task_of(narrow, ref).pid);
}

/* Those of others have no name but this. */
static int tell_name(const struct narrow *narrow, const struct event_header *event, uint32_t pid,
		     const u8 comm[EVENT_COMM_LEN])
{
	struct event_name name = {
		.h = { event->ts, EVENT_NAME, sizeof(name), event->cpu, 0 },
		.task = TASK_REF(TASK_FOREIGN, pid),
	};

	memcpy(name.comm, comm, sizeof(name.comm));
	return pid ? narrow->sink(narrow->context, &name.h) : 0;
}

static bool is_asked_for(const struct narrow *narrow, uint32_t pid)
{
	for (size_t i = 0; i < narrow->pids; i++)
		if (narrow->pid[i] == pid)
			return true;
	return false;
}

static int take_newtask(struct narrow *narrow, const struct event_newtask *event)
{
	bool thread = event->parent && event->clone_flags & CLONE_THREAD;
	struct event_newtask aside;
	struct task *task;

	if (array_grow(narrow->task, narrow->room, event->task))
		return -ENOMEM;
	task = &narrow->task[event->task];
	task->pid = event->pid;
	task->chosen = thread ? task_of(narrow, event->parent).chosen :
				is_asked_for(narrow, event->local_tgid ?: event->tgid);
	narrow->processes += task->chosen && !thread;
	if (task->chosen)
		return narrow->sink(narrow->context, &event->h);
	aside = *event;
	aside.h.flags |= NEWTASK_ASIDE;
	return tell_name(narrow, &event->h, event->pid, event->comm) ?:
		       narrow->sink(narrow->context, &aside.h);
}

static int take_exec(struct narrow *narrow, const struct event_exec *event)
{
	int err = 0;

	if (event->task < narrow->room)
		narrow->task[event->task].pid = event->pid;
	if (!is_chosen(narrow, event->task))
		err = tell_name(narrow, &event->h, event->pid, event->comm);
	return err ?: narrow->sink(narrow->context, &event->h);
}

static int take_rename(const struct narrow *narrow, const struct event_rename *event)
{
	int err = 0;

	if (!is_chosen(narrow, event->task))
		err = tell_name(narrow, &event->h, task_of(narrow, event->task).pid, event->comm);
	return err ?: narrow->sink(narrow->context, &event->h);
}

static int take_switch(const struct narrow *narrow, const struct event_switch *event)
{
	bool prev = is_chosen(narrow, event->prev), next = is_chosen(narrow, event->next);
	struct event_switch to = *event;

	if (!prev && !next)
		return 0;
	to.prev = reference(narrow, event->prev);
	to.next = reference(narrow, event->next);
	to.last_user = reference(narrow, event->last_user);
	if (!prev) {
		to.h.flags &= ~(SWITCH_VOLUNTARY | SWITCH_PREV_DEAD);
		if (to.h.flags & SWITCH_WAIT_PREV)
			to.h.flags &= ~(SWITCH_WAIT | SWITCH_WAIT_WIDE | SWITCH_WAIT_PREV);
	}
	if (!next) {
		to.h.flags &= ~(SWITCH_FLAGS(7, 3) | SWITCH_MIGRATED | SWITCH_FIRST);
		if (!(to.h.flags & SWITCH_WAIT_PREV))
			to.h.flags &= ~(SWITCH_WAIT | SWITCH_WAIT_WIDE);
		to.next_mm = 0;
	}
	return narrow->sink(narrow->context, &to.h);
}

static int take_waking(const struct narrow *narrow, const struct event_waking *event)
{
	struct event_waking to = *event;

	if (!is_chosen(narrow, event->wakee))
		return 0;
	to.waker = reference(narrow, event->waker);
	return narrow->sink(narrow->context, &to.h);
}

int narrow_event(struct narrow *narrow, const struct event_header *event)
{
	const struct event_rename *rename = (const void *)event;

	switch (event->kind) {
	case EVENT_SWITCH:
		return take_switch(narrow, (const void *)event);
	case EVENT_WAKING:
		return take_waking(narrow, (const void *)event);
	case EVENT_NEWTASK:
		return take_newtask(narrow, (const void *)event);
	case EVENT_EXEC:
		return take_exec(narrow, (const void *)event);
	case EVENT_RENAME:
		return take_rename(narrow, rename);
	case EVENT_EXIT: /* who descends from whom, and what is mapped, is told of all */
	case EVENT_NAME:
	case EVENT_IMAGE:
	case EVENT_MAPPING:
		break;
	default: /* the task comes first */
		if (!is_chosen(narrow, rename->task))
			return 0;
	}
	return narrow->sink(narrow->context, event);
}
