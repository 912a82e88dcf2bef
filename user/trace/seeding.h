/* SPDX-License-Identifier: GPL-2.0 */
/*
 * seeding.h - the tasks that are there already become targets: without a gap, for whoever is born of a target
 * from then on is followed, and without taking anybody twice. Called by run.c and live.c.
 */
#ifndef TASKTAX_TRACE_SEEDING_H
#define TASKTAX_TRACE_SEEDING_H

#include "base/log.h"
#include "trace/selection.h"
#include "trace/session.h"

/*
 * Selects and marks until nobody new is found; between session_attach() and session_arm(). The targets come as
 * EVENT_NEWTASK with NEWTASK_SEEDED. 0, or a negative errno with the reason: -ESRCH: nobody is selected.
 */
int seeding_run(struct session *session, const struct selection *selection, struct fail *fail);

/*
 * Once more, while recording is on and only counts are kept: whoever fits by now and is not in `known`, the processes
 * that have targets. Their counts begin where they are found. `known` has them as well then. 0, or a negative errno
 * with the reason.
 */
int seeding_again(struct session *session, const struct selection *selection, struct chosen *known,
		  struct fail *fail);

#endif
