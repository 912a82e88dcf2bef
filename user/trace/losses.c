// SPDX-License-Identifier: GPL-2.0
/*
 * losses.c - session_losses(), session_tlb_reasons(): what the programs have counted beside their records, and
 * the kernel beside theirs; session_program(): how long they ran.
 */
#include <bpf/bpf.h>
#include <string.h>

#include "trace/session_internal.h"

uint64_t session_recursion_misses(const struct bpf_program *program)
{
	struct bpf_prog_info info = { 0 };
	u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
		return 0;
	return info.recursion_misses;
}

struct losses session_losses(const struct session *session)
{
	struct losses sum = { 0 };
	uint64_t fault_ends_run = 0;

	for (unsigned int i = 0; i < session->cpus; i++) {
		const struct loss *loss = &session->cpu[i].loss;

		sum.switches += loss->switches;
		sum.waking += loss->waking;
		sum.shootdowns += loss->shootdowns;
		sum.faults += loss->faults;
		if (session->mappings && session->mappings[i])
			sum.mappings += mappings_lost(session->mappings[i]);
		fault_ends_run += session->cpu[i].fault_runs;
		sum.lifecycle += loss->lifecycle;
		sum.untracked += loss->untracked;
		sum.unseen += loss->unseen;
	}
	for (unsigned int i = 0; i < session->links; i++)
		if (!programs_miss_nothing(session->skeleton, session->linked[i]))
			sum.recursion += session_recursion_misses(session->linked[i]) -
					 session->misses_before[i];
	/* perf skips a program, and counts its event, while its CPU is inside a map system call */
	if (session->disarmed)
		sum.unseen_faults = session->fault_ends_raised - fault_ends_run;
	return sum;
}

uint64_t session_lost_on(const struct session *session, unsigned int cpu)
{
	const struct loss *loss = &session->cpu[cpu].loss;

	return loss->switches + loss->waking + loss->shootdowns + loss->faults + loss->lifecycle;
}

unsigned int session_cpus(const struct session *session)
{
	return session->cpus;
}

void session_tlb_reasons(const struct session *session, struct tlb_reason reasons[TLB_REASONS])
{
	struct tlb_reasons of_cpu;

	memset(reasons, 0, TLB_REASONS * sizeof(*reasons));
	for (u32 i = 0; session->hooks.tlb_switch && i < session->cpus; i++) {
		if (bpf_map_lookup_elem(bpf_map__fd(session->skeleton->maps.tlb_flushes), &i,
					&of_cpu))
			continue;
		for (int j = 0; j < TLB_REASONS; j++) {
			reasons[j].count += of_cpu.reason[j].count;
			reasons[j].all += of_cpu.reason[j].all;
			reasons[j].pages += of_cpu.reason[j].pages;
		}
	}
}

bool session_program(const struct session *session, size_t i, const char **name, uint64_t *run_ns)
{
	struct bpf_prog_info info = { 0 };
	u32 size = sizeof(info);

	if (i >= session->links ||
	    bpf_obj_get_info_by_fd(bpf_program__fd(session->linked[i]), &info, &size))
		return false;
	*name = bpf_program__name(session->linked[i]);
	*run_ns = info.run_time_ns;
	return true;
}
