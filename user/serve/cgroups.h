/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cgroups.h - which control group each living task is in: as its creator at birth, as /proc says when there is time
 * to look. So the group of a process that lived for a millisecond is known as well. Called by source.c.
 */
#ifndef TASKTAX_SERVE_CGROUPS_H
#define TASKTAX_SERVE_CGROUPS_H

#include <stddef.h>
#include <stdint.h>

#include "event.h"

#define CGROUPS_PATH_SIZE 1024

struct cgroups;

struct cgroups *cgroups_new(void);	    /* NULL: no memory */
void cgroups_free(struct cgroups *cgroups); /* takes NULL */

/* Learns who is born of whom, and who ends. 0 or -ENOMEM. */
int cgroups_note(struct cgroups *cgroups, const struct event_header *event);

/*
 * Looks for those whose group is not known, and, a few at each call, for those who may have moved since. 0 or
 * -ENOMEM.
 */
int cgroups_look(struct cgroups *cgroups, uint64_t now_ns);

/* By the serial of any of its tasks: the path below the mount; NULL: not known. It lives as long as the cgroups. */
const char *cgroups_of(const struct cgroups *cgroups, uint32_t task);

/* A process is in no census any more: its first task may be forgotten. */
void cgroups_forget(struct cgroups *cgroups, uint32_t task);

/*
 * The path of a process from the lines of /proc/PID/cgroup: that of version 2 unless it is the root, else that
 * of systemd's own hierarchy, or of the memory controller's. Pure. "" when there is none.
 */
void cgroups_path(const char *lines, char path[CGROUPS_PATH_SIZE]);

#endif
