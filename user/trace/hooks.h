/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hooks.h - decides which hooks a session attaches: what the requested columns need, by the best
 * means that this kernel allows. Every hook costs even when its program is empty, so nothing is
 * attached that no column needs. Called by the commands, read by session.c.
 */
#ifndef TASKTAX_TRACE_HOOKS_H
#define TASKTAX_TRACE_HOOKS_H

#include <stdbool.h>

#include "base/log.h"
#include "config.h"
#include "trace/features.h"

/* How what the hooks see is kept. All zero: as records, the stream. */
struct counting {
	bool aggregate;	 /* counted in the kernel */
	bool no_records; /* and in nothing else */
	enum group_by by;
	uint64_t max_memory; /* bytes, of all counts; 0: the default */
};

/* What the user asked for beyond the default columns. */
struct wanted {
	struct counting counting;
	bool pick;	     /* the cost of choosing the next task */
	bool wakers;	     /* who woke whom */
	bool faults;	     /* every page fault */
	bool shootdowns;     /* TLB shootdowns sent and received */
	bool each_shootdown; /* and each of them as a record */
	bool tlb_switch;     /* TLB flushes by reason, at switches too */
	bool unraised;	     /* faults that the kernel takes for a task, one by one */
	bool cow_detail;     /* which of the writes to once-shared pages copied them */
	bool attach;	     /* the targets are there already */
	bool everybody;	     /* and are all user tasks of the host */
};

enum switch_end {
	SWITCH_END_NONE,
	SWITCH_END_TRACEPOINT, /* sched_exit_tp */
	SWITCH_END_KPROBE,     /* finish_task_switch */
};

#define HOOKS_MAX 24

struct hooks {
	struct counting counting;
	bool typed; /* tp_btf programs and task storage; else raw_tp and a hash by address */
	enum switch_end end;
	char end_symbol[64]; /* kallsyms' name of finish_task_switch */
	bool pick, waking, rename, iter;
	enum fault_end faults;
	bool rss_stat, cow_detail;
	bool mappings, proc_maps; /* what tells the regions: perf, or /proc in its place */
	bool shootdowns, shot_time, tlb_switch;
	bool each_shootdown;
	uint64_t flush_tlb_func; /* its address */
	bool unraised;		 /* faults that raise no event are seen as well */
	bool run_delay;		 /* the kernel keeps it: wait is known */
	bool attach, everybody;	 /* as wanted */

	/* For the report: what is attached, what is not and why. Strings belong to features. */
	const char *attached[HOOKS_MAX + 1];
	const char *off[HOOKS_MAX + 1], *off_why[HOOKS_MAX + 1];
	const char *direct_end, *direct_why, *wait_why;
	const char *fault_start, *fault_end; /* what tells the end of a fault; NULL: nothing does */
	const char *shootdown_why;	     /* why they are not seen, if asked for */
	const char *fault_why;		     /* why fault_end is NULL, or why faults have no time */
	const char *regions_why;   /* why nothing tells the regions; NULL: something does */
	const char *snapshots_why; /* why only /proc does */
};

/* The features that hooks_choose() looks at, as a mask for features_probe(). */
uint64_t hooks_features(const struct wanted *wanted);

/* 0, or -ENOTSUP with the reason when the switches or the lifecycle cannot be followed at all. */
int hooks_choose(struct hooks *hooks, const struct features *features, const struct wanted *wanted,
		 struct fail *fail);

#endif
