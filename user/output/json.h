/* SPDX-License-Identifier: GPL-2.0 */
/*
 * json.h - the report as JSON, schema "tasktax.report/1" (report.schema.json beside this file).
 *
 * Names end in their unit, unknown is null and never 0. Foreign strings pass base/quote.h, so the
 * result is valid UTF-8 whatever a task calls itself. Called by the commands.
 */
#ifndef TASKTAX_OUTPUT_JSON_H
#define TASKTAX_OUTPUT_JSON_H

#include <stdio.h>

#include "model/report.h"

/*
 * Writes it with a newline at its end. 0, -EIO, or -ENOMEM: then what was written is not a whole report.
 */
int json_write(const struct report *report, FILE *out);

#endif
