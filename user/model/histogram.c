// SPDX-License-Identifier: GPL-2.0
/*
 * histogram.c - a distribution of nanoseconds with bounded relative error; see histogram.h.
 *
 * Includes its header (with model/stats.h) and the C library. Called by the model and the outputs.
 */
#include "model/histogram.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct histogram_chunk {
	uint64_t count[HISTOGRAM_SUB_BUCKETS];
};

/* Where a value is counted. */
struct place {
	unsigned int chunk;
	unsigned int slot;
};

static struct place place_of(uint64_t value)
{
	unsigned int shift;

	if (value < HISTOGRAM_SUB_BUCKETS)
		return (struct place){ .chunk = 0, .slot = (unsigned int)value };
	shift = 63 - HISTOGRAM_SUB_BITS - (unsigned int)__builtin_clzll(value);
	return (struct place){
		.chunk = shift + 1,
		.slot = (unsigned int)(value >> shift) & (HISTOGRAM_SUB_BUCKETS - 1),
	};
}

/* The smallest and the largest value of a bucket. */
static void bucket_bounds(struct place place, uint64_t *low, uint64_t *high)
{
	unsigned int shift;

	if (place.chunk == 0) {
		*low = place.slot;
		*high = place.slot;
		return;
	}
	shift = place.chunk - 1;
	*low = (uint64_t)(HISTOGRAM_SUB_BUCKETS + place.slot) << shift;
	*high = *low + ((UINT64_C(1) << shift) - 1);
}

static bool chunk_ensure(struct histogram *histogram, unsigned int index)
{
	if (!histogram->chunk[index])
		histogram->chunk[index] = calloc(1, sizeof(struct histogram_chunk));
	return histogram->chunk[index];
}

/* The exact figures, which need no buckets. added > 0. */
static void account(struct histogram *histogram, uint64_t min, uint64_t max, uint64_t added,
		    histogram_sum_t sum)
{
	if (!histogram->count || min < histogram->min)
		histogram->min = min;
	if (!histogram->count || max > histogram->max)
		histogram->max = max;
	histogram->count += added;
	histogram->sum += sum;
}

void histogram_init(struct histogram *histogram)
{
	memset(histogram, 0, sizeof(*histogram));
}

void histogram_free(struct histogram *histogram)
{
	for (unsigned int i = 0; i < HISTOGRAM_CHUNKS; i++)
		free(histogram->chunk[i]);
	histogram_init(histogram);
}

void histogram_reset(struct histogram *histogram)
{
	for (unsigned int i = 0; i < HISTOGRAM_CHUNKS; i++)
		if (histogram->chunk[i])
			memset(histogram->chunk[i], 0, sizeof(*histogram->chunk[i]));
	histogram->count = 0;
	histogram->min = 0;
	histogram->max = 0;
	histogram->sum = 0;
}

int histogram_record_n(struct histogram *histogram, uint64_t value, uint64_t n)
{
	struct place place = place_of(value);

	if (!n)
		return 0;
	if (n > UINT64_MAX - histogram->count)
		return -EOVERFLOW;
	if (!chunk_ensure(histogram, place.chunk))
		return -ENOMEM;
	histogram->chunk[place.chunk]->count[place.slot] += n;
	account(histogram, value, value, n, (histogram_sum_t)value * n);
	return 0;
}

int histogram_record(struct histogram *histogram, uint64_t value)
{
	return histogram_record_n(histogram, value, 1);
}

int histogram_merge(struct histogram *to, const struct histogram *from)
{
	if (!from->count)
		return 0;
	if (from->count > UINT64_MAX - to->count)
		return -EOVERFLOW;
	/* All memory first, so that a failure leaves no half of it counted. */
	for (unsigned int i = 0; i < HISTOGRAM_CHUNKS; i++)
		if (from->chunk[i] && !chunk_ensure(to, i))
			return -ENOMEM;
	for (unsigned int i = 0; i < HISTOGRAM_CHUNKS; i++) {
		if (!from->chunk[i])
			continue;
		for (unsigned int slot = 0; slot < HISTOGRAM_SUB_BUCKETS; slot++)
			to->chunk[i]->count[slot] += from->chunk[i]->count[slot];
	}
	account(to, from->min, from->max, from->count, from->sum);
	return 0;
}

