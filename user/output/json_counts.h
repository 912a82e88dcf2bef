/* SPDX-License-Identifier: GPL-2.0 */
/*
 * json_counts.h - the sections of the JSON report about levels as a whole, and what the kernel has counted
 * (aggregate mode). Each gives a new value; NULL: no memory. Called by json.c and json_faults.c.
 */
#ifndef TASKTAX_OUTPUT_JSON_COUNTS_H
#define TASKTAX_OUTPUT_JSON_COUNTS_H

#include <jansson.h>

#include "model/census.h"

json_t *section_levels(const struct report *report);
json_t *section_fault_times(const struct report *report);
json_t *section_counted(const struct report *report);

/* A distribution of which only the sum is known, in place of one by record. */
json_t *value_sum(uint64_t count, uint64_t sum);

#endif
