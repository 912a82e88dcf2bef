/* SPDX-License-Identifier: GPL-2.0 */
/*
 * merge.h - a k-way merge: a binary heap of the heads of sources that are each in order.
 *
 * Heads are ordered by their stamp, then by rank, so that the order of equal stamps is the same each time. The
 * caller owns the array, and what a head points to. Inline, since this is done for every record. Includes the C
 * library only. Called by trace/consumer.c for the rings, by record/reader.c for the streams of a recording.
 */
#ifndef TASKTAX_BASE_MERGE_H
#define TASKTAX_BASE_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct merge_head {
	uint64_t ts;
	uint64_t rank;
	void *source;	   /* the caller's */
	const void *event; /* its head, the caller's too */
};

struct merge {
	struct merge_head *heap; /* the first one is the smallest */
	size_t count;
};

static inline bool merge_before(const struct merge_head *a, const struct merge_head *b)
{
	return a->ts != b->ts ? a->ts < b->ts : a->rank < b->rank;
}

/* The head at `at` has become larger. */
static inline void merge_sift(struct merge *merge, size_t at)
{
	struct merge_head *heap = merge->heap;

	for (;;) {
		size_t child = 2 * at + 1, least = at;
		struct merge_head swap;

		if (child < merge->count && merge_before(&heap[child], &heap[least]))
			least = child;
		if (child + 1 < merge->count && merge_before(&heap[child + 1], &heap[least]))
			least = child + 1;
		if (least == at)
			return;
		swap = heap[at];
		heap[at] = heap[least];
		heap[least] = swap;
		at = least;
	}
}

/* Makes a heap of heads in any order. */
static inline void merge_order(struct merge *merge)
{
	for (size_t i = merge->count; i-- > 0;)
		merge_sift(merge, i);
}

/* The head that comes first; NULL: there is none. */
static inline struct merge_head *merge_first(const struct merge *merge)
{
	return merge->count && merge->heap->event ? merge->heap : NULL;
}

/* The first source has no more. */
static inline void merge_drop_first(struct merge *merge)
{
	merge->heap[0] = merge->heap[--merge->count];
	merge_sift(merge, 0);
}

#endif
