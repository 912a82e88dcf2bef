/* SPDX-License-Identifier: GPL-2.0 */
/*
 * group.bpf.h - which group a new task counts for in aggregate mode. Called where tasks become targets.
 */
#ifndef TASKTAX_GROUP_BPF_H
#define TASKTAX_GROUP_BPF_H

#include "emit.bpf.h"

#define GROUP_TRIES 8 /* beside as many other births at the same time */

/* The number of a new group; GROUP_OTHERS, counted, when none is free. */
static __noinline u32 group_new(void)
{
	u64 *group;
	u32 at;

	for (int i = 0; i < GROUP_TRIES; i++) {
		u64 taken = groups_taken;
		u64 freed = __sync_fetch_and_add(&groups_freed, 0); /* before what it speaks of */

		if (taken >= freed)
			break;
		at = taken % conf.groups;
		group = bpf_map_lookup_elem(&free_groups, &at);
		if (!group)
			break;
		at = *group; /* before it is taken: then the loader may put another there */
		if (__sync_val_compare_and_swap(&groups_taken, taken, taken + 1) == taken)
			return at;
	}
	__sync_fetch_and_add(&groups_folded, 1);
	return GROUP_OTHERS;
}

/* A new task joins its creator's group or begins one. parent: its creator's state, NULL if that is no target. */
static __always_inline void group_join(struct task_state *child, struct task_state *parent,
				       u64 clone_flags)
{
	if (!conf.aggregate)
		return;
	if (parent && (clone_flags & CLONE_VM)) {
		child->started |= parent->started & STARTED_BY_FORK;
	} else {
		child->started |= STARTED_BY_FORK;
		if (parent)
			parent->started |= STARTED_A_FORK;
	}
	if (conf.group_by == GROUP_BY_NONE)
		child->group = GROUP_OTHERS;
	else if (conf.group_by != GROUP_BY_THREAD && parent && (clone_flags & CLONE_THREAD))
		child->group = parent->group;
	else
		child->group = group_new();
}

#endif
