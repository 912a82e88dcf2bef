/* SPDX-License-Identifier: GPL-2.0 */
/* crew.h - the tasks of a running workload and what they share; for workload.c and forms.c alone. */
#ifndef DEMO_CREW_H
#define DEMO_CREW_H

#include "futex.h"
#include "workload.h"

struct crew {
	struct workload workload;
	pid_t main_pid;
	int event;   /* an eventfd by which workers wake the main task */
	int signals; /* a signalfd of the main task */
	unsigned int created;
	futex_word ready, start;    /* workers at the start gate; the gate */
	futex_word finished, leave; /* workers that have done their work; the gate to their end */
	futex_word ended;	    /* processes that are no more, threads that are about to be */
	futex_word failed;	    /* index + 1 of the first worker that failed */
	struct worker workers[];
};

/* The whole life of a worker, called in its own task. 0 or -errno, which the crew knows by then. */
int worker_live(struct worker *worker);

/* Adds a worker to a count. Whether it was the last of the crew. */
bool crew_count(struct crew *crew, futex_word *count);

/* Wakes the main task. */
void crew_notify(struct crew *crew);

#endif
