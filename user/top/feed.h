/* SPDX-License-Identifier: GPL-2.0 */
/*
 * feed.h - where top has its censuses from: a live session, what /proc says of the memory and the parents of who is in
 * it, and the counts of threads that have ended while their process lives. One thread. Called by top.c.
 */
#ifndef TASKTAX_TOP_FEED_H
#define TASKTAX_TOP_FEED_H

#include "base/log.h"
#include "model/census.h"
#include "trace/hooks.h"
#include "trace/selection.h"

struct feed;

struct feed_options {
	const struct selection *selection; /* who is counted */
	const char *described;		   /* the selection, in words */
	struct wanted wanted;
	bool threads;		    /* one by one */
	const char *const *without; /* hooks to leave out */
	size_t without_count;
	bool bpf_stats; /* have the kernel time the programs */
};

/* Counting has begun when it returns. NULL with the reason, whose code is an enum exit_status. */
struct feed *feed_open(const struct feed_options *options, struct fail *fail);
void feed_close(struct feed *feed); /* takes NULL */

/* When there is something to do: readable (-1: never); and how long to wait at most. */
int feed_fd(const struct feed *feed);
int feed_wait_ms(const struct feed *feed);

/* Does it: follows births and deaths. 0, or a negative errno with the reason. */
int feed_step(struct feed *feed, struct fail *fail);

/* Of now; the feed's until the next call. NULL with the reason. */
const struct census *feed_census(struct feed *feed, struct fail *fail);

uint32_t feed_tasks(const struct feed *feed); /* that are alive */

/* How long the programs have run in the kernel since they were loaded; NS_UNKNOWN: they are not timed. */
uint64_t feed_programs_ns(struct feed *feed);

#endif
