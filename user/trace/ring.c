// SPDX-License-Identifier: GPL-2.0
/* ring.c - zero-copy reader of a BPF ring buffer; see ring.h. */
#include "trace/ring.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int ring_open(struct ring *ring, int map_fd, size_t size)
{
	long page = sysconf(_SC_PAGESIZE);
	void *consumer, *producer;

	memset(ring, 0, sizeof(*ring));
	consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	if (consumer == MAP_FAILED)
		return -errno;
	producer = mmap(NULL, page + 2 * size, PROT_READ, MAP_SHARED, map_fd, page);
	if (producer == MAP_FAILED) {
		int err = -errno;

		munmap(consumer, page);
		return err;
	}
	madvise(producer, page + 2 * size, MADV_DONTFORK); /* see map_arrays() of session.c */
	ring->consumer_position = consumer;
	ring->producer_position = producer;
	ring->data = (const char *)producer + page;
	ring->at = *ring->consumer_position;
	ring->size = size;
	ring->page = page;
	return 0;
}

void ring_close(struct ring *ring)
{
	if (!ring->consumer_position)
		return;
	munmap(ring->consumer_position, ring->page);
	munmap((void *)(uintptr_t)ring->producer_position, ring->page + 2 * ring->size);
	memset(ring, 0, sizeof(*ring));
}

/* The record's own header: its length with two flag bits. */
static uint32_t header_at(const struct ring *ring)
{
	const uint32_t *header = (const uint32_t *)(ring->data + (ring->at & (ring->size - 1)));

	return __atomic_load_n(header, __ATOMIC_ACQUIRE);
}

static size_t whole_length(uint32_t header)
{
	size_t length = header & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

	return (length + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8;
}

void ring_next(struct ring *ring)
{
	ring->at += whole_length(header_at(ring));
	__atomic_store_n(ring->consumer_position, ring->at, __ATOMIC_RELEASE);
}

const struct event_header *ring_peek(struct ring *ring, uint64_t *bad)
{
	while (ring->at < __atomic_load_n(ring->producer_position, __ATOMIC_ACQUIRE)) {
		uint32_t header = header_at(ring);

		if (header & BPF_RINGBUF_BUSY_BIT)
			return NULL;
		if (!(header & BPF_RINGBUF_DISCARD_BIT)) {
			if (header >= sizeof(struct event_header))
				return (const void *)(ring->data + (ring->at & (ring->size - 1)) +
						      BPF_RINGBUF_HDR_SZ);
			++*bad;
		}
		ring_next(ring);
	}
	return NULL;
}
