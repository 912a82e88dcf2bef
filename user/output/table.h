/* SPDX-License-Identifier: GPL-2.0 */
/*
 * table.h - what is laid out for people: tables, paragraphs, numbered footnotes; on a terminal, or in another form (form.h).
 *
 * Widths are display columns. Colour is the caller's decision. Foreign strings go in raw where it
 * says so (table_name) and pass base/quote.h in the form; every other text must be our own or quoted
 * already. Includes base/ and the C library. Called by the text outputs.
 */
#ifndef TASKTAX_OUTPUT_TABLE_H
#define TASKTAX_OUTPUT_TABLE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/units.h"

#define KEEP "\x1f"	    /* a space in page_text() at which no line ends */
#define DASH "\xe2\x80\x93" /* an unknown figure: never 0, always with a footnote */

enum style {
	STYLE_PLAIN,
	STYLE_BOLD,
	STYLE_DIM,
	STYLE_GOOD,
	STYLE_WARN,
	STYLE_BAD,
	STYLE_THREAD,  /* of thread level, in every table alike */
	STYLE_PROCESS, /* of process level */
	STYLES,
};

/* --- where text goes --- */

#define PAGE_NOTES 16

struct page_form;

struct page {
	const struct page_form *form;
	void *state; /* the form's own */
	FILE *out;
	unsigned int width;
	bool colour;
	bool pictures; /* the form has better ones than characters can draw */
	bool begun;    /* it has a heading */
	bool failed;   /* no memory for some part of it */
	char *note[PAGE_NOTES];
	unsigned int notes, notes_shown;
};

/* In the form of a terminal. */
void page_init(struct page *page, FILE *out, unsigned int width, bool colour);

/* Frees the footnotes. 0, or -ENOMEM or -EIO when not all of the text was written. */
int page_finish(struct page *page);

void page_blank(struct page *page);

/* A section's title, after an empty line, and in the rest of its line what there is to say. */
void page_heading(struct page *page, const char *title, enum style style, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Words wrapped to the width; lines after the first are indented by `hang`. */
void page_text(struct page *page, enum style style, unsigned int indent, unsigned int hang,
	       const char *format, ...) __attribute__((format(printf, 5, 6)));

/*
 * A footnote: gives its mark (a raised number), the same one for the same text. The text appears at
 * the next page_notes(). With more than PAGE_NOTES of them the mark is empty.
 */
struct mark {
	char text[12];
};

struct mark page_note(struct page *page, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Prints the footnotes that were not printed yet. */
void page_notes(struct page *page);

/* --- tables --- */

struct table_column {
	const char *group; /* one line above, over neighbours of the same group; NULL: none */
	const char *title;
	bool left;	   /* else aligned right */
	unsigned int most; /* columns that a name is cut to; 0: 40 */

	/* Where the page is narrow. */
	unsigned int least; /* columns that a name is cut to; 0: it is not */
	/*
	 * The column is left out, the highest first: from 8 on before counts get short, 7 before
	 * names are cut, the others at last; 0: never.
	 */
	unsigned int drop;
};

struct table;

/* Columns are borrowed until table_free(). NULL, without memory; all calls below take it. */
struct table *table_new(const struct table_column *columns, size_t count);
void table_free(struct table *table);

/* Begins a row, which the next calls fill from its left. */
void table_row(struct table *table);
void table_rule(struct table *table); /* a thin line between rows */

void table_cell(struct table *table, enum style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A count, exact where there is room for it, else as "412 k"; and what stands before it. */
void table_count(struct table *table, enum style style, const char *prefix, uint64_t count);

/* A foreign name, raw, and after it a suffix of our own, which is never cut. */
void table_name(struct table *table, enum style style, const char *name, const char *suffix);

/* A foreign path, raw: where room is short it loses its first folders, not its end. */
void table_path(struct table *table, enum style style, const char *path);

/* Prints and frees it. */
void table_print(struct table *table, struct page *page);

/* --- figures by value, for one printf --- */

struct figure {
	char text[UNITS_TEXT_SIZE + 24]; /* room for a word of the caller's */
};

struct figure figure_count(uint64_t count);
struct figure figure_ns(uint64_t ns);			 /* UINT64_MAX: DASH */
struct figure figure_bytes(uint64_t bytes);		 /* UINT64_MAX: DASH */
struct figure figure_percent(double part, double whole); /* whole 0: DASH */

#endif
