/* SPDX-License-Identifier: GPL-2.0 */
/*
 * census.h - what aggregate mode has counted up to one moment, by group: what top and serve show. Plain data.
 *
 * Made by trace/tally.c from the maps that the programs count into; whoever asked for it owns it. Counters
 * only grow from census to census, until a group is gone: then it is in `total` alone.
 * Times are nanoseconds, CLOCK_MONOTONIC. Unknown is NS_UNKNOWN or a NULL pointer, never 0.
 */
#ifndef TASKTAX_MODEL_CENSUS_H
#define TASKTAX_MODEL_CENSUS_H

#include "counts.h"
#include "model/report.h"

struct census_counts {
	struct row_counts row[COUNT_ROWS];
	struct fault_counts fault[CAUSES][FAULT_KINDS][2]; /* last: minor, major */
	uint64_t run_ns;
	uint64_t created[CREATED_KINDS], execs, exits;
	uint64_t crashes; /* processes ended by a signal that dumps core */
	struct task_tlb tlb;
	uint64_t first_switches; /* switch-ins where a resume cannot be told: report.h */
};

/* By enum row_level, the first four: of switch-ins. */
struct census_times {
	struct coarse direct[ROW_WITH_VIA]; /* the probes' cost taken off */
	struct coarse wait[ROW_WITH_VIA];
	struct coarse fault[2]; /* minor, major */
};

struct census_group {
	uint64_t id; /* its own as long as it lives, never used again */
	/* Who it is; what does not apply to the grouping is 0 or "". */
	uint32_t pid, tid; /* as the loader's pid namespace sees them */
	uint32_t parent;   /* pid of the parent process, 0: not known */
	char comm[EVENT_COMM_LEN + 1];
	const char *cgroup;	   /* path below the mount */
	uint32_t processes, tasks; /* alive in it */
	struct census_counts counts;
	bool partial; /* some of its counts had no room: in total they are, here not */
	const struct census_times *times; /* NULL: no room was left for them */
	uint64_t rss, pss;		  /* bytes; BYTES_UNKNOWN */
};

struct census {
	uint64_t at_ns, since_ns; /* now; when counting began */
	enum group_by by;
	const struct census_group *group;
	size_t count;
	struct census_group
		total;	 /* of all that are or were, those without a group of their own included */
	uint64_t folded; /* groups that the bounded table had no room for: only in total */
	struct losses lost;
	const struct run_context *context;
	uint64_t switches;	 /* counted, each in one row */
	uint64_t missed_ins;	 /* switch-ins that no hook saw, in no row; */
	uint64_t missed_wait_ns; /* they had waited too */
	uint64_t open_wait_ns;	 /* the waits, in the rows, of those who run now */
};

/* Sums, member by member. */
void census_counts_add(struct census_counts *to, const struct census_counts *from);
void census_times_add(struct census_times *to, const struct census_times *from);
void census_tlb_add(struct task_tlb *to, const struct task_tlb *from);
/* The counts of a group on one CPU. */
void census_slab_add(struct census_counts *to, const struct group_counts *from);

uint64_t census_switches(const struct census_counts *counts); /* of all rows */
uint64_t census_faults(const struct census_counts *counts, bool major);

/* The direct cost of a row's switches without the probes' own. probe_ns may be NS_UNKNOWN. */
uint64_t census_direct_ns(const struct row_counts *row, uint64_t probe_ns);

#endif
