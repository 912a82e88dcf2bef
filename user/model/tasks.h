/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tasks.h - who the target's tasks and processes are, from the lifecycle events.
 *
 * Tasks are found by the serial that BPF gave them, so a reused pid is no question here. Records may
 * come a little out of order, and creation records may be lost: an unknown serial makes an entry
 * that a later record completes. Pure: no libbpf, no clock, no files. Called by model.c.
 */
#ifndef TASKTAX_MODEL_TASKS_H
#define TASKTAX_MODEL_TASKS_H

#include "model/report.h"

#define PROCESS_UNKNOWN 0 /* the process of tasks whose creation was not seen */

struct tasks {
	struct task_entry *task; /* by serial; [0] is nobody */
	uint32_t task_count;	 /* highest serial seen + 1 */
	uint32_t task_room;
	struct process_entry *process; /* [0] is PROCESS_UNKNOWN */
	uint32_t *leader;	       /* serial of each process's leader */
	uint32_t *signal_deaths;       /* tasks of each process that died by a signal */
	uint32_t process_count, process_room;
	uint32_t live, peak;
	uint64_t created[CREATED_KINDS], execs, exits;
};

int tasks_init(struct tasks *tasks); /* 0 or -ENOMEM */
void tasks_free(struct tasks *tasks);

/*
 * The entry of a serial, made if it is new. NULL: no memory, or a serial out of any sane range.
 * The pointer holds until the next call.
 */
struct task_entry *tasks_get(struct tasks *tasks, uint32_t serial);

/* Each: 0 or -ENOMEM. The size of the record has been checked. */
int tasks_newtask(struct tasks *tasks, const struct event_newtask *event);
int tasks_exec(struct tasks *tasks, const struct event_exec *event);
int tasks_rename(struct tasks *tasks, const struct event_rename *event);
int tasks_exit(struct tasks *tasks, const struct event_exit *event);
int tasks_end(struct tasks *tasks, const struct event_end *event);

/* The dead are forgotten, the living were there before, and all sums begin anew. */
void tasks_begin(struct tasks *tasks, uint64_t ts);

/* Copies a comm of the wire, which need not be terminated. */
void comm_copy(char to[EVENT_COMM_LEN + 1], const uint8_t from[EVENT_COMM_LEN]);

#endif
