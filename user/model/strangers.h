/* SPDX-License-Identifier: GPL-2.0 */
/*
 * strangers.h - the names of tasks that are no targets, by reference. Of two names for one reference
 * the later one holds: a pid's next owner, or its next name. Pure. Called by model.c and summary.c.
 */
#ifndef TASKTAX_MODEL_STRANGERS_H
#define TASKTAX_MODEL_STRANGERS_H

#include "model/report.h"

struct strangers {
	struct foreign_name *name; /* by ref, ascending, after strangers_fold() */
	size_t count, room;
	uint64_t added; /* ever */
};

int strangers_add(struct strangers *strangers, const struct event_name *event); /* 0 or -ENOMEM */

/* Sorts by reference and keeps the latest name of each. */
void strangers_fold(struct strangers *strangers);

void strangers_free(struct strangers *strangers);

#endif
