/* SPDX-License-Identifier: GPL-2.0 */
/*
 * targets.h - the options that choose among what runs already: shared by attach, top and serve.
 */
#ifndef TASKTAX_TARGETS_H
#define TASKTAX_TARGETS_H

#include <argp.h>

#include "trace/selection.h"

#define TARGETS_PIDS_MAX 1024
#define TARGETS_WORDS 512

struct targets {
	struct selection selection; /* points into what follows, and into argv */
	uint32_t pid[TARGETS_PIDS_MAX];
	const char *user; /* as it was given */
	bool required;	  /* one of them must be given; else none means the whole host */
};

/* A child of a command's parser; its input is a struct targets, zero but for `required`. */
extern const struct argp targets_argp;

/* "-p 1,2 --comm nginx", as it was asked for; "the whole host". Returns text. */
char *targets_describe(const struct targets *targets, char *text, size_t size);

#endif
