// SPDX-License-Identifier: GPL-2.0
/* lab.c - the outcome of an experiment as text; see lab.h. */
#include "output/lab.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/quote.h"
#include "lab/readings.h"
#include "output/table.h"

static struct figure value_text(enum lab_unit unit, double value)
{
	struct figure text = { "" };

	lab_value_words(unit, value, text.text, sizeof(text.text));
	return text;
}

/* A difference with its sign. */
static struct figure signed_text(enum lab_unit unit, double value)
{
	struct figure text = value_text(unit == LAB_NS_SIGNED ? LAB_NS : unit, fabs(value));
	struct figure with_sign;

	snprintf(with_sign.text, sizeof(with_sign.text), "%s%.60s",
		 value < 0 ? "-" :
		 value > 0 ? "+" :
			     "",
		 text.text);
	return with_sign;
}

/* ---- the tables ---- */

/* Why this row, or its ratio, is not known. */
static struct mark row_mark(struct page *page, const struct lab_result *result,
			    const struct lab_row *row, const struct lab_figure *figure)
{
	const struct lab_settings *settings = &result->settings;
	char lacks[96];

	if (row->comparison.verdict != VERDICT_UNKNOWN)
		return (struct mark){ "" };
	if (!row->rounds && figure->needs_trace && settings->no_trace)
		return page_note(page, "not traced: %s", settings->no_trace);
	if (!row->rounds && figure->needs_trace && settings->no_direct)
		return page_note(page, "%s", settings->no_direct);
	return page_note(page, "%s", lab_row_lacks(row, lacks, sizeof(lacks)));
}

/* Process over thread, or where one may be 0, their difference. */
static void comparison_cells(struct table *table, const struct lab_figure *figure,
			     const struct lab_row *row, enum style style, struct mark mark)
{
	const struct interval *ratio = &row->comparison.ratio, *by = &row->difference;
	int digits = lab_ratio_digits(ratio);

	if (figure->by_difference && isfinite(by->low)) {
		table_cell(table, style, "%s", signed_text(figure->unit, by->point).text);
		table_cell(table, style, "%s to %s", signed_text(figure->unit, by->low).text,
			   signed_text(figure->unit, by->high).text);
	} else if (isfinite(ratio->low)) {
		table_cell(table, style, "%.*f", digits, ratio->point);
		table_cell(table, style, "%.*f to %.*f", digits, ratio->low, digits, ratio->high);
	} else {
		table_cell(table, style, isfinite(ratio->point) ? "%.*f" : DASH, digits,
			   ratio->point);
		table_cell(table, style, DASH "%s", mark.text);
	}
}

/* A row's cells after its title. */
static void row_cells(struct table *table, struct page *page, const struct lab_result *result,
		      const struct lab_series *series, size_t index)
{
	const struct lab_figure *figure = &result->experiment->rules.figures[index];
	const struct lab_row *row = &series->comparison.row[index];
	enum style style = index == result->experiment->rules.headline ? STYLE_BOLD : STYLE_PLAIN;
	struct mark mark = row_mark(page, result, row, figure), none = { "" };
	char words[64];

	table_cell(table, STYLE_PROCESS, "%s%s",
		   value_text(figure->unit, row->form[LAB_PROCESS].point).text,
		   (row->rounds ? none : mark).text);
	table_cell(table, STYLE_THREAD, "%s%s",
		   value_text(figure->unit, row->form[LAB_THREAD].point).text,
		   (row->rounds ? none : mark).text);
	comparison_cells(table, figure, row, style, row->rounds ? mark : none);
	table_cell(table, style, "%s", lab_row_words(row, words, sizeof(words)));
}

/* The columns outlive the table. */
static struct table *new_table(bool by_difference)
{
	static const struct table_column ratio[] = {
		{ .title = "", .left = true },
		{ .group = "median", .title = "process" },
		{ .group = "median", .title = "thread" },
		{ .group = "process / thread", .title = "ratio" },
		{ .group = "process / thread", .title = "95 % interval" },
		{ .title = "process is", .left = true },
	};
	static const struct table_column difference[] = {
		{ .title = "", .left = true },
		{ .group = "median", .title = "process" },
		{ .group = "median", .title = "thread" },
		{ .group = "process - thread", .title = "by" },
		{ .group = "process - thread", .title = "95 % interval" },
		{ .title = "process is", .left = true, .drop = 1 }, /* the interval says it too */
	};

	return table_new(by_difference ? difference : ratio, sizeof(ratio) / sizeof(ratio[0]));
}

/* Every figure of the only step. */
static void figures(const struct lab_result *result, struct page *page)
{
	const struct lab_rules *rules = &result->experiment->rules;
	struct table *table = new_table(false);

	for (size_t i = 0; i < rules->figure_count; i++) {
		if (!rules->figures[i].label)
			continue;
		table_row(table);
		table_cell(table, i == rules->headline ? STYLE_BOLD : STYLE_PLAIN, "%s",
			   rules->figures[i].label);
		row_cells(table, page, result, &result->sweep.series[0], i);
	}
	table_print(table, page);
	page_notes(page);
}

