/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tally.bpf.h - aggregate mode: what else would be a record is counted for a group (counts.h says where).
 *
 * All of it runs on the CPU whose counts it changes, by programs of which none can interrupt another (those
 * of switches run with interrupts off, those of faults with preemption off): plain additions. The exception
 * is fexit, whose programs can be preempted: they add atomically. Flushes of the TLB are counted in
 * interrupts, in fields of their own (tally_tlb()).
 */
#ifndef TASKTAX_TALLY_BPF_H
#define TASKTAX_TALLY_BPF_H

#include "emit.bpf.h"

static __always_inline struct group_slot *group_slot(struct cpu_state *cpu, u32 group)
{
	u32 at = cpu->index * conf.groups + group;

	return bpf_map_lookup_elem(&group_slots, &at);
}

/*
 * A free slab of this CPU, or 0 when no more than `kept` are left. Whoever is interrupted or preempted here
 * is in nobody's way: the other goes without.
 */
static __always_inline u32 take_slab(struct cpu_state *cpu, u32 kept)
{
	struct cpu_tally *tally = &cpu->tally;
	u64 freed = __sync_fetch_and_add(&cpu->slabs_freed, 0); /* before what it speaks of */
	u32 at, taken = 0;
	u64 *slab;

	if (freed - tally->slabs_taken <= kept)
		return 0;
	at = cpu->index * conf.slabs + (u32)(tally->slabs_taken % conf.slabs);
	slab = bpf_map_lookup_elem(&free_slabs, &at);
	if (slab)
		taken = *slab;
	tally->slabs_taken++;
	return taken;
}

static __always_inline u32 take_slab_alone(struct cpu_state *cpu, u32 kept)
{
	u32 taken;

	if (cpu->tally.taking)
		return 0;
	*(volatile u32 *)&cpu->tally.taking = 1;
	taken = take_slab(cpu, kept);
	*(volatile u32 *)&cpu->tally.taking = 0;
	return taken;
}

/* The group's first counts on this CPU; where there is no room they go to all others. */
static __noinline u32 first_counts(struct cpu_state *cpu, struct group_slot *slot)
{
	struct group_slot *others;
	u32 slab;

	if (!cpu || !slot)
		return 0;
	slab = take_slab_alone(cpu, 0);
	if (!slab) {
		others = group_slot(cpu, GROUP_OTHERS);
		slab = others ? others->slab[SLAB_COUNTS] : 0;
	}
	slot->slab[SLAB_COUNTS] = slab;
	return slab;
}

static __always_inline struct group_counts *counts_of(struct cpu_state *cpu,
						      struct group_slot *slot)
{
	u32 at = slot->slab[SLAB_COUNTS];
	union count_slab *slab;

	if (!at)
		at = first_counts(cpu, slot);
	slab = bpf_map_lookup_elem(&slabs, &at);
	return slab ? &slab->counts : NULL;
}

/* The same of a histogram; without room it is not kept. */
static __noinline u32 first_times(struct cpu_state *cpu, struct group_slot *slot, u32 use)
{
	u32 slab;

	if (!cpu || !slot || use >= SLAB_USES)
		return SLAB_REFUSED;
	slab = take_slab_alone(cpu, conf.slabs_kept) ?: SLAB_REFUSED;
	slot->slab[use] = slab;
	return slab;
}

