/* SPDX-License-Identifier: GPL-2.0 */
/*
 * proc.h - what /proc says of the processes in a census: resident memory at each look, the parent once, the
 * proportional share in turn, since the kernel walks page tables for it: within 1 % of one CPU. Called by feed.c.
 */
#ifndef TASKTAX_TOP_PROC_H
#define TASKTAX_TOP_PROC_H

#include <stddef.h>

#include "model/census.h"

struct proc;

struct proc *proc_new(void);	   /* NULL: no memory */
void proc_free(struct proc *proc); /* takes NULL */

/* Fills in rss, pss and, where it is not known, parent. 0 or -ENOMEM. */
int proc_look(struct proc *proc, struct census_group *group, size_t count, uint64_t now_ns);

/* --- for the tests --- */

/* The parent in a line of /proc/PID/stat, whose name may hold anything; 0: it is none. */
uint32_t proc_parent_in(const char *stat);
/* The bytes in a line of /proc/PID/statm; BYTES_UNKNOWN: it is none, or has no memory of its own. */
uint64_t proc_rss_in(const char *statm, uint64_t page_size);

#endif
