// SPDX-License-Identifier: GPL-2.0
/* table.c - lays out tables, paragraphs and footnotes; see table.h. */
#include "output/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/quote.h"

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

/* --- the page --- */

void page_init(struct page *page, FILE *out, unsigned int width, bool colour)
{
	memset(page, 0, sizeof(*page));
	page->out = out;
	page->width = width;
	page->colour = colour;
}

int page_finish(struct page *page)
{
	for (unsigned int i = 0; i < page->notes; i++)
		free(page->note[i]);
	page->notes = 0;
	if (fflush(page->out) || ferror(page->out))
		return -EIO;
	return page->failed ? -ENOMEM : 0;
}

void page_blank(struct page *page)
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

static void wrap(struct pen *pen, const char *format, va_list arguments)
{
	char *text;

	if (vasprintf(&text, format, arguments) < 0) {
		pen->page->failed = true;
		return;
	}
	pen_words(pen, text);
	free(text);
}

void page_heading(struct page *page, const char *title, enum style style, const char *format, ...)
{
	struct pen pen = { .page = page, .hang = INDENT };
	va_list arguments;

	if (page->begun)
		page_blank(page);
	page->begun = true;
	fputs(page->colour ? style_codes[STYLE_BOLD] : "", page->out); /* and the colour with it */
	put_styled(page, style == STYLE_PLAIN ? STYLE_BOLD : style, title, strlen(title));
	pen.column = quote_columns(title);
	pen.begun = true;
	va_start(arguments, format);
	wrap(&pen, format, arguments);
	va_end(arguments);
}

void page_text(struct page *page, enum style style, unsigned int indent, unsigned int hang,
	       const char *format, ...)
{
	struct pen pen = { .page = page, .style = style, .column = indent, .hang = hang };
	va_list arguments;

	put_spaces(page, indent);
	va_start(arguments, format);
	wrap(&pen, format, arguments);
	va_end(arguments);
}

/* 12 as raised digits. */
static struct mark raised(unsigned int number)
{
	static const char *const digit[] = { "\xe2\x81\xb0", "\xc2\xb9",     "\xc2\xb2",
					     "\xc2\xb3",     "\xe2\x81\xb4", "\xe2\x81\xb5",
					     "\xe2\x81\xb6", "\xe2\x81\xb7", "\xe2\x81\xb8",
					     "\xe2\x81\xb9" };
	struct mark mark;

	snprintf(mark.text, sizeof(mark.text), "%s%s", number >= 10 ? digit[number / 10 % 10] : "",
		 digit[number % 10]);
	return mark;
}

struct mark page_note(struct page *page, const char *format, ...)
{
	struct mark none = { "" };
	va_list arguments;
	char *text;
	int length;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0) {
		page->failed = true;
		return none;
	}
	for (unsigned int i = 0; i < page->notes; i++) {
		if (!strcmp(page->note[i], text)) {
			free(text);
			return raised(i + 1);
		}
	}
	if (page->notes == PAGE_NOTES) {
		free(text);
		return none;
	}
	page->note[page->notes++] = text;
	return raised(page->notes);
}

void page_notes(struct page *page)
{
	for (; page->notes_shown < page->notes; page->notes_shown++)
		page_text(page, STYLE_DIM, INDENT, INDENT + 2, "%s %s",
			  raised(page->notes_shown + 1).text, page->note[page->notes_shown]);
}

/* --- tables --- */

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

/* How wide each column comes out on a page. */
struct layout {
	size_t *width;	/* 0: left out */
	size_t gap;	/* between columns of one group, */
	size_t between; /* and between all others */
	bool brief;
};

struct table *table_new(const struct table_column *columns, size_t count)
{
	struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->columns = columns;
	table->count = count;
	return table;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->rows * table->count; i++) {
		free(table->cells[i].name);
		free(table->cells[i].text);
		free(table->cells[i].brief);
	}
	free(table->cells);
	free(table->rule);
	free(table);
}

static bool make_room(struct table *table)
{
	size_t room = table->room ? table->room * 2 : 16;
	struct cell *cells;
	bool *rule;

	if (table->rows < table->room)
		return true;
	cells = reallocarray(table->cells, room, table->count * sizeof(*cells));
	if (cells)
		table->cells = cells;
	rule = reallocarray(table->rule, room, sizeof(*rule));
	if (rule)
		table->rule = rule;
	if (!cells || !rule) {
		table->failed = true;
		return false;
	}
	table->room = room;
	return true;
}

