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
#include "targets.h"
#include "tracing.h"

enum option_key {
	KEY_PID = 'p',
	KEY_FROM = 256,
	KEY_TO,
};

static const struct argp_option option_list[] = {
	{ "from", KEY_FROM, "SECONDS", 0, "Only from then on, counted from the recording's start",
	  2 },
	{ "to", KEY_TO, "SECONDS", 0, "Only until then", 2 },
	{ "pid", KEY_PID, "PID[,PID...]", 0,
	  "Only these processes, as if they alone had been traced: all others are foreign", 2 },
	{ 0 },
};

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
	struct replay_part part;
	uint32_t pid[TARGETS_PIDS_MAX];
	const char *directory;
};

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct report_arguments *arguments = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->reporting;
		break;
	case KEY_FROM:
		arguments->part.from_ns = tracing_parse_seconds("--from", text, true, state);
		break;
	case KEY_TO:
		arguments->part.to_ns = tracing_parse_seconds("--to", text, false, state);
		break;
	case KEY_PID:
		targets_parse_pids(arguments->pid, &arguments->part.pids, text, state);
		arguments->part.pid = arguments->pid;
		break;
	case ARGP_KEY_END:
		if (arguments->part.to_ns && arguments->part.to_ns <= arguments->part.from_ns)
			arguments_error(state, "--to is not after --from");
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
	status = replay_run(&replay, arguments->directory, &arguments->part, fail);
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
	static const struct argp argp = { .options = option_list,
					  .parser = parse,
					  .args_doc = "[DIR]",
					  .doc = doc,
					  .children = children };
	struct report_arguments arguments = {
		.reporting.outputs.to_stdout = true,
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
