// SPDX-License-Identifier: GPL-2.0
/*
 * signed_rank.c - comparisons of samples taken in rounds, by Wilcoxon's signed ranks: ratio, difference, p-value,
 * and Holm's correction for several of them; see stats.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/stats_internal.h"

/* Above this size a null distribution is taken as normal. */
#define EXACT_SIGNED_RANK 100

/* ---- intervals: Hodges-Lehmann estimate, signed-rank ends ---- */

/*
 * The largest k with P(T < k) <= STATS_TAIL, T being Wilcoxon's signed-rank sum of n values: the k-th
 * smallest and the k-th largest pairwise means are the ends of the interval. 0 on lack of memory.
 */
static size_t exact_signed_rank(size_t n)
{
	size_t most = n * (n + 1) / 2;
	double *probability = calloc(most + 1, sizeof(*probability));
	double sum = 0;
	size_t k = 0;

	if (!probability)
		return 0;
	/* Rank by rank: each is in the sum or not, with probability 1/2. */
	probability[0] = 1;
	for (size_t rank = 1; rank <= n; rank++)
		for (size_t t = rank * (rank + 1) / 2 + 1; t-- > 0;)
			probability[t] =
				(probability[t] + (t >= rank ? probability[t - rank] : 0)) / 2;
	while (sum + probability[k] <= STATS_TAIL)
		sum += probability[k++];
	free(probability);
	return k;
}

static size_t normal_signed_rank(size_t n)
{
	double count = (double)n;
	double mean = count * (count + 1) / 4;
	double deviation = sqrt(count * (count + 1) * (2 * count + 1) / 24);

	return (size_t)floor(mean + 0.5 - STATS_NORMAL_Z * deviation);
}

/* How many pairwise means (i <= j) of the sorted values are at most limit. */
static size_t means_up_to(const double *sorted, size_t n, double limit)
{
	size_t count = 0, end = n;

	for (size_t i = 0; i < n; i++) {
		while (end > i && middle(sorted[i], sorted[end - 1]) > limit)
			end--;
		if (end <= i)
			break;
		count += end - i;
	}
	return count;
}

/*
 * The k-th smallest (1-based) of the n (n + 1) / 2 pairwise means, by halving the range that holds
 * it until no double is left inside: exact, without storing the means.
 */
static double kth_mean(const double *sorted, size_t n, size_t k)
{
	double low = sorted[0], high = sorted[n - 1];

	while (low < high) {
		double half = middle(low, high);

		if (half <= low || half >= high)
			break;
		if (means_up_to(sorted, n, half) >= k)
			high = half;
		else
			low = half;
	}
	return means_up_to(sorted, n, low) >= k ? low : high;
}

/* Of the values themselves, which are sorted in place. */
static int shift_interval(double *values, size_t n, struct interval *interval)
{
	size_t means = n * (n + 1) / 2, k;

	qsort(values, n, sizeof(*values), compare_doubles);
	interval->point =
		middle(kth_mean(values, n, (means + 1) / 2), kth_mean(values, n, means / 2 + 1));
	if (n < STATS_MIN_SAMPLE)
		return -ENODATA;
	k = n <= EXACT_SIGNED_RANK ? exact_signed_rank(n) : normal_signed_rank(n);
	if (!k)
		return -ENOMEM;
	interval->low = kth_mean(values, n, k);
	interval->high = kth_mean(values, n, means + 1 - k);
	return 0;
}

int stats_ratio_paired(const double *a, const double *b, size_t n, struct interval *ratio)
{
	double *logs;
	int err;

	interval_unknown(ratio);
	if (!n || !all_positive(a, n) || !all_positive(b, n))
		return -EINVAL;
	logs = calloc(n, sizeof(*logs));
	if (!logs)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		logs[i] = log(a[i]) - log(b[i]);
	err = shift_interval(logs, n, ratio);
	ratio->point = exp(ratio->point);
	ratio->low = exp(ratio->low);
	ratio->high = exp(ratio->high);
	free(logs);
	return err;
}

int stats_difference_paired(const double *a, const double *b, size_t n, struct interval *difference)
{
	double *differences;
	int err;

	interval_unknown(difference);
	if (!n || !all_finite(a, n) || !all_finite(b, n))
		return -EINVAL;
	differences = calloc(n, sizeof(*differences));
	if (!differences)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		differences[i] = a[i] - b[i];
	err = shift_interval(differences, n, difference);
	free(differences);
	return err;
}

