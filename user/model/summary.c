// SPDX-License-Identifier: GPL-2.0
/* summary.c - turns the model's tables into the sums and orders of struct report. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/model_internal.h"
#include "model/tally_report.h"

const char *row_level_name(enum row_level level)
{
	static const char *const name[ROW_LEVELS] = {
		[ROW_RESUME] = "resume",   [ROW_THREAD] = "thread", [ROW_PROCESS] = "process",
		[ROW_EXITING] = "exiting", [ROW_IDLE] = "idle",	    [ROW_KERNEL] = "kernel",
		[ROW_FOREIGN] = "foreign", [ROW_OTHER] = "other",
	};

	return level < ROW_LEVELS ? name[level] : "unknown";
}

const char *switch_via_name(int via)
{
	static const char *const name[VIA_COUNT] = { "direct", "idle", "kernel" };

	return via >= 0 && via < VIA_COUNT ? name[via] : NULL;
}

const char *workload_level_name(enum workload_level level)
{
	static const char *const name[] = { "single", "thread-level", "process-level", "hybrid" };

	return level < WORKLOAD_UNKNOWN ? name[level] : NULL;
}

const char *created_as_name(enum created_as created)
{
	static const char *const name[CREATED_KINDS] = { "root", "process", "thread", "vfork",
							 "before" };

	return created < CREATED_KINDS ? name[created] : "unknown";
}

const char *fault_kind_name(enum fault_kind kind)
{
	static const char *const name[FAULT_KINDS] = {
		[FAULT_FIRST_TOUCH] = "first-touch",
		[FAULT_ZERO_READ] = "zero-read",
		[FAULT_COW_FORK] = "cow-fork",
		[FAULT_COW_FILE] = "cow-file",
		[FAULT_OF_FILE] = "file",
		[FAULT_OF_SHMEM] = "shmem",
		[FAULT_SWAP_IN] = "swap-in",
		[FAULT_WRITE_PROTECT] = "write-protect",
		[FAULT_RACED] = "raced",
		[FAULT_OTHER] = "other",
	};

	return kind < FAULT_KINDS ? name[kind] : "unknown";
}

const char *fault_cause_name(enum fault_cause cause)
{
	static const char *const name[CAUSES] = { "process", "thread", "work", "unknown" };

	return cause < CAUSES ? name[cause] : "unknown";
}

/* As enum tlb_flush_reason numbers them: include/linux/mm_types.h. */
const char *tlb_reason_name(int reason)
{
	static const char *const name[TLB_REASONS] = {
		"task-switch",	   "remote-shootdown", "local-shootdown", "local-mm-shootdown",
		"remote-send-ipi", "remote-wrong-cpu", "reason-6",	  "reason-7",
	};

	return reason >= 0 && reason < TLB_REASONS ? name[reason] : "unknown";
}

const char *region_class_name(enum region_class class)
{
	static const char *const name[REGION_CLASSES] = {
		[REGION_UNKNOWN] = "unknown",
		[REGION_PROGRAM] = "program",
		[REGION_FILE] = "file",
		[REGION_SHARED_FILE] = "shared file",
		[REGION_HEAP] = "heap",
		[REGION_STACK] = "stack",
		[REGION_THREAD_STACK] = "thread stack",
		[REGION_ANONYMOUS] = "anonymous",
		[REGION_SHARED_MEMORY] = "shared memory",
		[REGION_SPECIAL] = "vdso",
	};

	return class < REGION_CLASSES ? name[class] : "unknown";
}

static int by_ref(const void *a, const void *b)
{
	const struct foreign_name *x = a, *y = b;

	return x->ref < y->ref ? -1 : x->ref > y->ref;
}

const char *report_comm(const struct report *report, uint32_t ref)
{
	struct foreign_name key = { .ref = ref };
	const struct foreign_name *found;

	if (TASK_CLASS(ref) == TASK_IDLE)
		return "idle";
	if (TASK_CLASS(ref) == TASK_TARGET) {
		const struct task_entry *task =
			TASK_ID(ref) < report->task_count ? &report->tasks[TASK_ID(ref)] : NULL;

		return task && task->comm[0] ? task->comm : NULL;
	}
	if (!report->name_count)
		return NULL;
	found = bsearch(&key, report->names, report->name_count, sizeof(key), by_ref);
	return found ? found->comm : NULL;
}

