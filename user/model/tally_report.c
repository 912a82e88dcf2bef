// SPDX-License-Identifier: GPL-2.0
/* tally_report.c - from counts to rows, figures and the balance; see tally_report.h. */
#include "model/tally_report.h"

#include <errno.h>

#include "model/coarse.h"

static enum row_level level_of(unsigned int row)
{
	if (row < ROW_WITH_VIA * VIA_COUNT)
		return row / VIA_COUNT;
	return ROW_WITH_VIA + (row - ROW_WITH_VIA * VIA_COUNT);
}

/* --- one group --- */

static void add_switches(struct task_figures *figures, const struct census_counts *counts,
			 uint64_t probe_ns)
{
	for (unsigned int i = 0; i < ROW_WITH_VIA * VIA_COUNT; i++) {
		const struct row_counts *row = &counts->row[i];

		figures->in[level_of(i)] += row->count;
		figures->migrated += row->migrated;
		figures->wait_ns += row->wait_ns;
		figures->direct_count += row->direct_count;
		figures->direct_ns += census_direct_ns(row, probe_ns);
	}
	figures->run_ns += counts->run_ns;
}

static void add_faults(struct task_figures *figures, const struct census_counts *counts)
{
	figures->minor += census_faults(counts, false);
	figures->major += census_faults(counts, true);
	for (int cause = 0; cause < CAUSES; cause++)
		for (int kind = 0; kind < FAULT_KINDS; kind++)
			for (int major = 0; major < 2; major++)
				figures->fault_ns += counts->fault[cause][kind][major].time_ns;
}

int tally_report_group(struct tasks *tasks, uint32_t first_task, const struct census_group *group,
		       uint64_t probe_ns)
{
	struct task_entry *task = tasks_get(tasks, first_task);

	if (!task)
		return -ENOMEM;
	task->counted = !group->partial;
	add_switches(&task->figures, &group->counts, probe_ns);
	add_faults(&task->figures, &group->counts);
	return 0;
}

/* --- all --- */

static void fill_switches(struct attribution *attribution, const struct census *census)
{
	for (unsigned int i = 0; i < ROW_TABLE; i++) {
		const struct row_counts *from = &census->total.counts.row[i];
		struct switch_row *to = &attribution->row[i];

		to->count = from->count;
		to->voluntary = from->voluntary;
		to->preempted = from->preempted;
		to->migrated = from->migrated;
		to->counted = (struct counted_row){
			.direct_count = from->direct_count,
			.direct_ns = census_direct_ns(from, attribution->probe_ns),
			.wait_ns = from->wait_ns,
			.pick_ns = from->pick_ns,
		};
		attribution->direct_by_level[to->level] += to->counted.direct_ns;
		attribution->priced += from->direct_count;
		attribution->unpriced += from->count - from->direct_count;
	}
	attribution->first_switches = census->total.counts.first_switches;
	attribution->missed = census->missed_ins;
}

static void fill_faults(struct faults *faults, const struct census *census)
{
	for (unsigned int i = 0; i < FAULT_ROW_TABLE; i++) {
		struct fault_row *to = &faults->row[i];
		const struct fault_counts *from =
			&census->total.counts.fault[to->cause][to->kind][to->major];

		if (to->many || to->kernel) /* not told apart: all are in one row */
			continue;
		to->count = from->count;
		to->counted_ns = from->time_ns;
		faults->on_cpu_by_cause[to->cause] += from->time_ns;
	}
}

/* The kernel's own count of a task's switch-outs is exact; a row counts them by who came next. */
static void fill_switch_outs(struct tasks *tasks)
{
	for (uint32_t i = 1; i < tasks->task_count; i++) {
		struct task_entry *task = &tasks->task[i];

		task->uncounted = !task->counted;
		task->figures.voluntary = task->account.outs_voluntary;
		task->figures.preempted = task->account.outs_preempted;
	}
}

void tally_report_fill(struct model *model, const struct census *census)
{
	fill_switches(&model->attribution, census);
	fill_faults(&model->faults, census);
	fill_switch_outs(&model->tasks);
	model->received = census->switches + census_faults(&census->total.counts, false) +
			  census_faults(&census->total.counts, true);
}

static int take_times(struct histogram *to, const struct coarse *from)
{
	for (unsigned int i = 0; i < COARSE_BUCKETS; i++)
		if (histogram_record_n(to, coarse_middle(i), from->bucket[i]))
			return -ENOMEM;
	histogram_set_sum(to, from->sum);
	return 0;
}

