// SPDX-License-Identifier: GPL-2.0
/* cmd_export.c - `tasktax export`: a recording, or a part of it, in the form of another tool. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arguments.h"
#include "base/exits.h"
#include "base/log.h"
#include "base/quote.h"
#include "base/units.h"
#include "cmd.h"
#include "exporting.h"
#include "recording.h"
#include "targets.h"
#include "tracing.h"

enum option_key {
	KEY_FORMAT = 't',
	KEY_OUTPUT = 'o',
	KEY_FORCE = 'f',
	KEY_PID = 'p',
	KEY_FROM = 256,
	KEY_UNTIL,
	KEY_FOLDED,
};

static const struct argp_option option_list[] = {
	{ "to", KEY_FORMAT, "FORMAT", 0, "In this form; the list is below", 1 },
	{ "output", KEY_OUTPUT, "FILE", 0, "Into FILE (-: standard output, the default)", 1 },
	{ "force", KEY_FORCE, NULL, 0, "Replace what is there", 1 },
	{ "folded", KEY_FOLDED, "WHAT", 0, "Of --to folded: which stacks; the list is below", 1 },
	{ "from", KEY_FROM, "SECONDS", 0, "Only from then on, counted from the recording's start",
	  2 },
	{ "until", KEY_UNTIL, "SECONDS", 0, "Only until then", 2 },
	{ "pid", KEY_PID, "PID[,PID...]", 0,
	  "Only these processes, as if they alone had been traced: all others are foreign", 2 },
	{ 0 },
};

static const char doc[] =
	"Writes a recording that `tasktax record` has made in DIR (default: " RECORDING_DEFAULT
	") in the form of another tool."
	"\v"
	"What was lost, or is damaged, is said in the output and on standard error. Exit status: "
	"0; 120 no such recording, or not one that this tasktax reads; 123 output, 125 other "
	"failures.\n"
	"\n"
	"Examples:\n"
	"  tasktax export db.rec --to ndjson | jq 'select(.event == \"fault\")'\n"
	"  tasktax export db.rec --to csv -o db.csv\n";

struct export_arguments {
	const struct export_format *format;
	struct export_options options;
	struct replay_part part;
	uint32_t pid[TARGETS_PIDS_MAX];
	const char *directory, *output;
	bool force;
};

/* --- options --- */

static const struct export_format *find_format(const char *name)
{
	const struct export_format *format = export_formats();

	while (format->name && strcmp(format->name, name) != 0)
		format++;
	return format->name ? format : NULL;
}

static enum folded_what find_folded(const char *name, const struct argp_state *state)
{
	enum folded_what what = 0;

	while (what < FOLDED_WHATS && strcmp(folded_name(what), name) != 0)
		what++;
	if (what == FOLDED_WHATS)
		arguments_error(state, "--folded %s: not one of those that --help lists",
				quote_string(name).text);
	return what;
}

