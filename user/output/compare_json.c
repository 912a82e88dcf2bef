// SPDX-License-Identifier: GPL-2.0
/* compare_json.c - a comparison of runs as JSON; see compare.h. */
#include <math.h>

#include "output/compare.h"
#include "output/json_values.h"

static json_t *real(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *interval(const struct interval *interval)
{
	return json_pack("{s:o, s:o, s:o}", "point", real(interval->point), "low",
			 real(interval->low), "high", real(interval->high));
}

/* A part of a report as it is there. */
static json_t *part(const json_t *report, const char *path)
{
	json_t *value = json_deep_copy(compare_at(report, path));

	return value ?: json_null();
}

static json_t *run_object(const struct compare_run *run)
{
	const json_t *report = run->report;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "path",
			 value_text(run->path), "command", part(report, "command"), "attached_to",
			 part(report, "attached_to"), "part", part(report, "part"), "host",
			 part(report, "host"), "mode", part(report, "mode"), "complete",
			 part(report, "events.complete"), "reconciled",
			 part(report, "reconcile.ok"), "workload", part(report, "workload.level"));
}

static json_t *side_object(const struct compare_side *side)
{
	json_t *runs = json_array();

	for (size_t i = 0; i < side->runs; i++)
		value_append(&runs, run_object(&side->run[i]));
	return json_pack("{s:o, s:o}", "name", value_text(side->name), "runs", runs);
}

/* One of each run, in their order. */
static json_t *values(const struct compare_side *side, const struct compare_figure *figure)
{
	json_t *array = json_array();

	for (size_t i = 0; i < side->runs; i++)
		value_append(&array, real(figure->of(side->run[i].report, figure)));
	return array;
}

static json_t *cell_object(const struct compare *compare, size_t side,
			   const struct compare_row *row)
{
	const struct compare_cell *cell = &row->cell[side];
	json_t *against = !side ? json_null() :
				  json_pack("{s:o, s:s, s:s?}", "ratio", interval(&cell->ratio),
					    "it_is", stats_verdict_name(cell->verdict),
					    "no_interval_because", cell->lacks);

	return json_pack("{s:o, s:o, s:o}", "median", interval(&cell->median), "values",
			 values(&compare->side[side], row->figure), "against_first", against);
}

static json_t *row_object(const struct compare *compare, const struct compare_row *row)
{
	json_t *sides = json_array();

	for (size_t i = 0; i < compare->sides; i++)
		value_append(&sides, cell_object(compare, i, row));
	return json_pack("{s:s, s:s, s:s, s:s, s:o}", "figure", row->figure->key, "group",
			 row->figure->group, "label", row->figure->label, "unit",
			 compare_unit_name(row->figure->unit), "sides", sides);
}

json_t *compare_json(const struct compare *compare, const char *version)
{
	json_t *sides = json_array(), *figures = json_array(), *remarks = json_array();

	for (size_t i = 0; i < compare->sides; i++)
		value_append(&sides, side_object(&compare->side[i]));
	for (size_t i = 0; i < compare->rows; i++)
		value_append(&figures, row_object(compare, &compare->row[i]));
	for (size_t i = 0; i < compare->remarks; i++)
		value_append(&remarks, value_text(compare->remark[i]));
	return json_pack("{s:s, s:{s:s}, s:o, s:o, s:o, s:o, s:o}", "schema", "tasktax.compare/1",
			 "tool", "version", version, "sides", sides, "remarks", remarks, "figures",
			 figures, "judged", value_count(compare->judged), "told_apart",
			 value_count(compare->told_apart));
}
