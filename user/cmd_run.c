// SPDX-License-Identifier: GPL-2.0
/*
 * cmd_run.c - `tasktax run`: options in, run_command(), report out. The exit status is the traced
 * command's.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arguments.h"
#include "base/exits.h"
#include "base/log.h"
#include "base/quote.h"
#include "base/terminal.h"
#include "base/units.h"
#include "cmd.h"
#include "output/json.h"
#include "output/sink.h"
#include "output/text.h"
#include "run.h"
#include "trace/tally.h"

#define WITHOUT_MAX 32
#define RING_LEAST 4096
#define RING_MOST (1u << 30)
#define MEMORY_MOST (UINT64_C(64) << 30)

enum option_key {
	KEY_JSON = 'j',
	KEY_OUTPUT = 'o',
	KEY_USER = 'u',
	KEY_RING_SIZE = 256,
	KEY_WITHOUT,
	KEY_PICK,
	KEY_WAKERS,
	KEY_NO_FAULTS,
	KEY_COW_DETAIL,
	KEY_UNRAISED,
	KEY_NO_TLB,
	KEY_TLB_SWITCH,
	KEY_NO_MEMORY,
	KEY_FOLLOW,
	KEY_MODE,
	KEY_GROUP_BY,
	KEY_MAX_MEMORY,
};

static const struct argp_option option_list[] = {
	{ "json", KEY_JSON, "FILE", OPTION_ARG_OPTIONAL,
	  "Write the report as JSON: in place of the text, or into FILE beside it", 1 },
	{ "output", KEY_OUTPUT, "FILE", 0,
	  "Write the report into FILE (-: standard output), not to "
	  "standard error",
	  1 },
	{ "user", KEY_USER, "USER", 0, "Run the command as USER", 2 },
	{ "follow-forks", KEY_FOLLOW, "WHOM", 0,
	  "\"command\": end with the command (default); \"all\": with its last descendant", 2 },
	{ "pick", KEY_PICK, NULL, 0, "Also measure what choosing the next task costs", 3 },
	{ "wakers", KEY_WAKERS, NULL, 0, "Also record who wakes whom", 3 },
	{ "no-faults", KEY_NO_FAULTS, NULL, 0, "Do not record page faults", 3 },
	{ "cow-detail", KEY_COW_DETAIL, NULL, 0,
	  "Also tell which writes to once-shared pages copied them (costs at every page that the "
	  "host allocates)",
	  3 },
	{ "unraised", KEY_UNRAISED, NULL, 0,
	  "Also see the faults that raise no event, one by one (fexit of handle_mm_fault(): may "
	  "take "
	  "long to attach on a busy host)",
	  3 },
	{ "no-tlb", KEY_NO_TLB, NULL, 0, "Do not count TLB shootdowns", 3 },
	{ "tlb-switch", KEY_TLB_SWITCH, NULL, 0,
	  "Also count TLB flushes by reason, and tell at which switches the TLB was flushed (a "
	  "probe "
	  "within the direct cost, which is measured and taken off)",
	  3 },
	{ "no-memory", KEY_NO_MEMORY, NULL, 0,
	  "Do not sample what memory the processes use (below 1 % of a CPU)", 3 },
	{ "mode", KEY_MODE, "MODE", 0,
	  "\"stream\": a record of each event (default); \"aggregate\": count in the kernel: "
	  "cheaper "
	  "to read, percentiles within 6.3 % and by level, no regions, no pairs; \"both\": the "
	  "stream's report with the kernel's counts in its JSON",
	  4 },
	{ "group-by", KEY_GROUP_BY, "WHAT", 0,
	  "With --mode aggregate: count for each \"thread\" (default) or \"process\"", 4 },
	{ "max-memory", KEY_MAX_MEMORY, "SIZE", 0,
	  "With --mode aggregate: memory for all counts, at least 1M (default 64M)", 4 },
	{ "ring-size", KEY_RING_SIZE, "SIZE", 0,
	  "Ring buffer per CPU, a power of two from 4K to 1G (default 16M, less on large hosts)",
	  4 },
	{ "without", KEY_WITHOUT, "HOOK", 0,
	  "Do as if this kernel had no HOOK (`tasktax doctor` lists them); may be repeated", 4 },
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

struct run_arguments {
	struct run_options options;
	const char *output, *json_file;
	bool json;
	const char *without[WITHOUT_MAX];
	size_t without_count;
};

static void parse_ring_size(struct run_arguments *arguments, const char *text,
			    struct argp_state *state)
{
	uint64_t size;

	if (parse_size(text, &size) || size < RING_LEAST || size > RING_MOST || (size & (size - 1)))
		arguments_error(state, "--ring-size %s: not a power of two from 4K to 1G",
				quote_string(text).text);
	else
		arguments->options.ring_size = size;
}

static void parse_follow(struct run_arguments *arguments, const char *text,
			 struct argp_state *state)
{
	if (!strcmp(text, "all"))
		arguments->options.follow_all = true;
	else if (strcmp(text, "command") != 0)
		arguments_error(state, "--follow-forks %s: neither \"command\" nor \"all\"",
				quote_string(text).text);
}

static void parse_mode(struct run_arguments *arguments, const char *text, struct argp_state *state)
{
	struct counting *counting = &arguments->options.wanted.counting;

	counting->aggregate = strcmp(text, "stream") != 0;
	counting->no_records = !strcmp(text, "aggregate");
	if (counting->aggregate && !counting->no_records && strcmp(text, "both") != 0)
		arguments_error(state, "--mode %s: not \"stream\", \"aggregate\" or \"both\"",
				quote_string(text).text);
}

static void parse_group_by(struct run_arguments *arguments, const char *text,
			   struct argp_state *state)
{
	struct counting *counting = &arguments->options.wanted.counting;

	if (!strcmp(text, "process"))
		counting->by = GROUP_BY_PROCESS;
	else if (strcmp(text, "thread") != 0)
		arguments_error(state, "--group-by %s: neither \"thread\" nor \"process\"",
				quote_string(text).text);
}

static void parse_max_memory(struct run_arguments *arguments, const char *text,
			     struct argp_state *state)
{
	uint64_t size;

	if (parse_size(text, &size) || size < TALLY_MEMORY_LEAST || size > MEMORY_MOST)
		arguments_error(state, "--max-memory %s: not a size from 1M to 64G",
				quote_string(text).text);
	else
		arguments->options.wanted.counting.max_memory = size;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct run_arguments *arguments = state->input;

	switch (key) {
	case KEY_JSON:
		arguments->json_file = text;
		arguments->json = !text;
		break;
	case KEY_OUTPUT:
		arguments->output = text;
		break;
	case KEY_USER:
		arguments->options.user = text;
		break;
	case KEY_RING_SIZE:
		parse_ring_size(arguments, text, state);
		break;
	case KEY_WITHOUT:
		if (arguments->without_count == WITHOUT_MAX)
			arguments_error(state, "more than %d times --without", WITHOUT_MAX);
		else
			arguments->without[arguments->without_count++] = text;
		break;
	case KEY_PICK:
		arguments->options.wanted.pick = true;
		break;
	case KEY_WAKERS:
		arguments->options.wanted.wakers = true;
		break;
	case KEY_NO_FAULTS:
		arguments->options.wanted.faults = false;
		break;
	case KEY_UNRAISED:
		arguments->options.wanted.unraised = true;
		break;
	case KEY_COW_DETAIL:
		arguments->options.wanted.cow_detail = true;
		break;
	case KEY_NO_TLB:
		arguments->options.wanted.shootdowns = false;
		break;
	case KEY_TLB_SWITCH:
		arguments->options.wanted.tlb_switch = true;
		break;
	case KEY_NO_MEMORY:
		arguments->options.memory = false;
		break;
	case KEY_FOLLOW:
		parse_follow(arguments, text, state);
		break;
	case KEY_MODE:
		parse_mode(arguments, text, state);
		break;
	case KEY_GROUP_BY:
		parse_group_by(arguments, text, state);
		break;
	case KEY_MAX_MEMORY:
		parse_max_memory(arguments, text, state);
		break;
	case ARGP_KEY_ARG: /* the first word that is no option: the rest is the command's own */
		arguments->options.argv = &state->argv[state->next - 1];
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

