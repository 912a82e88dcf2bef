// SPDX-License-Identifier: GPL-2.0
/* compare.c - a comparison of runs as text: the sides, what to know of them, figure by figure; see compare.h. */
#include "output/compare.h"

#include <math.h>
#include <string.h>

#include "base/quote.h"

#define NAME_MOST 14	/* columns of a side's name as a title */
#define COMMAND_MOST 48 /* and of a command in the table of sides */

/* --- values --- */

const char *compare_unit_name(enum compare_unit unit)
{
	static const char *const name[] = {
		[COMPARE_COUNT] = "count",     [COMPARE_RATE] = "per_second",
		[COMPARE_NS] = "ns",	       [COMPARE_BYTES] = "bytes",
		[COMPARE_PERCENT] = "percent", [COMPARE_NUMBER] = "number"
	};

	return name[unit];
}

struct figure compare_value(enum compare_unit unit, double value)
{
	struct figure figure = { DASH };

	if (!isfinite(value))
		return figure;
	switch (unit) {
	case COMPARE_NS:
		return figure_ns((uint64_t)llround(value));
	case COMPARE_BYTES:
		return figure_bytes((uint64_t)llround(value));
	case COMPARE_PERCENT:
		format_percent(figure.text, sizeof(figure.text), value);
		return figure;
	case COMPARE_NUMBER:
		snprintf(figure.text, sizeof(figure.text), "%.2f", value);
		return figure;
	default:
		if (value > 0 && value < 10 && value != round(value))
			snprintf(figure.text, sizeof(figure.text), "%.1f", value);
		else
			figure = figure_count((uint64_t)llround(value));
		return figure;
	}
}

struct figure compare_ratio(double ratio)
{
	struct figure figure = { DASH };

	if (isfinite(ratio))
		snprintf(figure.text, sizeof(figure.text), "%.*f",
			 ratio < 9.995 ? 3 :
			 ratio < 99.95 ? 1 :
					 0,
			 ratio);
	return figure;
}

/* --- the sides --- */

static struct quoted short_name(const struct compare_side *side)
{
	struct quoted name = { "" };

	quote_cell(name.text, sizeof(name.text), side->name, strlen(side->name), NAME_MOST);
	return name;
}

/* What all runs have in common there; NULL: they differ, or it is not known. */
static const json_t *common(const struct compare_side *side, const char *path)
{
	const json_t *first = compare_at(side->run[0].report, path);

	for (size_t i = 1; i < side->runs; i++)
		if (!json_equal(first, compare_at(side->run[i].report, path)))
			return NULL;
	return first;
}

static void command_cell(struct table *table, const struct compare_side *side)
{
	const json_t *command = common(side, "command"), *word;
	const json_t *attached = common(side, "attached_to");
	char text[256] = "";
	size_t i, used = 0;

	json_array_foreach(command, i, word)
	{
		int length = snprintf(text + used, sizeof(text) - used, "%s%s", i ? " " : "",
				      json_string_value(word) ?: "");

		used += length > 0 ? (size_t)length : 0;
		if (used >= sizeof(text))
			break;
	}
	if (json_is_string(attached))
		table_name(table, STYLE_PLAIN, json_string_value(attached), "");
	else if (text[0])
		table_name(table, STYLE_PLAIN, text, "");
	else
		table_cell(table, STYLE_DIM, "different ones");
}

static size_t complete_runs(const struct compare_side *side)
{
	size_t count = 0;

	for (size_t i = 0; i < side->runs; i++)
		count += json_is_true(compare_at(side->run[i].report, "events.complete")) &&
			 json_is_true(compare_at(side->run[i].report, "reconcile.ok"));
	return count;
}

static void side_row(struct table *table, const struct compare_side *side)
{
	const char *level = json_string_value(common(side, "workload.level"));
	size_t complete = complete_runs(side);

	table_row(table);
	table_name(table, STYLE_BOLD, side->name, "");
	table_count(table, STYLE_PLAIN, "", side->runs);
	table_cell(table, complete == side->runs ? STYLE_GOOD : STYLE_BAD, "%s",
		   complete == side->runs ? "all" : figure_count(complete).text);
	table_cell(table, STYLE_PLAIN, "%s", level ? quote_string(level).text : "different");
	command_cell(table, side);
}

static void sides(const struct compare *compare, struct page *page)
{
	static const struct table_column columns[] = {
		{ .title = "side", .left = true, .most = 24, .least = 10 },
		{ .title = "runs" },
		{ .title = "complete" },
		{ .title = "workload", .left = true, .drop = 2 },
		{ .title = "of", .left = true, .most = COMMAND_MOST, .least = 12 },
	};
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; i < compare->sides; i++)
		side_row(table, &compare->side[i]);
	table_print(table, page);
	page_text(page, STYLE_DIM, 2, 4,
		  "complete: nothing lost, and all agrees with the kernel's counters");
	for (size_t i = 0; i < compare->remarks; i++)
		page_text(page, STYLE_WARN, 2, 4, "%s", quote_string(compare->remark[i]).text);
}

/* --- figure by figure --- */

