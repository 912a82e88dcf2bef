/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fault.bpf.h - the end of a fault: what it changed, the task's account, the record. Shared by the hooks
 * of faults and by the last switch-out of a task, which may have to end one.
 */
#ifndef TASKTAX_FAULT_BPF_H
#define TASKTAX_FAULT_BPF_H

#include "emit.bpf.h"
#include "target.bpf.h"

/*
 * A huge page must be cleared, at a terabyte a second at best: a fault that was faster mapped none, so that
 * the counters need not be looked at.
 */
#define HUGE_LEAST_NS 2000

static __always_inline void remember_pages(struct fault_state *fault, struct task_struct *task,
					   const bool typed)
{
	struct task_struct___before_6_2 *old = (void *)task;

	if (conf.huge_pages)
		fault->anon = mm_pages(FIELD(typed, task, mm), MM_ANONPAGES, typed);
	if (conf.rss_stat || !has_rss_cache())
		return;
	fault->cache_events = BPF_CORE_READ(old, rss_stat.events);
	for (int i = 0; i < NR_MM_COUNTERS; i++)
		fault->cache[i] = BPF_CORE_READ(old, rss_stat.count[i]);
}

/* Before 6.2. Having collected enough, the task first adds all to the address space: then it starts at 0. */
static __always_inline u32 changed_in_cache(struct fault_state *fault, struct task_struct *task)
{
	struct task_struct___before_6_2 *old = (void *)task;
	bool anew = BPF_CORE_READ(old, rss_stat.events) < (int)fault->cache_events;
	u32 changed = 0;

	for (int i = 0; i < NR_MM_COUNTERS; i++)
		if (BPF_CORE_READ(old, rss_stat.count[i]) != (int)(anew ? 0 : fault->cache[i]))
			changed |= 1 << (FAULT_CHANGED_SHIFT + i);
	return changed;
}

static __always_inline u32 what_changed(struct fault_state *fault, struct task_struct *task,
					u64 took, const bool typed)
{
	u32 changed = 0;
	s64 more;

	if (conf.huge_pages && took >= HUGE_LEAST_NS) {
		more = mm_pages(FIELD(typed, task, mm), MM_ANONPAGES, typed) - fault->anon;
		if (more >= (s64)conf.huge_pages)
			changed = FAULT_HUGE | FAULT_ANON;
	}
	if (conf.rss_stat)
		return changed;
	return changed | (has_rss_cache() ? changed_in_cache(fault, task) : FAULT_NO_CHANGED);
}

/* Hands on the fault that the task is in, which `major` tells the end of. time: ns or NS_UNKNOWN. */
static __always_inline void send_fault(struct task_state *state, struct task_struct *task,
				       u64 address, bool major, u64 now, u64 time, const bool typed)
{
	struct fault_state *fault = &state->fault;
	struct cpu_state *cpu = this_cpu();
	struct event_fault *e;

	if (!cpu)
		return;
	e = reserve_on_cpu(cpu, sizeof(*e));
	if (!e) {
		__sync_fetch_and_add(&cpu->loss.faults, 1);
		return;
	}
	e->h.ts = now;
	e->h.size = sizeof(*e);
	e->h.kind = EVENT_FAULT;
	e->h.cpu = cpu->index;
	e->h.flags = major ? FAULT_MAJOR : 0;
	if (fault->start)
		e->h.flags |= fault->code | what_changed(fault, task, now - fault->start, typed);
	else
		e->h.flags |= FAULT_NO_CODE | FAULT_NO_CHANGED;
	e->task = state->id;
	e->mm = target_mm(state, FIELD(typed, task, mm));
	e->address = address;
	e->time_ns = time;
	e->off_ns = fault->off_ns;
	bpf_ringbuf_submit(e, wake_flag(cpu, sizeof(*e)));
}

static __always_inline void account_fault(struct task_state *state, struct task_struct *task,
					  bool major, const bool typed)
{
	struct task_account *account = &state->account;

	if (!(state->started & STARTED_FAULTS)) {
		start_faults(state, task, typed);
		if (major)
			account->base.maj_flt--;
		else
			account->base.min_flt--;
	}
	if (major)
		account->major++;
	else
		account->minor++;
	read_fault_counters(&account->last, task, typed);
}

/* The kernel accounted the open fault without telling: its counters say so. */
static __always_inline void end_by_counter(struct task_state *state, struct task_struct *task,
					   u64 now, const bool typed)
{
	struct fault_state *fault = &state->fault;
	bool major = FIELD(typed, task, maj_flt) != fault->counted_major;

	if (!major && FIELD(typed, task, min_flt) == fault->counted_minor) {
		state->account.unfinished++;
		return;
	}
	account_fault(state, task, major, typed);
	send_fault(state, task, fault->address, major, now, NS_UNKNOWN, typed);
}

#endif