/* Outputs are opened before the command starts: what cannot be written is known at once. */
struct outputs {
	struct sink report; /* text, or JSON in its place */
	struct sink json;   /* JSON beside the text */
};

static int open_outputs(struct outputs *outputs, const struct run_arguments *arguments,
			struct fail *fail)
{
	int err = sink_open(&outputs->report, arguments->output, fail);

	if (!err && arguments->json_file)
		err = sink_open(&outputs->json, arguments->json_file, fail);
	return err;
}

/* On standard error the report follows what the command and others wrote there. */
static struct text_options look_of(const struct run_arguments *arguments, int fd)
{
	struct terminal terminal = terminal_of(fd);

	return (struct text_options){ .colour = terminal.colour,
				      .width = terminal.width,
				      .apart = !arguments->output };
}

/* Completes an output, or withdraws one that memory did not suffice for. */
static int complete(struct sink *sink, int err, struct fail *fail)
{
	if (err != -ENOMEM)
		return sink_commit(sink, fail) ?: err; /* it looks at the stream's errors */
	sink_abort(sink);
	return fail_set(fail, err, "cannot write the report: no memory");
}

static int write_outputs(struct outputs *outputs, const struct run_arguments *arguments,
			 const struct report *report, struct fail *fail)
{
	struct text_options look = look_of(arguments, outputs->report.fd);
	FILE *stream = outputs->report.stream;
	struct fail second = { 0 };
	int err, err2 = 0;

	if (outputs->json.stream)
		err2 = complete(&outputs->json, json_write(report, outputs->json.stream), &second);
	err = complete(&outputs->report,
		       arguments->json ? json_write(report, stream) :
					 text_write(report, stream, &look),
		       fail);
	if (err && !fail->text[0])
		fail_set(fail, err, "cannot write the report: %s", strerror(-err));
	if (err2 && !err)
		*fail = second;
	return err ?: err2;
}

