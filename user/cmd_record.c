// SPDX-License-Identifier: GPL-2.0
/*
 * cmd_record.c - `tasktax record`: as run or attach, with every event kept in a directory. Its exit status is the
 * command's, as run's is.
 */
#include <string.h>

#include "base/arguments.h"
#include "base/log.h"
#include "base/quote.h"
#include "base/units.h"
#include "cmd.h"
#include "targets.h"
#include "tracing.h"

enum option_key {
	KEY_AS = 'u',
	KEY_OUTPUT = 'o',
	KEY_DURATION = 'd',
	KEY_FORCE = 'f',
	KEY_REPORT = 'r',
	KEY_JSON = 'j',
	KEY_FOLLOW = 256,
	KEY_HTML,
};

static const struct argp_option option_list[] = {
	{ "output", KEY_OUTPUT, "DIR", 0, "Record into DIR (default: " RECORDING_DEFAULT ")", 1 },
	{ "force", KEY_FORCE, NULL, 0, "Replace a recording that is there", 1 },
	{ "report", KEY_REPORT, NULL, 0, "Show the report at once, too", 1 },
	{ "json", KEY_JSON, "FILE", 0, "Write the report into FILE as JSON, too", 1 },
	{ "html", KEY_HTML, "FILE", 0, "Write the report into FILE as a page of HTML, too", 1 },
	{ "as", KEY_AS, "USER", 0, "Run the command as USER", 2 },
	{ "follow-forks", KEY_FOLLOW, "WHOM", 0, TRACING_FOLLOW_HELP, 2 },
	{ "duration", KEY_DURATION, "SECONDS", 0, TRACING_DURATION_HELP, 2 },
	{ 0 },
};

static const char doc[] =
	"Traces COMMAND as `tasktax run` does, or processes that run already as `tasktax attach` "
	"does, "
	"and keeps every event in a "
	"directory: for `tasktax report`, `compare` and `export`, and, as a CTF 1.8 trace, for "
	"babeltrace2 and Trace Compass."
	"\v"
	"Exit status: the command's, 128+N when signal N ended it, 126 or 127 when it could not be "
	"executed; tasktax's own failures: 120 usage, 121 privilege, 122 kernel, 123 output (the "
	"disk is "
	"full: the command goes on, what was written can be read), 125 other.\n"
	"\n"
	"Examples:\n"
	"  tasktax record -o build.rec -- make -j4\n"
	"  tasktax record -o db.rec --comm postgres -d 300\n"
	"  tasktax report db.rec\n";

struct record_arguments {
	struct tracing tracing;
	struct targets targets;
	struct recording_options recording;
};

/* A command, or processes: one of both. */
static void check(struct record_arguments *arguments, struct argp_state *state)
{
	const struct run_options *options = &arguments->tracing.options;

	if (options->argv && arguments->targets.given)
		arguments_error(state, "a command and -p, --comm, ... at once: which of them?");
	if (!options->argv && !arguments->targets.given)
		arguments_error(
			state, "what? A command, or -p, --comm, --cgroup, --container, --user, -a");
	if (options->argv && options->duration_ns)
		arguments_error(state, "--duration is for processes that run already");
	if (!options->argv && (options->user || options->follow_all))
		arguments_error(state, "--as and --follow-forks are for a command");
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct record_arguments *arguments = state->input;
	struct tracing *tracing = &arguments->tracing;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->targets;
		state->child_inputs[1] = tracing;
		break;
	case KEY_OUTPUT:
		arguments->recording.directory = text;
		break;
	case KEY_FORCE:
		arguments->recording.replace = true;
		break;
	case KEY_REPORT:
		tracing->reporting.outputs.no_main = false;
		break;
	case KEY_JSON:
		tracing->reporting.outputs.json_file = text;
		break;
	case KEY_HTML:
		tracing->reporting.outputs.html_file = text;
		break;
	case KEY_AS:
		tracing->options.user = text;
		break;
	case KEY_FOLLOW:
		tracing_parse_follow(tracing, text, state);
		break;
	case KEY_DURATION:
		tracing_parse_duration(tracing, text, state);
		break;
	case ARGP_KEY_ARG: /* the first word that is no option: the rest is the command's own */
		tracing->options.argv = &state->argv[state->next - 1];
		state->next = state->argc;
		break;
	case ARGP_KEY_SUCCESS:
		check(arguments, state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static void say_what_is_there(const struct tracing *tracing, const struct run_result *result)
{
	const struct report *report = result->report;
	char events[UNITS_TEXT_SIZE], bytes[UNITS_TEXT_SIZE];

	log_note("record: %s events, %s in %s%s; `tasktax report` shows them",
		 format_count(events, sizeof(events), result->recorded.events),
		 format_bytes(bytes, sizeof(bytes), result->recorded.bytes),
		 quote_string(tracing->options.recording->directory).text,
		 report->complete ? "" : ", but some were lost");
}

int cmd_record(int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &targets_argp },
						      { .argp = &tracing_argp },
						      { 0 } };
	static const struct argp argp = {
		.options = option_list,
		.parser = parse,
		.args_doc = "[COMMAND [ARG]...]",
		.doc = doc,
		.children = children,
	};
	struct record_arguments arguments = {
		.targets = { .none = TARGETS_COMMAND },
		.recording = { .directory = RECORDING_DEFAULT },
	};
	struct tracing *tracing = &arguments.tracing;
	char words[TARGETS_WORDS];

	tracing_init(tracing, "record");
	tracing->reporting.outputs.no_main = true;
	arguments_parse(&argp, "record", argc, argv, ARGP_IN_ORDER, &arguments);
	if (!tracing->options.argv) {
		tracing->options.selection = &arguments.targets.selection;
		tracing->options.attached_to =
			targets_describe(&arguments.targets, words, sizeof(words));
		tracing->options.wanted.attach = true;
		tracing->options.wanted.everybody = arguments.targets.selection.everybody;
	}
	tracing->options.recording = &arguments.recording;
	tracing->finished = say_what_is_there;
	return tracing_run(tracing);
}
