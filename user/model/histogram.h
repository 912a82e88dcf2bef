/* SPDX-License-Identifier: GPL-2.0 */
/*
 * histogram.h - a distribution of nanoseconds with bounded relative error.
 *
 * Log-linear as HdrHistogram (G. Tene): every octave has 64 buckets of one width. Values below 128
 * are exact; above, a bucket is represented by its middle, which is within 1/128 (0.79 %) of every
 * value in it. Count, sum, minimum and maximum are exact, over all of uint64_t.
 *
 * Memory: about 0.5 KiB, plus 0.5 KiB for each octave that holds a value; 30 KiB at most.
 * Pure: includes model/stats.h and the C library. Called by the model, which fills it, and by the
 * outputs, which read it. Not thread safe.
 */
#ifndef TASKTAX_MODEL_HISTOGRAM_H
#define TASKTAX_MODEL_HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "model/stats.h"

#define HISTOGRAM_SUB_BITS 6
#define HISTOGRAM_SUB_BUCKETS (1 << HISTOGRAM_SUB_BITS)

/* Values below 64 are the first chunk; each further octave up to 2^64 is one. */
#define HISTOGRAM_CHUNKS (64 - HISTOGRAM_SUB_BITS + 1)

struct histogram_chunk;

__extension__ typedef unsigned __int128 histogram_sum_t;

/* All zero is a valid, empty histogram. Fields may be read, never written, from outside. */
struct histogram {
	uint64_t count;
	uint64_t min; /* min and max mean something when count > 0 only */
	uint64_t max;
	histogram_sum_t sum;
	struct histogram_chunk *chunk[HISTOGRAM_CHUNKS]; /* NULL: no value in this octave */
};

/* A bucket that holds something: count values in low .. high, both included. */
struct histogram_bucket {
	uint64_t low;
	uint64_t high;
	uint64_t count;
};

/* Makes it empty; allocates nothing. */
void histogram_init(struct histogram *histogram);

/* Frees what it holds, not the struct, and leaves it empty and usable. */
void histogram_free(struct histogram *histogram);

/* Forgets all values and keeps the memory, for the next period. */
void histogram_reset(struct histogram *histogram);

/*
 * Adds a value once, or n times. 0, -ENOMEM (at most once per octave), or -EOVERFLOW if the count
 * would pass 2^64 - 1; on failure nothing has changed.
 */
int histogram_record(struct histogram *histogram, uint64_t value);
int histogram_record_n(struct histogram *histogram, uint64_t value, uint64_t n);

/*
 * Adds all values of from: exactly what recording them one by one into to would have given. Errors
 * as histogram_record_n(); on failure no value has been added.
 */
int histogram_merge(struct histogram *to, const struct histogram *from);

/*
 * The nearest-rank percentile: the value of rank ceil(percent / 100 * count), at least 1, in
 * ascending order; never interpolated. Within 0.79 % of that value, exact below 128, and never
 * outside [min, max]: the first rank gives min and the last gives max. The rank is not moved by the
 * rounding of a percentage such as 99.9, which no double holds.
 * 0; -ENODATA when empty; -EINVAL unless 0 <= percent <= 100.
 */
int histogram_percentile(const struct histogram *histogram, double percent, uint64_t *value);

/*
 * The 50th percentile with its 95 % order-statistic interval (stats_median_ranks()), in ns. The
 * ends carry the bucket error above, so two intervals nearer than 0.8 % are not apart.
 * 0, or -ENODATA with fewer than STATS_MIN_SAMPLE values: then low and high are NaN, and point is
 * unless there is any value.
 */
int histogram_median_interval(const struct histogram *histogram, struct interval *interval);

/* The exact mean; NaN when empty. */
double histogram_mean(const struct histogram *histogram);

/* The exact sum, or UINT64_MAX when it is larger (584 years of ns). */
uint64_t histogram_sum(const struct histogram *histogram);

/* Same values up to the bucket, and same count, sum, minimum and maximum. For tests. */
bool histogram_equal(const struct histogram *left, const struct histogram *right);

/* Where values were recorded as what stands for them: the exact sum of what they stand for. */
void histogram_set_sum(struct histogram *histogram, uint64_t sum);

/*
 * Walks the buckets that hold something, in ascending order. Set *position to 0 before the first
 * call; false at the end. The histogram must not change meanwhile.
 */
bool histogram_next_bucket(const struct histogram *histogram, unsigned int *position,
			   struct histogram_bucket *bucket);

#endif
