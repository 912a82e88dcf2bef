// SPDX-License-Identifier: GPL-2.0
/* json_faults.c - what memory cost, as JSON: see json_faults.h. */
#include "output/json_faults.h"

#include "output/json_values.h"

#define REGIONS_SHOWN 1000
#define MEMORY_SHOWN 1000 /* processes, the largest */

/* Of a row that the kernel has counted: it does not know the rest. */
static json_t *counted_row(const struct report *report, const struct fault_row *row)
{
	return json_pack("{s:s, s:n, s:s, s:s, s:n, s:o, s:n, s:n, s:n, s:n, s:n, s:o}", "level",
			 fault_cause_name(row->cause), "mm_tasks", "kind",
			 fault_kind_name(row->kind), "severity", row->major ? "major" : "minor",
			 "mode", "count", value_count(row->count), "huge", "copied", "untimed",
			 "off_cpu_ns", "time_ns", "on_cpu_ns",
			 report->context.fault_end ? value_count(row->counted_ns) : json_null());
}

static json_t *recorded_row(const struct report *report, const struct fault_row *row)
{
	return json_pack(
		"{s:o, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "level",
		value_text(row->cause == CAUSE_UNKNOWN ? NULL : fault_cause_name(row->cause)),
		"mm_tasks", row->many ? "many" : "one", "kind", fault_kind_name(row->kind),
		"severity", row->major ? "major" : "minor", "mode", row->kernel ? "kernel" : "user",
		"count", value_count(row->count), "huge",
		report->context.huge_known ? value_count(row->huge) : json_null(), "copied",
		report->context.cow_detail ? value_count(row->copied) : json_null(), "untimed",
		value_count(row->untimed), "off_cpu_ns",
		report->context.fault_end ? value_count(row->off_ns) : json_null(), "time_ns",
		value_distribution(&row->time));
}

json_t *section_faults(const struct report *report)
{
	json_t *array = report->context.faults_measured ? json_array() : json_null();

	for (unsigned int i = 0; i < report->fault_row_count; i++) {
		const struct fault_row *row = &report->fault_rows[i];

		value_append(&array, report->context.no_records ? counted_row(report, row) :
								  recorded_row(report, row));
	}
	return array;
}

static bool regions_known(const struct report *report)
{
	return report->context.faults_measured && !report->context.regions_why;
}

json_t *section_debt(const struct report *report, const struct fork_debt *debt)
{
	bool detail = report->context.cow_detail;

	if (!regions_known(report))
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "cow", value_count(debt->cow), "copies",
			 detail ? value_count(debt->cow_copied) : json_null(), "reuses",
			 detail ? value_count(debt->cow - debt->cow_copied) : json_null(),
			 "refaults", value_count(debt->refaults), "time_ns",
			 report->context.fault_end ? value_count(debt->time_ns) : json_null());
}

json_t *section_fork_debt(const struct report *report)
{
	const struct fork_debt *own = &report->debt_children, *parent = &report->debt_parents;

	if (!regions_known(report))
		return json_null();
	return json_pack(
		"{s:o, s:o, s:o, s:o}", "faults",
		value_count(own->cow + own->refaults + parent->cow + parent->refaults), "time_ns",
		report->context.fault_end ? value_count(own->time_ns + parent->time_ns) :
					    json_null(),
		"children", section_debt(report, own), "parents", section_debt(report, parent));
}

/* What the tasks' accounts tell; null where it cannot be observed. */
json_t *section_shootdowns(const struct run_context *context, const struct task_tlb *tlb,
			   uint32_t disturbed)
{
	if (!context->shootdowns_measured)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "sent", value_count(tlb->sent),
			 "sent_all", value_count(tlb->sent_all), "sent_pages",
			 value_count(tlb->sent_pages), "received", value_count(tlb->received),
			 "tasks_disturbed", value_count(disturbed), "received_ns",
			 context->shot_time ? value_count(tlb->received_ns) : json_null());
}

static json_t *tlb_reasons(const struct run_context *context)
{
	json_t *object = context->tlb_switch ? json_object() : json_null();

	/* 0 is the switch of tasks, which the rows of switches tell by level */
	for (int i = 1; context->tlb_switch && i < TLB_REASONS; i++) {
		const struct tlb_reason *reason = &context->tlb_reasons[i];

		if (reason->count)
			value_set(&object, tlb_reason_name(i),
				  json_pack("{s:o, s:o, s:o}", "count", value_count(reason->count),
					    "all", value_count(reason->all), "pages",
					    value_count(reason->pages)));
	}
	return object;
}

json_t *section_tlb(const struct report *report)
{
	const struct run_context *context = &report->context;

	return json_pack("{s:o, s:o, s:o}", "shootdowns",
			 section_shootdowns(context, &report->tlb, report->disturbed),
			 "shootdowns_unknown_because", value_text(context->shootdown_why),
			 "by_reason", tlb_reasons(context));
}

json_t *section_regions_by(const struct report *report)
{
	if (!regions_known(report))
		return json_null();
	return json_string(report->context.snapshots_why ? "/proc/PID/maps" : "perf's mappings");
}

json_t *section_regions(const struct report *report)
{
	json_t *array = regions_known(report) ? json_array() : json_null();

	for (size_t i = 0; json_is_array(array) && i < report->region_count && i < REGIONS_SHOWN;
	     i++) {
		const struct region_row *row = &report->regions[i];

		value_append(&array,
			     json_pack("{s:s, s:o, s:o, s:o, s:o}", "region",
				       region_class_name(row->class), "name",
				       value_text(row->name[0] ? row->name : NULL), "count",
				       value_count(row->count), "major", value_count(row->major),
				       "time_ns",
				       report->context.fault_end ? value_count(row->time_ns) :
								   json_null()));
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
	json_t *object = json_pack(
		"{s:o, s:o, s:o, s:o, s:o}", "pid", value_number(entry->tgid), "comm",
		value_text(entry->comm), "samples", value_count(process->samples),
		"unsampled_because", value_text(unsampled_because(report, process)),
		"peak_rss_bytes", process->peak_rss ? value_count(process->peak_rss) : json_null());

	value_set(&object, "rss_bytes", known ? value_count(most->rss) : json_null());
	value_set(&object, "pss_bytes", known ? value_count(most->pss) : json_null());
	value_set(&object, "private_bytes", known ? value_count(most->private) : json_null());
	value_set(&object, "shared_bytes", known ? value_count(most->shared) : json_null());
	value_set(&object, "swap_bytes", known ? value_count(most->swap) : json_null());
	value_set(&object, "last_rss_bytes", known ? value_count(last->rss) : json_null());
	value_set(&object, "last_pss_bytes", known ? value_count(last->pss) : json_null());
	return object;
}

json_t *section_memory(const struct report *report)
{
	const struct memory_summary *sum = &report->memory;
	bool sampled = report->context.memory_sampled;
	json_t *array = json_array();

	for (uint32_t i = 0; i < report->process_memory_count && i < MEMORY_SHOWN; i++)
		value_append(&array, memory_of(report, &report->process_memory[i]));
	return json_pack(
		"{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "peak_rss_sum_bytes",
		value_bytes(sum->peak_rss), "peaks_unknown", value_count(sum->peaks_unknown),
		"rss_sum_bytes", value_bytes(sum->rss), "pss_sum_bytes", value_bytes(sum->pss),
		"rounds", sampled ? value_count(sum->rounds) : json_null(), "cost_ns",
		sampled ? value_count(report->context.memory_cost_ns) : json_null(),
		"processes_total", value_count(report->process_memory_count), "processes", array);
}
