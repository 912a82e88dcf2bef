// SPDX-License-Identifier: GPL-2.0
/* consumer.c - the k-way merge of logs and rings; see consumer.h. */
#include "trace/consumer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/merge.h"
#include "trace/names.h"
#include "trace/ring.h"

struct source {
	enum { SOURCE_RING, SOURCE_LOG, SOURCE_MAPPINGS, SOURCE_SAMPLER } is;
	union {
		struct record_log log;
		struct ring ring;
		struct mappings *mappings;
		struct sampler *sampler;
	};
};

struct consumer {
	struct source *source;
	size_t count;
	struct merge merge; /* of the sources that have a record */
	struct names *names;
	consumer_sink sink;
	void *context;
	int epoll;
	uint64_t bad;
};

struct consumer *consumer_new(size_t most, consumer_sink sink, void *context)
{
	struct consumer *consumer = calloc(1, sizeof(*consumer));
	int err;

	if (!consumer)
		return NULL;
	consumer->sink = sink;
	consumer->context = context;
	consumer->source = calloc(most, sizeof(*consumer->source));
	consumer->merge.heap = calloc(most, sizeof(*consumer->merge.heap));
	consumer->names = names_new();
	consumer->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (consumer->epoll >= 0 && consumer->source && consumer->merge.heap && consumer->names)
		return consumer;
	err = consumer->epoll < 0 ? errno : ENOMEM;
	consumer_free(consumer);
	errno = err;
	return NULL;
}

static int wait_for(struct consumer *consumer, int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	return epoll_ctl(consumer->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

int consumer_add_ring(struct consumer *consumer, int fd, size_t size)
{
	struct source *source = &consumer->source[consumer->count];
	int err = ring_open(&source->ring, fd, size);

	if (err)
		return err;
	consumer->count++;
	return wait_for(consumer, fd);
}

void consumer_add_log(struct consumer *consumer, const struct record_log *log)
{
	struct source *source = &consumer->source[consumer->count++];

	source->is = SOURCE_LOG;
	source->log = *log;
}

int consumer_add_mappings(struct consumer *consumer, struct mappings *mappings)
{
	struct source *source = &consumer->source[consumer->count++];

	source->is = SOURCE_MAPPINGS;
	source->mappings = mappings;
	return wait_for(consumer, mappings_fd(mappings));
}

void consumer_add_sampler(struct consumer *consumer, struct sampler *sampler)
{
	struct source *source = &consumer->source[consumer->count++];

	source->is = SOURCE_SAMPLER;
	source->sampler = sampler;
}

void consumer_free(struct consumer *consumer)
{
	if (!consumer)
		return;
	for (size_t i = 0; i < consumer->count; i++)
		if (consumer->source[i].is == SOURCE_RING)
			ring_close(&consumer->source[i].ring);
	if (consumer->epoll >= 0)
		close(consumer->epoll);
	names_free(consumer->names);
	free(consumer->source);
	free(consumer->merge.heap);
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

static const struct event_header *peek(struct consumer *consumer, struct source *source)
{
	switch (source->is) {
	case SOURCE_LOG:
		return record_log_peek(&source->log, &consumer->bad);
	case SOURCE_MAPPINGS:
		return mappings_peek(source->mappings, &consumer->bad);
	case SOURCE_SAMPLER:
		return sampler_peek(source->sampler);
	default:
		return ring_peek(&source->ring, &consumer->bad);
	}
}

/*
 * Equal stamps are in the order of their CPUs, then of the sources: a recording, which has one stream a CPU, gives
 * them in the same.
 */
static bool look(struct consumer *consumer, struct merge_head *head)
{
	struct source *source = head->source;
	const struct event_header *event = peek(consumer, source);

	if (!event)
		return false;
	head->event = event;
	head->ts = event->ts;
	head->rank = (uint64_t)event->cpu << 32 | (uint64_t)(source - consumer->source);
	return true;
}

static void step(struct source *source)
{
	switch (source->is) {
	case SOURCE_LOG:
		record_log_next(&source->log);
		break;
	case SOURCE_MAPPINGS:
		mappings_next(source->mappings);
		break;
	case SOURCE_SAMPLER:
		sampler_next(source->sampler);
		break;
	default:
		ring_next(&source->ring);
	}
}

static void gather_heads(struct consumer *consumer)
{
	struct merge *merge = &consumer->merge;

	merge->count = 0;
	for (size_t i = 0; i < consumer->count; i++) {
		merge->heap[merge->count].source = &consumer->source[i];
		merge->count += look(consumer, &merge->heap[merge->count]);
	}
	merge_order(merge);
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
	struct merge *merge = &consumer->merge;
	struct merge_head *head;

	take_wake_ups(consumer);
	gather_heads(consumer);
	while ((head = merge_first(merge)) && head->ts <= until) {
		int err = hand_on(consumer, head->event);

		step(head->source);
		if (err)
			return err;
		if (look(consumer, head))
			merge_sift(merge, 0);
		else
			merge_drop_first(merge);
	}
	return 0;
}
