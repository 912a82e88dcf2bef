/* SPDX-License-Identifier: GPL-2.0 */
/*
 * crash.h - what the parts of the experiment `crash` share: crash.c (options, result), crash_worker.c (the
 * workers and the processes that hold them) and crash_supervisor.c (who notices and replaces).
 *
 * The workers belong to services, which are processes: k services of one worker each (--as process),
 * or one service of k (--as thread). The first worker of a service is its first thread, the others
 * are created by it, so that a service is exactly its workers. A crash takes its service: one worker
 * or all of them. The main task is the supervisor and no worker in either form, or there would be
 * nobody left to tell. Hence not workload_run(), which takes a death for a failure, and whose threads
 * are those of the main task.
 */
#ifndef DEMO_CRASH_H
#define DEMO_CRASH_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>

#include "workload.h"

#define CRASH_BATCH 1000   /* units of work handed in together */
#define CRASH_NEWS SIGUSR1 /* to the supervisor: a worker has something to tell */

enum order {
	ORDER_WORK = 0,
	ORDER_CRASH = 1, /* after the next unit */
	ORDER_LEAVE = 2,
};

/* What the supervisor and a worker know of each other. In shared memory: what it says outlives the worker. */
struct seat {
	_Atomic uint32_t order;
	_Atomic uint64_t began_ns;  /* 0 until its first unit is done, since it was (re)placed */
	_Atomic uint64_t failed_ns; /* just before it fails */
	_Atomic uint64_t done;	    /* units, by all who sat here */
	_Atomic uint64_t handed_in; /* of them; the rest is lost when the worker dies */
	uint64_t lost;		    /* of them, as the supervisor found */
	struct crash *crash;
	pthread_t thread;
	char line[64];
};

/* Of one service: its workers are those of `size` seats from `first` on. */
struct service {
	pid_t pid; /* 0: none */
	unsigned int first, size;
};

/* What came of one crash. */
struct loss {
	unsigned int victim;	 /* index of the worker */
	struct service *service; /* its own */
	pid_t pid, tid;		 /* as they were: of the service, of the worker */
	int signal;
	unsigned int tasks_lost; /* besides the victim */
	unsigned int survivors;	 /* workers that were seen to go on afterwards */
	uint64_t units_lost;
	uint64_t failed_ns;		  /* when */
	uint64_t noticed_ns, replaced_ns; /* since then */
};

struct manner {
	const char *name;
	int signal; /* that it ends in */
	void (*fail)(void);
};

struct crash {
	struct workload workload;
	const struct manner *how;
	uint64_t crashes;
	pid_t supervisor;
	unsigned int services;
	struct service *service; /* the supervisor alone looks at these */
	struct loss *losses;	 /* and these */
	struct worker *workers;	 /* who sits at the seats now, for the report */
	struct seat *seats;
};

/* The way of this name: null, abort or stack. NULL: there is none. */
const struct manner *manner_find(const char *name);

/* The whole life of a service, in its own process, which it ends. */
_Noreturn void service_live(struct crash *crash, const struct service *service);

/*
 * Lets one worker fail when all have been seen at work, crash->crashes times, each time the next one, and
 * fills crash->losses. 0, or negative with the reason; no service is left in either case. SIGCHLD and
 * CRASH_NEWS must be blocked.
 */
int supervise(struct crash *crash, struct fail *fail);

/* Adds the counters of getrusage(who). */
void add_usage(int who, struct usage *usage);

#endif
