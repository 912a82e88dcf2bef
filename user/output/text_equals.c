// SPDX-License-Identifier: GPL-2.0
/* text_equals.c - lines of many equals, processes or tasks of one name, put together when room is short. */
#include "output/text_sections.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MANY_EQUALS 4 /* that are shown as one when room is short */

static int by_name(const void *a, const void *b)
{
	const struct text_line *x = a, *y = b;

	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	return strcmp(x->comm, y->comm);
}

static char *line_at(const struct text_lines *lines, size_t index)
{
	return (char *)lines->line + index * lines->size;
}

/* The lines from `from` on that have the same name and group. */
static size_t equals_from(const struct text_lines *lines, size_t from)
{
	size_t to = from + 1;

	while (to < lines->count && !by_name(line_at(lines, from), line_at(lines, to)))
		to++;
	return to - from;
}

/* How many lines there are when many equals are one. */
static size_t grouped(const struct text_lines *lines)
{
	size_t kept = 0, equals;

	for (size_t i = 0; i < lines->count; i += equals) {
		equals = equals_from(lines, i);
		kept += equals < MANY_EQUALS ? equals : 1;
	}
	return kept;
}

void text_line_add(const struct text_lines *lines, void *sum, const void *one)
{
	((struct text_line *)sum)->members += ((const struct text_line *)one)->members;
	lines->add(sum, one);
}

void text_group_equals(struct text_lines *lines, size_t room, size_t known)
{
	size_t kept = 0, equals;

	if (lines->count <= room)
		return;
	qsort(lines->line, lines->count, lines->size, by_name);
	if (grouped(lines) <= known) {
		qsort(lines->line, lines->count, lines->size, lines->by_rank);
		return;
	}
	for (size_t i = 0; i < lines->count; i += equals) {
		equals = equals_from(lines, i);
		if (equals < MANY_EQUALS) {
			memmove(line_at(lines, kept), line_at(lines, i), equals * lines->size);
			kept += equals;
			continue;
		}
		memmove(line_at(lines, kept), line_at(lines, i), lines->size);
		for (size_t j = 1; j < equals; j++)
			text_line_add(lines, line_at(lines, kept), line_at(lines, i + j));
		kept++;
	}
	lines->count = kept;
	qsort(lines->line, kept, lines->size, lines->by_rank);
}

void text_name_cells(struct text *text, struct table *table, const struct text_line *line,
		     uint32_t pid, uint32_t kernel_pid, uint32_t pid_of_all)
{
	char suffix[24] = "";

	if (line->members > 1)
		snprintf(suffix, sizeof(suffix), " \xc3\x97%" PRIu32, line->members);
	if (line->members > 1 && !pid_of_all) {
		table_cell(table, STYLE_PLAIN, "%s", "");
	} else if (line->members > 1) {
		table_cell(table, STYLE_DIM, "%" PRIu32, pid_of_all);
	} else if (pid && kernel_pid && kernel_pid != pid) {
		table_cell(table, STYLE_PLAIN, "%" PRIu32 " (%" PRIu32 ")", pid, kernel_pid);
	} else if (pid) {
		table_cell(table, STYLE_PLAIN, "%" PRIu32, pid);
	} else {
		table_cell(table, STYLE_DIM, DASH "%s",
			   page_note(&text->page, "its creation was not seen").text);
	}
	table_name(table, STYLE_BOLD, line->comm[0] ? line->comm : "?", suffix);
}
