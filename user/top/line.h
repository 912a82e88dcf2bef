/* SPDX-License-Identifier: GPL-2.0 */
/*
 * line.h - a line of the screen as pieces of text in a style, cut to the columns there are. Pure. Called by display.c,
 * written by screen.c and batch.c.
 */
#ifndef TASKTAX_TOP_LINE_H
#define TASKTAX_TOP_LINE_H

#include <stdbool.h>

#include "output/table.h"

#define LINE_PIECES 64
#define LINE_TEXT 256

struct line {
	unsigned int pieces, columns;
	struct {
		enum style style;
		char text[LINE_TEXT]; /* quoted, or our own */
	} piece[LINE_PIECES];
};

void line_clear(struct line *line);

/* What does not fit into a piece is cut. */
void line_add(struct line *line, enum style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Blanks up to this column. */
void line_fill(struct line *line, unsigned int column);

/* A foreign name, in at most so many columns. */
void line_name(struct line *line, enum style style, const char *name, unsigned int columns);

/* Takes off what stands beyond. */
void line_cut(struct line *line, unsigned int columns);

/* A text of our own for a terminal that has no UTF-8: bars and lines become ASCII, other characters '?'. */
void line_ascii(char *text);

#endif
