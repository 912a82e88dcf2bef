// SPDX-License-Identifier: GPL-2.0
/* json.c - builds the JSON form of a report; see json.h. */
#include "output/json.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/quote.h"

#define REGIONS_SHOWN 1000
#define MEMORY_SHOWN 1000 /* processes, the largest */
#define PAIRS_SHOWN 200	  /* the busiest; pairs_total counts them all */

static json_t *count(uint64_t n)
{
	return json_integer((json_int_t)n);
}

/* Out of memory anywhere makes the whole report NULL, not a report with holes. */
static void append(json_t **array, json_t *value)
{
	if (json_array_append_new(*array, value)) {
		json_decref(*array);
		*array = NULL;
	}
}

static void set(json_t **object, const char *key, json_t *value)
{
	if (json_object_set_new(*object, key, value)) {
		json_decref(*object);
		*object = NULL;
	}
}

static json_t *ns(uint64_t value)
{
	return value == NS_UNKNOWN ? json_null() : count(value);
}

/* A string, valid UTF-8 whatever is in it. NULL gives null. */
static json_t *text(const char *string)
{
	size_t length = string ? strlen(string) : 0, size = QUOTE_UTF8_SIZE(length);
	char *quoted = string ? malloc(size) : NULL;
	json_t *value;

	if (!string)
		return json_null();
	if (!quoted)
		return NULL;
	value = json_stringn(quoted, quote_utf8(quoted, size, string, length));
	free(quoted);
	return value;
}

/* A pid or serial: 0 is none, as of a task whose creation was not seen. */
static json_t *number(uint32_t n)
{
	return n ? count(n) : json_null();
}

/* NULL-terminated strings. */
static json_t *texts(const char *const *strings)
{
	json_t *array = json_array();

	for (; strings && *strings; strings++)
		append(&array, text(*strings));
	return array;
}

static json_t *percentile(const struct histogram *histogram, double percent)
{
	uint64_t value;

	return histogram_percentile(histogram, percent, &value) ? json_null() : count(value);
}

/* A distribution of ns; with no sample its figures are unknown. */
static json_t *distribution(const struct histogram *histogram)
{
	json_t *mean = histogram->count ? json_real(histogram_mean(histogram)) : json_null();

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "count", count(histogram->count), "mean",
			 mean, "p50", percentile(histogram, 50), "p90", percentile(histogram, 90),
			 "p99", percentile(histogram, 99), "max",
			 histogram->count ? count(histogram->max) : json_null());
}

static json_t *exit_of(const struct run_context *context)
{
	return json_pack("{s:o, s:o}", "code",
			 context->exit_code < 0 ? json_null() : json_integer(context->exit_code),
			 "signal",
			 context->exit_signal ? json_integer(context->exit_signal) : json_null());
}

static json_t *host(const struct run_context *context)
{
	return json_pack("{s:o, s:o, s:i, s:o}", "kernel", text(context->kernel), "arch",
			 text(context->arch), "cpus", (int)context->cpus, "model",
			 text(context->cpu_model));
}

static json_t *features(const struct run_context *context)
{
	json_t *off = json_object();

	for (size_t i = 0; context->hooks_off && context->hooks_off[i]; i++)
		set(&off, context->hooks_off[i], text(context->hooks_off_why[i]));
	return json_pack("{s:o, s:o}", "attached", texts(context->hooks), "off", off);
}

static json_t *events(const struct report *report)
{
	const struct losses *lost = &report->lost;
	json_t *classes = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "switch",
				    count(lost->switches), "waking", count(lost->waking), "fault",
				    count(lost->faults), "mapping", count(lost->mappings),
				    "lifecycle", count(lost->lifecycle), "untracked",
				    count(lost->untracked), "recursion", count(lost->recursion),
				    "unknown", count(lost->unknown));

	return json_pack("{s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o}", "received",
			 count(report->received), "lost", classes, "complete", report->complete,
			 "late", count(report->late), "unseen_switches", count(lost->unseen),
			 "unseen_faults",
			 report->context.faults_measured ? count(lost->unseen_faults) : json_null(),
			 "missed_switch_ins", count(report->missed_ins), "began_on_cpu",
			 count(report->began_on_cpu));
}

static json_t *balance(const struct balance *balance)
{
	return json_pack("{s:o, s:o, s:o}", "seen", count(balance->seen), "lost",
			 count(balance->lost), "kernel",
			 balance->known ? count(balance->kernel) : json_null());
}

