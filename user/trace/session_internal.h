/* SPDX-License-Identifier: GPL-2.0 */
/*
 * session_internal.h - the session's own state, shared by session.c and closing.c and by nobody else.
 */
#ifndef TASKTAX_TRACE_SESSION_INTERNAL_H
#define TASKTAX_TRACE_SESSION_INTERNAL_H

#include <bpf/libbpf.h>

#include "config.h"
#include "tasktax.skel.h"
#include "trace/fault_ends.h"
#include "trace/mappings.h"
#include "trace/programs.h"
#include "trace/session.h"

#define LINKS_MAX PROGRAMS_MAX

struct session {
	struct hooks hooks;
	struct tasktax_bpf *skeleton;
	struct bpf_link *link[LINKS_MAX];
	struct bpf_program *linked[LINKS_MAX];
	uint64_t misses_before[LINKS_MAX];
	unsigned int links;
	unsigned int cpus;
	size_t ring_size;
	int *ring;		      /* map descriptors, one per CPU; NULL: no need of them */
	struct cpu_state *cpu;	      /* the mapped array, `cpus` long */
	const union log_record *logs; /* another: by kind and CPU, log_records() long each */
	struct fault_ends fault_ends; /* the perf events, with FAULT_END_PERF */
	struct mappings **mappings;   /* of each CPU that is online; NULL: none */
	int closing;		    /* an iterator over the tasks, made when attaching; -1: none */
	uint64_t fault_ends_raised; /* events that should have run a program, once disarmed */
	bool disarmed;
};

/* Attaches a program, to this symbol if it is a kprobe's, until session_detach_all(). 0 or an errno. */
int session_attach_one(struct session *session, struct bpf_program *program, const char *symbol,
		       struct fail *fail);
void session_detach_all(struct session *session);

/* An iterator's descriptor, to be read once, whenever that is. 0, or a negative errno. */
int session_iterate(struct bpf_program *program, int *fd);

/* Maps an array, apart from children; NULL with the reason. Of so many entries: whole pages. */
void *session_map(const struct bpf_map *map, size_t bytes, int protection, struct fail *fail);
size_t session_map_bytes(size_t entries, size_t size);

/* How often the kernel skipped a program, since it was loaded. */
uint64_t session_recursion_misses(const struct bpf_program *program);

#endif
