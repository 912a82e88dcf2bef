/* SPDX-License-Identifier: GPL-2.0 */
/* stats_internal.h - what stats.c and signed_rank.c share; for these two alone. */
#ifndef TASKTAX_MODEL_STATS_INTERNAL_H
#define TASKTAX_MODEL_STATS_INTERNAL_H

#include <math.h>

#include "model/stats.h"

#define STATS_TAIL ((1 - STATS_CONFIDENCE) / 2)
#define STATS_NORMAL_Z 1.959963984540054 /* the standard normal quantile of 1 - STATS_TAIL */

static inline int compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left;
	double b = *(const double *)right;

	return (a > b) - (a < b);
}

static inline bool all_finite(const double *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isfinite(values[i]))
			return false;
	return true;
}

static inline bool all_positive(const double *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isfinite(values[i]) || values[i] <= 0)
			return false;
	return true;
}

/* Halved before the sum: two large values must not overflow. */
static inline double middle(double a, double b)
{
	return a / 2 + b / 2;
}

static inline void interval_unknown(struct interval *interval)
{
	interval->low = NAN;
	interval->high = NAN;
	interval->point = NAN;
}

#endif
