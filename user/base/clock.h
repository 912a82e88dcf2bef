/* SPDX-License-Identifier: GPL-2.0 */
/*
 * clock.h - the clock of all stamps: CLOCK_MONOTONIC in ns, the one that bpf_ktime_get_ns() reads; and the CPU's.
 * Includes the C library only. Not for model/, which has no clock.
 */
#ifndef TASKTAX_BASE_CLOCK_H
#define TASKTAX_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

/* What the calling thread has used of a CPU. */
static inline uint64_t clock_cpu_ns(void)
{
	struct timespec used;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return (uint64_t)used.tv_sec * 1000000000ull + (uint64_t)used.tv_nsec;
}

#endif
