/* SPDX-License-Identifier: GPL-2.0 */
/*
 * lab.h - runs one experiment: a warm-up round, then the rounds, each with every form of every step
 * traced and untraced in shuffled order; then compares. Nothing is dropped.
 *
 * Includes experiment.h, launch.h and what they need. Called by cmd_lab.c; its result is shown by
 * output/lab.c.
 */
#ifndef TASKTAX_LAB_LAB_H
#define TASKTAX_LAB_LAB_H

#include "lab/experiment.h"
#include "trace/features.h"

#define LAB_FEWEST 2 /* rounds, below which there is nothing to report */

/* How the runs are traced, if they are. */
struct lab_tracer {
	struct features features; /* the facts about the host are there in any case */
	bool on;
	struct fail why;	/* not on */
	const char *direct_end; /* NULL: no direct cost, */
	const char *direct_why; /* and why */
};

struct lab_result {
	const struct experiment *experiment;
	struct lab_settings settings;
	const char *direct_end;
	struct lab_sweep sweep;
	int stopped_by;	    /* signal; 0: all rounds were run, or the failure says why not */
	struct fail failed; /* code 0: none of its runs failed */
	uint64_t elapsed_ns;
};

/*
 * Finds out whether and how can be traced, faults and shootdowns included. 0; else an enum exit_status with the reason: nothing can
 * be run at all (an unknown name in `without`). A missing privilege or a kernel that cannot be
 * traced is no error: then the lab goes by clocks alone.
 */
int lab_tracer_open(struct lab_tracer *tracer, const char *const *without, size_t without_count,
		    struct fail *fail);
void lab_tracer_close(struct lab_tracer *tracer);

/*
 * Runs all rounds. 0, also when a signal ended it early (stopped_by); else an enum exit_status with
 * the reason. In every case the result holds the rounds that were completed, compared, and is to be
 * freed. tracer and settings->demo must outlive it.
 */
int lab_run(const struct experiment *experiment, const struct lab_settings *settings,
	    const struct lab_tracer *tracer, struct lab_result *result, struct fail *fail);
void lab_result_free(struct lab_result *result);

/* Puts the slots of a round into the order of this random stream; pure. Returns how many. */
size_t lab_shuffle(struct stats_random *random, bool traced, uint8_t *order);

/* Puts the numbers below count into the order of this random stream; pure. */
void lab_shuffle_steps(struct stats_random *random, size_t count, size_t *order);

#endif
