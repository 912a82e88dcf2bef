// SPDX-License-Identifier: GPL-2.0
/* ended.c - see ended.h. */
#include "top/ended.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* Where it is, or belongs. */
static uint32_t place_of(const struct ended *ended, uint32_t pid)
{
	uint32_t low = 0, high = ended->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (ended->at[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct ended_place *find(const struct ended *ended, uint32_t pid)
{
	uint32_t at = place_of(ended, pid);

	return at < ended->count && ended->at[at].pid == pid ? &ended->at[at] : NULL;
}

static struct ended_process *insert(struct ended *ended, const struct census_group *thread)
{
	struct ended_process *process;
	uint32_t at = place_of(ended, thread->pid);

	if (array_grow(ended->at, ended->room, ended->count))
		return NULL;
	process = calloc(1, sizeof(*process));
	if (!process)
		return NULL;
	process->group = (struct census_group){ .pid = thread->pid,
						.rss = BYTES_UNKNOWN,
						.pss = BYTES_UNKNOWN };
	process->group.times = &process->times;
	memmove(&ended->at[at + 1], &ended->at[at], (ended->count - at) * sizeof(*ended->at));
	ended->at[at] = (struct ended_place){ .pid = thread->pid, .process = process };
	ended->count++;
	return process;
}

int ended_add(struct ended *ended, const struct census_group *thread)
{
	const struct ended_place *place = find(ended, thread->pid);
	struct ended_process *process = place ? place->process : insert(ended, thread);

	if (!process)
		return -ENOMEM;
	census_counts_add(&process->group.counts, &thread->counts);
	process->group.partial |= thread->partial;
	if (thread->times)
		census_times_add(&process->times, thread->times);
	else if (census_switches(&thread->counts))
		process->group.times = NULL; /* and stays so: a part of them is not known */
	return 0;
}

void ended_keep(struct ended *ended, const struct census *census)
{
	uint32_t kept = 0;

	ended->round++;
	for (size_t i = 0; i < census->count; i++) {
		struct ended_place *place = find(ended, census->group[i].pid);

		if (place)
			place->round = ended->round;
	}
	for (uint32_t i = 0; i < ended->count; i++) {
		if (ended->at[i].round == ended->round)
			ended->at[kept++] = ended->at[i];
		else
			free(ended->at[i].process);
	}
	ended->count = kept;
}

void ended_free(struct ended *ended)
{
	for (uint32_t i = 0; i < ended->count; i++)
		free(ended->at[i].process);
	free(ended->at);
	*ended = (struct ended){ 0 };
}
