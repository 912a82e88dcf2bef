// SPDX-License-Identifier: GPL-2.0
/*
 * cmd_attach.c - `tasktax attach`: processes that run already, for a while. Which ones, and for how long, in;
 * the report out.
 */
#include "base/arguments.h"
#include "base/quote.h"
#include "cmd.h"
#include "targets.h"
#include "tracing.h"

enum option_key {
	KEY_DURATION = 'd',
};

static const struct argp_option option_list[] = {
	{ "duration", KEY_DURATION, "SECONDS", 0, TRACING_DURATION_HELP, 2 },
	{ 0 },
};

static const char doc[] = "Traces processes that run already, with their descendants, and reports "
			  "as `tasktax run` does: what their "
			  "context switches and page faults cost, by level, reconciled with the "
			  "kernel's own counters over just that time. "
			  "All that is asked for must hold. The processes are left as they were."
			  "\v"
			  "The report goes to standard error. Exit status: 0, 120 usage or no such "
			  "process, 121 privilege, 122 kernel, "
			  "123 output, 125 other failures.\n"
			  "\n"
			  "Examples:\n"
			  "  tasktax attach --comm postgres -d 30\n"
			  "  tasktax attach -p $(pidof -s nginx)\n"
			  "  tasktax attach --container 3f2a -d 10 --json=report.json\n";

struct attach_arguments {
	struct tracing tracing;
	struct targets targets;
};

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct attach_arguments *arguments = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->targets;
		state->child_inputs[1] = &arguments->tracing.reporting;
		state->child_inputs[2] = &arguments->tracing;
		break;
	case KEY_DURATION:
		tracing_parse_duration(&arguments->tracing, text, state);
		break;
	case ARGP_KEY_ARG:
		arguments_error(state, "%s: attach takes no command; `tasktax run` does",
				quote_string(text).text);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

int cmd_attach(int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &targets_argp },
						      { .argp = &reporting_argp },
						      { .argp = &tracing_argp },
						      { 0 } };
	static const struct argp argp = {
		.options = option_list, .parser = parse, .doc = doc, .children = children
	};
	struct attach_arguments arguments = { .targets = { .none = TARGETS_REFUSED } };
	struct run_options *options = &arguments.tracing.options;
	char words[TARGETS_WORDS];

	tracing_init(&arguments.tracing, "attach");
	arguments_parse(&argp, "attach", argc, argv, 0, &arguments);
	options->selection = &arguments.targets.selection;
	options->attached_to = targets_describe(&arguments.targets, words, sizeof(words));
	options->wanted.attach = true;
	options->wanted.everybody = arguments.targets.selection.everybody;
	return tracing_run(&arguments.tracing);
}
