// SPDX-License-Identifier: GPL-2.0
/*
 * stats.c - medians, confidence intervals and the verdict on a comparison; see stats.h.
 *
 * Includes its header and the C library only. Called by the model, the outputs and tasktax-demo.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/stats_internal.h"

/* Above this size a null distribution is taken as normal. */
#define EXACT_BINOMIAL 1000

#define FEWEST_RESAMPLES 100

/* ---- order statistics ---- */

/* A sorted copy, owned by the caller. */
static int sorted_copy(const double *values, size_t n, double **sorted)
{
	double *copy;

	if (!n || !all_finite(values, n))
		return -EINVAL;
	copy = calloc(n, sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	memcpy(copy, values, n * sizeof(*copy));
	qsort(copy, n, sizeof(*copy), compare_doubles);
	*sorted = copy;
	return 0;
}

static double sorted_median(const double *sorted, size_t n)
{
	return n % 2 ? sorted[n / 2] : middle(sorted[n / 2 - 1], sorted[n / 2]);
}

int stats_median(const double *values, size_t n, double *median)
{
	double *sorted;
	int err = sorted_copy(values, n, &sorted);

	if (err)
		return err;
	*median = sorted_median(sorted, n);
	free(sorted);
	return 0;
}

int stats_quantile(const double *values, size_t n, double p, double *quantile)
{
	double *sorted, position, part;
	size_t below;
	int err;

	if (!(p >= 0 && p <= 1))
		return -EINVAL;
	err = sorted_copy(values, n, &sorted);
	if (err)
		return err;
	position = p * (double)(n - 1);
	below = (size_t)position;
	part = position - (double)below;
	if (below + 1 < n)
		*quantile = (1 - part) * sorted[below] + part * sorted[below + 1];
	else
		*quantile = sorted[n - 1];
	free(sorted);
	return 0;
}

/* ---- the interval of a median ---- */

/* The largest j with P(Binomial(n, 1/2) < j) <= STATS_TAIL. That probability goes to tail. */
static uint64_t exact_rank(uint64_t n, double *tail)
{
	double term = ldexp(1, -(int)n), sum = 0;
	uint64_t j = 0;

	while (sum + term <= STATS_TAIL) {
		sum += term;
		term *= (double)(n - j) / (double)(j + 1);
		j++;
	}
	*tail = sum;
	return j;
}

static uint64_t normal_rank(uint64_t n, double *tail)
{
	double mean = (double)n / 2;
	double deviation = sqrt((double)n) / 2;
	double j = floor(mean + 0.5 - STATS_NORMAL_Z * deviation);

	*tail = erfc((mean + 0.5 - j) / deviation / M_SQRT2) / 2;
	return (uint64_t)j;
}

bool stats_median_ranks(uint64_t n, uint64_t *low, uint64_t *high, double *coverage)
{
	uint64_t rank;
	double tail;

	if (n < STATS_MIN_SAMPLE)
		return false;
	rank = n <= EXACT_BINOMIAL ? exact_rank(n, &tail) : normal_rank(n, &tail);
	*low = rank;
	*high = n + 1 - rank;
	if (coverage)
		*coverage = 1 - 2 * tail;
	return true;
}

int stats_median_interval(const double *values, size_t n, struct interval *interval)
{
	uint64_t low, high;
	double *sorted;
	int err;

	interval_unknown(interval);
	err = sorted_copy(values, n, &sorted);
	if (err)
		return err;
	interval->point = sorted_median(sorted, n);
	if (stats_median_ranks(n, &low, &high, NULL)) {
		interval->low = sorted[low - 1];
		interval->high = sorted[high - 1];
	} else {
		err = -ENODATA;
	}
	free(sorted);
	return err;
}

/* ---- ratio of medians: percentile bootstrap ---- */

/* A value and its place in the caller's array, kept while sorting. */
struct ranked {
	double value;
	size_t index;
};

struct sample {
	struct ranked *ranked; /* sorted by value */
	size_t *drawn;	       /* by index: how often this resample holds the value */
	size_t n;
};

static int compare_ranked(const void *left, const void *right)
{
	return compare_doubles(&((const struct ranked *)left)->value,
			       &((const struct ranked *)right)->value);
}

static void sample_free(struct sample *sample)
{
	free(sample->ranked);
	free(sample->drawn);
}

/* On failure too the caller frees the sample. */
static int sample_init(struct sample *sample, const double *values, size_t n)
{
	sample->n = n;
	sample->ranked = calloc(n, sizeof(*sample->ranked));
	sample->drawn = calloc(n, sizeof(*sample->drawn));
	if (!sample->ranked || !sample->drawn)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		sample->ranked[i] = (struct ranked){ .value = values[i], .index = i };
	qsort(sample->ranked, n, sizeof(*sample->ranked), compare_ranked);
	return 0;
}

static void sample_draw(struct sample *sample, struct stats_random *random)
{
	memset(sample->drawn, 0, sample->n * sizeof(*sample->drawn));
	for (size_t i = 0; i < sample->n; i++)
		sample->drawn[stats_random_below(random, sample->n)]++;
}

/* The median of the values drawn (how often: by index), walking the sorted values; no sort needed.
 */
static double drawn_median(const struct sample *sample, const size_t *drawn)
{
	size_t lower = (sample->n + 1) / 2, upper = sample->n / 2 + 1;
	size_t seen = 0, i = 0;
	double low;

	while ((seen += drawn[sample->ranked[i].index]) < lower)
		i++;
	low = sample->ranked[i].value;
	while (seen < upper)
		seen += drawn[sample->ranked[++i].index];
	return middle(low, sample->ranked[i].value);
}

static double ranked_median(const struct sample *sample)
{
	size_t n = sample->n;

	return middle(sample->ranked[(n - 1) / 2].value, sample->ranked[n / 2].value);
}

/* paired: a and b have one size, and one draw of rounds serves both. */
static int bootstrap_ratio(struct sample *a, struct sample *b, bool paired,
			   const struct bootstrap *how, struct interval *ratio)
{
	size_t resamples = how && how->resamples ? how->resamples : STATS_RESAMPLES;
	size_t rank = (size_t)floor((double)(resamples + 1) * STATS_TAIL);
	double *ratios = calloc(resamples, sizeof(*ratios));
	struct stats_random random;

	if (!ratios)
		return -ENOMEM;
	stats_random_seed(&random, how ? how->seed : 0);
	for (size_t i = 0; i < resamples; i++) {
		sample_draw(a, &random);
		if (!paired)
			sample_draw(b, &random);
		ratios[i] =
			drawn_median(a, a->drawn) / drawn_median(b, paired ? a->drawn : b->drawn);
	}
	qsort(ratios, resamples, sizeof(*ratios), compare_doubles);
	ratio->low = ratios[rank - 1];
	ratio->high = ratios[resamples - rank];
	free(ratios);
	return 0;
}

static int ratio_of_medians(const double *a, size_t a_n, const double *b, size_t b_n, bool paired,
			    const struct bootstrap *how, struct interval *ratio)
{
	struct sample sample_a = { 0 }, sample_b = { 0 };
	int err;

	interval_unknown(ratio);
	if (!a_n || !b_n || !all_positive(a, a_n) || !all_positive(b, b_n))
		return -EINVAL;
	if (how && how->resamples && how->resamples < FEWEST_RESAMPLES)
		return -EINVAL;
	err = sample_init(&sample_a, a, a_n);
	if (!err)
		err = sample_init(&sample_b, b, b_n);
	if (!err) {
		ratio->point = ranked_median(&sample_a) / ranked_median(&sample_b);
		if (a_n < STATS_MIN_SAMPLE || b_n < STATS_MIN_SAMPLE)
			err = -ENODATA;
		else
			err = bootstrap_ratio(&sample_a, &sample_b, paired, how, ratio);
	}
	sample_free(&sample_a);
	sample_free(&sample_b);
	return err;
}

int stats_ratio_bootstrap_paired(const double *a, const double *b, size_t n,
				 const struct bootstrap *how, struct interval *ratio)
{
	return ratio_of_medians(a, n, b, n, true, how, ratio);
}

int stats_ratio_bootstrap_unpaired(const double *a, size_t a_n, const double *b, size_t b_n,
				   const struct bootstrap *how, struct interval *ratio)
{
	return ratio_of_medians(a, a_n, b, b_n, false, how, ratio);
}

/* ---- verdict ---- */

enum verdict stats_difference_verdict(const struct interval *difference)
{
	if (isnan(difference->low) || isnan(difference->high))
		return VERDICT_UNKNOWN;
	if (difference->high < 0)
		return VERDICT_LOWER;
	return difference->low > 0 ? VERDICT_HIGHER : VERDICT_NO_DIFFERENCE;
}

struct comparison stats_verdict(const struct interval *ratio)
{
	struct comparison comparison = { .verdict = VERDICT_UNKNOWN,
					 .ratio = *ratio,
					 .bound_percent = NAN };

	if (isnan(ratio->low) || isnan(ratio->high))
		return comparison;
	if (ratio->high < 1) {
		comparison.verdict = VERDICT_LOWER;
		comparison.bound_percent = 100 * (1 - ratio->high);
	} else if (ratio->low > 1) {
		comparison.verdict = VERDICT_HIGHER;
		comparison.bound_percent = 100 * (ratio->low - 1);
	} else {
		comparison.verdict = VERDICT_NO_DIFFERENCE;
		comparison.bound_percent = 100 * fmax(ratio->high - 1, 1 - ratio->low);
	}
	return comparison;
}

const char *stats_verdict_name(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_LOWER:
		return "lower";
	case VERDICT_HIGHER:
		return "higher";
	case VERDICT_NO_DIFFERENCE:
		return "no difference";
	case VERDICT_UNKNOWN:
		break;
	}
	return "unknown";
}

/* ---- random numbers ---- */

static uint64_t rotate_left(uint64_t value, unsigned int by)
{
	return value << by | value >> (64 - by);
}

static uint64_t splitmix64(uint64_t *state)
{
	uint64_t mixed = *state += 0x9e3779b97f4a7c15;

	mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
	mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
	return mixed ^ mixed >> 31;
}

void stats_random_seed(struct stats_random *random, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		random->state[i] = splitmix64(&seed);
}

uint64_t stats_random_next(struct stats_random *random)
{
	uint64_t *state = random->state;
	uint64_t result = rotate_left(state[1] * 5, 7) * 9;
	uint64_t shifted = state[1] << 17;

	state[2] ^= state[0];
	state[3] ^= state[1];
	state[1] ^= state[2];
	state[0] ^= state[3];
	state[2] ^= shifted;
	state[3] = rotate_left(state[3], 45);
	return result;
}

uint64_t stats_random_below(struct stats_random *random, uint64_t bound)
{
	return (uint64_t)(((unsigned __int128)stats_random_next(random) * bound) >> 64);
}
