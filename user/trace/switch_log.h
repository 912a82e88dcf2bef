/* SPDX-License-Identifier: GPL-2.0 */
/*
 * switch_log.h - reads one CPU's switch log in place, record by record; as ring.h does a BPF ring buffer.
 *
 * The programs write the log without a lock, and the loader maps it: bpf/config.h says who owns what.
 * Called by consumer.c; made by session.c.
 */
#ifndef TASKTAX_TRACE_SWITCH_LOG_H
#define TASKTAX_TRACE_SWITCH_LOG_H

#include <stdint.h>

#include "config.h"

struct switch_log {
	const union log_record *record; /* the array, mapped; somebody else's, as is cpu */
	struct cpu_state *cpu;
	uint64_t at, until; /* next to read; `written` when that was last looked at */
	uint64_t mask;
};

/* `records`: how many the array holds, a power of two. */
void switch_log_open(struct switch_log *log, const union log_record *record, uint64_t records,
		     struct cpu_state *cpu);

/*
 * The oldest record, or NULL. It stays valid until switch_log_next(). What does not say that it is
 * between an event header and a whole record long is skipped and counted in *bad.
 */
const struct event_header *switch_log_peek(struct switch_log *log, uint64_t *bad);

/* Steps over the record that switch_log_peek() gave, and hands its room back to the programs. */
void switch_log_next(struct switch_log *log);

#endif
