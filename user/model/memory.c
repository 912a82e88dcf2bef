// SPDX-License-Identifier: GPL-2.0
/* memory.c - keeps peaks and samples, and sums them up; see memory.h. */
#include "model/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

void memory_free(struct memory *memory)
{
	free(memory->process);
	free(memory->sampled);
	free(memory->list);
	memset(memory, 0, sizeof(*memory));
}

static struct memory_of_process *of_process(struct memory *memory, uint32_t index)
{
	if (array_grow(memory->process, memory->room, index))
		return NULL;
	return &memory->process[index];
}

/* The samples of a process, made if it has none yet. NULL: no memory. */
static struct process_memory *samples_of(struct memory *memory, uint32_t index)
{
	struct memory_of_process *process = of_process(memory, index);

	if (!process)
		return NULL;
	if (process->sampled)
		return &memory->sampled[process->sampled];
	if (array_grow(memory->sampled, memory->sampled_room, memory->sampled_count + 1))
		return NULL;
	process->sampled = ++memory->sampled_count;
	memory->sampled[process->sampled] = (struct process_memory){ .process = index };
	return &memory->sampled[process->sampled];
}

/* PROCESS_UNKNOWN for a task that is not known. */
static uint32_t process_of(const struct tasks *tasks, uint32_t serial)
{
	return serial < tasks->task_count ? tasks->task[serial].process : PROCESS_UNKNOWN;
}

/* --- the events --- */

int memory_exec(struct memory *memory, const struct tasks *tasks, const struct event_exec *event)
{
	uint32_t index = process_of(tasks, event->task);
	struct memory_of_process *process = of_process(memory, index);

	if (!process)
		return -ENOMEM;
	if (index == PROCESS_UNKNOWN)
		return 0;
	process->left_pages = event->most_pages;
	if (process->sampled)
		memory->sampled[process->sampled] = (struct process_memory){ .process = index };
	return 0;
}

int memory_exit(struct memory *memory, const struct tasks *tasks, const struct event_exit *event)
{
	uint32_t index = process_of(tasks, event->task);
	struct memory_of_process *process = of_process(memory, index);

	if (!process)
		return -ENOMEM;
	if (index == PROCESS_UNKNOWN || !(event->h.flags & EXIT_GROUP_DEAD))
		return 0;
	if (event->peak_pages)
		process->peak_pages = event->peak_pages;
	else if (event->most_pages > process->left_pages)
		process->peak_pages = event->most_pages;
	return 0;
}

static void end_round(struct memory *memory)
{
	if (memory->round_rss > memory->rss)
		memory->rss = memory->round_rss;
	if (memory->round_pss > memory->pss)
		memory->pss = memory->round_pss;
	memory->round_rss = memory->round_pss = 0;
}

static void add_to_round(struct memory *memory, const struct event_memory *event)
{
	if (!memory->rounds || event->round != memory->round) {
		end_round(memory);
		memory->round = event->round;
		memory->rounds++;
	}
	memory->round_rss += event->rss;
	memory->round_pss += event->pss;
}

/*
 * By its pid the loader may have read another process: one that has got the pid of one that ended. The end
 * comes before such a sample in the stream.
 */
int memory_sample(struct memory *memory, const struct tasks *tasks,
		  const struct event_memory *event)
{
	const struct memory_sample sample = {
		event->rss, event->pss, event->shared, event->private, event->swap, event->swap_pss,
	};
	uint32_t index = process_of(tasks, event->task);
	struct process_memory *process;

	if (index == PROCESS_UNKNOWN || tasks->process[index].exited)
		return 0;
	process = samples_of(memory, index);
	if (!process)
		return -ENOMEM;
	process->denied = event->h.flags & MEMORY_DENIED;
	if (process->denied)
		return 0;
	if (!process->samples++ || sample.pss > process->most.pss)
		process->most = sample;
	process->last = sample;
	if (sample.rss > process->most_rss)
		process->most_rss = sample.rss;
	add_to_round(memory, event);
	return 0;
}

