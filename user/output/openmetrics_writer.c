// SPDX-License-Identifier: GPL-2.0
/* openmetrics_writer.c - see openmetrics_writer.h. */
#include "output/openmetrics_writer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/quote.h"

#define NS_PER_S UINT64_C(1000000000)

/* --- names --- */

void metrics_name(char name[METRICS_NAME_SIZE], const char *foreign)
{
	char *to = name;

	quote_terminal(name, METRICS_NAME_SIZE, foreign, strlen(foreign));
	for (const char *from = name; *from; from++) {
		if (from[0] == '\\' && from[1] == '\\')
			from++;
		*to++ = *from;
	}
	*to = '\0';
}

/* As a label's value is written: a newline cannot be in a metrics_name(), but in the tool's own words. */
static void put_escaped(FILE *out, const char *value)
{
	for (; *value; value++) {
		if (*value == '\n') {
			fputs("\\n", out);
			continue;
		}
		if (*value == '\\' || *value == '"')
			fputc('\\', out);
		fputc(*value, out);
	}
}

static void put_label(FILE *out, char before, const char *name, const char *value)
{
	fprintf(out, "%c%s=\"", before, name);
	put_escaped(out, value);
	fputc('"', out);
}

/* {comm="...",level="...",le="..."}, or nothing. */
static void put_labels(struct writer *w, const struct census_group *group,
		       const struct label *labels, const char *le)
{
	char before = '{';

	if (group && w->facts->label) {
		put_label(w->out, before, w->facts->label, group->cgroup);
		before = ',';
	}
	for (; labels && labels->name; labels++) {
		put_label(w->out, before, labels->name, labels->value ?: "unknown");
		before = ',';
	}
	if (le) {
		put_label(w->out, before, "le", le);
		before = ',';
	}
	if (before == ',')
		fputc('}', w->out);
}

/* --- numbers --- */

char *writer_bound(char text[BOUND_SIZE], uint64_t ns)
{
	double seconds = (double)ns / 1e9;

	for (int digits = 1; digits <= 17; digits++) {
		snprintf(text, BOUND_SIZE, "%.*g", digits, seconds);
		if (strtod(text, NULL) == seconds)
			break;
	}
	return text;
}

/* To the ns, which a double would not keep over the months. */
static void put_seconds(FILE *out, uint64_t ns)
{
	fprintf(out, " %" PRIu64 ".%09" PRIu64 "\n", ns / NS_PER_S, ns % NS_PER_S);
}

/* --- families --- */

static const char *suffix_of(const struct family *family)
{
	switch (family->type) {
	case FAMILY_COUNTER:
		return "_total";
	case FAMILY_INFO:
		return "_info";
	default:
		return "";
	}
}

/* In OpenMetrics a family has the name without the suffix, in the older format its samples' name. */
static void put_head(struct writer *w)
{
	static const char *const types[][METRICS_FORMATS] = {
		[FAMILY_COUNTER] = { "counter", "counter" },
		[FAMILY_GAUGE] = { "gauge", "gauge" },
		[FAMILY_HISTOGRAM] = { "histogram", "histogram" },
		[FAMILY_INFO] = { "gauge", "info" },
	};
	const struct family *family = w->family;
	enum metrics_format format = w->facts->format;
	const char *suffix = format == METRICS_TEXT ? suffix_of(family) : "";

	if (w->headed)
		return;
	w->headed = true;
	fprintf(w->out, "# HELP %s%s ", family->name, suffix);
	put_escaped(w->out, family->help);
	fprintf(w->out, "\n# TYPE %s%s %s\n", family->name, suffix, types[family->type][format]);
	if (format == METRICS_OPENMETRICS && family->unit)
		fprintf(w->out, "# UNIT %s %s\n", family->name, family->unit);
}

void writer_family(struct writer *w, const struct family *family,
		   void (*samples_of)(struct writer *w, const struct census_group *group))
{
	w->family = family;
	w->headed = false;
	if (!samples_of)
		return;
	if (!w->facts->label)
		samples_of(w, &w->census->total);
	for (size_t i = 0; w->facts->label && i < w->census->count; i++)
		samples_of(w, &w->census->group[i]);
}

/* What a group among many has never done makes no series. */
static bool is_left_out(const struct writer *w, const struct census_group *group, uint64_t value)
{
	return !value && group && w->facts->label;
}

static void begin_sample(struct writer *w, const struct census_group *group,
			 const struct label *labels)
{
	put_head(w);
	fprintf(w->out, "%s%s", w->family->name, suffix_of(w->family));
	put_labels(w, group, labels, NULL);
}

void writer_count(struct writer *w, const struct census_group *group, const struct label *labels,
		  uint64_t count)
{
	if (is_left_out(w, group, count))
		return;
	begin_sample(w, group, labels);
	fprintf(w->out, " %" PRIu64 "\n", count);
}

void writer_ns(struct writer *w, const struct census_group *group, const struct label *labels,
	       uint64_t ns)
{
	if (is_left_out(w, group, ns))
		return;
	begin_sample(w, group, labels);
	put_seconds(w->out, ns);
}

void writer_gauge(struct writer *w, const struct census_group *group, uint64_t value)
{
	begin_sample(w, group, NULL);
	fprintf(w->out, " %" PRIu64 "\n", value);
}

void writer_info(struct writer *w, const struct label *labels)
{
	begin_sample(w, NULL, labels);
	fputs(" 1\n", w->out);
}

/* --- histograms --- */

static void put_bucket(struct writer *w, const struct census_group *group,
		       const struct label *labels, const char *le, uint64_t count)
{
	fprintf(w->out, "%s_bucket", w->family->name);
	put_labels(w, group, labels, le);
	fprintf(w->out, " %" PRIu64 "\n", count);
}

/* Count is that of the buckets: a reader may see the histogram's own one event older than those. */
void writer_histogram(struct writer *w, const struct census_group *group,
		      const struct label *labels, const struct coarse *coarse, unsigned int first,
		      unsigned int last)
{
	char le[BOUND_SIZE];
	uint64_t all = 0, below = 0;
	unsigned int i = 0;

	for (unsigned int j = 0; j < COARSE_BUCKETS; j++)
		all += coarse->bucket[j];
	if (is_left_out(w, group, all))
		return;
	put_head(w);
	for (unsigned int power = first; power <= last; power++) {
		while (i <= (power - COARSE_FIRST) * COARSE_SUB)
			below += coarse->bucket[i++];
		put_bucket(w, group, labels, writer_bound(le, (UINT64_C(1) << power) - 1), below);
	}
	put_bucket(w, group, labels, "+Inf", all);
	fprintf(w->out, "%s_sum", w->family->name);
	put_labels(w, group, labels, NULL);
	put_seconds(w->out, coarse->sum);
	fprintf(w->out, "%s_count", w->family->name);
	put_labels(w, group, labels, NULL);
	fprintf(w->out, " %" PRIu64 "\n", all);
}
