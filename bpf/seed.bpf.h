/* SPDX-License-Identifier: GPL-2.0 */
/*
 * seed.bpf.h - makes a living task a target, if its process is selected: by the iterator, and at a birth when
 * the iterator has not come to the parent yet. Without task storage there is no iterator, and the loader knows
 * no addresses: then a task is marked when it is met first.
 */
#ifndef TASKTAX_SEED_BPF_H
#define TASKTAX_SEED_BPF_H

#include "group.bpf.h"
#include "mark.bpf.h"

static __always_inline struct seed *seed_of(struct task_struct *task)
{
	u32 tgid = local_pid(BPF_CORE_READ(task, group_leader));
	struct seed all = {}, *process = bpf_map_lookup_elem(&seeds, &tgid);

	if (process || !conf.everybody || tgid == conf.loader)
		return process;
	all.mm = next_serial(&last_mm_id);
	bpf_map_update_elem(&seeds, &tgid, &all, BPF_NOEXIST);
	return bpf_map_lookup_elem(&seeds, &tgid);
}

/* Selects the process of a task that could not be marked: the iterator will find it. */
static __always_inline void seed_later(struct task_struct *task)
{
	u32 tgid = local_pid(BPF_CORE_READ(task, group_leader));
	struct seed none = {};

	none.mm = next_serial(&last_mm_id);
	bpf_map_update_elem(&seeds, &tgid, &none, BPF_NOEXIST);
	seeds_added = 1;
}

static __always_inline void announce_seed(struct task_struct *task, const struct task_state *state,
					  u32 first, const bool typed)
{
	struct event_newtask *e = reserve_lifecycle(event_newtask, EVENT_NEWTASK, NEWTASK_SEEDED);
	struct seed *parent;

	if (!e)
		return;
	e->task = state->id;
	e->parent = first;
	e->pid = FIELD(typed, task, pid);
	e->tgid = FIELD(typed, task, tgid);
	e->mm = state->mm;
	e->group = state->group;
	e->local_pid = local_pid(task);
	if (first) {
		e->clone_flags = CLONE_VM | CLONE_THREAD;
	} else {
		u32 tgid = local_pid(BPF_CORE_READ(task, real_parent, group_leader));

		parent = bpf_map_lookup_elem(&seeds, &tgid);
		e->parent = parent ? parent->task : 0;
		e->local_tgid = local_pid(BPF_CORE_READ(task, group_leader));
	}
	bpf_probe_read_kernel(e->comm, sizeof(e->comm), &task->comm);
	submit_lifecycle(e);
}

/* By process, the first of it that is marked begins the group; should two be the first, one group stays empty. */
static __always_inline u32 seed_group(struct seed *process)
{
	if (!conf.aggregate || conf.group_by == GROUP_BY_NONE)
		return GROUP_OTHERS;
	if (conf.group_by == GROUP_BY_THREAD)
		return group_new();
	if (!process->group)
		__sync_val_compare_and_swap(&process->group, 0, group_new());
	return process->group;
}

/*
 * Whether the task has become a target now. Processes that share an address space (vfork) get a serial of it
 * each: it names, and decides nothing.
 */
static __always_inline bool seed(struct task_struct *task, const bool typed)
{
	struct seed *process;
	struct task_state *state;

	if (is_kernel_thread(task, typed))
		return false;
	process = seed_of(task);
	if (!process)
		return false;
	state = target_mark(task, BPF_NOEXIST, typed);
	if (!state) {
		seeds_added = 1;
		return false;
	}
	if (!target_claim(state))
		return false;
	state->mm = process->mm;
	state->group = seed_group(process);
	state->mm_struct = (u64)FIELD(typed, task, mm);
	announce_seed(task, state, __sync_val_compare_and_swap(&process->task, 0, state->id),
		      typed);
	return true;
}

#endif
