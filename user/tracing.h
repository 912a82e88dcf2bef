/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tracing.h - what the commands that trace and report (run, attach) have in common: the options of what is
 * traced and where the report goes, and the way from run_command() to the written report.
 */
#ifndef TASKTAX_TRACING_H
#define TASKTAX_TRACING_H

#include <argp.h>
#include <stdbool.h>

#include "run.h"

#define TRACING_WITHOUT_MAX 32

struct tracing {
	const char *command; /* the sub-command's name, for messages */
	struct run_options options;
	const char *output, *json_file;
	bool json;
	bool threads; /* show them one by one, however many processes there are */
	const char *without[TRACING_WITHOUT_MAX];
	size_t without_count;
};

/* A child of the command's parser; its input is the struct tracing, with the defaults in it. */
extern const struct argp tracing_argp;

/* Faults, shootdowns and memory are on. */
void tracing_init(struct tracing *tracing, const char *command);

/* Traces, reports, and tells the user what went wrong. Returns the exit status, the command's own if one ran. */
int tracing_run(struct tracing *tracing);

#endif
