/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ring.h - reads one BPF ring buffer in place, record by record.
 *
 * libbpf 1.1 hands each ring out as a whole; merging rings by time needs a look at every head first.
 * The layout (consumer page, producer page, data mapped twice) is the kernel's ABI, documented in
 * Documentation/bpf/ringbuf.rst. Called by consumer.c.
 */
#ifndef TASKTAX_TRACE_RING_H
#define TASKTAX_TRACE_RING_H

#include <stddef.h>
#include <stdint.h>

#include "event.h"

struct ring {
	unsigned long *consumer_position; /* ours to write */
	const unsigned long *producer_position;
	const char *data;
	unsigned long at; /* position of the head record */
	size_t size;	  /* of the data, a power of two */
	size_t page;
};

/* Maps the ring of this map fd, which stays the caller's. 0 or -errno. */
int ring_open(struct ring *ring, int map_fd, size_t size);
void ring_close(struct ring *ring);

/*
 * The oldest record, or NULL when there is none that is complete. It stays valid until ring_next().
 * Records too short to hold an event header are skipped and counted in *bad.
 */
const struct event_header *ring_peek(struct ring *ring, uint64_t *bad);

/* Steps over the record that ring_peek() gave, and hands its room back to the kernel. */
void ring_next(struct ring *ring);

#endif
