/* SPDX-License-Identifier: GPL-2.0 */
/*
 * target.bpf.h - who is traced: the state of a target task and its address-space serial.
 */
#ifndef TASKTAX_TARGET_BPF_H
#define TASKTAX_TARGET_BPF_H

#include "seed.bpf.h"

static const struct task_state root_state = { .id = ROOT_TASK, .mm = ROOT_MM };

/* The look-up without task storage. The loader has no address to mark the root by, only its pid. */
static __always_inline struct task_state *target_state_raw(struct task_struct *task)
{
	struct task_state *state;
	u32 pid = root_pid; /* before the look-up: it is cleared after the root is in the map */
	u64 key = (u64)task;

	state = bpf_map_lookup_elem(&tasks_raw, &key);
	if (conf.attached && !state && following)
		return seed(task, false) ? bpf_map_lookup_elem(&tasks_raw, &key) : NULL;
	if (state || !pid || local_pid(task) != pid)
		return state;
	bpf_map_update_elem(&tasks_raw, &key, &root_state, BPF_NOEXIST);
	root_pid = 0;
	state = bpf_map_lookup_elem(&tasks_raw, &key);
	if (state && conf.aggregate && conf.group_by != GROUP_BY_NONE)
		state->group = GROUP_ROOT;
	return state;
}

/* Whoever has no storage at all is no target: most tasks of a host, and a look is cheaper than the helper. */
static __always_inline bool has_no_storage(struct task_struct *task)
{
	return bpf_core_field_exists(task->bpf_storage) && !task->bpf_storage;
}

/* The state of a task if it is a target, else NULL. */
static __always_inline struct task_state *target_state(struct task_struct *task, const bool typed)
{
	if (typed && has_no_storage(task))
		return NULL;
	return typed ? bpf_task_storage_get(&tasks, task, 0, 0) : target_state_raw(task);
}

/* Without task storage, which goes with its task. */
static __always_inline void target_forget(struct task_struct *task)
{
	u64 key = (u64)task;

	bpf_map_delete_elem(&tasks_raw, &key);
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

/* The kernel's counters of its switches, and of its faults, as they stand. */
static __always_inline void read_counters(struct task_counters *to, struct task_struct *task,
					  const bool typed)
{
	to->nvcsw = FIELD(typed, task, nvcsw);
	to->nivcsw = FIELD(typed, task, nivcsw);
	to->run_delay = task_run_delay(task, typed);
	to->sum_exec = FIELD(typed, task, se.sum_exec_runtime);
}

static __always_inline void read_fault_counters(struct task_counters *to, struct task_struct *task,
						const bool typed)
{
	to->min_flt = FIELD(typed, task, min_flt);
	to->maj_flt = FIELD(typed, task, maj_flt);
}

/* The first recorded event of a task: what its counters start from. */
static __always_inline void start_faults(struct task_state *state, struct task_struct *task,
					 const bool typed)
{
	read_fault_counters(&state->account.base, task, typed);
	state->account.last.min_flt = state->account.base.min_flt;
	state->account.last.maj_flt = state->account.base.maj_flt;
	state->started |= STARTED_FAULTS;
}

static __always_inline void start_switches(struct task_state *state, struct task_struct *task,
					   const bool typed)
{
	struct task_account *account = &state->account;

	read_counters(&account->base, task, typed);
	account->last.nvcsw = account->base.nvcsw;
	account->last.nivcsw = account->base.nivcsw;
	account->last.run_delay = account->base.run_delay;
	account->last.sum_exec = account->base.sum_exec;
	state->started |= STARTED_SWITCHES;
	if (!(state->started & STARTED_FAULTS))
		start_faults(state, task, typed);
}

#endif
