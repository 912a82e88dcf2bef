/* SPDX-License-Identifier: GPL-2.0 */
/*
 * emit.bpf.h - how a record leaves the kernel, by a log of its CPU or by a ring: reserve, fill,
 * submit; a failure is counted by class.
 */
#ifndef TASKTAX_EMIT_BPF_H
#define TASKTAX_EMIT_BPF_H

#include "compat.bpf.h"
#include "maps.bpf.h"

/* The BPF ring's own header of each record, kernel/bpf/ringbuf.c BPF_RINGBUF_HDR_SZ. */
#define RING_RECORD_HEADER 8

static __always_inline struct cpu_state *this_cpu(void)
{
	u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&cpus, &cpu);
}

static __always_inline void count_untracked(void)
{
	struct cpu_state *cpu = this_cpu();

	if (cpu)
		__sync_fetch_and_add(&cpu->loss.untracked, 1);
}

/* Room for one record in this CPU's log, or NULL. */
static __always_inline union log_record *log_reserve(struct cpu_state *cpu,
						     const enum log_kind kind)
{
	struct log_state *log = &cpu->log[kind];
	u32 at = (u32)log->written & (conf.log_records - 1);

	if (log->written - log->room >= conf.log_records) {
		log->room = *(volatile u64 *)&cpu->read[kind];
		if (log->written - log->room >= conf.log_records)
			return NULL;
	}
	at += (kind * conf.cpus + cpu->index) * conf.log_records;
	return bpf_map_lookup_elem(&logs, &at); /* in range: never NULL */
}

/* What was stored before goes before. */
static __always_inline void store_release(u64 *to, u64 value)
{
#ifdef __TARGET_ARCH_x86
	/* it keeps the order of stores: only the compiler must, too */
	asm volatile("" ::: "memory");
	*(volatile u64 *)to = value;
#else
	__sync_lock_test_and_set(to, value); /* BPF has a store-release since 6.15 only */
#endif
}

/*
 * A record that is discarded wakes as well as one that is not. Without room for it the lifecycle ring
 * itself has woken the loader.
 */
static __always_inline void wake_loader(void)
{
	void *nothing = bpf_ringbuf_reserve(&lifecycle, 8, 0);

	if (nothing)
		bpf_ringbuf_discard(nothing, BPF_RB_FORCE_WAKEUP);
}

/* Hands the reserved record over. The loader is woken once per quarter of a log, as of a ring. */
static __always_inline void log_submit(struct cpu_state *cpu, const enum log_kind kind)
{
	struct log_state *log = &cpu->log[kind];

	store_release(&log->written, log->written + 1);
	if (++log->unwoken < conf.log_records / 4)
		return;
	log->unwoken = 0;
	wake_loader();
}

/*
 * Waking the loader for each record is 20 times slower than the record itself, and adds switches of
 * our own: wake it once per quarter of a ring, it polls on a timer besides.
 */
static __always_inline u64 wake_flag(struct cpu_state *cpu, u32 size)
{
	cpu->ring_unwoken += size + RING_RECORD_HEADER;
	if (cpu->ring_unwoken < conf.ring_wake)
		return BPF_RB_NO_WAKEUP;
	cpu->ring_unwoken = 0;
	return BPF_RB_FORCE_WAKEUP;
}

/* Room for one record in this CPU's ring, or NULL. */
static __always_inline void *reserve_on_cpu(struct cpu_state *cpu, u32 size)
{
	u32 index = cpu->index;
	void *ring = bpf_map_lookup_elem(&rings, &index);

	return ring ? bpf_ringbuf_reserve(ring, size, 0) : NULL;
}

static __always_inline void fill_header(struct event_header *h, u16 kind, u16 size, u16 flags)
{
	h->ts = bpf_ktime_get_ns();
	h->size = size;
	h->kind = kind;
	h->cpu = bpf_get_smp_processor_id();
	h->flags = flags;
}

/* Room for a lifecycle record of this type with its header filled, or NULL after counting the loss. */
#define reserve_lifecycle(type, event_kind, event_flags)                           \
	({                                                                         \
		struct type *e_ = bpf_ringbuf_reserve(&lifecycle, sizeof(*e_), 0); \
		if (e_) {                                                          \
			__builtin_memset(e_, 0, sizeof(*e_));                      \
			fill_header(&e_->h, event_kind, sizeof(*e_), event_flags); \
		} else {                                                           \
			struct cpu_state *cpu_ = this_cpu();                       \
			if (cpu_)                                                  \
				__sync_fetch_and_add(&cpu_->loss.lifecycle, 1);    \
		}                                                                  \
		e_;                                                                \
	})

/* The loader's timer finds lifecycle records; only a filling ring must wake it. */
static __always_inline void submit_lifecycle(void *event)
{
	bool filling = bpf_ringbuf_query(&lifecycle, BPF_RB_AVAIL_DATA) > (8 << 20) / 4;

	bpf_ringbuf_submit(event, filling ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}

#endif
