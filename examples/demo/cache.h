/* SPDX-License-Identifier: GPL-2.0 */
/* cache.h - the size of a CPU's second-level cache. */
#ifndef DEMO_CACHE_H
#define DEMO_CACHE_H

#include <stdint.h>

/* Bytes, or 0: not known here. */
uint64_t cache_l2_bytes(unsigned int cpu);

#endif