void task_figures_add(struct task_figures *sum, const struct task_figures *one)
{
	for (int i = 0; i < ROW_WITH_VIA; i++)
		sum->in[i] += one->in[i];
	sum->voluntary += one->voluntary;
	sum->preempted += one->preempted;
	sum->migrated += one->migrated;
	sum->run_ns += one->run_ns;
	sum->off_ns += one->off_ns;
	sum->wait_ns += one->wait_ns;
	sum->direct_ns += one->direct_ns;
	sum->direct_count += one->direct_count;
	sum->minor += one->minor;
	sum->major += one->major;
	sum->fault_ns += one->fault_ns;
}

static void add_tlb(struct task_tlb *sum, const struct task_tlb *one)
{
	sum->sent += one->sent;
	sum->sent_all += one->sent_all;
	sum->sent_pages += one->sent_pages;
	sum->received += one->received;
	sum->received_ns += one->received_ns;
}

static uint64_t outs(const struct task_figures *figures)
{
	return figures->voluntary + figures->preempted;
}

/* Whether a process has figures: by thread, if all of its tasks have; by process, if one has those of all. */
static void count_in(const struct model *model, const struct task_entry *task,
		     struct process_entry *process)
{
	if (!model->no_records || model->census->by == GROUP_BY_THREAD)
		process->uncounted |= task->uncounted;
	else
		process->uncounted &= !task->counted;
}

static void sum_processes(struct model *model)
{
	struct tasks *tasks = &model->tasks;

	for (uint32_t i = 0; i < tasks->process_count; i++)
		tasks->process[i].uncounted = model->no_records &&
					      model->census->by != GROUP_BY_THREAD;
	for (uint32_t i = 1; i < tasks->task_count; i++) {
		const struct task_entry *task = &tasks->task[i];
		struct process_entry *process = &tasks->process[task->process];

		task_figures_add(&process->figures, &task->figures);
		count_in(model, task, process);
		if (task->ended && !task->past) {
			process->disturbed += task->account.tlb.received != 0;
			model->report.disturbed += task->account.tlb.received != 0;
			add_tlb(&process->tlb, &task->account.tlb);
			add_tlb(&model->report.tlb, &task->account.tlb);
		}
		if (task->process == PROCESS_UNKNOWN && outs(&task->figures))
			process->threads++;
	}
}

static void list_rows(struct model *model)
{
	struct report *report = &model->report;

	for (unsigned int i = 0; i < ROW_TABLE; i++) {
		const struct switch_row *row = &model->attribution.row[i];

		if (!row->count)
			continue;
		model->rows[report->row_count++] = *row;
		report->switches += row->count;
	}
	report->rows = model->rows;
	report->missed_ins = model->attribution.missed;
	report->began_on_cpu = model->attribution.began_on_cpu;
	report->first_switches = model->attribution.first_switches;
}

static int list_levels(struct model *model)
{
	struct report *report = &model->report;
	int err = 0;

	for (unsigned int i = 0; !err && i < ROW_WITH_VIA * VIA_COUNT; i++) {
		const struct switch_row *row = &model->attribution.row[i];
		struct level_row *level = &report->levels[row->level];

		level->count += row->count;
		err = histogram_merge(&level->direct, &row->direct);
		err = err ?: histogram_merge(&level->wait, &row->wait);
	}
	if (!err && model->no_records)
		err = tally_report_times(report, model->census);
	return err;
}

static void sum_faulting(struct model *model)
{
	const struct faults *from = &model->faults;
	struct tax *tax = &model->report.tax;

	for (int cause = 0; cause < CAUSES; cause++) {
		tax->faulting_by_cause[cause] = from->on_cpu_by_cause[cause];
		tax->faulting_ns += from->on_cpu_by_cause[cause];
	}
	if (!model->report.context.faults_measured || !model->report.context.fault_end)
		tax->faulting_ns = NS_UNKNOWN;
}

