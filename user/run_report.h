/* SPDX-License-Identifier: GPL-2.0 */
/* run_report.h - the report of a run as JSON, whether it was kept as such or as a recording. Called by cmd_compare.c. */
#ifndef TASKTAX_RUN_REPORT_H
#define TASKTAX_RUN_REPORT_H

#include <jansson.h>

#include "base/log.h"

/*
 * path: a recording's directory, or a file with a report; - is standard input. What only lists tasks and pairs one by one
 * is left out, so that many runs fit into memory. 0, or an enum exit_status with the reason; the caller owns the report.
 */
int run_report_read(const char *path, json_t **report, struct fail *fail);

#endif