bool histogram_next_bucket(const struct histogram *histogram, unsigned int *position,
			   struct histogram_bucket *bucket)
{
	while (*position < HISTOGRAM_CHUNKS * HISTOGRAM_SUB_BUCKETS) {
		struct place place = { .chunk = *position / HISTOGRAM_SUB_BUCKETS,
				       .slot = *position % HISTOGRAM_SUB_BUCKETS };
		const struct histogram_chunk *chunk = histogram->chunk[place.chunk];

		if (!chunk) {
			*position += HISTOGRAM_SUB_BUCKETS - place.slot;
			continue;
		}
		(*position)++;
		if (chunk->count[place.slot]) {
			bucket->count = chunk->count[place.slot];
			bucket_bounds(place, &bucket->low, &bucket->high);
			return true;
		}
	}
	return false;
}

/* The value of a rank, 1 <= rank <= count. */
static uint64_t value_at_rank(const struct histogram *histogram, uint64_t rank)
{
	struct histogram_bucket bucket = { 0 };
	unsigned int position = 0;
	uint64_t seen = 0, value;

	if (rank == 1)
		return histogram->min;
	if (rank == histogram->count)
		return histogram->max;
	while (seen < rank && histogram_next_bucket(histogram, &position, &bucket))
		seen += bucket.count;
	value = bucket.low + (bucket.high - bucket.low) / 2;
	if (value < histogram->min)
		return histogram->min;
	return value > histogram->max ? histogram->max : value;
}

/* ceil(percent / 100 * count), a few units in the last place lower: 99.9 % of 1000 is 999, not
 * 1000. */
static uint64_t rank_of(double percent, uint64_t count)
{
	double rank = ceil(percent / 100 * (double)count * (1 - 4 * DBL_EPSILON));

	if (rank < 1)
		return 1;
	return rank >= (double)count ? count : (uint64_t)rank;
}

int histogram_percentile(const struct histogram *histogram, double percent, uint64_t *value)
{
	if (!(percent >= 0 && percent <= 100))
		return -EINVAL;
	if (!histogram->count)
		return -ENODATA;
	*value = value_at_rank(histogram, rank_of(percent, histogram->count));
	return 0;
}

int histogram_median_interval(const struct histogram *histogram, struct interval *interval)
{
	uint64_t low, high;

	*interval = (struct interval){ .low = NAN, .high = NAN, .point = NAN };
	if (!histogram->count)
		return -ENODATA;
	interval->point = (double)value_at_rank(histogram, rank_of(50, histogram->count));
	if (!stats_median_ranks(histogram->count, &low, &high, NULL))
		return -ENODATA;
	interval->low = (double)value_at_rank(histogram, low);
	interval->high = (double)value_at_rank(histogram, high);
	return 0;
}

double histogram_mean(const struct histogram *histogram)
{
	if (!histogram->count)
		return NAN;
	return (double)histogram->sum / (double)histogram->count;
}

uint64_t histogram_sum(const struct histogram *histogram)
{
	return histogram->sum > UINT64_MAX ? UINT64_MAX : (uint64_t)histogram->sum;
}

void histogram_set_sum(struct histogram *histogram, uint64_t sum)
{
	if (histogram->count)
		histogram->sum = sum;
}

bool histogram_equal(const struct histogram *left, const struct histogram *right)
{
	struct histogram_bucket a = { 0 }, b = { 0 };
	unsigned int left_position = 0, right_position = 0;
	bool more;

	if (left->count != right->count || left->sum != right->sum)
		return false;
	if (left->count && (left->min != right->min || left->max != right->max))
		return false;
	do {
		more = histogram_next_bucket(left, &left_position, &a);
		if (more != histogram_next_bucket(right, &right_position, &b))
			return false;
		if (more && (a.low != b.low || a.count != b.count))
			return false;
	} while (more);
	return true;
}
