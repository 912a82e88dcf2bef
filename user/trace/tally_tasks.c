// SPDX-License-Identifier: GPL-2.0
/* tally_tasks.c - open addressing with linear probing; see tally_tasks.h. */
#include "trace/tally_tasks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_LEAST 64

void tally_tasks_free(struct tally_tasks *tasks)
{
	free(tasks->task);
	memset(tasks, 0, sizeof(*tasks));
}

static uint32_t home_of(const struct tally_tasks *tasks, uint32_t serial)
{
	return serial * UINT32_C(2654435761) & (tasks->room - 1);
}

/* Where the serial is, or the free place where it would be. */
static struct tally_task *place_of(const struct tally_tasks *tasks, uint32_t serial)
{
	uint32_t at = home_of(tasks, serial);

	while (tasks->task[at].serial && tasks->task[at].serial != serial)
		at = (at + 1) & (tasks->room - 1);
	return &tasks->task[at];
}

struct tally_task *tally_tasks_find(const struct tally_tasks *tasks, uint32_t serial)
{
	struct tally_task *place;

	if (!tasks->room || !serial)
		return NULL;
	place = place_of(tasks, serial);
	return place->serial ? place : NULL;
}

static int make_room(struct tally_tasks *tasks)
{
	struct tally_tasks larger = { .room = tasks->room ? 2 * tasks->room : ROOM_LEAST };

	if (tasks->room && tasks->used < tasks->room / 2)
		return 0;
	larger.task = calloc(larger.room, sizeof(*larger.task));
	if (!larger.task)
		return -ENOMEM;
	for (uint32_t i = 0; i < tasks->room; i++)
		if (tasks->task[i].serial)
			*place_of(&larger, tasks->task[i].serial) = tasks->task[i];
	larger.used = tasks->used;
	free(tasks->task);
	*tasks = larger;
	return 0;
}

int tally_tasks_put(struct tally_tasks *tasks, const struct tally_task *task)
{
	struct tally_task *place;

	if (!task->serial)
		return 0;
	if (make_room(tasks))
		return -ENOMEM;
	place = place_of(tasks, task->serial);
	tasks->used += !place->serial;
	*place = *task;
	return 0;
}

/* What stood behind it moves up, so that no search ends too early. */
void tally_tasks_remove(struct tally_tasks *tasks, uint32_t serial)
{
	struct tally_task *gone = tally_tasks_find(tasks, serial), moved;
	uint32_t at;

	if (!gone)
		return;
	at = (uint32_t)(gone - tasks->task);
	gone->serial = 0;
	tasks->used--;
	for (at = (at + 1) & (tasks->room - 1); tasks->task[at].serial;
	     at = (at + 1) & (tasks->room - 1)) {
		moved = tasks->task[at];
		tasks->task[at].serial = 0;
		*place_of(tasks, moved.serial) = moved;
	}
}
