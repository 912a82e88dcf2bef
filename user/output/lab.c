// SPDX-License-Identifier: GPL-2.0
/* lab.c - the outcome of an experiment, as text and as JSON; see lab.h. */
#include "output/lab.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/quote.h"
#include "output/table.h"

/* ---- text ---- */

static struct figure value_text(enum lab_unit unit, double value)
{
	struct figure text = { DASH };

	if (!isfinite(value))
		return text;
	switch (unit) {
	case LAB_NS:
		return figure_ns((uint64_t)llround(value));
	case LAB_NS_SIGNED:
		format_ns_signed(text.text, sizeof(text.text), llround(value));
		break;
	case LAB_PERCENT:
		format_percent(text.text, sizeof(text.text), value);
		break;
	case LAB_COUNT:
		return figure_count((uint64_t)llround(value));
	}
	return text;
}

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
	if (!row->rounds && settings->no_direct)
		return page_note(page, "%s", settings->no_direct);
	return page_note(page, "%s", lab_row_lacks(row, lacks, sizeof(lacks)));
}

static void table_line(struct table *table, struct page *page, const struct lab_result *result,
		       size_t index)
{
	const struct lab_figure *figure = &result->experiment->figures[index];
	const struct lab_row *row = &result->comparison.row[index];
	const struct interval *ratio = &row->comparison.ratio;
	enum style style = index == result->experiment->headline ? STYLE_BOLD : STYLE_PLAIN;
	struct mark mark = row_mark(page, result, row, figure), none = { "" };
	int digits = lab_ratio_digits(ratio);
	char words[64];

	table_row(table);
	table_cell(table, style, "%s", figure->label);
	table_cell(table, STYLE_PROCESS, "%s%s",
		   value_text(figure->unit, row->form[LAB_PROCESS].point).text,
		   (row->rounds ? none : mark).text);
	table_cell(table, STYLE_THREAD, "%s%s",
		   value_text(figure->unit, row->form[LAB_THREAD].point).text,
		   (row->rounds ? none : mark).text);
	table_cell(table, style, isfinite(ratio->point) ? "%.*f" : DASH, digits, ratio->point);
	if (row->comparison.verdict == VERDICT_UNKNOWN)
		table_cell(table, style, DASH "%s", (row->rounds ? mark : none).text);
	else
		table_cell(table, style, "%.*f to %.*f", digits, ratio->low, digits, ratio->high);
	table_cell(table, style, "%s", lab_row_words(row, words, sizeof(words)));
}

static void figures(const struct lab_result *result, struct page *page)
{
	static const struct table_column columns[] = {
		{ .title = "", .left = true },
		{ .group = "median", .title = "process" },
		{ .group = "median", .title = "thread" },
		{ .group = "process / thread", .title = "ratio" },
		{ .group = "process / thread", .title = "95 % interval" },
		{ .title = "process is", .left = true },
	};
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; i < result->experiment->figure_count; i++)
		if (result->experiment->figures[i].label)
			table_line(table, page, result, i);
	table_print(table, page);
	page_notes(page);
}

static enum style verdict_style(enum lab_verdict verdict)
{
	static const enum style styles[] = { STYLE_WARN, STYLE_GOOD, STYLE_WARN, STYLE_BAD };

	return styles[verdict];
}

static const char *verdict_title(enum lab_verdict verdict)
{
	static const char *const titles[] = { "Unknown:", "Supported:", "Not seen:",
					      "Contradicted here:" };

	return titles[verdict];
}

/* How it was measured, and where. */
static void setting(const struct lab_result *result, const struct features *host, struct page *page)
{
	const struct lab_settings *settings = &result->settings;
	bool cut = result->done < settings->rounds;
	char setup[LAB_TEXT];

	result->experiment->setup(settings, setup, sizeof(setup));
	page_text(page, STYLE_DIM, 2, 2,
		  "%s. %zu%s%s rounds, each with both forms%s in an order shuffled by seed %llu, "
		  "after a warm-up round; %.3g s.",
		  setup, result->done, cut ? " of " : "",
		  cut ? figure_count(settings->rounds).text : "",
		  settings->no_trace ? "" : ", traced and not,", (unsigned long long)settings->seed,
		  (double)result->elapsed_ns / 1e9);
	page_text(page, STYLE_DIM, 2, 2, "Linux %s %s, %s, %u CPU%s%s.",
		  quote_string(host->release).text, quote_string(host->arch).text,
		  quote_string(host->cpu_model).text, host->cpus_online,
		  host->cpus_online == 1 ? "" : "s",
		  settings->cpus == 1 && !settings->no_trace ?
			  "; with one CPU to use, the tracer's own work is on it too" :
			  "");
	if (result->direct_end)
		page_text(page, STYLE_DIM, 2, 2,
			  "Direct cost is measured up to %s, less the probe's own.",
			  result->direct_end);
}

