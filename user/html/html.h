/* SPDX-License-Identifier: GPL-2.0 */
/*
 * html.h - one self-contained page of HTML: its frame, and the form (output/form.h) in which the sections of the text
 * outputs become elements.
 *
 * Nothing is loaded from elsewhere: styles and scripts are in the page, and its Content-Security-Policy lets only these
 * run (by their hash), so that a name which found its way into the markup would still do nothing. All that is foreign goes
 * through base/quote.h and html_escape(). Without JavaScript every figure is there in a table.
 *
 * The page is kept in memory until html_end(). Called by report_page.c and lab_page.c.
 */
#ifndef TASKTAX_HTML_HTML_H
#define TASKTAX_HTML_HTML_H

#include <stdio.h>

#include "output/table.h"

#define HTML_SECTIONS 64 /* that have a link at the top of the page */

struct html {
	FILE *body; /* into memory */
	char *text;
	size_t size;
	/* Of the next heading: 1 the page's own, 2 a section, 3 a part of one; each one after goes down to the deepest. */
	unsigned int level, deepest;
	bool in_section;
	unsigned int charts;
	char *section[HTML_SECTIONS]; /* their titles */
	unsigned int sections;
	bool failed; /* no memory for some part of it */
};

/* 0 or -ENOMEM. */
int html_begin(struct html *html);

/* A page for the sections to write to. It borrows html, and is finished by html_finish_page(). */
void html_page(struct html *html, struct page *page);
void html_finish_page(struct html *html, struct page *page);

/*
 * Writes the page: the frame with this title (foreign), the links, what has been collected. Frees all. 0, -ENOMEM or
 * -EIO.
 */
int html_end(struct html *html, FILE *out, const char *title);

/* Frees all, writes nothing. */
void html_abort(struct html *html);

/* A heading of the page's own, with a link to it if it is a section's. Plain words. */
void html_heading(struct html *html, const char *title);

/* A paragraph that explains, for those who are new to it. Plain words, printf. */
void html_explain(struct html *html, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Text as text: what would be markup is escaped. Our own or quoted words, in elements and in attributes. */
void html_escape(FILE *out, const char *words);

/* The same of a foreign string, raw. */
void html_foreign(FILE *out, const char *string);

/* The class of a style, as page.css knows it; NULL: none. */
const char *html_class(enum style style);

#endif