/* ---- the test itself ---- */

struct magnitude {
	double size;
	bool positive;
};

static int compare_magnitudes(const void *left, const void *right)
{
	return compare_doubles(&((const struct magnitude *)left)->size,
			       &((const struct magnitude *)right)->size);
}

/* Twice each one's rank: those that are alike share the mean of theirs. Returns twice the positives' sum. */
static size_t rank_all(const struct magnitude *sorted, size_t n, size_t *rank)
{
	size_t sum = 0;

	for (size_t from = 0, to; from < n; from = to) {
		for (to = from + 1; to < n && sorted[to].size == sorted[from].size; to++)
			;
		for (size_t i = from; i < to; i++) {
			rank[i] = from + to + 1;
			sum += sorted[i].positive ? rank[i] : 0;
		}
	}
	return sum;
}

/* P(T <= sum), T being the sum of those of these doubled ranks that a fair coin chooses. */
static int exact_lower_tail(const size_t *rank, size_t n, size_t sum, double *tail)
{
	size_t most = n * (n + 1);
	double *probability = calloc(most + 1, sizeof(*probability));

	if (!probability)
		return -ENOMEM;
	probability[0] = 1;
	for (size_t i = 0; i < n; i++)
		for (size_t t = most + 1; t-- > 0;)
			probability[t] =
				(probability[t] + (t >= rank[i] ? probability[t - rank[i]] : 0)) /
				2;
	*tail = 0;
	for (size_t t = 0; t <= sum; t++)
		*tail += probability[t];
	free(probability);
	return 0;
}

/* The same with the normal distribution, half a step aside; the ranks' own squares take ties into account. */
static double normal_lower_tail(const size_t *rank, size_t n, size_t sum)
{
	double mean = (double)(n * (n + 1)) / 2, variance = 0;

	for (size_t i = 0; i < n; i++)
		variance += (double)rank[i] * (double)rank[i] / 4;
	return erfc((mean - (double)sum - 1) / sqrt(variance) / sqrt(2)) / 2;
}

static int two_sided(const struct magnitude *sorted, size_t n, double *p)
{
	size_t *rank = calloc(n, sizeof(*rank));
	size_t sum, other;
	int err = 0;

	if (!rank)
		return -ENOMEM;
	sum = rank_all(sorted, n, rank);
	other = n * (n + 1) - sum; /* the negatives': T is symmetric */
	if (other < sum)
		sum = other;
	if (n <= EXACT_SIGNED_RANK)
		err = exact_lower_tail(rank, n, sum, p);
	else
		*p = normal_lower_tail(rank, n, sum);
	*p = 2 * *p < 1 ? 2 * *p : 1;
	free(rank);
	return err;
}

int stats_signed_rank(const double *differences, size_t n, double *p)
{
	struct magnitude *sorted;
	size_t count = 0;
	int err = 0;

	*p = NAN;
	if (!n || !all_finite(differences, n))
		return -EINVAL;
	sorted = calloc(n, sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (differences[i] != 0)
			sorted[count++] =
				(struct magnitude){ fabs(differences[i]), differences[i] > 0 };
	qsort(sorted, count, sizeof(*sorted), compare_magnitudes);
	*p = 1;
	if (count)
		err = two_sided(sorted, count, p);
	free(sorted);
	return err;
}

/* ---- several comparisons at once ---- */

/* The next smallest after those that are done; n: none is left. */
static size_t next_smallest(const double *p, const double *adjusted, size_t n)
{
	size_t least = n;

	for (size_t i = 0; i < n; i++)
		if (!isnan(p[i]) && isnan(adjusted[i]) && (least == n || p[i] < p[least]))
			least = i;
	return least;
}

void stats_holm(const double *p, size_t n, double *adjusted)
{
	size_t left = 0, at;
	double most = 0;

	for (size_t i = 0; i < n; i++) {
		adjusted[i] = NAN;
		left += !isnan(p[i]);
	}
	while ((at = next_smallest(p, adjusted, n)) < n) {
		most = fmax(most, fmin(1, (double)left-- * p[at]));
		adjusted[at] = most;
	}
}
