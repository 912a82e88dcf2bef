// SPDX-License-Identifier: GPL-2.0
/*
 * top_made_up.c - `tasktax top` over censuses that a file tells, for what has nothing to do with the kernel: keys, order,
 * layout, the terminal. CENSUS names the file, read again for each census; between two of them always a second passes,
 * so that rates are the file's own. Its lines:
 *
 *   task PID TID PARENT COMM THREAD PROCESS RESUME COST_NS WAIT_NS FAULTS RSS_KIB
 *   lost N
 *
 * THREAD, PROCESS, RESUME: switch-ins of these levels, FAULTS: first touches, a second. TID 0 without --threads.
 */
#include "top/feed.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/exits.h"
#include "cmd.h"
#include "model/coarse.h"

#define TASKS_MOST 4096
#define WORDS 12
#define SECOND_NS 1000000000ull

struct made_up {
	struct census_group group;
	struct census_times times;
	uint64_t census; /* it was told of in */
};

struct feed {
	struct census census;
	struct run_context context;
	struct made_up *task;
	size_t count;
	struct census_group *group;
	struct census_times total_times;
	uint64_t number;
};

static struct made_up *find(struct feed *feed, uint64_t id)
{
	struct made_up *task;

	for (size_t i = 0; i < feed->count; i++)
		if (feed->task[i].group.id == id)
			return &feed->task[i];
	if (feed->count == TASKS_MOST)
		return NULL;
	task = &feed->task[feed->count++];
	task->group.id = id;
	task->group.times = &task->times;
	return task;
}

static void switch_in(struct census_counts *counts, struct census_times *times,
		      enum row_level level, uint64_t number, uint64_t cost_ns, uint64_t wait_ns)
{
	struct row_counts *row = &counts->row[(size_t)level * VIA_COUNT];
	struct coarse *wait = &times->wait[level];

	row->count += number;
	row->direct_count += number;
	row->direct_ns += number * cost_ns;
	row->wait_ns += number * wait_ns;
	wait->count += number;
	wait->sum += number * wait_ns;
	wait->bucket[coarse_bucket(wait_ns)] += number;
}

static void a_second_passes(struct census_counts *counts, struct census_times *times,
			    const uint64_t number[WORDS])
{
	switch_in(counts, times, ROW_THREAD, number[5], number[8], number[9]);
	switch_in(counts, times, ROW_PROCESS, number[6], number[8], number[9]);
	switch_in(counts, times, ROW_RESUME, number[7], number[8], number[9]);
	counts->fault[CAUSE_WORK][FAULT_FIRST_TOUCH][0].count += number[10];
	counts->fault[CAUSE_WORK][FAULT_FIRST_TOUCH][0].time_ns += number[10] * 1000;
	counts->run_ns += SECOND_NS / 10;
}

static void take_task(struct feed *feed, char *const words[WORDS])
{
	uint64_t number[WORDS];
	struct made_up *task;

	for (size_t i = 1; i < WORDS; i++)
		number[i] = strtoull(words[i], NULL, 10);
	task = find(feed, number[1] << 32 | number[2]);
	if (!task)
		return;
	task->census = feed->number;
	task->group.pid = (uint32_t)number[1];
	task->group.tid = (uint32_t)number[2];
	task->group.parent = (uint32_t)number[3];
	task->group.tasks = task->group.processes = 1;
	task->group.rss = task->group.pss = number[11] ? number[11] * 1024 : BYTES_UNKNOWN;
	snprintf(task->group.comm, sizeof(task->group.comm), "%s", words[4]);
	a_second_passes(&task->group.counts, &task->times, number);
	a_second_passes(&feed->census.total.counts, &feed->total_times, number);
}

static void take_line(struct feed *feed, char *line)
{
	char *words[WORDS], *rest = line;
	size_t n = 0;

	while (n < WORDS) {
		words[n] = strtok_r(n ? NULL : line, " \n", &rest);
		if (!words[n])
			break;
		n++;
	}
	if (n == WORDS && !strcmp(words[0], "task"))
		take_task(feed, words);
	else if (n == 2 && !strcmp(words[0], "lost"))
		feed->census.lost.untracked = strtoull(words[1], NULL, 10);
	else if (n)
		fprintf(stderr, "top_made_up: what is %s?\n", words[0]);
}

/* Who is no longer told of has ended. */
static void list(struct feed *feed)
{
	struct census *census = &feed->census;

	census->count = 0;
	for (size_t i = 0; i < feed->count; i++)
		if (feed->task[i].census == feed->number)
			feed->group[census->count++] = feed->task[i].group;
	census->group = feed->group;
	census->total.times = &feed->total_times;
}

const struct census *feed_census(struct feed *feed, struct fail *fail)
{
	FILE *file = fopen(getenv("CENSUS") ?: "", "re");
	char line[512];

	if (!file) {
		fail_set(fail, -errno, "there is no census: %s", strerror(errno));
		return NULL;
	}
	feed->number++;
	feed->census.at_ns += SECOND_NS;
	while (fgets(line, sizeof(line), file))
		take_line(feed, line);
	fclose(file);
	list(feed);
	return &feed->census;
}

struct feed *feed_open(const struct feed_options *options, struct fail *fail)
{
	struct feed *feed = calloc(1, sizeof(*feed));

	if (feed) {
		feed->task = calloc(TASKS_MOST, sizeof(*feed->task));
		feed->group = calloc(TASKS_MOST, sizeof(*feed->group));
	}
	if (!feed || !feed->task || !feed->group) {
		fail_set(fail, EXITS_FAILURE, "no memory");
		feed_close(feed);
		return NULL;
	}
	feed->context = (struct run_context){ .direct_end = "sched_exit_tp",
					      .wait_known = true,
					      .faults_measured = options->wanted.faults,
					      .fault_end = "perf",
					      .shootdowns_measured = options->wanted.shootdowns,
					      .probe_ns = 0 };
	feed->census = (struct census){ .at_ns = SECOND_NS,
					.since_ns = SECOND_NS,
					.by = options->threads ? GROUP_BY_THREAD : GROUP_BY_PROCESS,
					.total = { .rss = BYTES_UNKNOWN, .pss = BYTES_UNKNOWN },
					.context = &feed->context };
	return feed;
}

void feed_close(struct feed *feed)
{
	if (!feed)
		return;
	free(feed->task);
	free(feed->group);
	free(feed);
}

int feed_fd(const struct feed *feed)
{
	(void)feed;
	return -1;
}

int feed_wait_ms(const struct feed *feed)
{
	(void)feed;
	return -1;
}

int feed_step(struct feed *feed, struct fail *fail)
{
	(void)feed;
	(void)fail;
	return 0;
}

uint32_t feed_tasks(const struct feed *feed)
{
	return (uint32_t)feed->census.count;
}

uint64_t feed_programs_ns(struct feed *feed)
{
	(void)feed;
	return NS_UNKNOWN;
}

int main(int argc, char **argv)
{
	setlocale(LC_CTYPE, "");
	argv[0] = "top";
	return cmd_top(argc, argv);
}
