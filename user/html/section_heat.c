// SPDX-License-Identifier: GPL-2.0
/* section_heat.c - who switches with whom, as a matrix of names that is the darker the more often. */
#include <math.h>
#include <string.h>

#include "html/sections.h"

#define NAMES 14 /* with a row and a column of their own; the others share the last */
#define HEATS 10 /* that page.css knows */

struct name {
	const char *comm;
	bool foreign;
};

struct cell {
	uint64_t count, of_level[ROW_WITH_VIA];
};

struct heat {
	struct name name[NAMES];
	size_t names;
	bool others; /* there are more */
	struct cell cell[NAMES + 1][NAMES + 1];
	uint64_t most;
};

/* --- the matrix --- */

static size_t find(const struct heat *heat, const char *comm, bool foreign)
{
	size_t at = 0;

	while (at < heat->names &&
	       (strcmp(heat->name[at].comm, comm) != 0 || heat->name[at].foreign != foreign))
		at++;
	return at;
}

/* The pairs come by count, so the first names are those of the most frequent pairs. */
static void add_name(struct heat *heat, const char *comm, bool foreign)
{
	if (find(heat, comm, foreign) == heat->names && heat->names < NAMES)
		heat->name[heat->names++] = (struct name){ .comm = comm, .foreign = foreign };
}

static void fill(struct heat *heat, const struct report *report)
{
	for (size_t i = 0; i < report->name_pair_count; i++) {
		add_name(heat, report->name_pairs[i].next, false);
		add_name(heat, report->name_pairs[i].prev, report->name_pairs[i].prev_foreign);
	}
	for (size_t i = 0; i < report->name_pair_count; i++) {
		const struct name_pair *pair = &report->name_pairs[i];
		size_t from = find(heat, pair->prev, pair->prev_foreign);
		size_t to = find(heat, pair->next, false);
		struct cell *cell = &heat->cell[from][to];

		heat->others |= from == heat->names || to == heat->names;
		cell->count += pair->count;
		cell->of_level[pair->level % ROW_WITH_VIA] += pair->count;
		if (cell->count > heat->most)
			heat->most = cell->count;
	}
}

/* --- as a table --- */

static void put_name(const struct heat *heat, FILE *out, size_t at)
{
	const struct name *name = &heat->name[at];

	if (at == heat->names)
		fputs("others", out);
	else if (!name->comm[0])
		fputs("(unnamed)", out);
	else
		html_foreign(out, name->comm);
	if (at < heat->names && name->foreign)
		fputs(" (foreign)", out);
}

/* By the logarithm: one hot pair must not hide all others. */
static unsigned int heat_of(uint64_t count, uint64_t most)
{
	double share = log((double)count + 1) / log((double)most + 1);

	return 1 + (unsigned int)(share * (HEATS - 1));
}

static enum row_level level_of_most(const struct cell *cell)
{
	enum row_level most = ROW_THREAD;

	for (int level = 0; level < ROW_WITH_VIA; level++)
		if (cell->of_level[level] > cell->of_level[most])
			most = (enum row_level)level;
	return most;
}

static void put_cell(const struct heat *heat, FILE *out, const struct cell *cell)
{
	const char *before = "";

	if (!cell->count) {
		fputs("<td></td>", out);
		return;
	}
	fprintf(out, "<td class=\"%s h%u\" title=\"", level_colour(level_of_most(cell)),
		heat_of(cell->count, heat->most));
	for (int level = 0; level < ROW_WITH_VIA; level++) {
		if (!cell->of_level[level])
			continue;
		fprintf(out, "%s%s %s", before, row_level_name((enum row_level)level),
			figure_count(cell->of_level[level]).text);
		before = ", ";
	}
	fprintf(out, "\">%s</td>", figure_count(cell->count).text);
}

/* A foreign task is no target, so nothing is switched to it here. */
static bool has_column(const struct heat *heat, size_t at)
{
	return at == heat->names || !heat->name[at].foreign;
}

static void put_table(const struct heat *heat, FILE *out)
{
	size_t count = heat->names + heat->others;

	fputs("<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"table\">"
	      "<table class=\"heat\">\n<thead><tr><th scope=\"col\" class=\"left\">from "
	      "\xe2\x86\x93 "
	      "to \xe2\x86\x92</th>",
	      out);
	for (size_t to = 0; to < count; to++) {
		if (!has_column(heat, to))
			continue;
		fputs("<th scope=\"col\">", out);
		put_name(heat, out, to);
		fputs("</th>", out);
	}
	fputs("</tr></thead>\n<tbody>\n", out);
	for (size_t from = 0; from < count; from++) {
		fputs("<tr><th scope=\"row\" class=\"left\">", out);
		put_name(heat, out, from);
		fputs("</th>", out);
		for (size_t to = 0; to < count; to++)
			if (has_column(heat, to))
				put_cell(heat, out, &heat->cell[from][to]);
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
}

void section_heat(struct html *html, const struct report *report)
{
	struct heat heat = { .names = 0 };

	if (!report->name_pair_count)
		return;
	fill(&heat, report);
	html_explain(html,
		     "Row: the last program on the CPU; column: the one that came. The darker, "
		     "the more often; the colour is that of the level of most of them.");
	put_table(&heat, html->body);
}
