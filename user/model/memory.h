/* SPDX-License-Identifier: GPL-2.0 */
/*
 * memory.h - how much memory each process held, and the tree: the kernel's peaks, and the samples of
 * EVENT_MEMORY.
 *
 * The samples of one round belong together: their sums are those of the tree at about that time. A process
 * that executes something begins anew, as its address space does. Pure: no libbpf, no clock, no files.
 * Called by model.c after tasks.c took the event of a birth or an exec; the report's part by summary.c.
 */
#ifndef TASKTAX_MODEL_MEMORY_H
#define TASKTAX_MODEL_MEMORY_H

#include "model/tasks.h"

/* Of every process; what few have is apart, since there may be a million. */
struct memory_of_process {
	uint64_t peak_pages; /* 0: not known */
	uint64_t left_pages; /* most pages of the address spaces that it has left */
	uint32_t sampled;    /* index of its samples, 0: none */
};

struct memory {
	struct memory_of_process *process; /* by its index */
	uint32_t room;
	struct process_memory *sampled; /* [0] is nobody's */
	uint32_t sampled_count, sampled_room;
	uint32_t round; /* that the sums are of */
	uint64_t round_rss, round_pss;
	uint64_t rss, pss; /* highest sums of a round; valid with rounds */
	uint32_t rounds;
	struct process_memory *list; /* the report's */
};

void memory_free(struct memory *memory);

/* Each: 0 or -ENOMEM. */
int memory_exec(struct memory *memory, const struct tasks *tasks, const struct event_exec *event);
int memory_exit(struct memory *memory, const struct tasks *tasks, const struct event_exit *event);
int memory_sample(struct memory *memory, const struct tasks *tasks,
		  const struct event_memory *event);

/* Fills the report, whose context and processes are there. 0 or -ENOMEM. */
int memory_report(struct memory *memory, struct tasks *tasks, struct report *report);

#endif
