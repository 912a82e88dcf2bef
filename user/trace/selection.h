/* SPDX-License-Identifier: GPL-2.0 */
/*
 * selection.h - which of the living processes are meant: by id, name, control group, container or user, and
 * their descendants. Looks into /proc; whoever is gone meanwhile is left out. Called by seeding.c and the
 * commands.
 */
#ifndef TASKTAX_TRACE_SELECTION_H
#define TASKTAX_TRACE_SELECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/log.h"

/* What the user asked for. All that is given must hold; NULL or 0: not given. Borrowed strings. */
struct selection {
	const uint32_t *pid; /* any of these: of processes, as we see them */
	size_t pids;
	const char *comm; /* a pattern as of fnmatch(3), for the name in /proc/PID/comm */
	const char *
		cgroup; /* a path below the mount, or one component of it; what is below counts too */
	const char *container; /* the beginning of a container's id */
	bool by_user;
	uid_t user;	  /* effective */
	bool everybody;	  /* nothing is looked at, in here */
	bool no_children; /* descendants are not selected with their ancestor */
	bool open; /* whoever fits later is meant as well: that there is nobody yet is no error */
};

/* What is known of a process. */
struct process_facts {
	uint32_t pid, parent;
	bool kernel, zombie;
	char comm[64];	     /* the kernel's are shorter, but kernel workers' */
	uid_t user;	     /* only with selection.by_user */
	const char *cgroups; /* /proc/PID/cgroup; only with selection.cgroup or .container */
};

/* Whether it is meant itself, by what is asked for. Pure. */
bool selection_holds(const struct selection *selection, const struct process_facts *facts);

/* Whether a line list as of /proc/PID/cgroup has a group that is asked for. Pure, for the tests. */
bool selection_in_cgroup(const char *cgroups, const char *asked);
/* The id of the container that it is in, if that begins so: 64 hex digits at most, else "". */
size_t selection_container(const char *cgroups, const char *begins, char *id, size_t size);

/* The ids chosen so far, ascending. All zero is empty. */
struct chosen {
	uint32_t *pid;
	unsigned int count, room;
};

/* Adds without an order; then chosen_sort() makes one, each id once. 0 or -ENOMEM. */
int chosen_append(struct chosen *chosen, uint32_t pid);
void chosen_sort(struct chosen *chosen);
void chosen_free(struct chosen *chosen);
bool chosen_has(const struct chosen *chosen, uint32_t pid);

/*
 * Looks through /proc once and hands each that is selected, and was not chosen before, to `choose`.
 * 0; what `choose` returned; or a negative errno with the reason: -ESRCH: in the first scan one of selection.pid is
 * not there or is no user process, the container's id is ambiguous, or nobody is selected, unless it is open. A container's
 * id that has become ambiguous since selects nobody new.
 */
int selection_scan(const struct selection *selection, struct chosen *chosen,
		   int (*choose)(void *context, uint32_t pid), void *context, struct fail *fail);

#endif
