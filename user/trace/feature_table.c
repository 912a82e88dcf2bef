// SPDX-License-Identifier: GPL-2.0
/* feature_table.c - the rows; see feature_table.h. */
#include "trace/feature_table.h"

#include <linux/perf_event.h>

#define TYPED(tracepoint) .name = (tracepoint), .kind = KIND_TYPED, .hook = (tracepoint)
#define RAW(tracepoint)                                                      \
	.name = tracepoint "_raw", .kind = KIND_RAW, .hook = (tracepoint),   \
	.need = tracepoint " without BTF types", .as = "raw_tp/" tracepoint, \
	.as_loses = "dearer probes; at most 65,536 tasks at once"
#define ALL "everything"
#define DIRECT "the direct cost of switches is unknown"
#define NAMES "tasks keep the name of their creation or exec"
#define FAULTS "faults are only counted"
#define WAKERS "who wakes whom is not shown"

/* clang-format off */
const struct feature_row feature_rows[FEATURE_COUNT] = {
	[FEATURE_TP_BTF] = { .name = "tp_btf", .kind = KIND_TYPED, .hook = "task_rename",
		.since = "5.5", .need = "typed tracepoints: the cheapest programs", .loses = ALL,
		.spare = { FEATURE_SCHED_SWITCH_RAW } },
	[FEATURE_TASK_STORAGE] = { .name = "task_storage", .kind = KIND_TASK_STORAGE,
		.since = "5.11", .need = "who is a target", .loses = ALL,
		.spare = { FEATURE_SCHED_SWITCH_RAW } },
	[FEATURE_RINGBUF] = { .name = "ringbuf", .kind = KIND_RING, .since = "5.8",
		.need = "events on their way to tasktax", .loses = ALL },
	[FEATURE_RING_IN_ARRAY] = { .name = "ring_in_array", .kind = KIND_RING_IN_ARRAY,
		.since = "5.10", .need = "who wakes whom (--wakers): a ring buffer per CPU",
		.loses = WAKERS },

	[FEATURE_SCHED_SWITCH] = { TYPED("sched_switch"), .spare = { FEATURE_SCHED_SWITCH_RAW },
		.need = "every switch: level, via, run and off time", .loses = ALL },
	[FEATURE_SCHED_EXIT_TP] = { TYPED("sched_exit_tp"), .since = "6.15",
		.spare = { FEATURE_SCHED_EXIT_TP_RAW, FEATURE_FINISH_TASK_SWITCH },
		.need = "the end of a switch: direct cost, wait", .loses = DIRECT },
	[FEATURE_SCHED_ENTRY_TP] = { TYPED("sched_entry_tp"), .since = "6.15",
		.need = "the start of __schedule(): pick cost (--pick)",
		.loses = "the cost of picking the next task is unknown" },
	[FEATURE_TASK_NEWTASK] = { TYPED("task_newtask"), .spare = { FEATURE_TASK_NEWTASK_RAW },
		.need = "creations: thread, process, vfork", .loses = ALL },
	[FEATURE_SCHED_PROCESS_EXEC] = { TYPED("sched_process_exec"),
		.spare = { FEATURE_SCHED_PROCESS_EXEC_RAW },
		.need = "execs: a new address space", .loses = ALL },
	[FEATURE_SCHED_PROCESS_EXIT] = { TYPED("sched_process_exit"),
		.spare = { FEATURE_SCHED_PROCESS_EXIT_RAW },
		.need = "exits of tasks and processes", .loses = ALL },
	[FEATURE_TASK_RENAME] = { TYPED("task_rename"), .spare = { FEATURE_TASK_RENAME_RAW },
		.need = "names that tasks give themselves", .loses = NAMES },
	[FEATURE_SCHED_WAKING] = { TYPED("sched_waking"), .spare = { FEATURE_SCHED_WAKING_RAW },
		.need = "who wakes whom (--wakers)", .loses = WAKERS },

	[FEATURE_SCHED_SWITCH_RAW] = { RAW("sched_switch"), .loses = ALL },
	[FEATURE_SCHED_EXIT_TP_RAW] = { RAW("sched_exit_tp"), .since = "6.15", .loses = DIRECT,
		.spare = { FEATURE_FINISH_TASK_SWITCH } },
	[FEATURE_TASK_NEWTASK_RAW] = { RAW("task_newtask"), .loses = ALL },
	[FEATURE_SCHED_PROCESS_EXEC_RAW] = { RAW("sched_process_exec"), .loses = ALL },
	[FEATURE_SCHED_PROCESS_EXIT_RAW] = { RAW("sched_process_exit"), .loses = ALL },
	[FEATURE_TASK_RENAME_RAW] = { RAW("task_rename"), .loses = NAMES },
	[FEATURE_SCHED_WAKING_RAW] = { RAW("sched_waking"), .loses = WAKERS },
	[FEATURE_FINISH_TASK_SWITCH] = { .name = "finish_task_switch", .kind = KIND_KPROBE,
		.need = "the end of a switch, by kprobe", .loses = DIRECT,
		.as = "kprobe/finish_task_switch",
		.as_loses = "compare the direct cost only with runs of the same end" },

	[FEATURE_ITER_TASK] = { .name = "iter_task", .kind = KIND_ITER, .hook = "bpf_iter_task",
		.since = "5.8", .need = "final counters of tasks that outlive the run",
		.loses = "tasks still alive at the end are not reconciled" },
	[FEATURE_RUN_DELAY] = { .name = "run_delay", .kind = KIND_RUN_DELAY,
		.need = "wait: time queued for a CPU", .loses = "wait is unknown" },

	[FEATURE_PAGE_FAULT_USER] = { TYPED("page_fault_user"),
		.spare = { FEATURE_PAGE_FAULT_USER_RAW, FEATURE_FENTRY },
		.need = "faults: address and cause", .loses = FAULTS },
	[FEATURE_PAGE_FAULT_KERNEL] = { TYPED("page_fault_kernel"),
		.spare = { FEATURE_PAGE_FAULT_KERNEL_RAW, FEATURE_FENTRY },
		.need = "faults taken inside system calls", .loses = FAULTS },
	[FEATURE_PAGE_FAULT_USER_RAW] = { RAW("page_fault_user"), .loses = FAULTS },
	[FEATURE_PAGE_FAULT_KERNEL_RAW] = { RAW("page_fault_kernel"), .loses = FAULTS },
	[FEATURE_PERF_FAULT_MIN] = { .name = "perf_fault_min", .kind = KIND_PERF,
		.config = PERF_COUNT_SW_PAGE_FAULTS_MIN, .spare = { FEATURE_FENTRY },
		.need = "minor faults: number and time",
		.loses = "the time of faults is unknown" },
	[FEATURE_PERF_FAULT_MAJ] = { .name = "perf_fault_maj", .kind = KIND_PERF,
		.config = PERF_COUNT_SW_PAGE_FAULTS_MAJ, .spare = { FEATURE_FENTRY },
		.need = "major faults: number and time",
		.loses = "the time of faults is unknown" },
	[FEATURE_PERF_MAPPINGS] = { .name = "perf_mappings", .kind = KIND_MAPPINGS,
		.spare = { FEATURE_PROC_MAPS },
		.need = "regions: what is mapped where, from when on",
		.loses = "where faults were is unknown" },
	[FEATURE_PROC_MAPS] = { .name = "proc_maps", .kind = KIND_PROC_MAPS,
		.need = "regions, where perf does not tell them",
		.loses = "where faults were is unknown", .as = "/proc/PID/maps",
		.as_loses = "regions of short-lived processes are unknown" },
	[FEATURE_RSS_STAT] = { TYPED("rss_stat"), .since = "6.2",
		.need = "what a fault changed: file, anon, shmem, swap",
		.loses = "a fault's kind comes from current->rss_stat or its error code" },
	[FEATURE_MM_PAGE_ALLOC] = { TYPED("mm_page_alloc"),
		.need = "copy or reuse of a page once shared (--cow-detail)",
		.loses = "copies and reuses are not told apart" },
	[FEATURE_HANDLE_MM_FAULT] = { .name = "handle_mm_fault", .kind = KIND_FENTRY,
		.hook = "handle_mm_fault", .since = "5.5",
		.need = "faults that the kernel takes for a task (get_user_pages)",
		.loses = "such faults are only a difference" },
	[FEATURE_KPROBE] = { .name = "kprobe", .kind = KIND_KPROBE, .hook = "do_exit",
		.need = "kernel functions without a tracepoint", .loses = "fallbacks by kprobe" },
	[FEATURE_FENTRY] = { .name = "fentry", .kind = KIND_FENTRY, .hook = "handle_mm_fault",
		.since = "5.5", .need = "start and end of kernel functions",
		.loses = "fallbacks for faults", .as = "fentry and fexit of handle_mm_fault" },
	[FEATURE_SWITCH_MM_IRQS_OFF] = { .name = "switch_mm_irqs_off", .kind = KIND_FENTRY,
		.hook = "switch_mm_irqs_off", .need = "the address-space part of a switch alone",
		.loses = "that part is not shown apart" },
	[FEATURE_TLB_FLUSH] = { TYPED("tlb_flush"),
		.need = "TLB flushes by reason, at switches too (--tlb-switch)",
		.loses = "flushes by reason are not observable here" },
	[FEATURE_CSD_QUEUE_CPU] = { .name = "csd_queue_cpu", .kind = KIND_SHOOTDOWN,
		.hook = "csd_queue_cpu", .since = "6.5", .need = "TLB shootdowns sent",
		.loses = "shootdowns sent are not observable here" },
	[FEATURE_CSD_FUNCTION_ENTRY] = { .name = "csd_function_entry", .kind = KIND_SHOOTDOWN,
		.hook = "csd_function_entry", .since = "6.5", .need = "TLB shootdowns received",
		.loses = "shootdowns received are not observable here" },
	[FEATURE_CSD_FUNCTION_EXIT] = { .name = "csd_function_exit", .kind = KIND_SHOOTDOWN,
		.hook = "csd_function_exit", .since = "6.5", .need = "the time of a shootdown",
		.loses = "the time of shootdowns is not observable here" },
};
/* clang-format on */

_Static_assert(FEATURE_COUNT < 64, "features fit a mask");

bool feature_is_typed(enum feature_id id)
{
	return feature_rows[id].kind == KIND_TYPED || feature_rows[id].kind == KIND_FENTRY ||
	       feature_rows[id].kind == KIND_ITER;
}

bool feature_is_map(enum feature_id id)
{
	return feature_rows[id].kind == KIND_TASK_STORAGE || feature_rows[id].kind == KIND_RING ||
	       feature_rows[id].kind == KIND_RING_IN_ARRAY;
}
