// SPDX-License-Identifier: GPL-2.0
/* tally_pool.c - slabs and slots; see tally_pool.h. */
#include "trace/tally_pool.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "trace/session_internal.h"

static uint32_t first_slab(const struct tally_pool *pool, unsigned int cpu)
{
	return 1 + cpu * pool->slabs_each;
}

static struct group_slot *slot_of(const struct tally_pool *pool, unsigned int cpu, uint32_t group)
{
	return &pool->slot[(size_t)cpu * pool->groups + group];
}

static uint32_t shared_counts(const struct tally_pool *pool, unsigned int cpu)
{
	return slot_of(pool, cpu, GROUP_OTHERS)->slab[SLAB_COUNTS];
}

/* The programs see it only when all before is in place. */
static void hand_out(uint64_t *ring, uint32_t room, volatile uint64_t *count, uint32_t what)
{
	uint64_t at = *count;

	ring[at % room] = what;
	__atomic_store_n(count, at + 1, __ATOMIC_RELEASE);
}

static void hand_out_slab(struct tally_pool *pool, unsigned int cpu, uint32_t slab)
{
	hand_out(pool->free_slab + (size_t)cpu * pool->slabs_each, pool->slabs_each,
		 &pool->cpu[cpu].slabs_freed, slab);
}

static void hand_out_all(struct tally_pool *pool)
{
	struct tasktax_bpf *skeleton = pool->session->skeleton;

	for (unsigned int cpu = 0; cpu < pool->cpus; cpu++) {
		struct group_slot *others = slot_of(pool, cpu, GROUP_OTHERS);

		pool->cpu[cpu].tally.stint_row = COUNT_ROWS;
		for (uint32_t use = 0; use < SLAB_USES; use++)
			others->slab[use] = first_slab(pool, cpu) + use;
		for (uint32_t i = SLAB_USES; i < pool->slabs_each; i++)
			hand_out_slab(pool, cpu, first_slab(pool, cpu) + i);
	}
	for (uint32_t group = GROUP_ROOT + 1; group < pool->groups; group++)
		hand_out(pool->free_group, pool->groups, &skeleton->data_groups->groups_freed,
			 group);
}

static size_t slab_bytes(const struct tally_pool *pool)
{
	return session_map_bytes(1 + (size_t)pool->cpus * pool->slabs_each,
				 sizeof(union count_slab));
}

static size_t free_slab_bytes(const struct tally_pool *pool)
{
	return session_map_bytes((size_t)pool->cpus * pool->slabs_each, sizeof(uint64_t));
}

static size_t slot_bytes(const struct tally_pool *pool)
{
	return session_map_bytes((size_t)pool->cpus * pool->groups, sizeof(struct group_slot));
}

static size_t free_group_bytes(const struct tally_pool *pool)
{
	return session_map_bytes(pool->groups, sizeof(uint64_t));
}

int tally_pool_open(struct tally_pool *pool, struct session *session, struct fail *fail)
{
	const struct tasktax_bpf *skeleton = session->skeleton;
	const struct config *conf = &skeleton->rodata->conf;
	const int both = PROT_READ | PROT_WRITE;

	*pool = (struct tally_pool){ .session = session,
				     .cpu = session->cpu,
				     .cpus = session->cpus,
				     .groups = conf->groups,
				     .slabs_each = conf->slabs };
	pool->slab = session_map(skeleton->maps.slabs, slab_bytes(pool), both, fail);
	if (pool->slab)
		pool->free_slab =
			session_map(skeleton->maps.free_slabs, free_slab_bytes(pool), both, fail);
	if (pool->free_slab)
		pool->slot = session_map(skeleton->maps.group_slots, slot_bytes(pool), both, fail);
	if (pool->slot)
		pool->free_group =
			session_map(skeleton->maps.free_groups, free_group_bytes(pool), both, fail);
	if (!pool->free_group)
		return fail->code;
	hand_out_all(pool);
	return 0;
}

void tally_pool_close(struct tally_pool *pool)
{
	if (pool->slab)
		munmap(pool->slab, slab_bytes(pool));
	if (pool->free_slab)
		munmap(pool->free_slab, free_slab_bytes(pool));
	if (pool->slot)
		munmap(pool->slot, slot_bytes(pool));
	if (pool->free_group)
		munmap(pool->free_group, free_group_bytes(pool));
	memset(pool, 0, sizeof(*pool));
}

/* --- adding up --- */

static void add_times(struct coarse *to, const struct coarse *from)
{
	to->sum += from->sum;
	for (unsigned int i = 0; i < COARSE_BUCKETS; i++) {
		to->bucket[i] += from->bucket[i];
		to->count += from->bucket[i];
	}
}

static struct coarse *times_of(struct census_times *times, enum slab_use use)
{
	if (use >= SLAB_FAULT)
		return &times->fault[use - SLAB_FAULT];
	if (use >= SLAB_WAIT)
		return &times->wait[use - SLAB_WAIT];
	return &times->direct[use - SLAB_DIRECT];
}

