// SPDX-License-Identifier: GPL-2.0
/* hooks.c - the choice among the features of this kernel; see hooks.h. */
#include "trace/hooks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The hooks without which there is nothing to trace: typed, and their raw_tp variants. */
static const enum feature_id typed_core[] = {
	FEATURE_SCHED_SWITCH,
	FEATURE_TASK_NEWTASK,
	FEATURE_SCHED_PROCESS_EXEC,
	FEATURE_SCHED_PROCESS_EXIT,
};
static const enum feature_id raw_core[] = {
	FEATURE_SCHED_SWITCH_RAW,
	FEATURE_TASK_NEWTASK_RAW,
	FEATURE_SCHED_PROCESS_EXEC_RAW,
	FEATURE_SCHED_PROCESS_EXIT_RAW,
};

#define CORE (sizeof(typed_core) / sizeof(typed_core[0]))

uint64_t hooks_features(const struct wanted *wanted)
{
	uint64_t mask = FEATURE_BIT(FEATURE_TP_BTF) | FEATURE_BIT(FEATURE_TASK_STORAGE) |
			FEATURE_BIT(FEATURE_RINGBUF) | FEATURE_BIT(FEATURE_SCHED_EXIT_TP) |
			FEATURE_BIT(FEATURE_SCHED_EXIT_TP_RAW) |
			FEATURE_BIT(FEATURE_FINISH_TASK_SWITCH) | FEATURE_BIT(FEATURE_TASK_RENAME) |
			FEATURE_BIT(FEATURE_TASK_RENAME_RAW) | FEATURE_BIT(FEATURE_ITER_TASK) |
			FEATURE_BIT(FEATURE_RUN_DELAY);

	if (wanted->faults)
		mask |= FEATURE_BIT(FEATURE_RING_IN_ARRAY) | FEATURE_BIT(FEATURE_PAGE_FAULT_USER) |
			FEATURE_BIT(FEATURE_PAGE_FAULT_KERNEL) |
			FEATURE_BIT(FEATURE_PAGE_FAULT_USER_RAW) |
			FEATURE_BIT(FEATURE_PAGE_FAULT_KERNEL_RAW) |
			FEATURE_BIT(FEATURE_PERF_FAULT_MIN) | FEATURE_BIT(FEATURE_PERF_FAULT_MAJ) |
			FEATURE_BIT(FEATURE_RSS_STAT) | FEATURE_BIT(FEATURE_PERF_MAPPINGS) |
			FEATURE_BIT(FEATURE_PROC_MAPS) | FEATURE_BIT(FEATURE_FENTRY);
	if (wanted->unraised)
		mask |= FEATURE_BIT(FEATURE_HANDLE_MM_FAULT);
	if (wanted->shootdowns)
		mask |= FEATURE_BIT(FEATURE_CSD_QUEUE_CPU) |
			FEATURE_BIT(FEATURE_CSD_FUNCTION_ENTRY) |
			FEATURE_BIT(FEATURE_CSD_FUNCTION_EXIT);
	if (wanted->tlb_switch)
		mask |= FEATURE_BIT(FEATURE_TLB_FLUSH);
	if (wanted->cow_detail)
		mask |= FEATURE_BIT(FEATURE_MM_PAGE_ALLOC);
	for (size_t i = 0; i < CORE; i++)
		mask |= FEATURE_BIT(typed_core[i]) | FEATURE_BIT(raw_core[i]);
	if (wanted->pick)
		mask |= FEATURE_BIT(FEATURE_SCHED_ENTRY_TP);
	if (wanted->wakers)
		mask |= FEATURE_BIT(FEATURE_SCHED_WAKING) | FEATURE_BIT(FEATURE_SCHED_WAKING_RAW) |
			FEATURE_BIT(FEATURE_RING_IN_ARRAY);
	return mask;
}

static bool has_all(const struct features *features, const enum feature_id *core)
{
	for (size_t i = 0; i < CORE; i++)
		if (!features_has(features, core[i]))
			return false;
	return true;
}

static void add(const char **list, const char *text)
{
	size_t at = 0;

	while (list[at])
		at++;
	if (at < HOOKS_MAX)
		list[at] = text;
}

/* Notes a hook as attached or, with the reason, as off. Returns whether it is on. */
static bool use(struct hooks *hooks, const struct features *features, enum feature_id id)
{
	const struct feature *feature = &features->feature[id];

	if (features_has(features, id)) {
		add(hooks->attached, feature->name);
		return true;
	}
	add(hooks->off, feature->name);
	add(hooks->off_why, feature->why);
	return false;
}

