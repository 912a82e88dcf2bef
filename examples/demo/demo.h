/* SPDX-License-Identifier: GPL-2.0 */
/*
 * demo.h - what the front of tasktax-demo and its experiments agree on: the row of an experiment and
 * the exit statuses. Included by main.c and by every experiment.
 */
#ifndef TASKTAX_DEMO_H
#define TASKTAX_DEMO_H

#define DEMO_NAME "tasktax-demo"

/* Ended by signal n, tasktax-demo dies of that signal, so that a shell shows 128+n. */
enum demo_status {
	DEMO_OK = 0,
	DEMO_FAILURE =
		1, /* the run failed: a limit, a dead worker, an output that cannot be written */
	DEMO_USAGE = 2, /* unknown experiment or option, bad value */
};

struct experiment {
	const char *name, *summary;
	/* argv[0] is the experiment's name. Returns an exit status, 128+n when ended by signal n. */
	int (*run)(int argc, char **argv);
};

extern const struct experiment ring_experiment;

#endif
