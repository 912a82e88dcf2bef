/* SPDX-License-Identifier: GPL-2.0 */
/*
 * host.h - the facts about the host that need no probe: kernel, CPUs, lockdown, sysctls. Called by
 * features.c and probe.c.
 */
#ifndef TASKTAX_TRACE_HOST_H
#define TASKTAX_TRACE_HOST_H

#include "trace/features.h"

#define VMLINUX_BTF "/sys/kernel/btf/vmlinux"

/* Fills in the facts of struct features. 0, or a negative errno with the reason. */
int host_read(struct features *features, struct fail *fail);

/* The first line of a file, without its newline. False with errno when there is none. */
bool host_read_line(const char *path, char *line, size_t size);

/* The number that a file begins with. */
/* The address of a kernel symbol; 0: there is none, or it is not told. */
uint64_t host_symbol(const char *name);

int host_read_number(const char *path, int otherwise);

#endif
