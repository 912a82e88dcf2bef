/* SPDX-License-Identifier: GPL-2.0 */
/*
 * consumer.h - takes the records of all rings, in time order, to one sink.
 *
 * Each CPU's ring is in time order; the consumer merges them (k-way, by a heap of heads). A record
 * is handed on only when it is old enough (CONSUMER_SLACK_NS) that no other CPU can still be writing
 * an older one; what comes later all the same the model counts as late. Called by the commands.
 */
#ifndef TASKTAX_TRACE_CONSUMER_H
#define TASKTAX_TRACE_CONSUMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"

#define CONSUMER_SLACK_NS 2000000ull

struct consumer;

/* Where records go. The record is valid during the call. Non-zero ends the drain with that value. */
typedef int (*consumer_sink)(void *context, const struct event_header *event);

/*
 * Opens readers on these ring maps, whose descriptors stay the caller's: switch rings of
 * `ring_size` bytes each, and the lifecycle ring. NULL with errno set.
 */
struct consumer *consumer_new(const int *ring_fds, size_t count, size_t ring_size, int lifecycle_fd,
			      size_t lifecycle_size, consumer_sink sink, void *context);
void consumer_free(struct consumer *consumer);

/* A descriptor that poll(2) finds readable when the kernel asks for a drain. */
int consumer_fd(const struct consumer *consumer);

/* Hands on what is older than the slack, or everything. 0, or what the sink returned. */
int consumer_drain(struct consumer *consumer, bool everything);

/* Records that were too short to be events. */
uint64_t consumer_bad_records(const struct consumer *consumer);

#endif
