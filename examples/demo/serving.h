/* SPDX-License-Identifier: GPL-2.0 */
/*
 * serving.h - the server of the experiment `server`: what its tasks share, and what every model of it
 * does with a connection. For server.c and the models alone.
 */
#ifndef DEMO_SERVING_H
#define DEMO_SERVING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "futex.h"
#include "load.h"
#include "workload.h"

/* What the kernel knows of one worker's memory, in bytes; 0: it did not tell. */
struct memory {
	uint64_t peak_rss, pss;
};

/* What the tasks of the server share. */
struct shared {
	futex_word ready;	   /* workers that serve */
	futex_word finished, look; /* workers that have served; the gate to looking at the memory */
	_Atomic uint64_t served;
	/* Of the tasks of connections: begun, ended, whether the acceptor waits for the last. */
	_Atomic uint32_t begun;
	futex_word ended;
	_Atomic uint32_t settling;
	_Atomic long nvcsw, nivcsw, minflt, majflt;
	_Atomic uint64_t peak_rss; /* the largest */
	_Atomic uint32_t failed;
	struct fail fail; /* of the first that failed */
	struct memory memory[];
};

struct server {
	struct workload workload;
	const struct model *model;
	bool tcp;
	uint64_t clients, requests, per_connection, reply; /* per_connection 0: all */
	int listener;
	unsigned int cpu_count;
	int *cpus; /* where the tasks of connections go under --cpu spread */
	struct load *load;
	struct shared *shared;
};

struct model {
	const char *name;
	int (*work)(struct worker *worker, const struct server *server);
	bool many;    /* the number of workers is the user's */
	bool creates; /* a task per connection, in the timed span */
};

/* The models: the work of one worker. 0 or -errno. */
int work_workers(struct worker *worker, const struct server *server);	     /* serving_workers.c */
int work_per_connection(struct worker *worker, const struct server *server); /* serving_each.c */
int work_epoll(struct worker *worker, const struct server *server);	     /* serving_loop.c */

/* Why a worker fails: "cannot WHAT: REASON". Returns err. */
int serving_failed(struct worker *worker, int err, const char *what);

/* Where replies are made, faulted in. NULL on failure. */
char *serving_memory(size_t size);

/* A connection, or -errno; -EINVAL when there will be no more. flags as of accept4(2). */
int serving_accept(const struct server *server, int listener, int flags);

/* Serves a connection until the client closes it or is gone. 0 or -errno. */
int serving_serve(int fd, char *reply, size_t size, uint64_t *served);

/* A client that is gone, maybe in the middle of something, ends its connection and nothing else. */
bool serving_client_gone(int err);

/*
 * For warming up: the server's end of a connection by which one request has come, and nothing else
 * will; or -errno. The client's end is to be closed, too. The reply is of this size, which fits into
 * the socket, as nobody reads it.
 */
int rehearsal_open(int *client);
size_t rehearsal_size(const struct server *server);

/* Accepts from nothing, to fault in the code that does it. */
void rehearsal_accept(const struct server *server);

/* Begin the timed span of a worker, which is ready; the last one that is lets the load come. */
void serving_begin(struct worker *worker, const struct server *server);

/* Ends it. Then the memory is looked at, while all workers are there, as it is shared. 0 or -errno. */
int serving_finish(struct worker *worker, const struct server *server, uint64_t served);

#endif
