// SPDX-License-Identifier: GPL-2.0
/* compare_page.c - the comparison's tables, and all its ratios on one axis; see compare_page.h. */
#include "html/compare_page.h"

#include <math.h>

#include "base/quote.h"
#include "html/ratios.h"
#include "output/compare.h"

/* A run's worth of switches against another's: what an axis can hold. */
#define RATIO_MOST 1e4

static bool is_drawn(const struct compare_cell *cell)
{
	return isfinite(cell->ratio.point) && cell->ratio.point < RATIO_MOST &&
	       cell->ratio.point > 1 / RATIO_MOST;
}

static void put_ratios(struct html *html, const struct compare *compare, size_t side)
{
	struct quoted first = quote_string(compare->side[0].name);
	struct quoted other = quote_string(compare->side[side].name);
	char title[640], axis[640], label[96];
	bool begun = false;

	snprintf(title, sizeof(title), "%s against %s.", other.text, first.text);
	snprintf(axis, sizeof(axis), "%s / %s", other.text, first.text);
	for (size_t i = 0; i < compare->rows; i++) {
		const struct compare_row *row = &compare->row[i];

		if (!is_drawn(&row->cell[side]))
			continue;
		if (!begun)
			ratios_begin(
				html, title, axis,
				"A point is the ratio of a figure, its whiskers the 95 % interval "
				"where there are runs enough for one. Right of the line at 1 it "
				"has more of it.");
		begun = true;
		snprintf(label, sizeof(label), "%s: %s", row->figure->group, row->figure->label);
		ratios_row(html, label, "", &row->cell[side].ratio);
	}
	if (begun)
		ratios_end(html);
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
		put_ratios(&html, compare, i);
	html_finish_page(&html, &page);
	return html_end(&html, out, "tasktax compare");
}
