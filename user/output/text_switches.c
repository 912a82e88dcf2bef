// SPDX-License-Identifier: GPL-2.0
/* text_switches.c - the switch table: a row per level and via. */
#include "output/text_sections.h"

/* Why a percentile is missing where only the kernel has counted. */
static const char *uncounted(const struct report *report, const struct switch_row *row)
{
	if (row->level >= ROW_WITH_VIA)
		return "aggregate mode keeps only their sum";
	return report->times_complete ? NULL : "no room was left for them: raise --max-memory";
}

/*
 * Where only the kernel has counted, the percentiles are those of the level: once, at the first of its rows.
 * Whether the cell is done.
 */
static bool counted_cell(struct text *text, struct table *table, const struct switch_row *row)
{
	const struct report *report = text->report;
	const char *why = uncounted(report, row);

	if (!report->context.no_records)
		return false;
	if (why)
		table_cell(table, STYLE_DIM, DASH "%s", page_note(&text->page, "%s", why).text);
	else if (row > report->rows && row[-1].level == row->level)
		table_cell(table, STYLE_DIM, "\"");
	else
		return false;
	return true;
}

/* A percentile in plain ns (the column says so), or a dash with the reason why there is none. */
static void cost_cell(struct text *text, struct table *table, const struct switch_row *row,
		      const struct histogram *histogram, double percent)
{
	uint64_t ns;

	if (!text->report->context.direct_end)
		table_cell(table, STYLE_DIM, DASH); /* the column's title has the mark */
	else if (counted_cell(text, table, row))
		return;
	else if (!histogram_percentile(histogram, percent, &ns))
		table_cell(table, STYLE_PLAIN, "%s", figure_count(ns).text);
	else
		table_cell(table, STYLE_DIM, DASH "%s",
			   page_note(&text->page, "the end of these switches was not seen").text);
}

static void wait_cell(struct text *text, struct table *table, const struct switch_row *row,
		      const struct histogram *histogram, double percent)
{
	uint64_t ns;

	if (row->level >= ROW_WITH_VIA)
		table_cell(table, STYLE_PLAIN, "%s", ""); /* nobody of ours waited */
	else if (!text->report->context.wait_known)
		table_cell(table, STYLE_DIM, DASH);
	else if (counted_cell(text, table, row))
		return;
	else if (!histogram_percentile(histogram, percent, &ns))
		table_cell(table, STYLE_PLAIN, "%s", figure_ns(ns).text);
	else
		table_cell(table, STYLE_DIM, DASH "%s",
			   page_note(&text->page, "no wait of these switch-ins is known").text);
}

static void pick_cell(struct text *text, struct table *table, const struct switch_row *row)
{
	uint64_t ns;

	if (text->report->context.no_records)
		table_cell(table, STYLE_DIM, DASH "%s",
			   page_note(&text->page, "aggregate mode keeps only their sum").text);
	else if (!histogram_percentile(&row->pick, 50, &ns))
		table_cell(table, STYLE_PLAIN, "%s", figure_count(ns).text);
	else
		table_cell(table, STYLE_DIM, DASH "%s",
			   page_note(&text->page, "the end of these switches was not seen").text);
}

static void row_label(struct table *table, const struct switch_row *row)
{
	if (row->level < ROW_WITH_VIA)
		table_cell(table, text_level_style(row->level), "%-8s %s",
			   row_level_name(row->level), switch_via_name(row->via) ?: "");
	else if (row->level == ROW_OTHER)
		table_cell(table, STYLE_PLAIN, "neither traced");
	else
		table_cell(table, STYLE_PLAIN, "to %s", row_level_name(row->level));
}

static void switch_row(struct text *text, struct table *table, const struct switch_row *row)
{
	const struct report *report = text->report;
	const char *least = report->complete ? "" : "\xe2\x89\xa5";
	bool by_level = report->context.no_records && row->level < ROW_WITH_VIA;
	const struct histogram *direct = by_level ? &report->levels[row->level].direct :
						    &row->direct;
	const struct histogram *wait = by_level ? &report->levels[row->level].wait : &row->wait;

	table_row(table);
	row_label(table, row);
	table_count(table, STYLE_BOLD, least, row->count);
	table_cell(table, STYLE_PLAIN, "%s",
		   figure_percent((double)row->count, (double)report->switches).text);
	text_count_cell(table, row->voluntary);
	text_count_cell(table, row->preempted);
	cost_cell(text, table, row, direct, 50);
	cost_cell(text, table, row, direct, 90);
	cost_cell(text, table, row, direct, 99);
	wait_cell(text, table, row, wait, 50);
	wait_cell(text, table, row, wait, 99);
	if (report->context.pick_measured)
		pick_cell(text, table, row);
}

