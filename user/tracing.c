// SPDX-License-Identifier: GPL-2.0
/* tracing.c - the options and the outputs of the commands that trace; see tracing.h. */
#include "tracing.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/arguments.h"
#include "base/exits.h"
#include "base/log.h"
#include "base/quote.h"
#include "base/terminal.h"
#include "base/units.h"
#include "output/json.h"
#include "output/sink.h"
#include "output/text.h"
#include "trace/tally.h"

#define RING_LEAST 4096
#define RING_MOST (1u << 30)
#define MEMORY_MOST (UINT64_C(64) << 30)

enum tracing_key {
	KEY_JSON = 'j',
	KEY_OUTPUT = 'o',
	KEY_RING_SIZE = 1024, /* clear of the commands' own */
	KEY_WITHOUT,
	KEY_PICK,
	KEY_WAKERS,
	KEY_NO_FAULTS,
	KEY_COW_DETAIL,
	KEY_UNRAISED,
	KEY_NO_TLB,
	KEY_TLB_SWITCH,
	KEY_NO_MEMORY,
	KEY_THREADS,
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
	{ "threads", KEY_THREADS, NULL, 0, "Show every task, not the busiest only", 1 },
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

static void parse_ring_size(struct tracing *tracing, const char *text, struct argp_state *state)
{
	uint64_t size;

	if (parse_size(text, &size) || size < RING_LEAST || size > RING_MOST || (size & (size - 1)))
		arguments_error(state, "--ring-size %s: not a power of two from 4K to 1G",
				quote_string(text).text);
	else
		tracing->options.ring_size = size;
}

static void parse_mode(struct tracing *tracing, const char *text, struct argp_state *state)
{
	struct counting *counting = &tracing->options.wanted.counting;

	counting->aggregate = strcmp(text, "stream") != 0;
	counting->no_records = !strcmp(text, "aggregate");
	if (counting->aggregate && !counting->no_records && strcmp(text, "both") != 0)
		arguments_error(state, "--mode %s: not \"stream\", \"aggregate\" or \"both\"",
				quote_string(text).text);
}

static void parse_group_by(struct tracing *tracing, const char *text, struct argp_state *state)
{
	struct counting *counting = &tracing->options.wanted.counting;

	if (!strcmp(text, "process"))
		counting->by = GROUP_BY_PROCESS;
	else if (strcmp(text, "thread") != 0)
		arguments_error(state, "--group-by %s: neither \"thread\" nor \"process\"",
				quote_string(text).text);
}

static void parse_max_memory(struct tracing *tracing, const char *text, struct argp_state *state)
{
	uint64_t size;

	if (parse_size(text, &size) || size < TALLY_MEMORY_LEAST || size > MEMORY_MOST)
		arguments_error(state, "--max-memory %s: not a size from 1M to 64G",
				quote_string(text).text);
	else
		tracing->options.wanted.counting.max_memory = size;
}

static void add_without(struct tracing *tracing, const char *text, struct argp_state *state)
{
	if (tracing->without_count == TRACING_WITHOUT_MAX)
		arguments_error(state, "more than %d times --without", TRACING_WITHOUT_MAX);
	else
		tracing->without[tracing->without_count++] = text;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct tracing *tracing = state->input;
	struct wanted *wanted = &tracing->options.wanted;

	switch (key) {
	case KEY_JSON:
		tracing->json_file = text;
		tracing->json = !text;
		break;
	case KEY_OUTPUT:
		tracing->output = text;
		break;
	case KEY_RING_SIZE:
		parse_ring_size(tracing, text, state);
		break;
	case KEY_WITHOUT:
		add_without(tracing, text, state);
		break;
	case KEY_PICK:
		wanted->pick = true;
		break;
	case KEY_WAKERS:
		wanted->wakers = true;
		break;
	case KEY_NO_FAULTS:
		wanted->faults = false;
		break;
	case KEY_UNRAISED:
		wanted->unraised = true;
		break;
	case KEY_COW_DETAIL:
		wanted->cow_detail = true;
		break;
	case KEY_NO_TLB:
		wanted->shootdowns = false;
		break;
	case KEY_TLB_SWITCH:
		wanted->tlb_switch = true;
		break;
	case KEY_THREADS:
		tracing->threads = true;
		break;
	case KEY_MODE:
		parse_mode(tracing, text, state);
		break;
	case KEY_GROUP_BY:
		parse_group_by(tracing, text, state);
		break;
	case KEY_MAX_MEMORY:
		parse_max_memory(tracing, text, state);
		break;
	case KEY_NO_MEMORY:
		tracing->options.memory = false;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

const struct argp tracing_argp = { .options = option_list, .parser = parse };

void tracing_init(struct tracing *tracing, const char *command)
{
	*tracing = (struct tracing){
		.command = command,
		.options = { .stdout_fd = -1,
			     .wanted = { .counting = { .by = GROUP_BY_THREAD },
					 .faults = true,
					 .shootdowns = true },
			     .memory = true },
	};
}

/* ---- the report ---- */

/* Outputs are opened before the command starts: what cannot be written is known at once. */
struct outputs {
	struct sink report; /* text, or JSON in its place */
	struct sink json;   /* JSON beside the text */
};

static int open_outputs(struct outputs *outputs, const struct tracing *tracing, struct fail *fail)
{
	int err = sink_open(&outputs->report, tracing->output, fail);

	if (!err && tracing->json_file)
		err = sink_open(&outputs->json, tracing->json_file, fail);
	return err;
}

/* On standard error the report follows what the command and others wrote there. */
static struct text_options look_of(const struct tracing *tracing, int fd)
{
	struct terminal terminal = terminal_of(fd);

	return (struct text_options){ .colour = terminal.colour,
				      .width = terminal.width,
				      .threads = tracing->threads,
				      .apart = !tracing->output };
}

/* Completes an output, or withdraws one that memory did not suffice for. */
static int complete(struct sink *sink, int err, struct fail *fail)
{
	if (err != -ENOMEM)
		return sink_commit(sink, fail) ?: err; /* it looks at the stream's errors */
	sink_abort(sink);
	return fail_set(fail, err, "cannot write the report: no memory");
}

static int write_outputs(struct outputs *outputs, const struct tracing *tracing,
			 const struct report *report, struct fail *fail)
{
	struct text_options look = look_of(tracing, outputs->report.fd);
	FILE *stream = outputs->report.stream;
	struct fail second = { 0 };
	int err, err2 = 0;

	if (outputs->json.stream)
		err2 = complete(&outputs->json, json_write(report, outputs->json.stream), &second);
	err = complete(&outputs->report,
		       tracing->json ? json_write(report, stream) :
				       text_write(report, stream, &look),
		       fail);
	if (err && !fail->text[0])
		fail_set(fail, err, "cannot write the report: %s", strerror(-err));
	if (err2 && !err)
		*fail = second;
	return err ?: err2;
}

static int trace_and_report(const struct tracing *tracing, const struct features *features,
			    struct fail *fail)
{
	struct outputs outputs = { 0 };
	struct run_result result;
	int status;

	status = open_outputs(&outputs, tracing, fail) ? EXITS_OUTPUT : 0;
	if (!status)
		status = run_command(&tracing->options, features, &result, fail);
	if (status) {
		sink_abort(&outputs.report);
		sink_abort(&outputs.json);
		return status;
	}
	signal(SIGPIPE, SIG_IGN); /* a reader of the report that went away is a write error */
	status = run_exit_status(result.status);
	if (write_outputs(&outputs, tracing, result.report, fail)) {
		log_error("%s: %s", tracing->command, fail->text);
		status = status ?: EXITS_OUTPUT;
		fail->text[0] = '\0';
	}
	run_result_free(&result);
	return status;
}

int tracing_run(struct tracing *tracing)
{
	struct features features;
	struct fail fail = { 0 };
	int status = run_features(&features, &tracing->options.wanted, tracing->without,
				  tracing->without_count, &fail);

	if (!status) {
		status = trace_and_report(tracing, &features, &fail);
		features_free(&features);
	}
	if (status && fail.text[0])
		log_error("%s: %s", tracing->command, fail.text);
	return status;
}
