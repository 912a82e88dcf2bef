/* SPDX-License-Identifier: GPL-2.0 */
/*
 * compare.h - rounds of one experiment in, the comparison out: a row per figure (medians, ratio
 * with its interval, verdict), the verdict on the claim, the tally of the ground truth.
 *
 * PURE: plain structs and arithmetic, no clock, no files, no tracer. Includes model/stats.h and the
 * C library. Called by the lab, by its outputs and by the unit tests, which feed it made-up rounds.
 *
 * An experiment has one step or several: the sizes of a sweep, or pairs of ways to do the same. Each step has
 * its own series of rounds and its own comparison; the verdict on the claim covers all of them (Holm).
 */
#ifndef TASKTAX_LAB_COMPARE_H
#define TASKTAX_LAB_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/stats.h"

/* The two sides of every comparison. Ratios are process / thread. */
enum lab_form {
	LAB_PROCESS,
	LAB_THREAD,
	LAB_FORMS,
};

/* Every form runs both ways in every round. */
enum lab_mode {
	LAB_UNTRACED,
	LAB_TRACED,
	LAB_MODES,
};

#define LAB_STEPS 16   /* at most, per experiment */
#define LAB_SLOTS 4    /* runs of a round, form by mode; slot = form * LAB_MODES + mode */
#define LAB_FIGURES 16 /* at most, per experiment */
#define LAB_TEXT 1536  /* bytes that hold a paragraph made here */

_Static_assert(LAB_SLOTS == LAB_FORMS * LAB_MODES, "every form both ways");

enum lab_unit {
	LAB_NS,
	LAB_BYTES,
	LAB_PER_SECOND,
	LAB_NS_SIGNED, /* a difference, which may be negative */
	LAB_PERCENT,
	LAB_COUNT,
};

/* What an experiment measures. */
struct lab_figure {
	const char *key;   /* in JSON; ends in its unit */
	const char *label; /* in the table; NULL: kept in the raw figures only */
	enum lab_unit unit;
	bool needs_trace;
	bool by_difference; /* may be 0 or negative: process - thread is compared, not process / thread */
};

/* What the workload says that it did, against what the trace saw of it. */
struct lab_truth {
	bool known;	      /* the trace was taken */
	uint64_t expected;    /* events that the workload caused, by its own account */
	uint64_t seen;	      /* of those, in the trace */
	uint64_t explained;   /* seen, but split by a task of somebody else: at most so many miss */
	uint64_t wrong_level; /* seen at another level than this form has */
	uint64_t lost;	      /* records of any class */
	uint64_t unreconciled; /* tasks that differ from the kernel's counters */
	bool reconciled;
};

/* By how much the trace may differ from the workload's own account. */
struct lab_slack {
	uint64_t events;       /* that start and end of a run add or hide */
	unsigned int permille; /* of those expected, that the kernel repeats by preempting */
};

/* One round: every form run once each way. */
struct lab_round {
	uint8_t order[LAB_SLOTS]; /* the slots, in the order in which they ran */
	size_t runs;		  /* how many of them */
	uint64_t elapsed_ns;
	double value[LAB_FORMS][LAB_FIGURES]; /* NaN: unknown */
	struct lab_truth truth[LAB_FORMS];
	char *output[LAB_SLOTS]; /* what the workload printed; NULL: not run. Owned. */
};

/* One figure over all rounds. */
struct lab_row {
	size_t rounds; /* in which both sides are known */
	struct interval form[LAB_FORMS];
	struct comparison
		comparison;	    /* verdict: of the difference where the figure is compared so */
	struct interval difference; /* process - thread */
	double p;		    /* two-sided; NaN: unknown */
};

/* What the headline figure says about the claim. */
enum lab_verdict {
	LAB_UNKNOWN,
	LAB_SUPPORTED,
	LAB_NOT_SEEN,
	LAB_CONTRADICTED,
	LAB_MIXED, /* of a sweep: supported in some steps, contradicted in others */
};

/* Which side the claim has higher in the headline figure. */
enum lab_sense {
	LAB_PROCESS_HIGHER,
	LAB_THREAD_HIGHER,
};

struct lab_tally {
	size_t rounds;		/* with a trace */
	size_t equal;		/* of those, where the trace is the truth */
	struct lab_truth total; /* sums over both forms and all rounds */
};

/* Of one step. */
struct lab_comparison {
	struct lab_row row[LAB_FIGURES];
	enum lab_verdict verdict;
	double p; /* of the headline, adjusted for the number of steps; NaN: unknown */
	struct lab_tally tally;
};

/* What is varied, and how the sides are called in it. Filled by the experiment. */
struct lab_step {
	char label[40];		     /* "64 KiB"; "": the only one */
	const char *side[LAB_FORMS]; /* NULL: "process", "thread" */
	uint64_t at;		     /* the value of what is swept, or which way of several */
	bool aside;		     /* shown beside, no part of the verdict */
	char skipped[120];	     /* why it cannot be run here; "": it can */
};

struct lab_series {
	struct lab_step step;
	struct lab_round warm_up; /* apart: in no figure */
	struct lab_round *round;  /* owned */
	struct lab_comparison comparison;
};

/* All steps of an experiment, with as many rounds done of each. */
struct lab_sweep {
	struct lab_series series[LAB_STEPS];
	size_t steps, done;
	enum lab_verdict verdict;
	struct lab_tally tally; /* of all steps */
};

/* A round whose figures are all unknown. */
void lab_round_init(struct lab_round *round);
void lab_round_free(struct lab_round *round);

/* What is compared, and how the claim is judged: of one experiment. */
struct lab_rules {
	const struct lab_figure *figures;
	size_t figure_count, headline;
	enum lab_sense sense;
	struct lab_slack slack;
};

/* Compares every step and judges the claim. 0 or -ENOMEM; too few rounds is no error, it is a verdict. */
int lab_compare(struct lab_sweep *sweep, const struct lab_rules *rules);

/*
 * The trace is the truth: nothing lost, everything reconciled and at its level, and as many seen as
 * expected, but for the slack and for those that others split.
 */
bool lab_truth_holds(const struct lab_truth *truth, struct lab_slack slack);

/* "supported", "not seen", "contradicted here", "mixed", "unknown"; for JSON with underscores. */
const char *lab_verdict_words(enum lab_verdict verdict);
const char *lab_verdict_name(enum lab_verdict verdict);

/* "process", "thread" */
const char *lab_form_name(enum lab_form form);

/* How a step calls a side. */
const char *lab_side_name(const struct lab_step *step, enum lab_form form);

/*
 * What process is, seen from thread, in a few words: "higher", "lower", "within 3.2 %" (no
 * difference seen, at most so much), "alike to 0.1 %", or a dash. Returns text.
 */
char *lab_row_words(const struct lab_row *row, char *text, size_t size);

/* Decimals to show: one more for a narrow interval and for one that ends next to 1, fewer from 10 on. */
int lab_ratio_digits(const struct interval *ratio);

/* Why a row has no ratio: "2 rounds, 6 are needed"; "" when it has one. Returns text. */
char *lab_row_lacks(const struct lab_row *row, char *text, size_t size);

#endif
