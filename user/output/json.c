// SPDX-License-Identifier: GPL-2.0
/* json.c - builds the JSON form of a report; see json.h. */
#include "output/json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "output/json_counts.h"
#include "output/json_faults.h"
#include "output/json_timeline.h"
#include "output/json_values.h"

#define PAIRS_SHOWN 200 /* the busiest; pairs_total counts them all */

static json_t *exit_of(const struct run_context *context)
{
	return json_pack("{s:o, s:o}", "code",
			 context->exit_code < 0 ? json_null() : json_integer(context->exit_code),
			 "signal",
			 context->exit_signal ? json_integer(context->exit_signal) : json_null());
}

static json_t *host(const struct run_context *context)
{
	return json_pack("{s:o, s:o, s:i, s:o}", "kernel", value_text(context->kernel), "arch",
			 value_text(context->arch), "cpus", (int)context->cpus, "model",
			 value_text(context->cpu_model));
}

static json_t *features(const struct run_context *context)
{
	json_t *off = json_object();

	for (size_t i = 0; context->hooks_off && context->hooks_off[i]; i++)
		value_set(&off, context->hooks_off[i], value_text(context->hooks_off_why[i]));
	return json_pack("{s:o, s:o}", "attached", value_texts(context->hooks), "off", off);
}

static json_t *events(const struct report *report)
{
	const struct losses *lost = &report->lost;
	json_t *classes = json_pack(
		"{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "switch",
		value_count(lost->switches), "shootdown", value_count(lost->shootdowns), "waking",
		value_count(lost->waking), "fault", value_count(lost->faults), "mapping",
		value_count(lost->mappings), "lifecycle", value_count(lost->lifecycle), "untracked",
		value_count(lost->untracked), "recursion", value_count(lost->recursion), "unknown",
		value_count(lost->unknown));

	return json_pack("{s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o}", "received",
			 value_count(report->received), "lost", classes, "complete",
			 report->complete, "partial_because",
			 value_text(report->context.partial_why), "late", value_count(report->late),
			 "unseen_switches", value_count(lost->unseen), "unseen_faults",
			 report->context.faults_measured ? value_count(lost->unseen_faults) :
							   json_null(),
			 "missed_switch_ins", value_count(report->missed_ins), "began_on_cpu",
			 value_count(report->began_on_cpu));
}

static json_t *balance(const struct balance *balance)
{
	return json_pack("{s:o, s:o, s:o}", "seen", value_count(balance->seen), "lost",
			 value_count(balance->lost), "kernel",
			 balance->known ? value_count(balance->kernel) : json_null());
}

/* Faults of one severity; null when they are not traced. */
static json_t *fault_balance(const struct report *report, const struct fault_balance *b)
{
	if (!report->context.faults_measured)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o}", "seen", value_count(b->balance.seen), "lost",
			 value_count(b->balance.lost), "no_event",
			 b->balance.known ? json_integer(b->no_event) : json_null(), "kernel",
			 b->balance.known ? value_count(b->balance.kernel) : json_null());
}

static json_t *reconcile(const struct report *report)
{
	const struct reconciliation *r = &report->reconcile;

	return json_pack(
		"{s:o, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o}, s:{s:o, s:o}, s:o, s:o, s:o, "
		"s:o, s:b}",
		"switches", balance(&r->switches), "voluntary", balance(&r->voluntary), "preempted",
		balance(&r->preempted), "minor_faults", fault_balance(report, &r->minor),
		"major_faults", fault_balance(report, &r->major), "unfinished_faults",
		report->context.faults_measured ? value_count(r->unfinished) : json_null(),
		"wait_ns", "seen", value_ns(r->wait_seen_ns), "kernel", value_ns(r->wait_kernel_ns),
		"run_ns", "seen", value_ns(r->run_seen_ns), "kernel", value_ns(r->run_kernel_ns),
		"tasks_checked", value_count(r->tasks_checked), "tasks_with_difference",
		value_count(r->tasks_off), "tasks_unread", value_count(r->tasks_unread),
		"contradictions", value_count(r->contradictions), "ok", r->ok);
}

