/* SPDX-License-Identifier: GPL-2.0 */
/*
 * features.h - what this kernel lets tasktax do, found out by doing it: every hook is loaded,
 * attached and closed again. Never by version: distributions backport, lock down and leave out.
 *
 * Includes libbpf, privilege.h and base/. Called by the commands; read by hooks.c, which chooses
 * among the features, and by the outputs.
 */
#ifndef TASKTAX_TRACE_FEATURES_H
#define TASKTAX_TRACE_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "trace/privilege.h"

/* In the order of the rows of `tasktax doctor`. A NAME_RAW is the raw_tp variant of NAME. */
enum feature_id {
	FEATURE_TP_BTF,
	FEATURE_TASK_STORAGE,
	FEATURE_RINGBUF,
	FEATURE_RING_IN_ARRAY,
	FEATURE_SCHED_SWITCH,
	FEATURE_SCHED_EXIT_TP,
	FEATURE_SCHED_ENTRY_TP,
	FEATURE_TASK_NEWTASK,
	FEATURE_SCHED_PROCESS_EXEC,
	FEATURE_SCHED_PROCESS_EXIT,
	FEATURE_TASK_RENAME,
	FEATURE_SCHED_WAKING,
	FEATURE_ITER_TASK,
	FEATURE_SCHED_SWITCH_RAW,
	FEATURE_SCHED_EXIT_TP_RAW,
	FEATURE_TASK_NEWTASK_RAW,
	FEATURE_SCHED_PROCESS_EXEC_RAW,
	FEATURE_SCHED_PROCESS_EXIT_RAW,
	FEATURE_TASK_RENAME_RAW,
	FEATURE_SCHED_WAKING_RAW,
	FEATURE_FINISH_TASK_SWITCH,
	FEATURE_RUN_DELAY,
	FEATURE_PAGE_FAULT_USER,
	FEATURE_PAGE_FAULT_KERNEL,
	FEATURE_PERF_FAULT_MIN,
	FEATURE_PERF_FAULT_MAJ,
	FEATURE_RSS_STAT,
	FEATURE_PAGE_FAULT_USER_RAW,
	FEATURE_PAGE_FAULT_KERNEL_RAW,
	FEATURE_MM_PAGE_ALLOC,
	FEATURE_PERF_MAPPINGS,
	FEATURE_PROC_MAPS,
	FEATURE_HANDLE_MM_FAULT,
	FEATURE_KPROBE,
	FEATURE_FENTRY,
	FEATURE_SWITCH_MM_IRQS_OFF,
	FEATURE_TLB_FLUSH,
	FEATURE_CSD_QUEUE_CPU,
	FEATURE_CSD_FUNCTION_ENTRY,
	FEATURE_CSD_FUNCTION_EXIT,
	FEATURE_COUNT,
};

#define FEATURE_BIT(id) (UINT64_C(1) << (id))
#define FEATURES_ALL UINT64_MAX

enum feature_state {
	FEATURE_UNPROBED, /* not asked for, or a fallback that is not needed */
	FEATURE_ON,
	FEATURE_OFF,
	FEATURE_EXCLUDED, /* by --without: not probed */
};

/* Every string but `why` is a constant. */
struct feature {
	enum feature_id id;
	const char *name; /* as --without takes it */
	const char *need; /* what the report wants it for */
	enum feature_state state;
	int error;	     /* errno of the failed probe, 524 for the kernel's ENOTSUPP; else 0 */
	char why[160];	     /* of off, excluded and unprobed, in words; a detail of on, or "" */
	const char *instead; /* what does the work now; NULL: nothing */
	const char *loses;   /* what the report loses; NULL: nothing */
};

struct features {
	struct feature feature[FEATURE_COUNT]; /* by id */
	/* Facts about the host. */
	char release[65], arch[65];
	char cpu_model[128]; /* "unknown" where /proc/cpuinfo does not say */
	unsigned int cpus_online, cpus_possible;
	bool btf;		 /* /sys/kernel/btf/vmlinux is there */
	char lockdown[64];	 /* "none", "integrity", "confidentiality", "unknown (...)" */
	bool reads_kernel;	 /* programs may read kernel memory: not so under confidentiality */
	int pmu_error;		 /* 0: hardware cycles can be counted; else the errno */
	int unprivileged_bpf;	 /* kernel.unprivileged_bpf_disabled; -1: not there */
	int perf_event_paranoid; /* kernel.perf_event_paranoid; INT_MIN: not there */
	bool kallsyms;		 /* names can be read; the addresses are not needed */
	char switch_end[64];	 /* kallsyms' name of finish_task_switch; "": none */
	uint64_t flush_tlb_func; /* its address; 0: not told, or there is none */
	struct privilege privilege;
};

/*
 * Probes the features of the mask `wanted` (FEATURE_BIT()s). `without` names features to leave out,
 * as if the kernel had them not; naming a family (tp_btf, kprobe, fentry, ringbuf) leaves out all
 * of it. A fallback is probed only when its first choice is not on, except with FEATURES_ALL.
 * 0; -EINVAL: a name in `without` is unknown, the reason lists the names; other negative errnos:
 * the process could not look about. Missing privilege is no error here: it is in the rows.
 * Turns libbpf's own log off for its duration.
 */
int features_probe(struct features *features, uint64_t wanted, const char *const *without,
		   size_t without_count, struct fail *fail);
void features_free(struct features *features);

bool features_has(const struct features *features, enum feature_id id);

/* The feature of this name; FEATURE_COUNT: none. */
enum feature_id features_find(const char *name);

/* Pure parts, for the tests. */

/*
 * The symbol of a line of kallsyms when it is the body of finish_task_switch(), under its own name
 * or one that a compiler made of it (.isra.N, .constprop.N, .llvm.N), but not a part of it
 * (.cold, .part.N), padding before it (__pfx_) or of a module.
 */
bool features_switch_end_symbol(const char *line, char *symbol, size_t size);

/* The mode in brackets of "none [integrity] confidentiality". */
bool features_lockdown_mode(const char *text, char *mode, size_t size);

#endif