/* Of a part of the time also that of tasks whose account is of more. */
static uint64_t waited(const struct model *model)
{
	const struct report *report = &model->report;
	uint64_t sum = 0;

	if (!report->context.part_of_time || !report->context.wait_known)
		return report->reconcile.wait_seen_ns;
	for (uint32_t i = 0; i < model->tasks.process_count; i++)
		sum += model->tasks.process[i].figures.wait_ns;
	return sum;
}

static void sum_tax(struct model *model)
{
	const struct attribution *from = &model->attribution;
	struct report *report = &model->report;
	struct tax *tax = &report->tax;

	for (uint32_t i = 0; i < model->tasks.process_count; i++)
		tax->run_ns += model->tasks.process[i].figures.run_ns;
	for (int level = 0; level < ROW_LEVELS; level++) {
		tax->switching_by_level[level] = from->direct_by_level[level];
		tax->switching_ns += from->direct_by_level[level];
	}
	tax->unpriced = from->unpriced;
	tax->waiting_ns = waited(model);
	tax->share = NAN;
	sum_faulting(model);
	if (!report->context.direct_end || (!from->priced && from->unpriced))
		tax->switching_ns = NS_UNKNOWN;
	else if (tax->run_ns)
		tax->share = (double)(tax->switching_ns +
				      (tax->faulting_ns == NS_UNKNOWN ? 0 : tax->faulting_ns)) /
			     (double)tax->run_ns;
}

static int by_cause_and_count(const void *a, const void *b)
{
	const struct fault_row *x = a, *y = b;

	if (x->cause != y->cause)
		return (int)x->cause - (int)y->cause;
	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	if (x->kind != y->kind)
		return (int)x->kind - (int)y->kind;
	return 4 * (x->many - y->many) + 2 * (x->major - y->major) + (x->kernel - y->kernel);
}

static int list_fault_rows(struct model *model)
{
	struct report *report = &model->report;

	model->fault_rows = calloc(FAULT_ROW_TABLE, sizeof(*model->fault_rows));
	if (!model->fault_rows)
		return -ENOMEM;
	for (unsigned int i = 0; i < FAULT_ROW_TABLE; i++) {
		const struct fault_row *row = &model->faults.row[i];

		if (!row->count)
			continue;
		model->fault_rows[report->fault_row_count++] = *row;
		report->faults += row->count;
	}
	qsort(model->fault_rows, report->fault_row_count, sizeof(*model->fault_rows),
	      by_cause_and_count);
	report->fault_rows = model->fault_rows;
	report->debt_children = model->faults.children;
	report->debt_parents = model->faults.parents;
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const struct region_row *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns > y->time_ns ? -1 : 1;
	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	if (x->class != y->class)
		return (int)x->class - (int)y->class;
	return strcmp(x->name, y->name);
}

static int list_regions(struct model *model)
{
	const struct faults *from = &model->faults;
	size_t room = 1, count = 0;

	for (int class = 0; class < REGION_CLASSES; class ++)
		room += from->file_room[class];
	model->regions = calloc(room, sizeof(*model->regions));
	if (!model->regions)
		return -ENOMEM;
	for (int class = 0; class < REGION_CLASSES; class ++) {
		for (uint32_t id = 0; id < from->file_room[class]; id++) {
			const struct region_sum *sum = &from->file[class][id];

			if (sum->count)
				model->regions[count++] = (struct region_row){
					class,	      id ? model->spaces.names.name[id].text : "",
					sum->count,   sum->major,
					sum->time_ns,
				};
		}
	}
	qsort(model->regions, count, sizeof(*model->regions), by_time);
	model->report.regions = model->regions;
	model->report.region_count = count;
	return 0;
}

struct ranked {
	uint64_t weight, weight2;
	uint32_t index;
};

