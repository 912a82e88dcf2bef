// SPDX-License-Identifier: GPL-2.0
/* consumer.c - the k-way merge of the rings; see consumer.h. */
#include "trace/consumer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "trace/names.h"
#include "trace/ring.h"

/* A ring that has a record, with that record's stamp. */
struct head {
	uint64_t ts;
	struct ring *ring;
	const struct event_header *event;
};

struct consumer {
	struct ring *ring;
	size_t count;
	struct head *heap; /* smallest ts first */
	size_t heads;
	struct names *names;
	consumer_sink sink;
	void *context;
	int epoll;
	uint64_t bad;
};

static int open_ring(struct consumer *consumer, int fd, size_t size)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int err = ring_open(&consumer->ring[consumer->count], fd, size);

	if (err)
		return err;
	consumer->count++;
	if (epoll_ctl(consumer->epoll, EPOLL_CTL_ADD, fd, &event))
		return -errno;
	return 0;
}

static int open_all(struct consumer *consumer, const int *ring_fds, size_t count, size_t ring_size,
		    int lifecycle_fd, size_t lifecycle_size)
{
	/* the lifecycle ring first: of two equal stamps the birth goes before the switch */
	int err = open_ring(consumer, lifecycle_fd, lifecycle_size);

	for (size_t i = 0; !err && i < count; i++)
		err = open_ring(consumer, ring_fds[i], ring_size);
	return err;
}

struct consumer *consumer_new(const int *ring_fds, size_t count, size_t ring_size, int lifecycle_fd,
			      size_t lifecycle_size, consumer_sink sink, void *context)
{
	struct consumer *consumer = calloc(1, sizeof(*consumer));
	int err = ENOMEM;

	if (!consumer)
		return NULL;
	consumer->sink = sink;
	consumer->context = context;
	consumer->epoll = epoll_create1(EPOLL_CLOEXEC);
	consumer->ring = calloc(count + 1, sizeof(*consumer->ring));
	consumer->heap = calloc(count + 1, sizeof(*consumer->heap));
	consumer->names = names_new();
	if (consumer->epoll < 0)
		err = errno;
	else if (consumer->ring && consumer->heap && consumer->names)
		err = -open_all(consumer, ring_fds, count, ring_size, lifecycle_fd, lifecycle_size);
	if (err) {
		consumer_free(consumer);
		errno = err;
		return NULL;
	}
	return consumer;
}

void consumer_free(struct consumer *consumer)
{
	if (!consumer)
		return;
	for (size_t i = 0; i < consumer->count; i++)
		ring_close(&consumer->ring[i]);
	if (consumer->epoll >= 0)
		close(consumer->epoll);
	names_free(consumer->names);
	free(consumer->ring);
	free(consumer->heap);
	free(consumer);
}

int consumer_fd(const struct consumer *consumer)
{
	return consumer->epoll;
}

uint64_t consumer_bad_records(const struct consumer *consumer)
{
	return consumer->bad;
}

static void sift_down(struct head *heap, size_t count, size_t at)
{
	for (;;) {
		size_t child = 2 * at + 1, least = at;
		struct head swap;

		if (child < count && heap[child].ts < heap[least].ts)
			least = child;
		if (child + 1 < count && heap[child + 1].ts < heap[least].ts)
			least = child + 1;
		if (least == at)
			return;
		swap = heap[at];
		heap[at] = heap[least];
		heap[least] = swap;
		at = least;
	}
}

/*
 * A ring is edge-triggered: ready once for each wake-up that its programs asked for. By level it would be
 * ready as long as it holds a record, that is, always, since the youngest are left for the next drain.
 */
static void take_wake_ups(const struct consumer *consumer)
{
	struct epoll_event event[16];

	while (epoll_wait(consumer->epoll, event, 16, 0) == 16)
		;
}

static bool look(struct consumer *consumer, struct head *head)
{
	head->event = ring_peek(head->ring, &consumer->bad);
	if (!head->event)
		return false;
	head->ts = head->event->ts;
	return true;
}

static void gather_heads(struct consumer *consumer)
{
	consumer->heads = 0;
	for (size_t i = 0; i < consumer->count; i++) {
		struct head *head = &consumer->heap[consumer->heads];

		head->ring = &consumer->ring[i];
		consumer->heads += look(consumer, head);
	}
	for (size_t i = consumer->heads; i-- > 0;)
		sift_down(consumer->heap, consumer->heads, i);
}

static int hand_on(struct consumer *consumer, const struct event_header *event)
{
	struct event_name name;
	int err;

	if (names_wants(consumer->names, event, &name)) {
		err = consumer->sink(consumer->context, &name.h);
		if (err)
			return err;
	}
	return consumer->sink(consumer->context, event);
}

int consumer_drain(struct consumer *consumer, bool everything)
{
	uint64_t until = everything ? UINT64_MAX : clock_now_ns() - CONSUMER_SLACK_NS;

	take_wake_ups(consumer);
	gather_heads(consumer);
	while (consumer->heads && consumer->heap[0].ts <= until) {
		struct head *head = &consumer->heap[0];
		int err = hand_on(consumer, head->event);

		ring_next(head->ring);
		if (err)
			return err;
		if (!look(consumer, head))
			*head = consumer->heap[--consumer->heads];
		sift_down(consumer->heap, consumer->heads, 0);
	}
	return 0;
}
