/* SPDX-License-Identifier: GPL-2.0 */
/*
 * workload.h - the verdict on the workload's shape: process-level, thread-level, hybrid or single.
 *
 * A task counts when it has at least 5 % of the tree's run time or of its switches; the smaller ones of
 * one parent and one name count when they have it together. Pure. Called by model.c.
 */
#ifndef TASKTAX_MODEL_WORKLOAD_H
#define TASKTAX_MODEL_WORKLOAD_H

#include "model/tasks.h"

/* Sets report->workload, its reasons, and the level of every process. 0 or -ENOMEM. */
int workload_judge(struct tasks *tasks, struct report *report);

#endif
