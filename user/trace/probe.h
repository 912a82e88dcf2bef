/* SPDX-License-Identifier: GPL-2.0 */
/*
 * probe.h - tries one feature by doing it: a program loaded and attached, a map made. What was made stays
 * open until the end of the probing (features.c says why). Called by features.c.
 */
#ifndef TASKTAX_TRACE_PROBE_H
#define TASKTAX_TRACE_PROBE_H

#include <linux/types.h>

#include "trace/feature_table.h"

#define HELD_MAX (4 * FEATURE_COUNT)
#define NOT_SUPPORTED 524 /* the kernel's ENOTSUPP, which user space has no name for */

/* What the probes share while features_probe() runs. */
struct probing {
	struct features *features;
	__u32 btf_id[FEATURE_COUNT]; /* 0: not in BTF */
	bool has_run_delay;	     /* task_struct.sched_info.run_delay */
	bool has_rss_cache;	     /* task_struct.rss_stat: counters are cached per task */
	const char *doing;	     /* what failed: load, attach, open, create */
	int held[HELD_MAX];
	int held_count;
};

/* Reads vmlinux's BTF once: where typed programs attach, and which fields there are. */
void probe_btf(struct probing *probing);

/* Fills in features->reads_kernel, and lockdown where nothing else tells it. */
void probe_kernel_reads(struct probing *probing);

/* 0 or positive: it works; else a negative errno, and `doing` says of what. */
int probe_feature(struct probing *probing, enum feature_id id);

/* Closes what the probes made. */
void probe_end(struct probing *probing);

/* Whether hardware cycles can be counted: 0, else the errno. */
int probe_pmu(void);

#endif
