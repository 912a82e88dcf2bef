// SPDX-License-Identifier: GPL-2.0
/* compare.c - the arithmetic of a comparison, and its words; see compare.h. */
#include "lab/compare.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

#define NARROW 0.02	    /* an interval, so that its ends need a third decimal */
#define ROUNDS_TO_ONE 0.005 /* an end of it, in two decimals */
#define ALIKE 0.001	    /* nearer than this is called alike, whatever the interval excludes */

void lab_round_init(struct lab_round *round)
{
	memset(round, 0, sizeof(*round));
	for (int form = 0; form < LAB_FORMS; form++)
		for (size_t i = 0; i < LAB_FIGURES; i++)
			round->value[form][i] = NAN;
}

void lab_round_free(struct lab_round *round)
{
	for (size_t slot = 0; slot < LAB_SLOTS; slot++)
		free(round->output[slot]);
	memset(round, 0, sizeof(*round));
}

const char *lab_form_name(enum lab_form form)
{
	return form == LAB_PROCESS ? "process" : "thread";
}

const char *lab_side_name(const struct lab_step *step, enum lab_form form)
{
	return step->side[form] ?: lab_form_name(form);
}

/* ---- ground truth ---- */

bool lab_truth_holds(const struct lab_truth *truth, struct lab_slack slack)
{
	uint64_t most = slack.events + truth->expected * slack.permille / 1000;

	if (!truth->known || truth->lost || truth->wrong_level || !truth->reconciled)
		return false;
	if (truth->seen >= truth->expected)
		return truth->seen - truth->expected <= most;
	return truth->expected - truth->seen <= most + truth->explained;
}

static void add_truth(struct lab_truth *total, const struct lab_truth *truth)
{
	total->expected += truth->expected;
	total->seen += truth->seen;
	total->explained += truth->explained;
	total->wrong_level += truth->wrong_level;
	total->lost += truth->lost;
	total->unreconciled += truth->unreconciled;
	total->reconciled = total->reconciled && truth->reconciled;
}

static void tally_add(struct lab_tally *tally, const struct lab_tally *by)
{
	tally->rounds += by->rounds;
	tally->equal += by->equal;
	tally->total.known |= by->total.known;
	add_truth(&tally->total, &by->total);
}

static void tally_up(struct lab_tally *tally, const struct lab_round *rounds, size_t count,
		     struct lab_slack slack)
{
	*tally = (struct lab_tally){ .total.reconciled = true };
	for (size_t i = 0; i < count; i++) {
		const struct lab_truth *truth = rounds[i].truth;

		if (!truth[LAB_PROCESS].known || !truth[LAB_THREAD].known)
			continue;
		tally->rounds++;
		if (lab_truth_holds(&truth[LAB_PROCESS], slack) &&
		    lab_truth_holds(&truth[LAB_THREAD], slack))
			tally->equal++;
		add_truth(&tally->total, &truth[LAB_PROCESS]);
		add_truth(&tally->total, &truth[LAB_THREAD]);
	}
	tally->total.known = tally->rounds > 0;
}

/* ---- rows ---- */

/* An interval whose point only is known is as good an answer as a few rounds can give. */
static int only_memory(int err)
{
	return err == -ENOMEM ? err : 0;
}

/* What the test looks at: differences, or those of the logarithms where a ratio is asked for. */
static int test(const double *process, const double *thread, size_t n, bool by_difference,
		double *p)
{
	double *differences = calloc(n + 1, sizeof(*differences));
	int err;

	if (!differences)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		differences[i] = by_difference ? process[i] - thread[i] :
						 log(process[i]) - log(thread[i]);
	err = only_memory(stats_signed_rank(differences, n, p));
	free(differences);
	return err;
}

static int compare_values(const double *process, const double *thread, size_t n, bool by_difference,
			  struct lab_row *row)
{
	struct interval ratio;
	int err;

	row->rounds = n;
	err = only_memory(stats_median_interval(process, n, &row->form[LAB_PROCESS]));
	if (!err)
		err = only_memory(stats_median_interval(thread, n, &row->form[LAB_THREAD]));
	if (!err)
		err = only_memory(stats_ratio_paired(process, thread, n, &ratio));
	if (!err)
		err = only_memory(stats_difference_paired(process, thread, n, &row->difference));
	if (!err)
		err = test(process, thread, n, by_difference, &row->p);
	if (err)
		return err;
	row->comparison = stats_verdict(&ratio);
	if (by_difference) { /* the bound is the ratio's */
		row->comparison.verdict = stats_difference_verdict(&row->difference);
		row->comparison.bound_percent = NAN;
	}
	return 0;
}

/* The rounds in which both sides are known: all of them, or none where a hook is missing. */
static int compare_figure(const struct lab_round *rounds, size_t count, size_t figure,
			  bool by_difference, struct lab_row *row)
{
	double *process = calloc(count + 1, sizeof(*process));
	double *thread = calloc(count + 1, sizeof(*thread));
	int err = process && thread ? 0 : -ENOMEM;
	size_t n = 0;

	for (size_t i = 0; !err && i < count; i++) {
		process[n] = rounds[i].value[LAB_PROCESS][figure];
		thread[n] = rounds[i].value[LAB_THREAD][figure];
		n += isfinite(process[n]) && isfinite(thread[n]);
	}
	if (!err)
		err = compare_values(process, thread, n, by_difference, row);
	free(process);
	free(thread);
	return err;
}

/* ---- the claim ---- */