/* The buckets of values below 4096, by eights. */
static const u8 small_bucket[512] = {
	0,  0,	0,  0,	0,  0,	0,  0,	1,  2,	3,  4,	5,  6,	7,  8,	9,  9,	10, 10, 11, 11, 12,
	12, 13, 13, 14, 14, 15, 15, 16, 16, 17, 17, 17, 17, 18, 18, 18, 18, 19, 19, 19, 19, 20, 20,
	20, 20, 21, 21, 21, 21, 22, 22, 22, 22, 23, 23, 23, 23, 24, 24, 24, 24, 25, 25, 25, 25, 25,
	25, 25, 25, 26, 26, 26, 26, 26, 26, 26, 26, 27, 27, 27, 27, 27, 27, 27, 27, 28, 28, 28, 28,
	28, 28, 28, 28, 29, 29, 29, 29, 29, 29, 29, 29, 30, 30, 30, 30, 30, 30, 30, 30, 31, 31, 31,
	31, 31, 31, 31, 31, 32, 32, 32, 32, 32, 32, 32, 32, 33, 33, 33, 33, 33, 33, 33, 33, 33, 33,
	33, 33, 33, 33, 33, 33, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 35,
	35, 35, 35, 35, 35, 35, 35, 35, 35, 35, 35, 35, 35, 35, 35, 36, 36, 36, 36, 36, 36, 36, 36,
	36, 36, 36, 36, 36, 36, 36, 36, 37, 37, 37, 37, 37, 37, 37, 37, 37, 37, 37, 37, 37, 37, 37,
	37, 38, 38, 38, 38, 38, 38, 38, 38, 38, 38, 38, 38, 38, 38, 38, 38, 39, 39, 39, 39, 39, 39,
	39, 39, 39, 39, 39, 39, 39, 39, 39, 39, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40,
	40, 40, 40, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41,
	41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42,
	42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 43, 43,
	43, 43, 43, 43, 43, 43, 43, 43, 43, 43, 43, 43, 43, 43, 43, 43, 43, 43, 43, 43, 43, 43, 43,
	43, 43, 43, 43, 43, 43, 43, 44, 44, 44, 44, 44, 44, 44, 44, 44, 44, 44, 44, 44, 44, 44, 44,
	44, 44, 44, 44, 44, 44, 44, 44, 44, 44, 44, 44, 44, 44, 44, 44, 45, 45, 45, 45, 45, 45, 45,
	45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45,
	45, 45, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46,
	46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47,
	47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 48, 48, 48,
	48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48,
	48, 48, 48, 48, 48, 48,
};

/*
 * As coarse_bucket() of user/model/coarse.c: six octaves further up, the buckets are the same six octaves later.
 * Most values are small.
 */
static __always_inline u32 coarse_bucket(u64 value)
{
	u32 later = 0;

	if (value >> COARSE_LAST)
		return COARSE_BUCKETS - 1;
	for (int i = 0; i < 4 && value >= 4096; i++) {
		value >>= 6;
		later += 6 * COARSE_SUB;
	}
	return later + small_bucket[value >> 3 & 511];
}

/* Adds where others may be adding: only then does it cost what atomic operations cost. */
#define TALLY_ADD(shared, to, n)                          \
	do {                                              \
		if (shared)                               \
			__sync_fetch_and_add(&(to), (n)); \
		else                                      \
			(to) += (n);                      \
	} while (0)

static __always_inline void tally_time(struct cpu_state *cpu, struct group_slot *slot, u32 use,
				       u64 value, const bool shared)
{
	u32 at, bucket = coarse_bucket(value);
	union count_slab *slab;

	barrier_var(use); /* the verifier follows this comparison */
	if (use >= SLAB_USES)
		return;
	at = slot->slab[use];
	if (!at)
		at = first_times(cpu, slot, use);
	slab = bpf_map_lookup_elem(&slabs, &at);
	if (!slab)
		return;
	bucket += offsetof(struct coarse, bucket) / sizeof(u64);
	barrier_var(bucket); /* the verifier follows the mask */
	bucket &= SLAB_WORDS - 1;
	TALLY_ADD(shared, slab->times.sum, value);
	TALLY_ADD(shared, slab->word[bucket], 1);
}

/* The wait of a stint, by the row of the switch-in, which has a level. */
static __always_inline void tally_wait(struct cpu_state *cpu, struct group_slot *slot,
				       struct group_counts *counts, u32 row, u32 level, u64 wait)
{
	counts->row[row & (COUNT_ROWS - 1)].wait_ns += wait;
	tally_time(cpu, slot, SLAB_WAIT + level - 1, wait, false);
}

