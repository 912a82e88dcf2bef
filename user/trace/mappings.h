/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mappings.h - what is mapped where, from when on: perf's side band of one CPU (PERF_RECORD_MMAP2 and the
 * PERF_RECORD_COMM of an exec), record by record as ring.h reads a BPF ring buffer. The kernel writes it
 * for every process of the host, as `perf record -a` gets it.
 *
 * Made by session.c, read by consumer.c.
 */
#ifndef TASKTAX_TRACE_MAPPINGS_H
#define TASKTAX_TRACE_MAPPINGS_H

#include <linux/perf_event.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "event.h"

struct mappings;

/* What is asked of the kernel. Also for the probe of features.h. */
void mappings_attr(struct perf_event_attr *attr);

/*
 * Opens the side band of a CPU and begins to collect. *mappings is NULL when the CPU is offline. 0 or a
 * negative errno with the reason.
 */
int mappings_open(struct mappings **mappings, unsigned int cpu, struct fail *fail);
void mappings_close(struct mappings *mappings); /* takes NULL */

/*
 * Reads a ring that is there already and stays the caller's: a control page, then `size` bytes of data, a
 * power of two. NULL: no memory.
 */
struct mappings *mappings_over(void *ring, size_t size, unsigned int cpu);

/* A descriptor that poll(2) finds readable once for each wake-up, edge-triggered. */
int mappings_fd(const struct mappings *mappings);

/*
 * The oldest record as EVENT_MAPPING or EVENT_IMAGE, or NULL; it stays valid until mappings_next(). A record
 * whose size cannot be true is counted in *bad and takes with it all that is in the ring behind it.
 */
const struct event_header *mappings_peek(struct mappings *mappings, uint64_t *bad);
void mappings_next(struct mappings *mappings);

/* Records that the kernel had no room for, of the whole host. */
uint64_t mappings_lost(const struct mappings *mappings);

#endif
