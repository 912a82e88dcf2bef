/* SPDX-License-Identifier: GPL-2.0 */
/*
 * place.h - where the lab's work runs: which executable, which CPU. Includes the C library and
 * base/. Called by cmd_lab.c.
 */
#ifndef TASKTAX_LAB_PLACE_H
#define TASKTAX_LAB_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"

#define PLACE_LAST_CPU (-1)

/*
 * The path of tasktax-demo, owned by the caller: beside this executable, else in PATH. NULL with
 * the reason.
 */
char *place_find_demo(struct fail *fail);

/*
 * Turns PLACE_LAST_CPU into the last CPU that this process may use, checks any other, and counts
 * the CPUs. 0; -EINVAL: *cpu is not among them; else a negative errno, with the reason.
 */
int place_cpu(int *cpu, unsigned int *cpus, struct fail *fail);

/* The second-level cache of a CPU, as sysfs tells; 0: it does not. */
uint64_t place_l2_bytes(int cpu);

#endif
