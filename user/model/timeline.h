/* SPDX-License-Identifier: GPL-2.0 */
/*
 * timeline.h - what happened when: switches, their cost, faults and run time in intervals of one width.
 *
 * Bounded, however long the trace: when the intervals are used up, neighbours become one and the width doubles. So the
 * sums stay exact, and a trace has from half of TIMELINE_BUCKETS to all of them (a short one fewer). Pure. Called by
 * model.c; read by the outputs.
 */
#ifndef TASKTAX_MODEL_TIMELINE_H
#define TASKTAX_MODEL_TIMELINE_H

#include <stddef.h>
#include <stdint.h>

#include "model/report.h"

#define TIMELINE_BUCKETS 240
#define TIMELINE_WIDTH_NS 1000000 /* at first */

struct timeline_bucket {
	uint64_t switches[ROW_LEVELS];
	uint64_t direct_ns;	   /* of those that have a price */
	uint64_t faults, fault_ns; /* on the CPU */
	uint64_t run_ns;	   /* of targets, all CPUs, up to their switch-outs */
};

/* All zero is empty. */
struct timeline {
	uint64_t from_ns;  /* stamp of the first event that was added */
	uint64_t width_ns; /* 0: nothing was */
	size_t used;
	struct timeline_bucket bucket[TIMELINE_BUCKETS];
};

/* direct_ns NS_UNKNOWN: without a price. run_ns: of the stint that this switch ended; 0: none of a target. */
void timeline_switch(struct timeline *timeline, uint64_t ts, enum row_level level,
		     uint64_t direct_ns, uint64_t run_ns);

/* Accounted at ts, when it had taken so long on the CPU. */
void timeline_fault(struct timeline *timeline, uint64_t ts, uint64_t on_cpu_ns);

#endif
