/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tally_pool.h - the memory that the programs count in (bpf/counts.h), as the loader sees it: mapped, handed
 * out, added up, taken back. Called by tally.c.
 */
#ifndef TASKTAX_TRACE_TALLY_POOL_H
#define TASKTAX_TRACE_TALLY_POOL_H

#include "base/log.h"
#include "config.h"
#include "model/census.h"

struct session;

struct tally_pool {
	struct session *session; /* somebody else's */
	struct cpu_state *cpu;	 /* the session's, cpus long */
	uint32_t cpus, groups, slabs_each;
	union count_slab *slab;
	uint64_t *free_slab, *free_group;
	struct group_slot *slot;
};

/* What adding up a group has found. */
struct tally_found {
	bool times;   /* there is a histogram */
	bool refused; /* one or more found no room: those that there are say too little */
	bool shared;  /* on some CPU its counts had no room, and are with those of all others */
};

/* Maps it, and hands all of it out: GROUP_OTHERS its slabs, the CPUs the rest. 0 or a negative errno. */
int tally_pool_open(struct tally_pool *pool, struct session *session, struct fail *fail);
void tally_pool_close(struct tally_pool *pool);

/* Adds what a group has counted on all CPUs. */
struct tally_found tally_pool_add(const struct tally_pool *pool, uint32_t group,
				  struct census_counts *counts, struct census_times *times);

/* Nobody can count for this group any more: empties its slabs and hands them, and its number, out again. */
void tally_pool_give_back(struct tally_pool *pool, uint32_t group);

/* A group that was refused a slab may ask again, where there is room by now. */
void tally_pool_relent(struct tally_pool *pool, uint32_t group);

/* After disarming: counts a switch whose end was not seen. */
void tally_pool_close_switch(struct tally_pool *pool, unsigned int cpu);

#endif
