// SPDX-License-Identifier: GPL-2.0
/* json_timeline.c - see json_timeline.h. */
#include "output/json_timeline.h"

#include "model/timeline.h"
#include "output/json_values.h"

/* The figure that is so many bytes into a bucket, of every bucket. */
static json_t *column(const struct timeline *timeline, size_t offset)
{
	json_t *array = json_array();

	for (size_t i = 0; i < timeline->used; i++) {
		const void *figure = (const char *)&timeline->bucket[i] + offset;

		value_append(&array, value_count(*(const uint64_t *)figure));
	}
	return array;
}

static json_t *levels(const struct timeline *timeline)
{
	json_t *object = json_object();

	for (int level = 0; level < ROW_LEVELS; level++)
		value_set(&object, row_level_name((enum row_level)level),
			  column(timeline, offsetof(struct timeline_bucket, switches) +
						   (size_t)level * sizeof(uint64_t)));
	return object;
}

static json_t *known(const struct timeline *timeline, bool is_known, size_t offset)
{
	return is_known ? column(timeline, offset) : json_null();
}

#define FIGURE(name) offsetof(struct timeline_bucket, name)

json_t *section_timeline(const struct report *report)
{
	const struct run_context *context = &report->context;
	const struct timeline *timeline = report->timeline;

	if (!timeline || !timeline->width_ns)
		return json_null();
	return json_pack(
		"{s:o, s:o, s:o, s:o, s:o, s:o}", "width_ns", value_count(timeline->width_ns),
		"switches", levels(timeline), "direct_ns",
		known(timeline, context->direct_end, FIGURE(direct_ns)), "faults",
		known(timeline, context->faults_measured, FIGURE(faults)), "fault_ns",
		known(timeline, context->faults_measured && context->fault_end, FIGURE(fault_ns)),
		"run_ns", known(timeline, true, FIGURE(run_ns)));
}
