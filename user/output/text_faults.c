// SPDX-License-Identifier: GPL-2.0
/* text_faults.c - the faults by cause and kind, what forks left to pay, and where the faults were. */
#include "output/text_sections.h"

#include <stdlib.h>
#include <string.h>

/* A line of the table: the rows that differ only in mode and in the number of live tasks. */
struct line {
	enum fault_cause cause;
	enum fault_kind kind;
	bool major;
	uint64_t count, kernel, many, huge, time_ns, off_ns, counted_ns;
	struct histogram time;
};

#define UNCOUNTED "aggregate mode does not tell these apart: see below, or not known"

#define LINES ((size_t)CAUSES * FAULT_KINDS * 2)

static uint64_t sum_of(const struct histogram *time)
{
	return (uint64_t)time->sum;
}

/* 0 or -ENOMEM. */
static int add_row(struct line *line, const struct fault_row *row)
{
	line->cause = row->cause;
	line->kind = row->kind;
	line->major = row->major;
	line->count += row->count;
	line->kernel += row->kernel ? row->count : 0;
	line->many += row->many ? row->count : 0;
	line->huge += row->huge;
	line->off_ns += row->off_ns;
	line->counted_ns += row->counted_ns;
	line->time_ns += sum_of(&row->time);
	return histogram_merge(&line->time, &row->time);
}

static int by_cause_and_count(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	if (x->cause != y->cause)
		return (int)x->cause - (int)y->cause;
	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return 2 * ((int)x->kind - (int)y->kind) + (x->major - y->major);
}

/* Returns how many lines there are; each has a histogram to free. */
static size_t make_lines(struct text *text, struct line *line)
{
	const struct report *report = text->report;
	size_t count = 0;

	for (unsigned int i = 0; i < report->fault_row_count; i++) {
		const struct fault_row *row = &report->fault_rows[i];
		size_t at = 0;

		while (at < count && (line[at].cause != row->cause || line[at].kind != row->kind ||
				      line[at].major != row->major))
			at++;
		count += at == count;
		text->page.failed |= add_row(&line[at], row) != 0;
	}
	qsort(line, count, sizeof(*line), by_cause_and_count);
	return count;
}

static enum style cause_style(enum fault_cause cause)
{
	switch (cause) {
	case CAUSE_PROCESS:
		return STYLE_PROCESS;
	case CAUSE_THREAD:
		return STYLE_THREAD;
	default:
		return STYLE_PLAIN;
	}
}

static void time_cell(struct text *text, struct table *table, const struct line *line,
		      double percent)
{
	uint64_t ns;

	if (!histogram_percentile(&line->time, percent, &ns))
		table_cell(table, STYLE_PLAIN, "%s", figure_ns(ns).text);
	else if (!text->report->context.fault_end)
		table_cell(table, STYLE_DIM, DASH);
	else if (text->report->context.no_records)
		table_cell(table, STYLE_DIM, DASH "%s", page_note(&text->page, UNCOUNTED).text);
	else
		table_cell(table, STYLE_DIM, DASH "%s",
			   page_note(&text->page, "their start, or a switch in them, was not seen")
				   .text);
}

static void detail_cell(struct text *text, struct table *table, uint64_t count, bool known)
{
	if (text->report->context.no_records)
		table_cell(table, STYLE_DIM, DASH "%s", page_note(&text->page, UNCOUNTED).text);
	else if (known)
		text_count_cell(table, count);
	else
		table_cell(table, STYLE_DIM, DASH);
}

static void fault_line(struct text *text, struct table *table, const struct line *line)
{
	const struct report *report = text->report;

	table_row(table);
	table_cell(table, cause_style(line->cause), "%s",
		   line->cause == CAUSE_UNKNOWN ? DASH : fault_cause_name(line->cause));
	table_cell(table, STYLE_BOLD, "%s", fault_kind_name(line->kind));
	table_cell(table, line->major ? STYLE_WARN : STYLE_PLAIN, "%s",
		   line->major ? "major" : "minor");
	table_count(table, STYLE_BOLD, report->lost.faults ? "\xe2\x89\xa5" : "", line->count);
	table_cell(table, STYLE_PLAIN, "%s",
		   figure_percent((double)line->count, (double)report->faults).text);
	detail_cell(text, table, line->kernel, true);
	detail_cell(text, table, line->many, true);
	detail_cell(text, table, line->huge, report->context.huge_known);
	time_cell(text, table, line, 50);
	time_cell(text, table, line, 99);
	if (report->context.no_records && report->context.fault_end)
		table_cell(table, STYLE_PLAIN, "%s", figure_ns(line->counted_ns).text);
	else if (line->time.count)
		table_cell(table, STYLE_PLAIN, "%s", figure_ns(line->time_ns).text);
	else
		table_cell(table, STYLE_DIM, DASH);
}

