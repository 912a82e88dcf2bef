// SPDX-License-Identifier: GPL-2.0
/*
 * lifecycle.bpf.c - birth, exec, renaming and death of target tasks, and the close of those that
 * outlive the tracing. This is where the target grows: a child of a target is a target.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "emit.bpf.h"
#include "group.bpf.h"
#include "target.bpf.h"

static __always_inline void send_newtask(struct task_struct *task, struct task_state *child,
					 u32 parent, u64 clone_flags, const bool typed)
{
	struct event_newtask *e =
		reserve_lifecycle(event_newtask, EVENT_NEWTASK, armed ? 0 : NEWTASK_SEEDED);

	if (!e)
		return;
	e->task = child->id;
	e->parent = parent;
	e->pid = FIELD(typed, task, pid);
	e->tgid = FIELD(typed, task, tgid);
	e->mm = child->mm;
	e->group = child->group;
	e->clone_flags = clone_flags;
	e->local_pid = local_pid(task);
	if (clone_flags & CLONE_THREAD)
		e->stack = task_user_stack(task, typed);
	else
		e->local_tgid = e->local_pid;
	if (clone_flags & CLONE_SETTLS)
		e->tls = task_thread_pointer(task, typed);
	bpf_probe_read_kernel(e->comm, sizeof(e->comm), &task->comm);
	submit_lifecycle(e);
}

/* The creator of a task if that one is to be a target, which another may have found before us. */
static __always_inline struct task_state *creator(struct task_struct *current, const bool typed)
{
	struct task_state *parent = target_state(current, typed);

	if (parent || !typed || !conf.attached || !seeding)
		return parent;
	if (seed(current, true))
		seeds_added = 1;
	return target_state(current, typed);
}

/*
 * There is no room for its state, or the iterator has just been interrupted in the middle of a look-up on this CPU,
 * which keeps others from making any. That one will come again: its process is selected.
 */
static __always_inline void untracked(struct task_struct *task, const bool typed)
{
	if (typed && conf.attached && seeding)
		seed_later(task);
	else
		count_untracked();
}

static __always_inline bool take_serial(struct task_state *child)
{
	if (conf.attached)
		return target_claim(child);
	child->id = next_serial(&last_task_id);
	return true;
}

static __always_inline int on_newtask(struct task_struct *task, u64 clone_flags, const bool typed)
{
	struct task_struct *current = current_task(typed);
	struct task_state *parent, *child;

	if (!following)
		return 0;
	parent = creator(current, typed);
	if (!parent && !(conf.everybody && !is_kernel_thread(task, typed))) {
		/* the address may still be that of a target whose end was not seen */
		if (!typed)
			target_forget(task);
		return 0;
	}
	child = target_mark(task, BPF_ANY, typed);
	if (!child) {
		untracked(task, typed);
		return 0;
	}
	if (!take_serial(child))
		return 0;
	child->mm = parent && (clone_flags & CLONE_VM) ?
			    target_mm(parent, FIELD(typed, current, mm)) :
			    next_serial(&last_mm_id);
	child->mm_struct = (u64)FIELD(typed, task, mm);
	/* its counters start at zero, and so does account.base; unless some of it is not recorded */
	child->started = armed ? STARTED_SWITCHES | STARTED_FAULTS : 0;
	group_join(child, parent, clone_flags);
	send_newtask(task, child, parent ? parent->id : 0, clone_flags, typed);
	return 0;
}

SEC("?tp_btf/task_newtask")
int BPF_PROG(task_newtask, struct task_struct *task, u64 clone_flags)
{
	return on_newtask(task, clone_flags, true);
}

SEC("?raw_tp/task_newtask")
int BPF_PROG(task_newtask_raw, struct task_struct *task, u64 clone_flags)
{
	return on_newtask(task, clone_flags, false);
}

/* The running task is also its CPU's last user task: exec gives it another address space. */
static __always_inline void update_last_user(struct task_struct *task, u32 mm)
{
	struct cpu_state *cpu = this_cpu();

	if (cpu && cpu->last_user_task == (u64)task)
		cpu->last_mm = mm;
}

