/* SPDX-License-Identifier: GPL-2.0 */
/*
 * model.h - the model: takes events, gives the finished report. Pure: no libbpf, no clock, no files;
 * a stored event stream gives the same report as the live one.
 *
 * Called by the commands (live) and by the record reader; outputs see only struct report.
 */
#ifndef TASKTAX_MODEL_MODEL_H
#define TASKTAX_MODEL_MODEL_H

#include "model/census.h"
#include "model/report.h"
#include "model/spaces.h"

struct model;

/*
 * probe_ns: what the probes add to every raw direct cost; tlb_ns: what that of tlb_flush adds besides where
 * it ran. NS_UNKNOWN when not calibrated. NULL: no memory.
 */
struct model *model_new(uint64_t probe_ns, uint64_t tlb_ns);
void model_free(struct model *model);

/*
 * Takes one record. Records should come in time order; a late one is counted and taken all the same.
 * A record of unknown kind or wrong size is counted as lost.unknown. 0 or -ENOMEM.
 */
int model_event(struct model *model, const struct event_header *event);

/* Whether model_event() would take it; else it is malformed, or of a process that is nobody's business. */
bool model_wants(const struct model *model, const struct event_header *event);

/*
 * What came before has only told who is there: from now on it counts, as if recording began at this stamp. Of the
 * events before, only those need to be given that model_tells_who().
 */
void model_begin(struct model *model, uint64_t ts);
bool model_tells_who(const struct event_header *event);

/* True when every task whose exit was seen has also given its final counters. */
bool model_settled(const struct model *model);

/* True once the task has exited (sched_process_exit), by serial. */
bool model_has_exited(const struct model *model, uint32_t serial);

/* Whose mappings should be told before this event, since it speaks of an address in none that is known. */
struct unmapped model_unmapped(const struct model *model, const struct event_header *event);

/* Target tasks born and not yet exited. */
uint32_t model_live_tasks(const struct model *model);

/*
 * Aggregate mode: what a group has counted, whose first task has this serial. For all groups, those that are
 * no more included, before model_finish(). 0 or -ENOMEM.
 */
int model_count_group(struct model *model, uint32_t first_task, const struct census_group *group);

/*
 * What the kernel has counted in all; it must outlive the report. Without records that is what the report
 * shows; with them it stands beside. Before model_finish().
 */
void model_count(struct model *model, const struct census *census, bool no_records);

/*
 * Closes the model: sums, sorts, reconciles. The report belongs to the model. `lost` and `context`
 * come from the session; lost.unknown is added by the model. NULL: no memory. Call once.
 */
const struct report *model_finish(struct model *model, const struct run_context *context,
				  const struct losses *lost);

/* --- what it made of the event that model_event() took last: for the exports --- */

/* Whether it is among the report's events; else it is nobody's business, or of one who does not count. */
bool model_counted(const struct model *model);

/* ns; NS_UNKNOWN: not measured. */
struct switch_meaning {
	enum row_level level;
	int via; /* enum switch_via, -1: none */
	uint64_t direct_ns, pick_ns, wait_ns;
};

/* `event`: that event, a switch. */
struct switch_meaning model_switch(const struct model *model, const struct event_switch *event);

struct fault_meaning {
	const struct fault_row *row; /* kind, cause, severity: its sums are of all so far */
	enum region_class region;
	const char *name; /* of a file, borrowed until the next event; NULL: none */
};

/* That event was a fault. */
struct fault_meaning model_fault(const struct model *model);

/* As known by now, valid until the next event; NULL: no target. */
const struct task_entry *model_task(const struct model *model, uint32_t ref);

#endif
