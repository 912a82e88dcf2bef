/* SPDX-License-Identifier: GPL-2.0 */
/*
 * arguments.h - a sub-command's options, by argp, with its errors in one line like all our messages.
 *
 * argp on its own says "tasktax run: ..." and a second line that points to --help. Includes log.h
 * and the C library only. Called by the commands.
 */
#ifndef TASKTAX_BASE_ARGUMENTS_H
#define TASKTAX_BASE_ARGUMENTS_H

#include <argp.h>

/*
 * argp_parse() for the command of this name, "run". A usage error, --help and --usage end the
 * program. argv[0] is written to.
 */
void arguments_parse(const struct argp *argp, const char *command, int argc, char **argv,
		     unsigned int flags, void *input);

/*
 * For the parser: "tasktax: COMMAND: ..." and the end with EXITS_USAGE. The format is as of
 * log_error().
 */
_Noreturn void arguments_error(const struct argp_state *state, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
