// SPDX-License-Identifier: GPL-2.0
/*
 * sched.bpf.c - the hot path: every context switch, its level, its via and its price.
 *
 *   sched_entry_tp   __schedule() begins            -> entry_ts (only for pick)
 *   sched_switch     prev and next are known        -> classify, keep one pending record per CPU
 *   end of switch    next runs                      -> price and wait, the record goes out
 *
 * Every switch updates the CPU's last user task; a switch without a target then leaves at once.
 * The programs run with interrupts off (sched_switch) or preemption off (the end), so the CPU's
 * state needs no lock.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "fault.bpf.h"

const volatile struct config conf = {};
volatile u32 armed = 0;
volatile u32 following = 0;
volatile u32 seeding = 0;
volatile u32 seeds_added = 0;
volatile u32 closing = 0;
volatile u32 root_pid = 0;
volatile u32 probe_ns = 0;
/* In a section of their own: forks write them, every switch reads the line of `armed`. */
volatile u32 last_task_id SEC(".data.serial") = 0;
volatile u32 last_mm_id SEC(".data.serial") = 0;
volatile u64 groups_freed SEC(".data.groups") = 0;
volatile u64 groups_taken SEC(".data.groups") = 0;
volatile u64 groups_folded SEC(".data.groups") = 0;

struct record_logs logs SEC(".maps");
struct cpu_rings rings SEC(".maps");
struct lifecycle_ring lifecycle SEC(".maps");
struct cpu_states cpus SEC(".maps");
struct slab_pool slabs SEC(".maps");
struct free_slabs free_slabs SEC(".maps");
struct group_slots group_slots SEC(".maps");
struct free_groups free_groups SEC(".maps");
struct task_states tasks SEC(".maps");
struct task_states_by_address tasks_raw SEC(".maps");
struct seeds seeds SEC(".maps");

char LICENSE[] SEC("license") = "GPL";

/* One side of a switch, read once. */
struct side {
	struct task_struct *task;
	struct task_state *state; /* NULL: no target */
	struct mm_struct *mm;
	u32 pid, ref;
	bool target; /* state is set; a flag, since clang would OR two pointers, which BPF forbids */
};

/*
 * A user task without an address space borrows one, as a kernel thread does: one that is dying, or, not
 * marked as a kernel thread since 5.19 (343f4c49f243), a user mode helper before its exec.
 */
static __always_inline void look_at(struct side *side, struct task_struct *task, const bool typed)
{
	side->task = task;
	side->state = NULL;
	side->pid = FIELD(typed, task, pid);
	side->target = false;
	side->mm = NULL;
	if (!side->pid) {
		side->ref = TASK_REF(TASK_IDLE, 0);
	} else if (is_kernel_thread(task, typed)) {
		side->ref = TASK_REF(TASK_KERNEL, side->pid);
	} else {
		side->mm = FIELD(typed, task, mm);
		side->state = target_state(task, typed);
		if (side->state) {
			side->target = true;
			side->ref = side->state->id;
		} else if (side->mm || is_exiting(task, typed)) {
			side->ref = TASK_REF(TASK_FOREIGN, side->pid);
		} else {
			side->ref = TASK_REF(TASK_KERNEL, side->pid);
		}
	}
}

static __always_inline void set_wait(struct event_switch *e, u64 wait)
{
	e->wait_ns = wait;
	if (wait >> 32) {
		e->pick_ns = wait >> 32;
		e->h.flags |= SWITCH_WAIT_WIDE;
	}
}

static __always_inline void send(struct cpu_state *cpu)
{
	union log_record *record = log_reserve(cpu, LOG_SWITCHES);

	if (!record) {
		cpu->loss.switches++;
		return;
	}
	record->switched = cpu->pending;
	log_submit(cpu, LOG_SWITCHES);
}

/*
 * Hands the pending switch on: as a record, as counts, or both. `direct`: ns or SWITCH_NS_UNKNOWN; wait: with
 * SWITCH_WAIT.
 */
static __always_inline void hand_on(struct cpu_state *cpu, u32 direct, u64 wait)
{
	if (conf.aggregate)
		tally_switch(cpu, direct, wait);
	if (!conf.stream)
		return;
	cpu->pending.direct_ns = direct;
	if (cpu->pending.h.flags & SWITCH_WAIT)
		set_wait(&cpu->pending, wait);
	send(cpu);
}

/* What waited for its end, or for the next switch. next: the task that came in. */
static __always_inline void hand_on_pending(struct cpu_state *cpu, struct task_struct *next,
					    u32 direct, const bool typed)
{
	u64 wait = 0;

	if (cpu->pending.h.flags & SWITCH_WAIT)
		wait = task_run_delay(next, typed) - cpu->wait_base;
	hand_on(cpu, direct, wait);
	*(volatile u32 *)&cpu->has_pending = 0; /* the loader may look: not before it is counted */
}

