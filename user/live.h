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
#include "trace/features.h"
#include "trace/hooks.h"
#include "trace/selection.h"

#define LIVE_DRAIN_MS 100 /* between two drains when nothing wakes */

struct live;

struct live_options {
	const struct selection *selection; /* borrowed until live_close() */
	const char *attached_to;	   /* it in words; borrowed as well */
	struct wanted wanted; /* counting.by, counting.max_memory, faults, shootdowns, pick */
	bool keep_privilege; /* else all but CAP_SYS_PTRACE is given up once everything is attached */
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

/* How many target tasks are alive. */
uint32_t live_tasks(const struct live *live);

/*
 * Everything that was counted so far, after a drain. What it points to holds until the next call. 0 or a negative
 * errno.
 */
int live_census(struct live *live, struct census *census);

#endif
