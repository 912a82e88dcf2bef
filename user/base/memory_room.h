/* SPDX-License-Identifier: GPL-2.0 */
/*
 * memory_room.h - how much memory a workload may take: what the host has, what its commit limit lets be
 * promised, and what the control groups leave that hold this process. Includes the C library. Called by
 * cmd_lab.c and the demo.
 */
#ifndef TASKTAX_BASE_MEMORY_ROOM_H
#define TASKTAX_BASE_MEMORY_ROOM_H

#include <stdint.h>

/*
 * Bytes that can be had without swapping; 0: not known. proc and cgroups are where these are mounted:
 * "/proc" and "/sys/fs/cgroup", or what a test has in their place.
 *
 * The least of: MemAvailable; CommitLimit less Committed_AS where the kernel refuses what it cannot
 * back (vm.overcommit_memory 2); and for each memory control group from this process's own up to the
 * root, its limit less its usage, the page cache that it could give back not counted as used.
 */
uint64_t memory_room_bytes(const char *proc, const char *cgroups);

#endif
