/* SPDX-License-Identifier: GPL-2.0 */
/*
 * consumer.h - takes the records of all logs and rings, in time order, to one sink.
 *
 * Each of them is in time order; the consumer merges them (k-way, by a heap of heads). A record
 * is handed on only when it is old enough (CONSUMER_SLACK_NS) that no other CPU can still be writing
 * an older one; what comes later all the same the model counts as late. Called by the commands.
 */
#ifndef TASKTAX_TRACE_CONSUMER_H
#define TASKTAX_TRACE_CONSUMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"
#include "trace/mappings.h"
#include "trace/memory.h"
#include "trace/record_log.h"

#define CONSUMER_SLACK_NS 2000000ull

struct consumer;

/* Where records go. The record is valid during the call. Non-zero ends the drain with that value. */
typedef int (*consumer_sink)(void *context, const struct event_header *event);

/* Without any source yet, but room for `most`. NULL with errno set. */
struct consumer *consumer_new(size_t most, consumer_sink sink, void *context);
void consumer_free(struct consumer *consumer);

/*
 * Adds a source: a ring map of `size` bytes, whose descriptor stays the caller's, a switch log, the side band
 * of a CPU or the sampler of memory, which stay the caller's. Of two equal stamps that of the lower CPU goes first,
 * then that whose source was added first. 0 or a negative errno.
 */
int consumer_add_ring(struct consumer *consumer, int fd, size_t size);
void consumer_add_log(struct consumer *consumer, const struct record_log *log);
int consumer_add_mappings(struct consumer *consumer, struct mappings *mappings);
void consumer_add_sampler(struct consumer *consumer, struct sampler *sampler);

/* A descriptor that poll(2) finds readable when the kernel asks for a drain. */
int consumer_fd(const struct consumer *consumer);

/* Hands on what is older than the slack, or everything. 0, or what the sink returned. */
int consumer_drain(struct consumer *consumer, bool everything);

/* Records that were too short to be events. */
uint64_t consumer_bad_records(const struct consumer *consumer);

#endif