/* A level and a via, or next's class. */
static __always_inline u32 row_of(const struct event_switch *e)
{
	u32 level = SWITCH_LEVEL(e->h.flags);

	if (level)
		return (level - 1) * COUNT_VIAS + SWITCH_VIA(e->h.flags);
	return COUNT_ROWS - 1 - TASK_CLASS(e->next); /* idle, kernel, foreign */
}

static __always_inline void tally_row(struct cpu_state *cpu, struct group_slot *slot,
				      struct group_counts *counts, u32 at, u32 direct)
{
	const struct event_switch *e = &cpu->pending;
	u32 level = SWITCH_LEVEL(e->h.flags), probes = probe_ns;
	struct row_counts *row;

	row = &counts->row[at & (COUNT_ROWS - 1)];
	row->count++;
	if (TASK_CLASS(e->prev) == TASK_TARGET && e->prev) {
		if (e->h.flags & SWITCH_VOLUNTARY)
			row->voluntary++;
		else
			row->preempted++;
	}
	if (e->h.flags & SWITCH_MIGRATED)
		row->migrated++;
	if (conf.pick)
		row->pick_ns += e->pick_ns;
	if (direct == SWITCH_NS_UNKNOWN)
		return;
	row->direct_count++;
	row->direct_ns += direct;
	if (level)
		tally_time(cpu, slot, SLAB_DIRECT + level - 1,
			   direct > probes ? direct - probes : 0, false);
}

/* The stint of prev is over: what it ran, and, where there is no end hook, what it had waited. */
static __always_inline void tally_stint(struct cpu_state *cpu, u64 wait)
{
	struct cpu_tally *tally = &cpu->tally;
	const struct event_switch *e = &cpu->pending;
	bool waited = e->h.flags & SWITCH_WAIT_PREV;
	struct group_counts *counts;
	struct group_slot *slot;

	if (!tally->run_from && !waited)
		return;
	slot = group_slot(cpu, tally->prev_group);
	if (!slot)
		return;
	if (tally->run_from)
		slot->run_ns += e->h.ts - tally->run_from;
	if (!waited)
		return;
	counts = counts_of(cpu, slot);
	if (!counts)
		return;
	if (tally->stint_row < COUNT_ROWS)
		tally_wait(cpu, slot, counts, tally->stint_row, tally->stint_level, wait);
	else
		tally->missed_wait_ns += wait;
}

/*
 * Counts the pending switch: for next's group, or prev's when next is no target. `wait`: with SWITCH_WAIT.
 * What the loader looks at to know that it is done comes last.
 */
static __always_inline void tally_switch(struct cpu_state *cpu, u32 direct, u64 wait)
{
	struct cpu_tally *tally = &cpu->tally;
	const struct event_switch *e = &cpu->pending;
	bool comes = TASK_CLASS(e->next) == TASK_TARGET && e->next;
	struct group_slot *slot = group_slot(cpu, comes ? tally->next_group : tally->prev_group);
	struct group_counts *counts = slot ? counts_of(cpu, slot) : NULL;
	u32 row = row_of(e);

	tally_stint(cpu, wait);
	if (counts) {
		tally_row(cpu, slot, counts, row, direct);
		if (comes && (e->h.flags & SWITCH_FIRST))
			counts->first_switches++;
		if ((e->h.flags & SWITCH_WAIT) && !(e->h.flags & SWITCH_WAIT_PREV))
			tally_wait(cpu, slot, counts, row, SWITCH_LEVEL(e->h.flags), wait);
	}
	tally->run_from = comes ? e->h.ts : 0;
	if (conf.end_hook) {
		tally->stint_wait = wait;
	} else {
		tally->stint_row = comes ? row : COUNT_ROWS;
		tally->stint_level = SWITCH_LEVEL(e->h.flags);
	}
	store_release(&tally->counted, tally->counted + 1);
}

/* --- faults --- */

