/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fault.bpf.h - the end of a fault: what it changed, the record, the task's account. Shared by the hooks
 * of faults and those of switches, which move an open fault with its task and may have to end one.
 */
#ifndef TASKTAX_FAULT_BPF_H
#define TASKTAX_FAULT_BPF_H

#include "emit.bpf.h"
#include "tally.bpf.h"
#include "target.bpf.h"

/*
 * A huge page must be cleared, at a terabyte a second at best: a fault that was faster mapped none, so that
 * the counters need not be looked at.
 */
#define HUGE_LEAST_NS 2000

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
	if (!has_rss_cache())
		return changed | FAULT_NO_CHANGED;
	/* known to have ended only now that the task has given up its address space, and all of its pages */
	if (conf.faults == FAULT_END_COUNTER && !FIELD(typed, task, mm))
		return changed | FAULT_NO_CHANGED;
	return changed | changed_in_cache(fault, task);
}

static __always_inline void count_lost_fault(struct cpu_state *cpu, struct task_struct *task,
					     bool major, const bool typed)
{
	struct task_state *state = target_state(task, typed);

	__sync_fetch_and_add(&cpu->loss.faults, 1);
	if (!state)
		return;
	read_fault_counters(&state->account.last, task, typed);
	if (major)
		state->account.lost_major++;
	else
		state->account.lost_minor++;
}

/* The open fault as a record. `now`: of its end; time: ns or NS_UNKNOWN. */
static __always_inline void fill_fault(struct event_fault *e, struct cpu_state *cpu,
				       struct task_struct *task, u64 address, bool major, u64 now,
				       u64 time, const bool typed)
{
	struct fault_state *fault = &cpu->fault;

	e->h.ts = now;
	e->h.size = sizeof(*e);
	e->h.kind = EVENT_FAULT;
	e->h.cpu = cpu->index;
	e->h.flags = (u16)fault->code | (major ? FAULT_MAJOR : 0);
	if (!(fault->code & FAULT_NO_CODE))
		e->h.flags |= what_changed(fault, task, now - fault->start, typed);
	e->task = fault->id;
	e->mm = fault->mm;
	e->address = address;
	e->time_ns = time;
	e->off_ns = fault->off_ns;
	e->min_flt = FIELD(typed, task, min_flt);
	e->maj_flt = FIELD(typed, task, maj_flt);
}

static __always_inline void count_fault(struct cpu_state *cpu, struct task_struct *task, bool major,
					u64 now, u64 time, const bool typed)
{
	struct fault_state *fault = &cpu->fault;
	u32 flags = fault->code | (major ? FAULT_MAJOR : 0);

	if (!(flags & FAULT_NO_CODE))
		flags |= what_changed(fault, task, now - fault->start, typed);
	tally_fault(cpu, task, fault->group, flags, time, fault->off_ns);
}

static __always_inline void stream_fault(struct cpu_state *cpu, struct task_struct *task,
					 u64 address, bool major, u64 now, u64 time,
					 const bool typed)
{
	bool preemptible = conf.faults == FAULT_END_FEXIT;
	union log_record *record = NULL;
	struct event_fault *e = NULL;

	if (preemptible)
		e = reserve_on_cpu(cpu, sizeof(*e));
	else
		record = log_reserve(cpu, LOG_FAULTS);
	if (e) {
		fill_fault(e, cpu, task, address, major, now, time, typed);
		bpf_ringbuf_submit(e, wake_flag(cpu, sizeof(*e)));
	} else if (record) {
		fill_fault(&record->fault, cpu, task, address, major, now, time, typed);
		log_submit(cpu, LOG_FAULTS);
	} else {
		count_lost_fault(cpu, task, major, typed);
	}
}

/* Hands it on: as a record, as counts, or both. */
static __always_inline void send_fault(struct cpu_state *cpu, struct task_struct *task, u64 address,
				       bool major, u64 now, u64 time, const bool typed)
{
	if (conf.aggregate)
		count_fault(cpu, task, major, now, time, typed);
	if (conf.stream)
		stream_fault(cpu, task, address, major, now, time, typed);
}

/* The open fault is the running task's, and the kernel may have accounted it without telling. */
static __always_inline void end_by_counter(struct cpu_state *cpu, struct task_state *state,
					   struct task_struct *task, const bool typed)
{
	struct fault_state *fault = &cpu->fault;
	bool major = FIELD(typed, task, maj_flt) != fault->counted_major;

	if (major || FIELD(typed, task, min_flt) != fault->counted_minor)
		send_fault(cpu, task, fault->address, major, bpf_ktime_get_ns(), NS_UNKNOWN, typed);
	else
		state->account.unfinished++;
	fault->task = 0;
}

/* A task leaves the CPU in the middle of a fault, and comes back. */
static __always_inline void carry_fault_out(struct cpu_state *cpu, struct task_state *state)
{
	state->fault = cpu->fault;
	state->fault.out = bpf_ktime_get_ns();
	cpu->fault.task = 0;
}

static __always_inline void carry_fault_in(struct cpu_state *cpu, struct task_state *state)
{
	cpu->fault = state->fault;
	cpu->fault.off_ns += bpf_ktime_get_ns() - state->fault.out;
	state->fault.task = 0;
}

#endif