static int refuse(const struct features *features, struct fail *fail)
{
	const enum feature_id needed[] = { FEATURE_RINGBUF,
					   FEATURE_SCHED_SWITCH,
					   FEATURE_TASK_NEWTASK,
					   FEATURE_SCHED_PROCESS_EXEC,
					   FEATURE_SCHED_PROCESS_EXIT,
					   FEATURE_TASK_STORAGE };

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		const struct feature *feature = &features->feature[needed[i]];

		if (!features_has(features, needed[i]))
			return fail_set(
				fail, -ENOTSUP,
				"this kernel cannot be traced: %s: %s; see `tasktax doctor`",
				feature->name, feature->why);
	}
	return fail_set(fail, -ENOTSUP, "this kernel cannot be traced; see `tasktax doctor`");
}

static void choose_end(struct hooks *hooks, const struct features *features)
{
	enum feature_id exit_tp = hooks->typed ? FEATURE_SCHED_EXIT_TP : FEATURE_SCHED_EXIT_TP_RAW;

	if (use(hooks, features, exit_tp)) {
		hooks->end = SWITCH_END_TRACEPOINT;
		hooks->direct_end = "sched_exit_tp";
	} else if (use(hooks, features, FEATURE_FINISH_TASK_SWITCH)) {
		hooks->end = SWITCH_END_KPROBE;
		hooks->direct_end = "finish_task_switch";
		snprintf(hooks->end_symbol, sizeof(hooks->end_symbol), "%s", features->switch_end);
	} else {
		hooks->end = SWITCH_END_NONE;
		hooks->direct_why =
			"neither sched_exit_tp nor a kprobe on finish_task_switch can be used here";
	}
}

/* What may interrupt a switch cannot write its log: it needs the rings. */
static bool has_rings(struct hooks *hooks, const struct features *features)
{
	const struct feature *rings = &features->feature[FEATURE_RING_IN_ARRAY];

	if (features_has(features, FEATURE_RING_IN_ARRAY))
		return true;
	add(hooks->off, rings->name);
	add(hooks->off_why, rings->why);
	return false;
}

static bool choose_waking(struct hooks *hooks, const struct features *features)
{
	return has_rings(hooks, features) &&
	       use(hooks, features, hooks->typed ? FEATURE_SCHED_WAKING : FEATURE_SCHED_WAKING_RAW);
}

static bool use_both(struct hooks *hooks, const struct features *features, enum feature_id a,
		     enum feature_id b)
{
	bool first = use(hooks, features, a);

	return use(hooks, features, b) && first;
}

/* Why one of the two cannot be used. */
static const char *why_not_both(const struct features *features, enum feature_id a,
				enum feature_id b)
{
	return features->feature[features_has(features, a) ? b : a].why;
}

/* The means by which the start and the end of a fault are known. */
static void choose_fault_end(struct hooks *hooks, const struct features *features)
{
	enum feature_id of_user = hooks->typed ? FEATURE_PAGE_FAULT_USER :
						 FEATURE_PAGE_FAULT_USER_RAW;
	enum feature_id of_kernel = hooks->typed ? FEATURE_PAGE_FAULT_KERNEL :
						   FEATURE_PAGE_FAULT_KERNEL_RAW;
	bool start = use_both(hooks, features, of_user, of_kernel);
	bool perf = use_both(hooks, features, FEATURE_PERF_FAULT_MIN, FEATURE_PERF_FAULT_MAJ);

	if (start && perf) {
		hooks->faults = FAULT_END_PERF;
		hooks->fault_start = "the exception";
		hooks->fault_end = "perf's page-faults";
	} else if (hooks->typed && use(hooks, features, FEATURE_FENTRY)) {
		hooks->faults = FAULT_END_FEXIT;
		hooks->fault_start = "entry";
		hooks->fault_end = "exit of handle_mm_fault";
	} else if (start) {
		hooks->faults = FAULT_END_COUNTER;
		hooks->fault_why =
			why_not_both(features, FEATURE_PERF_FAULT_MIN, FEATURE_PERF_FAULT_MAJ);
	} else {
		hooks->fault_why = why_not_both(features, of_user, of_kernel);
	}
}

