// SPDX-License-Identifier: GPL-2.0
/* history.c - a ring of seconds; see history.h. */
#include "model/history.h"

#include <math.h>

#define FULL (1 - 1e-9) /* sums of tenths are not exact */

static void push(struct history *history, double per_second)
{
	history->slot[history->next] = (float)per_second;
	history->next = (history->next + 1) % HISTORY_SECONDS;
	if (history->known < HISTORY_SECONDS)
		history->known++;
}

void history_add(struct history *history, double per_second, double seconds)
{
	if (seconds > 2 * HISTORY_SECONDS)
		seconds = 2 * HISTORY_SECONDS; /* older ones are not seen */
	while (seconds > 1e-9) {
		double part = fmin(seconds, 1 - history->seconds);

		history->sum += per_second * part;
		history->seconds += part;
		seconds -= part;
		if (history->seconds < FULL)
			continue;
		push(history, history->sum / history->seconds);
		history->sum = history->seconds = 0;
	}
}

/* ago: seconds, from 1. */
static double value_of(const struct history *history, unsigned int ago)
{
	if (ago > history->known)
		return NAN;
	return (double)history->slot[(history->next + HISTORY_SECONDS - ago) % HISTORY_SECONDS];
}

void history_columns(const struct history *history, unsigned int columns, double *value)
{
	for (unsigned int i = 0; i < columns; i++) {
		unsigned int from = i * HISTORY_SECONDS / columns;
		unsigned int to = (i + 1) * HISTORY_SECONDS / columns, count = 0;
		double sum = 0;

		for (unsigned int at = from; at < to; at++) {
			double one = value_of(history, HISTORY_SECONDS - at);

			if (isnan(one))
				continue;
			sum += one;
			count++;
		}
		value[i] = count ? sum / count : NAN;
	}
}
