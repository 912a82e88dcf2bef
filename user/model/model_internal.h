/* SPDX-License-Identifier: GPL-2.0 */
/*
 * model_internal.h - the model's own state, shared by model.c (events in) and summary.c (report
 * out) and by nobody else.
 */
#ifndef TASKTAX_MODEL_INTERNAL_H
#define TASKTAX_MODEL_INTERNAL_H

#include "model/attribution.h"
#include "model/faults.h"
#include "model/memory.h"
#include "model/spaces.h"
#include "model/strangers.h"
#include "model/tasks.h"
#include "model/timeline.h"

struct model {
	struct tasks tasks;
	struct attribution attribution;
	struct strangers strangers;
	struct spaces spaces;
	struct faults faults;
	struct memory memory;
	struct timeline timeline;
	uint64_t received, late, unknown, latest_ns;
	uint64_t exits_seen, ends_seen;
	bool counted; /* the latest event is in `received` */

	const struct census *census; /* what the kernel has counted, */
	bool no_records;	     /* in place of records */

	struct report report;
	struct fault_row *fault_rows; /* in use; histograms stay those of faults */
	struct region_row *regions;
	struct switch_row rows[ROW_TABLE]; /* the rows in use; histograms stay attribution's */
	uint32_t *processes_by_switches, *tasks_by_switches;
	struct switch_pair *pairs;
	struct name_pair *name_pairs;
	struct wake_pair *wake_pairs;
};

/* Fills model->report from the tables. 0 or -ENOMEM. */
int summary_make(struct model *model);
void summary_free(struct model *model);

#endif
