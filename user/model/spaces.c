// SPDX-License-Identifier: GPL-2.0
/* spaces.c - follows address spaces through fork, vfork, exec and exit; see spaces.h. */
#include "model/spaces.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* --- the table --- */

static int space_new(struct spaces *spaces, uint32_t *index)
{
	struct region_map *map = region_map_new();

	if (!map)
		return -ENOMEM;
	if (!spaces->free_count && array_grow(spaces->space, spaces->room, spaces->count)) {
		region_map_drop(map);
		return -ENOMEM;
	}
	*index = spaces->free_count ? spaces->free_list[--spaces->free_count] : spaces->count++;
	spaces->space[*index] = (struct space){ .processes = 1, .map = map };
	return 0;
}

/* One process less uses it. Without room for its index it is not used again, which costs only memory. */
static void space_drop(struct spaces *spaces, uint32_t index)
{
	struct space *space = &spaces->space[index];

	if (!index || !space->processes || --space->processes)
		return;
	region_map_drop(space->map);
	space->map = NULL;
	if (!array_grow(spaces->free_list, spaces->free_room, spaces->free_count))
		spaces->free_list[spaces->free_count++] = index;
}

int spaces_init(struct spaces *spaces)
{
	uint32_t nobody;

	memset(spaces, 0, sizeof(*spaces));
	return space_new(spaces, &nobody);
}

void spaces_free(struct spaces *spaces)
{
	for (uint32_t i = 0; i < spaces->count; i++)
		region_map_drop(spaces->space[i].map);
	free(spaces->space);
	free(spaces->free_list);
	free(spaces->process);
	free(spaces->slot);
	region_names_free(&spaces->names);
	memset(spaces, 0, sizeof(*spaces));
}

static int reserve_process(struct spaces *spaces, uint32_t process)
{
	return array_grow(spaces->process, spaces->process_room, process);
}

static uint32_t index_of(const struct spaces *spaces, uint32_t process)
{
	return process < spaces->process_room ? spaces->process[process].space : 0;
}

struct space *spaces_of(struct spaces *spaces, uint32_t process)
{
	return &spaces->space[index_of(spaces, process)];
}

/* --- processes by their tgid --- */

static uint32_t slot_of(const struct spaces *spaces, uint32_t tgid)
{
	uint32_t at = (tgid * 2654435761u) & (spaces->slots - 1);

	while (spaces->slot[at].tgid && spaces->slot[at].tgid != tgid)
		at = (at + 1) & (spaces->slots - 1);
	return at;
}

static int grow_slots(struct spaces *spaces)
{
	struct spaces old = *spaces;

	spaces->slots = old.slots ? 2 * old.slots : 256;
	spaces->slot = calloc(spaces->slots, sizeof(*spaces->slot));
	if (!spaces->slot) {
		spaces->slot = old.slot;
		spaces->slots = old.slots;
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < old.slots; i++)
		if (old.slot[i].tgid)
			spaces->slot[slot_of(spaces, old.slot[i].tgid)] = old.slot[i];
	free(old.slot);
	return 0;
}

/* A tgid that is used again stands for the latest process of it. */
static int enter_tgid(struct spaces *spaces, uint32_t tgid, uint32_t process)
{
	uint32_t at;

	if (!tgid)
		return 0;
	if (2 * spaces->used >= spaces->slots && grow_slots(spaces))
		return -ENOMEM;
	at = slot_of(spaces, tgid);
	spaces->used += !spaces->slot[at].tgid;
	spaces->slot[at].tgid = tgid;
	spaces->slot[at].process = process;
	return 0;
}

/* 0: no living process of the target. */
static uint32_t process_of_tgid(const struct spaces *spaces, const struct tasks *tasks,
				uint32_t tgid)
{
	uint32_t process;

	if (!spaces->slots || !tgid)
		return 0;
	process = spaces->slot[slot_of(spaces, tgid)].process;
	return process && !tasks->process[process].exited ? process : 0;
}

bool spaces_knows(const struct spaces *spaces, const struct tasks *tasks, uint32_t tgid)
{
	return process_of_tgid(spaces, tasks, tgid);
}

/* --- the events --- */

static const struct task_entry *task_of(const struct tasks *tasks, uint32_t serial)
{
	return &tasks->task[serial < tasks->task_count ? serial : 0];
}

/* The child gets a copy of the parent's: who is mapped, and, page by page, what is in it. */
static int fork_space(struct spaces *spaces, const struct task_entry *task, uint32_t parent,
		      uint64_t ts)
{
	uint32_t index, child = task->process, from = index_of(spaces, parent);
	struct space *space, *old;

	if (space_new(spaces, &index))
		return -ENOMEM;
	spaces->process[child].space = index;
	space = &spaces->space[index];
	space->live = 1;
	space->starting = task->created == CREATED_ROOT;
	if (task->created == CREATED_PROCESS) { /* also of a parent that is not known */
		space->forked = true;
		space->inherited_ns = ts;
	}
	if (!from || task->created == CREATED_BEFORE) /* they have parted since */
		return 0;
	old = &spaces->space[from];
	region_map_drop(space->map);
	space->map = region_map_share(old->map);
	space->history_known = old->history_known;
	old->forked = true;
	old->latest_fork = child;
	old->latest_fork_ns = ts;
	return 0;
}

