// SPDX-License-Identifier: GPL-2.0
/* table.c - what stands on a page: headings, paragraphs, footnotes and tables, in no form yet; see table.h, form.h. */
#include "output/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "output/form.h"

/* --- the page --- */

void page_init(struct page *page, FILE *out, unsigned int width, bool colour)
{
	memset(page, 0, sizeof(*page));
	page->form = &form_terminal;
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
	page->form->blank(page);
}

void page_heading(struct page *page, const char *title, enum style style, const char *format, ...)
{
	va_list arguments;
	char *words;

	va_start(arguments, format);
	if (vasprintf(&words, format, arguments) < 0)
		words = NULL;
	va_end(arguments);
	if (words)
		page->form->heading(page, title, style, words);
	page->failed |= !words;
	page->begun = true;
	free(words);
}

void page_text(struct page *page, enum style style, unsigned int indent, unsigned int hang,
	       const char *format, ...)
{
	va_list arguments;
	char *words;

	va_start(arguments, format);
	if (vasprintf(&words, format, arguments) < 0)
		words = NULL;
	va_end(arguments);
	if (words)
		page->form->text(page, style, indent, hang, words);
	page->failed |= !words;
	free(words);
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
		page_text(page, STYLE_DIM, 2, 4, "%s %s", raised(page->notes_shown + 1).text,
			  page->note[page->notes_shown]);
}

/* --- tables --- */

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

bool table_same_group(const struct table *table, size_t one, size_t other)
{
	const char *a = table->columns[one].group, *b = table->columns[other].group;

	return a && b && !strcmp(a, b);
}

void table_print(struct table *table, struct page *page)
{
	if (!table || table->failed)
		page->failed = true;
	else
		page->form->table(page, table);
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
