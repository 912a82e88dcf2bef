// SPDX-License-Identifier: GPL-2.0
/*
 * tlb.bpf.c - TLB shootdowns: who makes other CPUs flush, and whom that interrupts.
 *
 *   csd_queue_cpu          a function call is sent to another CPU      -> sent, when it is flush_tlb_func()
 *   csd_function_entry/_exit   and runs there, in an interrupt         -> received, and for how long
 *   tlb_flush              every flush with its reason                 -> only with --tlb-switch
 *
 * The tracepoint tlb_flush fires inside the switch of address spaces, where its probe would be a part of
 * the direct cost; those of the call (6.5 and later) do not. They count per task, in its account, where
 * none can be lost; with --shootdowns each has a record of its own besides, at both ends.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "emit.bpf.h"
#include "tally.bpf.h"
#include "target.bpf.h"

#define TLB_FLUSH_ALL (~0ul) /* of flush_tlb_info.end and of tlb_flush's pages */
#define TLB_FLUSH_ON_TASK_SWITCH 0

struct tlb_flushes tlb_flushes SEC(".maps");
struct tlb_calls tlb_calls SEC(".maps");

static __always_inline struct task_state *current_target(void)
{
	return target_state(bpf_get_current_task_btf(), true);
}

/* Where the group of a target counts, in aggregate mode, besides the target itself. */
static __always_inline struct task_tlb *tlb_of_group(const struct task_state *state)
{
	return conf.aggregate ? tally_tlb(this_cpu(), state->group) : NULL;
}

static __always_inline void count_sent(struct task_tlb *tlb, bool all, u64 pages)
{
	tlb->sent++;
	if (all)
		tlb->sent_all++;
	else
		tlb->sent_pages += pages;
}

static __always_inline bool is_shootdown(void *func)
{
	return armed && conf.flush_tlb_func && (u64)func == conf.flush_tlb_func;
}

/* Interrupts may write to the ring of their CPU, as wake-ups do. */
static __always_inline struct event_shootdown *
reserve_shootdown(struct cpu_state *cpu, const struct task_state *state, u16 flags)
{
	struct event_shootdown *e = reserve_on_cpu(cpu, sizeof(*e));

	if (!e) {
		__sync_fetch_and_add(&cpu->loss.shootdowns, 1);
		return NULL;
	}
	__builtin_memset(e, 0, sizeof(*e));
	fill_header(&e->h, EVENT_SHOOTDOWN, sizeof(*e), flags);
	e->task = state->id;
	return e;
}

static __always_inline void record_sent(const struct task_state *state, u32 to, u64 csd, bool all,
					u64 pages)
{
	struct cpu_state *cpu = this_cpu();
	struct event_shootdown *e;
	u64 call;

	if (!cpu)
		return;
	call = (u64)cpu->index << 40 | ++cpu->calls;
	if (bpf_map_update_elem(&tlb_calls, &csd, &call, BPF_ANY))
		call = 0;
	e = reserve_shootdown(cpu, state, all ? SHOOTDOWN_ALL : 0);
	if (!e)
		return;
	e->to = to;
	e->call = call;
	e->pages = pages;
	bpf_ringbuf_submit(e, wake_flag(cpu, sizeof(*e)));
}

/* Whoever is interrupted: the next call by this csd may be of a sender that is no target. */
static __always_inline u64 take_call(u64 csd)
{
	u64 *found = bpf_map_lookup_elem(&tlb_calls, &csd);
	u64 call = found ? *found : 0;

	if (found)
		bpf_map_delete_elem(&tlb_calls, &csd);
	return call;
}

static __always_inline void record_received(struct cpu_state *cpu, const struct task_state *state,
					    u64 took)
{
	struct event_shootdown *e = reserve_shootdown(cpu, state, SHOOTDOWN_RECEIVED);

	if (!e)
		return;
	e->call = cpu->shot_call;
	e->took_ns = took;
	bpf_ringbuf_submit(e, wake_flag(cpu, sizeof(*e)));
}

SEC("?raw_tp/csd_queue_cpu")
int BPF_PROG(csd_queue_cpu, unsigned int cpu, unsigned long callsite, void *func,
	     struct __call_single_data *csd)
{
	struct flush_tlb_info *info;
	struct task_state *state;
	struct task_tlb *group;
	unsigned long end;
	u64 pages = 0;