static int trace_and_report(const struct run_arguments *arguments, const struct features *features,
			    struct fail *fail)
{
	struct outputs outputs = { 0 };
	struct run_result result;
	int status;

	status = open_outputs(&outputs, arguments, fail) ? EXITS_OUTPUT : 0;
	if (!status)
		status = run_command(&arguments->options, features, &result, fail);
	if (status) {
		sink_abort(&outputs.report);
		sink_abort(&outputs.json);
		return status;
	}
	signal(SIGPIPE, SIG_IGN); /* a reader of the report that went away is a write error */
	status = run_exit_status(result.status);
	if (write_outputs(&outputs, arguments, result.report, fail)) {
		log_error("run: %s", fail->text);
		status = status ?: EXITS_OUTPUT;
		fail->text[0] = '\0';
	}
	run_result_free(&result);
	return status;
}

int cmd_run(int argc, char **argv)
{
	static const struct argp argp = { option_list, parse, "COMMAND [ARG]...", doc, NULL,
					  NULL,	       NULL };
	struct run_arguments arguments = {
		.options = { .stdout_fd = -1,
			     .wanted = { .counting = { .by = GROUP_BY_THREAD },
					 .faults = true,
					 .shootdowns = true },
			     .memory = true },
	};
	struct features features;
	struct fail fail = { 0 };
	int status;

	arguments_parse(&argp, "run", argc, argv, ARGP_IN_ORDER, &arguments);
	status = run_features(&features, &arguments.options.wanted, arguments.without,
			      arguments.without_count, &fail);
	if (!status) {
		status = trace_and_report(&arguments, &features, &fail);
		features_free(&features);
	}
	if (status && fail.text[0])
		log_error("run: %s", fail.text);
	return status;
}
