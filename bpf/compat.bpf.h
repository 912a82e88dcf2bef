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
#define CLONE_THREAD 0x00010000
#define CLONE_SETTLS 0x00080000

#define NR_MM_COUNTERS 4 /* MM_FILEPAGES, MM_ANONPAGES, MM_SWAPENTS, MM_SHMEMPAGES, since 4.5 */
#define MM_FILEPAGES 0
#define MM_ANONPAGES 1
#define MM_SHMEMPAGES 3

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

/*
 * Resident pages are counted in per-CPU counters since 6.2 (f1a7941243c1); before, each task collected
 * its changes in a cache and added them to the address space's counters every 64 faults.
 */
struct task_rss_stat___before_6_2 {
	int events;
	int count[NR_MM_COUNTERS];
} __attribute__((preserve_access_index));

struct task_struct___before_6_2 {
	struct task_rss_stat___before_6_2 rss_stat;
} __attribute__((preserve_access_index));

struct mm_rss_stat___before_6_2 {
	atomic_t count[NR_MM_COUNTERS]; /* atomic_long_t: CO-RE loads what it is */
} __attribute__((preserve_access_index));

struct mm_struct___before_6_2 {
	struct mm_rss_stat___before_6_2 rss_stat;
} __attribute__((preserve_access_index));

static __always_inline bool has_rss_cache(void)
{
	return bpf_core_field_exists(struct task_struct___before_6_2, rss_stat);
}

/*
 * Pages of one kind, as far as they are summed up. mm may be NULL. A macro: CO-RE finds the element of the
 * array by an index that is a constant in the source.
 */
#define mm_pages(mm, member, typed)                                                            \
	({                                                                                     \
		struct mm_struct *mm_ = (mm);                                                  \
		struct mm_struct___before_6_2 *old_ = (void *)mm_;                             \
		s64 pages_ = 0;                                                                \
		if (mm_ && has_rss_cache())                                                    \
			bpf_core_read(&pages_, sizeof(pages_), &old_->rss_stat.count[member]); \
		else if (mm_)                                                                  \
			pages_ = FIELD(typed, mm_, rss_stat[member].count);                    \
		pages_;                                                                        \
	})

static __always_inline u64 at_least_0(s64 pages)
{
	return pages > 0 ? pages : 0;
}

/*
 * Resident pages that an address space has had at most, as getrusage(2) would have it: get_mm_hiwater_rss()
 * of include/linux/mm.h. What the CPUs have not added to the counters yet, up to a batch of pages each and
 * for each counter, is in neither. mm may be NULL: 0.
 */
static __always_inline u64 mm_peak_pages(struct mm_struct *mm, const bool typed)
{
	u64 now, peak;

	if (!mm)
		return 0;
	now = at_least_0(mm_pages(mm, MM_FILEPAGES, typed)) +
	      at_least_0(mm_pages(mm, MM_ANONPAGES, typed)) +
	      at_least_0(mm_pages(mm, MM_SHMEMPAGES, typed));
	peak = FIELD(typed, mm, hiwater_rss);
	return peak > now ? peak : now;
}

/* What a thread was created with: where its stack begins and its thread pointer. 0: not known. */
static __always_inline u64 task_user_stack(struct task_struct *task, const bool typed)
{
	if (!typed || !bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return 0;
#ifdef __TARGET_ARCH_arm64
	return BPF_CORE_READ((struct pt_regs *)bpf_task_pt_regs(task), user_regs.sp);
#else
	return BPF_CORE_READ((struct pt_regs *)bpf_task_pt_regs(task), sp);
#endif
}

static __always_inline u64 task_thread_pointer(struct task_struct *task, const bool typed)
{
#ifdef __TARGET_ARCH_arm64
	return FIELD(typed, task, thread.uw.tp_value);
#else
	return FIELD(typed, task, thread.fsbase);
#endif
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
