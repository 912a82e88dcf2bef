// SPDX-License-Identifier: GPL-2.0
/*
 * lab_page.c - the claims that the lab put to the test: all of them in a table and as intervals on one axis, then each
 * experiment with its figures as curves; see lab_page.h.
 */
#include "html/lab_page.h"

#include <errno.h>
#include <math.h>

#include "base/quote.h"
#include "html/chart.h"
#include "html/ratios.h"
#include "lab/readings.h"
#include "output/lab.h"

#define LOG_FROM \
	20 /* from this ratio of the largest value to the least on, the axis is logarithmic */

static struct figure value_words(enum lab_unit unit, double value)
{
	struct figure words = { DASH };

	if (isfinite(value))
		lab_value_words(unit, value, words.text, sizeof(words.text));
	return words;
}

static bool was_run(const struct lab_result *result)
{
	return result->sweep.done >= LAB_FEWEST;
}

/* --- all claims --- */

/* The only step, or those where the headline is largest and smallest: at most two, and how many. */
static size_t telling_steps(const struct lab_result *result, const struct lab_series **telling)
{
	size_t headline = result->experiment->rules.headline;
	const struct lab_series *least, *most;

	if (!was_run(result) || result->experiment->rules.figures[headline].by_difference)
		return 0;
	most = lab_extreme(&result->sweep, headline, true);
	least = lab_extreme(&result->sweep, headline, false);
	telling[0] = most;
	telling[1] = least;
	return most ? 1 + (least && least != most) : 0;
}

static const struct interval *headline_of(const struct lab_result *result,
					  const struct lab_series *series)
{
	return &series->comparison.row[result->experiment->rules.headline].comparison.ratio;
}

static void put_telling(struct html *html, const struct lab_result *result)
{
	const struct lab_series *telling[2];
	size_t rows = telling_steps(result, telling);
	char suffix[64];

	for (size_t i = 0; i < rows; i++) {
		const char *label = telling[i]->step.label;

		snprintf(suffix, sizeof(suffix), "%s%.40s", label[0] ? ": " : "", label);
		ratios_row(html, result->experiment->name, suffix, headline_of(result, telling[i]));
	}
}

static void all_ratios(struct html *html, const struct lab_result *results, size_t count)
{
	const struct lab_series *telling[2];
	size_t rows = 0;

	for (size_t i = 0; i < count; i++)
		rows += telling_steps(&results[i], telling);
	if (!rows)
		return;
	ratios_begin(
		html, "Process against thread.", "process / thread, of what the claim is about",
		"A point is the ratio, its whiskers the 95 % interval: where they are clear of "
		"the line at 1, the two differ. Of several steps those with the largest and the "
		"smallest ratio are shown.");
	for (size_t i = 0; i < count; i++)
		put_telling(html, &results[i]);
	ratios_end(html);
}

static enum style verdict_style(enum lab_verdict verdict)
{
	return verdict == LAB_SUPPORTED				   ? STYLE_GOOD :
	       verdict == LAB_CONTRADICTED || verdict == LAB_MIXED ? STYLE_BAD :
								     STYLE_WARN;
}

static void claims(struct page *page, const struct lab_result *results, size_t count)
{
	static const struct table_column columns[] = {
		{ .title = "experiment", .left = true },
		{ .title = "claim", .left = true },
		{ .title = "here", .left = true },
		{ .title = "decided by", .left = true },
		{ .title = "rounds" },
	};
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; i < count; i++) {
		const struct experiment *experiment = results[i].experiment;
		enum lab_verdict verdict = results[i].sweep.verdict;

		table_row(table);
		table_cell(table, STYLE_BOLD, "%s", experiment->name);
		table_cell(table, STYLE_PLAIN, "%s", experiment->claim);
		table_cell(table, verdict_style(verdict), "%s",
			   was_run(&results[i]) ? lab_verdict_words(verdict) : "not run");
		table_cell(table, STYLE_PLAIN, "%s",
			   experiment->rules.figures[experiment->rules.headline].label);
		table_count(table, STYLE_PLAIN, "", results[i].sweep.done);
	}
	table_print(table, page);
}

/* --- one experiment --- */

static enum chart_unit unit_of(enum lab_unit unit)
{
	static const enum chart_unit units[] = { [LAB_NS] = CHART_NS,
						 [LAB_BYTES] = CHART_BYTES,
						 [LAB_PER_SECOND] = CHART_COUNT,
						 [LAB_NS_SIGNED] = CHART_NS,
						 [LAB_PERCENT] = CHART_PERCENT,
						 [LAB_COUNT] = CHART_COUNT };

	return units[unit];
}

/* Whether every value is positive, and the largest so much more than the least. */
static bool spans_much(const struct lab_sweep *sweep, size_t figure)
{
	double least = INFINITY, most = 0;

	for (size_t i = 0; i < sweep->steps; i++) {
		for (int form = 0; form < LAB_FORMS; form++) {
			double value = lab_point(&sweep->series[i], form, figure);

			if (!isfinite(value))
				continue;
			least = fmin(least, value);
			most = fmax(most, value);
		}
	}
	return least > 0 && most / least > LOG_FROM;
}