/* Faults of one severity; null when they are not traced. */
static json_t *fault_balance(const struct report *report, const struct fault_balance *b)
{
	if (!report->context.faults_measured)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o}", "seen", count(b->balance.seen), "lost",
			 count(b->balance.lost), "no_event",
			 b->balance.known ? json_integer(b->no_event) : json_null(), "kernel",
			 b->balance.known ? count(b->balance.kernel) : json_null());
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
		report->context.faults_measured ? count(r->unfinished) : json_null(), "wait_ns",
		"seen", ns(r->wait_seen_ns), "kernel", ns(r->wait_kernel_ns), "run_ns", "seen",
		ns(r->run_seen_ns), "kernel", ns(r->run_kernel_ns), "tasks_checked",
		count(r->tasks_checked), "tasks_with_difference", count(r->tasks_off),
		"tasks_unread", count(r->tasks_unread), "contradictions", count(r->contradictions),
		"ok", r->ok);
}

static json_t *crashed(const struct report *report)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < report->process_count; i++) {
		const struct process_entry *p =
			&report->processes[report->processes_by_switches[i]];

		if (!p->crashed_by)
			continue;
		append(&array,
		       json_pack("{s:i, s:o, s:i, s:i}", "pid", (int)p->tgid, "comm", text(p->comm),
				 "signal", (int)p->crashed_by, "tasks_lost", (int)p->tasks_lost));
	}
	return array;
}

static json_t *tasks(const struct report *report)
{
	json_t *created = json_pack("{s:o, s:o, s:o}", "process",
				    count(report->created[CREATED_PROCESS]), "thread",
				    count(report->created[CREATED_THREAD]), "vfork",
				    count(report->created[CREATED_VFORK]));

	return json_pack("{s:i, s:i, s:i, s:o, s:o, s:o, s:o}", "processes",
			 (int)report->process_count, "threads", (int)report->thread_count,
			 "peak_tasks", (int)report->peak_tasks, "created", created, "execs",
			 count(report->execs), "exits", count(report->exits), "crashed",
			 crashed(report));
}

static json_t *workload(const struct report *report)
{
	json_t *reasons = json_array();

	for (unsigned int i = 0; i < report->reason_count; i++)
		append(&reasons, text(report->reasons[i]));
	return json_pack("{s:s, s:o}", "level", workload_level_name(report->workload), "reasons",
			 reasons);
}

static json_t *switches(const struct report *report)
{
	json_t *array = json_array();

	for (unsigned int i = 0; i < report->row_count; i++) {
		const struct switch_row *row = &report->rows[i];
		json_t *pick = report->context.pick_measured ? distribution(&row->pick) :
							       json_null();
		json_t *wait = report->context.wait_known ? distribution(&row->wait) : json_null();

		json_t *flushes = report->context.tlb_switch ?
					  json_pack("{s:o, s:o}", "flushed",
						    count(row->tlb_flushed), "reused",
						    count(row->tlb_reused)) :
					  json_null();

		append(&array,
		       json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "level",
				 row_level_name(row->level), "via", text(switch_via_name(row->via)),
				 "count", count(row->count), "voluntary", count(row->voluntary),
				 "preempted", count(row->preempted), "migrated",
				 count(row->migrated), "direct_ns", distribution(&row->direct),
				 "pick_ns", pick, "wait_ns", wait, "tlb", flushes));
	}
	return array;
}

static json_t *faults(const struct report *report)
{
	json_t *array = report->context.faults_measured ? json_array() : json_null();

	for (unsigned int i = 0; i < report->fault_row_count; i++) {
		const struct fault_row *row = &report->fault_rows[i];

		append(&array,
		       json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "level",
				 fault_cause_name(row->cause), "mm_tasks",
				 row->many ? "many" : "one", "kind", fault_kind_name(row->kind),
				 "severity", row->major ? "major" : "minor", "mode",
				 row->kernel ? "kernel" : "user", "count", count(row->count),
				 "huge",
				 report->context.huge_known ? count(row->huge) : json_null(),
				 "copied",
				 report->context.cow_detail ? count(row->copied) : json_null(),
				 "untimed", count(row->untimed), "off_cpu_ns",
				 report->context.fault_end ? count(row->off_ns) : json_null(),
				 "time_ns", distribution(&row->time)));
	}
	return array;
}

static bool regions_known(const struct report *report)
{
	return report->context.faults_measured && !report->context.regions_why;
}

static json_t *debt(const struct report *report, const struct fork_debt *debt)
{
	bool detail = report->context.cow_detail;

	if (!regions_known(report))
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "cow", count(debt->cow), "copies",
			 detail ? count(debt->cow_copied) : json_null(), "reuses",
			 detail ? count(debt->cow - debt->cow_copied) : json_null(), "refaults",
			 count(debt->refaults), "time_ns",
			 report->context.fault_end ? count(debt->time_ns) : json_null());
}

