// SPDX-License-Identifier: GPL-2.0
/* openmetrics.c - which families there are, and their samples; see openmetrics.h. */
#include "output/openmetrics.h"

#include <errno.h>

#include "output/openmetrics_writer.h"

#define WITH_VIA (ROW_WITH_VIA * VIA_COUNT)

static const struct family switches_family = {
	"tasktax_context_switches", FAMILY_COUNTER, NULL,
	"Context switches, by level and by what ran in between (via). preempted: whether the task "
	"that left the "
	"CPU had to; other: that task is not traced."
};
static const struct family switching_family = { "tasktax_switching_seconds", FAMILY_COUNTER,
						"seconds",
						"Direct cost of all context switches whose end was "
						"seen, also of those to idle and to tasks "
						"that are not traced." };
static const struct family direct_family = { "tasktax_context_switch_seconds", FAMILY_HISTOGRAM,
					     "seconds",
					     "Direct cost of switching to a task, from the old "
					     "task to the end of the switch in the new one." };
static const struct family wait_family = {
	"tasktax_run_queue_wait_seconds", FAMILY_HISTOGRAM, "seconds",
	"Time that a task was queued, ready to run, before it was switched to."
};
static const struct family run_family = { "tasktax_run_seconds", FAMILY_COUNTER, "seconds",
					  "Time that tasks ran on a CPU." };
static const struct family faults_family = {
	"tasktax_page_faults", FAMILY_COUNTER, NULL,
	"Page faults, by kind and severity. level: process, of being several processes (fork debt, "
	"exec and "
	"start-up); thread, of being several threads; work, of the program's own memory."
};
static const struct family fault_time_family = {
	"tasktax_page_fault_seconds", FAMILY_HISTOGRAM, "seconds",
	"Time that a page fault took on the CPU, from the exception to its accounting."
};
static const struct family shootdowns_family = {
	"tasktax_tlb_shootdowns", FAMILY_COUNTER, NULL,
	"TLB shootdowns, as interrupts between CPUs: sent by a task, received while a task ran."
};
static const struct family shootdown_time_family = {
	"tasktax_tlb_shootdown_received_seconds", FAMILY_COUNTER, "seconds",
	"Time spent in the shootdowns received, without the interrupts' own entry."
};
static const struct family created_family = {
	"tasktax_tasks_created", FAMILY_COUNTER, NULL,
	"Tasks created: a thread, a process (fork), or a vfork child."
};
static const struct family execs_family = { "tasktax_execs", FAMILY_COUNTER, NULL,
					    "Programs executed." };
static const struct family exits_family = { "tasktax_task_exits", FAMILY_COUNTER, NULL,
					    "Tasks that have ended." };
static const struct family crashes_family = {
	"tasktax_process_crashes", FAMILY_COUNTER, NULL,
	"Processes ended by a signal that dumps core, all their threads with them."
};
static const struct family processes_family = { "tasktax_processes", FAMILY_GAUGE, NULL,
						"Processes traced that are alive." };
static const struct family tasks_family = { "tasktax_tasks", FAMILY_GAUGE, NULL,
					    "Tasks traced that are alive." };
static const struct family rss_family = {
	"tasktax_resident_memory_bytes", FAMILY_GAUGE, "bytes",
	"Resident memory, shared pages counted in every process."
};
static const struct family pss_family = {
	"tasktax_proportional_memory_bytes", FAMILY_GAUGE, "bytes",
	"Resident memory, shared pages divided among the processes that have them."
};
static const struct family lost_family = { "tasktax_lost_events", FAMILY_COUNTER, NULL,
					   "Events that were meant to be counted and were not; "
					   "with any, the other counts are at least." };
