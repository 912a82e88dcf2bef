/* SPDX-License-Identifier: GPL-2.0 */
/*
 * narrow.h - of a recording only some processes: its events as they would have been, had only these been targets.
 *
 * The tasks of all others become foreign ones, under their pids; their births, execs and ends are handed on as NEWTASK_ASIDE,
 * since a child inherits from them. What else concerns none that was chosen is left out. Since
 * levels, waits and the kernel's counters are of the one task that a record is about, all that is left stays exact, and
 * so does its reconciliation. Pure. Called by replay.c, between reader and model.
 */
#ifndef TASKTAX_RECORD_NARROW_H
#define TASKTAX_RECORD_NARROW_H

#include <stddef.h>
#include <stdint.h>

#include "event.h"

struct narrow;

typedef int (*narrow_sink)(void *context, const struct event_header *event);

/* pid: of processes, as their namespace showed them; borrowed. NULL: no memory. */
struct narrow *narrow_new(const uint32_t *pid, size_t pids, narrow_sink sink, void *context);
void narrow_free(struct narrow *narrow);

/* Hands on what is to be handed on. 0, -ENOMEM, or what the sink returned. */
int narrow_event(struct narrow *narrow, const struct event_header *event);

/* How many processes were chosen so far. */
uint32_t narrow_processes(const struct narrow *narrow);

#endif
