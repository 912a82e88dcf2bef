/* SPDX-License-Identifier: GPL-2.0 */
/*
 * feature_table.h - what there is to probe: a row for each feature, with the kernel's name of its hook, what
 * stands in for it and what is lost without it. Called by features.c and probe.c.
 */
#ifndef TASKTAX_TRACE_FEATURE_TABLE_H
#define TASKTAX_TRACE_FEATURE_TABLE_H

#include "trace/features.h"

enum feature_kind {
	KIND_TYPED,	   /* tp_btf */
	KIND_RAW,	   /* raw_tp */
	KIND_KPROBE,	   /* through the perf PMU: no tracefs */
	KIND_FENTRY,	   /* fentry and fexit of one function */
	KIND_ITER,	   /* iterator */
	KIND_PERF,	   /* software perf event with a program */
	KIND_MAPPINGS,	   /* perf's side band of memory mappings */
	KIND_PROC_MAPS,	   /* /proc/PID/maps */
	KIND_SHOOTDOWN,	   /* raw_tp, and the address of flush_tlb_func() */
	KIND_TASK_STORAGE, /* maps */
	KIND_RING,
	KIND_RING_IN_ARRAY,
	KIND_RUN_DELAY, /* a field that is kept */
};

struct feature_row {
	const char *name;
	const char *hook; /* the kernel's name of what is attached to */
	enum feature_kind kind;
	int config; /* of a perf event */
	enum feature_id
		spare[2];  /* what does its work when it is off; 0: none (tp_btf never does) */
	const char *since; /* mainline version: only a hint beside a failed probe */
	const char *need;
	const char *loses;    /* the report without it and without a spare */
	const char *as;	      /* of a spare: how the row names it that it stands in for, */
	const char *as_loses; /* and what is lost even so; NULL: nothing */
};

extern const struct feature_row feature_rows[FEATURE_COUNT];

/* A row whose program needs a type of vmlinux's BTF to attach. */
bool feature_is_typed(enum feature_id id);
bool feature_is_map(enum feature_id id);

#endif
