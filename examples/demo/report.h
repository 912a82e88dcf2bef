/* SPDX-License-Identifier: GPL-2.0 */
/*
 * report.h - what an experiment did, as one line of JSON on the standard output.
 *
 * An experiment prints its own members, each with a comma before it, between the two calls:
 *   {"experiment":..,"as":..,"tasks":..,"cpu":..   its own
 *   ,"elapsed_ns":..,"self":{..},"workers":[..]}
 */
#ifndef DEMO_REPORT_H
#define DEMO_REPORT_H

#include "workload.h"

void report_begin(const char *experiment, const struct workload *workload);

/* Returns the exit status: whether all of it could be written. */
int report_end(const struct workload *workload, const struct result *result);

/*
 * Says why an experiment failed, and ends the process at once: threads of a failed workload live until
 * then, and use what its caller has on the stack.
 */
_Noreturn void report_failure(const char *experiment, const struct fail *fail);

#endif
