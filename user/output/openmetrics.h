/* SPDX-License-Identifier: GPL-2.0 */
/*
 * openmetrics.h - a census as Prometheus reads it: text format 0.0.4, or OpenMetrics 1.0.
 *
 * Seconds and bytes; no pid or tid is ever a label; a series that is not known is absent, never 0. A group that
 * has never counted in a row has no series for it (the whole host's, without groups, are all there from the
 * start). Pure: writes into a stream. Called by serve/ only.
 */
#ifndef TASKTAX_OUTPUT_OPENMETRICS_H
#define TASKTAX_OUTPUT_OPENMETRICS_H

#include <stdio.h>

#include "model/census.h"

enum metrics_format {
	METRICS_TEXT,	     /* 0.0.4 */
	METRICS_OPENMETRICS, /* 1.0.0 */
	METRICS_FORMATS,
};

/* Whether this kernel lets us see something. Constants. */
struct metrics_feature {
	const char *name, *state;
};

/* How long a BPF program has run, with --bpf-stats. */
struct metrics_program {
	const char *name;
	uint64_t run_ns;
};

/* What the exporter itself costs. */
struct metrics_self {
	uint64_t cpu_ns;
	uint64_t rss;	     /* bytes; BYTES_UNKNOWN */
	uint64_t started_ns; /* wall clock, since 1970; NS_UNKNOWN */
	uint64_t refused;    /* connections that were ended to make room, or for being slow */
	uint64_t others;     /* processes that have no group of their own */
};

struct metrics_facts {
	enum metrics_format format;
	/*
	 * The label that tells the groups apart: "comm", "cgroup", "unit". NULL: there are no groups, only the
	 * total. The names, in `cgroup` whatever they are, were made by metrics_name(), all different.
	 */
	const char *label;
	const struct metrics_feature *feature;
	size_t features;
	const struct metrics_program *program; /* NULL: not measured */
	size_t programs;
	const struct metrics_self *self; /* NULL: not shown */
};

#define METRICS_NAME_SIZE 1025

/*
 * A foreign name as it may stand in a label, for joins with what other exporters say: valid, visible UTF-8 stays,
 * with its backslashes; every other byte becomes \xNN. What does not fit is cut. Different names can give one
 * result: they are one group, then.
 */
void metrics_name(char name[METRICS_NAME_SIZE], const char *foreign);

/* The whole page. 0, or -EIO when the stream failed. */
int metrics_write(const struct census *census, const struct metrics_facts *facts, FILE *out);

/* What Content-Type says of a format. */
const char *metrics_content_type(enum metrics_format format);

#endif