/* The kernel's counters as they stand at a target's switch-out. */
static __always_inline u16 account_switch_out(struct side *prev, const bool typed)
{
	struct task_state *state = prev->state;
	struct task_account *account = &state->account;
	u64 nvcsw = FIELD(typed, prev->task, nvcsw);
	bool voluntary = nvcsw != account->last.nvcsw;

	account->last.nvcsw = nvcsw;
	account->last.nivcsw = FIELD(typed, prev->task, nivcsw);
	account->last.run_delay = task_run_delay(prev->task, typed);
	account->last.sum_exec = FIELD(typed, prev->task, se.sum_exec_runtime);
	if (voluntary)
		account->outs_voluntary++;
	else
		account->outs_preempted++;
	return voluntary ? SWITCH_VOLUNTARY : 0;
}

/* The dead switch-out: the counters are final, and nobody can read them later. */
static __always_inline void end_of_task(struct cpu_state *cpu, struct side *prev, const bool typed)
{
	struct event_end *e;

	if (conf.faults == FAULT_END_COUNTER && cpu->fault.task == (u64)prev->task)
		end_by_counter(cpu, prev->state, prev->task, typed);
	e = reserve_lifecycle(event_end, EVENT_END, 0);
	if (e) {
		read_fault_counters(&prev->state->account.last, prev->task, typed);
		e->task = prev->state->id;
		e->at = cpu->tally.counted;
		e->account = prev->state->account;
		submit_lifecycle(e);
		prev->state->ended = 1;
	}
	if (!typed)
		target_forget(prev->task);
}

/*
 * Level and via of a target's switch-in. A borrowed address space is prev's active_mm, so equality
 * with next's mm is exactly the kernel's own test for leaving the page table as it is.
 */
static __always_inline u16 classify(struct cpu_state *cpu, struct side *prev, struct side *next,
				    const bool typed)
{
	enum switch_via via = SWITCH_VIA_DIRECT;
	enum switch_level level;

	if (cpu->via & (1 << SWITCH_VIA_KERNEL))
		via = SWITCH_VIA_KERNEL;
	else if (cpu->via & (1 << SWITCH_VIA_IDLE))
		via = SWITCH_VIA_IDLE;

	if (cpu->last_user_task == (u64)next->task && cpu->last_user_pid == next->pid)
		level = SWITCH_LEVEL_RESUME;
	else if (!next->mm)
		level = SWITCH_LEVEL_EXITING;
	else if (FIELD(typed, prev->task, active_mm) == next->mm)
		level = SWITCH_LEVEL_THREAD;
	else
		level = SWITCH_LEVEL_PROCESS;
	return SWITCH_FLAGS(level, via);
}

/* What a target's switch-in adds to the pending record. */
static __always_inline u16 account_switch_in(struct cpu_state *cpu, struct side *prev,
					     struct side *next, const bool typed)
{
	struct event_switch *e = &cpu->pending;
	struct task_state *state = next->state;
	u32 here = cpu->index + 1;
	u16 flags = classify(cpu, prev, next, typed);

	if (!(state->started & STARTED_SWITCHES))
		start_switches(state, next->task, typed);
	if (conf.faults && state->fault.task)
		carry_fault_in(cpu, state);
	if (conf.stream)
		e->next_mm = target_mm(state, next->mm);
	if (conf.aggregate)
		cpu->tally.next_group = state->group;
	if (state->cpu && state->cpu != here)
		flags |= SWITCH_MIGRATED;
	state->cpu = here;
	if (conf.end_hook && bpf_core_field_exists(next->task->sched_info.run_delay)) {
		flags |= SWITCH_WAIT;
		cpu->wait_base = state->account.last.run_delay;
	}
	return flags;
}

/*
 * Who runs now: what the classification of later switches rests on. Whoever runs on a borrowed address
 * space does not end the stay of the one who lent it.
 */
static __always_inline void remember(struct cpu_state *cpu, struct side *next)
{
	cpu->current_task = (u64)next->task;
	if (next->mm) {
		cpu->last_user_task = (u64)next->task;
		cpu->last_user_pid = next->pid;
		cpu->last_user = next->ref;
		cpu->last_mm = next->state ? next->state->mm : 0;
		cpu->via = 0;
	} else {
		cpu->via |= next->pid ? 1 << SWITCH_VIA_KERNEL : 1 << SWITCH_VIA_IDLE;
	}
}

