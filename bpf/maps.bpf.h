/* SPDX-License-Identifier: GPL-2.0 */
/*
 * maps.bpf.h - every map and global of the BPF side, shared by the hook families.
 *
 * Sizes that depend on the host (CPUs, ring bytes) are set by the loader before load.
 */
#ifndef TASKTAX_MAPS_BPF_H
#define TASKTAX_MAPS_BPF_H

#include "config.h"

extern const volatile struct config conf;

/* Recording is on. Set by the loader once every hook is attached, cleared before any is detached. */
extern volatile u32 armed;
/* Births, execs and deaths of targets are followed: from arming on, and before it while targets are seeded. */
extern volatile u32 following;
/* The loader selects processes and runs the iterator: whoever is born of one that is selected is taken. */
extern volatile u32 seeding;
/* Beside the iterator somebody was marked, or was to be and could not: it has to be run again. */
extern volatile u32 seeds_added;
/* Recording has ended, or is about to; targets that die from now on still give their last counters. */
extern volatile u32 closing;
/* The last serial given out; the loader starts them after those it gave to the root of the tree. */
extern volatile u32 last_task_id, last_mm_id;
/* What the probes add to a raw direct cost, as it was measured; 0: not known. */
extern volatile u32 probe_ns;
/* Of free_groups: how many the loader has put in, and the births have taken; and those that found none. */
extern volatile u64 groups_freed, groups_taken, groups_folded;
/* For raw_tp programs: the pid of the root of the tree until its first event, then 0. */
extern volatile u32 root_pid;

/* The logs of switches, CPU after CPU, then those of faults. Every switch goes through here. */
struct record_logs {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, union log_record);
};
extern struct record_logs logs SEC(".maps");

/*
 * For what may interrupt a switch (wake-ups), one ring per CPU: a single ring falls from 11 to 2 million
 * records a second with many producers. The loader creates the rings and puts them here.
 */
struct cpu_ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

struct cpu_rings {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, u32);
	__array(values, struct cpu_ring);
};
extern struct cpu_rings rings SEC(".maps");

/* Lifecycle and exit counters have a ring of their own, so that switches cannot drown them. */
struct lifecycle_ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
};
extern struct lifecycle_ring lifecycle SEC(".maps");

/* Not a per-CPU map: an array look-up is inlined by the verifier on every kernel, theirs is not. */
struct cpu_states {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct cpu_state);
};
extern struct cpu_states cpus SEC(".maps");

/* Only in aggregate mode, as the next two: the slabs of all CPUs, one after another; the first is nobody's. */
struct slab_pool {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, union count_slab);
};
extern struct slab_pool slabs SEC(".maps");

/*
 * Which of them are free, for each CPU a ring of conf.slabs: the loader puts in, the CPU takes out. u64, since an
 * array has no smaller elements.
 */
struct free_slabs {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
};
extern struct free_slabs free_slabs SEC(".maps");

/* The groups of one CPU, then those of the next. */
struct group_slots {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct group_slot);
};
extern struct group_slots group_slots SEC(".maps");

/* The numbers of groups that are free, a ring of conf.groups: the loader puts in, a birth takes out. */
struct free_groups {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
};
extern struct free_groups free_groups SEC(".maps");

/* Only with --tlb-switch. */
struct tlb_flushes {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct tlb_reasons);
};
extern struct tlb_flushes tlb_flushes SEC(".maps");

/*
 * Which shootdown a call is, by the address of its call_single_data: the sender may not use that again until the
 * receiver is through with it. Of calls on their way alone: one for two CPUs.
 */
struct tlb_calls {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, u64);
};
extern struct tlb_calls tlb_calls SEC(".maps");

/* Who is a target: marked by the loader (the root) and at task_newtask (its descendants). */
struct task_states {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_state);
};
extern struct task_states tasks SEC(".maps");

/* Only when the targets are seeded. */
struct seeds {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, u32);
	__type(value, struct seed);
};
extern struct seeds seeds SEC(".maps");

/*
 * The same by address, for raw_tp programs: they hold no pointer that task storage accepts. The address
 * is a task's own until after its dead switch-out, where its entry goes. Its pid is not: a thread that
 * is not the leader changes pids with the leader (exchange_tids()) long before sched_process_exec
 * tells, while both may still be switched. Preallocated: before 6.1 a hash could not be made larger
 * from within the scheduler (34dd3bad1a6f).
 */
struct task_states_by_address {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, u64);
	__type(value, struct task_state);
};
extern struct task_states_by_address tasks_raw SEC(".maps");

#endif
