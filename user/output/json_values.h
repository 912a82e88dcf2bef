/* SPDX-License-Identifier: GPL-2.0 */
/*
 * json_values.h - the values that the JSON form of a report is made of: what is unknown is null, foreign
 * strings are valid UTF-8. A new value belongs to the caller; NULL: no memory. Called by json.c and json_faults.c.
 */
#ifndef TASKTAX_OUTPUT_JSON_VALUES_H
#define TASKTAX_OUTPUT_JSON_VALUES_H

#include <jansson.h>

#include "model/report.h"

json_t *value_count(uint64_t n);
json_t *value_ns(uint64_t value);    /* NS_UNKNOWN: null */
json_t *value_bytes(uint64_t value); /* BYTES_UNKNOWN: null */
json_t *
value_number(uint32_t n); /* a pid or serial; 0, as of a task whose creation was not seen: null */
json_t *value_text(const char *string);		 /* NULL: null */
json_t *value_texts(const char *const *strings); /* NULL-terminated */
json_t *
value_distribution(const struct histogram *histogram); /* of ns; without a sample: unknown */

/*
 * Both take the value over. Out of memory anywhere makes the whole NULL, not one with holes.
 */
void value_append(json_t **array, json_t *value);
void value_set(json_t **object, const char *key, json_t *value);

#endif
