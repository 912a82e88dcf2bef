/* SPDX-License-Identifier: GPL-2.0 */
/*
 * directory.h - the directory of a recording: made, emptied, recognized. Never follows a link, never removes what
 * is not a recording. Called by writer.c, reader.c and copy.c.
 */
#ifndef TASKTAX_RECORD_DIRECTORY_H
#define TASKTAX_RECORD_DIRECTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"

/*
 * Makes it, mode 0700; one that is there is emptied with `replace` if it is a recording or empty, and else refused. Its
 * descriptor, or a negative errno with the reason.
 */
int record_directory_make(const char *path, bool replace, struct fail *fail);

/* Removes the files of a recording in it. 0 or a negative errno. */
int record_directory_empty(int directory);

/* Calls for each name but "." and ".."; stops at the first that gives what is not 0, and returns that. */
int record_directory_each(int directory,
			  int (*take)(void *context, int directory, const char *name),
			  void *context);

/* Opens a file of others: no link, no pipe that would hold us. Its descriptor, or a negative errno. */
int record_directory_open(int directory, const char *name, uint64_t *size);

/* Whether a file of this name belongs to a recording. */
bool record_directory_has(const char *name);

#endif