static json_t *crashed(const struct report *report)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < report->process_count; i++) {
		const struct process_entry *p =
			&report->processes[report->processes_by_switches[i]];

		if (!p->crashed_by)
			continue;
		value_append(&array, json_pack("{s:i, s:o, s:i, s:i}", "pid", (int)p->tgid, "comm",
					       value_text(p->comm), "signal", (int)p->crashed_by,
					       "tasks_lost", (int)p->tasks_lost));
	}
	return array;
}

static json_t *tasks(const struct report *report)
{
	json_t *created = json_pack("{s:o, s:o, s:o}", "process",
				    value_count(report->created[CREATED_PROCESS]), "thread",
				    value_count(report->created[CREATED_THREAD]), "vfork",
				    value_count(report->created[CREATED_VFORK]));

	return json_pack("{s:i, s:i, s:i, s:o, s:o, s:o, s:o}", "processes",
			 (int)report->process_count, "threads", (int)report->thread_count,
			 "peak_tasks", (int)report->peak_tasks, "created", created, "execs",
			 value_count(report->execs), "exits", value_count(report->exits), "crashed",
			 crashed(report));
}

static json_t *workload(const struct report *report)
{
	json_t *reasons = json_array();

	for (unsigned int i = 0; i < report->reason_count; i++)
		value_append(&reasons, value_text(report->reasons[i]));
	return json_pack("{s:o, s:o}", "level", value_text(workload_level_name(report->workload)),
			 "reasons", reasons);
}

/* One of a row's three: its distribution, or, where only the kernel has counted, its sum. */
static json_t *row_times(const struct report *report, const struct histogram *histogram,
			 uint64_t count, uint64_t sum)
{
	return report->context.no_records ? value_sum(count, sum) : value_distribution(histogram);
}

static json_t *row_flushes(const struct report *report, const struct switch_row *row)
{
	if (!report->context.tlb_switch || report->context.no_records)
		return json_null();
	return json_pack("{s:o, s:o}", "flushed", value_count(row->tlb_flushed), "reused",
			 value_count(row->tlb_reused));
}

static json_t *switches(const struct report *report)
{
	json_t *array = json_array();

	for (unsigned int i = 0; i < report->row_count; i++) {
		const struct switch_row *row = &report->rows[i];
		const struct counted_row *counted = &row->counted;
		uint64_t waits = row->level < ROW_WITH_VIA ? row->count : 0;
		json_t *pick = json_null(), *wait = json_null();

		if (report->context.pick_measured)
			pick = row_times(report, &row->pick, row->count, counted->pick_ns);
		if (report->context.wait_known)
			wait = row_times(report, &row->wait, waits, counted->wait_ns);
		value_append(&array, json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
					       "level", row_level_name(row->level), "via",
					       value_text(switch_via_name(row->via)), "count",
					       value_count(row->count), "voluntary",
					       value_count(row->voluntary), "preempted",
					       value_count(row->preempted), "migrated",
					       value_count(row->migrated), "direct_ns",
					       row_times(report, &row->direct,
							 counted->direct_count, counted->direct_ns),
					       "pick_ns", pick, "wait_ns", wait, "tlb",
					       row_flushes(report, row)));
	}
	return array;
}

static json_t *levels(const struct task_figures *figures)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "resume", value_count(figures->in[ROW_RESUME]),
			 "thread", value_count(figures->in[ROW_THREAD]), "process",
			 value_count(figures->in[ROW_PROCESS]), "exiting",
			 value_count(figures->in[ROW_EXITING]));
}

/* Aggregate mode had no room for them. */
static void add_unknown_figures(json_t **object, const struct task_figures *figures)
{
	static const char *const unknown[] = { "switches",     "migrated",     "run_ns",
					       "off_ns",       "wait_ns",      "direct_ns",
					       "minor_faults", "major_faults", "fault_ns" };

	value_set(object, "voluntary", value_count(figures->voluntary));
	value_set(object, "preempted", value_count(figures->preempted));
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		value_set(object, unknown[i], json_null());
}