static void step_row(struct html *html, const struct lab_series *series, size_t figure,
		     enum lab_unit unit)
{
	const struct lab_row *row = &series->comparison.row[figure];

	chart_row_name(html, series->step.label, "");
	for (int form = 0; form < LAB_FORMS; form++) {
		chart_value(html, row->form[form].point,
			    value_words(unit, row->form[form].point).text);
		chart_value(html, row->form[form].low, value_words(unit, row->form[form].low).text);
		chart_value(html, row->form[form].high,
			    value_words(unit, row->form[form].high).text);
	}
}

static void curve(struct html *html, const struct lab_result *result, size_t index)
{
	const struct lab_figure *figure = &result->experiment->rules.figures[index];
	enum chart_unit unit = unit_of(figure->unit);
	char title[80];
	const struct chart_column columns[] = {
		{ .title = result->experiment->swept ?: "step" },
		{ .title = lab_form_name(LAB_PROCESS), .colour = "process", .unit = unit },
		{ .title = "low", .unit = unit },
		{ .title = "high", .unit = unit },
		{ .title = lab_form_name(LAB_THREAD), .colour = "thread", .unit = unit },
		{ .title = "low", .unit = unit },
		{ .title = "high", .unit = unit },
	};
	const struct chart chart = { .kind = CHART_STEPS,
				     .title = title,
				     .x = result->experiment->swept,
				     .y_log = spans_much(&result->sweep, index),
				     .joined = result->experiment->swept,
				     .columns = columns,
				     .count = 7 };

	snprintf(title, sizeof(title), "%s.", figure->label);
	chart_begin(html, &chart,
		    index == result->experiment->rules.headline ?
			    "Medians with their 95 % intervals. This figure decides." :
			    "Medians with their 95 % intervals.");
	for (size_t i = 0; i < result->sweep.steps; i++)
		if (!result->sweep.series[i].step.skipped[0])
			step_row(html, &result->sweep.series[i], index, figure->unit);
	chart_end(html);
}

static bool has_points(const struct lab_sweep *sweep, size_t figure)
{
	for (size_t i = 0; i < sweep->steps; i++)
		for (int form = 0; form < LAB_FORMS; form++)
			if (!sweep->series[i].step.skipped[0] &&
			    isfinite(lab_point(&sweep->series[i], form, figure)))
				return true;
	return false;
}

static void curves(struct html *html, const struct lab_result *result)
{
	const struct lab_rules *rules = &result->experiment->rules;

	for (size_t i = 0; i < rules->figure_count; i++)
		if (rules->figures[i].label && has_points(&result->sweep, i))
			curve(html, result, i);
}

/* The only step: its ratios on one axis. */
static void ratios(struct html *html, const struct lab_result *result)
{
	const struct lab_rules *rules = &result->experiment->rules;
	bool begun = false;

	for (size_t i = 0; i < rules->figure_count; i++) {
		const struct interval *ratio =
			&result->sweep.series[0].comparison.row[i].comparison.ratio;

		if (!rules->figures[i].label || !isfinite(ratio->low))
			continue;
		if (!begun)
			ratios_begin(html, "Ratios with their 95 % intervals.", "process / thread",
				     "The line at 1 is where the two do not differ.");
		begun = true;
		ratios_row(html, rules->figures[i].label, "", ratio);
	}
	if (begun)
		ratios_end(html);
}

static void experiment(struct html *html, struct page *page, const struct lab_result *result,
		       const struct features *host)
{
	html->level = 2;
	lab_sections(result, host, page);
	if (result->sweep.steps > 1)
		curves(html, result);
	else
		ratios(html, result);
}

/* --- the page --- */

static void head(struct page *page, const struct features *host)
{
	page_heading(page, "tasktax lab", STYLE_BOLD, "Linux %s %s, %s, %u CPU%s",
		     quote_string(host->release).text, quote_string(host->arch).text,
		     quote_string(host->cpu_model).text, host->cpus_online,
		     host->cpus_online == 1 ? "" : "s");
}

int html_lab(const struct lab_result *results, size_t count, const struct features *host, FILE *out)
{
	struct html html;
	struct page page;
	int err = html_begin(&html);

	if (err)
		return err;
	html_page(&html, &page);
	head(&page, host);
	html_explain(&html,
		     "Claims about processes and threads, put to the test on this machine: "
		     "the same work was done both ways, in interleaved rounds. A ratio above "
		     "1 means that the process has more of it.");
	html_heading(&html, "claims");
	claims(&page, results, count);
	all_ratios(&html, results, count);
	html.deepest = 3; /* what an experiment found is part of its section */
	for (size_t i = 0; i < count; i++)
		if (was_run(&results[i]))
			experiment(&html, &page, &results[i], host);
	html_finish_page(&html, &page);
	return html_end(&html, out, "tasktax lab");
}
