/* SPDX-License-Identifier: GPL-2.0 */
/*
 * environment.h - a struct run_context as the `env` block of a trace's metadata, and back. What is only known at
 * the end is in struct event_closing. Called by metadata.c, and by the reader for the context.
 */
#ifndef TASKTAX_RECORD_ENVIRONMENT_H
#define TASKTAX_RECORD_ENVIRONMENT_H

#include <stdbool.h>
#include <stdio.h>

#include "model/run_context.h"

/* A line for each field that is known: "\tkernel = "6.1.0";\n". */
void environment_write(FILE *out, const struct run_context *context);

/* A context that is filled in key by key; owns its strings. */
struct environment;

struct environment *environment_new(void); /* NULL: no memory */
void environment_free(struct environment *environment);

/*
 * Takes a key with a string (its bytes, terminated) or, where that is NULL, a number. Keys that are not ours are ignored.
 * 0; -EINVAL: not the form that this key has, or a list out of order; -ENOMEM.
 */
int environment_take(struct environment *environment, const char *key, const char *text,
		     int64_t number);

/* The context, as far as it was known when recording began, valid as long as the environment; NULL: something that every recording has is missing. */
const struct run_context *environment_context(const struct environment *environment);

#endif