/* The name of a step's row, with its sides where they are called otherwise. */
static void step_cell(struct table *table, const struct lab_step *step)
{
	if (step->side[LAB_PROCESS] || step->side[LAB_THREAD])
		table_cell(table, STYLE_PLAIN, "%s%s%s : %s", step->label,
			   step->label[0] ? ", " : "", lab_side_name(step, LAB_PROCESS),
			   lab_side_name(step, LAB_THREAD));
	else
		table_cell(table, STYLE_PLAIN, "%s", step->label);
}

/* One figure over all steps. */
static void series(const struct lab_result *result, size_t figure, struct page *page)
{
	const struct lab_rules *rules = &result->experiment->rules;
	struct table *table = new_table(rules->figures[figure].by_difference);

	page_heading(page, rules->figures[figure].label,
		     figure == rules->headline ? STYLE_BOLD : STYLE_PLAIN, "%s",
		     figure == rules->headline ? "(decides)" : "");
	for (size_t i = 0; i < result->sweep.steps; i++) {
		if (result->sweep.series[i].step.skipped[0])
			continue;
		table_row(table);
		step_cell(table, &result->sweep.series[i].step);
		row_cells(table, page, result, &result->sweep.series[i], figure);
	}
	table_print(table, page);
	page_notes(page);
}

/* ---- the picture: a bar for each side of each step ---- */

#define BAR_COLUMNS 40

/* So long that the largest value of all takes BAR_COLUMNS; eighths of a column by their own signs. */
static void bar(struct table *table, enum style style, double value, double most)
{
	static const char *const eighth[] = { "",
					      "\xe2\x96\x8f",
					      "\xe2\x96\x8e",
					      "\xe2\x96\x8d",
					      "\xe2\x96\x8c",
					      "\xe2\x96\x8b",
					      "\xe2\x96\x8a",
					      "\xe2\x96\x89" };
	char text[3 * (BAR_COLUMNS + 1) + 1] = "";
	size_t used = 0;
	unsigned int eighths;

	if (!isfinite(value) || value <= 0 || most <= 0) {
		table_cell(table, style, "%s", "");
		return;
	}
	eighths = (unsigned int)llround(value / most * BAR_COLUMNS * 8);
	for (unsigned int i = 0; i < eighths / 8; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "\xe2\x96\x88");
	snprintf(text + used, sizeof(text) - used, "%s", eighth[eighths % 8]);
	table_cell(table, style, "%s", text);
}

static double largest(const struct lab_sweep *sweep, size_t figure)
{
	double most = 0;

	for (size_t i = 0; i < sweep->steps; i++)
		for (int form = 0; form < LAB_FORMS; form++)
			most = fmax(most, lab_point(&sweep->series[i], form, figure));
	return most;
}

static void picture(const struct lab_result *result, struct page *page)
{
	static const struct table_column columns[] = {
		{ .title = "", .left = true },
		{ .title = "", .left = true },
		{ .title = "", .left = true },
		{ .title = "" },
	};
	const struct lab_rules *rules = &result->experiment->rules;
	const struct lab_figure *figure = &rules->figures[rules->headline];
	double most = largest(&result->sweep, rules->headline);
	struct table *table;

	if (most <= 0)
		return;
	page_heading(page, figure->label, STYLE_BOLD, "as a picture");
	table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < 2 * result->sweep.steps; i++) {
		const struct lab_series *series = &result->sweep.series[i / 2];
		enum lab_form form = i % 2 ? LAB_THREAD : LAB_PROCESS;
		enum style style = form == LAB_PROCESS ? STYLE_PROCESS : STYLE_THREAD;
		double value = lab_point(series, form, rules->headline);

		if (series->step.skipped[0])
			continue;
		table_row(table);
		table_cell(table, STYLE_PLAIN, "%s", form == LAB_PROCESS ? series->step.label : "");
		table_cell(table, style, "%s", lab_side_name(&series->step, form));
		bar(table, style, value, most);
		table_cell(table, STYLE_PLAIN, "%s", value_text(figure->unit, value).text);
	}
	table_print(table, page);
}

static void skipped(const struct lab_sweep *sweep, struct page *page)
{
	for (size_t i = 0; i < sweep->steps; i++)
		if (sweep->series[i].step.skipped[0])
			page_heading(page, "Skipped:", STYLE_WARN, "%s: %s",
				     sweep->series[i].step.label, sweep->series[i].step.skipped);
}

static bool all_skipped(const struct lab_sweep *sweep)
{
	for (size_t i = 0; i < sweep->steps; i++)
		if (!sweep->series[i].step.skipped[0])
			return false;
	return true;
}

/* One step: all its figures. Several: figure after figure, and the headline as a picture. */
static void results(const struct lab_result *result, struct page *page)
{
	const struct lab_rules *rules = &result->experiment->rules;

	if (all_skipped(&result->sweep)) {
		skipped(&result->sweep, page);
		return;
	}
	if (result->sweep.steps == 1) {
		page_blank(page);
		figures(result, page);
		return;
	}
	series(result, rules->headline, page);
	if (!page->pictures)
		picture(result, page);
	for (size_t i = 0; i < rules->figure_count; i++)
		if (rules->figures[i].label && i != rules->headline)
			series(result, i, page);
	skipped(&result->sweep, page);
}

