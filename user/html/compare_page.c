// SPDX-License-Identifier: GPL-2.0
/* compare_page.c - the comparison's tables, and all its ratios on one axis; see compare_page.h. */
#include "html/compare_page.h"

#include <math.h>
#include <string.h>

#include "base/quote.h"
#include "html/chart.h"
#include "output/compare.h"

/* A run's worth of switches against another's: what an axis can hold. */
#define RATIO_MOST 1e4

static bool is_drawn(const struct compare_cell *cell)
{
	return isfinite(cell->ratio.point) && cell->ratio.point < RATIO_MOST &&
	       cell->ratio.point > 1 / RATIO_MOST;
}

static void put_row(struct html *html, const struct compare_row *row,
		    const struct compare_cell *cell)
{
	char label[96];

	snprintf(label, sizeof(label), "%s: %s", row->figure->group, row->figure->label);
	chart_row_name(html, label, "");
	chart_value(html, cell->ratio.point, compare_ratio(cell->ratio.point).text);
	chart_value(html, cell->ratio.low, compare_ratio(cell->ratio.low).text);
	chart_value(html, cell->ratio.high, compare_ratio(cell->ratio.high).text);
}

static void whiskers(struct html *html, const struct compare *compare, size_t side)
{
	static const struct chart_column columns[] = {
		{ .title = "figure" },
		{ .title = "ratio", .colour = "process", .unit = CHART_RATIO },
		{ .title = "low", .unit = CHART_RATIO },
		{ .title = "high", .unit = CHART_RATIO },
	};
	char title[640], axis[640];
	const struct chart chart = { .kind = CHART_WHISKERS,
				     .title = title,
				     .x = axis,
				     .x_log = true,
				     .columns = columns,
				     .count = 4 };
	struct quoted first = quote_string(compare->side[0].name);
	struct quoted other = quote_string(compare->side[side].name);
	bool begun = false;

	snprintf(title, sizeof(title), "%s against %s.", other.text, first.text);
	snprintf(axis, sizeof(axis), "%s / %s", other.text, first.text);
	for (size_t i = 0; i < compare->rows; i++) {
		if (!is_drawn(&compare->row[i].cell[side]))
			continue;
		if (!begun)
			chart_begin(
				html, &chart,
				"A point is the ratio of a figure, its whiskers the 95 % interval "
				"where there are runs enough for one. Right of the line at 1 it "
				"has "
				"more of it.");
		begun = true;
		put_row(html, &compare->row[i], &compare->row[i].cell[side]);
	}
	if (begun)
		chart_end(html);
}

int html_compare(const struct compare *compare, FILE *out)
{
	struct html html;
	struct page page;
	int err = html_begin(&html);

	if (err)
		return err;
	html_page(&html, &page);
	compare_sections(compare, &page);
	html_heading(&html, "ratios");
	for (size_t i = 1; i < compare->sides; i++)
		whiskers(&html, compare, i);
	html_finish_page(&html, &page);
	return html_end(&html, out, "tasktax compare");
}
