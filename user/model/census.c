// SPDX-License-Identifier: GPL-2.0
/* census.c - adds up what groups have counted; see census.h. */
#include "model/census.h"

#include "model/coarse.h"

static void add_row(struct row_counts *to, const struct row_counts *from)
{
	to->count += from->count;
	to->voluntary += from->voluntary;
	to->preempted += from->preempted;
	to->migrated += from->migrated;
	to->direct_count += from->direct_count;
	to->direct_ns += from->direct_ns;
	to->wait_ns += from->wait_ns;
	to->pick_ns += from->pick_ns;
}

static void add_fault(struct fault_counts *to, const struct fault_counts *from)
{
	to->count += from->count;
	to->time_ns += from->time_ns;
}

void census_tlb_add(struct task_tlb *to, const struct task_tlb *from)
{
	to->sent += from->sent;
	to->sent_all += from->sent_all;
	to->sent_pages += from->sent_pages;
	to->received += from->received;
	to->received_ns += from->received_ns;
}

void census_slab_add(struct census_counts *to, const struct group_counts *from)
{
	for (int i = 0; i < COUNT_ROWS; i++)
		add_row(&to->row[i], &from->row[i]);
	for (int cause = 0; cause < CAUSE_UNKNOWN; cause++)
		for (int kind = 0; kind < FAULT_KINDS; kind++)
			for (int major = 0; major < 2; major++)
				add_fault(&to->fault[cause][kind][major],
					  &from->fault[cause][kind][major]);
	to->first_switches += from->first_switches;
}

void census_counts_add(struct census_counts *to, const struct census_counts *from)
{
	for (int i = 0; i < COUNT_ROWS; i++)
		add_row(&to->row[i], &from->row[i]);
	for (int cause = 0; cause < CAUSES; cause++)
		for (int kind = 0; kind < FAULT_KINDS; kind++)
			for (int major = 0; major < 2; major++)
				add_fault(&to->fault[cause][kind][major],
					  &from->fault[cause][kind][major]);
	to->run_ns += from->run_ns;
	for (int i = 0; i < CREATED_KINDS; i++)
		to->created[i] += from->created[i];
	to->execs += from->execs;
	to->exits += from->exits;
	to->crashes += from->crashes;
	to->first_switches += from->first_switches;
	census_tlb_add(&to->tlb, &from->tlb);
}

void census_times_add(struct census_times *to, const struct census_times *from)
{
	for (int level = 0; level < ROW_WITH_VIA; level++) {
		coarse_add(&to->direct[level], &from->direct[level]);
		coarse_add(&to->wait[level], &from->wait[level]);
	}
	for (int major = 0; major < 2; major++)
		coarse_add(&to->fault[major], &from->fault[major]);
}

uint64_t census_switches(const struct census_counts *counts)
{
	uint64_t sum = 0;

	for (int i = 0; i < COUNT_ROWS; i++)
		sum += counts->row[i].count;
	return sum;
}

uint64_t census_faults(const struct census_counts *counts, bool major)
{
	uint64_t sum = 0;

	for (int cause = 0; cause < CAUSES; cause++)
		for (int kind = 0; kind < FAULT_KINDS; kind++)
			sum += counts->fault[cause][kind][major].count;
	return sum;
}

uint64_t census_direct_ns(const struct row_counts *row, uint64_t probe_ns)
{
	uint64_t probes = probe_ns == NS_UNKNOWN ? 0 : probe_ns * row->direct_count;

	return row->direct_ns > probes ? row->direct_ns - probes : 0;
}
