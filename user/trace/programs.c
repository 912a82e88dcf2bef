// SPDX-License-Identifier: GPL-2.0
/* programs.c - from hooks to programs; see programs.h. */
#include "trace/programs.h"

#include <bpf/libbpf.h>

#include "config.h"
#include "tasktax.skel.h"

static void choose_lifecycle(struct tasktax_bpf *skeleton, const struct hooks *hooks)
{
	bool typed = hooks->typed;

	bpf_program__set_autoload(
		typed ? skeleton->progs.task_newtask : skeleton->progs.task_newtask_raw, true);
	bpf_program__set_autoload(typed ? skeleton->progs.sched_process_exec :
					  skeleton->progs.sched_process_exec_raw,
				  true);
	bpf_program__set_autoload(typed ? skeleton->progs.sched_process_exit :
					  skeleton->progs.sched_process_exit_raw,
				  true);
	if (hooks->rename)
		bpf_program__set_autoload(typed ? skeleton->progs.task_rename :
						  skeleton->progs.task_rename_raw,
					  true);
	if (typed && hooks->iter)
		bpf_program__set_autoload(skeleton->progs.close_tasks, true);
	bpf_program__set_autoload(skeleton->progs.seed_tasks, hooks->attach && hooks->iter);
}

static void choose_sched(struct tasktax_bpf *skeleton, const struct hooks *hooks)
{
	bool typed = hooks->typed;

	bpf_program__set_autoload(
		typed ? skeleton->progs.sched_switch : skeleton->progs.sched_switch_raw, true);
	if (hooks->end == SWITCH_END_TRACEPOINT)
		bpf_program__set_autoload(typed ? skeleton->progs.sched_exit_tp :
						  skeleton->progs.sched_exit_tp_raw,
					  true);
	if (hooks->end == SWITCH_END_KPROBE)
		bpf_program__set_autoload(typed ? skeleton->progs.finish_task_switch :
						  skeleton->progs.finish_task_switch_raw,
					  true);
	if (hooks->pick)
		bpf_program__set_autoload(skeleton->progs.sched_entry_tp, true);
	if (hooks->waking)
		bpf_program__set_autoload(typed ? skeleton->progs.sched_waking :
						  skeleton->progs.sched_waking_raw,
					  true);
}

static void choose_faults(struct tasktax_bpf *skeleton, const struct hooks *hooks)
{
	bool typed = hooks->typed;

	if (hooks->faults == FAULT_END_PERF || hooks->faults == FAULT_END_COUNTER) {
		bpf_program__set_autoload(typed ? skeleton->progs.page_fault_user :
						  skeleton->progs.page_fault_user_raw,
					  true);
		bpf_program__set_autoload(typed ? skeleton->progs.page_fault_kernel :
						  skeleton->progs.page_fault_kernel_raw,
					  true);
	}
	if (hooks->faults == FAULT_END_PERF) {
		bpf_program__set_autoload(typed ? skeleton->progs.fault_minor :
						  skeleton->progs.fault_minor_raw,
					  true);
		bpf_program__set_autoload(typed ? skeleton->progs.fault_major :
						  skeleton->progs.fault_major_raw,
					  true);
	}
	if (hooks->faults == FAULT_END_FEXIT) {
		bpf_program__set_autoload(skeleton->progs.fault_enter, true);
		bpf_program__set_autoload(skeleton->progs.fault_exit, true);
	}
	bpf_program__set_autoload(skeleton->progs.fault_unraised, hooks->unraised);
	bpf_program__set_autoload(skeleton->progs.rss_stat, hooks->rss_stat);
	bpf_program__set_autoload(skeleton->progs.mm_page_alloc, hooks->cow_detail);
}

static void choose_tlb(struct tasktax_bpf *skeleton, const struct hooks *hooks)
{
	bpf_program__set_autoload(skeleton->progs.csd_queue_cpu, hooks->shootdowns);
	bpf_program__set_autoload(skeleton->progs.csd_function_entry, hooks->shootdowns);
	bpf_program__set_autoload(skeleton->progs.csd_function_exit, hooks->shot_time);
	bpf_program__set_autoload(skeleton->progs.tlb_flush, hooks->tlb_switch);
	bpf_program__set_autoload(skeleton->progs.calibrate_tlb_flush,
				  hooks->tlb_switch && hooks->end != SWITCH_END_NONE);
}

static void choose_calibration(struct tasktax_bpf *skeleton, const struct hooks *hooks)
{
	if (hooks->end == SWITCH_END_NONE)
		return;
	bpf_program__set_autoload(hooks->typed ? skeleton->progs.calibrate_start :
						 skeleton->progs.calibrate_start_raw,
				  true);
	if (hooks->end == SWITCH_END_KPROBE)
		bpf_program__set_autoload(skeleton->progs.calibrate_stop_kprobe, true);
	else
		bpf_program__set_autoload(hooks->typed ? skeleton->progs.calibrate_stop :
							 skeleton->progs.calibrate_stop_raw,
					  true);
}

void programs_choose(struct tasktax_bpf *skeleton, const struct hooks *hooks)
{
	choose_lifecycle(skeleton, hooks);
	choose_sched(skeleton, hooks);
	choose_faults(skeleton, hooks);
	choose_tlb(skeleton, hooks);
	choose_calibration(skeleton, hooks);
}

unsigned int programs_to_attach(struct tasktax_bpf *skeleton, struct bpf_program **program)
{
	struct bpf_program *all[] = {
		skeleton->progs.task_newtask,	    skeleton->progs.task_newtask_raw,
		skeleton->progs.sched_process_exec, skeleton->progs.sched_process_exec_raw,
		skeleton->progs.sched_process_exit, skeleton->progs.sched_process_exit_raw,
		skeleton->progs.task_rename,	    skeleton->progs.task_rename_raw,
		skeleton->progs.sched_exit_tp,	    skeleton->progs.sched_exit_tp_raw,
		skeleton->progs.finish_task_switch, skeleton->progs.finish_task_switch_raw,
		skeleton->progs.sched_entry_tp,	    skeleton->progs.sched_waking,
		skeleton->progs.sched_waking_raw,   skeleton->progs.sched_switch,
		skeleton->progs.sched_switch_raw,   skeleton->progs.rss_stat,
		skeleton->progs.mm_page_alloc,	    skeleton->progs.fault_unraised,
		skeleton->progs.fault_exit,	    skeleton->progs.fault_enter,
		skeleton->progs.page_fault_user,    skeleton->progs.page_fault_user_raw,
		skeleton->progs.page_fault_kernel,  skeleton->progs.page_fault_kernel_raw,
		skeleton->progs.csd_queue_cpu,	    skeleton->progs.csd_function_exit,
		skeleton->progs.csd_function_entry, skeleton->progs.tlb_flush,
	};
	unsigned int count = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (bpf_program__autoload(all[i]))
			program[count++] = all[i];
	return count;
}

bool programs_miss_nothing(const struct tasktax_bpf *skeleton, const struct bpf_program *program)
{
	return program == skeleton->progs.sched_exit_tp ||
	       program == skeleton->progs.sched_exit_tp_raw ||
	       program == skeleton->progs.finish_task_switch ||
	       program == skeleton->progs.finish_task_switch_raw ||
	       program == skeleton->progs.sched_entry_tp ||
	       program == skeleton->progs.csd_queue_cpu || program == skeleton->progs.mm_page_alloc;
}
