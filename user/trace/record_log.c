// SPDX-License-Identifier: GPL-2.0
/* record_log.c - the loader's side of a log; see record_log.h. */
#include "trace/record_log.h"

#include <stddef.h>

void record_log_open(struct record_log *log, const union log_record *record, uint64_t records,
		     struct cpu_state *cpu, enum log_kind kind)
{
	*log = (struct record_log){ .record = record,
				    .written = &cpu->log[kind].written,
				    .read = &cpu->read[kind],
				    .at = cpu->read[kind],
				    .until = cpu->read[kind],
				    .mask = records - 1 };
}

void record_log_next(struct record_log *log)
{
	__atomic_store_n(log->read, ++log->at, __ATOMIC_RELEASE);
}

const struct event_header *record_log_peek(struct record_log *log, uint64_t *bad)
{
	for (;;) {
		const struct event_header *event = &log->record[log->at & log->mask].h;

		/* a look at what the CPU writes takes the line from it: only when there is need */
		if (log->at == log->until)
			log->until = __atomic_load_n(log->written, __ATOMIC_ACQUIRE);
		if (log->at == log->until)
			return NULL;
		if (event->size >= sizeof(*event) && event->size <= sizeof(union log_record))
			return event;
		++*bad;
		record_log_next(log);
	}
}