static const struct family unseen_switches_family = {
	"tasktax_unseen_switches", FAMILY_COUNTER, NULL,
	"Switches for which the kernel ran no program of anybody: known by a task that came "
	"without "
	"having left."
};
static const struct family unseen_faults_family = {
	"tasktax_unseen_faults", FAMILY_COUNTER, NULL,
	"Page faults for which the kernel ran no program of anybody."
};
static const struct family folded_family = {
	"tasktax_folded_groups", FAMILY_COUNTER, NULL,
	"Processes or threads that the kernel's bounded table had no room for: counted together."
};
static const struct family other_family = {
	"tasktax_exporter_other_processes", FAMILY_GAUGE, NULL,
	"Living processes without a group of their own (--max-groups): they count as <other>."
};
static const struct family refused_family = {
	"tasktax_exporter_connections_ended", FAMILY_COUNTER, NULL,
	"Connections that were ended for being slow, or to make room for newer ones."
};
static const struct family program_family = { "tasktax_bpf_run_seconds", FAMILY_COUNTER, "seconds",
					      "Time that a BPF program of tasktax has run." };
static const struct family capability_family = {
	"tasktax_capability", FAMILY_INFO, NULL,
	"What this kernel lets tasktax see: on, off, excluded (--without) or unprobed (not needed)."
};
static const struct family build_family = { "tasktax_build", FAMILY_INFO, NULL,
					    "The version of tasktax, and the kernel under it." };
static const struct family cpu_family = { "process_cpu_seconds", FAMILY_COUNTER, "seconds",
					  "User and system time of the exporter." };
static const struct family memory_family = { "process_resident_memory_bytes", FAMILY_GAUGE, "bytes",
					     "Resident memory of the exporter." };
static const struct family start_family = { "process_start_time_seconds", FAMILY_GAUGE, "seconds",
					    "When the exporter was started, since 1970." };

static const char *const preempted_names[] = { "false", "true", "other" };

static enum row_level level_of(unsigned int row)
{
	return row < WITH_VIA ? row / VIA_COUNT : row - WITH_VIA + ROW_WITH_VIA;
}

/* The row of switches whose prev was no target; a reader may see a count one event older than another. */
static uint64_t others_of(const struct row_counts *row)
{
	uint64_t known = row->voluntary + row->preempted;

	return row->count > known ? row->count - known : 0;
}

static void switches_of(struct writer *w, const struct census_group *group)
{
	for (unsigned int i = 0; i < COUNT_ROWS; i++) {
		const struct row_counts *row = &group->counts.row[i];
		const uint64_t count[] = { row->voluntary, row->preempted, others_of(row) };
		const char *via = switch_via_name(i < WITH_VIA ? (int)(i % VIA_COUNT) : -1);

		for (unsigned int j = 0; j < 3; j++)
			writer_count(w, group,
				     (const struct label[]){
					     { "level", row_level_name(level_of(i)) },
					     { "via", via ?: "none" },
					     { "preempted", preempted_names[j] },
					     { 0 },
				     },
				     count[j]);
	}
}

static void switching_of(struct writer *w, const struct census_group *group)
{
	for (unsigned int i = 0; i < COUNT_ROWS; i++) {
		const struct row_counts *row = &group->counts.row[i];
		const char *via = switch_via_name(i < WITH_VIA ? (int)(i % VIA_COUNT) : -1);

		writer_ns(w, group,
			  (const struct label[]){ { "level", row_level_name(level_of(i)) },
						  { "via", via ?: "none" },
						  { 0 } },
			  census_direct_ns(row, w->census->context->probe_ns));
	}
}

static void direct_of(struct writer *w, const struct census_group *group)
{
	for (unsigned int i = 0; group->times && i < ROW_WITH_VIA; i++)
		writer_histogram(w, group,
				 (const struct label[]){ { "level", row_level_name(i) }, { 0 } },
				 &group->times->direct[i], DIRECT_FIRST, DIRECT_LAST);
}

static void waits_of(struct writer *w, const struct census_group *group)
{
	for (unsigned int i = 0; group->times && i < ROW_WITH_VIA; i++)
		writer_histogram(w, group,
				 (const struct label[]){ { "level", row_level_name(i) }, { 0 } },
				 &group->times->wait[i], WAIT_FIRST, WAIT_LAST);
}

