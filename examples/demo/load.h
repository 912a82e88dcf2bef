/* SPDX-License-Identifier: GPL-2.0 */
/*
 * load.h - the load generator of the experiment `server`: one process that plays all clients.
 *
 * A closed loop: each client has one connection and one request under way; the next is sent when
 * the reply has come and was verified. The latency of a request is from its sending to the last
 * byte of its reply; the first of a connection includes the connecting.
 */
#ifndef DEMO_LOAD_H
#define DEMO_LOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/log.h"
#include "futex.h"

struct load_plan {
	int listener; /* of the server; it is shut down when the last reply has come, or when one is bad */
	struct sockaddr_storage address;
	socklen_t address_size;
	unsigned int clients;
	uint64_t requests;	 /* of all clients */
	uint64_t per_connection; /* a client's connection is replaced after so many */
	size_t reply;		 /* bytes */
	int cpu;		 /* or CPU_NONE */
};

/* In memory shared with the generator. */
struct load {
	struct load_plan plan;
	pid_t pid;
	bool gone;	  /* it has ended and was waited for */
	futex_word go;	  /* opened by the server when it is ready */
	futex_word ended; /* it has done what it could; what follows is valid */
	struct fail fail; /* why it failed, if so */
	uint64_t replies, connections;
	uint64_t begin_ns, end_ns; /* first request, last reply */
	uint64_t *latency_ns;	   /* of each request, in the order of the replies */
};

/* Requests of one client: a share of all, equal but for the remainder. */
uint64_t load_share(const struct load_plan *plan, unsigned int client);

/* Connections that the plan needs. */
uint64_t load_connections(const struct load_plan *plan);

/* NULL on failure. */
struct load *load_make(const struct load_plan *plan, struct fail *fail);

/* Starts the process, which waits until go is opened. It dies with us. 0 or -errno. */
int load_start(struct load *load, struct fail *fail);

/* Takes note of its end, and waits for that once it is near. -errno when it failed or died. */
int load_watch(struct load *load, struct fail *fail);

/* Ends it, wherever it is. */
void load_stop(struct load *load);

/* Sorts the latencies, so that percentiles (nearest rank) can be told. */
void load_sort(struct load *load);
uint64_t load_percentile(const struct load *load, unsigned int percent);

#endif
