/* SPDX-License-Identifier: GPL-2.0 */
/*
 * record_log.h - reads one log of a CPU in place, record by record; as ring.h does a BPF ring buffer.
 *
 * The programs write the log without a lock, and the loader maps it: bpf/config.h says who owns what.
 * Called by consumer.c; made by session.c.
 */
#ifndef TASKTAX_TRACE_RECORD_LOG_H
#define TASKTAX_TRACE_RECORD_LOG_H

#include <stdint.h>

#include "config.h"

struct record_log {
	const union log_record
		*record; /* the array, mapped; somebody else's, as are the next two */
	const uint64_t *written;
	uint64_t *read;
	uint64_t at, until; /* next to read; `written` when that was last looked at */
	uint64_t mask;
};

/* `records`: how many the array holds, a power of two; cpu: the state of its CPU. */
void record_log_open(struct record_log *log, const union log_record *record, uint64_t records,
		     struct cpu_state *cpu, enum log_kind kind);

/*
 * The oldest record, or NULL. It stays valid until record_log_next(). What does not say that it is
 * between an event header and a whole record long is skipped and counted in *bad.
 */
const struct event_header *record_log_peek(struct record_log *log, uint64_t *bad);

/* Steps over the record that record_log_peek() gave, and hands its room back to the programs. */
void record_log_next(struct record_log *log);

#endif
