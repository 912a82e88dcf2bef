/* SPDX-License-Identifier: GPL-2.0 */
/*
 * distribution.h - several distributions of times on one logarithmic axis, each with its median marked. Called by the
 * sections of a page.
 */
#ifndef TASKTAX_HTML_DISTRIBUTION_H
#define TASKTAX_HTML_DISTRIBUTION_H

#include "html/html.h"
#include "model/histogram.h"

#define DISTRIBUTIONS 8 /* at most, on one axis */

struct distribution {
	const char *title;
	const char *colour;	       /* a variable of page.css */
	const struct histogram *times; /* ns */
};

struct distributions {
	const char *title, *axis, *of; /* "switches": what the shares are of */
	const char *words;	       /* what is to be seen; NULL: nothing more */
	bool coarse;		       /* counted in the kernel: 8 buckets an octave */
	struct distribution one[DISTRIBUTIONS];
	size_t count;
};

/* Adds one, unless it has too few values to have a shape (or there is no room). */
void distributions_add(struct distributions *all, const char *title, const char *colour,
		       const struct histogram *times);

/* Nothing at all when there is none. */
void distributions_put(struct html *html, const struct distributions *all);

#endif