static bool any_huge(const struct line *line, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (line[i].huge)
			return true;
	return false;
}

/* What the columns mean that need it, and say something. */
static void legend(struct text *text, const struct line *line, size_t count)
{
	bool kernel = false, many = false;
	uint64_t off_ns = 0;

	for (size_t i = 0; i < count; i++) {
		off_ns += line[i].off_ns;
		kernel |= line[i].kernel;
		many |= line[i].many;
	}
	page_text(&text->page, STYLE_DIM, 2, 4,
		  "process: because of a fork, an exec or a start \xc2\xb7 thread: a thread's "
		  "stack and TLS, or raced \xc2\xb7 work: the rest");
	if (kernel || many)
		page_text(&text->page, STYLE_DIM, 2, 4, "%s%s%s",
			  kernel ? "in kernel: inside a system call" : "",
			  kernel && many ? " \xc2\xb7 " : "",
			  many ? "shared mm: in an address space with several live tasks" : "");
	if (off_ns)
		page_text(
			&text->page, STYLE_DIM, 2, 4,
			"%s of the time was spent off the CPU (for a disk, a lock, a turn): in no "
			"sum below",
			figure_ns(off_ns).text);
}

/* In place of those of each line. */
static void counted_times(struct text *text)
{
	static const char *const name[] = { "minor", "major" };
	uint64_t p50, p99;

	for (int major = 0; major < 2; major++) {
		const struct histogram *time = &text->report->fault_times[major];

		if (!histogram_percentile(time, 50, &p50) && !histogram_percentile(time, 99, &p99))
			page_text(&text->page, STYLE_PLAIN, 2, 4,
				  "time of %s faults: p50 %s, p99 %s (true to 6.3 %%)", name[major],
				  figure_ns(p50).text, figure_ns(p99).text);
	}
	page_text(&text->page, STYLE_DIM, 2, 4,
		  "counted in the kernel, without the regions: of a start and of a thread's stack "
		  "the faults are with work");
}

static void fault_table(struct text *text, const struct line *line, size_t count)
{
	char time[48];
	const struct table_column columns[] = {
		{ .title = "cause", .left = true },
		{ .title = "kind", .left = true },
		{ .title = "", .left = true },
		{ .title = "count" },
		{ .title = "share", .drop = 8 },
		{ .group = "of them", .title = "in kernel", .drop = 6 },
		{ .group = "of them", .title = "shared mm", .drop = 5 },
		{ .group = "of them", .title = "huge", .drop = any_huge(line, count) ? 4 : 10 },
		{ .group = time, .title = "p50" },
		{ .group = time, .title = "p99", .drop = 2 },
		{ .group = time, .title = "total", .drop = 1 },
	};
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));

	text_title(text, time, sizeof(time), "time", text_fault_unknown(text));
	for (size_t i = 0; i < count; i++) {
		if (i && line[i].cause != line[i - 1].cause)
			table_rule(table);
		fault_line(text, table, &line[i]);
	}
	table_print(table, &text->page);
	legend(text, line, count);
	if (text->report->context.no_records)
		counted_times(text);
	if (text->report->context.regions_why && !text->report->context.no_records)
		page_text(&text->page, STYLE_WARN, 2, 4,
			  "where they were is unknown (%s), so what caused them is " DASH
			  ", and so is the fork debt",
			  text->report->context.regions_why);
	if (text->report->context.snapshots_why)
		page_text(
			&text->page, STYLE_WARN, 2, 4,
			"where they were is from /proc/PID/maps, read now and then (perf's "
			"mappings: %s): " DASH
			" where a process was too quick for it; of fork debt, refaults are missing "
			"whose mapping was not read before the fork",
			text->report->context.snapshots_why);
}