static void check(struct export_arguments *arguments, const struct argp_state *state)
{
	const struct replay_part *part = &arguments->part;

	if (!arguments->format)
		arguments_error(state, "to what? --to and one of the formats that --help lists");
	if (part->to_ns && part->to_ns <= part->from_ns)
		arguments_error(state, "--until is not after --from");
	if (!arguments->format->copy)
		return;
	if (part->from_ns || part->to_ns || part->pids)
		arguments_error(state, "--to %s is of a whole recording: no --from, --until, --pid",
				arguments->format->name);
	if (!strcmp(arguments->output, "-"))
		arguments_error(state, "--to %s makes a directory: -o names it",
				arguments->format->name);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct export_arguments *arguments = state->input;

	switch (key) {
	case KEY_FORMAT:
		arguments->format = find_format(text);
		if (!arguments->format)
			arguments_error(state, "--to %s: not one of the formats that --help lists",
					quote_string(text).text);
		break;
	case KEY_OUTPUT:
		arguments->output = text;
		break;
	case KEY_FORCE:
		arguments->force = true;
		break;
	case KEY_FOLDED:
		arguments->options.folded = find_folded(text, state);
		break;
	case KEY_FROM:
		arguments->part.from_ns = tracing_parse_seconds("--from", text, true, state);
		break;
	case KEY_UNTIL:
		arguments->part.to_ns = tracing_parse_seconds("--until", text, false, state);
		break;
	case KEY_PID:
		targets_parse_pids(arguments->pid, &arguments->part.pids, text, state);
		arguments->part.pid = arguments->pid;
		break;
	case ARGP_KEY_ARG:
		if (state->arg_num)
			arguments_error(state, "%s: one recording at a time",
					quote_string(text).text);
		arguments->directory = text;
		break;
	case ARGP_KEY_END:
		check(arguments, state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* The lists, before the rest of the text after the options. The caller's parser frees it. */
static char *show_lists(int key, const char *text, void *input)
{
	const struct export_format *format = export_formats();
	char *shown = NULL;
	size_t size = 0;
	FILE *out = key == ARGP_KEY_HELP_POST_DOC && text ? open_memstream(&shown, &size) : NULL;

	(void)input;
	if (!out)
		return (char *)text;
	fputs("FORMAT is one of:\n", out);
	for (; format->name; format++)
		fprintf(out, "  %-10s %s\n", format->name, format->help);
	fputs("\nWHAT is one of:\n", out);
	for (enum folded_what what = 0; what < FOLDED_WHATS; what++)
		fprintf(out, "  %-10s %s\n", folded_name(what), folded_help(what));
	fprintf(out, "\n%s", text);
	fclose(out);
	return shown;
}

/* --- the way through --- */

/* What is not in the output, or not known, is said aloud. */
static void warn(const struct report *report, const char *directory)
{
	const struct losses *lost = &report->lost;
	uint64_t sum = lost->switches + lost->waking + lost->shootdowns + lost->faults +
		       lost->lifecycle + lost->untracked + lost->recursion + lost->unknown;
	char count[UNITS_TEXT_SIZE];

	if (report->context.partial_why)
		log_warning("export: %s: %s; what is missing is not in the output",
			    quote_string(directory).text, report->context.partial_why);
	if (sum)
		log_warning("export: %s: %s events were lost and are not in the output",
			    quote_string(directory).text, format_count(count, sizeof(count), sum));
}

static int write_error(const char *output, int err, struct fail *fail)
{
	fail_set(fail, err, "cannot write %s: %s",
		 strcmp(output, "-") != 0 ? quote_string(output).text : "to standard output",
		 strerror(-err));
	return EXITS_OUTPUT;
}

/* Reads and writes; the sink is open. */
static int convert(const struct export_arguments *arguments, struct buffer *out, struct fail *fail)
{
	struct replay replay;
	int status = export_run(&replay, arguments->directory, &arguments->part, arguments->format,
				&arguments->options, out, fail);

	if (!status) {
		warn(replay.report, arguments->directory);
		replay_free(&replay);
	}
	return out->err ? write_error(arguments->output, out->err, fail) : status;
}

/* A name that is taken, by whatever it may be, is kept without --force. */
static bool is_taken(const struct export_arguments *arguments, const struct sink *sink)
{
	struct stat status;

	return sink_is_file(sink) && !arguments->force && !lstat(arguments->output, &status);
}

static int open_output(const struct export_arguments *arguments, struct sink *sink,
		       struct fail *fail)
{
	if (sink_open(sink, arguments->output, fail))
		return EXITS_OUTPUT;
	if (is_taken(arguments, sink)) {
		sink_abort(sink);
		fail_set(fail, -EEXIST, "%s exists; --force replaces it",
			 quote_string(arguments->output).text);
		return EXITS_OUTPUT;
	}
	if (arguments->format->binary && !sink_is_file(sink) && isatty(sink->fd)) {
		sink_abort(sink);
		fail_set(fail, -EINVAL, "--to %s is not for a terminal: -o names a file",
			 arguments->format->name);
		return EXITS_USAGE;
	}
	return 0;
}

static int export_to_sink(const struct export_arguments *arguments, struct fail *fail)
{
	struct buffer out = { 0 };
	struct sink sink;
	bool file;
	int status = open_output(arguments, &sink, fail);

	if (status)
		return status;
	file = sink_is_file(&sink);
	if (buffer_init(&out, &sink)) {
		fail_set(fail, -ENOMEM, "no memory for the output");
		status = EXITS_FAILURE;
	} else {
		status = convert(arguments, &out, fail);
	}
	if (status)
		sink_abort(&sink);
	else if (sink_commit(&sink, fail))
		status = EXITS_OUTPUT;
	if (!status && file) {
		char size[UNITS_TEXT_SIZE];

		log_note("export: %s in %s", format_bytes(size, sizeof(size), out.bytes),
			 quote_string(arguments->output).text);
	}
	buffer_free(&out);
	return status;
}

int cmd_export(int argc, char **argv)
{
	static const struct argp argp = { .options = option_list,
					  .parser = parse,
					  .args_doc = "[DIR]",
					  .doc = doc,
					  .help_filter = show_lists };
	struct export_arguments arguments = { .directory = RECORDING_DEFAULT, .output = "-" };
	struct fail fail = { 0 };
	int status;

	arguments_parse(&argp, "export", argc, argv, 0, &arguments);
	signal(SIGPIPE, SIG_IGN); /* a reader that went away is a write error */
	if (arguments.format->copy)
		status = arguments.format->copy(arguments.directory, arguments.output,
						arguments.force, &fail);
	else
		status = export_to_sink(&arguments, &fail);
	if (status && fail.text[0])
		log_error("export: %s", fail.text);
	return status;
}
