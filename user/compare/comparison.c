// SPDX-License-Identifier: GPL-2.0
/* comparison.c - see comparison.h. */
#include "compare/comparison.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- sides --- */

struct compare_side *compare_add_side(struct compare *compare, const char *name)
{
	struct compare_side *side;

	if (compare->sides == COMPARE_SIDES)
		return NULL;
	side = &compare->side[compare->sides];
	side->name = strdup(name);
	if (!side->name)
		return NULL;
	compare->sides++;
	return side;
}

int compare_add_run(struct compare_side *side, const char *path, json_t *report)
{
	struct compare_run *run = NULL;
	int err = side->runs == COMPARE_RUNS ? -E2BIG : 0;

	if (!err)
		run = reallocarray(side->run, side->runs + 1, sizeof(*run));
	if (!run) {
		json_decref(report);
		return err ?: -ENOMEM;
	}
	side->run = run;
	run[side->runs++] = (struct compare_run){ path, report };
	return 0;
}

void compare_free(struct compare *compare)
{
	for (size_t i = 0; i < compare->sides; i++) {
		for (size_t run = 0; run < compare->side[i].runs; run++)
			json_decref(compare->side[i].run[run].report);
		free(compare->side[i].run);
		free(compare->side[i].name);
	}
	for (size_t i = 0; i < compare->remarks; i++)
		free(compare->remark[i]);
	memset(compare, 0, sizeof(*compare));
}

/* --- figures --- */

/* Those of the runs that have it. */
struct values {
	double *value;
	size_t count;
};

static int read_values(const struct compare_side *side, const struct compare_figure *figure,
		       struct values *values)
{
	values->count = 0;
	values->value = calloc(side->runs + 1, sizeof(*values->value));
	if (!values->value)
		return -ENOMEM;
	for (size_t i = 0; i < side->runs; i++) {
		double value = figure->of(side->run[i].report, figure);

		if (isfinite(value))
			values->value[values->count++] = value;
	}
	return 0;
}

static bool have_zero(const struct values *values)
{
	for (size_t i = 0; i < values->count; i++)
		if (values->value[i] == 0)
			return true;
	return false;
}

/*
 * Where there is no ratio, since some value is 0, the ranks still tell whether one side has more: they do not change when
 * 1 is added to every value.
 */
static int compare_ranks(const struct values *mine, const struct values *first,
			 struct compare_cell *cell)
{
	struct interval moved;
	int err;

	for (size_t i = 0; i < mine->count; i++)
		mine->value[i] += 1;
	for (size_t i = 0; i < first->count; i++)
		first->value[i] += 1;
	err = stats_ratio_unpaired(mine->value, mine->count, first->value, first->count, &moved);
	for (size_t i = 0; i < first->count; i++) /* the other sides need them */
		first->value[i] -= 1;
	cell->verdict = stats_verdict(&moved).verdict;
	cell->lacks = "a ratio takes values above 0";
	return err == -ENOMEM ? err : 0;
}

/* What the ratio of this side to the first says. 0 or -ENOMEM. */
static int compare_cells(const struct values *mine, const struct values *first,
			 struct compare_cell *cell)
{
	int err;

	if (!mine->count || !first->count) {
		cell->lacks = "it is not known of both";
		return 0;
	}
	if (have_zero(mine) || have_zero(first))
		return compare_ranks(mine, first, cell);
	err = stats_ratio_unpaired(mine->value, mine->count, first->value, first->count,
				   &cell->ratio);
	if (err == -ENOMEM)
		return err;
	cell->verdict = stats_verdict(&cell->ratio).verdict;
	cell->lacks = err ? "an interval takes 4 runs of each (or 3 and 5)" : NULL;
	return 0;
}

static int fill_row(const struct compare *compare, struct compare_row *row, bool *wanted)
{
	struct values first = { 0 }, mine;
	int err = read_values(&compare->side[0], row->figure, &first);

	*wanted = false;
	for (size_t i = 0; !err && i < compare->sides; i++) {
		struct compare_cell *cell = &row->cell[i];

		*cell = (struct compare_cell){ .median = { NAN, NAN, NAN },
					       .ratio = { NAN, NAN, NAN } };
		err = read_values(&compare->side[i], row->figure, &mine);
		if (err)
			break;
		cell->known = mine.count;
		stats_median_interval(mine.value, mine.count, &cell->median);
		*wanted |= isfinite(cell->median.point) && cell->median.point != 0;
		if (i)
			err = compare_cells(&mine, &first, cell);
		free(mine.value);
	}
	free(first.value);
	return err;
}

