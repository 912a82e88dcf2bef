/* SPDX-License-Identifier: GPL-2.0 */
/* transports.h - the ways in which a token goes from one task to the next; for ring.c. */
#ifndef DEMO_TRANSPORTS_H
#define DEMO_TRANSPORTS_H

#include "futex.h"

/* What lies before a task: where it finds the token. One cache line each. */
union seat {
	int ends[2];	  /* descriptors: read by the task, written by the one before it */
	futex_word token; /* 1: here */
	char line[64];
};

/* The functions return 0 or -errno. A task may be its own next: it finds the token and never sleeps. */
struct transport {
	const char *name;
	int (*open)(union seat *seat);
	int (*take)(union seat *seat); /* sleeps until the token is here */
	int (*give)(union seat *seat);
};

/* The first is the default. */
const struct transport *transport_default(void);

/* NULL when there is none of this name. */
const struct transport *transport_find(const char *name);

/* For messages and help. */
#define TRANSPORT_NAMES "pipe, futex, socketpair or eventfd"

#endif