static void total_row(struct text *text, struct table *table)
{
	const struct report *report = text->report;
	uint64_t voluntary = 0, preempted = 0;

	for (unsigned int i = 0; i < report->row_count; i++) {
		voluntary += report->rows[i].voluntary;
		preempted += report->rows[i].preempted;
	}
	table_rule(table);
	table_row(table);
	table_cell(table, STYLE_PLAIN, "all");
	table_count(table, STYLE_BOLD, report->complete ? "" : "\xe2\x89\xa5", report->switches);
	table_cell(table, STYLE_PLAIN, "%s", report->switches ? "100.0 %" : "");
	table_count(table, STYLE_PLAIN, "", voluntary);
	table_count(table, STYLE_PLAIN, "", preempted);
}

static void switch_key(struct text *text)
{
	const struct report *report = text->report;

	page_text(&text->page, STYLE_DIM, 2, 4,
		  "resume: same task again \xc2\xb7 thread: same address space \xc2\xb7 process: "
		  "another one");
	page_text(&text->page, STYLE_DIM, 2, 4,
		  "via: what ran in between \xc2\xb7 vol./pre.: prev blocked / was preempted");
	if (report->context.no_records)
		page_text(&text->page, STYLE_DIM, 2, 4,
			  "counted in the kernel: percentiles are those of the level, true to 6.3 "
			  "%%");
	for (unsigned int i = 0; i < report->row_count; i++) {
		if (report->rows[i].level != ROW_EXITING)
			continue;
		page_text(&text->page, STYLE_DIM, 2, 4,
			  "exiting: a task that had already given up its address space");
		break;
	}
	if (report->first_switches)
		page_text(&text->page, STYLE_DIM, 2, 4,
			  "%s first on a CPU, or after an unseen switch: a resume cannot be told "
			  "there",
			  text_counted(report->first_switches, "switch-in was", "switch-ins were")
				  .text);
}

/* ", 42,773 a second" */
static struct figure rate(const struct report *report)
{
	double seconds = (double)report->context.duration_ns / 1e9;
	struct figure figure = { "" }, count;

	if (report->context.duration_ns == NS_UNKNOWN || seconds <= 0)
		return figure;
	count = figure_count((uint64_t)((double)report->switches / seconds));
	snprintf(figure.text, sizeof(figure.text), ", %.40s a second", count.text);
	return figure;
}

void text_switches(struct text *text)
{
	const struct report *report = text->report;
	char direct[48], wait[48];
	const struct table_column columns[] = {
		{ .title = "level    via", .left = true },
		{ .title = "count" },
		{ .title = "share", .drop = 9 },
		{ .group = "switched out", .title = "vol.", .drop = 3 },
		{ .group = "switched out", .title = "pre.", .drop = 4 },
		{ .group = direct, .title = "p50" },
		{ .group = direct, .title = "p90", .drop = 7 },
		{ .group = direct, .title = "p99", .drop = 2 },
		{ .group = wait, .title = "p50", .drop = 6 },
		{ .group = wait, .title = "p99", .drop = 5 },
		{ .group = "pick, ns", .title = "p50", .drop = 8 },
	};
	size_t count = sizeof(columns) / sizeof(columns[0]) - !report->context.pick_measured;
	struct table *table = table_new(columns, count);

	text_title(text, direct, sizeof(direct), "direct cost, ns", text_direct_unknown(text));
	text_title(text, wait, sizeof(wait), "wait", text_wait_unknown(text));
	page_heading(&text->page, "context switches:", STYLE_BOLD, "%s%s%s",
		     report->complete ? "" : "at least ", figure_count(report->switches).text,
		     rate(report).text);
	for (unsigned int i = 0; i < report->row_count; i++) {
		if (report->rows[i].level >= ROW_WITH_VIA && i &&
		    report->rows[i - 1].level < ROW_WITH_VIA)
			table_rule(table);
		switch_row(text, table, &report->rows[i]);
	}
	total_row(text, table);
	table_print(table, &text->page);
	switch_key(text);
	page_notes(&text->page);
}
