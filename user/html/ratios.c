// SPDX-License-Identifier: GPL-2.0
/* ratios.c - see ratios.h. */
#include "html/ratios.h"

#include "html/chart.h"
#include "output/compare.h"

void ratios_begin(struct html *html, const char *title, const char *axis, const char *words)
{
	static const struct chart_column columns[] = {
		{ .title = "" },
		{ .title = "ratio", .colour = "process", .unit = CHART_RATIO },
		{ .title = "low", .unit = CHART_RATIO },
		{ .title = "high", .unit = CHART_RATIO },
	};
	const struct chart chart = { .kind = CHART_WHISKERS,
				     .title = title,
				     .x = axis,
				     .x_log = true,
				     .columns = columns,
				     .count = sizeof(columns) / sizeof(columns[0]) };

	chart_begin(html, &chart, words);
}

void ratios_row(struct html *html, const char *name, const char *suffix,
		const struct interval *ratio)
{
	chart_row_name(html, name, suffix);
	chart_value(html, ratio->point, compare_ratio(ratio->point).text);
	chart_value(html, ratio->low, compare_ratio(ratio->low).text);
	chart_value(html, ratio->high, compare_ratio(ratio->high).text);
}

void ratios_end(struct html *html)
{
	chart_end(html);
}
