// SPDX-License-Identifier: GPL-2.0
/*
 * fault.bpf.c - every page fault of a target: where, how long, minor or major, and what it changed.
 *
 *   page_fault_user, page_fault_kernel   the exception         -> where, why, when
 *   rss_stat                             inside, 6.2 and later -> which of the resident pages moved
 *   PAGE_FAULTS_MIN, PAGE_FAULTS_MAJ     it is accounted       -> severity, time, the record goes out
 *
 * The last are software events of perf, raised by mm_account_fault() right after min_flt or maj_flt has
 * moved. Where they are refused, or on processors without the tracepoints, fentry and fexit of
 * handle_mm_fault() begin and end a fault; where neither is allowed, a fault is known to have ended when
 * the counters have moved at the next one.
 *
 * A fault may sleep, and go on on another CPU: the hooks of a switch carry it along, and note how long it
 * is off the CPU. Between its start and its end no task needs to be looked up.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "fault.bpf.h"

/* enum fault_flag and enum vm_fault_reason of include/linux/mm_types.h, the same since 5.7 */
#define FAULT_FLAG_WRITE (1 << 0)
#define FAULT_FLAG_TRIED (1 << 5)
#define FAULT_FLAG_USER (1 << 6)
#define FAULT_FLAG_INSTRUCTION (1 << 8)
#define VM_FAULT_MAJOR 0x4
#define VM_FAULT_RETRY 0x400
#define VM_FAULT_ERROR 0x873

static __always_inline void remember_pages(struct fault_state *fault, struct task_struct *task,
					   struct mm_struct *mm, const bool typed)
{
	struct task_struct___before_6_2 *old = (void *)task;

	if (conf.huge_pages)
		fault->anon = mm_pages(mm, MM_ANONPAGES, typed);
	if (conf.rss_stat || !has_rss_cache())
		return;
	fault->cache_events = BPF_CORE_READ(old, rss_stat.events);
	for (int i = 0; i < NR_MM_COUNTERS; i++)
		fault->cache[i] = BPF_CORE_READ(old, rss_stat.count[i]);
}

/* Only what counts in the kernel needs to know it there. */
static __always_inline u32 history(const struct task_state *state)
{
	u32 flags = 0;

	if (!conf.aggregate)
		return 0;
	if (state->started & STARTED_BY_FORK)
		flags |= FAULT_BY_FORK;
	if (state->started & STARTED_A_FORK)
		flags |= FAULT_HAS_FORKED;
	return flags;
}

static __always_inline void begin(struct cpu_state *cpu, struct task_state *state,
				  struct task_struct *task, u64 address, u32 code, const bool typed)
{
	struct fault_state *fault = &cpu->fault;
	struct mm_struct *mm = FIELD(typed, task, mm);

	if (fault->task == (u64)task) {
		if (conf.faults == FAULT_END_COUNTER)
			end_by_counter(cpu, state, task, typed);
		else
			state->account.unfinished++;
	}
	if (!(state->started & STARTED_FAULTS))
		start_faults(state, task, typed);
	fault->task = (u64)task;
	fault->id = state->id;
	fault->mm = target_mm(state, mm);
	fault->code = code | history(state);
	fault->group = state->group;
	fault->off_ns = 0;
	if (conf.faults == FAULT_END_FEXIT)
		fault->retried = 0;
	if (conf.faults == FAULT_END_COUNTER) {
		fault->address = address;
		fault->counted_minor = FIELD(typed, task, min_flt);
		fault->counted_major = FIELD(typed, task, maj_flt);
	}
	remember_pages(fault, task, mm, typed);
	fault->start = bpf_ktime_get_ns(); /* last: what comes before is not in its time */
}

/* A fault ends that was not seen to begin: recording began in the middle of it, or the hook was skipped. */
static __always_inline void begin_unseen(struct cpu_state *cpu, struct task_state *state,
					 struct task_struct *task, bool major, const bool typed)
{
	begin(cpu, state, task, 0, FAULT_NO_CODE | FAULT_NO_CHANGED, typed);
	if (state->account.base.min_flt + state->account.base.maj_flt !=
	    FIELD(typed, task, min_flt) + FIELD(typed, task, maj_flt))
		return;
	/* it is the first that is recorded of the task, and has been counted */
	if (major)
		state->account.last.maj_flt = --state->account.base.maj_flt;
	else
		state->account.last.min_flt = --state->account.base.min_flt;
}

/*
 * The task fell asleep in its fault, and came back to the CPU by a switch that the kernel ran no program for: how
 * long it was away, and what the fault has changed since, was not seen.
 */
static __always_inline void come_back_unseen(struct cpu_state *cpu, struct task_state *state)
{
	cpu->fault = state->fault;
	cpu->fault.code |= FAULT_NO_CHANGED;
	state->fault.task = 0;
}

static __always_inline int end(struct cpu_state *cpu, struct task_struct *task, u64 address,
			       bool major, const bool typed)
{
	u64 now = bpf_ktime_get_ns(); /* first */
	struct fault_state *fault = &cpu->fault;
	u64 time = now - fault->start;

	if (fault->task != (u64)task) {
		struct task_state *state = target_state(task, typed);

		if (!state)
			return 0;
		if (state->fault.task == (u64)task)
			come_back_unseen(cpu, state);
		else
			begin_unseen(cpu, state, task, major, typed);
		time = NS_UNKNOWN;
	}
	send_fault(cpu, task, address, major, now, time, typed);
	fault->task = 0;
	return 0;
}

/* --- the exception --- */

static __always_inline int on_exception(u64 address, u64 code, const bool typed)
{
	struct task_struct *task = current_task(typed);
	struct task_state *state;
	struct cpu_state *cpu;

	if (!armed)
		return 0;
	state = target_state(task, typed);
	if (!state)
		return 0;
	cpu = this_cpu();
	if (cpu)
		begin(cpu, state, task, address, code & FAULT_CODE_MASK, typed);
	return 0;
}

