// SPDX-License-Identifier: GPL-2.0
/*
 * seed.bpf.c - the tasks that are there before recording begins, or fit only later: those of the selected processes
 * become targets. The loader selects and runs the iterator, again and again until it finds nobody new; meanwhile
 * lifecycle.bpf.c follows the births of targets. Whoever is found by both is taken once (target_claim()).
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "emit.bpf.h"
#include "seed.bpf.h"

SEC("?iter/task")
int seed_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	u8 found = 1;

	if (!task || task->exit_state)
		return 0;
	if (!bpf_task_storage_get(&tasks, task, 0, 0) && seed(task, true))
		bpf_seq_write(ctx->meta->seq, &found, sizeof(found)); /* how many: the bytes */
	return 0;
}
