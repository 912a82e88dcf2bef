/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pairs.h - counts by (from, to, kind): who hands the CPU to whom, who wakes whom. Bounded: beyond
 * PAIRS_MAX different keys, counts are folded into one number. Pure. Called by attribution.c.
 */
#ifndef TASKTAX_MODEL_PAIRS_H
#define TASKTAX_MODEL_PAIRS_H

#include <stddef.h>
#include <stdint.h>

#define PAIRS_MAX (1u << 19)

struct pair {
	uint32_t from, to; /* task references */
	uint32_t kind;
	uint64_t count; /* 0: empty slot */
};

struct pairs {
	struct pair *slot; /* open addressing, a power of two */
	size_t room, used;
	uint64_t folded;
};

/* Adds one; no memory or no room counts as folded. */
void pairs_add(struct pairs *pairs, uint32_t from, uint32_t to, uint32_t kind);
void pairs_free(struct pairs *pairs);

#endif
