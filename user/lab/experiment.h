/* SPDX-License-Identifier: GPL-2.0 */
/*
 * experiment.h - the interface that every experiment of the lab implements, one file each: what it
 * claims, what it varies, how a run is started, what a run shows, and why.
 *
 * An experiment starts nothing and prints nothing: lab.c runs it, output/lab.c shows it. Includes
 * compare.h; sees the finished report of a traced run. Called by lab.c, the outputs and cmd_lab.c.
 */
#ifndef TASKTAX_LAB_EXPERIMENT_H
#define TASKTAX_LAB_EXPERIMENT_H

#include <jansson.h>

#include "base/log.h"
#include "lab/compare.h"
#include "model/report.h"

#define LAB_WORDS 24 /* of a workload's command line, the NULL included */

/* What the user chose, or its default. */
struct lab_settings {
	unsigned int rounds;
	bool quick;
	bool same;	       /* a test of the lab itself: both sides run in the form of, */
	enum lab_form same_as; /* this one */
	uint64_t seed;	       /* of the order inside a round */
	uint64_t laps;	       /* of a run: what an experiment repeats */
	int cpu;	       /* where the workers are pinned, unless they are spread */
	unsigned int cpus;     /* how many this process may use */
	uint64_t memory_bytes; /* that may be had when the lab started; 0: not known */
	uint64_t l2_bytes;     /* of a CPU's second-level cache; 0: not known */
	const char *demo;      /* path of tasktax-demo */
	const char *no_trace;  /* why nothing is traced; NULL: it is */
	const char *no_direct; /* why the trace has no direct cost; NULL: it has */
};

/* The command line of one run. Filled by the experiment; argv points into text. */
struct lab_command {
	char *argv[LAB_WORDS];
	char text[LAB_WORDS][32];
};

/* One run that came to its end. */
struct lab_run {
	enum lab_form form;
	const struct lab_step *step;
	const json_t *truth;	     /* what the workload printed: an object */
	const struct report *report; /* NULL: it was not traced */
};

/* What the tracer is to record besides switches and the lifecycle. */
struct lab_trace {
	bool faults, shootdowns, memory;
};

struct experiment {
	const char *name;
	const char *claim;
	struct lab_rules rules;
	struct lab_trace trace;
	uint64_t laps;	    /* of a run, unless asked for others */
	const char *events; /* what the ground truth counts: "switches between the two workers" */

	/*
	 * What is varied, into steps[LAB_STEPS], which is zeroed; fewer of them, with the ends, when quick.
	 * Returns how many. NULL: nothing is, one step without a label.
	 */
	size_t (*steps)(const struct lab_settings *settings, struct lab_step *steps);
	const char *
		swept; /* the quantity of which the steps are sizes, small to large; NULL: they are ways */

	/* The arguments after the path of tasktax-demo. */
	void (*command)(const struct lab_settings *settings, const struct lab_step *step,
			enum lab_form form, struct lab_command *command);

	/* Takes a run's figures and ground truth into its round. 0, or negative with the reason. */
	int (*read)(const struct lab_run *run, struct lab_round *round, struct fail *fail);

	/* Fills the figures that compare runs of one round. NULL: there are none. */
	void (*derive)(struct lab_round *round);

	/* The same of runs of the same round in different steps. NULL: there are none. */
	void (*derive_all)(struct lab_sweep *sweep);

	/* What one run does, as a sentence without its full stop. */
	void (*setup)(const struct lab_settings *settings, char *text, size_t size);

	/* The outcome as a sentence that starts after the word of the verdict; and the paragraph. */
	void (*outcome)(const struct lab_sweep *sweep, const struct lab_settings *settings,
			char *text, size_t size);
	void (*why)(const struct lab_sweep *sweep, const struct lab_settings *settings, char *text,
		    size_t size);
};

extern const struct experiment experiment_ring;
extern const struct experiment experiment_server;
extern const struct experiment experiment_responsive;
extern const struct experiment experiment_shootdown;
extern const struct experiment experiment_race;
extern const struct experiment experiment_crash;
extern const struct experiment experiment_cache;
extern const struct experiment experiment_ipc;
extern const struct experiment experiment_oversubscribe;
extern const struct experiment experiment_spawn;
extern const struct experiment experiment_cow;
extern const struct experiment experiment_touch;
extern const struct experiment experiment_memory;

/* The experiments in the order in which the lab runs them; NULL after the last. */
const struct experiment *experiment_at(size_t index);
const struct experiment *experiment_find(const char *name);

#endif
