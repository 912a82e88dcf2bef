/* SPDX-License-Identifier: GPL-2.0 */
/*
 * reconcile.h - what was seen against the kernel's own counters, per task and in total.
 *
 * The kernel's counters were read in BPF at the task's first recorded event and at its last
 * switch-out, so they cover exactly the recorded span: seen + lost must equal them, without
 * tolerance. `lost` of a task are the switch-outs that the hook counted in the task's storage and
 * that never arrived. Of the faults, those that the kernel counted and the hook did not see are `no_event`:
 * taken by the kernel for the task (get_user_pages). Pure. Called by model.c.
 */
#ifndef TASKTAX_MODEL_RECONCILE_H
#define TASKTAX_MODEL_RECONCILE_H

#include "model/tasks.h"

/*
 * Fills task_entry.lost_switches of every task and returns the totals. lossy: switch records were
 * lost or came late; then a task's switch-ins and switch-outs need not alternate, and the wait of
 * one with a gap in its stream cannot be the kernel's, and is no difference.
 */
struct reconciliation reconcile(struct tasks *tasks, const struct run_context *context, bool lossy);

#endif