/* The trace against the workload's own account: rounds, events, levels, losses, counters. */
static void truth(const struct lab_result *result, struct page *page)
{
	const struct lab_tally *tally = &result->comparison.tally;
	const struct lab_truth *total = &tally->total;
	bool good = tally->rounds && tally->equal == tally->rounds;

	if (!tally->rounds) {
		page_heading(page, "Ground truth:", STYLE_WARN, "not checked: %s",
			     result->settings.no_trace ? "nothing was traced" :
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
	if (result->done < result->settings.rounds)
		page_heading(page, "Incomplete:", STYLE_WARN,
			     "%s after %zu of %u rounds; what follows is made of these.",
			     result->stopped_by ? "stopped" : "ended", result->done,
			     result->settings.rounds);
}

int lab_text(const struct lab_result *result, const struct features *host, FILE *out,
	     unsigned int width, bool colour)
{
	const struct experiment *experiment = result->experiment;
	enum lab_verdict verdict = result->comparison.verdict;
	char outcome[LAB_TEXT], why[LAB_TEXT];
	struct page page;

	experiment->outcome(&result->comparison, &result->settings, outcome, sizeof(outcome));
	experiment->why(&result->comparison, &result->settings, why, sizeof(why));
	page_init(&page, out, width, colour);
	page_heading(&page, experiment->name, STYLE_BOLD, "\"%s\"", experiment->claim);
	setting(result, host, &page);
	stopped(result, &page);
	page_blank(&page);
	figures(result, &page);
	page_heading(&page, verdict_title(verdict), verdict_style(verdict), "%s.", outcome);
	page_heading(&page, "Why:", STYLE_BOLD, "%s", why);
	truth(result, &page);
	return page_finish(&page);
}

/* ---- JSON ---- */

static json_t *real(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *count(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *foreign(const char *text)
{
	char quoted[QUOTE_UTF8_SIZE(1024)];
	size_t length;

	if (!text)
		return json_null();
	length = quote_utf8(quoted, sizeof(quoted), text, strnlen(text, 1024));
	return json_stringn(quoted, length < sizeof(quoted) ? length : sizeof(quoted) - 1);
}

static json_t *interval(const struct interval *interval)
{
	return json_pack("{s:o, s:o, s:o}", "point", real(interval->point), "low",
			 real(interval->low), "high", real(interval->high));
}

static json_t *row_json(const struct lab_figure *figure, const struct lab_row *row)
{
	char lacks[96];

	lab_row_lacks(row, lacks, sizeof(lacks));
	return json_pack(
		"{s:s, s:s?, s:i, s:o, s:o, s:o, s:s, s:o, s:s?}", "figure", figure->key, "label",
		figure->label, "rounds", (int)row->rounds, "process",
		interval(&row->form[LAB_PROCESS]), "thread", interval(&row->form[LAB_THREAD]),
		"ratio", interval(&row->comparison.ratio), "process_is",
		stats_verdict_name(row->comparison.verdict), "bound_percent",
		real(row->comparison.bound_percent), "unknown_because", lacks[0] ? lacks : NULL);
}

static json_t *rows_json(const struct lab_result *result)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < result->experiment->figure_count; i++)
		json_array_append_new(rows, row_json(&result->experiment->figures[i],
						     &result->comparison.row[i]));
	return rows;
}

static json_t *truth_json(const struct lab_truth *truth)
{
	if (!truth->known)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:o}", "expected", count(truth->expected),
			 "seen", count(truth->seen), "split_by_others", count(truth->explained),
			 "at_another_level", count(truth->wrong_level), "lost", count(truth->lost),
			 "reconciled", truth->reconciled, "tasks_with_difference",
			 count(truth->unreconciled));
}

static json_t *tally_json(const struct lab_result *result)
{
	const struct lab_tally *tally = &result->comparison.tally;
	json_t *object = truth_json(&tally->total);

	if (json_is_object(object)) {
		json_object_set_new(object, "rounds", count(tally->rounds));
		json_object_set_new(object, "rounds_equal", count(tally->equal));
		json_object_set_new(object, "slack_events_per_run",
				    count(result->experiment->slack.events));
		json_object_set_new(object, "slack_permille",
				    count(result->experiment->slack.permille));
		json_object_set_new(object, "events", json_string(result->experiment->events));
	}
	return object;
}