/* Adds what a task and a process have in common. */
static void add_figures(json_t **object, const struct report *report,
			const struct task_figures *figures, bool uncounted)
{
	const struct run_context *context = &report->context;
	json_t *direct =
		json_pack("{s:o, s:o}", "count", value_count(figures->direct_count), "sum",
			  figures->direct_count ? value_count(figures->direct_ns) : json_null());

	if (uncounted) {
		json_decref(direct);
		add_unknown_figures(object, figures);
		return;
	}
	value_set(object, "switches", levels(figures));
	value_set(object, "voluntary", value_count(figures->voluntary));
	value_set(object, "preempted", value_count(figures->preempted));
	value_set(object, "migrated", value_count(figures->migrated));
	value_set(object, "run_ns", value_count(figures->run_ns));
	value_set(object, "off_ns",
		  context->no_records ? json_null() : value_count(figures->off_ns));
	value_set(object, "wait_ns",
		  context->wait_known ? value_count(figures->wait_ns) : json_null());
	value_set(object, "direct_ns", direct);
	value_set(object, "minor_faults",
		  context->faults_measured ? value_count(figures->minor) : json_null());
	value_set(object, "major_faults",
		  context->faults_measured ? value_count(figures->major) : json_null());
	value_set(object, "fault_ns",
		  context->faults_measured && context->fault_end ? value_count(figures->fault_ns) :
								   json_null());
}

/* Seen against kernel for one task; null when its counters never came. */
static json_t *task_reconcile(const struct task_entry *task)
{
	const struct task_account *account = &task->account;

	if (!task->ended)
		return json_null();
	return json_pack("{s:o, s:o, s:o}", "kernel_voluntary",
			 value_count(account->last.nvcsw - account->base.nvcsw), "kernel_preempted",
			 value_count(account->last.nivcsw - account->base.nivcsw), "lost",
			 value_count(task->lost_switches));
}

static json_t *task_object(const struct report *report, const struct task_entry *task)
{
	json_t *object = json_pack(
		"{s:o, s:o, s:o, s:s, s:o, s:b, s:o, s:o}", "pid", value_number(task->pid),
		"kernel_pid", value_number(task->kernel_pid), "comm", value_text(task->comm),
		"created", task->known ? created_as_name(task->created) : "unknown",
		"address_space", value_number(task->mm), "alive_at_end", task->closed,
		"exit_status", task->exited ? json_integer(task->exit_code) : json_null(),
		"reconcile", task_reconcile(task));

	add_figures(&object, report, &task->figures, task->uncounted);
	return object;
}

static json_t *process_object(const struct report *report, uint32_t index, json_t *members)
{
	const struct process_entry *process = &report->processes[index];
	uint32_t parent = process->parent == index ? 0 : report->processes[process->parent].tgid;
	json_t *object = json_pack(
		"{s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:i, s:b, s:o}", "pid",
		value_number(process->tgid), "kernel_pid", value_number(process->kernel_tgid),
		"comm", value_text(process->comm), "parent", value_number(parent), "created",
		process->tgid ? created_as_name(process->created) : "unknown", "address_space",
		value_number(process->mm), "level", value_text(process->level), "threads",
		(int)process->threads, "exited", process->exited, "tasks", members);

	value_set(&object, "fork_debt", section_debt(report, &process->debt_own));
	value_set(&object, "fork_debt_of_parent", section_debt(report, &process->debt_parent));
	value_set(&object, "shootdowns",
		  section_shootdowns(&report->context, &process->tlb, process->disturbed));
	add_figures(&object, report, &process->figures, process->uncounted);
	return object;
}

static const char *class_name(enum task_class class)
{
	static const char *const name[] = { "target", "foreign", "kernel", "idle" };

	return name[class];
}

static json_t *side(const struct report *report, uint32_t ref)
{
	uint32_t id = TASK_ID(ref);
	bool target = TASK_CLASS(ref) == TASK_TARGET;
	json_t *pid = value_count(id);

	if (target) {
		json_decref(pid);
		pid = value_number(id < report->task_count ? report->tasks[id].pid : 0);
	}
	return json_pack("{s:o, s:o, s:s}", "pid", pid, "comm",
			 value_text(report_comm(report, ref)), "class",
			 class_name(TASK_CLASS(ref)));
}

static json_t *pairs(const struct report *report)
{
	json_t *array = json_array();

	for (size_t i = 0; i < report->pair_count && i < PAIRS_SHOWN; i++) {
		const struct switch_pair *pair = &report->pairs[i];

		value_append(&array,
			     json_pack("{s:o, s:o, s:s, s:o}", "prev", side(report, pair->prev),
				       "next", side(report, pair->next), "level",
				       row_level_name(pair->level), "count",
				       value_count(pair->count)));
	}
	return array;
}