static void value_cell(struct table *table, struct page *page, const struct compare_row *row,
		       size_t runs, const struct compare_cell *cell)
{
	struct mark mark = { "" };

	if (cell->known && cell->known < runs)
		mark = page_note(page, "known of %zu of %zu runs", cell->known, runs);
	table_cell(table, cell->known ? STYLE_PLAIN : STYLE_DIM, "%s%s",
		   compare_value(row->figure->unit, cell->median.point).text, mark.text);
}

static enum style verdict_style(enum verdict verdict)
{
	return verdict == VERDICT_HIGHER || verdict == VERDICT_LOWER ? STYLE_BOLD : STYLE_PLAIN;
}

static void ratio_cells(struct table *table, struct page *page, const struct compare_cell *cell,
			bool intervals)
{
	enum style style = verdict_style(cell->verdict);

	if (isfinite(cell->ratio.point))
		table_cell(table, style, "%s", compare_ratio(cell->ratio.point).text);
	else
		table_cell(table, STYLE_DIM, DASH "%s",
			   page_note(page, "%s", cell->lacks ?: "not known").text);
	if (!intervals)
		return;
	if (isfinite(cell->ratio.low))
		table_cell(table, style, "%s to %s", compare_ratio(cell->ratio.low).text,
			   compare_ratio(cell->ratio.high).text);
	else if (isfinite(cell->ratio.point))
		table_cell(table, STYLE_DIM, DASH "%s", page_note(page, "%s", cell->lacks).text);
	else
		table_cell(table, STYLE_DIM, DASH);
	table_cell(table, style, "%s", compare_words(cell));
}

static bool has_intervals(const struct compare *compare, size_t side)
{
	for (size_t i = 0; i < compare->rows; i++)
		if (compare->row[i].cell[side].verdict != VERDICT_UNKNOWN)
			return true;
	return false;
}

static void group_row(struct table *table, const char *group, bool first)
{
	if (!first)
		table_rule(table);
	table_row(table);
	table_cell(table, STYLE_BOLD, "%s", group);
}

static void against_first(const struct compare *compare, size_t side, struct page *page)
{
	struct quoted first = short_name(&compare->side[0]);
	struct quoted other = short_name(&compare->side[side]);
	const char *medians = compare->side[0].runs > 1 || compare->side[side].runs > 1 ? "median" :
											  NULL;
	const struct table_column columns[] = {
		{ .title = "", .left = true },
		{ .group = medians, .title = first.text },
		{ .group = medians, .title = other.text },
		{ .title = "ratio" },
		{ .title = "95 % interval" },
		{ .title = "it is", .left = true, .drop = 1 },
	};
	bool intervals = has_intervals(compare, side);
	struct table *table =
		table_new(columns, sizeof(columns) / sizeof(columns[0]) - (intervals ? 0 : 2));

	for (size_t i = 0; i < compare->rows; i++) {
		const struct compare_row *row = &compare->row[i];

		if (!i || strcmp(row[-1].figure->group, row->figure->group) != 0)
			group_row(table, row->figure->group, !i);
		table_row(table);
		table_cell(table, STYLE_PLAIN, "%s", row->figure->label);
		value_cell(table, page, row, compare->side[0].runs, &row->cell[0]);
		value_cell(table, page, row, compare->side[side].runs, &row->cell[side]);
		ratio_cells(table, page, &row->cell[side], intervals);
	}
	table_print(table, page);
	page_notes(page);
}

/* How sure it is. */
static void certainty(const struct compare *compare, struct page *page)
{
	if (!compare->judged) {
		page_text(
			page, STYLE_DIM, 2, 4,
			"without an interval a ratio may be chance: give each side 4 runs or more "
			"(--side)");
		return;
	}
	page_text(page, STYLE_DIM, 2, 4,
		  "%s of %s figures are higher or lower; if no side differed, about one in 20 "
		  "would be "
		  "by chance",
		  figure_count(compare->told_apart).text, figure_count(compare->judged).text);
	page_text(
		page, STYLE_DIM, 2, 4,
		"intervals by the ranks of Mann and Whitney: the runs of a side are taken as made "
		"under the same conditions");
}

void compare_sections(const struct compare *compare, struct page *page)
{
	char first[256], other[256];

	snprintf(first, sizeof(first), "%s", quote_string(compare->side[0].name).text);
	snprintf(other, sizeof(other), "%s", quote_string(compare->side[1].name).text);
	if (compare->sides == 2)
		page_heading(page, "tasktax compare:", STYLE_BOLD, "%s against %s", other, first);
	else
		page_heading(page, "tasktax compare:", STYLE_BOLD, "%zu sides, each against %s",
			     compare->sides, first);
	sides(compare, page);
	for (size_t i = 1; i < compare->sides; i++) {
		snprintf(other, sizeof(other), "%s", quote_string(compare->side[i].name).text);
		page_heading(page, "figures:", STYLE_BOLD, "%s / %s", other, first);
		against_first(compare, i, page);
	}
	certainty(compare, page);
}

int compare_text(const struct compare *compare, FILE *out, unsigned int width, bool colour)
{
	struct page page;

	page_init(&page, out, width, colour);
	compare_sections(compare, &page);
	return page_finish(&page);
}
