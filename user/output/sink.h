/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sink.h - where a report goes: standard error, standard output, a device or pipe, or a file that
 * appears whole or not at all.
 *
 * A regular file is written under a temporary name beside it (O_EXCL, mode 0600) and renamed when
 * it is complete: a link that someone put there is replaced, never followed. Called by the commands.
 */
#ifndef TASKTAX_OUTPUT_SINK_H
#define TASKTAX_OUTPUT_SINK_H

#include <stdio.h>

#include "base/log.h"

struct sink {
	FILE *stream;
	char *path;	 /* final name; NULL: not a file of ours */
	char *temporary; /* its name until sink_commit() */
};

/* path NULL: standard error; "-": standard output. 0, or a negative errno with the reason. */
int sink_open(struct sink *sink, const char *path, struct fail *fail);

/* Flushes, closes and gives the file its name. 0, or a negative errno with the reason. */
int sink_commit(struct sink *sink, struct fail *fail);

/* Closes and removes what was written. Safe on a sink that is zero or closed. */
void sink_abort(struct sink *sink);

#endif
