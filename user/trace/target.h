/* SPDX-License-Identifier: GPL-2.0 */
/*
 * target.h - the traced command: started, held before its first instruction, let go, waited for.
 *
 * Between target_hold() and target_release() the child exists and waits at a gate, so that tracing
 * can be armed around it. Should the loader die meanwhile, the gate closes and the child ends
 * without running anything. Called by run.c and lab/launch.c.
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
	int gate;    /* a byte lets the command go */
	int outcome; /* read end: closed by a successful exec, else why there is none */
	bool reaped;
	int status;  /* as wait(2) gives it, when reaped */
	int refused; /* enum exit_status of a command that could not be executed; 0: it was */

	const char *command, *user; /* borrowed, for the reason */
	bool children_ignored;	    /* SIGCHLD, by the caller: for the command it stays so */
};

/*
 * Forks the command's process and holds it. 0, or a negative errno with the reason; -ESRCH: there is
 * no such user.
 */
int target_hold(struct target *target, const struct launch *launch, struct fail *fail);

/*
 * Lets the command go. 0, or a negative errno with the reason; when it is the command's own,
 * `refused` is the exit status. One that was killed while it was held has ended, and that is all.
 */
int target_release(struct target *target, struct fail *fail);

/* Reaps the command if it has ended. True when it has. */
bool target_ended(struct target *target);

/* Ends a command that was never released, and frees the descriptors; SIGCHLD is as it was. */
void target_close(struct target *target);

#endif
