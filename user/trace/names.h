/* SPDX-License-Identifier: GPL-2.0 */
/*
 * names.h - the names of tasks that are no targets, read from /proc the first time one hands the CPU
 * to a target or wakes it. They become records of the stream, so that the model stays pure and a
 * stored stream has them too. Called by consumer.c.
 */
#ifndef TASKTAX_TRACE_NAMES_H
#define TASKTAX_TRACE_NAMES_H

#include <stdbool.h>

#include "event.h"

struct names;

struct names *names_new(void); /* NULL: no memory */
void names_free(struct names *names);

/* True when this record names a stranger for the first time: *name is then to go before it. */
bool names_wants(struct names *names, const struct event_header *event, struct event_name *name);

#endif