static json_t *fork_debt(const struct report *report)
{
	const struct fork_debt *own = &report->debt_children, *parent = &report->debt_parents;

	if (!regions_known(report))
		return json_null();
	return json_pack(
		"{s:o, s:o, s:o, s:o}", "faults",
		count(own->cow + own->refaults + parent->cow + parent->refaults), "time_ns",
		report->context.fault_end ? count(own->time_ns + parent->time_ns) : json_null(),
		"children", debt(report, own), "parents", debt(report, parent));
}

/* What the tasks' accounts tell; null where it cannot be observed. */
static json_t *shootdowns(const struct run_context *context, const struct task_tlb *tlb)
{
	if (!context->shootdowns_measured)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "sent", count(tlb->sent), "sent_all",
			 count(tlb->sent_all), "sent_pages", count(tlb->sent_pages), "received",
			 count(tlb->received), "received_ns",
			 context->shot_time ? count(tlb->received_ns) : json_null());
}

static json_t *tlb_reasons(const struct run_context *context)
{
	json_t *object = context->tlb_switch ? json_object() : json_null();

	/* 0 is the switch of tasks, which the rows of switches tell by level */
	for (int i = 1; context->tlb_switch && i < TLB_REASONS; i++) {
		const struct tlb_reason *reason = &context->tlb_reasons[i];

		if (reason->count)
			set(&object, tlb_reason_name(i),
			    json_pack("{s:o, s:o, s:o}", "count", count(reason->count), "all",
				      count(reason->all), "pages", count(reason->pages)));
	}
	return object;
}

static json_t *tlb(const struct report *report)
{
	const struct run_context *context = &report->context;

	return json_pack("{s:o, s:o, s:o}", "shootdowns", shootdowns(context, &report->tlb),
			 "shootdowns_unknown_because", text(context->shootdown_why), "by_reason",
			 tlb_reasons(context));
}

static json_t *regions(const struct report *report)
{
	json_t *array = regions_known(report) ? json_array() : json_null();

	for (size_t i = 0; json_is_array(array) && i < report->region_count && i < REGIONS_SHOWN;
	     i++) {
		const struct region_row *row = &report->regions[i];

		append(&array,
		       json_pack("{s:s, s:o, s:o, s:o, s:o}", "region",
				 region_class_name(row->class), "name",
				 text(row->name[0] ? row->name : NULL), "count", count(row->count),
				 "major", count(row->major), "time_ns",
				 report->context.fault_end ? count(row->time_ns) : json_null()));
	}
	return array;
}

/* Why a process has no sample; NULL: it has. */
static const char *unsampled_because(const struct report *report,
				     const struct process_memory *process)
{
	if (process->samples)
		return NULL;
	if (!report->context.memory_sampled)
		return report->context.memory_why ?: "not asked for";
	return process->denied ? "not permitted (CAP_SYS_PTRACE)" : "no sample fell into its life";
}

static json_t *memory_of(const struct report *report, const struct process_memory *process)
{
	const struct process_entry *entry = &report->processes[process->process];
	const struct memory_sample *most = &process->most, *last = &process->last;
	bool known = process->samples;
	json_t *object = json_pack("{s:o, s:o, s:o, s:o, s:o}", "pid", number(entry->tgid), "comm",
				   text(entry->comm), "samples", count(process->samples),
				   "unsampled_because", text(unsampled_because(report, process)),
				   "peak_rss_bytes",
				   process->peak_rss ? count(process->peak_rss) : json_null());

	set(&object, "rss_bytes", known ? count(most->rss) : json_null());
	set(&object, "pss_bytes", known ? count(most->pss) : json_null());
	set(&object, "private_bytes", known ? count(most->private) : json_null());
	set(&object, "shared_bytes", known ? count(most->shared) : json_null());
	set(&object, "swap_bytes", known ? count(most->swap) : json_null());
	set(&object, "last_rss_bytes", known ? count(last->rss) : json_null());
	set(&object, "last_pss_bytes", known ? count(last->pss) : json_null());
	return object;
}

static json_t *bytes(uint64_t value)
{
	return value == BYTES_UNKNOWN ? json_null() : count(value);
}

