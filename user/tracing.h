/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tracing.h - what the commands that trace and report (run, attach, record) have in common: the options of what
 * is traced, and the way from run_command() to the written report.
 */
#ifndef TASKTAX_TRACING_H
#define TASKTAX_TRACING_H

#include <argp.h>
#include <stdbool.h>

#include "reporting.h"
#include "run.h"

#define TRACING_WITHOUT_MAX 32

/* Options that only some of the commands have. */
#define TRACING_FOLLOW_HELP \
	"\"command\": end with the command (default); \"all\": with its last descendant"
#define TRACING_DURATION_HELP "So long, as 30 or 0.5 (default: until Ctrl-C, or their end)"

struct tracing {
	const char *command; /* the sub-command's name, for messages */
	struct run_options options;
	struct reporting reporting;
	/* Called before the report is written; NULL: not. */
	void (*finished)(const struct tracing *tracing, const struct run_result *result);
	const char *without[TRACING_WITHOUT_MAX];
	size_t without_count;
};

/* A child of the command's parser; its input is the struct tracing, with the defaults in it. */
extern const struct argp tracing_argp;

/* The values of those options. What is wrong ends the program. */
void tracing_parse_follow(struct tracing *tracing, const char *text, struct argp_state *state);
void tracing_parse_duration(struct tracing *tracing, const char *text, struct argp_state *state);

/* A number of seconds, in ns; 0 only with `zero`. What is wrong ends the program. */
uint64_t tracing_parse_seconds(const char *option, const char *text, bool zero,
			       struct argp_state *state);

/* Faults, shootdowns and memory are on. */
void tracing_init(struct tracing *tracing, const char *command);

/* Traces, reports, and tells the user what went wrong. Returns the exit status, the command's own if one ran. */
int tracing_run(struct tracing *tracing);

#endif
