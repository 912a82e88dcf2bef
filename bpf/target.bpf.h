/* SPDX-License-Identifier: GPL-2.0 */
/*
 * target.bpf.h - who is traced: the state of a target task and its address-space serial.
 */
#ifndef TASKTAX_TARGET_BPF_H
#define TASKTAX_TARGET_BPF_H

#include "compat.bpf.h"
#include "maps.bpf.h"

/* The state of a task if it is a target, else NULL. */
static __always_inline struct task_state *target_state(struct task_struct *task, const bool typed)
{
	u32 pid;

	if (typed)
		return bpf_task_storage_get(&tasks, task, 0, 0);
	pid = BPF_CORE_READ(task, pid);
	return bpf_map_lookup_elem(&tasks_by_pid, &pid);
}

/* Makes a task a target; NULL when there is no memory for it. */
static __always_inline struct task_state *target_mark(struct task_struct *task, const bool typed)
{
	struct task_state zero = {};
	u32 pid;

	if (typed)
		return bpf_task_storage_get(&tasks, task, &zero, BPF_LOCAL_STORAGE_GET_F_CREATE);
	pid = BPF_CORE_READ(task, pid);
	bpf_map_update_elem(&tasks_by_pid, &pid, &zero, BPF_ANY);
	return bpf_map_lookup_elem(&tasks_by_pid, &pid);
}

static __always_inline u32 next_serial(volatile u32 *last)
{
	return __sync_fetch_and_add(last, 1) + 1;
}

/*
 * The serial of a target's address space. Serials follow the mm_struct pointer of a living task
 * only: exec allocates the new one before it lets the old one go, so a change is always seen.
 */
static __always_inline u32 target_mm(struct task_state *state, struct mm_struct *mm)
{
	u64 now = (u64)mm;

	if (now && state->mm_struct != now) {
		if (state->mm_struct)
			state->mm = next_serial(&last_mm_id);
		state->mm_struct = now;
	}
	return state->mm;
}

static __always_inline void read_counters(struct task_counters *to, struct task_struct *task,
					  const bool typed)
{
	to->nvcsw = FIELD(typed, task, nvcsw);
	to->nivcsw = FIELD(typed, task, nivcsw);
	to->run_delay = task_run_delay(task, typed);
	to->sum_exec = FIELD(typed, task, se.sum_exec_runtime);
	to->min_flt = FIELD(typed, task, min_flt);
	to->maj_flt = FIELD(typed, task, maj_flt);
}

#endif
