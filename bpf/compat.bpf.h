/* SPDX-License-Identifier: GPL-2.0 */
/*
 * compat.bpf.h - every difference between kernels, and between typed and raw programs, in one place.
 *
 * A hook's body is written once and takes `typed`, a compile-time constant: true in tp_btf and iter
 * programs, whose task pointers the verifier knows (plain loads, task storage), false in raw_tp
 * programs (probe reads, hash by address). Raw programs also run where typed ones do not exist, so they
 * use no helper younger than Linux 5.10.
 */
#ifndef TASKTAX_COMPAT_BPF_H
#define TASKTAX_COMPAT_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#define PF_EXITING 0x00000004
#define PF_KTHREAD 0x00200000
#define TASK_DEAD 0x00000080 /* since 4.14, include/linux/sched.h */
#define CLONE_VM 0x00000100

/* A field of a kernel structure by the cheapest load that the program type is allowed. */
#define FIELD(typed, pointer, field)                            \
	({                                                      \
		typeof(pointer) p_ = (pointer);                 \
		(typed) ? p_->field : BPF_CORE_READ(p_, field); \
	})

/* bpf_get_current_task_btf() came with 5.11 (3ca1032ab7ab). */
static __always_inline struct task_struct *current_task(const bool typed)
{
	return typed ? bpf_get_current_task_btf() : (struct task_struct *)bpf_get_current_task();
}

/* task_struct.state became __state in 5.14 (2f064a59a11f "sched: Change task_struct::state"). */
struct task_struct___before_5_14 {
	volatile long state;
} __attribute__((preserve_access_index));

static __always_inline u32 task_run_state(struct task_struct *task, const bool typed)
{
	if (bpf_core_field_exists(task->__state))
		return FIELD(typed, task, __state);
	return BPF_CORE_READ((struct task_struct___before_5_14 *)task, state);
}

/* sched_info has no run_delay without CONFIG_SCHED_INFO: wait is unknown there. */
static __always_inline u64 task_run_delay(struct task_struct *task, const bool typed)
{
	if (!bpf_core_field_exists(task->sched_info.run_delay))
		return 0;
	return FIELD(typed, task, sched_info.run_delay);
}

static __always_inline bool is_kernel_thread(struct task_struct *task, const bool typed)
{
	return FIELD(typed, task, flags) & PF_KTHREAD;
}

static __always_inline bool is_exiting(struct task_struct *task, const bool typed)
{
	return FIELD(typed, task, flags) & PF_EXITING;
}

#endif