/* --- the report --- */

static uint64_t most_pss(const struct process_memory *process)
{
	return process->samples ? process->most.pss : 0;
}

static int by_size(const void *a, const void *b)
{
	const struct process_memory *x = a, *y = b;

	if (most_pss(x) != most_pss(y))
		return most_pss(x) > most_pss(y) ? -1 : 1;
	if (x->peak_rss != y->peak_rss)
		return x->peak_rss > y->peak_rss ? -1 : 1;
	return x->process < y->process ? -1 : x->process > y->process;
}

struct peak {
	uint32_t mm, process;
	uint64_t bytes;
};

static int by_mm_and_bytes(const void *a, const void *b)
{
	const struct peak *x = a, *y = b;

	if (x->mm != y->mm)
		return x->mm < y->mm ? -1 : 1;
	return x->bytes < y->bytes ? 1 : x->bytes > y->bytes ? -1 : 0;
}

/* The peaks of the address spaces that the processes ended with; one that several shared counts once. */
static int sum_peaks(const struct tasks *tasks, struct memory_summary *sum)
{
	struct peak *peak = calloc(tasks->process_count + 1, sizeof(*peak));
	uint32_t count = 0;

	if (!peak)
		return -ENOMEM;
	for (uint32_t i = PROCESS_UNKNOWN + 1; i < tasks->process_count; i++)
		if (tasks->process[i].threads) /* else gone before model_begin() */
			peak[count++] = (struct peak){ tasks->process[i].mm, i,
						       tasks->process[i].peak_rss };
	qsort(peak, count, sizeof(*peak), by_mm_and_bytes);
	sum->peak_rss = count ? 0 : BYTES_UNKNOWN;
	for (uint32_t i = 0; i < count; i++) {
		if (i && peak[i].mm && peak[i].mm == peak[i - 1].mm)
			continue;
		sum->peak_rss += peak[i].bytes;
		sum->peaks_unknown += !peak[i].bytes;
	}
	if (!sum->peak_rss)
		sum->peak_rss = BYTES_UNKNOWN;
	free(peak);
	return 0;
}

static int list_processes(struct memory *memory, const struct tasks *tasks, struct report *report)
{
	uint32_t count = 0;

	memory->list = calloc(tasks->process_count + 1, sizeof(*memory->list));
	if (!memory->list)
		return -ENOMEM;
	for (uint32_t i = PROCESS_UNKNOWN + 1; i < tasks->process_count; i++) {
		struct process_memory *entry = &memory->list[count];

		if (!tasks->process[i].threads)
			continue;
		count++;
		if (i < memory->room && memory->process[i].sampled)
			*entry = memory->sampled[memory->process[i].sampled];
		entry->process = i;
		entry->peak_rss = tasks->process[i].peak_rss;
	}
	qsort(memory->list, count, sizeof(*memory->list), by_size);
	report->process_memory = memory->list;
	report->process_memory_count = count;
	return 0;
}

static uint64_t peak_rss(const struct memory *memory, const struct memory_of_process *process,
			 uint64_t page_size)
{
	uint64_t peak = process->peak_pages * page_size;
	uint64_t seen = process->sampled ? memory->sampled[process->sampled].most_rss : 0;

	return peak && seen > peak ? seen : peak;
}

int memory_report(struct memory *memory, struct tasks *tasks, struct report *report)
{
	struct memory_summary *sum = &report->memory;

	for (uint32_t i = 0; i < tasks->process_count && i < memory->room; i++)
		tasks->process[i].peak_rss =
			peak_rss(memory, &memory->process[i], report->context.page_size);
	end_round(memory);
	sum->rounds = memory->rounds;
	sum->rss = memory->rounds ? memory->rss : BYTES_UNKNOWN;
	sum->pss = memory->rounds ? memory->pss : BYTES_UNKNOWN;
	if (sum_peaks(tasks, sum))
		return -ENOMEM;
	return list_processes(memory, tasks, report);
}