SEC("?tp_btf/page_fault_user")
int BPF_PROG(page_fault_user, unsigned long address, struct pt_regs *regs, unsigned long code)
{
	return on_exception(address, code, true);
}

SEC("?raw_tp/page_fault_user")
int BPF_PROG(page_fault_user_raw, unsigned long address, struct pt_regs *regs, unsigned long code)
{
	return on_exception(address, code, false);
}

SEC("?tp_btf/page_fault_kernel")
int BPF_PROG(page_fault_kernel, unsigned long address, struct pt_regs *regs, unsigned long code)
{
	return on_exception(address, code, true);
}

SEC("?raw_tp/page_fault_kernel")
int BPF_PROG(page_fault_kernel_raw, unsigned long address, struct pt_regs *regs, unsigned long code)
{
	return on_exception(address, code, false);
}

/* --- what it changed --- */

/* Fires for other address spaces as well (fork, reclaim). The arguments are so since 6.2. */
SEC("?tp_btf/rss_stat")
int BPF_PROG(rss_stat, struct mm_struct *mm, int member)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct cpu_state *cpu = this_cpu();

	if (!cpu || cpu->fault.task != (u64)task || task->mm != mm || member < 0 ||
	    member >= NR_MM_COUNTERS)
		return 0;
	cpu->fault.code |= 1 << (FAULT_CHANGED_SHIFT + member);
	return 0;
}

/* Whether a write to a page once shared by fork has copied it. Fires for every page of the host. */
SEC("?tp_btf/mm_page_alloc")
int BPF_PROG(mm_page_alloc, struct page *page)
{
	struct cpu_state *cpu = this_cpu();

	if (cpu && cpu->fault.task == (u64)bpf_get_current_task_btf())
		cpu->fault.code |= FAULT_ALLOC;
	return 0;
}

/* --- it is accounted --- */

static __always_inline int on_accounted(u64 address, bool major, const bool typed)
{
	struct cpu_state *cpu = this_cpu();

	if (!cpu)
		return 0;
	cpu->fault_runs++;
	return armed ? end(cpu, current_task(typed), address, major, typed) : 0;
}

SEC("?perf_event")
int fault_minor(struct bpf_perf_event_data *ctx)
{
	return on_accounted(ctx->addr, false, true);
}

SEC("?perf_event")
int fault_major(struct bpf_perf_event_data *ctx)
{
	return on_accounted(ctx->addr, true, true);
}

SEC("?perf_event")
int fault_minor_raw(struct bpf_perf_event_data *ctx)
{
	return on_accounted(ctx->addr, false, false);
}

SEC("?perf_event")
int fault_major_raw(struct bpf_perf_event_data *ctx)
{
	return on_accounted(ctx->addr, true, false);
}

/* --- by the function that handles it --- */

static __always_inline bool is_major(u32 flags, u32 ret)
{
	return (ret & VM_FAULT_MAJOR) || (flags & FAULT_FLAG_TRIED);
}

static __always_inline u32 code_of(u32 flags)
{
	u32 code = FAULT_NO_PRESENT;

	if (flags & FAULT_FLAG_WRITE)
		code |= FAULT_WRITE;
	if (flags & FAULT_FLAG_USER)
		code |= FAULT_USER;
	if (flags & FAULT_FLAG_INSTRUCTION)
		code |= FAULT_FETCH;
	return code;
}

/* Taken by the kernel for the task (get_user_pages): counted, but no event is raised. */
static __always_inline void count_unraised(struct task_state *state, u32 flags, u32 ret)
{
	if (ret & (VM_FAULT_RETRY | VM_FAULT_ERROR))
		return;
	if (is_major(flags, ret))
		state->account.unraised_major++;
	else
		state->account.unraised_minor++;
}

SEC("?fentry/handle_mm_fault")
int BPF_PROG(fault_enter, struct vm_area_struct *vma, unsigned long address, unsigned int flags,
	     struct pt_regs *regs)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state;
	struct cpu_state *cpu;

	if (!armed || !regs)
		return 0;
	state = target_state(task, true);
	cpu = this_cpu();
	if (!state || !cpu)
		return 0;
	if (cpu->fault.task == (u64)task && cpu->fault.retried)
		cpu->fault.retried = 0;
	else
		begin(cpu, state, task, address, code_of(flags), true);
	return 0;
}

SEC("?fexit/handle_mm_fault")
int BPF_PROG(fault_exit, struct vm_area_struct *vma, unsigned long address, unsigned int flags,
	     struct pt_regs *regs, unsigned int ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state;
	struct cpu_state *cpu;

	if (!armed)
		return 0;
	state = target_state(task, true);
	cpu = this_cpu();
	if (!state || !cpu)
		return 0;
	if (!regs) {
		count_unraised(state, flags, ret);
	} else if (ret & VM_FAULT_RETRY) {
		cpu->fault.retried = cpu->fault.task == (u64)task;
	} else if (ret & VM_FAULT_ERROR) {
		cpu->fault.task = 0;
		state->account.unfinished++;
	} else {
		end(cpu, task, address, is_major(flags, ret), true);
	}
	return 0;
}

/* Beside the other ends, only for what they do not see. */
SEC("?fexit/handle_mm_fault")
int BPF_PROG(fault_unraised, struct vm_area_struct *vma, unsigned long address, unsigned int flags,
	     struct pt_regs *regs, unsigned int ret)
{
	struct task_state *state;

	if (!armed || regs)
		return 0;
	state = target_state(bpf_get_current_task_btf(), true);
	if (state)
		count_unraised(state, flags, ret);
	return 0;
}
