// SPDX-License-Identifier: GPL-2.0
/*
 * cmd_run.c - `tasktax run`: a command traced from its first instruction to its end. The exit status is
 * the command's.
 */
#include "base/arguments.h"
#include "cmd.h"
#include "tracing.h"

enum option_key {
	KEY_USER = 'u',
	KEY_FOLLOW = 256,
};

static const struct argp_option option_list[] = {
	{ "user", KEY_USER, "USER", 0, "Run the command as USER", 2 },
	{ "follow-forks", KEY_FOLLOW, "WHOM", 0, TRACING_FOLLOW_HELP, 2 },
	{ 0 },
};

static const char doc[] =
	"Traces COMMAND from its first instruction to its end and reports what its context "
	"switches "
	"cost, by level (thread, process) and way (direct, through idle, through the kernel), "
	"reconciled with the kernel's own counters."
	"\v"
	"The report goes to standard error. The exit status is the command's, 128+N when signal N "
	"ended it, 126 or 127 when it could not be executed; tasktax's own failures: 120 usage, "
	"121 privilege, 122 kernel, 123 output, 125 other.\n"
	"\n"
	"Examples:\n"
	"  tasktax run -- make -j4\n"
	"  tasktax run --json=report.json -u postgres -- /usr/lib/postgresql/15/bin/postgres -D "
	"DIR\n";

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct tracing *tracing = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &tracing->reporting;
		state->child_inputs[1] = tracing;
		break;
	case KEY_USER:
		tracing->options.user = text;
		break;
	case KEY_FOLLOW:
		tracing_parse_follow(tracing, text, state);
		break;
	case ARGP_KEY_ARG: /* the first word that is no option: the rest is the command's own */
		tracing->options.argv = &state->argv[state->next - 1];
		state->next = state->argc;
		break;
	case ARGP_KEY_NO_ARGS:
		arguments_error(state, "no command to run");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

int cmd_run(int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &reporting_argp },
						      { .argp = &tracing_argp },
						      { 0 } };
	static const struct argp argp = {
		.options = option_list,
		.parser = parse,
		.args_doc = "COMMAND [ARG]...",
		.doc = doc,
		.children = children,
	};
	struct tracing tracing;

	tracing_init(&tracing, "run");
	arguments_parse(&argp, "run", argc, argv, ARGP_IN_ORDER, &tracing);
	return tracing_run(&tracing);
}