int tally_report_times(struct report *report, const struct census *census)
{
	const struct census_times *times = census->total.times;
	int err = 0;

	report->times_complete = times;
	for (int level = 0; times && !err && level < ROW_WITH_VIA; level++) {
		err = take_times(&report->levels[level].direct, &times->direct[level]);
		err = err ?: take_times(&report->levels[level].wait, &times->wait[level]);
	}
	for (int major = 0; times && !err && major < 2; major++)
		err = take_times(&report->fault_times[major], &times->fault[major]);
	return err;
}

/* --- the balance --- */

static void add(struct balance *balance, uint64_t outs, uint64_t kernel)
{
	balance->known = true;
	balance->lost += outs;
	balance->kernel += kernel;
}

static void add_task(struct reconciliation *sum, const struct task_entry *task)
{
	const struct task_account *account = &task->account;
	uint64_t voluntary = account->last.nvcsw - account->base.nvcsw;
	uint64_t preempted = account->last.nivcsw - account->base.nivcsw;

	add(&sum->voluntary, account->outs_voluntary, voluntary);
	add(&sum->preempted, account->outs_preempted, preempted);
	add(&sum->minor.balance, 0, account->last.min_flt - account->base.min_flt);
	add(&sum->major.balance, 0, account->last.maj_flt - account->base.maj_flt);
	sum->minor.unraised += account->unraised_minor;
	sum->major.unraised += account->unraised_major;
	sum->unfinished += account->unfinished;
	sum->run_kernel_ns += account->last.sum_exec - account->base.sum_exec;
	sum->wait_kernel_ns += account->last.run_delay - account->base.run_delay;
	sum->tasks_checked++;
	sum->tasks_off += account->outs_voluntary != voluntary ||
			  account->outs_preempted != preempted;
}

/* The hooks' own number, in `lost` so far, less what is in the rows. */
static bool close_switches(struct balance *balance, uint64_t seen)
{
	balance->seen = seen;
	balance->lost -= seen;
	return balance->lost == 0 && seen == balance->kernel;
}

/* What the kernel counted without an event cannot be negative. */
static bool close_faults(struct fault_balance *faults, const struct census *census, bool major)
{
	faults->balance.seen = census_faults(&census->total.counts, major);
	faults->no_event = (int64_t)(faults->balance.kernel - faults->balance.seen);
	return faults->no_event >= 0;
}

static void close_wait(struct reconciliation *sum, const struct run_context *context,
		       const struct census *census)
{
	sum->wait_seen_ns = census->missed_wait_ns - census->open_wait_ns;
	for (int i = 0; i < COUNT_ROWS; i++)
		sum->wait_seen_ns += census->total.counts.row[i].wait_ns;
	if (!context->wait_known)
		sum->wait_seen_ns = sum->wait_kernel_ns = NS_UNKNOWN;
}

/* Of all tasks whose last counters have come. Whether some of them live on. */
static bool add_tasks(struct reconciliation *sum, const struct tasks *tasks)
{
	bool closed = false;

	for (uint32_t i = 1; i < tasks->task_count; i++) {
		const struct task_entry *task = &tasks->task[i];

		closed |= task->closed;
		if (task->ended)
			add_task(sum, task);
		else
			sum->tasks_unread += task->known;
	}
	return closed;
}

/* What the rows say: whether all of it is what the hooks counted of each task, and the kernel. */
static bool close_rows(struct reconciliation *sum, const struct row_counts *row)
{
	uint64_t voluntary = 0, preempted = 0;
	bool ok;

	for (int i = 0; i < COUNT_ROWS; i++) {
		voluntary += row[i].voluntary;
		preempted += row[i].preempted;
	}
	ok = close_switches(&sum->voluntary, voluntary);
	ok &= close_switches(&sum->preempted, preempted);
	sum->switches = (struct balance){ .seen = voluntary + preempted,
					  .lost = sum->voluntary.lost + sum->preempted.lost,
					  .kernel = sum->voluntary.kernel + sum->preempted.kernel,
					  .known = sum->voluntary.known };
	return ok;
}

struct reconciliation tally_report_reconcile(const struct tasks *tasks,
					     const struct run_context *context,
					     const struct census *census)
{
	struct reconciliation sum = { 0 };
	bool closed = add_tasks(&sum, tasks);
	bool ok = close_rows(&sum, census->total.counts.row);

	sum.run_seen_ns = census->total.counts.run_ns;
	close_wait(&sum, context, census);
	ok &= sum.wait_seen_ns == sum.wait_kernel_ns;
	if (context->faults_measured) {
		ok &= close_faults(&sum.minor, census, false) || closed;
		ok &= close_faults(&sum.major, census, true) || closed;
	}
	/* of a task that lives on only its records tell the kernel's count at its latest fault */
	if (!context->faults_measured || closed)
		sum.minor.balance.known = sum.major.balance.known = false;
	sum.ok = ok && !sum.tasks_off && !sum.tasks_unread;
	return sum;
}