	if (!is_shootdown(func))
		return 0;
	state = current_target();
	if (!state)
		return 0;
	info = BPF_CORE_READ(csd, info);
	end = BPF_CORE_READ(info, end);
	if (end != TLB_FLUSH_ALL)
		pages = (end - BPF_CORE_READ(info, start)) >> BPF_CORE_READ(info, stride_shift);
	count_sent(&state->account.tlb, end == TLB_FLUSH_ALL, pages);
	group = tlb_of_group(state);
	if (group)
		count_sent(group, end == TLB_FLUSH_ALL, pages);
	if (conf.each_shootdown)
		record_sent(state, cpu, (u64)csd, end == TLB_FLUSH_ALL, pages);
	return 0;
}

/* Without a csd it is the sender's own flush, by the same function. */
SEC("?raw_tp/csd_function_entry")
int BPF_PROG(csd_function_entry, void *func, struct __call_single_data *csd)
{
	struct task_state *state;
	struct task_tlb *group;
	struct cpu_state *cpu;
	u64 call = 0;

	if (!csd || !is_shootdown(func))
		return 0;
	if (conf.each_shootdown)
		call = take_call((u64)csd);
	cpu = this_cpu();
	state = current_target();
	if (!cpu || !state)
		return 0;
	state->account.tlb.received++;
	group = tlb_of_group(state);
	if (group)
		group->received++;
	cpu->shot_call = call;
	cpu->shot_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("?raw_tp/csd_function_exit")
int BPF_PROG(csd_function_exit, void *func, struct __call_single_data *csd)
{
	struct task_state *state;
	struct task_tlb *group;
	struct cpu_state *cpu;
	u64 took;

	if (!csd || !is_shootdown(func))
		return 0;
	cpu = this_cpu();
	if (!cpu || !cpu->shot_ns)
		return 0;
	took = bpf_ktime_get_ns() - cpu->shot_ns;
	cpu->shot_ns = 0;
	state = current_target();
	if (!state)
		return 0;
	state->account.tlb.received_ns += took;
	group = tlb_of_group(state);
	if (group)
		group->received_ns += took;
	if (conf.each_shootdown)
		record_received(cpu, state, took);
	return 0;
}

static __always_inline void note_at_switch(struct cpu_state *cpu, unsigned long pages)
{
	if (cpu->has_pending)
		cpu->pending.h.flags |= pages ? SWITCH_TLB_FLUSHED : SWITCH_TLB_REUSED;
}

static __always_inline void count_by_reason(struct cpu_state *cpu, u32 reason, unsigned long pages)
{
	u32 index = cpu->index;
	struct tlb_reasons *reasons = bpf_map_lookup_elem(&tlb_flushes, &index);
	struct tlb_reason *to;

	if (!reasons || !current_target())
		return;
	if (reason >= TLB_REASONS)
		reason = TLB_REASONS - 1;
	barrier_var(reason); /* the verifier follows the mask, not the comparison */
	to = &reasons->reason[reason & (TLB_REASONS - 1)];
	to->count++;
	if (pages == TLB_FLUSH_ALL)
		to->all++;
	else
		to->pages += pages;
}

/* During a switch, `current` is still the task that leaves: the record says whose switch it is. */
SEC("?tp_btf/tlb_flush")
int BPF_PROG(tlb_flush, int reason, unsigned long pages)
{
	struct cpu_state *cpu;

	if (!armed)
		return 0;
	cpu = this_cpu();
	if (!cpu)
		return 0;
	if (reason == TLB_FLUSH_ON_TASK_SWITCH)
		note_at_switch(cpu, pages);
	else
		count_by_reason(cpu, reason, pages);
	return 0;
}

/* What the probe of tlb_flush adds to the direct cost: see calibrate.bpf.c, between whose two it stands. */
SEC("?tp_btf/task_rename")
int BPF_PROG(calibrate_tlb_flush, struct task_struct *task)
{
	struct cpu_state *cpu = this_cpu();

	if (cpu)
		note_at_switch(cpu, 0);
	return 0;
}
