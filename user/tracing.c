// SPDX-License-Identifier: GPL-2.0
/* tracing.c - the options of the commands that trace, and their course; see tracing.h. */
#include "tracing.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/arguments.h"
#include "base/exits.h"
#include "base/log.h"
#include "base/quote.h"
#include "base/units.h"
#include "trace/tally.h"

#define RING_LEAST 4096
#define RING_MOST (1u << 30)
#define SECONDS_MOST 1e9
#define MEMORY_MOST (UINT64_C(64) << 30)

enum tracing_key {
	KEY_RING_SIZE = 1024, /* clear of the commands' own */
	KEY_WITHOUT,
	KEY_PICK,
	KEY_WAKERS,
	KEY_NO_FAULTS,
	KEY_COW_DETAIL,
	KEY_UNRAISED,
	KEY_NO_TLB,
	KEY_TLB_SWITCH,
	KEY_SHOOTDOWNS,
	KEY_NO_MEMORY,
	KEY_MODE,
	KEY_GROUP_BY,
	KEY_MAX_MEMORY,
};

static const struct argp_option tracing_options[] = {
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
	{ "shootdowns", KEY_SHOOTDOWNS, NULL, 0,
	  "Also record each TLB shootdown, by whom and at whom, not only their sums", 3 },
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
	case KEY_SHOOTDOWNS:
		wanted->each_shootdown = true;
		break;
	case KEY_TLB_SWITCH:
		wanted->tlb_switch = true;
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

const struct argp tracing_argp = { .options = tracing_options, .parser = parse };

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

void tracing_parse_follow(struct tracing *tracing, const char *text, struct argp_state *state)
{
	if (!strcmp(text, "all"))
		tracing->options.follow_all = true;
	else if (strcmp(text, "command") != 0)
		arguments_error(state, "--follow-forks %s: neither \"command\" nor \"all\"",
				quote_string(text).text);
}

void tracing_parse_duration(struct tracing *tracing, const char *text, struct argp_state *state)
{
	tracing->options.duration_ns = tracing_parse_seconds("--duration", text, false, state);
}

uint64_t tracing_parse_seconds(const char *option, const char *text, bool zero,
			       struct argp_state *state)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !isfinite(seconds) || seconds < 0 || seconds > SECONDS_MOST ||
	    (!seconds && !zero))
		arguments_error(state, "%s %s: not a number of seconds%s, as 30 or 0.5", option,
				quote_string(text).text, zero ? "" : " above 0");
	return (uint64_t)(seconds * 1e9);
}

static int trace_and_report(struct tracing *tracing, const struct features *features,
			    struct fail *fail)
{
	struct run_result result;
	int status;

	status = reporting_open(&tracing->reporting, fail) ? EXITS_OUTPUT : 0;
	if (!status)
		status = run_command(&tracing->options, features, &result, fail);
	if (status) {
		reporting_abort(&tracing->reporting);
		return status;
	}
	signal(SIGPIPE, SIG_IGN); /* a reader of the report that went away is a write error */
	status = run_exit_status(result.status);
	if (result.record_failed)
		status = status ?: EXITS_OUTPUT;
	else if (tracing->finished)
		tracing->finished(tracing, &result);
	if (reporting_write(&tracing->reporting, result.report, fail)) {
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
