/* SPDX-License-Identifier: GPL-2.0 */
/*
 * form.h - the forms that a page (table.h) takes: what a form has to do, and what a table holds for it.
 *
 * The sections of every output say what there is to say through table.h, once; a form makes it columns of a terminal or
 * elements of HTML. Included by table.c and by the forms (form_terminal.c, html/form.c) only.
 */
#ifndef TASKTAX_OUTPUT_FORM_H
#define TASKTAX_OUTPUT_FORM_H

#include "output/table.h"

/* Words are the caller's own copy: a form may change them. A KEEP in them is a space at which no line ends. */
struct page_form {
	void (*blank)(struct page *page);
	void (*heading)(struct page *page, const char *title, enum style style, char *words);
	void (*text)(struct page *page, enum style style, unsigned int indent, unsigned int hang,
		     char *words);
	void (*table)(struct page *page, const struct table *table);
};

extern const struct page_form form_terminal;

struct cell {
	enum style style;
	char *name;  /* foreign, raw; NULL: none */
	bool path;   /* the name is one */
	char *text;  /* ours; after the name when there is one */
	char *brief; /* the same where room is short; NULL: as text */
};

struct table {
	const struct table_column *columns;
	size_t count;
	struct cell *cells; /* rows of `count` each */
	bool *rule;	    /* the row is a thin line */
	size_t rows, room;
	size_t next; /* column that the next cell goes to */
	bool failed;
};

/* Whether these columns stand under one title. */
bool table_same_group(const struct table *table, size_t one, size_t other);

#endif