/* ---- the rest of the page ---- */

static enum style verdict_style(enum lab_verdict verdict)
{
	static const enum style styles[] = { STYLE_WARN, STYLE_GOOD, STYLE_WARN, STYLE_BAD,
					     STYLE_BAD };

	return styles[verdict];
}

static const char *verdict_title(enum lab_verdict verdict)
{
	static const char *const titles[] = { "Unknown:", "Supported:", "Not seen:",
					      "Contradicted here:", "Mixed:" };

	return titles[verdict];
}

/* How it was measured, and where. */
static void setting(const struct lab_result *result, const struct features *host, struct page *page)
{
	const struct lab_settings *settings = &result->settings;
	bool cut = result->sweep.done < settings->rounds;
	char setup[LAB_TEXT];

	result->experiment->setup(settings, setup, sizeof(setup));
	page_text(page, STYLE_DIM, 2, 2,
		  "%s. %zu%s%s rounds, each with both forms%s%s in an order shuffled by seed %llu, "
		  "after a warm-up round; %s.",
		  setup, result->sweep.done, cut ? " of " : "",
		  cut ? figure_count(settings->rounds).text : "",
		  result->sweep.steps > 1 ? " of every step" : "",
		  settings->no_trace ? "" : ", traced and not,", (unsigned long long)settings->seed,
		  figure_ns(result->elapsed_ns).text);
	page_text(page, STYLE_DIM, 2, 2, "Linux %s %s, %s, %u CPU%s%s.",
		  quote_string(host->release).text, quote_string(host->arch).text,
		  quote_string(host->cpu_model).text, host->cpus_online,
		  host->cpus_online == 1 ? "" : "s",
		  settings->cpus == 1 && !settings->no_trace ?
			  "; with one CPU to use, the tracer's own work is on it too" :
			  "");
	if (settings->same)
		page_text(page, STYLE_WARN, 2, 2,
			  "A test of the lab itself: both sides are run as %s, so a difference "
			  "would be "
			  "chance.",
			  lab_form_name(settings->same_as));
	if (result->direct_end)
		page_text(page, STYLE_DIM, 2, 2,
			  "Direct cost is measured up to %s, less the probe's own.",
			  result->direct_end);
}

/* The trace against the workload's own account: rounds, events, levels, losses, counters. */
static void truth(const struct lab_result *result, struct page *page)
{
	const struct lab_tally *tally = &result->sweep.tally;
	const struct lab_truth *total = &tally->total;
	bool good = tally->rounds && tally->equal == tally->rounds;

	if (!tally->rounds) {
		page_heading(page, "Ground truth:", STYLE_WARN, "not checked: %s",
			     result->settings.no_trace	 ? "nothing was traced" :
			     all_skipped(&result->sweep) ? "nothing was run" :
							   "no round was completed");
		return;
	}
	page_heading(page, "Ground truth:", good ? STYLE_GOOD : STYLE_BAD,
		     "%zu of %zu rounds: %s %s expected, %s seen%s%s%s; %s at another level; %s "
		     "records lost; the kernel's own counters %s%s%s.",
		     tally->equal, tally->rounds, figure_count(total->expected).text,
		     result->experiment->events, figure_count(total->seen).text,
		     total->explained ? ", " : "",
		     total->explained ? figure_count(total->explained).text : "",
		     total->explained ? " split by tasks of others" : "",
		     figure_count(total->wrong_level).text, figure_count(total->lost).text,
		     total->reconciled ? "agree" : "differ for ",
		     total->reconciled ? "" : figure_count(total->unreconciled).text,
		     total->reconciled ? "" : " tasks");
}

static void stopped(const struct lab_result *result, struct page *page)
{
	if (result->sweep.done < result->settings.rounds)
		page_heading(page, "Incomplete:", STYLE_WARN,
			     "%s after %zu of %u rounds; what follows is made of these.",
			     result->stopped_by ? "stopped" : "ended by a run that failed",
			     result->sweep.done, result->settings.rounds);
}

void lab_sections(const struct lab_result *result, const struct features *host, struct page *page)
{
	const struct experiment *experiment = result->experiment;
	enum lab_verdict verdict = result->sweep.verdict;
	char outcome[LAB_TEXT], why[LAB_TEXT];

	experiment->outcome(&result->sweep, &result->settings, outcome, sizeof(outcome));
	experiment->why(&result->sweep, &result->settings, why, sizeof(why));
	page_heading(page, experiment->name, STYLE_BOLD, "\"%s\"", experiment->claim);
	setting(result, host, page);
	stopped(result, page);
	results(result, page);
	page_heading(page, verdict_title(verdict), verdict_style(verdict), "%s.", outcome);
	page_heading(page, "Why:", STYLE_BOLD, "%s", why);
	truth(result, page);
}

int lab_text(const struct lab_result *result, const struct features *host, FILE *out,
	     unsigned int width, bool colour)
{
	struct page page;

	page_init(&page, out, width, colour);
	lab_sections(result, host, &page);
	return page_finish(&page);
}
