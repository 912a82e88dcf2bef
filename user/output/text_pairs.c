// SPDX-License-Identifier: GPL-2.0
/* text_pairs.c - who switches with whom, who woke whom. */
#include "output/text_sections.h"

/* A name, or a dash for all those that are not known. */
static void name_cell(struct text *text, struct table *table, enum style style, const char *name,
		      const char *suffix)
{
	if (name[0])
		table_name(table, style, name, suffix);
	else
		table_cell(table, style, DASH "%s%s",
			   page_note(&text->page, "ended before their names could be read").text,
			   suffix);
}

static void pair_row(struct text *text, struct table *table, const struct name_pair *pair,
		     uint64_t all)
{
	table_row(table);
	table_count(table, STYLE_BOLD, "", pair->count);
	table_cell(table, STYLE_PLAIN, "%s", figure_percent((double)pair->count, (double)all).text);
	table_cell(table, text_level_style(pair->level), "%s", row_level_name(pair->level));
	name_cell(text, table, pair->prev_foreign ? STYLE_DIM : STYLE_PLAIN, pair->prev,
		  pair->prev_foreign ? " (foreign)" : "");
	table_cell(table, STYLE_DIM, "\xe2\x86\x92");
	name_cell(text, table, STYLE_PLAIN, pair->next, "");
	table_count(table, STYLE_PLAIN, "", pair->pairs);
}

static void rest_of_pairs(struct table *table, uint64_t rest, uint64_t all)
{
	if (!rest)
		return;
	table_row(table);
	table_count(table, STYLE_PLAIN, "", rest);
	table_cell(table, STYLE_PLAIN, "%s", figure_percent((double)rest, (double)all).text);
	table_cell(table, STYLE_PLAIN, "%s", "");
	table_cell(table, STYLE_DIM, "others");
}

void text_pairs(struct text *text)
{
	static const struct table_column columns[] = {
		{ .title = "count" },
		{ .title = "share", .drop = 1 },
		{ .title = "level", .left = true },
		{ .title = "from", .left = true, .most = 27, .least = 8 },
		{ .title = "", .left = true },
		{ .title = "to", .left = true, .most = 20, .least = 8 },
		{ .title = "task pairs", .drop = 8 },
	};
	const struct report *report = text->report;
	uint64_t all = report->pairs_folded, shown = 0;
	struct table *table;

	for (size_t i = 0; i < report->name_pair_count; i++)
		all += report->name_pairs[i].count;
	if (!all)
		return;
	table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	page_heading(&text->page, "who switches with whom", STYLE_BOLD,
		     "(the CPU's last user task, any via, resume left out)");
	for (size_t i = 0; i < report->name_pair_count && i < text->top_pairs; i++) {
		pair_row(text, table, &report->name_pairs[i], all);
		shown += report->name_pairs[i].count;
	}
	rest_of_pairs(table, all - shown, all);
	table_print(table, &text->page);
	page_notes(&text->page);
}

void text_wakers(struct text *text)
{
	static const struct table_column columns[] = {
		{ .title = "count" },
		{ .title = "waker", .left = true, .most = 27, .least = 8 },
		{ .title = "", .left = true },
		{ .title = "woken", .left = true, .most = 20, .least = 8 },
	};
	static const char *const suffix[] = { "", " (foreign)", " (kernel)", "" };
	const struct report *report = text->report;
	struct table *table;

	if (!report->context.waking_measured || !report->wake_pair_count)
		return;
	table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	page_heading(&text->page, "who woke whom", STYLE_BOLD, "%s", "");
	for (size_t i = 0; i < report->wake_pair_count && i < text->top_pairs; i++) {
		const struct wake_pair *pair = &report->wake_pairs[i];

		table_row(table);
		table_count(table, STYLE_BOLD, "", pair->count);
		name_cell(text, table, STYLE_PLAIN, pair->waker, suffix[pair->waker_class & 3]);
		table_cell(table, STYLE_DIM, "\xe2\x86\x92");
		name_cell(text, table, STYLE_PLAIN, pair->wakee, "");
	}
	table_print(table, &text->page);
	page_notes(&text->page);
}
