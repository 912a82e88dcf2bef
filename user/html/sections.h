/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sections.h - the parts of the report's page that a terminal has no room for, one function each. Each puts its part, or
 * nothing when there is nothing to say. Called by report_page.c in the order of the page.
 */
#ifndef TASKTAX_HTML_SECTIONS_H
#define TASKTAX_HTML_SECTIONS_H

#include "html/html.h"
#include "model/report.h"

void section_intro(struct html *html);					  /* section_words.c */
void section_direct(struct html *html, const struct report *report);	  /* section_times.c */
void section_waits(struct html *html, const struct report *report);	  /* section_times.c */
void section_fault_time(struct html *html, const struct report *report);  /* section_times.c */
void section_over_time(struct html *html, const struct report *report);	  /* section_timeline.c */
void section_memory_bars(struct html *html, const struct report *report); /* section_memory.c */
void section_tree(struct html *html, const struct report *report);	  /* section_tree.c */
void section_heat(struct html *html, const struct report *report);	  /* section_heat.c */
void section_glossary(struct html *html);				  /* section_words.c */

/* The variable of page.css that a level is drawn in. */
const char *level_colour(enum row_level level); /* section_times.c */

#endif
