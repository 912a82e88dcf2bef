/* SPDX-License-Identifier: GPL-2.0 */
/*
 * history.h - a rate over the last minute, a slot for each second, whatever the intervals that it is told in. Pure.
 * All zero is empty. Called by rates.c and by whoever draws it.
 */
#ifndef TASKTAX_MODEL_HISTORY_H
#define TASKTAX_MODEL_HISTORY_H

#define HISTORY_SECONDS 60

struct history {
	float slot[HISTORY_SECONDS]; /* a ring */
	unsigned int next, known;
	double seconds, sum; /* of the second that is not full yet */
};

/* So it was for so long. */
void history_add(struct history *history, double per_second, double seconds);

/* The last minute in `columns` equal parts, HISTORY_SECONDS at most, the oldest first; not known: NAN. */
void history_columns(const struct history *history, unsigned int columns, double *value);

#endif
