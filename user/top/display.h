/* SPDX-License-Identifier: GPL-2.0 */
/*
 * display.h - what top shows, as lines: the summary, the table's heading, its rows, the help, the line of keys. Pure.
 * Called by screen.c and batch.c.
 */
#ifndef TASKTAX_TOP_DISPLAY_H
#define TASKTAX_TOP_DISPLAY_H

#include "top/line.h"
#include "top/order.h"

#define DISPLAY_SUMMARY 4 /* lines */

/* What neither the rates nor the user's choice say. */
struct display_facts {
	const char *targets; /* in words, foreign */
	const char *clock;   /* wall time, ours; NULL: not shown */
	double own_cpu;	     /* of one CPU, within the interval; NAN: not known yet */
	uint64_t own_rss;    /* bytes; BYTES_UNKNOWN */
	double programs;     /* the programs in the kernel, of one CPU; NAN: they are not timed */
	uint32_t tasks;	     /* that are alive, now */
};

void display_summary(struct line lines[DISPLAY_SUMMARY], const struct view *view,
		     const struct rates_view *rates, const struct display_facts *facts,
		     unsigned int width);
void display_heading(struct line *line, const struct view *view, const struct layout *layout);
void display_row(struct line *line, const struct order_line *row, const struct rates_view *rates,
		 const struct layout *layout);

/* What is asked of the user, a message, or nothing. */
void display_prompt(struct line *line, const struct view *view, const struct rates_view *rates,
		    const struct order *order, unsigned int width);
void display_keys(struct line *line, const struct view *view, unsigned int width);

/* The help's lines, from 0; NULL: there are no more. */
const char *display_help(unsigned int line);

#endif