static int by_weight(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	if (x->weight2 != y->weight2)
		return x->weight2 > y->weight2 ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* Sorts and strips the weights: the indices alone, in a new array. NULL: no memory. */
static uint32_t *indices_of(struct ranked *ranked, uint32_t count)
{
	uint32_t *index = calloc(count + 1, sizeof(*index));

	if (!index)
		return NULL;
	qsort(ranked, count, sizeof(*ranked), by_weight);
	for (uint32_t i = 0; i < count; i++)
		index[i] = ranked[i].index;
	return index;
}

static int rank_tasks(struct model *model)
{
	const struct tasks *tasks = &model->tasks;
	struct ranked *ranked = calloc(tasks->task_count, sizeof(*ranked));
	uint32_t count = 0;

	if (!ranked)
		return -ENOMEM;
	for (uint32_t i = 1; i < tasks->task_count; i++) {
		const struct task_figures *figures = &tasks->task[i].figures;

		if ((tasks->task[i].known && !tasks->task[i].aside) || outs(figures))
			ranked[count++] = (struct ranked){ outs(figures), figures->run_ns, i };
	}
	model->tasks_by_switches = indices_of(ranked, count);
	model->report.tasks_by_switches = model->tasks_by_switches;
	model->report.thread_count = count;
	free(ranked);
	return model->tasks_by_switches ? 0 : -ENOMEM;
}

static int rank_processes(struct model *model)
{
	const struct tasks *tasks = &model->tasks;
	struct ranked *ranked = calloc(tasks->process_count, sizeof(*ranked));
	uint32_t count = 0;

	if (!ranked)
		return -ENOMEM;
	for (uint32_t i = 0; i < tasks->process_count; i++) {
		const struct process_entry *process = &tasks->process[i];

		if (process->threads)
			ranked[count++] = (struct ranked){ outs(&process->figures),
							   process->figures.run_ns, i };
	}
	model->processes_by_switches = indices_of(ranked, count);
	model->report.processes_by_switches = model->processes_by_switches;
	model->report.process_count = count;
	free(ranked);
	return model->processes_by_switches ? 0 : -ENOMEM;
}

static int by_count(const void *a, const void *b)
{
	const struct switch_pair *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	if (x->prev != y->prev)
		return x->prev < y->prev ? -1 : 1;
	if (x->next != y->next)
		return x->next < y->next ? -1 : 1;
	return (int)x->level - (int)y->level;
}

static int list_pairs(struct model *model)
{
	const struct pairs *from = &model->attribution.pairs;
	struct report *report = &model->report;
	size_t count = 0;

	model->pairs = calloc(from->used + 1, sizeof(*model->pairs));
	if (!model->pairs)
		return -ENOMEM;
	for (size_t i = 0; i < from->room; i++) {
		const struct pair *pair = &from->slot[i];

		if (pair->count)
			model->pairs[count++] = (struct switch_pair){ pair->from, pair->to,
								      pair->kind, pair->count };
	}
	qsort(model->pairs, count, sizeof(*model->pairs), by_count);
	report->pairs = model->pairs;
	report->pair_count = count;
	report->pairs_folded = from->folded;
	return 0;
}

static int by_names(const void *a, const void *b)
{
	const struct name_pair *x = a, *y = b;
	int order = strcmp(x->prev, y->prev) ?: strcmp(x->next, y->next);

	if (order)
		return order;
	if (x->prev_foreign != y->prev_foreign)
		return x->prev_foreign ? 1 : -1;
	return (int)x->level - (int)y->level;
}

static int by_name_count(const void *a, const void *b)
{
	const struct name_pair *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return by_names(a, b);
}

static void set_comm(char to[EVENT_COMM_LEN + 1], const struct report *report, uint32_t ref)
{
	snprintf(to, EVENT_COMM_LEN + 1, "%s", report_comm(report, ref) ?: "");
}

/* The task pairs summed by name: sort, then fold neighbours. */
static int list_name_pairs(struct model *model)
{
	struct report *report = &model->report;
	struct name_pair *list = calloc(report->pair_count + 1, sizeof(*list));
	size_t kept = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < report->pair_count; i++) {
		const struct switch_pair *pair = &report->pairs[i];

		set_comm(list[i].prev, report, pair->prev);
		set_comm(list[i].next, report, pair->next);
		list[i].prev_foreign = TASK_CLASS(pair->prev) != TASK_TARGET;
		list[i].level = pair->level;
		list[i].count = pair->count;
		list[i].pairs = 1;
	}
	qsort(list, report->pair_count, sizeof(*list), by_names);
	for (size_t i = 0; i < report->pair_count; i++) {
		if (kept && !by_names(&list[kept - 1], &list[i])) {
			list[kept - 1].count += list[i].count;
			list[kept - 1].pairs++;
		} else {
			list[kept++] = list[i];
		}
	}
	qsort(list, kept, sizeof(*list), by_name_count);
	model->name_pairs = list;
	report->name_pairs = list;
	report->name_pair_count = kept;
	return 0;
}