static json_t *side_json(const struct experiment *experiment, const struct lab_round *round,
			 enum lab_form form)
{
	json_t *object = json_object();

	for (size_t i = 0; i < experiment->figure_count; i++)
		json_object_set_new(object, experiment->figures[i].key,
				    real(round->value[form][i]));
	json_object_set_new(object, "ground_truth", truth_json(&round->truth[form]));
	return object;
}

static json_t *round_json(const struct experiment *experiment, const struct lab_round *round)
{
	json_t *runs = json_array();

	for (size_t i = 0; i < round->runs; i++) {
		uint8_t slot = round->order[i];
		json_t *printed = json_loads(round->output[slot] ?: "", 0, NULL);

		json_array_append_new(runs, json_pack("{s:s, s:b, s:o?}", "as",
						      lab_form_name(slot / LAB_MODES), "traced",
						      slot % LAB_MODES == LAB_TRACED, "printed",
						      printed));
	}
	return json_pack("{s:o, s:o, s:o, s:o}", "elapsed_ns", count(round->elapsed_ns), "process",
			 side_json(experiment, round, LAB_PROCESS), "thread",
			 side_json(experiment, round, LAB_THREAD), "runs", runs);
}

static json_t *rounds_json(const struct lab_result *result)
{
	json_t *rounds = json_array();

	for (size_t i = 0; i < result->done; i++)
		json_array_append_new(rounds, round_json(result->experiment, &result->round[i]));
	return rounds;
}

static json_t *verdict_json(const struct lab_result *result)
{
	const struct lab_comparison *comparison = &result->comparison;
	const struct experiment *experiment = result->experiment;
	const struct lab_row *row = &comparison->row[experiment->headline];
	char outcome[LAB_TEXT], why[LAB_TEXT];

	experiment->outcome(comparison, &result->settings, outcome, sizeof(outcome));
	experiment->why(comparison, &result->settings, why, sizeof(why));
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:s, s:o}", "verdict",
			 lab_verdict_name(comparison->verdict), "words",
			 lab_verdict_words(comparison->verdict), "figure",
			 experiment->figures[experiment->headline].key, "ratio",
			 interval(&row->comparison.ratio), "bound_percent",
			 real(row->comparison.bound_percent), "outcome", outcome, "why",
			 foreign(why));
}

static json_t *experiment_json(const struct lab_result *result)
{
	const struct lab_settings *settings = &result->settings;
	json_t *chosen = json_pack("{s:o, s:b, s:o, s:o, s:i, s:i}", "rounds",
				   count(settings->rounds), "quick", settings->quick, "seed",
				   count(settings->seed), "laps", count(settings->laps), "cpu",
				   settings->cpu, "cpus_allowed", (int)settings->cpus);

	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "name", result->experiment->name, "claim", result->experiment->claim,
			 "settings", chosen, "traced", json_boolean(!settings->no_trace),
			 "not_traced_because", foreign(settings->no_trace), "direct_end",
			 foreign(result->direct_end), "rounds_done", count(result->done),
			 "stopped_by_signal",
			 result->stopped_by ? json_integer(result->stopped_by) : json_null(),
			 "elapsed_ns", count(result->elapsed_ns), "result", verdict_json(result),
			 "figures", rows_json(result), "ground_truth", tally_json(result), "rounds",
			 rounds_json(result));
}

json_t *lab_json(const struct lab_result *results, size_t number, const struct features *host,
		 const char *version)
{
	json_t *experiments = json_array(), *root;

	for (size_t i = 0; i < number; i++) {
		json_t *experiment = experiment_json(&results[i]);

		if (experiment && results[i].warm_up.runs)
			json_object_set_new(experiment, "warm_up",
					    round_json(results[i].experiment, &results[i].warm_up));
		json_array_append_new(experiments, experiment);
	}
	root = json_pack("{s:s, s:{s:s}, s:{s:o, s:o, s:i, s:o}, s:o}", "schema", "tasktax.lab/1",
			 "tool", "version", version, "host", "kernel", foreign(host->release),
			 "arch", foreign(host->arch), "cpus", (int)host->cpus_online, "model",
			 foreign(host->cpu_model), "experiments", experiments);
	return root;
}
