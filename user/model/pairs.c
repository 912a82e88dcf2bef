// SPDX-License-Identifier: GPL-2.0
/* pairs.c - a bounded counting hash table; see pairs.h. */
#include "model/pairs.h"

#include <stdlib.h>
#include <string.h>

static uint64_t hash(uint32_t from, uint32_t to, uint32_t kind)
{
	uint64_t x = ((uint64_t)from << 32 | to) + kind * 0x9e3779b97f4a7c15ull;

	/* the finaliser of splitmix64 (Steele, Lea and Flood 2014) */
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

/* The slot of a key, or the empty one where it belongs. */
static struct pair *find(struct pair *slot, size_t room, uint32_t from, uint32_t to, uint32_t kind)
{
	size_t at = hash(from, to, kind) & (room - 1);

	while (slot[at].count &&
	       (slot[at].from != from || slot[at].to != to || slot[at].kind != kind))
		at = (at + 1) & (room - 1);
	return &slot[at];
}

static int grow(struct pairs *pairs)
{
	size_t room = pairs->room ? pairs->room * 2 : 256;
	struct pair *slot;

	if (room > 2 * (size_t)PAIRS_MAX)
		return -1;
	slot = calloc(room, sizeof(*slot));
	if (!slot)
		return -1;
	for (size_t i = 0; i < pairs->room; i++) {
		const struct pair *old = &pairs->slot[i];

		if (old->count)
			*find(slot, room, old->from, old->to, old->kind) = *old;
	}
	free(pairs->slot);
	pairs->slot = slot;
	pairs->room = room;
	return 0;
}

void pairs_add(struct pairs *pairs, uint32_t from, uint32_t to, uint32_t kind)
{
	struct pair *pair;

	if (!pairs->room && grow(pairs)) {
		pairs->folded++;
		return;
	}
	pair = find(pairs->slot, pairs->room, from, to, kind);
	if (pair->count) {
		pair->count++;
		return;
	}
	if (pairs->used * 2 >= pairs->room) {
		if (grow(pairs)) {
			pairs->folded++;
			return;
		}
		pair = find(pairs->slot, pairs->room, from, to, kind);
	}
	*pair = (struct pair){ .from = from, .to = to, .kind = kind, .count = 1 };
	pairs->used++;
}

void pairs_free(struct pairs *pairs)
{
	free(pairs->slot);
	memset(pairs, 0, sizeof(*pairs));
}
