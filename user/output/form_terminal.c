// SPDX-License-Identifier: GPL-2.0
/* form_terminal.c - a page as lines of a terminal or a text file: columns, wrapped paragraphs, colours; see form.h. */
#include <stdlib.h>
#include <string.h>

#include "base/quote.h"
#include "output/form.h"

#define INDENT 2       /* of a table and of what stands under a heading */
#define NAME_MOST 40   /* columns of a name where the table sets no limit */
#define DROP_FIRST 8   /* columns with this value of `drop` go before counts get short, */
#define DROP_SECOND 7  /* and with this one before names are cut */
#define COMFORTABLE 16 /* columns of a name: the longest comm, and one */

static const char *const style_codes[STYLES] = {
	[STYLE_PLAIN] = "",	     [STYLE_BOLD] = "\033[1m",	   [STYLE_DIM] = "\033[2m",
	[STYLE_GOOD] = "\033[1;32m", [STYLE_WARN] = "\033[1;33m",  [STYLE_BAD] = "\033[1;31m",
	[STYLE_THREAD] = "\033[36m", [STYLE_PROCESS] = "\033[35m",
};

#define PLAIN "\033[0m"

static void blank(struct page *page)
{
	fputc('\n', page->out);
}

static void put_styled(struct page *page, enum style style, const char *text, size_t length)
{
	bool coloured = page->colour && style != STYLE_PLAIN && length;

	if (coloured)
		fputs(style_codes[style], page->out);
	fwrite(text, 1, length, page->out);
	if (coloured)
		fputs(PLAIN, page->out);
}

static void put_spaces(struct page *page, size_t count)
{
	fprintf(page->out, "%*s", (int)count, "");
}

/* The bytes of text (valid UTF-8) that fit into so many columns; one character at least. */
static size_t fitting(const char *text, size_t length, size_t columns)
{
	char part[8];
	size_t end = 0, used = 0;

	while (end < length) {
		size_t bytes = 1;

		while (bytes < sizeof(part) - 1 && end + bytes < length &&
		       ((unsigned char)text[end + bytes] & 0xc0) == 0x80)
			bytes++;
		memcpy(part, text + end, bytes);
		part[bytes] = '\0';
		used += quote_columns(part);
		if (used > columns && end)
			break;
		end += bytes;
	}
	return end;
}

static size_t columns_of(const char *text, size_t length)
{
	char buffer[512];

	if (length >= sizeof(buffer))
		return length; /* a word this long is broken anyway */
	memcpy(buffer, text, length);
	buffer[length] = '\0';
	return quote_columns(buffer);
}

/* Where a paragraph stands. */
struct pen {
	struct page *page;
	enum style style;
	size_t column, hang;
	bool begun; /* something stands on this line after its indent */
};

static void pen_style(const struct pen *pen, bool on)
{
	if (pen->page->colour && pen->style != STYLE_PLAIN)
		fputs(on ? style_codes[pen->style] : PLAIN, pen->page->out);
}

static void pen_newline(struct pen *pen)
{
	pen_style(pen, false);
	fputc('\n', pen->page->out);
	put_spaces(pen->page, pen->hang);
	pen_style(pen, true);
	pen->column = pen->hang;
	pen->begun = false;
}

/* A word after so many spaces, or on the next line; broken when it is longer than a line. */
static void pen_word(struct pen *pen, size_t spaces, const char *word, size_t length)
{
	size_t columns = columns_of(word, length), width = pen->page->width;

	if (pen->begun && pen->column + spaces + columns > width &&
	    (pen->hang + columns <= width || pen->column + spaces >= width)) {
		pen_newline(pen);
	} else if (pen->begun) {
		put_spaces(pen->page, spaces);
		pen->column += spaces;
	}
	while (length) {
		size_t room = width > pen->column ? width - pen->column : 1;
		size_t part = fitting(word, length, room);

		fwrite(word, 1, part, pen->page->out);
		pen->column += columns_of(word, part);
		pen->begun = true;
		word += part;
		length -= part;
		if (length)
			pen_newline(pen);
	}
}

