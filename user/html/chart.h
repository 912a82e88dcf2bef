/* SPDX-License-Identifier: GPL-2.0 */
/*
 * chart.h - a picture of figures: a table of them, which page.js draws from and which is all there is without JavaScript.
 *
 * So a picture has nothing that its table has not, and needs no second way for the data to get into the page. Called by
 * the pages and their sections: chart_begin(), for each row chart_row_*() and a chart_value() per further column,
 * chart_end().
 */
#ifndef TASKTAX_HTML_CHART_H
#define TASKTAX_HTML_CHART_H

#include <stdbool.h>

#include "html/html.h"

enum chart_kind {
	CHART_CURVES,	/* over the first column, a number */
	CHART_STACK,	/* the same, one on top of the other */
	CHART_BARS,	/* the first column is a name: bars beside each other */
	CHART_WHISKERS, /* the same: point, low, high of a ratio */
	CHART_STEPS,	/* the same, upright: each series has point, low, high */
	CHART_KINDS,
};

/* How page.js shows a value on its axes and beside the pointer. */
enum chart_unit {
	CHART_COUNT,
	CHART_NS,
	CHART_BYTES,
	CHART_PERCENT,
	CHART_RATIO,
	CHART_UNITS,
};

struct chart_column {
	const char *title;
	const char *colour; /* a variable of page.css; NULL: of the first column */
	enum chart_unit unit;
	bool right;		/* along the axis at the right, as a line */
	double mark;		/* where a line across marks its median; 0: nowhere */
	const char *mark_words; /* what stands at it */
};

struct chart {
	enum chart_kind kind;
	const char *title;
	const char *x, *y, *right; /* titles of the axes; NULL: none */
	bool x_log, y_log;
	bool joined; /* of CHART_STEPS: they are sizes of something, so a line joins them */
	const struct chart_column *columns;
	size_t count;
};

/* `words`: what is to be seen in it, in a sentence or two; NULL: nothing more. */
void chart_begin(struct html *html, const struct chart *chart, const char *words);

/* A row's first column: a number, or a foreign name with a suffix of ours. */
void chart_row(struct html *html, double value, const char *words);
void chart_row_name(struct html *html, const char *name, const char *suffix);

/* NaN: not known; words then say "–". */
void chart_value(struct html *html, double value, const char *words);

void chart_end(struct html *html);

#endif
