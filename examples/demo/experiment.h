/* SPDX-License-Identifier: GPL-2.0 */
/*
 * experiment.h - the experiments of tasktax-demo, one file each, listed in main.c.
 *
 * An experiment runs the same work in the form that --as names, once, and prints one line of JSON:
 * what it did and what its own counters say, to be compared with what a tracer saw.
 */
#ifndef DEMO_EXPERIMENT_H
#define DEMO_EXPERIMENT_H

struct experiment {
	const char *name, *summary;
	/* argv[0] is "tasktax-demo NAME". Returns the exit status, see base/exits.h. */
	int (*run)(int argc, char **argv);
};

/* ring.c */
int ring_run(int argc, char **argv);

/* server.c */
int server_run(int argc, char **argv);

/* responsive.c */
int responsive_run(int argc, char **argv);

#endif
