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

static int compare_values(const double *process, const double *thread, size_t n,
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
		row->comparison = stats_verdict(&ratio);
	return err;
}

/* The rounds in which both sides are known: all of them, or none where a hook is missing. */
static int compare_figure(const struct lab_round *rounds, size_t count, size_t figure,
			  struct lab_row *row)
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
		err = compare_values(process, thread, n, row);
	free(process);
	free(thread);
	return err;
}

enum lab_verdict lab_verdict_of(const struct comparison *comparison)
{
	switch (comparison->verdict) {
	case VERDICT_HIGHER:
		return LAB_SUPPORTED;
	case VERDICT_LOWER:
		return LAB_CONTRADICTED;
	case VERDICT_NO_DIFFERENCE:
		return LAB_NOT_SEEN;
	case VERDICT_UNKNOWN:
		break;
	}
	return LAB_UNKNOWN;
}

int lab_compare(const struct lab_round *rounds, size_t count, size_t figures, size_t headline,
		struct lab_slack slack, struct lab_comparison *comparison)
{
	int err = 0;

	memset(comparison, 0, sizeof(*comparison));
	for (size_t i = 0; !err && i < figures; i++)
		err = compare_figure(rounds, count, i, &comparison->row[i]);
	if (err)
		return err;
	comparison->verdict = lab_verdict_of(&comparison->row[headline].comparison);
	tally_up(&comparison->tally, rounds, count, slack);
	return 0;
}

/* ---- words ---- */

const char *lab_verdict_words(enum lab_verdict verdict)
{
	static const char *const words[] = { "unknown", "supported", "not seen",
					     "contradicted here" };

	return words[verdict];
}

const char *lab_verdict_name(enum lab_verdict verdict)
{
	static const char *const names[] = { "unknown", "supported", "not_seen", "contradicted" };

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