static __always_inline int on_exec(struct task_struct *task, u32 old_pid, const bool typed)
{
	struct task_state *state;
	struct event_exec *e;

	if (!following)
		return 0;
	state = target_state(task, typed);
	if (!state)
		return 0;
	update_last_user(task, target_mm(state, FIELD(typed, task, mm)));
	state->started &= ~(STARTED_BY_FORK | STARTED_A_FORK);
	e = reserve_lifecycle(event_exec, EVENT_EXEC, 0);
	if (!e)
		return 0;
	e->task = state->id;
	e->mm = state->mm;
	e->pid = FIELD(typed, task, pid);
	e->old_pid = old_pid;
	bpf_probe_read_kernel(e->comm, sizeof(e->comm), &task->comm);
	e->most_pages = BPF_CORE_READ(task, signal, maxrss);
	submit_lifecycle(e);
	return 0;
}

SEC("?tp_btf/sched_process_exec")
int BPF_PROG(sched_process_exec, struct task_struct *task, pid_t old_pid)
{
	return on_exec(task, old_pid, true);
}

SEC("?raw_tp/sched_process_exec")
int BPF_PROG(sched_process_exec_raw, struct task_struct *task, pid_t old_pid)
{
	return on_exec(task, old_pid, false);
}

static __always_inline int on_rename(struct task_struct *task, const char *comm, const bool typed)
{
	struct task_state *state;
	struct event_rename *e;

	if (!following)
		return 0;
	state = target_state(task, typed);
	if (!state)
		return 0;
	e = reserve_lifecycle(event_rename, EVENT_RENAME, 0);
	if (!e)
		return 0;
	e->task = state->id;
	bpf_probe_read_kernel_str(e->comm, sizeof(e->comm), comm);
	submit_lifecycle(e);
	return 0;
}

SEC("?tp_btf/task_rename")
int BPF_PROG(task_rename, struct task_struct *task, const char *comm)
{
	return on_rename(task, comm, true);
}

SEC("?raw_tp/task_rename")
int BPF_PROG(task_rename_raw, struct task_struct *task, const char *comm)
{
	return on_rename(task, comm, false);
}

/*
 * Fires per task; the process ends when no task of it lives, which need not be the leader's end. Since 6.16
 * ("exit: move and extend sched_process_exit() tracepoint") it fires while the address space is still there.
 * Before, there is only signal->maxrss: do_exit() has raised it to the peak of this address space, and exec
 * to those of the ones before.
 */
static __always_inline int on_exit(struct task_struct *task, const bool typed)
{
	struct task_state *state;
	struct event_exit *e;
	bool group_dead;

	if (!following)
		return 0;
	state = target_state(task, typed);
	if (!state)
		return 0;
	group_dead = BPF_CORE_READ(task, signal, live.counter) == 0;
	e = reserve_lifecycle(event_exit, EVENT_EXIT,
			      (group_dead ? EXIT_GROUP_DEAD : 0) | (armed ? 0 : EXIT_UNRECORDED));
	if (!e)
		return 0;
	e->task = state->id;
	e->code = FIELD(typed, task, exit_code);
	if (group_dead) {
		e->peak_pages = mm_peak_pages(FIELD(typed, task, mm), typed);
		e->most_pages = BPF_CORE_READ(task, signal, maxrss);
	}
	submit_lifecycle(e);
	return 0;
}

SEC("?tp_btf/sched_process_exit")
int BPF_PROG(sched_process_exit, struct task_struct *task)
{
	return on_exit(task, true);
}

SEC("?raw_tp/sched_process_exit")
int BPF_PROG(sched_process_exit_raw, struct task_struct *task)
{
	return on_exit(task, false);
}

/*
 * After disarming: every target that still lives, with the counters of its last recorded
 * switch-out. Written to the iterator's file, which cannot lose a record as a ring can.
 */
SEC("?iter/task")
int close_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct task_state *state;
	struct event_end e = {};

	if (!task)
		return 0;
	state = bpf_task_storage_get(&tasks, task, 0, 0);
	if (!state || state->ended)
		return 0;
	fill_header(&e.h, EVENT_END, sizeof(e), END_CLOSED);
	e.task = state->id;
	e.account = state->account;
	bpf_seq_write(ctx->meta->seq, &e, sizeof(e));
	return 0;
}