static json_t *memory(const struct report *report)
{
	const struct memory_summary *sum = &report->memory;
	bool sampled = report->context.memory_sampled;
	json_t *array = json_array();

	for (uint32_t i = 0; i < report->process_memory_count && i < MEMORY_SHOWN; i++)
		append(&array, memory_of(report, &report->process_memory[i]));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "peak_rss_sum_bytes",
			 bytes(sum->peak_rss), "peaks_unknown", count(sum->peaks_unknown),
			 "rss_sum_bytes", bytes(sum->rss), "pss_sum_bytes", bytes(sum->pss),
			 "rounds", sampled ? count(sum->rounds) : json_null(), "cost_ns",
			 sampled ? count(report->context.memory_cost_ns) : json_null(),
			 "processes_total", count(report->process_memory_count), "processes",
			 array);
}

static json_t *levels(const struct task_figures *figures)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "resume", count(figures->in[ROW_RESUME]), "thread",
			 count(figures->in[ROW_THREAD]), "process", count(figures->in[ROW_PROCESS]),
			 "exiting", count(figures->in[ROW_EXITING]));
}

/* Adds what a task and a process have in common. */
static void add_figures(json_t **object, const struct report *report,
			const struct task_figures *figures)
{
	const struct run_context *context = &report->context;
	json_t *direct = json_pack("{s:o, s:o}", "count", count(figures->direct_count), "sum",
				   figures->direct_count ? count(figures->direct_ns) : json_null());

	set(object, "switches", levels(figures));
	set(object, "voluntary", count(figures->voluntary));
	set(object, "preempted", count(figures->preempted));
	set(object, "migrated", count(figures->migrated));
	set(object, "run_ns", count(figures->run_ns));
	set(object, "off_ns", count(figures->off_ns));
	set(object, "wait_ns", context->wait_known ? count(figures->wait_ns) : json_null());
	set(object, "direct_ns", direct);
	set(object, "minor_faults", context->faults_measured ? count(figures->minor) : json_null());
	set(object, "major_faults", context->faults_measured ? count(figures->major) : json_null());
	set(object, "fault_ns",
	    context->faults_measured && context->fault_end ? count(figures->fault_ns) :
							     json_null());
}

/* Seen against kernel for one task; null when its counters never came. */
static json_t *task_reconcile(const struct task_entry *task)
{
	const struct task_account *account = &task->account;

	if (!task->ended)
		return json_null();
	return json_pack("{s:o, s:o, s:o}", "kernel_voluntary",
			 count(account->last.nvcsw - account->base.nvcsw), "kernel_preempted",
			 count(account->last.nivcsw - account->base.nivcsw), "lost",
			 count(task->lost_switches));
}

static json_t *task_object(const struct report *report, const struct task_entry *task)
{
	json_t *object = json_pack("{s:o, s:o, s:s, s:o, s:b, s:o, s:o}", "pid", number(task->pid),
				   "comm", text(task->comm), "created",
				   task->known ? created_as_name(task->created) : "unknown",
				   "address_space", number(task->mm), "alive_at_end", task->closed,
				   "exit_status",
				   task->exited ? json_integer(task->exit_code) : json_null(),
				   "reconcile", task_reconcile(task));

	add_figures(&object, report, &task->figures);
	return object;
}

static json_t *process_object(const struct report *report, uint32_t index, json_t *members)
{
	const struct process_entry *process = &report->processes[index];
	uint32_t parent = process->parent == index ? 0 : report->processes[process->parent].tgid;
	json_t *object = json_pack(
		"{s:o, s:o, s:o, s:s, s:o, s:o, s:i, s:b, s:o}", "pid", number(process->tgid),
		"comm", text(process->comm), "parent", number(parent), "created",
		process->tgid ? created_as_name(process->created) : "unknown", "address_space",
		number(process->mm), "level", text(process->level), "threads",
		(int)process->threads, "exited", process->exited, "tasks", members);

	set(&object, "fork_debt", debt(report, &process->debt_own));
	set(&object, "fork_debt_of_parent", debt(report, &process->debt_parent));
	set(&object, "shootdowns", shootdowns(&report->context, &process->tlb));
	add_figures(&object, report, &process->figures);
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
	json_t *pid = count(id);

	if (target) {
		json_decref(pid);
		pid = number(id < report->task_count ? report->tasks[id].pid : 0);
	}
	return json_pack("{s:o, s:o, s:s}", "pid", pid, "comm", text(report_comm(report, ref)),
			 "class", class_name(TASK_CLASS(ref)));
}

static json_t *pairs(const struct report *report)
{
	json_t *array = json_array();

	for (size_t i = 0; i < report->pair_count && i < PAIRS_SHOWN; i++) {
		const struct switch_pair *pair = &report->pairs[i];

		append(&array, json_pack("{s:o, s:o, s:s, s:o}", "prev", side(report, pair->prev),
					 "next", side(report, pair->next), "level",
					 row_level_name(pair->level), "count", count(pair->count)));
	}
	return array;
}

