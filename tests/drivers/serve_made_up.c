// SPDX-License-Identifier: GPL-2.0
/*
 * serve_made_up.c - `tasktax serve` over a census that a file tells, for what has nothing to do with the kernel:
 * HTTP, formats, groups. CENSUS names the file, read again for each census; no file: the census fails. Its lines:
 *
 *   process ID COMM CGROUP SWITCHES WAIT_NS    so many, all thread level, direct, each with this wait
 *   lost SWITCHES
 *
 * A process that is no longer told of has ended.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/exits.h"
#include "cmd.h"
#include "serve/source.h"

#define PROCESSES_MOST 6000
enum { THREAD_DIRECT = ROW_THREAD * VIA_COUNT };

struct made_up {
	struct census_group group;
	struct census_times times;
	char cgroup[256];
};

struct source {
	struct source_options options;
	struct census census;
	struct run_context context;
	struct made_up *process, *before;
	size_t count, count_before;
	struct census_group *group;
	struct census_times total_times;
	struct made_up gone; /* all who have ended */
};

static unsigned int bucket_of(uint64_t ns)
{
	unsigned int octave = 63 - (unsigned int)__builtin_clzll(ns | 1);

	if (octave < COARSE_FIRST)
		return 0;
	return 1 + (octave - COARSE_FIRST) * COARSE_SUB +
	       (unsigned int)((ns >> (octave - COARSE_SUB_BITS)) & (COARSE_SUB - 1));
}

static void count(struct census_counts *counts, struct census_times *times, uint64_t switches,
		  uint64_t wait_ns)
{
	struct coarse *wait = &times->wait[ROW_THREAD];

	counts->row[THREAD_DIRECT].count += switches;
	counts->row[THREAD_DIRECT].voluntary += switches;
	wait->count += switches;
	wait->sum += switches * wait_ns;
	wait->bucket[bucket_of(wait_ns)] += switches;
}

static void take_process(struct source *source, char *const words[6])
{
	struct made_up *process = &source->process[source->count++];

	*process = (struct made_up){ .group = { .id = strtoull(words[1], NULL, 10),
						.processes = 1,
						.tasks = 2,
						.rss = BYTES_UNKNOWN,
						.pss = BYTES_UNKNOWN } };
	snprintf(process->group.comm, sizeof(process->group.comm), "%s", words[2]);
	snprintf(process->cgroup, sizeof(process->cgroup), "%s", words[3]);
	process->group.cgroup = process->cgroup;
	count(&process->group.counts, &process->times, strtoull(words[4], NULL, 10),
	      strtoull(words[5], NULL, 10));
	process->group.times = &process->times;
}

static bool take_line(struct source *source, char *line)
{
	char *words[6], *rest = line;
	size_t n = 0;

	while (n < 6) {
		words[n] = strtok_r(n ? NULL : line, " \n", &rest);
		if (!words[n])
			break;
		n++;
	}
	if (n == 2 && !strcmp(words[0], "lost")) {
		source->census.lost.switches = strtoull(words[1], NULL, 10);
		return true;
	}
	if (n != 6 || strcmp(words[0], "process") != 0 || source->count == PROCESSES_MOST)
		return n == 0;
	take_process(source, words);
	return true;
}

static bool is_told_of(const struct source *source, uint64_t id)
{
	for (size_t i = 0; i < source->count; i++)
		if (source->process[i].group.id == id)
			return true;
	return false;
}

static void add(struct census_counts *counts, struct census_times *times,
		const struct made_up *process)
{
	const struct coarse *from = &process->times.wait[ROW_THREAD];
	struct coarse *to = &times->wait[ROW_THREAD];

	counts->row[THREAD_DIRECT].count += process->group.counts.row[THREAD_DIRECT].count;
	counts->row[THREAD_DIRECT].voluntary += process->group.counts.row[THREAD_DIRECT].voluntary;
	to->count += from->count;
	to->sum += from->sum;
	for (size_t i = 0; i < COARSE_BUCKETS; i++)
		to->bucket[i] += from->bucket[i];
}