static void run_time_of(struct writer *w, const struct census_group *group)
{
	writer_ns(w, group, NULL, group->counts.run_ns);
}

static void switching(struct writer *w)
{
	const struct run_context *context = w->census->context;

	writer_family(w, &switches_family, switches_of);
	if (context->direct_end) {
		writer_family(w, &switching_family, switching_of);
		writer_family(w, &direct_family, direct_of);
	}
	if (context->wait_known)
		writer_family(w, &wait_family, waits_of);
	writer_family(w, &run_family, run_time_of);
}

static const char *const severity_names[] = { "minor", "major" };

static void faults_of(struct writer *w, const struct census_group *group)
{
	for (int cause = 0; cause < CAUSES; cause++)
		for (int kind = 0; kind < FAULT_KINDS; kind++)
			for (int major = 0; major < 2; major++) {
				uint64_t n = group->counts.fault[cause][kind][major].count;

				if (n || cause != CAUSE_UNKNOWN)
					writer_count(w, group,
						     (const struct label[]){
							     { "kind", fault_kind_name(kind) },
							     { "severity", severity_names[major] },
							     { "level", fault_cause_name(cause) },
							     { 0 },
						     },
						     n);
			}
}

static void fault_times_of(struct writer *w, const struct census_group *group)
{
	for (int major = 0; group->times && major < 2; major++)
		writer_histogram(
			w, group,
			(const struct label[]){ { "severity", severity_names[major] }, { 0 } },
			&group->times->fault[major], FAULT_FIRST, FAULT_LAST);
}

static void shootdowns_of(struct writer *w, const struct census_group *group)
{
	const struct task_tlb *tlb = &group->counts.tlb;

	writer_count(w, group, (const struct label[]){ { "direction", "sent" }, { 0 } }, tlb->sent);
	writer_count(w, group, (const struct label[]){ { "direction", "received" }, { 0 } },
		     tlb->received);
}

static void shootdown_time_of(struct writer *w, const struct census_group *group)
{
	writer_ns(w, group, NULL, group->counts.tlb.received_ns);
}

static void memory_management(struct writer *w)
{
	const struct run_context *context = w->census->context;

	if (context->faults_measured)
		writer_family(w, &faults_family, faults_of);
	if (context->faults_measured && context->fault_end)
		writer_family(w, &fault_time_family, fault_times_of);
	if (context->shootdowns_measured)
		writer_family(w, &shootdowns_family, shootdowns_of);
	if (context->shootdowns_measured && context->shot_time)
		writer_family(w, &shootdown_time_family, shootdown_time_of);
}

static void created_of(struct writer *w, const struct census_group *group)
{
	static const enum created_as kinds[] = { CREATED_PROCESS, CREATED_THREAD, CREATED_VFORK };

	for (unsigned int i = 0; i < 3; i++)
		writer_count(w, group,
			     (const struct label[]){ { "kind", created_as_name(kinds[i]) }, { 0 } },
			     group->counts.created[kinds[i]]);
}

static void execs_of(struct writer *w, const struct census_group *group)
{
	writer_count(w, group, NULL, group->counts.execs);
}

static void exits_of(struct writer *w, const struct census_group *group)
{
	writer_count(w, group, NULL, group->counts.exits);
}

static void crashes_of(struct writer *w, const struct census_group *group)
{
	writer_count(w, group, NULL, group->counts.crashes);
}

static void processes_of(struct writer *w, const struct census_group *group)
{
	writer_gauge(w, group, group->processes);
}

static void tasks_of(struct writer *w, const struct census_group *group)
{
	writer_gauge(w, group, group->tasks);
}

static void rss_of(struct writer *w, const struct census_group *group)
{
	if (group->rss != BYTES_UNKNOWN)
		writer_gauge(w, group, group->rss);
}

static void pss_of(struct writer *w, const struct census_group *group)
{
	if (group->pss != BYTES_UNKNOWN)
		writer_gauge(w, group, group->pss);
}

