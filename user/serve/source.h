/* SPDX-License-Identifier: GPL-2.0 */
/*
 * source.h - where an exporter has its census from: programs that count in the kernel, opened for some targets,
 * kept going, and read at any moment without stopping anybody. One thread. Called by cmd_serve.c and exporter.c.
 */
#ifndef TASKTAX_SERVE_SOURCE_H
#define TASKTAX_SERVE_SOURCE_H

#include "base/log.h"
#include "model/census.h"
#include "output/openmetrics.h"
#include "trace/hooks.h"
#include "trace/selection.h"

struct source;

struct source_options {
	const struct selection *selection; /* who is counted */
	const char *described;		   /* the selection, in words */
	struct wanted wanted;
	const char *const *without; /* hooks to leave out */
	size_t without_count;
	bool by_process; /* else the total alone is read */
	uint64_t max_memory;
	bool bpf_stats; /* have the kernel time the programs */
	/* Called with the last counts of each process that has ended, from source_step(). 0 or -ENOMEM. */
	int (*departed)(void *context, const struct census_group *process, uint64_t now_ns);
	void *context;
};

/* Counting has begun when it returns. NULL with the reason, whose code is an enum exit_status. */
struct source *source_open(const struct source_options *options, struct fail *fail);
void source_close(struct source *source);

/* When there is something to do: readable; and how long to wait at most. -1: never, for ever. */
int source_fd(const struct source *source);
int source_wait_ms(const struct source *source);

/* Does it: follows births and deaths. 0, or a negative errno with the reason: it counts no more. */
int source_step(struct source *source, struct fail *fail);

/*
 * What has been counted by now. The census, of processes with their control groups (or the total alone), is the
 * source's until the next call of any of these. NULL with the reason.
 */
const struct census *source_census(struct source *source, struct fail *fail);

/* What this kernel lets it see. They live as long as the source. */
size_t source_features(const struct source *source, const struct metrics_feature **features);

/* How long each program has run, with bpf_stats; else 0 of them, NULL. Until the next call. */
size_t source_programs(struct source *source, const struct metrics_program **programs);

#endif
