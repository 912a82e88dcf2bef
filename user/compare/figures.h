/* SPDX-License-Identifier: GPL-2.0 */
/*
 * figures.h - what is compared of a run: figures by name, read out of its report as JSON.
 *
 * A recording is compared by the report that it gives, so that it and its report are the same run. Pure: jansson's values
 * in, numbers out. Called by comparison.c and by the outputs.
 */
#ifndef TASKTAX_COMPARE_FIGURES_H
#define TASKTAX_COMPARE_FIGURES_H

#include <jansson.h>
#include <stdbool.h>

enum compare_unit {
	COMPARE_COUNT,
	COMPARE_RATE, /* a second */
	COMPARE_NS,
	COMPARE_BYTES,
	COMPARE_PERCENT,
	COMPARE_NUMBER,
};

struct compare_figure {
	const char *group; /* the same for neighbours that belong together */
	const char *key;   /* in JSON; ends in its unit */
	const char *label;
	enum compare_unit unit;

	/* Its value in a report "tasktax.report/1"; NaN: not known there. `what`: as below, of which. */
	double (*of)(const json_t *report, const struct compare_figure *figure);
	const char *what, *member;
};

/* In the order in which they are shown; a NULL key ends them. */
extern const struct compare_figure compare_figures[];

#define COMPARE_FIGURES_MOST 96

/* NULL: it is a report that can be compared; else why not. Static storage. */
const char *compare_refuses(const json_t *report);

/* Walks down by names with dots between them: "reconcile.ok". NULL: there is no such thing. */
const json_t *compare_at(const json_t *value, const char *path);

#endif
