/* SPDX-License-Identifier: GPL-2.0 */
/* cpus.h - the CPUs that this task may use, and pinning to one of them. */
#ifndef DEMO_CPUS_H
#define DEMO_CPUS_H

#include "base/log.h"

#define CPU_NONE (-1)	/* not pinned */
#define CPU_SPREAD (-2) /* each task on the next CPU of the allowed set, from the last one down */
#define CPU_LIMIT 8192	/* NR_CPUS of the largest kernels */

/* The last CPU of the allowed set: CPU 0 serves most interrupts. The CPU or -errno. */
int cpus_last(struct fail *fail);

/*
 * The CPU of task n under CPU_SPREAD: the n-th from the last one down, and round again. The CPU or -errno.
 */
int cpus_spread(unsigned int n, struct fail *fail);

/* How many there are, or -errno. */
int cpus_count(struct fail *fail);

/* 0, or -EINVAL when the CPU is not in the allowed set, or another -errno. */
int cpus_check(unsigned int cpu, struct fail *fail);

/* Pins the calling task. 0 or -errno. */
int cpus_pin(unsigned int cpu, struct fail *fail);

#endif
