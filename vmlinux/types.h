/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * types.h - the kernel types that bpf/ reads, and no others; shared by the architectures.
 *
 * Taken from the BTF of Linux 6.18 and checked against 6.1 and 6.12: names and types of fields
 * only, since CO-RE finds the offsets in the running kernel's own BTF. Included by
 * <arch>/vmlinux.h; gen.sh makes a full header from BTF to compare with.
 */
#ifndef TASKTAX_VMLINUX_TYPES_H
#define TASKTAX_VMLINUX_TYPES_H

typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __s8 s8;
typedef __u8 u8;
typedef __s16 s16;
typedef __u16 u16;
typedef __s32 s32;
typedef __u32 u32;
typedef __s64 s64;
typedef __u64 u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
typedef __u32 __wsum;
typedef _Bool bool;
typedef int pid_t;

enum {
	false = 0,
	true = 1,
};

/* include/uapi/linux/bpf.h: the values that programs and map definitions name */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
};

enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_EXIST = 2,
};

enum {
	BPF_F_NO_PREALLOC = 1,
};

enum {
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1,
};

/* For bpf_core_enum_value_exists(): which helpers the running kernel has. */
enum bpf_func_id {
	BPF_FUNC_task_pt_regs = 175,
};

enum {
	BPF_RB_NO_WAKEUP = 1,
	BPF_RB_FORCE_WAKEUP = 2,
};

enum {
	BPF_RB_AVAIL_DATA = 0,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

struct percpu_counter {
	s64 count;
};

struct mm_struct {
	unsigned long hiwater_rss;
	struct percpu_counter rss_stat[4]; /* before 6.2: compat.bpf.h */
};

struct vm_area_struct {
	struct mm_struct *vm_mm;
};

struct page;

struct __call_single_data {
	void *func;
	void *info;
};

/* x86: what flush_tlb_func() is sent */
struct flush_tlb_info {
	struct mm_struct *mm;
	unsigned long start;
	unsigned long end;
	u8 stride_shift;
};

struct ns_common {
	unsigned int inum;
};

struct pid_namespace {
	struct ns_common ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[];
};

struct signal_struct {
	atomic_t live;
	unsigned long maxrss;
};

struct sched_info {
	unsigned long long run_delay;
};

struct sched_entity {
	u64 sum_exec_runtime;
};

struct task_struct {
	unsigned int __state; /* state before 5.14: compat.bpf.h */
	unsigned int flags;
	struct sched_entity se;
	struct sched_info sched_info;
	struct mm_struct *mm;
	struct mm_struct *active_mm;
	int exit_state;
	int exit_code;
	pid_t pid;
	pid_t tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	unsigned long nvcsw;
	unsigned long nivcsw;
	unsigned long min_flt;
	unsigned long maj_flt;
	char comm[16];
	struct signal_struct *signal;
	struct bpf_local_storage *bpf_storage; /* with CONFIG_BPF_SYSCALL, since 5.11 */
	struct thread_struct thread;
};

/* include/uapi/linux/bpf_perf_event.h, without the registers before them */
struct bpf_perf_event_data {
	struct pt_regs regs;
	__u64 sample_period;
	__u64 addr;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#pragma clang attribute pop

#endif
