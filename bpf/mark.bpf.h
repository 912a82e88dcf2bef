/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mark.bpf.h - makes a task a target: its state, and its serial.
 */
#ifndef TASKTAX_MARK_BPF_H
#define TASKTAX_MARK_BPF_H

#include "compat.bpf.h"
#include "maps.bpf.h"

#define PID_NAMESPACES_MAX 33 /* MAX_PID_NS_LEVEL of include/linux/pid_namespace.h, plus one */

/* The pid by which the loader knows this task: that in its own pid namespace. 0: it does not. */
static __noinline u32 local_pid(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	u32 level = BPF_CORE_READ(pid, level);
	void *number = &pid->numbers[0];

	for (u32 i = 0; i <= level && i < PID_NAMESPACES_MAX; i++) {
		struct upid *at = number;

		if (BPF_CORE_READ(at, ns, ns.inum) == conf.pid_namespace)
			return BPF_CORE_READ(at, nr);
		number += bpf_core_type_size(struct upid);
	}
	return 0;
}

/* Not on the stack, which has 512 bytes. */
static const struct task_state new_state = {};

/*
 * Makes a task a target; NULL when there is no memory for it. flags: BPF_ANY at a birth, when what is there under its
 * address is of a task whose end was not seen; BPF_NOEXIST of a living one, which another CPU may mark as well.
 */
static __always_inline struct task_state *target_mark(struct task_struct *task, const u64 flags,
						      const bool typed)
{
	u64 key = (u64)task;

	if (typed)
		return bpf_task_storage_get(&tasks, task, (void *)&new_state,
					    BPF_LOCAL_STORAGE_GET_F_CREATE);
	bpf_map_update_elem(&tasks_raw, &key, &new_state, flags);
	return bpf_map_lookup_elem(&tasks_raw, &key);
}

static __always_inline u32 next_serial(volatile u32 *last)
{
	return __sync_fetch_and_add(last, 1) + 1;
}

/* Gives a marked task its serial, once: false when somebody else has. */
static __always_inline bool target_claim(struct task_state *state)
{
	return !state->id &&
	       !__sync_val_compare_and_swap(&state->id, 0, next_serial(&last_task_id));
}

#endif
