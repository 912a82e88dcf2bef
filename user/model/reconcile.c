// SPDX-License-Identifier: GPL-2.0
/* reconcile.c - compares the model with the kernel's counters; see reconcile.h. */
#include "model/reconcile.h"

static void add(struct balance *balance, uint64_t seen, uint64_t outs, uint64_t kernel)
{
	balance->known = true;
	balance->seen += seen;
	balance->lost += outs - seen;
	balance->kernel += kernel;
}

static uint64_t latest(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* What was recorded or lost, and what the kernel counted besides. */
static void add_faults(struct fault_balance *to, uint64_t seen, uint64_t lost, uint64_t kernel,
		       uint64_t unraised)
{
	add(&to->balance, seen, seen + lost, kernel);
	/* counters of a recording may be anything: unsigned, they wrap */
	to->no_event = (int64_t)((uint64_t)to->no_event + kernel - seen - lost);
	to->unraised += unraised;
}

/*
 * Returns whether more faults were seen than the kernel counted. Of a task that lives on, its latest record
 * tells the kernel's count.
 */
static bool check_faults(struct reconciliation *sum, const struct task_entry *task)
{
	const struct task_account *account = &task->account;
	const struct task_figures *seen = &task->figures;
	uint64_t minor = latest(account->last.min_flt, task->min_flt) - account->base.min_flt;
	uint64_t major = latest(account->last.maj_flt, task->maj_flt) - account->base.maj_flt;

	add_faults(&sum->minor, seen->minor, account->lost_minor, minor, account->unraised_minor);
	add_faults(&sum->major, seen->major, account->lost_major, major, account->unraised_major);
	sum->unfinished += account->unfinished;
	return seen->minor + account->lost_minor > minor ||
	       seen->major + account->lost_major > major;
}

/* The queued time that belongs to the recorded span: not that of a stint which is still running. */
static uint64_t wait_of_span(const struct task_entry *task)
{
	if (task->closed && task->on_cpu)
		return task->figures.wait_ns - task->stint_wait_ns;
	return task->figures.wait_ns;
}

static void check(struct reconciliation *sum, struct task_entry *task,
		  const struct run_context *context, bool lossy)
{
	const struct task_account *account = &task->account;
	const struct task_figures *seen = &task->figures;
	uint64_t voluntary = account->last.nvcsw - account->base.nvcsw;
	uint64_t preempted = account->last.nivcsw - account->base.nivcsw;
	uint64_t wait = account->last.run_delay - account->base.run_delay;
	uint64_t outs = account->outs_voluntary + account->outs_preempted;
	bool off;

	task->lost_switches = outs - seen->voluntary - seen->preempted;
	add(&sum->voluntary, seen->voluntary, account->outs_voluntary, voluntary);
	add(&sum->preempted, seen->preempted, account->outs_preempted, preempted);
	add(&sum->switches, seen->voluntary + seen->preempted, outs, voluntary + preempted);
	sum->run_seen_ns += seen->run_ns;
	sum->run_kernel_ns += account->last.sum_exec - account->base.sum_exec;
	if (context->wait_known) {
		sum->wait_seen_ns += wait_of_span(task);
		sum->wait_kernel_ns += wait;
	}
	off = account->outs_voluntary != voluntary || account->outs_preempted != preempted ||
	      seen->voluntary > voluntary || seen->preempted > preempted;
	off |= task->lost_switches && !lossy; /* the hook saw it, no ring lost it: where is it? */
	if (context->faults_measured)
		off |= check_faults(sum, task);
	if (context->wait_known &&
	    !(lossy && (task->lost_switches || task->gaps || task->began_on_cpu)))
		off |= wait_of_span(task) != wait;
	sum->tasks_checked++;
	sum->tasks_off += off;
}

struct reconciliation reconcile(struct tasks *tasks, const struct run_context *context, bool lossy)
{
	struct reconciliation sum = { 0 };

	for (uint32_t i = 1; i < tasks->task_count; i++) {
		struct task_entry *task = &tasks->task[i];

		if (task->ended && !task->past)
			check(&sum, task, context, lossy);
		else if (!context->part_of_time &&
			 task->figures.voluntary + task->figures.preempted + task->figures.minor +
				 task->figures.major)
			sum.tasks_unread++;
		if (!lossy)
			sum.contradictions += task->gaps;
	}
	if (!context->wait_known)
		sum.wait_seen_ns = sum.wait_kernel_ns = NS_UNKNOWN;
	sum.ok = !sum.tasks_off && !sum.tasks_unread && !sum.contradictions;
	return sum;
}
