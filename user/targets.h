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

/* What it means when none of the options is given. */
enum targets_none {
	TARGETS_WHOLE_HOST, /* else whoever comes to fit later is meant as well */
	TARGETS_REFUSED,
	TARGETS_COMMAND, /* the command line has a command instead */
};

struct targets {
	struct selection selection; /* points into what follows, and into argv */
	uint32_t pid[TARGETS_PIDS_MAX];
	const char *user; /* as it was given */
	enum targets_none none;
	bool given; /* one of the options was */
};

/* A child of a command's parser; its input is a struct targets, zero but for `none`. */
extern const struct argp targets_argp;

/* Adds a list like "123,456". What is wrong ends the program. */
void targets_parse_pids(uint32_t pid[TARGETS_PIDS_MAX], size_t *pids, const char *text,
			struct argp_state *state);

/* "-p 1,2 --comm nginx", as it was asked for; "the whole host". Returns text. */
char *targets_describe(const struct targets *targets, char *text, size_t size);

#endif