static json_t *pair_total(const struct report *report)
{
	uint64_t sum = report->pairs_folded;

	for (size_t i = 0; i < report->pair_count; i++)
		sum += report->pairs[i].count;
	return json_pack("{s:o, s:o, s:o}", "pairs", count(report->pair_count), "switches",
			 count(sum), "folded", count(report->pairs_folded));
}

static json_t *wakers(const struct report *report)
{
	json_t *array;

	if (!report->context.waking_measured)
		return json_null();
	array = json_array();
	for (size_t i = 0; i < report->wake_pair_count; i++) {
		const struct wake_pair *pair = &report->wake_pairs[i];

		append(&array, json_pack("{s:o, s:s, s:o, s:o}", "waker",
					 text(pair->waker[0] ? pair->waker : NULL), "waker_class",
					 class_name(pair->waker_class), "wakee",
					 text(pair->wakee[0] ? pair->wakee : NULL), "count",
					 count(pair->count)));
	}
	return array;
}

static json_t *tax(const struct report *report)
{
	const struct tax *t = &report->tax;
	json_t *by_level = json_object(), *by_cause = json_object();

	for (int level = 0; level < ROW_LEVELS; level++)
		set(&by_level, row_level_name(level),
		    t->switching_ns == NS_UNKNOWN ? json_null() :
						    count(t->switching_by_level[level]));
	for (int cause = 0; cause < CAUSES; cause++)
		set(&by_cause, fault_cause_name(cause),
		    t->faulting_ns == NS_UNKNOWN ? json_null() :
						   count(t->faulting_by_cause[cause]));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "run_ns", ns(t->run_ns),
			 "switching_ns", ns(t->switching_ns), "switching_by_level_ns", by_level,
			 "faulting_ns", ns(t->faulting_ns), "faulting_by_level_ns", by_cause,
			 "creating_ns", json_null(), "waiting_ns", ns(t->waiting_ns),
			 "unpriced_switches", count(t->unpriced), "share",
			 isnan(t->share) ? json_null() : json_real(t->share));
}

static json_t *overhead(const struct run_context *context)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "probe_ns", ns(context->probe_ns),
			 "tlb_probe_ns", ns(context->tlb_probe_ns), "probe_unknown_because",
			 text(context->probe_why), "bpf_ns", json_null(), "loader_cpu_ns",
			 ns(context->loader_cpu_ns));
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
static void put(struct writer *writer, json_t *value)
{
	if (!value)
		writer->err = -ENOMEM;
	else if (json_dumpf(value, writer->out,
			    JSON_ENCODE_ANY | JSON_INDENT(1) | JSON_REAL_PRECISION(12)) &&
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
	put(writer, value);
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
		append(&array, task_object(report, &report->tasks[members->task[i]]));
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
		put(writer, process_object(report, index, tasks_of(report, &members, index)));
	}
	fputc(']', writer->out);
	free(members.first);
	free(members.task);
}

static void put_head(struct writer *writer, const struct report *report)
{
	const struct run_context *context = &report->context;

	put_member(writer, "schema", json_string("tasktax.report/1"));
	put_member(writer, "tool", json_pack("{s:o}", "version", text(context->tool_version)));
	put_member(writer, "command", texts(context->command));
	put_member(writer, "exit", exit_of(context));
	put_member(writer, "host", host(context));
	put_member(writer, "duration_ns", ns(context->duration_ns));
	put_member(writer, "mode", text(context->mode));
	put_member(writer, "features", features(context));
	put_member(writer, "direct_end", text(context->direct_end));
	put_member(writer, "direct_unknown_because", text(context->direct_why));
	put_member(writer, "fault_end", text(context->fault_end));
	put_member(writer, "fault_unknown_because", text(context->fault_why));
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
	put_member(&writer, "faults", faults(report));
	put_member(&writer, "fork_debt", fork_debt(report));
	put_member(&writer, "regions", regions(report));
	put_member(&writer, "tlb", tlb(report));
	put_member(&writer, "memory", memory(report));
	put_member(&writer, "first_switches", count(report->first_switches));
	put_processes(&writer, report);
	put_member(&writer, "pairs", pairs(report));
	put_member(&writer, "pairs_total", pair_total(report));
	put_member(&writer, "wakers", wakers(report));
	put_member(&writer, "tax", tax(report));
	put_member(&writer, "overhead", overhead(&report->context));
	fputs("\n}\n", out);
	if (!writer.err && (fflush(out) || ferror(out)))
		writer.err = -EIO;
	return writer.err;
}