/* A difference counts when its interval and, among all steps, its adjusted p-value say so. */
static enum lab_verdict judge_step(const struct lab_row *row, double p, enum lab_sense sense)
{
	enum verdict claimed = sense == LAB_PROCESS_HIGHER ? VERDICT_HIGHER : VERDICT_LOWER;
	enum verdict verdict = row->comparison.verdict;

	if (verdict == VERDICT_UNKNOWN || isnan(p))
		return LAB_UNKNOWN;
	if (verdict == VERDICT_NO_DIFFERENCE || p > 1 - STATS_CONFIDENCE)
		return LAB_NOT_SEEN;
	return verdict == claimed ? LAB_SUPPORTED : LAB_CONTRADICTED;
}

static bool counts(const struct lab_series *series)
{
	return !series->step.aside && !series->step.skipped[0];
}

/* In the order of enum lab_verdict: how many steps have each. */
static enum lab_verdict overall(const size_t number[])
{
	if (number[LAB_SUPPORTED] && number[LAB_CONTRADICTED])
		return LAB_MIXED;
	if (number[LAB_SUPPORTED])
		return LAB_SUPPORTED;
	if (number[LAB_CONTRADICTED])
		return LAB_CONTRADICTED;
	return number[LAB_NOT_SEEN] ? LAB_NOT_SEEN : LAB_UNKNOWN;
}

static void judge(struct lab_sweep *sweep, const struct lab_rules *rules)
{
	double p[LAB_STEPS], adjusted[LAB_STEPS];
	size_t number[LAB_MIXED + 1] = { 0 };

	for (size_t i = 0; i < sweep->steps; i++)
		p[i] = counts(&sweep->series[i]) ?
			       sweep->series[i].comparison.row[rules->headline].p :
			       NAN;
	stats_holm(p, sweep->steps, adjusted);
	for (size_t i = 0; i < sweep->steps; i++) {
		struct lab_comparison *comparison = &sweep->series[i].comparison;
		const struct lab_row *row = &comparison->row[rules->headline];

		/* what stands aside is judged by itself */
		comparison->p = counts(&sweep->series[i]) ? adjusted[i] : row->p;
		comparison->verdict = judge_step(row, comparison->p, rules->sense);
		number[comparison->verdict] += counts(&sweep->series[i]);
	}
	sweep->verdict = overall(number);
}

static int compare_step(struct lab_series *series, size_t done, const struct lab_rules *rules)
{
	int err = 0;

	memset(&series->comparison, 0, sizeof(series->comparison));
	for (size_t i = 0; !err && i < rules->figure_count; i++)
		err = compare_figure(series->round, series->step.skipped[0] ? 0 : done, i,
				     rules->figures[i].by_difference, &series->comparison.row[i]);
	tally_up(&series->comparison.tally, series->round, series->step.skipped[0] ? 0 : done,
		 rules->slack);
	return err;
}

int lab_compare(struct lab_sweep *sweep, const struct lab_rules *rules)
{
	sweep->tally = (struct lab_tally){ .total.reconciled = true };
	for (size_t i = 0; i < sweep->steps; i++) {
		int err = compare_step(&sweep->series[i], sweep->done, rules);

		if (err)
			return err;
		tally_add(&sweep->tally, &sweep->series[i].comparison.tally);
	}
	judge(sweep, rules);
	return 0;
}

/* ---- words ---- */

const char *lab_verdict_words(enum lab_verdict verdict)
{
	static const char *const words[] = { "unknown", "supported", "not seen",
					     "contradicted here", "mixed" };

	return words[verdict];
}

const char *lab_verdict_name(enum lab_verdict verdict)
{
	static const char *const names[] = { "unknown", "supported", "not_seen", "contradicted",
					     "mixed" };

	return names[verdict];
}

static bool alike(const struct interval *ratio)
{
	return ratio->low > 1 - ALIKE && ratio->high < 1 + ALIKE;
}

char *lab_row_words(const struct lab_row *row, char *text, size_t size)
{
	const struct comparison *comparison = &row->comparison;
	char bound[UNITS_TEXT_SIZE];

	if (comparison->verdict == VERDICT_UNKNOWN)
		snprintf(text, size, "–");
	else if (alike(&comparison->ratio))
		snprintf(text, size, "alike to 0.1 %%");
	else if (comparison->verdict == VERDICT_NO_DIFFERENCE && isnan(comparison->bound_percent))
		snprintf(text, size, "not different");
	else if (comparison->verdict == VERDICT_NO_DIFFERENCE)
		snprintf(text, size, "within %s",
			 format_percent(bound, sizeof(bound), comparison->bound_percent));
	else
		snprintf(text, size, "%s",
			 comparison->verdict == VERDICT_HIGHER ? "higher" : "lower");
	return text;
}

static bool next_to_one(double end)
{
	return fabs(end - 1) < ROUNDS_TO_ONE;
}

int lab_ratio_digits(const struct interval *ratio)
{
	bool narrow = ratio->high - ratio->low < NARROW; /* NaN: no */

	if (ratio->point >= 100)
		return 0;
	if (ratio->point >= 10 && !narrow)
		return 1;
	return narrow || next_to_one(ratio->low) || next_to_one(ratio->high) ? 3 : 2;
}

char *lab_row_lacks(const struct lab_row *row, char *text, size_t size)
{
	text[0] = '\0';
	if (row->comparison.verdict != VERDICT_UNKNOWN)
		return text;
	if (!row->rounds)
		snprintf(text, size, "not measured");
	else if (row->rounds < STATS_MIN_SAMPLE)
		snprintf(text, size, "%zu rounds; an interval needs %d", row->rounds,
			 STATS_MIN_SAMPLE);
	else
		snprintf(text, size, "no ratio: not above 0 in every round");
	return text;
}
