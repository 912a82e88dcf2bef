/* SPDX-License-Identifier: GPL-2.0 */
/*
 * attribution.h - puts every switch record into its row and onto the two tasks it concerns.
 *
 * The words (row, level, via, run, off, wait, direct) are those of README, "Words". Pure: events in,
 * tables out. Called by model.c.
 */
#ifndef TASKTAX_MODEL_ATTRIBUTION_H
#define TASKTAX_MODEL_ATTRIBUTION_H

#include "model/pairs.h"
#include "model/tasks.h"

#define ROW_TABLE (ROW_WITH_VIA * VIA_COUNT + (ROW_LEVELS - ROW_WITH_VIA))

struct attribution {
	struct switch_row row[ROW_TABLE];
	uint64_t probe_ns; /* taken off every raw direct cost; 0 when it was not calibrated */
	uint64_t tlb_ns;   /* the same of those that the probe of tlb_flush took part in */
	uint64_t first_switches;
	uint64_t missed;       /* switch-ins of targets that no hook saw */
	uint64_t began_on_cpu; /* tasks whose first record is a switch-out */
	uint64_t direct_by_level[ROW_LEVELS];
	uint64_t priced, unpriced;	 /* switches whose direct cost is known, and the others */
	struct pairs pairs;		 /* kind: enum row_level */
	struct pairs wakes;		 /* kind: 0 */
	const struct switch_row *latest; /* that of the latest switch, */
	uint64_t
		stint_ns; /* and how long the target that it ended had run; 0: none, or not known */
};

void attribution_init(struct attribution *attribution, uint64_t probe_ns, uint64_t tlb_ns);
void attribution_free(struct attribution *attribution);

/* Each: 0 or -ENOMEM. The size of the record has been checked. */
int attribution_switch(struct attribution *attribution, struct tasks *tasks,
		       const struct event_switch *event);
int attribution_missed(struct attribution *attribution, struct tasks *tasks,
		       const struct event_missed *event);
int attribution_waking(struct attribution *attribution, const struct event_waking *event);

/*
 * What one record says, ns: the direct cost less the probes' own; queueing; choosing the next task. NS_UNKNOWN: not measured.
 */
uint64_t attribution_direct(const struct attribution *attribution,
			    const struct event_switch *event);
uint64_t attribution_wait(const struct event_switch *event);
uint64_t attribution_pick(const struct event_switch *event);

#endif
