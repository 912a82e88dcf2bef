// SPDX-License-Identifier: GPL-2.0
/* cmd_report.c - `tasktax report`: the report of a recording, exactly as it would have been shown at once. */
#include <signal.h>

#include "base/arguments.h"
#include "base/exits.h"
#include "base/log.h"
#include "base/quote.h"
#include "cmd.h"
#include "recording.h"
#include "replay.h"
#include "reporting.h"

static const char doc[] = "Shows the report of a recording that `tasktax record` has made in DIR "
			  "(default: " RECORDING_DEFAULT "), as `tasktax run` would have shown it."
			  "\v"
			  "The report goes to standard output. Exit status: 0; 120 no such "
			  "recording, or not one that this "
			  "tasktax reads; 123 output, 125 other failures. What is damaged in a "
			  "recording is left out, and the "
			  "report says so.\n"
			  "\n"
			  "Examples:\n"
			  "  tasktax report db.rec\n"
			  "  tasktax report --json=report.json db.rec\n";

struct report_arguments {
	struct reporting reporting;
	const char *directory;
};

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct report_arguments *arguments = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->reporting;
		break;
	case ARGP_KEY_ARG:
		if (state->arg_num)
			arguments_error(state, "%s: one recording at a time",
					quote_string(text).text);
		arguments->directory = text;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static int report(struct report_arguments *arguments, struct fail *fail)
{
	struct replay replay;
	int status;

	if (reporting_open(&arguments->reporting, fail))
		return EXITS_OUTPUT;
	status = replay_run(&replay, arguments->directory, fail);
	if (status) {
		reporting_abort(&arguments->reporting);
		return status;
	}
	signal(SIGPIPE, SIG_IGN); /* a reader that went away is a write error */
	if (reporting_write(&arguments->reporting, replay.report, fail))
		status = EXITS_OUTPUT;
	replay_free(&replay);
	return status;
}

int cmd_report(int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &reporting_argp }, { 0 } };
	static const struct argp argp = {
		.parser = parse, .args_doc = "[DIR]", .doc = doc, .children = children
	};
	struct report_arguments arguments = {
		.reporting = { .to_stdout = true },
		.directory = RECORDING_DEFAULT,
	};
	struct fail fail = { 0 };
	int status;

	arguments_parse(&argp, "report", argc, argv, 0, &arguments);
	status = report(&arguments, &fail);
	if (status && fail.text[0])
		log_error("report: %s", fail.text);
	return status;
}
