/* SPDX-License-Identifier: GPL-2.0 */
/* compare.h - a comparison of runs as text and as JSON (schema "tasktax.compare/1"). Called by cmd_compare.c, html/. */
#ifndef TASKTAX_OUTPUT_COMPARE_H
#define TASKTAX_OUTPUT_COMPARE_H

#include "compare/comparison.h"
#include "output/table.h"

/* What there is to say, onto a page of any form. */
void compare_sections(const struct compare *compare, struct page *page);

/* The same as text. 0, -ENOMEM or -EIO. */
int compare_text(const struct compare *compare, FILE *out, unsigned int width, bool colour);

/* With each run's figures; unknown is null. Owned by the caller; NULL: no memory. */
json_t *compare_json(const struct compare *compare, const char *version);

/* A value in its unit; not finite: a dash. */
struct figure compare_value(enum compare_unit unit, double value);

/* "0.804", "12.3": three digits or a few more. Not finite: a dash. */
struct figure compare_ratio(double ratio);

/* The name of a unit in JSON: "ns", "per_second", ... */
const char *compare_unit_name(enum compare_unit unit);

#endif