static int by_wake_names(const void *a, const void *b)
{
	const struct wake_pair *x = a, *y = b;
	int order = strcmp(x->waker, y->waker) ?: strcmp(x->wakee, y->wakee);

	return order ?: (int)x->waker_class - (int)y->waker_class;
}

static int by_wake_count(const void *a, const void *b)
{
	const struct wake_pair *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return by_wake_names(a, b);
}

static int list_wake_pairs(struct model *model)
{
	const struct pairs *from = &model->attribution.wakes;
	struct report *report = &model->report;
	struct wake_pair *list = calloc(from->used + 1, sizeof(*list));
	size_t count = 0, kept = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < from->room; i++) {
		if (!from->slot[i].count)
			continue;
		set_comm(list[count].waker, report, from->slot[i].from);
		set_comm(list[count].wakee, report, from->slot[i].to);
		list[count].waker_class = TASK_CLASS(from->slot[i].from);
		list[count++].count = from->slot[i].count;
	}
	qsort(list, count, sizeof(*list), by_wake_names);
	for (size_t i = 0; i < count; i++) {
		if (kept && !by_wake_names(&list[kept - 1], &list[i]))
			list[kept - 1].count += list[i].count;
		else
			list[kept++] = list[i];
	}
	qsort(list, kept, sizeof(*list), by_wake_count);
	model->wake_pairs = list;
	report->wake_pairs = list;
	report->wake_pair_count = kept;
	return 0;
}

static void sort_names(struct model *model)
{
	strangers_fold(&model->strangers);
	model->report.names = model->strangers.name;
	model->report.name_count = model->strangers.count;
}

static bool is_complete(const struct report *report)
{
	const struct losses *lost = &report->lost;

	return !lost->switches && !lost->waking && !lost->shootdowns && !lost->faults &&
	       !lost->lifecycle && !lost->untracked && !lost->recursion && !lost->unknown &&
	       !report->context.partial_why;
}

int summary_make(struct model *model)
{
	struct report *report = &model->report;
	const struct tasks *tasks = &model->tasks;

	sort_names(model);
	report->tasks = tasks->task;
	report->task_count = tasks->task_count;
	report->processes = tasks->process;
	report->peak_tasks = tasks->peak;
	memcpy(report->created, tasks->created, sizeof(report->created));
	report->execs = tasks->execs;
	report->exits = tasks->exits;
	report->complete = is_complete(report);
	sum_processes(model);
	list_rows(model);
	sum_tax(model);
	if (list_levels(model) || rank_tasks(model) || rank_processes(model) || list_pairs(model) ||
	    list_name_pairs(model) || list_wake_pairs(model) || list_fault_rows(model) ||
	    list_regions(model) || memory_report(&model->memory, &model->tasks, report))
		return -ENOMEM;
	return 0;
}

void summary_free(struct model *model)
{
	free(model->processes_by_switches);
	free(model->tasks_by_switches);
	free(model->pairs);
	free(model->name_pairs);
	free(model->wake_pairs);
	free(model->fault_rows);
	free(model->regions);
	for (int level = 0; level < ROW_WITH_VIA; level++) {
		histogram_free(&model->report.levels[level].direct);
		histogram_free(&model->report.levels[level].wait);
	}
	for (int major = 0; major < 2; major++)
		histogram_free(&model->report.fault_times[major]);
}
