/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tally_report.h - a census as the report shows it: what aggregate mode counts in place of the records. Called
 * by model.c and summary.c only.
 */
#ifndef TASKTAX_MODEL_TALLY_REPORT_H
#define TASKTAX_MODEL_TALLY_REPORT_H

#include "model/census.h"
#include "model/model_internal.h"

/* The figures of one task, or of several whose first it is. 0 or -ENOMEM. */
int tally_report_group(struct tasks *tasks, uint32_t first_task, const struct census_group *group,
		       uint64_t probe_ns);

/* Fills the tables that the records would have filled. */
void tally_report_fill(struct model *model, const struct census *census);

/* The distributions by level and of faults. 0 or -ENOMEM. */
int tally_report_times(struct report *report, const struct census *census);

/* Compares what was counted with the kernel's counters, by task and in all. */
struct reconciliation tally_report_reconcile(const struct tasks *tasks,
					     const struct run_context *context,
					     const struct census *census);

#endif
