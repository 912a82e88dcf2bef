/* SPDX-License-Identifier: GPL-2.0 */
/*
 * comparison.h - sides, each of one run or several, in; figure by figure, each side's median and its ratio to the first
 * side out.
 *
 * The runs of two sides are taken as having nothing to do with each other (stats_ratio_unpaired()). Pure: reports as
 * jansson's values in, plain data out. Called by cmd_compare.c, the outputs and the tests.
 */
#ifndef TASKTAX_COMPARE_COMPARISON_H
#define TASKTAX_COMPARE_COMPARISON_H

#include "compare/figures.h"
#include "model/stats.h"

#define COMPARE_SIDES 8	  /* at most */
#define COMPARE_RUNS 1000 /* at most, of a side */
#define COMPARE_REMARKS 32

struct compare_run {
	const char *path; /* borrowed */
	json_t *report;	  /* owned; one that compare_refuses() does not */
};

struct compare_side {
	char *name; /* owned */
	struct compare_run *run;
	size_t runs;
};

/* A figure of a side. */
struct compare_cell {
	size_t known; /* runs that have it */
	struct interval
		median; /* the ends NaN with fewer than STATS_MIN_SAMPLE runs; all NaN: no run has it */
	struct interval ratio; /* to the first side; of that itself: NaN */
	enum verdict
		verdict; /* of the ratio; where there is none, since a value is 0, of the ranks */
	const char *
		lacks; /* why the ratio has no interval, or is not there at all; NULL: it has. Static. */
};

struct compare_row {
	const struct compare_figure *figure;
	struct compare_cell cell[COMPARE_SIDES];
};

struct compare {
	struct compare_side side[COMPARE_SIDES];
	size_t sides;

	/* Filled by compare_make(): figures that are not unknown, or 0, everywhere. */
	struct compare_row row[COMPARE_FIGURES_MOST];
	size_t rows;
	char *remark
		[COMPARE_REMARKS]; /* what one should know before reading it. Owned; may hold foreign words */
	size_t remarks;
	size_t told_apart; /* figures that are higher or lower, */
	size_t judged;	   /* of so many that there are runs enough of */
};

/* A new side of this name; NULL: no memory, or COMPARE_SIDES. */
struct compare_side *compare_add_side(struct compare *compare, const char *name);

/* Takes the report over, on failure too. 0, -ENOMEM, -E2BIG. */
int compare_add_run(struct compare_side *side, const char *path, json_t *report);

/* 0 or -ENOMEM. */
int compare_make(struct compare *compare);

void compare_free(struct compare *compare);

/* "higher", "lower", "not different"; without an interval "–". Static storage. */
const char *compare_words(const struct compare_cell *cell);

#endif
