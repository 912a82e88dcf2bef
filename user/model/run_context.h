/* SPDX-License-Identifier: GPL-2.0 */
/*
 * run_context.h - what is known of a traced run beside its events: the host, the command, what was measured and by
 * what means. Plain data. Filled in by run.c, kept in a recording by record/environment.c, shown by the outputs.
 */
#ifndef TASKTAX_MODEL_RUN_CONTEXT_H
#define TASKTAX_MODEL_RUN_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "event.h"

/* What the loader knows and the event stream does not say. Strings are borrowed. */
struct run_context {
	const char *tool_version;
	const char *const *command; /* NULL-terminated; NULL: attached_to */
	const char *attached_to;    /* what was asked for, in words; NULL: a command was run */
	int exit_code;		    /* -1: ended by a signal or still running */
	int exit_signal;	    /* 0: none */
	const char *kernel, *arch, *cpu_model;
	unsigned int cpus;
	uint64_t duration_ns;	 /* from arming to disarming */
	const char *mode;	 /* "stream", "aggregate" */
	const char *partial_why; /* why events are missing that nobody counts; NULL: none are */
	const char *part;	 /* which part of a recording it is, in words; NULL: all of it */
	bool part_of_time;	 /* the kernel's counters are of more than that */
	bool no_records;	 /* aggregate mode: what only records tell is not known */
	const char *direct_end;	 /* "sched_exit_tp", "finish_task_switch"; NULL: no direct cost */
	const char *direct_why;	 /* why direct_end is NULL */
	bool wait_known;	 /* the kernel keeps run_delay */
	const char *wait_why;
	bool faults_measured;	 /* else off by --no-faults or impossible: fault_why */
	const char *fault_start; /* what begins a fault */
	const char *fault_end;	 /* what ends a fault; NULL: faults have no time, or none is seen */
	const char *fault_why;	 /* why fault_end is NULL; NULL: not asked for */
	const char *regions_why; /* why nobody tells what is mapped where; NULL: it is told */
	const char *snapshots_why; /* why only /proc/PID/maps tells it; NULL: perf does */
	bool huge_known;	   /* faults that mapped a huge page are told from others */
	bool shootdowns_measured;  /* else off by --no-tlb or impossible: shootdown_why */
	bool shot_time;		   /* the time of those received is known */
	bool each_shootdown;	   /* each has a record */
	const char *shootdown_why; /* NULL: not asked for */
	bool tlb_switch;	   /* flushes by reason, and at switches, are told */
	uint64_t tlb_probe_ns;	   /* of those switches, already subtracted; NS_UNKNOWN */
	struct tlb_reason tlb_reasons[TLB_REASONS];
	bool cow_detail;	      /* copies and reuses are told apart */
	bool pick_measured;	      /* else asked for with --pick */
	bool waking_measured;	      /* else asked for with --wakers */
	bool memory_sampled;	      /* else off by --no-memory or impossible: memory_why */
	const char *memory_why;	      /* why it is not sampled; NULL: not asked for */
	uint64_t memory_cost_ns;      /* CPU time of the samples */
	uint64_t page_size;	      /* bytes; 0: not known, and no peak is */
	uint64_t probe_ns;	      /* calibrated, already subtracted from direct; NS_UNKNOWN */
	const char *probe_why;	      /* why probe_ns is unknown */
	uint64_t loader_cpu_ns;	      /* user + system time of the loader while tracing */
	const char *const *hooks;     /* names of the attached hooks, NULL-terminated */
	const char *const *hooks_off; /* hooks that could not be used, or were excluded, */
	const char *const *hooks_off_why; /* and why, same order, NULL-terminated */
};

#endif
