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
/* spawn.c */
int spawn_run(int argc, char **argv);
/* cow.c */
int cow_run(int argc, char **argv);
/* touch.c */
int touch_run(int argc, char **argv);
/* memory.c */
int memory_run(int argc, char **argv);

/* ipc.c */
int ipc_run(int argc, char **argv);

/* oversubscribe.c */
int oversubscribe_run(int argc, char **argv);

/* shootdown.c */
int shootdown_run(int argc, char **argv);

/* race.c */
int race_run(int argc, char **argv);

/* crash.c */
int crash_run(int argc, char **argv);

/* server.c */
int server_run(int argc, char **argv);

/* responsive.c */
int responsive_run(int argc, char **argv);

#endif
