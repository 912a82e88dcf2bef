// SPDX-License-Identifier: GPL-2.0
/* arguments.c - argp with one line for an error; see arguments.h. */
#include "base/arguments.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/exits.h"
#include "base/log.h"

enum option_key {
	KEY_HELP = '?',
	KEY_USAGE = 0x10000, /* no character, no key of a command: argp keeps 24 bits */
};

static const struct argp_option option_list[] = {
	{ "help", KEY_HELP, NULL, 0, "Give this help list", -1 },
	{ "usage", KEY_USAGE, NULL, 0, "Give a short usage message", -1 },
	{ 0 },
};

struct parsing {
	char before[64]; /* "tasktax: run": what getopt puts before its messages */
	char name[64];	 /* "tasktax run": what the help calls it */
	void *input;	 /* of the command's own parser */
};

static void help(struct argp_state *state, unsigned int what)
{
	struct parsing *parsing = state->input;

	state->name = parsing->name;
	argp_state_help(state, state->out_stream, what | ARGP_HELP_EXIT_OK);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct parsing *parsing = state->input;

	(void)text;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = parsing->input;
		state->err_stream = NULL; /* no "Try --help" after the line that says it */
		break;
	case KEY_HELP:
		help(state, ARGP_HELP_STD_HELP);
		break;
	case KEY_USAGE:
		help(state, ARGP_HELP_USAGE);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

void arguments_parse(const struct argp *argp, const char *command, int argc, char **argv,
		     unsigned int flags, void *input)
{
	const struct argp_child children[] = { { .argp = argp }, { 0 } };
	const struct argp whole = { .options = option_list, .parser = parse, .children = children };
	struct parsing parsing = { .input = input };
	char *before = argv[0];

	snprintf(parsing.before, sizeof(parsing.before), "tasktax: %s", command);
	snprintf(parsing.name, sizeof(parsing.name), "tasktax %s", command);
	argv[0] = parsing.before;
	if (argp_parse(&whole, argc, argv, flags | ARGP_NO_HELP, NULL, &parsing))
		exit(EXITS_USAGE); /* getopt has said why */
	argv[0] = before;
}

void arguments_error(const struct argp_state *state, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	log_error("%s: %s", state->argv[0] + sizeof("tasktax: ") - 1, text);
	exit(EXITS_USAGE);
}
