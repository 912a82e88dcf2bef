/* SPDX-License-Identifier: GPL-2.0 */
/*
 * launch.h - one run of a workload, traced or not, to its end: what it printed, what the trace saw.
 *
 * Includes run.h and stop.h. Called by lab.c.
 */
#ifndef TASKTAX_LAB_LAUNCH_H
#define TASKTAX_LAB_LAUNCH_H

#include "base/log.h"
#include "lab/experiment.h"
#include "run.h"

struct launched {
	char *output; /* what it printed to standard output, NUL-terminated */
	bool traced;
	struct run_result trace; /* when traced */
};

/*
 * Runs argv and waits for its end; features NULL: without the tracer; trace: what is recorded. 0; -EINTR: asked to stop, see
 * stop_signal(); else an enum exit_status, with the reason: the tracer failed, or the command did
 * not exit with 0. On anything but 0 nothing is to be freed.
 */
int launch(char *const *argv, const struct features *features, const struct lab_trace *trace,
	   struct launched *launched, struct fail *fail);
void launched_free(struct launched *launched);

#endif
