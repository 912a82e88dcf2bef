/* SPDX-License-Identifier: GPL-2.0 */
/*
 * file_limit.h - room for descriptors: tracing takes several per CPU, and many a shell allows 1024. The soft
 * limit is the process's, so there is one of it here; the traced command gets back the one that we were given.
 *
 * Called by features.c and session.c, which open the descriptors, and by target.c.
 */
#ifndef TASKTAX_TRACE_FILE_LIMIT_H
#define TASKTAX_TRACE_FILE_LIMIT_H

/*
 * Where fewer may be open than this many, as many as the hard limit allows. When that is too few as well,
 * the one who opens them says so.
 */
void file_limit_raise(unsigned int descriptors);

/* The limit as it was before, for a command that this process becomes. Async-signal-safe. */
void file_limit_restore(void);

#endif