/* More than one task of the process lives. */
static __always_inline bool has_threads(struct task_struct *task)
{
	return BPF_CORE_READ(task, signal, live.counter) > 1;
}

/*
 * As fault_kind_of() of user/model/faults.c, without the region: a private page of a file that was not
 * resident before counts as first-touch, a write to a page that was there stays write-protect, and a read that
 * another thread was faster with is taken for one of the zero page.
 */
static __always_inline u32 tally_kind(struct task_struct *task, u32 flags)
{
	bool write = flags & FAULT_WRITE;

	if (flags & FAULT_NO_CODE)
		return FAULT_OTHER;
	if (flags & FAULT_NO_CHANGED)
		return write && (flags & FAULT_PRESENT) ? FAULT_WRITE_PROTECT : FAULT_OTHER;
	if (flags & FAULT_SWAP)
		return FAULT_SWAP_IN;
	if ((flags & FAULT_ANON) && (flags & (FAULT_FILE | FAULT_SHMEM)))
		return FAULT_COW_FILE;
	if (flags & FAULT_ANON)
		return write ? FAULT_FIRST_TOUCH : FAULT_OTHER;
	if (flags & FAULT_SHMEM)
		return FAULT_OF_SHMEM;
	if (flags & FAULT_FILE)
		return FAULT_OF_FILE;
	if (write && (flags & (FAULT_PRESENT | FAULT_NO_PRESENT)))
		return FAULT_WRITE_PROTECT;
	if (!(flags & (FAULT_WRITE | FAULT_PRESENT)))
		return FAULT_ZERO_READ;
	return has_threads(task) ? FAULT_RACED : FAULT_OTHER;
}

/*
 * Coarser than cause_of() of user/model/faults.c, which knows the regions: in a copy that has executed nothing
 * yet, pages that were there or mapped are fork debt, new ones are not, wherever they are; so are writes to
 * protected pages by the task that has forked (not by its threads). A start is not told from work, nor is the
 * stack of a thread.
 */
static __always_inline u32 tally_cause(u32 flags, u32 kind)
{
	if (kind == FAULT_RACED)
		return CAUSE_THREAD;
	if (kind == FAULT_WRITE_PROTECT && (flags & (FAULT_BY_FORK | FAULT_HAS_FORKED)))
		return CAUSE_PROCESS;
	if ((kind == FAULT_OF_FILE || kind == FAULT_OF_SHMEM) && (flags & FAULT_BY_FORK) &&
	    !(flags & FAULT_MAJOR))
		return CAUSE_PROCESS;
	return CAUSE_WORK;
}

/* flags: FAULT_* of the whole fault. time: NS_UNKNOWN, or off_ns of it off the CPU. */
static __always_inline void tally_fault(struct cpu_state *cpu, struct task_struct *task, u32 group,
					u32 flags, u64 time, u64 off_ns)
{
	const bool shared = conf.faults == FAULT_END_FEXIT;
	struct group_slot *slot = group_slot(cpu, group);
	struct group_counts *counts = slot ? counts_of(cpu, slot) : NULL;
	u32 kind, cause, major = !!(flags & FAULT_MAJOR);
	struct fault_counts *to;

	if (!counts)
		return;
	kind = tally_kind(task, flags);
	cause = tally_cause(flags, kind);
	if (kind >= FAULT_KINDS || cause >= CAUSE_UNKNOWN)
		return;
	to = &counts->fault[cause][kind][major];
	TALLY_ADD(shared, to->count, 1);
	if (time == NS_UNKNOWN)
		return;
	TALLY_ADD(shared, to->time_ns, time > off_ns ? time - off_ns : 0);
	tally_time(cpu, slot, SLAB_FAULT + major, time, shared);
}

/* --- TLB --- */

static __always_inline struct task_tlb *tally_tlb(struct cpu_state *cpu, u32 group)
{
	struct group_slot *slot = cpu ? group_slot(cpu, group) : NULL;

	return slot ? &slot->tlb : NULL;
}

#endif
