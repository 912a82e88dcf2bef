// SPDX-License-Identifier: GPL-2.0
/* rank_sum.c - the ratio of two samples that were not taken in rounds, by the ranks of Mann and Whitney; see stats.h. */
#include <errno.h>
#include <stdlib.h>

#include "model/stats_internal.h"

/* Above this size of a sample the null distribution is taken as normal. */
#define EXACT_RANK_SUM 50

/*
 * P(U = u) for all u, U being in how many of the a_n * b_n pairs the first is larger, when both come from one
 * distribution. Value by value of the second sample: the counts of subsets are those of the Gaussian binomial
 * coefficient, its factors (1 - q^(a_n + j)) / (1 - q^j). NULL: no memory.
 */
static double *null_distribution(size_t a_n, size_t b_n)
{
	size_t most = a_n * b_n;
	double *probability = calloc(most + 1, sizeof(*probability));

	if (!probability)
		return NULL;
	probability[0] = 1;
	for (size_t j = 1; j <= b_n; j++) {
		for (size_t u = most + 1; u-- > a_n + j;)
			probability[u] -= probability[u - a_n - j];
		for (size_t u = j; u <= most; u++)
			probability[u] += probability[u - j];
		for (size_t u = 0; u <= most; u++) /* there are (a_n + j) / j times as many */
			probability[u] *= (double)j / (double)(a_n + j);
	}
	return probability;
}

/* The largest k with P(U < k) <= STATS_TAIL; 0: there is none. Negative: -ENOMEM. */
static long exact_rank(size_t a_n, size_t b_n)
{
	double *probability = null_distribution(a_n, b_n);
	double sum = 0;
	long k = 0;

	if (!probability)
		return -ENOMEM;
	while (sum + probability[k] <= STATS_TAIL)
		sum += probability[k++];
	free(probability);
	return k;
}

static long normal_rank(double a_n, double b_n)
{
	double deviation = sqrt(a_n * b_n * (a_n + b_n + 1) / 12);

	return (long)floor(a_n * b_n / 2 + 0.5 - STATS_NORMAL_Z * deviation);
}

/* All differences, sorted; the caller frees them. NULL: no memory. */
static double *differences_of_logs(const double *a, size_t a_n, const double *b, size_t b_n)
{
	double *difference = calloc(a_n * b_n, sizeof(*difference));

	if (!difference)
		return NULL;
	for (size_t i = 0; i < a_n; i++)
		for (size_t j = 0; j < b_n; j++)
			difference[i * b_n + j] = log(a[i]) - log(b[j]);
	qsort(difference, a_n * b_n, sizeof(*difference), compare_doubles);
	return difference;
}

int stats_ratio_unpaired(const double *a, size_t a_n, const double *b, size_t b_n,
			 struct interval *ratio)
{
	size_t count = a_n * b_n;
	double *difference;
	long k;

	interval_unknown(ratio);
	if (!count || !all_positive(a, a_n) || !all_positive(b, b_n))
		return -EINVAL;
	k = a_n <= EXACT_RANK_SUM && b_n <= EXACT_RANK_SUM ? exact_rank(a_n, b_n) :
							     normal_rank((double)a_n, (double)b_n);
	difference = k < 0 ? NULL : differences_of_logs(a, a_n, b, b_n);
	if (!difference)
		return -ENOMEM;
	ratio->point = exp(middle(difference[(count - 1) / 2], difference[count / 2]));
	if (k > 0) {
		ratio->low = exp(difference[k - 1]);
		ratio->high = exp(difference[count - (size_t)k]);
	}
	free(difference);
	return k > 0 ? 0 : -ENODATA;
}
