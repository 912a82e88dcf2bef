// SPDX-License-Identifier: GPL-2.0
/* lab_json.c - what the lab measured as JSON; see lab.h. */
#include <math.h>
#include <string.h>

#include "base/quote.h"
#include "output/lab.h"

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
		"{s:s, s:s?, s:i, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:s?}", "figure", figure->key,
		"label", figure->label, "rounds", (int)row->rounds, "process",
		interval(&row->form[LAB_PROCESS]), "thread", interval(&row->form[LAB_THREAD]),
		"ratio", interval(&row->comparison.ratio), "difference", interval(&row->difference),
		"p", real(row->p), "process_is", stats_verdict_name(row->comparison.verdict),
		"bound_percent", real(row->comparison.bound_percent), "unknown_because",
		lacks[0] ? lacks : NULL);
}

static json_t *rows_json(const struct lab_rules *rules, const struct lab_comparison *comparison)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < rules->figure_count; i++)
		json_array_append_new(rows, row_json(&rules->figures[i], &comparison->row[i]));
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

static json_t *tally_json(const struct lab_tally *tally, const struct experiment *experiment)
{
	json_t *object = truth_json(&tally->total);

	if (json_is_object(object)) {
		json_object_set_new(object, "rounds", count(tally->rounds));
		json_object_set_new(object, "rounds_equal", count(tally->equal));
		json_object_set_new(object, "slack_events_per_run",
				    count(experiment->rules.slack.events));
		json_object_set_new(object, "slack_permille",
				    count(experiment->rules.slack.permille));
		json_object_set_new(object, "events", json_string(experiment->events));
	}
	return object;
}

static json_t *side_json(const struct experiment *experiment, const struct lab_round *round,
			 enum lab_form form)
{
	json_t *object = json_object();

	for (size_t i = 0; i < experiment->rules.figure_count; i++)
		json_object_set_new(object, experiment->rules.figures[i].key,
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

static json_t *rounds_json(const struct lab_series *series, size_t done,
			   const struct experiment *experiment)
{
	json_t *rounds = json_array();

	for (size_t i = 0; i < done; i++)
		json_array_append_new(rounds, round_json(experiment, &series->round[i]));
	return rounds;
}

static json_t *step_json(const struct lab_series *series, const struct lab_result *result)
{
	const struct lab_comparison *comparison = &series->comparison;
	const struct experiment *experiment = result->experiment;
	const struct lab_step *step = &series->step;
	size_t done = step->skipped[0] ? 0 : result->sweep.done;

	return json_pack(
		"{s:s, s:o, s:s, s:s, s:b, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "label",
		step->label, "at", count(step->at), "process", lab_side_name(step, LAB_PROCESS),
		"thread", lab_side_name(step, LAB_THREAD), "aside", step->aside, "skipped_because",
		step->skipped[0] ? json_string(step->skipped) : json_null(), "verdict",
		lab_verdict_name(comparison->verdict), "adjusted_p", real(comparison->p), "figures",
		rows_json(&experiment->rules, comparison), "ground_truth",
		tally_json(&comparison->tally, experiment), "rounds",
		rounds_json(series, done, experiment), "warm_up",
		series->warm_up.runs ? round_json(experiment, &series->warm_up) : json_null());
}

static json_t *steps_json(const struct lab_result *result)
{
	json_t *steps = json_array();

	for (size_t i = 0; i < result->sweep.steps; i++)
		json_array_append_new(steps, step_json(&result->sweep.series[i], result));
	return steps;
}

static json_t *verdict_json(const struct lab_result *result)
{
	const struct experiment *experiment = result->experiment;
	char outcome[LAB_TEXT], why[LAB_TEXT];

	experiment->outcome(&result->sweep, &result->settings, outcome, sizeof(outcome));
	experiment->why(&result->sweep, &result->settings, why, sizeof(why));
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "verdict",
			 lab_verdict_name(result->sweep.verdict), "words",
			 lab_verdict_words(result->sweep.verdict), "figure",
			 experiment->rules.figures[experiment->rules.headline].key,
			 "claimed_higher",
			 lab_form_name(experiment->rules.sense == LAB_PROCESS_HIGHER ? LAB_PROCESS :
										       LAB_THREAD),
			 "outcome", foreign(outcome), "why", foreign(why));
}

static json_t *experiment_json(const struct lab_result *result)
{
	const struct lab_settings *settings = &result->settings;
	json_t *chosen = json_pack("{s:o, s:b, s:o, s:o, s:o, s:i, s:i}", "rounds",
				   count(settings->rounds), "quick", settings->quick, "same",
				   settings->same ? json_string(lab_form_name(settings->same_as)) :
						    json_null(),
				   "seed", count(settings->seed), "laps", count(settings->laps),
				   "cpu", settings->cpu, "cpus_allowed", (int)settings->cpus);

	return json_pack(
		"{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name",
		result->experiment->name, "claim", result->experiment->claim, "settings", chosen,
		"traced", json_boolean(!settings->no_trace), "not_traced_because",
		foreign(settings->no_trace), "direct_end", foreign(result->direct_end),
		"rounds_done", count(result->sweep.done), "stopped_by_signal",
		result->stopped_by ? json_integer(result->stopped_by) : json_null(),
		"failed_because", foreign(result->failed.text[0] ? result->failed.text : NULL),
		"elapsed_ns", count(result->elapsed_ns), "result", verdict_json(result),
		"ground_truth", tally_json(&result->sweep.tally, result->experiment), "steps",
		steps_json(result));
}

json_t *lab_json(const struct lab_result *results, size_t number, const struct features *host,
		 const char *version)
{
	json_t *experiments = json_array(), *root;

	for (size_t i = 0; i < number; i++)
		json_array_append_new(experiments, experiment_json(&results[i]));
	root = json_pack("{s:s, s:{s:s}, s:{s:o, s:o, s:i, s:o}, s:o}", "schema", "tasktax.lab/1",
			 "tool", "version", version, "host", "kernel", foreign(host->release),
			 "arch", foreign(host->arch), "cpus", (int)host->cpus_online, "model",
			 foreign(host->cpu_model), "experiments", experiments);
	return root;
}
