/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ended.h - what the threads of a process have counted that have ended, for as long as the process lives: so that a
 * process's sum over its threads never falls. Called by feed.c.
 */
#ifndef TASKTAX_TOP_ENDED_H
#define TASKTAX_TOP_ENDED_H

#include "model/census.h"

struct ended_process {
	struct census_group group; /* without a tid */
	struct census_times times;
};

struct ended_place {
	uint32_t pid;
	uint64_t round; /* its process was last seen in */
	struct ended_process *process;
};

/* All zero is empty. */
struct ended {
	struct ended_place *at; /* by pid, ascending */
	uint32_t count, room;
	uint64_t round;
};

/* The last counts of a thread. 0 or -ENOMEM. */
int ended_add(struct ended *ended, const struct census_group *thread);

/* Forgets the processes that have no thread in the census. */
void ended_keep(struct ended *ended, const struct census *census);

void ended_free(struct ended *ended);

#endif
