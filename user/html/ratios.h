/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ratios.h - ratios on one axis, each a point with the whiskers of its interval, and a line at 1. Called by lab_page.c and
 * compare_page.c.
 */
#ifndef TASKTAX_HTML_RATIOS_H
#define TASKTAX_HTML_RATIOS_H

#include "html/html.h"
#include "model/stats.h"

/* A row each, and ratios_end(). `title` and `axis` are our own or quoted words; `axis` says of what to what. */
void ratios_begin(struct html *html, const char *title, const char *axis, const char *words);
void ratios_row(struct html *html, const char *name, const char *suffix,
		const struct interval *ratio);
void ratios_end(struct html *html);

#endif
