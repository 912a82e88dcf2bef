// SPDX-License-Identifier: GPL-2.0
/* json_counts.c - levels as a whole, and the kernel's counts, as JSON; see json_counts.h. */
#include "output/json_counts.h"

#include "model/coarse.h"
#include "output/json_values.h"

json_t *value_sum(uint64_t count, uint64_t sum)
{
	return json_pack("{s:o, s:o, s:n, s:n, s:n, s:n}", "count", value_count(count), "mean",
			 count ? json_real((double)sum / (double)count) : json_null(), "p50", "p90",
			 "p99", "max");
}

/* --- of the report, in both modes --- */

static bool times_known(const struct report *report)
{
	return !report->context.no_records || report->times_complete;
}

json_t *section_levels(const struct report *report)
{
	json_t *array = json_array();

	for (int i = 0; i < ROW_WITH_VIA; i++) {
		const struct level_row *level = &report->levels[i];
		bool known = times_known(report);

		if (!level->count)
			continue;
		value_append(&array,
			     json_pack("{s:s, s:o, s:o, s:o}", "level", row_level_name(i), "count",
				       value_count(level->count), "direct_ns",
				       known ? value_distribution(&level->direct) : json_null(),
				       "wait_ns",
				       known && report->context.wait_known ?
					       value_distribution(&level->wait) :
					       json_null()));
	}
	return array;
}

json_t *section_fault_times(const struct report *report)
{
	if (!report->context.no_records || !report->context.faults_measured ||
	    !report->times_complete)
		return json_null();
	return json_pack("{s:o, s:o}", "minor", value_distribution(&report->fault_times[0]),
			 "major", value_distribution(&report->fault_times[1]));
}

/* --- of the census --- */

static json_t *percentile(const struct coarse *times, double percent)
{
	uint64_t ns;

	return coarse_percentile(times, percent, &ns) ? json_null() : value_count(ns);
}

static json_t *times(const struct coarse *coarse)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "count", value_count(coarse->count), "sum",
			 value_count(coarse->sum), "p50", percentile(coarse, 50), "p90",
			 percentile(coarse, 90), "p99", percentile(coarse, 99));
}

static json_t *rows(const struct report *report, const struct census_counts *counts)
{
	json_t *array = json_array();

	for (int i = 0; i < COUNT_ROWS; i++) {
		const struct row_counts *row = &counts->row[i];
		bool with_via = i < ROW_WITH_VIA * VIA_COUNT;
		int level = with_via ? i / VIA_COUNT : i - ROW_WITH_VIA * (VIA_COUNT - 1);

		if (!row->count)
			continue;
		value_append(&array,
			     json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "level",
				       row_level_name(level), "via",
				       value_text(switch_via_name(with_via ? i % VIA_COUNT : -1)),
				       "count", value_count(row->count), "voluntary",
				       value_count(row->voluntary), "preempted",
				       value_count(row->preempted), "migrated",
				       value_count(row->migrated), "direct_count",
				       value_count(row->direct_count), "direct_ns",
				       value_count(census_direct_ns(row, report->context.probe_ns)),
				       "wait_ns",
				       report->context.wait_known ? value_count(row->wait_ns) :
								    json_null()));
	}
	return array;
}

static json_t *faults(const struct census_counts *counts)
{
	json_t *array = json_array();

	for (int i = 0; i < CAUSES * FAULT_KINDS * 2; i++) {
		int cause = i / 2 / FAULT_KINDS, kind = i / 2 % FAULT_KINDS, major = i % 2;
		const struct fault_counts *row = &counts->fault[cause][kind][major];

		if (row->count)
			value_append(&array, json_pack("{s:s, s:s, s:s, s:o, s:o}", "level",
						       fault_cause_name(cause), "kind",
						       fault_kind_name(kind), "severity",
						       major ? "major" : "minor", "count",
						       value_count(row->count), "on_cpu_ns",
						       value_count(row->time_ns)));
	}
	return array;
}

static json_t *levels(const struct census_times *all)
{
	json_t *array = all ? json_array() : json_null();

	for (int i = 0; all && i < ROW_WITH_VIA; i++)
		if (all->direct[i].count || all->wait[i].count)
			value_append(&array,
				     json_pack("{s:s, s:o, s:o}", "level", row_level_name(i),
					       "direct_ns", times(&all->direct[i]), "wait_ns",
					       times(&all->wait[i])));
	return array;
}

json_t *section_counted(const struct report *report)
{
	const struct census *census = report->census;
	const struct census_counts *counts;
	const struct task_tlb *tlb;

	if (!census)
		return json_null();
	counts = &census->total.counts;
	tlb = &counts->tlb;
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "folded",
			 value_count(census->folded), "groups", value_count(census->count),
			 "switches", rows(report, counts), "levels", levels(census->total.times),
			 "faults", report->context.faults_measured ? faults(counts) : json_null(),
			 "run_ns", value_count(counts->run_ns), "created",
			 json_pack("{s:o, s:o, s:o}", "process",
				   value_count(counts->created[CREATED_PROCESS]), "thread",
				   value_count(counts->created[CREATED_THREAD]), "vfork",
				   value_count(counts->created[CREATED_VFORK])),
			 "execs", value_count(counts->execs), "exits", value_count(counts->exits),
			 "crashes", value_count(counts->crashes), "first_switches",
			 value_count(counts->first_switches), "shootdowns",
			 report->context.shootdowns_measured ?
				 json_pack("{s:o, s:o}", "sent", value_count(tlb->sent), "received",
					   value_count(tlb->received)) :
				 json_null());
}
