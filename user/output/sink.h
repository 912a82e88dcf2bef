/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sink.h - where a report goes: standard error, standard output, a device or pipe, or a file that
 * appears whole or not at all.
 *
 * What is written to the stream is kept in memory until sink_flush() or sink_commit(), so that an
 * error is known with its reason. A regular file is then made under a temporary name beside it
 * (O_EXCL, mode 0600) and renamed when it is complete: a link that someone put there is replaced,
 * never followed, and a tasktax that is killed leaves nothing behind. Links to an open descriptor
 * (/dev/stdout, /dev/fd/3) mean that descriptor. What is too large for memory goes out by sink_write() as
 * it comes: into a file without a name (O_TMPFILE) where the file system has such, so that a killed tasktax
 * leaves nothing behind there either. Called by the commands and the exports.
 */
#ifndef TASKTAX_OUTPUT_SINK_H
#define TASKTAX_OUTPUT_SINK_H

#include <stdbool.h>
#include <stdio.h>

#include "base/log.h"

struct sink {
	FILE *stream; /* into memory */
	int fd;	      /* where it goes; -1: into a file that is not made yet */
	char *name;   /* as the caller gave it */
	char *text;   /* what the stream has collected, */
	size_t size;
	size_t written;	 /* and how much of it is out */
	int file;	 /* sink_write()'s own file, once made; -1: none */
	char *temporary; /* its name; NULL: it has none yet */
};

/*
 * path NULL: standard error; "-": standard output. What cannot be written later is found out now,
 * but for a full disk. 0, or a negative errno with the reason.
 */
int sink_open(struct sink *sink, const char *path, struct fail *fail);

/* Shows what has been written so far, unless it is a file. 0, or a negative errno. */
int sink_flush(struct sink *sink);

/* Writes straight out, past the stream, which must be empty. 0, or a negative errno. */
int sink_write(struct sink *sink, const void *bytes, size_t size);

/* Whether the output is a regular file, whose name may be taken already. */
bool sink_is_file(const struct sink *sink);

/* Writes the rest and closes; a file gets its name. 0, or a negative errno with the reason. */
int sink_commit(struct sink *sink, struct fail *fail);

/* Closes without a trace in the file system. Safe on a sink that is zero or closed. */
void sink_abort(struct sink *sink);

#endif
