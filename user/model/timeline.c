// SPDX-License-Identifier: GPL-2.0
/* timeline.c - see timeline.h. */
#include "model/timeline.h"

#include <string.h>

static void add(struct timeline_bucket *sum, const struct timeline_bucket *one)
{
	for (int level = 0; level < ROW_LEVELS; level++)
		sum->switches[level] += one->switches[level];
	sum->direct_ns += one->direct_ns;
	sum->faults += one->faults;
	sum->fault_ns += one->fault_ns;
	sum->run_ns += one->run_ns;
}

static void double_width(struct timeline *timeline)
{
	struct timeline_bucket *bucket = timeline->bucket;

	for (size_t i = 0; i < TIMELINE_BUCKETS; i += 2) {
		add(&bucket[i], &bucket[i + 1]);
		bucket[i / 2] = bucket[i];
	}
	memset(bucket + TIMELINE_BUCKETS / 2, 0, TIMELINE_BUCKETS / 2 * sizeof(*bucket));
	timeline->width_ns *= 2;
	timeline->used = (timeline->used + 1) / 2;
}

/* What came late, from before the first, counts as the first. */
static size_t index_of(struct timeline *timeline, uint64_t ts)
{
	uint64_t since;
	size_t index;

	if (!timeline->width_ns) {
		timeline->width_ns = TIMELINE_WIDTH_NS;
		timeline->from_ns = ts;
	}
	since = ts > timeline->from_ns ? ts - timeline->from_ns : 0;
	while (since / timeline->width_ns >= TIMELINE_BUCKETS)
		double_width(timeline);
	index = (size_t)(since / timeline->width_ns);
	if (index >= timeline->used)
		timeline->used = index + 1;
	return index;
}

/* What lasted until ts, into the same figure of all intervals that it lasted through. */
static void spread(struct timeline *timeline, uint64_t ts, uint64_t ns, size_t figure)
{
	size_t index = index_of(timeline, ts);
	uint64_t in_last = ts > timeline->from_ns ? (ts - timeline->from_ns) % timeline->width_ns :
						    0;

	for (; ns; index--, in_last = timeline->width_ns) {
		/* what began before the first event is in the first interval, too */
		uint64_t part = index && ns > in_last ? in_last : ns;

		*(uint64_t *)((char *)&timeline->bucket[index] + figure) += part;
		ns -= part;
	}
}

void timeline_switch(struct timeline *timeline, uint64_t ts, enum row_level level,
		     uint64_t direct_ns, uint64_t run_ns)
{
	struct timeline_bucket *bucket = &timeline->bucket[index_of(timeline, ts)];

	bucket->switches[level]++;
	if (direct_ns != NS_UNKNOWN)
		bucket->direct_ns += direct_ns;
	spread(timeline, ts, run_ns, offsetof(struct timeline_bucket, run_ns));
}

void timeline_fault(struct timeline *timeline, uint64_t ts, uint64_t on_cpu_ns)
{
	timeline->bucket[index_of(timeline, ts)].faults++;
	spread(timeline, ts, on_cpu_ns, offsetof(struct timeline_bucket, fault_ns));
}
