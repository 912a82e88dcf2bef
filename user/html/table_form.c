// SPDX-License-Identifier: GPL-2.0
/* table_form.c - a table of output/table.h as elements: titles in groups, a head for each row; part of form_html. */
#include <string.h>

#include "html/table_form.h"

#include "html/html.h"

static bool has_groups(const struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->columns[i].group)
			return true;
	return false;
}

static void put_groups(FILE *out, const struct table *table)
{
	size_t end;

	fputs("<tr>", out);
	for (size_t at = 0; at < table->count; at = end) {
		for (end = at + 1; end < table->count && table_same_group(table, at, end);)
			end++;
		if (!table->columns[at].group) {
			fputs("<td></td>", out);
			continue;
		}
		fprintf(out, "<th scope=\"colgroup\" colspan=\"%zu\">", end - at);
		html_escape(out, table->columns[at].group);
		fputs("</th>", out);
	}
	fputs("</tr>\n", out);
}

static void put_titles(FILE *out, const struct table *table)
{
	fputs("<tr>", out);
	for (size_t i = 0; i < table->count; i++) {
		const struct table_column *column = &table->columns[i];

		if (!*column->title) {
			fputs("<td></td>", out);
			continue;
		}
		fprintf(out, "<th scope=\"col\"%s>", column->left ? " class=\"left\"" : "");
		html_escape(out, column->title);
		fputs("</th>", out);
	}
	fputs("</tr>\n", out);
}

static void put_cell(FILE *out, const struct cell *cell, bool left, bool head)
{
	const char *class = html_class(cell->style);

	fputs(head ? "<th scope=\"row\"" : "<td", out);
	if (left || class)
		fprintf(out, " class=\"%s%s%s\"", left ? "left" : "", left && class ? " " : "",
			class ? class : "");
	fputc('>', out);
	if (cell->name)
		html_foreign(out, cell->name);
	if (cell->text)
		html_escape(out, cell->text);
	fputs(head ? "</th>" : "</td>", out);
}

/* The first column with words says what a row is of; where there is none, the first. */
static size_t head_of(const struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->columns[i].left)
			return i;
	return 0;
}

static void put_row(FILE *out, const struct table *table, size_t row, bool after_rule)
{
	const struct cell *cells = &table->cells[row * table->count];
	size_t head = head_of(table);

	fputs(after_rule ? "<tr class=\"rule\">" : "<tr>", out);
	for (size_t i = 0; i < table->count; i++)
		put_cell(out, &cells[i], table->columns[i].left, i == head);
	fputs("</tr>\n", out);
}

void html_table(struct page *page, const struct table *table)
{
	FILE *out = page->out;
	bool rule = false;

	fputs("<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"table\">"
	      "<table>\n<thead>\n",
	      out);
	if (has_groups(table))
		put_groups(out, table);
	put_titles(out, table);
	fputs("</thead>\n<tbody>\n", out);
	for (size_t row = 0; row < table->rows; row++) {
		if (!table->rule[row])
			put_row(out, table, row, rule);
		rule = table->rule[row];
	}
	fputs("</tbody>\n</table></div>\n", out);
}
