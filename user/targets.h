/* SPDX-License-Identifier: GPL-2.0 */
/*
 * targets.h - the options that choose among the living processes, of every command that looks at them, as a
 * struct selection. Called by the commands.
 */
#ifndef TASKTAX_TARGETS_H
#define TASKTAX_TARGETS_H

#include <argp.h>

#include "trace/selection.h"

#define TARGETS_MAX 1024
#define TARGETS_WORDS 512

struct targets {
	struct selection selection;
	uint32_t pid[TARGETS_MAX];
	char user[64]; /* as it was given */
};

/* A child of the command's parser; its input is a struct targets, all zero. */
extern const struct argp targets_argp;

/*
 * For the command's parser, at the end: a usage error where -a goes with another choice. Without any choice it is
 * the whole host, or (`needed`) a usage error.
 */
void targets_check(struct targets *targets, bool needed, const struct argp_state *state);

/* "-p 1,2 --comm nginx", as it was asked for. */
void targets_describe(const struct targets *targets, char *text, size_t size);

#endif