static void join_space(struct spaces *spaces, uint32_t parent, uint32_t child)
{
	uint32_t index = index_of(spaces, parent);

	spaces->process[child].space = index;
	if (!index)
		return;
	spaces->space[index].processes++;
	spaces->space[index].live++;
}

static bool is_vfork(const struct event_newtask *event)
{
	return event->parent && event->clone_flags & CLONE_VM &&
	       !(event->clone_flags & CLONE_THREAD);
}

int spaces_newtask(struct spaces *spaces, const struct tasks *tasks,
		   const struct event_newtask *event)
{
	const struct task_entry *task = task_of(tasks, event->task);
	uint32_t parent = task_of(tasks, event->parent)->process;
	struct space *space;

	if (reserve_process(spaces, task->process) ||
	    enter_tgid(spaces, event->local_tgid, task->process))
		return -ENOMEM;
	if (event->local_tgid) /* threads come without */
		spaces->process[task->process].tgid = event->local_tgid;
	if (is_vfork(event)) {
		join_space(spaces, parent, task->process);
		return 0;
	}
	/* of a thread whose creator is not known, nor is the space that it came to */
	if (!(event->parent && event->clone_flags & CLONE_THREAD) ||
	    !index_of(spaces, task->process))
		return fork_space(spaces, task, parent, event->h.ts);
	space = spaces_of(spaces, task->process);
	space->live++;
	return region_map_mark_stack(&space->map, event->stack, event->tls);
}

/* Whoever executes is alone in a new address space: the other threads are gone, vfork's parent stays. */
static int renew(struct spaces *spaces, uint32_t process, bool history_known)
{
	uint32_t index, old = index_of(spaces, process);

	if (space_new(spaces, &index))
		return -ENOMEM;
	if (old && spaces->space[old].live)
		spaces->space[old].live--;
	space_drop(spaces, old);
	spaces->process[process].space = index;
	spaces->space[index].live = 1;
	spaces->space[index].history_known = history_known;
	return 0;
}

int spaces_image(struct spaces *spaces, const struct tasks *tasks, const struct event_image *event)
{
	uint32_t process = process_of_tgid(spaces, tasks, event->tgid);

	if (!process)
		return 0;
	spaces->process[process].image_ahead = true;
	return renew(spaces, process, true);
}

int spaces_exec(struct spaces *spaces, const struct tasks *tasks, const struct event_exec *event)
{
	uint32_t process = task_of(tasks, event->task)->process;

	if (process >= spaces->process_room)
		return 0;
	if (spaces->process[process].image_ahead) {
		spaces->process[process].image_ahead = false;
		return 0;
	}
	return renew(spaces, process, false);
}

void spaces_exit(struct spaces *spaces, const struct tasks *tasks, const struct event_exit *event)
{
	const struct task_entry *task = task_of(tasks, event->task);
	struct space *space = spaces_of(spaces, task->process);

	if (task->exited || task->process >= spaces->process_room)
		return;
	if (space->live)
		space->live--;
	if (!(event->h.flags & EXIT_GROUP_DEAD))
		return;
	space_drop(spaces, spaces->process[task->process].space);
	spaces->process[task->process].space = 0;
}

int spaces_mapping(struct spaces *spaces, const struct tasks *tasks,
		   const struct event_mapping *event)
{
	uint32_t process = process_of_tgid(spaces, tasks, event->tgid);
	uint32_t index = index_of(spaces, process);

	if (!index)
		return 0;
	return region_map_add(&spaces->space[index].map, &spaces->names, event,
			      spaces->process[process].image_ahead);
}

struct unmapped spaces_unmapped(const struct spaces *spaces, const struct tasks *tasks,
				const struct event_header *event)
{
	const struct event_newtask *newtask = (const void *)event;
	const struct event_fault *fault = (const void *)event;
	const struct unmapped nothing = { 0 };
	uint32_t process, mm, index;
	uint64_t address;

	if (event->kind == EVENT_FAULT) {
		process = task_of(tasks, TASK_ID(fault->task))->process;
		mm = fault->mm;
		address = fault->address;
	} else if (event->kind == EVENT_NEWTASK && newtask->stack) {
		process = task_of(tasks, newtask->parent)->process;
		mm = newtask->mm;
		address = newtask->stack - 1;
	} else {
		return nothing;
	}
	index = index_of(spaces, process);
	if (!index || spaces->space[index].starting ||
	    region_map_find(spaces->space[index].map, &spaces->names, address))
		return nothing;
	return (struct unmapped){ spaces->process[process].tgid, mm };
}
