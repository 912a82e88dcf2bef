/* SPDX-License-Identifier: GPL-2.0 */
/*
 * memory.h - samples of what memory the target's processes use: /proc/PID/smaps_rollup as EVENT_MEMORY
 * records, which the consumer takes in their place in time.
 *
 * smaps_rollup walks the page tables of the whole address space (40 us for a small one here, 15 ms for a
 * GiB of small pages) and holds the target's mmap lock for reading meanwhile: a fault can go on, an mmap()
 * waits until the walk lets it pass (since 5.11, ff9f47f6f00c). So rounds get as rare as keeps their CPU
 * time below 1 % of what has passed, which is also the most that a process can be walked of its time. Who
 * lived too short for one has no sample.
 *
 * All live processes are walked in a round, so that what they share is divided among those who are summed
 * up. A round is taken in slices, between which its caller drains the rings. Called by run.c.
 */
#ifndef TASKTAX_TRACE_MEMORY_H
#define TASKTAX_TRACE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "event.h"

struct sampler;

/* NULL with the reason in *why, a constant string. */
struct sampler *sampler_new(const char **why);
void sampler_free(struct sampler *sampler); /* takes NULL */

/* Learns from an event who lives. Any kind may be given. 0 or -ENOMEM. */
int sampler_note(struct sampler *sampler, const struct event_header *event);

/* When sampler_run() has something to do, CLOCK_MONOTONIC; 0: at once, UINT64_MAX: not before an event. */
uint64_t sampler_due(const struct sampler *sampler);

/* Takes a slice of a round if one is due. 0 or -ENOMEM. */
int sampler_run(struct sampler *sampler);

/* The oldest record that was not taken yet, or NULL; it stays valid until sampler_next(). */
const struct event_header *sampler_peek(struct sampler *sampler);
void sampler_next(struct sampler *sampler);

/* CPU time of all rounds so far. */
uint64_t sampler_cost_ns(const struct sampler *sampler);

/* --- for the tests --- */

/* The figures of a smaps_rollup. 0, or -EINVAL when one is missing or is no number of kB. */
int rollup_parse(const char *text, size_t length, struct event_memory *figures);

/* How often it may be. */
struct pace {
	uint64_t started_ns; /* since when time is passing; 0: not yet */
	uint64_t ended_ns;   /* the last round; 0: none was */
	uint64_t spent_ns;   /* CPU time of all rounds */
};

/* When a round that will cost so much may begin. */
uint64_t pace_due(const struct pace *pace, uint64_t cost_ns);

#endif