/* A target found running whose switch-in was not seen: without this its wait would be missing. */
static __always_inline void send_missed(struct cpu_state *cpu, struct side *prev, u64 wait)
{
	union log_record *record = log_reserve(cpu, LOG_SWITCHES);
	struct event_missed *e;

	if (!record) {
		cpu->loss.switches++;
		return;
	}
	e = &record->missed;
	fill_header(&e->h, EVENT_MISSED, sizeof(*e), 0);
	e->task = prev->ref;
	e->reserved = 0;
	e->wait_ns = wait;
	log_submit(cpu, LOG_SWITCHES);
}

static __always_inline void note_missed(struct cpu_state *cpu, struct side *prev, const bool typed)
{
	u64 wait = 0;

	if (conf.end_hook)
		wait = task_run_delay(prev->task, typed) - prev->state->account.last.run_delay;
	if (conf.aggregate) {
		cpu->tally.missed++;
		cpu->tally.missed_wait_ns += wait;
	}
	if (conf.stream)
		send_missed(cpu, prev, wait);
}

/*
 * The first recorded event of a target is its switch-out (it ran when recording started or when it became a
 * target, or came unseen): the counters have already moved for it, by the kernel's own rule (voluntary: not preempted,
 * and not left runnable).
 */
static __always_inline void start_at_switch_out(struct side *prev, bool preempt, const bool typed)
{
	struct task_account *account = &prev->state->account;

	start_switches(prev->state, prev->task, typed);
	if (!preempt && task_run_state(prev->task, typed))
		account->last.nvcsw = --account->base.nvcsw;
	else
		account->last.nivcsw = --account->base.nivcsw;
}

/*
 * prev is not the task that this CPU last switched to: the first switch after arming, or one after
 * switches that ran no program. Which user tasks ran before is not known, but for prev itself: after a
 * kernel thread or idle a resume cannot be told.
 */
static __always_inline void notice_unknown(struct cpu_state *cpu, struct side *prev,
					   const bool typed)
{
	cpu->loss.unseen += cpu->current_task != 0;
	cpu->last_user_task = 0;
	cpu->last_user = cpu->last_mm = 0;
	cpu->tally.run_from = 0;
	cpu->tally.stint_row = COUNT_ROWS;
	remember(cpu, prev);
	if (prev->state && (prev->state->started & STARTED_SWITCHES))
		note_missed(cpu, prev, typed);
}

/* Returns what prev waited for the stint that is now over: with SWITCH_WAIT_PREV, where there is no end hook. */
static __always_inline u64 record(struct cpu_state *cpu, struct side *prev, struct side *next,
				  u64 start, bool preempt, const bool typed)
{
	struct event_switch *e = &cpu->pending;
	u16 flags = cpu->last_user ? 0 : SWITCH_FIRST;
	u64 wait_of_prev = 0;

	if (prev->state) {
		if (!(prev->state->started & STARTED_SWITCHES))
			start_at_switch_out(prev, preempt, typed);
		if (!conf.end_hook && bpf_core_field_exists(prev->task->sched_info.run_delay)) {
			flags |= SWITCH_WAIT | SWITCH_WAIT_PREV;
			wait_of_prev = task_run_delay(prev->task, typed) -
				       prev->state->account.last.run_delay;
		}
		flags |= account_switch_out(prev, typed);
		if (task_run_state(prev->task, typed) & TASK_DEAD) {
			flags |= SWITCH_PREV_DEAD;
			end_of_task(cpu, prev, typed);
		}
		if (conf.faults && cpu->fault.task == (u64)prev->task)
			carry_fault_out(cpu, prev->state);
		if (conf.aggregate)
			cpu->tally.prev_group = prev->state->group;
	}
	e->prev = prev->ref;
	e->next = next->ref;
	e->pick_ns = 0;
	if (conf.pick && cpu->entry_ts)
		e->pick_ns = start - cpu->entry_ts;
	if (conf.stream) {
		e->last_user = cpu->last_user;
		e->last_mm = cpu->last_mm;
		e->next_mm = 0;
		e->wait_ns = 0;
		e->h.size = sizeof(*e);
		e->h.kind = EVENT_SWITCH;
		e->h.cpu = cpu->index;
	}
	if (next->state)
		flags |= account_switch_in(cpu, prev, next, typed);
	e->h.flags = flags;
	return wait_of_prev;
}

/*
 * A target dies after recording has ended: the iterator may come too late for it, so its counters as of its
 * last recorded event go out here. Without task storage they stay in the map.
 */
static __always_inline int close_dying(struct task_struct *prev)
{
	struct task_state *state;
	struct event_end *e;

	if (!closing || !(task_run_state(prev, true) & TASK_DEAD))
		return 0;
	state = target_state(prev, true);
	if (!state || state->ended)
		return 0;
	e = reserve_lifecycle(event_end, EVENT_END, END_CLOSED);
	if (!e)
		return 0;
	e->task = state->id;
	e->account = state->account;
	submit_lifecycle(e);
	state->ended = 1;
	return 0;
}

