/* SPDX-License-Identifier: GPL-2.0 */
/*
 * grouping.h - a census by process, added up by name, control group or unit: the groups whose series an exporter
 * shows. Pure. Called by exporter.c.
 *
 * Counters of a group never fall while it is shown, whatever becomes of its processes: what the dead have counted
 * stays in it, and a process that changes its name or control group takes along only what it counts from then on.
 * There are so many groups at most; what has no group of its own is in one that is called "<other>". A group
 * without a process is gone after a while: its counts are in none then.
 */
#ifndef TASKTAX_SERVE_GROUPING_H
#define TASKTAX_SERVE_GROUPING_H

#include "model/census.h"

enum grouping_key {
	GROUPING_NONE, /* the total only */
	GROUPING_COMM,
	GROUPING_CGROUP,
	GROUPING_UNIT,
};

#define GROUPING_OTHER "<other>"
#define GROUPING_UNKNOWN "unknown"	/* the control group of a process that is not known */
#define GROUPING_LINGER_NS 300000000000 /* 5 minutes, as long as Prometheus looks back */

struct grouping;

/* NULL: no memory. */
struct grouping *grouping_new(enum grouping_key key, size_t most);
void grouping_free(struct grouping *grouping);

/* The label of its groups: "comm", "cgroup", "unit"; NULL: there are none. */
const char *grouping_label(const struct grouping *grouping);

/*
 * The last counts of a process that is in no census from now on. To be called for each, also for those that were
 * in none before. 0 or -ENOMEM.
 */
int grouping_departed(struct grouping *grouping, const struct census_group *process,
		      uint64_t now_ns);

/*
 * Adds up. `grouped` has the groups' names in `cgroup`, whatever they are, as of metrics_name(), and points into
 * the grouping and to what `census` does until the next call. 0 or -ENOMEM.
 */
int grouping_take(struct grouping *grouping, const struct census *census, struct census *grouped);

/* Living processes, in the latest census, that are in "<other>". */
uint64_t grouping_others(const struct grouping *grouping);

/* The unit that a control group belongs to: its first component that is no slice; else the last slice. */
void grouping_unit(char *unit, size_t size, const char *cgroup);

#endif
