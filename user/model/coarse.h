/* SPDX-License-Identifier: GPL-2.0 */
/*
 * coarse.h - the coarse histogram of aggregate mode (bpf/counts.h), as the programs fill it. Pure. Called by
 * trace/tally.c, the model and whoever shows a census.
 */
#ifndef TASKTAX_MODEL_COARSE_H
#define TASKTAX_MODEL_COARSE_H

#include <stdint.h>

#include "counts.h"

/* Where a value is counted. */
unsigned int coarse_bucket(uint64_t ns);

/* The smallest and the largest value of a bucket; of the last the largest is UINT64_MAX. */
void coarse_bounds(unsigned int bucket, uint64_t *low, uint64_t *high);

/* What stands for the values of a bucket: within 1/16 of each, but for the first and the last. */
uint64_t coarse_middle(unsigned int bucket);

void coarse_record(struct coarse *coarse, uint64_t ns);
void coarse_add(struct coarse *to, const struct coarse *from);

/* later - earlier, of one histogram at two moments. */
void coarse_since(struct coarse *difference, const struct coarse *later,
		  const struct coarse *earlier);

/*
 * The nearest-rank percentile, as the middle of its bucket. 0; -ENODATA when empty; -EINVAL unless
 * 0 <= percent <= 100.
 */
int coarse_percentile(const struct coarse *coarse, double percent, uint64_t *ns);

#endif
