// SPDX-License-Identifier: GPL-2.0
/* switch_log.c - the loader's side of a switch log; see switch_log.h. */
#include "trace/switch_log.h"

#include <stddef.h>

void switch_log_open(struct switch_log *log, const union log_record *record, uint64_t records,
		     struct cpu_state *cpu)
{
	*log = (struct switch_log){ .record = record,
				    .cpu = cpu,
				    .at = cpu->read,
				    .until = cpu->read,
				    .mask = records - 1 };
}

void switch_log_next(struct switch_log *log)
{
	__atomic_store_n(&log->cpu->read, ++log->at, __ATOMIC_RELEASE);
}

const struct event_header *switch_log_peek(struct switch_log *log, uint64_t *bad)
{
	for (;;) {
		const struct event_header *event = &log->record[log->at & log->mask].h;

		/* a look at what the CPU writes takes the line from it: only when there is need */
		if (log->at == log->until)
			log->until = __atomic_load_n(&log->cpu->written, __ATOMIC_ACQUIRE);
		if (log->at == log->until)
			return NULL;
		if (event->size >= sizeof(*event) && event->size <= sizeof(union log_record))
			return event;
		++*bad;
		switch_log_next(log);
	}
}
