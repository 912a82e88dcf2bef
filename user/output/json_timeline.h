/* SPDX-License-Identifier: GPL-2.0 */
/* json_timeline.h - what happened when, as JSON. Called by json.c. */
#ifndef TASKTAX_OUTPUT_JSON_TIMELINE_H
#define TASKTAX_OUTPUT_JSON_TIMELINE_H

#include <jansson.h>

#include "model/report.h"

/* Member "timeline": a column per figure; null: only the kernel has counted, or nothing happened. NULL: no memory. */
json_t *section_timeline(const struct report *report);

#endif