static __always_inline int on_switch(bool preempt, struct task_struct *prev_task,
				     struct task_struct *next_task, const bool typed)
{
	struct cpu_state *cpu;
	struct side prev, next;
	u64 start = 0, wait;

	if (!armed)
		return typed ? close_dying(prev_task) : 0;
	if (conf.pick)
		start = bpf_ktime_get_ns();
	cpu = this_cpu();
	if (!cpu)
		return 0;
	if (cpu->has_pending)
		hand_on_pending(cpu, prev_task, SWITCH_NS_UNKNOWN, typed);
	look_at(&prev, prev_task, typed);
	look_at(&next, next_task, typed);
	if (cpu->current_task != (u64)prev_task)
		notice_unknown(cpu, &prev, typed);
	else if (prev.mm)
		cpu->last_user_pid = prev.pid; /* exec of a thread may have changed it */
	if (!prev.target && !next.target && !conf.everybody) {
		remember(cpu, &next);
		return 0;
	}
	wait = record(cpu, &prev, &next, start, preempt, typed);
	remember(cpu, &next);
	if (conf.pick)
		cpu->entry_ts = 0;
	if (!conf.end_hook) {
		cpu->pending.h.ts = bpf_ktime_get_ns();
		hand_on(cpu, SWITCH_NS_UNKNOWN, wait);
		return 0;
	}
	cpu->has_pending = 1;
	cpu->pending.h.ts = bpf_ktime_get_ns(); /* last: what comes before is not in direct */
	return 0;
}

/*
 * The end of the switch, in next's context. After disarming, what is pending belongs to the loader: the
 * switches from then on are not seen, and one of their ends would be taken for that of the pending one.
 */
static __always_inline int on_switch_end(const bool typed)
{
	struct cpu_state *cpu;
	u64 direct;

	if (!armed)
		return 0;
	cpu = this_cpu();
	if (!cpu || !cpu->has_pending)
		return 0;
	direct = bpf_ktime_get_ns() - cpu->pending.h.ts;
	if (direct >= SWITCH_NS_UNKNOWN)
		direct = SWITCH_NS_UNKNOWN - 1;
	hand_on_pending(cpu, current_task(typed), direct, typed);
	return 0;
}

SEC("?tp_btf/sched_switch")
int BPF_PROG(sched_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return on_switch(preempt, prev, next, true);
}

SEC("?raw_tp/sched_switch")
int BPF_PROG(sched_switch_raw, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return on_switch(preempt, prev, next, false);
}

/* Fires at the end of every __schedule(), also when nothing was switched (6.15 and later). */
SEC("?tp_btf/sched_exit_tp")
int BPF_PROG(sched_exit_tp, bool is_switch)
{
	return is_switch ? on_switch_end(true) : 0;
}

SEC("?raw_tp/sched_exit_tp")
int BPF_PROG(sched_exit_tp_raw, bool is_switch)
{
	return is_switch ? on_switch_end(false) : 0;
}

/* Where sched_exit_tp is missing; the symbol's real name is set by the loader. Ends earlier. */
SEC("?kprobe/finish_task_switch")
int finish_task_switch(void *ctx)
{
	return on_switch_end(true);
}

SEC("?kprobe/finish_task_switch")
int finish_task_switch_raw(void *ctx)
{
	return on_switch_end(false);
}

static __always_inline int on_schedule_entry(void)
{
	struct cpu_state *cpu = this_cpu();

	if (cpu && armed)
		cpu->entry_ts = bpf_ktime_get_ns();
	return 0;
}

SEC("?tp_btf/sched_entry_tp")
int BPF_PROG(sched_entry_tp, bool preempt)
{
	return on_schedule_entry();
}

static __always_inline int on_waking(struct task_struct *wakee, const bool typed)
{
	struct task_state *state;
	struct event_waking *e;
	struct cpu_state *cpu;
	struct side waker;

	if (!armed)
		return 0;
	state = target_state(wakee, typed);
	cpu = this_cpu();
	if (!state || !cpu)
		return 0;
	e = reserve_on_cpu(cpu, sizeof(*e));
	if (!e) {
		__sync_fetch_and_add(&cpu->loss.waking, 1);
		return 0;
	}
	look_at(&waker, current_task(typed), typed);
	fill_header(&e->h, EVENT_WAKING, sizeof(*e), 0);
	e->waker = waker.ref;
	e->wakee = state->id;
	bpf_ringbuf_submit(e, wake_flag(cpu, sizeof(*e)));
	return 0;
}

SEC("?tp_btf/sched_waking")
int BPF_PROG(sched_waking, struct task_struct *wakee)
{
	return on_waking(wakee, true);
}

SEC("?raw_tp/sched_waking")
int BPF_PROG(sched_waking_raw, struct task_struct *wakee)
{
	return on_waking(wakee, false);
}
