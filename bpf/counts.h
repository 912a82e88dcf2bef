/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * counts.h - what aggregate mode counts for a group, and the coarse histogram. Shared by the programs,
 * which count, and by user/, which reads and adds. Plain data, all zero is empty, and any two can be added
 * member by member.
 */
#ifndef TASKTAX_COUNTS_H
#define TASKTAX_COUNTS_H

#include "event.h"

/* One switch row of a group; the order of rows is that of the stream model (enum row_level, via). */
struct row_counts {
	u64 count;
	u64 voluntary, preempted; /* records whose prev is a target */
	u64 migrated;
	u64 direct_count, direct_ns; /* raw: the probes' cost is taken off in user space */
	u64 wait_ns, pick_ns;
};

#define COUNT_ROWS 16 /* four levels with three vias each, then idle, kernel, foreign, other */

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

_Static_assert(sizeof(struct row_counts) == 64, "a cache line");

#endif
