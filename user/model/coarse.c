// SPDX-License-Identifier: GPL-2.0
/* coarse.c - buckets, sums and percentiles of the coarse histogram; see coarse.h. */
#include "model/coarse.h"

#include <errno.h>
#include <float.h>
#include <math.h>

unsigned int coarse_bucket(uint64_t ns)
{
	unsigned int octave;

	if (ns < UINT64_C(1) << COARSE_FIRST)
		return 0;
	if (ns >> COARSE_LAST)
		return COARSE_BUCKETS - 1;
	octave = 63 - (unsigned int)__builtin_clzll(ns);
	return 1 + (octave - COARSE_FIRST) * COARSE_SUB +
	       (unsigned int)((ns >> (octave - COARSE_SUB_BITS)) & (COARSE_SUB - 1));
}

static uint64_t lowest_of(unsigned int bucket)
{
	unsigned int octave;

	if (!bucket)
		return 0;
	octave = COARSE_FIRST + (bucket - 1) / COARSE_SUB;
	return (uint64_t)(COARSE_SUB + (bucket - 1) % COARSE_SUB) << (octave - COARSE_SUB_BITS);
}

void coarse_bounds(unsigned int bucket, uint64_t *low, uint64_t *high)
{
	*low = lowest_of(bucket);
	*high = bucket < COARSE_BUCKETS - 1 ? lowest_of(bucket + 1) - 1 : UINT64_MAX;
}

uint64_t coarse_middle(unsigned int bucket)
{
	uint64_t low, high;

	if (bucket == COARSE_BUCKETS - 1)
		return lowest_of(bucket);
	coarse_bounds(bucket, &low, &high);
	return low + (high - low) / 2;
}

void coarse_record(struct coarse *coarse, uint64_t ns)
{
	coarse->count++;
	coarse->sum += ns;
	coarse->bucket[coarse_bucket(ns)]++;
}

void coarse_add(struct coarse *to, const struct coarse *from)
{
	to->count += from->count;
	to->sum += from->sum;
	for (unsigned int i = 0; i < COARSE_BUCKETS; i++)
		to->bucket[i] += from->bucket[i];
}

void coarse_since(struct coarse *difference, const struct coarse *later,
		  const struct coarse *earlier)
{
	difference->count = later->count - earlier->count;
	difference->sum = later->sum - earlier->sum;
	for (unsigned int i = 0; i < COARSE_BUCKETS; i++)
		difference->bucket[i] = later->bucket[i] - earlier->bucket[i];
}

int coarse_percentile(const struct coarse *coarse, double percent, uint64_t *ns)
{
	uint64_t seen = 0;
	unsigned int i;
	double rank;

	if (!(percent >= 0 && percent <= 100))
		return -EINVAL;
	if (!coarse->count)
		return -ENODATA;
	/* as rank_of() of histogram.c: 99.9 % of 1000 is 999 */
	rank = ceil(percent / 100 * (double)coarse->count * (1 - 4 * DBL_EPSILON));
	for (i = 0; i < COARSE_BUCKETS - 1; i++) {
		seen += coarse->bucket[i];
		if (seen && (double)seen >= rank)
			break;
	}
	*ns = coarse_middle(i);
	return 0;
}
