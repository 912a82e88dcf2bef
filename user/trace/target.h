/* SPDX-License-Identifier: GPL-2.0 */
/*
 * target.h - the traced command: started, held before its first instruction, let go, waited for.
 *
 * Between target_hold() and target_release() the child exists and waits on a pipe, so that tracing
 * can be armed around it. Should the loader die meanwhile, the pipe closes and the child ends
 * without running anything. Called by cmd_run.c.
 */
#ifndef TASKTAX_TRACE_TARGET_H
#define TASKTAX_TRACE_TARGET_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/log.h"

/* What to start, and how. Borrowed during target_hold(). */
struct launch {
	char *const *argv;
	const char *user;     /* whose uid, gid and groups it takes; NULL: the caller's */
	const sigset_t *mask; /* the signal mask that the command gets */
	int stdout_fd;	      /* becomes its standard output; -1: the caller's */
};

struct target {
	pid_t pid;
	int gate;    /* write end: a byte lets the command go */
	int outcome; /* read end: closed by a successful exec, else errno */
	bool reaped;
	int status; /* as wait(2) gives it, when reaped */
};

/*
 * Forks the command's process and holds it. 0, or a negative errno with the reason; -ESRCH: there is
 * no such user.
 */
int target_hold(struct target *target, const struct launch *launch, struct fail *fail);

/* Lets the command go. 0, or the negative errno of its exec, with the reason. */
int target_release(struct target *target, struct fail *fail);

/* Reaps the command if it has ended. True when it has. */
bool target_ended(struct target *target);

/* Ends a command that was never released, and frees the descriptors. */
void target_close(struct target *target);

#endif
