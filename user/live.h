/* SPDX-License-Identifier: GPL-2.0 */
/*
 * live.h - what runs on this host, counted in the kernel for as long as wanted: wires selection, session, consumer
 * and tally, and gives a census whenever it is asked for one. Called by the commands top and serve.
 *
 * Everything happens in the caller's thread: it polls live_fd(), and drains at least ten times a second.
 */
#ifndef TASKTAX_LIVE_H
#define TASKTAX_LIVE_H

#include "model/census.h"
#include "trace/consumer.h"
#include "trace/features.h"
#include "trace/hooks.h"
#include "trace/selection.h"
#include "trace/tally.h"

#define LIVE_DRAIN_MS 100 /* between two drains when nothing wakes */
#define LIVE_PROGRAMS_MAX 64

struct live;

struct live_options {
	const struct selection *selection; /* borrowed until live_close() */
	const char *attached_to;	   /* it in words; borrowed as well */
	struct wanted wanted; /* counting.by, counting.max_memory, faults, shootdowns, pick */
	bool keep_privilege; /* else all but CAP_SYS_PTRACE is given up once everything is attached */
	bool time_programs; /* have the kernel time its programs: takes CAP_SYS_ADMIN */
	/* Called, if not NULL, with each record, and with the last counts of each group that is no more. */
	consumer_sink event;
	tally_sink departed;
	void *context;
};

/* How long one of our programs has run since it was loaded, with time_programs. */
struct live_program {
	const char *name;
	uint64_t run_ns;
};

/*
 * Attaches, marks who is there, and starts to count. `features` must outlive it. 0, or an enum exit_status with
 * the reason; then there is nothing to close.
 */
int live_open(struct live **live, const struct live_options *options,
	      const struct features *features, struct fail *fail);

/* Detaches; the targets are left as they were. Takes NULL. */
void live_close(struct live *live);

/* Readable when there is something to drain. */
int live_fd(const struct live *live);

/* Takes births and deaths. 0 or a negative errno. */
int live_drain(struct live *live);

/* The same; also whoever has come to fit an open selection, within a second or, on large hosts, some. With reason. */
int live_step(struct live *live, struct fail *fail);

/* How many target tasks are alive. */
uint32_t live_tasks(const struct live *live);

/*
 * Everything that was counted so far, after a drain. What it points to holds until the next call. 0 or a negative
 * errno.
 */
int live_census(struct live *live, struct census *census);

/* Hands its groups on, with the serials of their first tasks. 0, or what the sink returned. */
int live_each(struct live *live, const struct census *census, tally_sink sink, void *context);

/* Returns how many. */
size_t live_programs(const struct live *live, struct live_program program[LIVE_PROGRAMS_MAX]);

#endif