static json_t *pair_total(const struct report *report)
{
	uint64_t sum = report->pairs_folded;

	for (size_t i = 0; i < report->pair_count; i++)
		sum += report->pairs[i].count;
	return json_pack("{s:o, s:o, s:o}", "pairs", value_count(report->pair_count), "switches",
			 value_count(sum), "folded", value_count(report->pairs_folded));
}

static json_t *wakers(const struct report *report)
{
	json_t *array;

	if (!report->context.waking_measured)
		return json_null();
	array = json_array();
	for (size_t i = 0; i < report->wake_pair_count; i++) {
		const struct wake_pair *pair = &report->wake_pairs[i];

		value_append(&array,
			     json_pack("{s:o, s:s, s:o, s:o}", "waker",
				       value_text(pair->waker[0] ? pair->waker : NULL),
				       "waker_class", class_name(pair->waker_class), "wakee",
				       value_text(pair->wakee[0] ? pair->wakee : NULL), "count",
				       value_count(pair->count)));
	}
	return array;
}

static json_t *tax(const struct report *report)
{
	const struct tax *t = &report->tax;
	json_t *by_level = json_object(), *by_cause = json_object();

	for (int level = 0; level < ROW_LEVELS; level++)
		value_set(&by_level, row_level_name(level),
			  t->switching_ns == NS_UNKNOWN ?
				  json_null() :
				  value_count(t->switching_by_level[level]));
	for (int cause = 0; cause < CAUSES; cause++)
		value_set(&by_cause, fault_cause_name(cause),
			  t->faulting_ns == NS_UNKNOWN ? json_null() :
							 value_count(t->faulting_by_cause[cause]));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "run_ns",
			 value_ns(t->run_ns), "switching_ns", value_ns(t->switching_ns),
			 "switching_by_level_ns", by_level, "faulting_ns", value_ns(t->faulting_ns),
			 "faulting_by_level_ns", by_cause, "creating_ns", json_null(), "waiting_ns",
			 value_ns(t->waiting_ns), "unpriced_switches", value_count(t->unpriced),
			 "share", isnan(t->share) ? json_null() : json_real(t->share));
}

static json_t *overhead(const struct run_context *context)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "probe_ns", value_ns(context->probe_ns),
			 "tlb_probe_ns", value_ns(context->tlb_probe_ns), "probe_unknown_because",
			 value_text(context->probe_why), "bpf_ns", json_null(), "loader_cpu_ns",
			 value_ns(context->loader_cpu_ns));
}

/*
 * Where the report goes. It is written member by member, and of the processes one by one: as one value, a
 * run of a million tasks would need gigabytes.
 */
struct writer {
	FILE *out;
	bool begun;
	int err;
};

/* Takes the value over. */
/* layout: JSON_INDENT(1), or JSON_COMPACT for long columns of numbers */
static void put(struct writer *writer, json_t *value, size_t layout)
{
	if (!value)
		writer->err = -ENOMEM;
	else if (json_dumpf(value, writer->out,
			    JSON_ENCODE_ANY | layout | JSON_REAL_PRECISION(12)) &&
		 !writer->err)
		writer->err = -EIO;
	json_decref(value);
}

static void put_name(struct writer *writer, const char *name)
{
	fprintf(writer->out, "%s\n\"%s\": ", writer->begun ? "," : "{", name);
	writer->begun = true;
}

static void put_member(struct writer *writer, const char *name, json_t *value)
{
	put_name(writer, name);
	put(writer, value, JSON_INDENT(1));
}

/* The tasks of each process: those of process i are task[first[i]] up to task[first[i + 1]]. */
struct members {
	uint32_t *first, *task;
};

static bool is_shown(const struct task_entry *task)
{
	return task->known || task->figures.voluntary || task->figures.preempted;
}

/* Sorted by counting; within a process, in the order of their serials. */
static int find_members(const struct report *report, uint32_t processes, struct members *members)
{
	uint32_t *first = calloc(processes + 2, sizeof(*first));

	members->first = first;
	members->task = calloc(report->task_count, sizeof(*members->task));
	if (!first || !members->task)
		return -ENOMEM;
	/* two places ahead, so that filling moves each to where the next process begins */
	for (uint32_t i = 1; i < report->task_count; i++)
		if (is_shown(&report->tasks[i]))
			first[report->tasks[i].process + 2]++;
	for (uint32_t i = 2; i < processes + 2; i++)
		first[i] += first[i - 1];
	for (uint32_t i = 1; i < report->task_count; i++)
		if (is_shown(&report->tasks[i]))
			members->task[first[report->tasks[i].process + 1]++] = i;
	return 0;
}

