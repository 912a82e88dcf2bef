/* SPDX-License-Identifier: GPL-2.0 */
/*
 * json.h - the report as JSON, schema "tasktax.report/1" (report.schema.json beside this file).
 *
 * Names end in their unit, unknown is null and never 0. Foreign strings pass base/quote.h, so the
 * result is valid UTF-8 whatever a task calls itself. Called by the commands.
 */
#ifndef TASKTAX_OUTPUT_JSON_H
#define TASKTAX_OUTPUT_JSON_H

#include <jansson.h>
#include <stdio.h>

#include "model/report.h"

/* The whole report as a value that the caller owns; NULL: no memory. */
json_t *json_report(const struct report *report);

/* Writes it with a newline at its end. 0, -ENOMEM or -EIO. */
int json_write(const struct report *report, FILE *out);

#endif
