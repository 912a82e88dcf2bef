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

enum group_by {
	GROUP_BY_PROCESS,
	GROUP_BY_THREAD,
	GROUP_BY_CGROUP,
	GROUP_BY_COMM,
	GROUP_BY_NONE,
};

struct fault_counts {
	uint64_t count, time_ns; /* on the CPU */
};

struct census_counts {
	struct row_counts row[COUNT_ROWS];
	struct fault_counts fault[CAUSES][FAULT_KINDS][2]; /* last: minor, major */
	uint64_t run_ns;
	uint64_t created[CREATED_KINDS], execs, exits;
	uint64_t crashes; /* processes ended by a signal that dumps core */
	struct task_tlb tlb;
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
};

#endif