static void bury(struct source *source)
{
	for (size_t i = 0; i < source->count_before; i++) {
		const struct made_up *process = &source->before[i];

		if (is_told_of(source, process->group.id))
			continue;
		add(&source->gone.group.counts, &source->gone.times, process);
		source->options.departed(source->options.context, &process->group,
					 source->census.at_ns);
	}
}

static void sum_up(struct source *source)
{
	struct census_group *total = &source->census.total;

	source->total_times = source->gone.times;
	*total = (struct census_group){ .counts = source->gone.group.counts,
					.times = &source->total_times,
					.rss = BYTES_UNKNOWN,
					.pss = BYTES_UNKNOWN };
	for (size_t i = 0; i < source->count; i++) {
		add(&total->counts, &source->total_times, &source->process[i]);
		total->processes++;
		total->tasks += 2;
		source->group[i] = source->process[i].group;
		source->group[i].times = &source->process[i].times;
		source->group[i].cgroup = source->process[i].cgroup;
	}
	source->census.group = source->group;
	source->census.count = source->count;
}

const struct census *source_census(struct source *source, struct fail *fail)
{
	const char *name = getenv("CENSUS");
	FILE *file = fopen(name ?: "", "re");
	struct made_up *before = source->before;
	char line[512];

	if (!file) {
		fail_set(fail, -errno, "there is no census: %s", strerror(errno));
		return NULL;
	}
	source->before = source->process;
	source->count_before = source->count;
	source->process = before;
	source->count = 0;
	while (fgets(line, sizeof(line), file))
		if (!take_line(source, line))
			fprintf(stderr, "serve_made_up: what is %s", line);
	fclose(file);
	source->census.at_ns++;
	bury(source);
	sum_up(source);
	return &source->census;
}

struct source *source_open(const struct source_options *options, struct fail *fail)
{
	struct source *source = calloc(1, sizeof(*source));

	if (source) {
		source->process = calloc(PROCESSES_MOST, sizeof(*source->process));
		source->before = calloc(PROCESSES_MOST, sizeof(*source->before));
		source->group = calloc(PROCESSES_MOST, sizeof(*source->group));
	}
	if (!source || !source->process || !source->before || !source->group) {
		fail_set(fail, EXITS_FAILURE, "no memory");
		source_close(source);
		return NULL;
	}
	source->options = *options;
	source->context = (struct run_context){ .tool_version = "made-up",
						.kernel = "none",
						.arch = "none",
						.direct_end = "sched_exit_tp",
						.wait_known = true,
						.faults_measured = options->wanted.faults,
						.fault_end = "perf",
						.shootdowns_measured = options->wanted.shootdowns };
	source->census.by = GROUP_BY_PROCESS;
	source->census.context = &source->context;
	return source;
}

void source_close(struct source *source)
{
	if (!source)
		return;
	free(source->process);
	free(source->before);
	free(source->group);
	free(source);
}

int source_fd(const struct source *source)
{
	(void)source;
	return -1;
}

int source_wait_ms(const struct source *source)
{
	(void)source;
	return -1;
}

int source_step(struct source *source, struct fail *fail)
{
	(void)source;
	(void)fail;
	return 0;
}

size_t source_features(const struct source *source, const struct metrics_feature **features)
{
	static const struct metrics_feature made_up[] = { { "sched_switch", "on" },
							  { "tlb_flush", "off" } };

	(void)source;
	*features = made_up;
	return 2;
}

size_t source_programs(struct source *source, const struct metrics_program **programs)
{
	static const struct metrics_program made_up[] = { { "on_sched_switch", 42 } };

	*programs = source->options.bpf_stats ? made_up : NULL;
	return source->options.bpf_stats;
}

int main(int argc, char **argv)
{
	argv[0] = "serve";
	return cmd_serve(argc, argv);
}
