/* SPDX-License-Identifier: GPL-2.0 */
/*
 * openmetrics_writer.h - one family and its samples, in either format: names, escapes, numbers. Called by
 * openmetrics.c only.
 */
#ifndef TASKTAX_OUTPUT_OPENMETRICS_WRITER_H
#define TASKTAX_OUTPUT_OPENMETRICS_WRITER_H

#include "output/openmetrics.h"

enum family_type {
	FAMILY_COUNTER,
	FAMILY_GAUGE,
	FAMILY_HISTOGRAM,
	FAMILY_INFO,
};

struct family {
	const char *name; /* without _total, _info */
	enum family_type type;
	const char *unit; /* NULL: none */
	const char *help;
};

/* A list of them ends in one that is zero. Values are escaped here. */
struct label {
	const char *name, *value;
};

struct writer {
	FILE *out;
	const struct census *census;
	const struct metrics_facts *facts;
	const struct family *family; /* the current one */
	bool headed;		     /* its HELP and TYPE are out: with the first sample */
};

/*
 * The buckets of a histogram are octaves, from 2^FIRST to 2^LAST ns, and +Inf. A bound is the largest whole
 * number of ns below the power of two, so that le holds to the ns: such a bound is one of the coarse histogram
 * too, and the counts are exact.
 */
#define DIRECT_FIRST 6 /* 63 ns */
#define DIRECT_LAST 25 /* 34 ms */
#define WAIT_FIRST 11  /* 2 us */
#define WAIT_LAST 32   /* 4.3 s */
#define FAULT_FIRST 8  /* 255 ns */
#define FAULT_LAST 29  /* 0.5 s */

/* Begins a family; `samples_of`, if any, writes those of each group, or of the total without groups. */
void writer_family(struct writer *w, const struct family *family,
		   void (*samples_of)(struct writer *w, const struct census_group *group));

/* Samples of the current family. group NULL: of none; labels NULL: no others. */
void writer_count(struct writer *w, const struct census_group *group, const struct label *labels,
		  uint64_t count);
void writer_ns(struct writer *w, const struct census_group *group, const struct label *labels,
	       uint64_t ns);
void writer_gauge(struct writer *w, const struct census_group *group, uint64_t value);
void writer_info(struct writer *w, const struct label *labels);
void writer_histogram(struct writer *w, const struct census_group *group,
		      const struct label *labels, const struct coarse *coarse, unsigned int first,
		      unsigned int last);

/* Seconds as the shortest decimal that reads back as the same double, as Go writes it. */
#define BOUND_SIZE 32
char *writer_bound(char text[BOUND_SIZE], uint64_t ns);

#endif