static void add_histograms(const struct tally_pool *pool, const struct group_slot *slot,
			   struct census_times *times, struct tally_found *found)
{
	for (uint32_t use = SLAB_DIRECT; use < SLAB_USES; use++) {
		uint32_t slab = *(const volatile uint32_t *)&slot->slab[use];

		if (slab == SLAB_REFUSED) {
			found->refused = true;
		} else if (slab) {
			found->times = true;
			if (times)
				add_times(times_of(times, use), &pool->slab[slab].times);
		}
	}
}

struct tally_found tally_pool_add(const struct tally_pool *pool, uint32_t group,
				  struct census_counts *counts, struct census_times *times)
{
	struct tally_found found = { 0 };

	for (unsigned int cpu = 0; cpu < pool->cpus; cpu++) {
		const struct group_slot *slot = slot_of(pool, cpu, group);
		uint32_t slab = *(const volatile uint32_t *)&slot->slab[SLAB_COUNTS];

		if (slab && group != GROUP_OTHERS && slab == shared_counts(pool, cpu))
			found.shared = true;
		else if (slab)
			census_slab_add(counts, &pool->slab[slab].counts);
		counts->run_ns += slot->run_ns;
		census_tlb_add(&counts->tlb, &slot->tlb);
		add_histograms(pool, slot, times, &found);
	}
	return found;
}

/* --- taking back --- */

void tally_pool_give_back(struct tally_pool *pool, uint32_t group)
{
	for (unsigned int cpu = 0; cpu < pool->cpus; cpu++) {
		struct group_slot *slot = slot_of(pool, cpu, group);

		for (uint32_t use = 0; use < SLAB_USES; use++) {
			uint32_t slab = slot->slab[use];

			if (!slab || slab == SLAB_REFUSED ||
			    (use == SLAB_COUNTS && slab == shared_counts(pool, cpu)))
				continue;
			memset(&pool->slab[slab], 0, sizeof(pool->slab[slab]));
			hand_out_slab(pool, cpu, slab);
		}
		memset(slot, 0, sizeof(*slot));
	}
	hand_out(pool->free_group, pool->groups,
		 &pool->session->skeleton->data_groups->groups_freed, group);
}

/* Twice what is kept for counts: else it would be refused again at once. */
static bool has_room(const struct tally_pool *pool, unsigned int cpu)
{
	const struct cpu_state *state = &pool->cpu[cpu];
	uint64_t left = state->slabs_freed - *(const volatile uint64_t *)&state->tally.slabs_taken;

	return left > 2 * (uint64_t)pool->session->skeleton->rodata->conf.slabs_kept;
}

/* A program writes here only where it finds 0. */
void tally_pool_relent(struct tally_pool *pool, uint32_t group)
{
	for (unsigned int cpu = 0; cpu < pool->cpus; cpu++) {
		struct group_slot *slot = slot_of(pool, cpu, group);

		if (!has_room(pool, cpu))
			continue;
		for (uint32_t use = 0; use < SLAB_USES; use++)
			if (slot->slab[use] == SLAB_REFUSED ||
			    (use == SLAB_COUNTS && slot->slab[use] == shared_counts(pool, cpu)))
				__atomic_store_n(&slot->slab[use], 0, __ATOMIC_RELAXED);
	}
}

/* --- the end --- */

static unsigned int row_of(const struct event_switch *event)
{
	unsigned int level = SWITCH_LEVEL(event->h.flags);

	if (level)
		return (level - 1) * COUNT_VIAS + SWITCH_VIA(event->h.flags);
	return COUNT_ROWS - 1 - TASK_CLASS(event->next);
}

static bool is_target(uint32_t ref)
{
	return ref && TASK_CLASS(ref) == TASK_TARGET;
}

/* As tally_switch() of bpf/tally.bpf.h does it, of a switch without a price or a wait. */
void tally_pool_close_switch(struct tally_pool *pool, unsigned int cpu)
{
	struct cpu_state *state = &pool->cpu[cpu];
	const struct event_switch *event = &state->pending;
	struct cpu_tally *tally = &state->tally;
	bool comes = is_target(event->next);
	uint32_t group = comes ? tally->next_group : tally->prev_group;
	uint32_t slab = slot_of(pool, cpu, group)->slab[SLAB_COUNTS] ?: shared_counts(pool, cpu);
	struct group_counts *counts = &pool->slab[slab].counts;
	struct row_counts *row = &counts->row[row_of(event) % COUNT_ROWS];

	row->count++;
	if (is_target(event->prev))
		*(event->h.flags & SWITCH_VOLUNTARY ? &row->voluntary : &row->preempted) += 1;
	row->migrated += !!(event->h.flags & SWITCH_MIGRATED);
	row->pick_ns += event->pick_ns;
	counts->first_switches += comes && (event->h.flags & SWITCH_FIRST);
	if (tally->run_from)
		slot_of(pool, cpu, tally->prev_group)->run_ns += event->h.ts - tally->run_from;
	tally->run_from = comes ? event->h.ts : 0;
	tally->stint_wait = 0;
	tally->counted++;
}