static void count_verdicts(struct compare *compare, const struct compare_row *row)
{
	for (size_t i = 1; i < compare->sides; i++) {
		compare->judged += row->cell[i].verdict != VERDICT_UNKNOWN;
		compare->told_apart += row->cell[i].verdict == VERDICT_LOWER ||
				       row->cell[i].verdict == VERDICT_HIGHER;
	}
}

const char *compare_words(const struct compare_cell *cell)
{
	switch (cell->verdict) {
	case VERDICT_HIGHER:
		return "higher";
	case VERDICT_LOWER:
		return "lower";
	case VERDICT_NO_DIFFERENCE:
		return "not different";
	default:
		return "\xe2\x80\x93";
	}
}

/* --- remarks --- */

static int remark(struct compare *compare, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int remark(struct compare *compare, const char *format, ...)
{
	va_list arguments;
	int length;
	char *text;

	if (compare->remarks == COMPARE_REMARKS)
		return 0;
	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0)
		return -ENOMEM;
	compare->remark[compare->remarks++] = text;
	return 0;
}

/* A value as one would say it. */
static char *say(const json_t *value)
{
	if (json_is_string(value))
		return strdup(json_string_value(value));
	if (!value || json_is_null(value))
		return strdup("not known");
	return json_dumps(value, JSON_ENCODE_ANY);
}

/* What must be alike for figures to be comparable: the first run that differs from the first of all is named. */
static int compare_settings(struct compare *compare, const char *what, const char *path)
{
	const json_t *first = compare_at(compare->side[0].run[0].report, path);

	for (size_t i = 0; i < compare->sides; i++) {
		for (size_t run = 0; run < compare->side[i].runs; run++) {
			const json_t *other = compare_at(compare->side[i].run[run].report, path);
			char *here, *there;
			int err;

			if (first == other || json_equal(first, other))
				continue;
			here = say(first);
			there = say(other);
			err = here && there ? remark(compare, "%s differs: %s, but %s in %s", what,
						     here, there, compare->side[i].run[run].path) :
					      -ENOMEM;
			free(here);
			free(there);
			return err;
		}
	}
	return 0;
}

/* How many runs of a side a report says this of. */
static size_t count_runs(const struct compare_side *side, const char *path, bool wanted)
{
	size_t count = 0;

	for (size_t i = 0; i < side->runs; i++)
		count += json_is_true(compare_at(side->run[i].report, path)) == wanted;
	return count;
}

static int check_side(struct compare *compare, const struct compare_side *side)
{
	size_t lossy = count_runs(side, "events.complete", false);
	size_t off = count_runs(side, "reconcile.ok", false);
	int err = 0;

	if (lossy)
		err = remark(compare,
			     "%s: %zu of %zu runs lost events: what is counted is at least so much",
			     side->name, lossy, side->runs);
	if (!err && off > lossy)
		err = remark(compare,
			     "%s: in %zu of %zu runs not all agrees with the kernel's counters, or "
			     "was read",
			     side->name, off, side->runs);
	return err;
}

static int remark_all(struct compare *compare)
{
	static const char *const alike[][2] = {
		{ "the kernel", "host.kernel" },
		{ "the processor", "host.model" },
		{ "the number of CPUs", "host.cpus" },
		{ "the mode", "mode" },
		{ "what ends the direct cost", "direct_end" },
		{ "what ends a fault", "fault_end" },
		{ "tasktax", "tool.version" },
	};
	int err = 0;

	for (size_t i = 0; !err && i < compare->sides; i++)
		err = check_side(compare, &compare->side[i]);
	for (size_t i = 0; !err && i < sizeof(alike) / sizeof(alike[0]); i++)
		err = compare_settings(compare, alike[i][0], alike[i][1]);
	return err;
}

int compare_make(struct compare *compare)
{
	int err = 0;

	for (size_t i = 0; !err && compare_figures[i].key; i++) {
		struct compare_row *row = &compare->row[compare->rows];
		bool wanted = false;

		row->figure = &compare_figures[i];
		err = fill_row(compare, row, &wanted);
		if (err || !wanted)
			continue;
		compare->rows++;
		count_verdicts(compare, row);
	}
	return err ?: remark_all(compare);
}
