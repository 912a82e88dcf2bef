// SPDX-License-Identifier: GPL-2.0
/* section_timeline.c - switches by level, tax and faults over time. */
#include <math.h>

#include "html/chart.h"
#include "html/sections.h"
#include "model/timeline.h"

/* Seconds of an interval: the last one ends where the run did. */
static double seconds_of(const struct report *report, size_t at)
{
	const struct timeline *timeline = report->timeline;
	uint64_t from = at * timeline->width_ns, end = report->context.duration_ns;

	if (at + 1 == timeline->used && end != NS_UNKNOWN && end > from &&
	    end - from < timeline->width_ns)
		return (double)(end - from) / 1e9;
	return (double)timeline->width_ns / 1e9;
}

static struct figure rate_words(double rate)
{
	struct figure words = figure_count((uint64_t)llround(rate));

	if (rate > 0 && rate < 10)
		snprintf(words.text, sizeof(words.text), "%.1f", rate);
	return words;
}

static void put_rate(struct html *html, uint64_t count, double seconds)
{
	double rate = (double)count / seconds;

	chart_value(html, rate, rate_words(rate).text);
}

static void put_tax(struct html *html, const struct report *report,
		    const struct timeline_bucket *bucket)
{
	uint64_t faulting = report->context.fault_end ? bucket->fault_ns : 0;
	double part = (double)(bucket->direct_ns + faulting), whole = (double)bucket->run_ns;

	chart_value(html, whole > 0 ? 100 * part / whole : NAN, figure_percent(part, whole).text);
}

static void begin_row(struct html *html, const struct report *report, size_t at)
{
	char words[32];
	double seconds = (double)(at * report->timeline->width_ns) / 1e9;

	snprintf(words, sizeof(words), "%.3f s", seconds);
	chart_row(html, seconds * 1e9, words);
}

/* The levels that there are, into the columns after the first. */
static size_t level_columns(const struct report *report, struct chart_column *columns,
			    enum row_level *levels)
{
	/* the four that cost an application something at the bottom, then those that leave the CPU */
	static const enum row_level order[ROW_LEVELS] = { ROW_PROCESS, ROW_THREAD, ROW_RESUME,
							  ROW_EXITING, ROW_IDLE,   ROW_KERNEL,
							  ROW_FOREIGN, ROW_OTHER };
	size_t count = 0;

	for (int i = 0; i < ROW_LEVELS; i++) {
		uint64_t sum = 0;

		for (size_t at = 0; at < report->timeline->used; at++)
			sum += report->timeline->bucket[at].switches[order[i]];
		if (!sum)
			continue;
		columns[count + 1] = (struct chart_column){ .title = row_level_name(order[i]),
							    .colour = level_colour(order[i]),
							    .unit = CHART_COUNT };
		levels[count++] = order[i];
	}
	return count;
}

static void put_switches(struct html *html, const struct report *report)
{
	struct chart_column columns[ROW_LEVELS + 2] = { { .title = "time", .unit = CHART_NS } };
	enum row_level levels[ROW_LEVELS];
	size_t count = level_columns(report, columns, levels);
	bool taxed = report->context.direct_end;
	struct chart chart = { .kind = CHART_STACK,
			       .title = "Switches a second, by level, over time.",
			       .x = "since the first event",
			       .y = "switches a second",
			       .right = taxed ? "tax, % of the run time" : NULL,
			       .columns = columns,
			       .count = count + 1 + taxed };

	if (taxed)
		columns[count + 1] = (struct chart_column){
			.title = "tax", .colour = "tax", .unit = CHART_PERCENT, .right = true
		};
	chart_begin(html, &chart,
		    taxed ? "The line is the tax: the share of the run time that went into "
			    "switching and faulting." :
			    NULL);
	for (size_t at = 0; at < report->timeline->used; at++) {
		const struct timeline_bucket *bucket = &report->timeline->bucket[at];

		begin_row(html, report, at);
		for (size_t i = 0; i < count; i++)
			put_rate(html, bucket->switches[levels[i]], seconds_of(report, at));
		if (taxed)
			put_tax(html, report, bucket);
	}
	chart_end(html);
}

static void put_faults(struct html *html, const struct report *report)
{
	static const struct chart_column columns[] = {
		{ .title = "time", .unit = CHART_NS },
		{ .title = "faults", .colour = "work", .unit = CHART_COUNT },
	};
	static const struct chart chart = { .kind = CHART_STACK,
					    .title = "Faults a second, over time.",
					    .x = "since the first event",
					    .y = "faults a second",
					    .columns = columns,
					    .count = 2 };

	chart_begin(html, &chart, NULL);
	for (size_t at = 0; at < report->timeline->used; at++) {
		begin_row(html, report, at);
		put_rate(html, report->timeline->bucket[at].faults, seconds_of(report, at));
	}
	chart_end(html);
}

void section_over_time(struct html *html, const struct report *report)
{
	html_heading(html, "over time");
	if (!report->timeline) {
		html_explain(html, "Not known: in aggregate mode only the kernel has counted, and "
				   "kept no record of when.");
		return;
	}
	if (report->timeline->used < 2) {
		html_explain(html, "All of it happened within %s.",
			     report->timeline->width_ns ?
				     figure_ns(report->timeline->width_ns).text :
				     "no time: there was no event");
		return;
	}
	put_switches(html, report);
	if (report->context.faults_measured && report->faults)
		put_faults(html, report);
}