/* "in children 512 writes to shared pages (500 copied) and 30 refaults" */
static void add_debt(const struct text *text, struct list *list, const char *who,
		     const struct fork_debt *debt)
{
	struct figure detail = { "" };

	if (!debt->cow && !debt->refaults)
		return;
	if (text->report->context.cow_detail && debt->cow)
		snprintf(detail.text, sizeof(detail.text), " (%.30s copied)",
			 figure_count(debt->cow_copied).text);
	list_add(list, "%s %s%s%s%s", who,
		 debt->cow ? text_counted(debt->cow, "write", "writes").text : "",
		 debt->cow ? " to shared pages" : "", detail.text,
		 debt->cow && debt->refaults ? " and " : "");
	if (debt->refaults)
		list->used += (size_t)snprintf(
			list->text + list->used, sizeof(list->text) - list->used, "%s",
			text_counted(debt->refaults, "refault", "refaults").text);
}

static void debt(struct text *text)
{
	const struct fork_debt *own = &text->report->debt_children;
	const struct fork_debt *parents = &text->report->debt_parents;
	uint64_t faults = own->cow + own->refaults + parents->cow + parents->refaults;
	struct figure time = { "" };
	struct list list = { .used = 0 };

	if (!faults || text->report->context.regions_why)
		return;
	if (text->report->context.fault_end)
		snprintf(time.text, sizeof(time.text), ", %.50s",
			 figure_ns(own->time_ns + parents->time_ns).text);
	add_debt(text, &list, "in children", own);
	add_debt(text, &list, "in parents", parents);
	page_text(&text->page, STYLE_PROCESS, 2, 4, "fork debt: %s%s%s: %s",
		  text->report->lost.faults ? "at least " : "",
		  text_counted(faults, "fault", "faults").text, time.text, list.text);
}

static void region_row(struct text *text, struct table *table, const struct region_row *row)
{
	table_row(table);
	table_cell(table, STYLE_PLAIN, "%s", region_class_name(row->class));
	table_path(table, STYLE_BOLD, row->name);
	table_count(table, STYLE_PLAIN, "", row->count);
	text_count_cell(table, row->major);
	if (text->report->context.fault_end)
		table_cell(table, STYLE_PLAIN, "%s", figure_ns(row->time_ns).text);
	else
		table_cell(table, STYLE_DIM, DASH);
}

void text_regions(struct text *text)
{
	const struct report *report = text->report;
	const struct table_column columns[] = {
		{ .title = "region", .left = true },
		{ .title = "file", .left = true, .most = 44, .least = 16 },
		{ .title = "faults" },
		{ .title = "major", .drop = 2 },
		{ .title = "time", .drop = 1 },
	};
	struct table *table;

	if (!report->region_count || report->context.regions_why)
		return;
	table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	page_heading(&text->page, "where it faulted", STYLE_BOLD, "%s",
		     report->lost.faults ? "(at least)" : "");
	for (size_t i = 0; i < report->region_count && i < text->top; i++)
		region_row(text, table, &report->regions[i]);
	table_print(table, &text->page);
	if (report->region_count > text->top)
		page_text(&text->page, STYLE_DIM, 2, 4, "and %s more",
			  figure_count(report->region_count - text->top).text);
	if (report->lost.mappings)
		page_text(&text->page, STYLE_WARN, 2, 4,
			  "%s lost (perf's ring full): some regions may be another's",
			  text_counted(report->lost.mappings, "mapping record was",
				       "mapping records were")
				  .text);
	page_notes(&text->page);
}

/* ", 45,123 a second" */
static struct figure rate(const struct report *report)
{
	double seconds = (double)report->context.duration_ns / 1e9;
	struct figure figure = { "" };

	if (report->context.duration_ns != NS_UNKNOWN && seconds > 0)
		snprintf(figure.text, sizeof(figure.text), ", %.40s a second",
			 figure_count((uint64_t)((double)report->faults / seconds)).text);
	return figure;
}

void text_faults(struct text *text)
{
	const struct report *report = text->report;
	struct line *line;
	size_t count;

	if (!report->context.faults_measured) {
		if (report->context.fault_why)
			page_heading(&text->page, "memory faults:", STYLE_BOLD, DASH "%s",
				     page_note(&text->page, "%s", report->context.fault_why).text);
		page_notes(&text->page);
		return;
	}
	line = calloc(LINES, sizeof(*line));
	if (!line) {
		text->page.failed = true;
		return;
	}
	page_heading(&text->page, "memory faults:", STYLE_BOLD, "%s%s%s",
		     report->lost.faults ? "at least " : "", figure_count(report->faults).text,
		     rate(report).text);
	count = make_lines(text, line);
	if (count) {
		fault_table(text, line, count);
		debt(text);
	}
	page_notes(&text->page);
	for (size_t i = 0; i < count; i++)
		histogram_free(&line[i].time);
	free(line);
}
