/* SPDX-License-Identifier: GPL-2.0 */
/*
 * placement.h - which CPUs this program may use, and pinning to one of them.
 *
 * Called by options.c (is the CPU allowed?) and workload.c (pin).
 */
#ifndef TASKTAX_DEMO_PLACEMENT_H
#define TASKTAX_DEMO_PLACEMENT_H

#include "base/log.h"

#define PLACEMENT_FREE (-1) /* not pinned: the scheduler chooses */
#define PLACEMENT_LAST (-2) /* the last allowed CPU */

/*
 * Turns PLACEMENT_LAST into a CPU and checks that a CPU is in the allowed set of this task
 * (sched_getaffinity: what taskset, a cpuset or a container leaves us). 0 or -errno.
 */
int placement_resolve(int *cpu, struct fail *fail);

/*
 * Pins the calling task; tasks created by it later inherit that in every form. Nothing to do for
 * PLACEMENT_FREE. 0 or -errno.
 */
int placement_pin(int cpu, struct fail *fail);

#endif