static json_t *tasks_of(const struct report *report, const struct members *members,
			uint32_t process)
{
	json_t *array = json_array();

	for (uint32_t i = members->first[process]; i < members->first[process + 1]; i++)
		value_append(&array, task_object(report, &report->tasks[members->task[i]]));
	return array;
}

static void put_processes(struct writer *writer, const struct report *report)
{
	struct members members = { 0 };
	uint32_t processes = 0;

	for (uint32_t i = 1; i < report->task_count; i++)
		if (is_shown(&report->tasks[i]) && report->tasks[i].process >= processes)
			processes = report->tasks[i].process + 1;
	for (uint32_t i = 0; i < report->process_count; i++)
		if (report->processes_by_switches[i] >= processes)
			processes = report->processes_by_switches[i] + 1;
	put_name(writer, "processes");
	fputc('[', writer->out);
	if (find_members(report, processes, &members))
		writer->err = -ENOMEM;
	for (uint32_t i = 0; !writer->err && i < report->process_count; i++) {
		uint32_t index = report->processes_by_switches[i];

		fputs(i ? ",\n" : "\n", writer->out);
		put(writer, process_object(report, index, tasks_of(report, &members, index)),
		    JSON_INDENT(1));
	}
	fputc(']', writer->out);
	free(members.first);
	free(members.task);
}

static void put_head(struct writer *writer, const struct report *report)
{
	const struct run_context *context = &report->context;

	put_member(writer, "schema", json_string("tasktax.report/1"));
	put_member(writer, "tool",
		   json_pack("{s:o}", "version", value_text(context->tool_version)));
	put_member(writer, "command",
		   context->command ? value_texts(context->command) : json_null());
	put_member(writer, "attached_to", value_text(context->attached_to));
	put_member(writer, "part", value_text(context->part));
	put_member(writer, "exit", exit_of(context));
	put_member(writer, "host", host(context));
	put_member(writer, "duration_ns", value_ns(context->duration_ns));
	put_member(writer, "mode", value_text(context->mode));
	put_member(writer, "features", features(context));
	put_member(writer, "direct_end", value_text(context->direct_end));
	put_member(writer, "direct_unknown_because", value_text(context->direct_why));
	put_member(writer, "fault_end", value_text(context->fault_end));
	put_member(writer, "fault_unknown_because", value_text(context->fault_why));
	put_member(writer, "regions_by", section_regions_by(report));
}

int json_write(const struct report *report, FILE *out)
{
	struct writer writer = { .out = out };

	put_head(&writer, report);
	put_member(&writer, "events", events(report));
	put_member(&writer, "reconcile", reconcile(report));
	put_member(&writer, "tasks", tasks(report));
	put_member(&writer, "workload", workload(report));
	put_member(&writer, "switches", switches(report));
	put_member(&writer, "switch_levels", section_levels(report));
	put_member(&writer, "faults", section_faults(report));
	put_member(&writer, "fault_times_ns", section_fault_times(report));
	put_member(&writer, "fork_debt", section_fork_debt(report));
	put_member(&writer, "regions", section_regions(report));
	put_member(&writer, "tlb", section_tlb(report));
	put_member(&writer, "memory", section_memory(report));
	put_member(&writer, "first_switches", value_count(report->first_switches));
	put_processes(&writer, report);
	put_member(&writer, "pairs", report->context.no_records ? json_null() : pairs(report));
	put_member(&writer, "pairs_total",
		   report->context.no_records ? json_null() : pair_total(report));
	put_member(&writer, "wakers", wakers(report));
	put_member(&writer, "tax", tax(report));
	put_name(&writer, "timeline");
	put(&writer, section_timeline(report), JSON_COMPACT);
	put_member(&writer, "overhead", overhead(&report->context));
	put_member(&writer, "aggregate", section_counted(report));
	fputs("\n}\n", out);
	if (!writer.err && (fflush(out) || ferror(out)))
		writer.err = -EIO;
	return writer.err;
}
