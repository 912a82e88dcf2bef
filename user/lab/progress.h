/* SPDX-License-Identifier: GPL-2.0 */
/*
 * progress.h - one line on a terminal, rewritten: how far the lab is, how long it still takes.
 * Nothing when standard error is no terminal. Includes the C library and base/. Called by lab.c.
 */
#ifndef TASKTAX_LAB_PROGRESS_H
#define TASKTAX_LAB_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	bool on, colour;
	const char *name;
	unsigned int rounds;
	size_t steps, done; /* runs */
	uint64_t started_ns;
};

void progress_start(struct progress *progress, const char *name, unsigned int rounds, size_t steps);

/* Shows the line; round 0 is the warm-up. */
void progress_show(const struct progress *progress, unsigned int round);

/* One run more is done. */
void progress_step(struct progress *progress);

/* How many runs are still to come, when that is not what was thought at the start. */
void progress_left(struct progress *progress, size_t steps);

/* Takes the line away. */
void progress_end(const struct progress *progress);

/*
 * The line without colours, at most 79 columns: pure, for the tests. elapsed_ns since the start.
 * Returns text.
 */
char *progress_line(const struct progress *progress, unsigned int round, uint64_t elapsed_ns,
		    char *text, size_t size);

#endif
