/* SPDX-License-Identifier: GPL-2.0 */
/*
 * workload.h - runs one work function in N tasks of a form: created, pinned and held at a start
 * gate, then timed, then counted.
 *
 * The forms differ in the call that creates a task and in nothing else. Called by the experiments.
 *
 * What a workload uses (memory, descriptors) lives until the process ends, as one process runs one
 * experiment: a failed workload of threads leaves them where they are, for exit() to end.
 */
#ifndef DEMO_WORKLOAD_H
#define DEMO_WORKLOAD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/log.h"

#define TASKS_MAX 4096

enum form {
	FORM_PROCESS = 0, /* fork() */
	FORM_THREAD = 1,  /* pthread_create() */
};

/* As the kernel counts them (getrusage(2)). */
struct usage {
	long nvcsw, nivcsw, minflt, majflt;
};

/* One task of the workload, in memory that all of them share. */
struct worker {
	unsigned int index;
	pid_t tid;	      /* the kernel's */
	struct usage life;    /* of this task alone, at its end */
	struct usage span;    /* of it, between worker_begin() and worker_end() */
	uint64_t begin_ns;    /* by worker_begin(), else 0 */
	uint64_t end_ns;      /* by worker_end(), else 0 */
	struct fail fail;     /* why its work failed */
	struct crew *crew;    /* crew.h */
	unsigned long handle; /* of its creator: a pid or a pthread_t */
};

struct workload {
	enum form form;
	unsigned int tasks; /* 1 .. TASKS_MAX */
	int cpu;	    /* all tasks are pinned to it; CPU_NONE or CPU_SPREAD of cpus.h */
	/*
	 * Runs in each task, the same in every form: keeps what tasks share in shared_memory(), and
	 * neither allocates nor prints. Returns 0, or fail_set(&worker->fail, ...).
	 */
	int (*work)(struct worker *worker, const void *context);
	/*
	 * Looks after what else runs for the workload, as a child that is no worker; may be NULL. Called
	 * in the main task at first, whenever something happened (a child ended, the workers are ready or
	 * done), and at the end. It may find a child waited for already. 0 or -errno, which ends the workload.
	 */
	int (*watch)(const void *context, struct fail *fail);
	const void *context;
	/*
	 * NULL, or what runs in each task before the start gate: what its work needs and is no part of it. Returns
	 * as work does.
	 */
	int (*prepare)(struct worker *worker, const void *context);
	/*
	 * NULL, or the caller's own part: runs in the calling task when each worker has done its work and none has
	 * ended. 0 or -errno.
	 */
	int (*own_part)(const struct worker *workers, const void *context, struct fail *fail);
};

struct result {
	uint64_t elapsed_ns; /* from the first worker_begin() to the last worker_end() */
	struct usage all;    /* this process and its children */
	const struct worker *workers;
};

/*
 * Creates the tasks, opens the gate when all of them wait at it, and waits for their end. While
 * they work the caller only sleeps. No task ends before each has done its work: the end of one is
 * not in the time of another. SIGINT, SIGTERM and SIGHUP end the tasks and then this process. A
 * task that fails or dies ends the workload. 0 or -errno.
 */
int workload_run(const struct workload *workload, struct result *result, struct fail *fail);

/* Called by the work function of at least one worker: the timed span, after warming up. */
void worker_begin(struct worker *worker);
void worker_end(struct worker *worker);

/*
 * What the span's own calls fault in (after a fork even the clock's page) is faulted in by this. Workers have called it
 * when their work begins; for a caller that times a part of its own with a struct worker in shared_memory().
 */
void worker_rehearse(struct worker *worker);

/* As the kernel counts now: of RUSAGE_THREAD, RUSAGE_SELF ... */
void usage_read(int who, struct usage *usage);

/* What this process and its children have used. */
struct usage usage_all(void);

/* Zeroed memory, the same for all tasks in every form. NULL on failure. */
void *shared_memory(size_t size, struct fail *fail);

#endif
