// SPDX-License-Identifier: GPL-2.0
/*
 * calibrate.bpf.c - what the probes themselves add between the two stamps of a switch.
 *
 * The direct cost runs from the last instruction of one program to the first clock read of another.
 * In between lie, besides the kernel's switch, the way out of the first program and the way into
 * the second. Here two programs with the same ends hang on one tracepoint that the loader fires
 * itself (task_rename, by prctl), so nothing but that way lies between them. For a kprobe end, the
 * second hangs on the function that the kernel calls right after that tracepoint.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "emit.bpf.h"
#include "target.bpf.h"

struct calibration calibration = {};

static __always_inline bool is_loader(void)
{
	return local_pid(current_task(false)) == conf.calibrate_tid;
}

static __always_inline int on_start(void)
{
	struct cpu_state *cpu = this_cpu();

	if (!cpu || !is_loader())
		return 0;
	cpu->has_pending = 1;
	cpu->pending.h.ts = bpf_ktime_get_ns();
	return 0;
}

static __always_inline int on_stop(void)
{
	struct cpu_state *cpu = this_cpu();
	u64 cost, n;

	if (!cpu || !cpu->has_pending)
		return 0;
	cost = bpf_ktime_get_ns() - cpu->pending.h.ts;
	cpu->has_pending = 0;
	n = calibration.count++;
	if (n < sizeof(calibration.sample) / sizeof(calibration.sample[0]))
		calibration.sample[n] = cost;
	return 0;
}

SEC("?tp_btf/task_rename")
int BPF_PROG(calibrate_start, struct task_struct *task)
{
	return on_start();
}

SEC("?tp_btf/task_rename")
int BPF_PROG(calibrate_stop, struct task_struct *task)
{
	return on_stop();
}

SEC("?raw_tp/task_rename")
int BPF_PROG(calibrate_start_raw, struct task_struct *task)
{
	return on_start();
}

SEC("?raw_tp/task_rename")
int BPF_PROG(calibrate_stop_raw, struct task_struct *task)
{
	return on_stop();
}

SEC("?kprobe/proc_comm_connector")
int calibrate_stop_kprobe(void *ctx)
{
	return on_stop();
}