static void choose_faults(struct hooks *hooks, const struct features *features,
			  const struct wanted *wanted)
{
	const struct feature *rings = &features->feature[FEATURE_RING_IN_ARRAY];

	if (!features_has(features, FEATURE_RING_IN_ARRAY)) {
		add(hooks->off, rings->name);
		add(hooks->off_why, rings->why);
		hooks->fault_why = rings->why;
		return;
	}
	choose_fault_end(hooks, features);
	if (hooks->faults == FAULT_END_NONE)
		return;
	if (hooks->typed)
		hooks->rss_stat = use(hooks, features, FEATURE_RSS_STAT);
	/*
	 * Only on request: to attach and to detach it, the kernel waits for every task to have left the CPU by
	 * itself (RCU tasks), which took two minutes beside one that made system calls without end.
	 */
	if (wanted->unraised && hooks->typed && hooks->faults != FAULT_END_FEXIT)
		hooks->unraised = use(hooks, features, FEATURE_HANDLE_MM_FAULT);
	if (wanted->cow_detail && hooks->typed)
		hooks->cow_detail = use(hooks, features, FEATURE_MM_PAGE_ALLOC);
	if (hooks->counting.no_records) {
		hooks->regions_why = "the kernel's counts have no addresses";
		return;
	}
	hooks->mappings = use(hooks, features, FEATURE_PERF_MAPPINGS);
	if (hooks->mappings)
		return;
	hooks->proc_maps = use(hooks, features, FEATURE_PROC_MAPS);
	if (hooks->proc_maps)
		hooks->snapshots_why = features->feature[FEATURE_PERF_MAPPINGS].why;
	else
		hooks->regions_why = features->feature[FEATURE_PERF_MAPPINGS].why;
}

static void choose_tlb(struct hooks *hooks, const struct features *features,
		       const struct wanted *wanted)
{
	if (!hooks->typed) {
		hooks->shootdown_why = "they are counted in task storage, which is not there";
		return;
	}
	if (wanted->shootdowns) {
		hooks->shootdowns = use_both(hooks, features, FEATURE_CSD_QUEUE_CPU,
					     FEATURE_CSD_FUNCTION_ENTRY);
		hooks->shot_time = hooks->shootdowns &&
				   use(hooks, features, FEATURE_CSD_FUNCTION_EXIT);
		hooks->flush_tlb_func = features->flush_tlb_func;
		if (!hooks->shootdowns)
			hooks->shootdown_why = features->feature[FEATURE_CSD_QUEUE_CPU].why;
		if (wanted->each_shootdown && hooks->shot_time)
			hooks->each_shootdown = has_rings(hooks, features);
	}
	if (wanted->tlb_switch)
		hooks->tlb_switch = use(hooks, features, FEATURE_TLB_FLUSH);
}

int hooks_choose(struct hooks *hooks, const struct features *features, const struct wanted *wanted,
		 struct fail *fail)
{
	const enum feature_id *core;

	memset(hooks, 0, sizeof(*hooks));
	hooks->counting = wanted->counting;
	if (!features_has(features, FEATURE_RINGBUF))
		return refuse(features, fail);
	/* who is there already is found by the iterator, or met by programs that need no task storage */
	hooks->typed = features_has(features, FEATURE_TASK_STORAGE) &&
		       has_all(features, typed_core) &&
		       (!wanted->attach || features_has(features, FEATURE_ITER_TASK));
	if (!hooks->typed && !has_all(features, raw_core))
		return refuse(features, fail);
	core = hooks->typed ? typed_core : raw_core;
	for (size_t i = 0; i < CORE; i++)
		use(hooks, features, core[i]);
	choose_end(hooks, features);
	hooks->rename =
		use(hooks, features, hooks->typed ? FEATURE_TASK_RENAME : FEATURE_TASK_RENAME_RAW);
	if (wanted->pick)
		hooks->pick = use(hooks, features, FEATURE_SCHED_ENTRY_TP);
	if (wanted->wakers)
		hooks->waking = choose_waking(hooks, features);
	if (wanted->faults)
		choose_faults(hooks, features, wanted);
	choose_tlb(hooks, features, wanted);
	if (hooks->typed)
		hooks->iter = use(hooks, features, FEATURE_ITER_TASK);
	hooks->attach = wanted->attach;
	hooks->everybody = wanted->everybody;
	hooks->run_delay = features_has(features, FEATURE_RUN_DELAY);
	if (!hooks->run_delay)
		hooks->wait_why = features->feature[FEATURE_RUN_DELAY].why;
	return 0;
}
