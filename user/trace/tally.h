/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tally.h - reads what the programs count in aggregate mode (bpf/tally.bpf.h) without stopping anybody, and
 * keeps its memory in order: who the groups are comes from the lifecycle events, and what a group held goes
 * back when its last task has ended.
 *
 * While armed, a count may be one event older than another. After session_disarm() and tally_close() all of
 * them are exact.
 */
#ifndef TASKTAX_TRACE_TALLY_H
#define TASKTAX_TRACE_TALLY_H

#include "base/log.h"
#include "event.h"
#include "model/census.h"
#include "trace/hooks.h"
#include "trace/selection.h"

struct session;
struct tally;
struct tasktax_bpf;

#define TALLY_MEMORY_DEFAULT (UINT64_C(64) << 20)
#define TALLY_MEMORY_LEAST (UINT64_C(1) << 20)

/* The sizes of the maps, and what the programs must know of them; before the load. 0 or a negative errno. */
int tally_configure(struct tasktax_bpf *skeleton, const struct counting *counting,
		    unsigned int cpus);

/*
 * Of a session that is loaded and not armed yet. probe_ns: as session_calibrate() gave it. NULL with the
 * reason.
 */
struct tally *tally_new(struct session *session, uint64_t probe_ns, struct fail *fail);
void tally_free(struct tally *tally);

/* Called with the last counts of a group that is no more; first_task: the serial of the task that began it. */
typedef int (*tally_sink)(void *context, const struct census_group *group, uint32_t first_task);
void tally_on_departure(struct tally *tally, tally_sink sink, void *context);

/* When recording began. */
void tally_armed(struct tally *tally, uint64_t at_ns);

/* Takes each record of the session in the order in which the consumer hands them on. 0 or -ENOMEM. */
int tally_event(struct tally *tally, const struct event_header *event);

/* The processes that have a target task, as the loader sees them, added without an order. 0 or -ENOMEM. */
int tally_processes(const struct tally *tally, struct chosen *to);

/*
 * Frees what belongs to groups that are no more. To be called after each drain: between two of them the births
 * of as many groups as there can be find room. 0, or what the sink returned.
 */
int tally_reap(struct tally *tally);

/* After session_disarm(), before session_close(): counts the switches whose end was not seen. */
void tally_close(struct tally *tally);

/* All counts as they stand. What the census points to is the tally's, until the next call. 0 or -ENOMEM. */
int tally_read(struct tally *tally, struct census *census);

/* Hands the groups of the latest census to the sink, with their first tasks. 0, or what it returned. */
int tally_each(const struct tally *tally, const struct census *census, tally_sink sink,
	       void *context);

#endif
