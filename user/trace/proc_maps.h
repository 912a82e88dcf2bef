/* SPDX-License-Identifier: GPL-2.0 */
/*
 * proc_maps.h - what is mapped where, as /proc/PID/maps has it at the moment: where perf's side band
 * (mappings.h) cannot be had. Read when an address turns up that lies in nothing known, so what a process
 * mapped and unmapped before, or a process that is gone by then, stays unknown.
 *
 * Called by the commands, between consumer and model.
 */
#ifndef TASKTAX_TRACE_PROC_MAPS_H
#define TASKTAX_TRACE_PROC_MAPS_H

#include <stddef.h>
#include <stdint.h>

#include "event.h"
#include "trace/consumer.h"

struct proc_maps;

struct proc_maps *proc_maps_new(void); /* NULL: no memory */
void proc_maps_free(struct proc_maps *maps);

/*
 * Hands each mapping of the process, whose address space is mm, to the sink, as EVENT_MAPPING stamped ts. Whoever is gone, or may not be
 * read, has none. Does nothing while reading would cost too much: the same address space again and again
 * (for addresses that nothing is mapped at), or in all more than a twentieth of the loader's time. 0, or what the
 * sink returned.
 */
int proc_maps_read(struct proc_maps *maps, uint32_t pid, uint32_t mm, uint64_t ts,
		   consumer_sink sink, void *context);

/*
 * Makes a record of a line (without its newline) in the names that perf uses. `to` has room for a name of
 * MAPPING_NAME_MAX bytes; tgid and h.ts are the caller's. 0, or -EINVAL: no line of such a file.
 */
int proc_maps_parse(const char *line, struct event_mapping *to);

#endif
