/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * counts.h - what aggregate mode counts for a group, and the coarse histogram. Shared by the programs,
 * which count, and by user/, which reads and adds. Plain data, all zero is empty, and any two can be added
 * member by member.
 */
#ifndef TASKTAX_COUNTS_H
#define TASKTAX_COUNTS_H

#include "event.h"

enum group_by {
	GROUP_BY_PROCESS,
	GROUP_BY_THREAD,
	GROUP_BY_CGROUP, /* the programs know the first two and NONE: these are processes added up */
	GROUP_BY_COMM,
	GROUP_BY_NONE,
};

/* One switch row of a group; the order of rows is that of the stream model (enum row_level, via). */
struct row_counts {
	u64 count;
	u64 voluntary, preempted; /* records whose prev is a target */
	u64 migrated;
	u64 direct_count, direct_ns; /* raw: the probes' cost is taken off in user space */
	u64 wait_ns, pick_ns;
};

#define COUNT_ROWS 16 /* four levels with three vias each, then idle, kernel, foreign, other */
#define COUNT_LEVELS 4
#define COUNT_VIAS 3

enum fault_kind {
	FAULT_FIRST_TOUCH,   /* write to anonymous memory that had no page, or only the zero page */
	FAULT_ZERO_READ,     /* read of anonymous memory that had none: the zero page */
	FAULT_COW_FORK,	     /* write to a page once shared by fork: copied, or taken over */
	FAULT_COW_FILE,	     /* write to a private mapping of a file: a page of its own */
	FAULT_OF_FILE,	     /* a page of a file mapped, or a shared one made writable */
	FAULT_OF_SHMEM,	     /* shared memory */
	FAULT_SWAP_IN,	     /* a page came back from swap */
	FAULT_WRITE_PROTECT, /* write to a page that was there: why it was protected is not known */
	FAULT_RACED,	     /* another thread mapped the page first */
	FAULT_OTHER,
	FAULT_KINDS,
};

/* Why the fault happened: for being several processes, several threads, or for the work itself. */
enum fault_cause {
	CAUSE_PROCESS, /* fork debt; exec and start-up: program, libraries, first stack */
	CAUSE_THREAD,  /* a thread's stack and TLS; a page that another thread mapped first */
	CAUSE_WORK,    /* the program's own memory */
	CAUSE_UNKNOWN, /* where it was is not known: the programs do not say so */
	CAUSES,
};

struct fault_counts {
	u64 count, time_ns; /* on the CPU */
};

/*
 * The coarse histogram: COARSE_SUB buckets of one width to an octave, from 2^COARSE_FIRST ns (64) to
 * 2^COARSE_LAST (17 s); bucket 0 holds what is less, the last what is more. A value is known to 1/16 (6.3 %)
 * when its bucket's middle stands for it.
 */
#define COARSE_SUB_BITS 3
#define COARSE_SUB (1 << COARSE_SUB_BITS)
#define COARSE_FIRST 6
#define COARSE_LAST 34
#define COARSE_BUCKETS ((COARSE_LAST - COARSE_FIRST) * COARSE_SUB + 2)

struct coarse {
	u64 count, sum; /* ns */
	u64 bucket[COARSE_BUCKETS];
};

/* --- where the programs count --- */

/*
 * What a group has counted on one CPU is in slabs, which the CPU takes from its part of one pool as the group
 * first needs them. Only the programs of this CPU write there, one at a time, so that they need no atomic
 * operation; the loader reads meanwhile, and takes slabs back when the group is no more.
 */
#define SLAB_WORDS 256

struct group_counts {
	struct row_counts row[COUNT_ROWS];
	struct fault_counts fault[CAUSE_UNKNOWN][FAULT_KINDS][2]; /* last: minor, major */
	u64 first_switches; /* on a CPU whose last user task is not known */
	u64 reserved[7];
};

union count_slab {
	struct group_counts counts;
	struct coarse times; /* `count` stays 0: it is the sum of the buckets */
	u64 word[SLAB_WORDS];
};

/* What a slab of a group holds. */
enum slab_use {
	SLAB_COUNTS,
	SLAB_DIRECT,				/* and three more, by level */
	SLAB_WAIT = SLAB_DIRECT + COUNT_LEVELS, /* the same */
	SLAB_FAULT = SLAB_WAIT + COUNT_LEVELS,	/* minor, and one more: major */
	SLAB_USES = SLAB_FAULT + 2,
};

#define SLAB_REFUSED 0xffffffffu /* there was no room for it: nothing is kept */

/* A group on one CPU: groups of one CPU stand together. */
struct group_slot {
	u32 slab[12]; /* by enum slab_use: index in the pool; 0: none yet */
	u64 run_ns;
	u64 reserved;
	struct task_tlb tlb; /* counted in interrupts, where no slab can be taken */
	u64 reserved_too[3];
};

#define GROUP_OTHERS 0 /* of all who have no group of their own; its slabs are always there */
#define GROUP_ROOT 1   /* the root of the tree, unless nothing is grouped */

_Static_assert(sizeof(struct row_counts) == 64, "a cache line");
_Static_assert(sizeof(struct group_counts) == sizeof(union count_slab), "a slab");
_Static_assert(sizeof(struct coarse) <= sizeof(union count_slab), "a slab");
_Static_assert(SLAB_USES <= 12, "as a slot has");
_Static_assert(sizeof(struct group_slot) == 128, "two cache lines, one of them for switches");

#endif