/* A word; and the one after a number with it, so that no line ends between "3" and "ms". */
static size_t word_length(const char *text)
{
	size_t length = strcspn(text, " ");

	if (length && text[length] && strchr("0123456789", text[length - 1]) &&
	    !strchr(" (0123456789", text[length + 1]))
		length += 1 + strcspn(text + length + 1, " ");
	return length;
}

static void pen_words(struct pen *pen, char *text)
{
	size_t spaces = pen->begun;

	pen_style(pen, true);
	while (*text) {
		size_t length = word_length(text);

		for (size_t i = 0; i < length; i++)
			if (text[i] == KEEP[0])
				text[i] = ' ';
		if (length)
			pen_word(pen, spaces, text, length);
		text += length;
		spaces = strspn(text, " ");
		text += spaces;
	}
	pen_style(pen, false);
	fputc('\n', pen->page->out);
}

static void heading(struct page *page, const char *title, enum style style, char *words)
{
	struct pen pen = { .page = page, .hang = INDENT };

	if (page->begun)
		blank(page);
	fputs(page->colour ? style_codes[STYLE_BOLD] : "", page->out); /* and the colour with it */
	put_styled(page, style == STYLE_PLAIN ? STYLE_BOLD : style, title, strlen(title));
	pen.column = quote_columns(title);
	pen.begun = true;
	pen_words(&pen, words);
}

static void text(struct page *page, enum style style, unsigned int indent, unsigned int hang,
		 char *words)
{
	struct pen pen = { .page = page, .style = style, .column = indent, .hang = hang };

	put_spaces(page, indent);
	pen_words(&pen, words);
}

/* --- tables --- */

/* How wide each column comes out on a page. */
struct layout {
	size_t *width;	/* 0: left out */
	size_t gap;	/* between columns of one group, */
	size_t between; /* and between all others */
	bool brief;
};

#define ELLIPSIS "\xe2\x80\xa6"

static bool is_cut(const char *cell)
{
	size_t length = strlen(cell), end = strlen(ELLIPSIS);

	return length >= end && !strcmp(cell + length - end, ELLIPSIS);
}

/* As quote_cell(), but what is too long loses its first folders: "â¦/libc.so.6". */
static size_t path_cell(char *text, size_t size, const char *path, size_t columns)
{
	size_t used = quote_cell(text, size, path, strlen(path), columns);
	const char *rest = path;

	while (is_cut(text) && columns > 1 && (rest = strchr(rest + 1, '/'))) {
		snprintf(text, size, "%s", ELLIPSIS);
		used = 1 + quote_cell(text + strlen(ELLIPSIS), size - strlen(ELLIPSIS), rest,
				      strlen(rest), columns - 1);
	}
	return used;
}

/* The cell as it is shown, in at most `columns`; returns the columns used. */
static size_t render(const struct cell *cell, bool brief, size_t columns, char *text, size_t size)
{
	const char *full = cell->text ? cell->text : "";
	const char *suffix = brief && cell->brief ? cell->brief : full;
	size_t tail = quote_columns(suffix), used = 0;
	size_t left = columns > tail ? columns - tail : 1;

	text[0] = '\0';
	if (cell->name && cell->path)
		used = path_cell(text, size, cell->name, left);
	else if (cell->name)
		used = quote_cell(text, size, cell->name, strlen(cell->name), left);
	snprintf(text + strlen(text), size - strlen(text), "%s", suffix);
	return used + tail;
}

#define CELL_SIZE 512

static size_t most_of(const struct table_column *column)
{
	return column->most ? column->most : NAME_MOST;
}

static size_t natural_width(const struct table *table, bool brief, size_t at)
{
	size_t width = quote_columns(table->columns[at].title);
	char text[CELL_SIZE];

	for (size_t row = 0; row < table->rows; row++) {
		size_t used = render(&table->cells[row * table->count + at], brief,
				     most_of(&table->columns[at]), text, sizeof(text));

		if (used > width)
			width = used;
	}
	return width;
}

