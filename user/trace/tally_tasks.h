/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tally_tasks.h - which group a living task belongs to, by its serial: a hash that is as large as there are
 * living tasks, not as there have ever been. Called by tally.c.
 */
#ifndef TASKTAX_TRACE_TALLY_TASKS_H
#define TASKTAX_TRACE_TALLY_TASKS_H

#include <stdint.h>

struct tally_task {
	uint32_t serial; /* 0: the place is free */
	uint32_t group;
	uint32_t pid; /* of its process, as the loader sees it */
};

struct tally_tasks {
	struct tally_task *task;
	uint32_t room, used; /* room: a power of two, or 0 */
};

void tally_tasks_free(struct tally_tasks *tasks);

/* NULL: unknown. The pointer holds until the next call of another function. */
struct tally_task *tally_tasks_find(const struct tally_tasks *tasks, uint32_t serial);

/* Adds a task, or changes it if it is there. 0 or -ENOMEM. */
int tally_tasks_put(struct tally_tasks *tasks, const struct tally_task *task);
void tally_tasks_remove(struct tally_tasks *tasks, uint32_t serial);

#endif
