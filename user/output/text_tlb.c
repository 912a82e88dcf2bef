// SPDX-License-Identifier: GPL-2.0
/* text_tlb.c - TLB shootdowns by process, flushes by reason, and at which switches. */
#include "output/text_sections.h"

#include <inttypes.h>
#include <stdlib.h>

#define TOP_LEAST 2 /* with fewer processes the total says it all */

static struct figure pages_each(const struct task_tlb *tlb)
{
	uint64_t partial = tlb->sent - tlb->sent_all;
	struct figure figure = { DASH };

	if (partial)
		snprintf(figure.text, sizeof(figure.text), "%.1f",
			 (double)tlb->sent_pages / (double)partial);
	return figure;
}

static uint64_t weight(const struct process_entry *process)
{
	return process->tlb.sent + process->tlb.received;
}

static int by_weight(const void *a, const void *b)
{
	const struct process_entry *const *x = a, *const *y = b;

	if (weight(*x) != weight(*y))
		return weight(*x) > weight(*y) ? -1 : 1;
	return (*x)->tgid < (*y)->tgid ? -1 : (*x)->tgid > (*y)->tgid;
}

static void process_row(struct text *text, struct table *table, const struct process_entry *process)
{
	const struct task_tlb *tlb = &process->tlb;

	table_row(table);
	table_cell(table, STYLE_PLAIN, "%" PRIu32, process->tgid);
	table_name(table, STYLE_BOLD, process->comm, "");
	table_count(table, STYLE_PLAIN, "", process->threads);
	table_count(table, STYLE_PLAIN, "", tlb->sent);
	text_count_cell(table, tlb->sent_all);
	table_cell(table, STYLE_PLAIN, "%s", pages_each(tlb).text);
	table_count(table, STYLE_PLAIN, "", tlb->received);
	table_count(table, STYLE_PLAIN, "", process->disturbed);
	if (text->report->context.shot_time)
		table_cell(table, STYLE_PLAIN, "%s", figure_ns(tlb->received_ns).text);
	else
		table_cell(table, STYLE_DIM, DASH);
}

static void process_table(struct text *text)
{
	static const struct table_column columns[] = {
		{ .title = "pid" },
		{ .title = "process", .left = true, .most = 24, .least = 11 },
		{ .title = "tasks" },
		{ .group = "sent", .title = "count" },
		{ .group = "sent", .title = "of all", .drop = 2 },
		{ .group = "sent", .title = "pages", .drop = 3 },
		{ .group = "received", .title = "count" },
		{ .group = "received", .title = "by tasks", .drop = 4 },
		{ .group = "received", .title = "time", .drop = 1 },
	};
	const struct report *report = text->report;
	const struct process_entry **list =
		calloc(report->process_count + 1, sizeof(struct process_entry *));
	struct table *table;
	size_t count = 0;

	if (!list) {
		text->page.failed = true;
		return;
	}
	for (uint32_t i = 0; i < report->process_count; i++) {
		list[count] = &report->processes[report->processes_by_switches[i]];
		count += weight(list[count]) != 0;
	}
	if (count >= TOP_LEAST) {
		qsort(list, count, sizeof(struct process_entry *), by_weight);
		table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
		for (size_t i = 0; i < count && i < text->top; i++)
			process_row(text, table, list[i]);
		table_print(table, &text->page);
	}
	free(list);
}

static void shootdowns(struct text *text)
{
	const struct report *report = text->report;
	const struct task_tlb *tlb = &report->tlb;
	struct figure time = { "" }, by;

	if (!report->context.shootdowns_measured) {
		page_heading(&text->page, "TLB shootdowns:", STYLE_BOLD, DASH "%s",
			     page_note(&text->page, "not observable here: %s",
				       report->context.shootdown_why)
				     .text);
		return;
	}
	if (report->context.shot_time && tlb->received)
		snprintf(time.text, sizeof(time.text), ", %.40s in them",
			 figure_ns(tlb->received_ns).text);
	snprintf(by.text, sizeof(by.text), " by %.40s",
		 text_counted(report->disturbed, "task", "tasks").text);
	page_heading(&text->page, "TLB shootdowns:", STYLE_BOLD, "%s sent, %s received%s%s",
		     figure_count(tlb->sent).text, figure_count(tlb->received).text,
		     tlb->received ? by.text : "", time.text);
	if (tlb->sent)
		page_text(&text->page, STYLE_PLAIN, 2, 4,
			  "sent: %s of a whole address space; the others of %s pages on average",
			  figure_count(tlb->sent_all).text, pages_each(tlb).text);
	process_table(text);
}

static void reasons(struct text *text)
{
	const struct tlb_reason *reason = text->report->context.tlb_reasons;
	struct list list = { .used = 0 };

	for (int i = 1; i < TLB_REASONS; i++) /* 0: at switches */
		if (reason[i].count)
			list_add(&list, "%s" KEEP "%s", tlb_reason_name(i),
				 figure_count(reason[i].count).text);
	if (list.used)
		page_text(&text->page, STYLE_PLAIN, 2, 4, "flushes by reason: %s", list.text);
}

/* Of the switches to another address space, how many found their TLB entries still good. */
static void at_switches(struct text *text)
{
	const struct report *report = text->report;
	uint64_t flushed[ROW_LEVELS] = { 0 }, reused[ROW_LEVELS] = { 0 };

	for (unsigned int i = 0; i < report->row_count; i++) {
		flushed[report->rows[i].level] += report->rows[i].tlb_flushed;
		reused[report->rows[i].level] += report->rows[i].tlb_reused;
	}
	for (int level = 0; level < ROW_LEVELS; level++)
		if (flushed[level] || reused[level])
			page_text(&text->page, STYLE_PLAIN, 2, 4,
				  "%s%s switches: %s flushed the TLB, %s found their entries good",
				  level >= ROW_IDLE && level != ROW_OTHER ? "to " : "",
				  row_level_name(level), figure_count(flushed[level]).text,
				  figure_count(reused[level]).text);
	if (report->context.tlb_probe_ns != NS_UNKNOWN)
		page_text(&text->page, STYLE_DIM, 2, 4,
			  "the probe at these switches, %s each, is taken off their direct cost",
			  figure_ns(report->context.tlb_probe_ns).text);
}

void text_tlb(struct text *text)
{
	const struct run_context *context = &text->report->context;

	if (!context->shootdowns_measured && !context->shootdown_why && !context->tlb_switch)
		return;
	if (context->shootdowns_measured || context->shootdown_why)
		shootdowns(text);
	else
		page_heading(&text->page, "TLB", STYLE_BOLD, "%s", "");
	if (context->tlb_switch) {
		reasons(text);
		at_switches(text);
	}
	page_notes(&text->page);
}