/* The next column that is shown, from `at` on; count when there is none. */
static size_t shown_from(const struct table *table, const struct layout *layout, size_t at)
{
	while (at < table->count && !layout->width[at])
		at++;
	return at;
}

/* The columns that the group starting at `at` spans, gaps included; *end: the next after it. */
static size_t group_span(const struct table *table, const struct layout *layout, size_t at,
			 size_t *end)
{
	size_t span = layout->width[at], next = shown_from(table, layout, at + 1);

	while (next < table->count && table_same_group(table, at, next)) {
		span += layout->gap + layout->width[next];
		next = shown_from(table, layout, next + 1);
	}
	*end = next;
	return span;
}

/* A group's title may be wider than its columns: the first of them takes the difference. */
static void widen_groups(const struct table *table, struct layout *layout)
{
	size_t at = shown_from(table, layout, 0), end;

	for (; at < table->count; at = end) {
		size_t span = group_span(table, layout, at, &end);
		size_t title = table->columns[at].group ? quote_columns(table->columns[at].group) :
							  0;

		if (title > span)
			layout->width[at] += title - span;
	}
}

/* The space between a column and the next that is shown. */
static size_t gap_after(const struct table *table, const struct layout *layout, size_t at)
{
	size_t next = shown_from(table, layout, at + 1);

	if (next == table->count)
		return 0;
	return table_same_group(table, at, next) ? layout->gap : layout->between;
}

static size_t total_width(const struct table *table, const struct layout *layout)
{
	size_t total = INDENT;

	for (size_t i = shown_from(table, layout, 0); i < table->count;
	     i = shown_from(table, layout, i + 1))
		total += layout->width[i] + gap_after(table, layout, i);
	return total;
}

/* Takes what is too much from the names, evenly from the widest. False: it is not enough. */
static bool shrink(const struct table *table, struct layout *layout, size_t page_width,
		   size_t comfortable)
{
	while (total_width(table, layout) > page_width) {
		size_t widest = table->count;

		for (size_t i = 0; i < table->count; i++) {
			size_t least = table->columns[i].least;

			if (!least || layout->width[i] <= least || layout->width[i] <= comfortable)
				continue;
			if (widest == table->count || layout->width[i] > layout->width[widest])
				widest = i;
		}
		if (widest == table->count)
			return false;
		layout->width[widest]--;
	}
	return true;
}

/* Leaves out the column that is easiest to do without. False: none of at least `from` is left. */
static bool drop_one(const struct table *table, bool *dropped, unsigned int from)
{
	size_t worst = table->count;

	for (size_t i = 0; i < table->count; i++)
		if (!dropped[i] && table->columns[i].drop >= from &&
		    (worst == table->count || table->columns[i].drop > table->columns[worst].drop))
			worst = i;
	if (worst == table->count)
		return false;
	dropped[worst] = true;
	return true;
}

static bool fits_with(const struct table *table, struct layout *layout, const bool *dropped,
		      size_t page_width, size_t comfortable)
{
	static const size_t gaps[][2] = { { 2, 2 }, { 1, 2 }, { 1, 1 } };

	for (size_t i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++) {
		for (size_t at = 0; at < table->count; at++)
			layout->width[at] = dropped[at] ? 0 :
							  natural_width(table, layout->brief, at);
		layout->gap = gaps[i][0];
		layout->between = gaps[i][1];
		widen_groups(table, layout);
		if (total_width(table, layout) <= page_width)
			return true;
	}
	return shrink(table, layout, page_width, comfortable);
}

/*
 * Wide gaps if they fit, then narrow ones; then without the columns that are there for wide pages
 * only; then short counts, then without one or two columns more, then cut names, and at last with
 * whatever columns are left.
 */
static void fit(const struct table *table, struct layout *layout, bool *dropped, size_t page_width)
{
	size_t comfortable = COMFORTABLE;

	while (!fits_with(table, layout, dropped, page_width, comfortable)) {
		if (drop_one(table, dropped, DROP_FIRST))
			continue;
		if (!layout->brief)
			layout->brief = true;
		else if (drop_one(table, dropped, DROP_SECOND))
			continue;
		else if (comfortable)
			comfortable = 0;
		else if (!drop_one(table, dropped, 1))
			return;
	}
}