static void lives(struct writer *w)
{
	writer_family(w, &created_family, created_of);
	writer_family(w, &execs_family, execs_of);
	writer_family(w, &exits_family, exits_of);
	writer_family(w, &crashes_family, crashes_of);
	writer_family(w, &processes_family, processes_of);
	writer_family(w, &tasks_family, tasks_of);
	if (w->census->context->memory_sampled) {
		writer_family(w, &rss_family, rss_of);
		writer_family(w, &pss_family, pss_of);
	}
}

static void losses(struct writer *w)
{
	const struct losses *lost = &w->census->lost;
	const struct {
		const char *class;
		uint64_t count;
	} classes[] = {
		{ "switch", lost->switches },	  { "waking", lost->waking },
		{ "fault", lost->faults },	  { "mapping", lost->mappings },
		{ "lifecycle", lost->lifecycle }, { "untracked", lost->untracked },
		{ "recursion", lost->recursion }, { "unknown", lost->unknown },
	};

	writer_family(w, &lost_family, NULL);
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		writer_count(w, NULL,
			     (const struct label[]){ { "class", classes[i].class }, { 0 } },
			     classes[i].count);
	writer_family(w, &unseen_switches_family, NULL);
	writer_count(w, NULL, NULL, lost->unseen);
	writer_family(w, &unseen_faults_family, NULL);
	writer_count(w, NULL, NULL, lost->unseen_faults);
	writer_family(w, &folded_family, NULL);
	writer_count(w, NULL, NULL, w->census->folded);
}

static void capabilities(struct writer *w, const struct metrics_facts *facts)
{
	writer_family(w, &capability_family, NULL);
	for (size_t i = 0; i < facts->features; i++)
		writer_info(w, (const struct label[]){ { "feature", facts->feature[i].name },
						       { "state", facts->feature[i].state },
						       { 0 } });
	writer_family(w, &build_family, NULL);
	writer_info(w, (const struct label[]){ { "version", w->census->context->tool_version },
					       { "kernel", w->census->context->kernel },
					       { "arch", w->census->context->arch },
					       { 0 } });
	writer_family(w, &program_family, NULL);
	for (size_t i = 0; facts->program && i < facts->programs; i++)
		writer_ns(w, NULL,
			  (const struct label[]){ { "program", facts->program[i].name }, { 0 } },
			  facts->program[i].run_ns);
}

static void own_cost(struct writer *w, const struct metrics_facts *facts)
{
	const struct metrics_self *self = facts->self;

	writer_family(w, &refused_family, NULL);
	writer_count(w, NULL, NULL, self->refused);
	if (facts->label) {
		writer_family(w, &other_family, NULL);
		writer_gauge(w, NULL, self->others);
	}
	writer_family(w, &cpu_family, NULL);
	writer_ns(w, NULL, NULL, self->cpu_ns);
	if (self->rss != BYTES_UNKNOWN) {
		writer_family(w, &memory_family, NULL);
		writer_gauge(w, NULL, self->rss);
	}
	if (self->started_ns != NS_UNKNOWN) {
		writer_family(w, &start_family, NULL);
		writer_ns(w, NULL, NULL, self->started_ns);
	}
}

int metrics_write(const struct census *census, const struct metrics_facts *facts, FILE *out)
{
	struct writer w = { .out = out, .census = census, .facts = facts };

	switching(&w);
	memory_management(&w);
	lives(&w);
	losses(&w);
	capabilities(&w, facts);
	if (facts->self)
		own_cost(&w, facts);
	if (facts->format == METRICS_OPENMETRICS)
		fputs("# EOF\n", out);
	return ferror(out) ? -EIO : 0;
}

const char *metrics_content_type(enum metrics_format format)
{
	return format == METRICS_OPENMETRICS ?
		       "application/openmetrics-text; version=1.0.0; charset=utf-8" :
		       "text/plain; version=0.0.4; charset=utf-8";
}