static void add_row(struct table *table, bool rule)
{
	if (!table || !make_room(table))
		return;
	memset(&table->cells[table->rows * table->count], 0, table->count * sizeof(*table->cells));
	table->rule[table->rows++] = rule;
	table->next = 0;
}

void table_row(struct table *table)
{
	add_row(table, false);
}

void table_rule(struct table *table)
{
	add_row(table, true);
}

/* The cell that comes next; NULL when there is none. */
static struct cell *next_cell(struct table *table)
{
	if (!table || table->failed || !table->rows || table->next == table->count)
		return NULL;
	return &table->cells[(table->rows - 1) * table->count + table->next++];
}

void table_cell(struct table *table, enum style style, const char *format, ...)
{
	struct cell *cell = next_cell(table);
	va_list arguments;

	if (!cell)
		return;
	cell->style = style;
	va_start(arguments, format);
	if (vasprintf(&cell->text, format, arguments) < 0) {
		cell->text = NULL;
		table->failed = true;
	}
	va_end(arguments);
}

/* Five digits or fewer as they are; else three of them and the power of 1000. */
static void format_brief(char *text, size_t size, uint64_t count)
{
	static const char power[] = "kMGTPE";
	double value = (double)count;
	size_t at = 0;

	if (count < 100000) {
		format_count(text, size, count);
		return;
	}
	for (value /= 1000; value >= 999.5 && power[at + 1]; at++)
		value /= 1000;
	snprintf(text, size, "%.*f %c",
		 value < 9.995 ? 2 :
		 value < 99.95 ? 1 :
				 0,
		 value, power[at]);
}

void table_count(struct table *table, enum style style, const char *prefix, uint64_t count)
{
	struct cell *cell = next_cell(table);
	char text[UNITS_TEXT_SIZE], brief[UNITS_TEXT_SIZE];

	if (!cell)
		return;
	cell->style = style;
	format_count(text, sizeof(text), count);
	format_brief(brief, sizeof(brief), count);
	if (asprintf(&cell->text, "%s%s", prefix, text) < 0)
		cell->text = NULL;
	if (asprintf(&cell->brief, "%s%s", prefix, brief) < 0)
		cell->brief = NULL;
	if (!cell->text || !cell->brief)
		table->failed = true;
}

static void name_cell(struct table *table, enum style style, const char *name, const char *suffix,
		      bool path)
{
	struct cell *cell = next_cell(table);

	if (!cell)
		return;
	cell->style = style;
	cell->path = path;
	cell->name = strdup(name);
	cell->text = strdup(suffix);
	if (!cell->name || !cell->text)
		table->failed = true;
}

void table_name(struct table *table, enum style style, const char *name, const char *suffix)
{
	name_cell(table, style, name, suffix, false);
}

void table_path(struct table *table, enum style style, const char *path)
{
	name_cell(table, style, path, "", true);
}

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

static bool same_group(const struct table *table, size_t one, size_t other)
{
	const char *a = table->columns[one].group, *b = table->columns[other].group;

	return a && b && !strcmp(a, b);
}

/* The columns that the group starting at `at` spans, gaps included; *end: the next after it. */
static size_t group_span(const struct table *table, const struct layout *layout, size_t at,
			 size_t *end)
{
	size_t span = layout->width[at], next = shown_from(table, layout, at + 1);

	while (next < table->count && same_group(table, at, next)) {
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
	return same_group(table, at, next) ? layout->gap : layout->between;
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

void table_print(struct table *table, struct page *page)
{
	struct layout layout = { 0 };
	bool *dropped = NULL;

	if (table && !table->failed) {
		layout.width = calloc(table->count, sizeof(*layout.width));
		dropped = calloc(table->count, sizeof(*dropped));
	}
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
	table_free(table);
}

/* --- figures --- */

struct figure figure_count(uint64_t count)
{
	struct figure figure = { "" };

	format_count(figure.text, sizeof(figure.text), count);
	return figure;
}

struct figure figure_ns(uint64_t ns)
{
	struct figure figure = { DASH };

	if (ns != UINT64_MAX)
		format_ns(figure.text, sizeof(figure.text), ns);
	return figure;
}

struct figure figure_bytes(uint64_t bytes)
{
	struct figure figure = { DASH };

	if (bytes != UINT64_MAX)
		format_bytes(figure.text, sizeof(figure.text), bytes);
	return figure;
}

struct figure figure_percent(double part, double whole)
{
	struct figure figure = { DASH };

	if (whole > 0)
		format_percent(figure.text, sizeof(figure.text), 100 * part / whole);
	return figure;
}
