/* SPDX-License-Identifier: GPL-2.0 */
/*
 * clock.h - the clock of all stamps: CLOCK_MONOTONIC in ns, the one that bpf_ktime_get_ns() reads.
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

#endif