static size_t put_cell(struct page *page, size_t pending, const struct cell *cell, bool brief,
		       size_t width, bool left)
{
	char text[CELL_SIZE];
	size_t used = render(cell, brief, width, text, sizeof(text));
	size_t pad = width > used ? width - used : 0;

	if (!used)
		return pending + width;
	put_spaces(page, pending + (left ? 0 : pad));
	put_styled(page, cell->style, text, strlen(text));
	return left ? pad : 0;
}

static void put_rule(struct page *page, size_t width)
{
	fputs(page->colour ? style_codes[STYLE_DIM] : "", page->out);
	for (size_t i = 0; i < width; i++)
		fputs("\xe2\x94\x80", page->out);
	fputs(page->colour ? PLAIN : "", page->out);
}

static void put_row(const struct table *table, const struct layout *layout, struct page *page,
		    size_t row)
{
	size_t pending = INDENT;

	if (table->rule[row]) {
		put_spaces(page, INDENT);
		put_rule(page, total_width(table, layout) - INDENT);
		fputc('\n', page->out);
		return;
	}
	for (size_t i = shown_from(table, layout, 0); i < table->count;
	     i = shown_from(table, layout, i + 1)) {
		pending = put_cell(page, pending, &table->cells[row * table->count + i],
				   layout->brief, layout->width[i], table->columns[i].left);
		pending += gap_after(table, layout, i);
	}
	fputc('\n', page->out);
}

static bool has_groups(const struct table *table, const struct layout *layout)
{
	for (size_t i = 0; i < table->count; i++)
		if (layout->width[i] && table->columns[i].group)
			return true;
	return false;
}

/* The group's title in the middle of a thin line over its columns; at the right of a single one. */
static void put_group(struct page *page, const char *title, size_t span, bool alone)
{
	size_t length = quote_columns(title);
	size_t rest = span > length + 2 ? span - length - 2 : 0;

	if (rest < 2 || alone) {
		put_spaces(page, span > length ? span - length : 0);
		put_styled(page, STYLE_DIM, title, strlen(title));
		return;
	}
	put_rule(page, rest / 2);
	fputc(' ', page->out);
	put_styled(page, STYLE_DIM, title, strlen(title));
	fputc(' ', page->out);
	put_rule(page, rest - rest / 2);
}

static void put_groups(const struct table *table, const struct layout *layout, struct page *page)
{
	size_t at = shown_from(table, layout, 0), pending = INDENT, end;

	for (; at < table->count; at = end) {
		size_t span = group_span(table, layout, at, &end);

		if (table->columns[at].group) {
			put_spaces(page, pending);
			put_group(page, table->columns[at].group, span, span == layout->width[at]);
			pending = 0;
		} else {
			pending += span;
		}
		pending += layout->between;
	}
	fputc('\n', page->out);
}

static void put_titles(const struct table *table, const struct layout *layout, struct page *page)
{
	size_t pending = INDENT;

	for (size_t i = shown_from(table, layout, 0); i < table->count;
	     i = shown_from(table, layout, i + 1)) {
		struct cell title = { .style = STYLE_DIM, .text = (char *)table->columns[i].title };

		pending = put_cell(page, pending, &title, false, layout->width[i],
				   table->columns[i].left);
		pending += gap_after(table, layout, i);
	}
	fputc('\n', page->out);
}

static void print_table(struct page *page, const struct table *table)
{
	struct layout layout = { .width = calloc(table->count, sizeof(*layout.width)) };
	bool *dropped = calloc(table->count, sizeof(*dropped));

	if (!layout.width || !dropped) {
		page->failed = true;
	} else {
		fit(table, &layout, dropped, page->width);
		if (has_groups(table, &layout))
			put_groups(table, &layout, page);
		put_titles(table, &layout, page);
		for (size_t row = 0; row < table->rows; row++)
			put_row(table, &layout, page, row);
	}
	free(layout.width);
	free(dropped);
}

const struct page_form form_terminal = { blank, heading, text, print_table };
