/* SPDX-License-Identifier: GPL-2.0 */
/*
 * options.h - the options that every experiment has (--as, --tasks, --cpu), and parsing with errors
 * of one line.
 */
#ifndef DEMO_OPTIONS_H
#define DEMO_OPTIONS_H

#include <argp.h>
#include <stdint.h>

#include "workload.h"

/* Of every experiment's --help: see base/exits.h. */
#define OPTIONS_EXIT_STATUS                                                                  \
	"Exit status: 0, 120 usage, 123 output, 124 memory, tasks or descriptors refused,\n" \
	"125 other failures.\n"

/*
 * A child of each experiment's parser; its input is a struct workload, which holds the defaults
 * (form is written always, since --as must be given).
 */
extern const struct argp options_common;

/* Parses all of argv. 0 or -EINVAL, the user having been told. */
int options_parse(const struct argp *argp, int argc, char **argv, void *input);

/* The value of an option. 0 or EINVAL, the user having been told; for a parser to return. */
error_t options_number(const char *option, const char *text, uint64_t min, uint64_t max,
		       uint64_t *value);

/* The same for a number of bytes: "262144", "256K", "1M". */
error_t options_size(const char *option, const char *text, uint64_t min, uint64_t max,
		     uint64_t *bytes);

#endif
