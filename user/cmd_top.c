// SPDX-License-Identifier: GPL-2.0
/* cmd_top.c - `tasktax top`: who is watched, how often, on the screen or as plain text; the rest is top/top.c. */
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
#include "targets.h"
#include "top/top.h"
#include "trace/tally.h"

#define SECONDS_DEFAULT 2
#define WIDTH_UNKNOWN 80
#define WIDTH_LEAST 40
#define WIDTH_MOST 512
#define WITHOUT_MAX 32

enum option_key {
	KEY_INTERVAL = 'i',
	KEY_DELAY = 'd',
	KEY_BATCH = 'b',
	KEY_UPDATES = 'n',
	KEY_WIDTH = 'w',
	KEY_THREADS = 'H',
	KEY_TREE = 't',
	KEY_SORT = 'o',
	KEY_NO_COLOUR = 256,
	KEY_MAX_MEMORY,
	KEY_BPF_STATS,
	KEY_NO_FAULTS,
	KEY_NO_TLB,
	KEY_WITHOUT,
};

static const struct argp_option option_list[] = {
	{ "interval", KEY_INTERVAL, "SECONDS", 0,
	  "Between two updates, as 1 or 0.5 (default 2; also -d)", 1 },
	{ "delay", KEY_DELAY, "SECONDS", OPTION_HIDDEN, NULL, 1 },
	{ "threads", KEY_THREADS, NULL, 0, "Count threads one by one, below their processes", 1 },
	{ "tree", KEY_TREE, NULL, 0, "Begin with a tree of the processes", 1 },
	{ "sort", KEY_SORT, "COLUMN", 0,
	  "Begin ordered by pid, name, switches (default), thread, process, resume, cost, tax, "
	  "wait, faults, debt, sent, received, rss, pss",
	  1 },
	{ "no-color", KEY_NO_COLOUR, NULL, 0, "No colours (as with NO_COLOR set)", 1 },
	{ "batch", KEY_BATCH, NULL, 0, "Plain text, for scripts", 1 },
	{ "updates", KEY_UPDATES, "N", 0, "End after so many updates", 1 },
	{ "width", KEY_WIDTH, "COLUMNS", 0,
	  "Of plain text (default: the terminal's; 80 where there is none)", 1 },
	{ "bpf-stats", KEY_BPF_STATS, NULL, 0,
	  "Have the kernel time tasktax's own programs (needs CAP_SYS_ADMIN, and costs itself)",
	  3 },
	{ "no-faults", KEY_NO_FAULTS, NULL, 0, "Do not count page faults", 3 },
	{ "no-tlb", KEY_NO_TLB, NULL, 0, "Do not count TLB shootdowns", 3 },
	{ "max-memory", KEY_MAX_MEMORY, "SIZE", 0,
	  "For the counts in the kernel, at most (default 64M)", 4 },
	{ "without", KEY_WITHOUT, "HOOK", 0,
	  "Do as if this kernel had no HOOK (`tasktax doctor` lists them); may be repeated", 4 },
	{ 0 },
};

static const char doc[] =
	"Shows, as it happens, what processes and threads cost on this host: switches by level and "
	"their price, waiting, page faults, fork debt, TLB shootdowns, memory. Counted in the "
	"kernel: the cost does not grow with time. Press h for the keys and the columns."
	"\v"
	"Whoever comes to fit --comm, --cgroup, --container or --user meanwhile is shown from then "
	"on.\n"
	"\n"
	"Exit status: 0 at the end by q or a signal, 120 usage or no such process, 121 privilege, "
	"122 kernel, 123 output, 125 other failures.\n"
	"\n"
	"Examples:\n"
	"  tasktax top\n"
	"  tasktax top --comm postgres --threads\n"
	"  tasktax top -b -n 2 -i 5 --sort tax > top.txt\n";

struct top_arguments {
	struct targets targets;
	struct top_options top;
	const char *without[WITHOUT_MAX];
};

static void parse_interval(struct top_arguments *arguments, const char *text,
			   struct argp_state *state)
{
	if (view_parse_seconds(text, &arguments->top.view.interval))
		arguments_error(state, "--interval %s: not a number of seconds from 0.1 to 3600",
				quote_string(text).text);
}

static void parse_updates(struct top_arguments *arguments, const char *text,
			  struct argp_state *state)
{
	if (parse_u64_range(text, 1, UINT64_MAX, &arguments->top.updates))
		arguments_error(state, "--updates %s: not a number from 1",
				quote_string(text).text);
}

static void parse_width(struct top_arguments *arguments, const char *text, struct argp_state *state)
{
	uint64_t width;

	if (parse_u64_range(text, WIDTH_LEAST, WIDTH_MOST, &width))
		arguments_error(state, "--width %s: not a number from %d to %d",
				quote_string(text).text, WIDTH_LEAST, WIDTH_MOST);
	arguments->top.width = (unsigned int)width;
}

static void parse_sort(struct top_arguments *arguments, const char *text, struct argp_state *state)
{
	enum column column = column_named(text);

	if (column == COLUMNS)
		arguments_error(state, "--sort %s: no such column; `tasktax top --help` lists them",
				quote_string(text).text);
	arguments->top.view.sort = column;
	arguments->top.view.kinds = column >= COLUMN_FAULT_TAX;
}

static void parse_max_memory(struct top_arguments *arguments, const char *text,
			     struct argp_state *state)
{
	uint64_t *size = &arguments->top.feed.wanted.counting.max_memory;

	if (parse_size(text, size) || *size < TALLY_MEMORY_LEAST)
		arguments_error(state, "--max-memory %s: not a size of 1M or more, as 64M",
				quote_string(text).text);
}

static void add_without(struct top_arguments *arguments, const char *text, struct argp_state *state)
{
	struct feed_options *feed = &arguments->top.feed;

	if (feed->without_count == WITHOUT_MAX)
		arguments_error(state, "more than %d times --without", WITHOUT_MAX);
	arguments->without[feed->without_count++] = text;
}

/* What has no value of its own to look at. */
static error_t parse_flag(struct top_arguments *arguments, int key)
{
	struct top_options *top = &arguments->top;

	switch (key) {
	case KEY_THREADS:
		top->feed.threads = true;
		break;
	case KEY_TREE:
		top->view.tree = true;
		break;
	case KEY_BATCH:
		top->batch = true;
		break;
	case KEY_NO_COLOUR:
		top->colour = false;
		break;
	case KEY_BPF_STATS:
		top->feed.bpf_stats = true;
		break;
	case KEY_NO_FAULTS:
		top->feed.wanted.faults = false;
		break;
	case KEY_NO_TLB:
		top->feed.wanted.shootdowns = false;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct top_arguments *arguments = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->targets;
		break;
	case KEY_INTERVAL:
	case KEY_DELAY:
		parse_interval(arguments, text, state);
		break;
	case KEY_UPDATES:
		parse_updates(arguments, text, state);
		break;
	case KEY_WIDTH:
		parse_width(arguments, text, state);
		break;
	case KEY_SORT:
		parse_sort(arguments, text, state);
		break;
	case KEY_MAX_MEMORY:
		parse_max_memory(arguments, text, state);
		break;
	case KEY_WITHOUT:
		add_without(arguments, text, state);
		break;
	case ARGP_KEY_ARG:
		arguments_error(state, "%s: top takes no command", quote_string(text).text);
		break;
	default:
		return parse_flag(arguments, key);
	}
	return 0;
}

static int check_terminal(struct top_options *top)
{
	struct terminal terminal = terminal_of(STDOUT_FILENO);

	top->colour &= terminal.colour;
	if (!top->width)
		top->width = terminal.is ? terminal.width : WIDTH_UNKNOWN;
	if (top->batch || (terminal.is && isatty(STDIN_FILENO)))
		return 0;
	log_error("top: standard input and output are no terminal (or TERM is not set): "
		  "-b writes plain text");
	return EXITS_USAGE;
}

int cmd_top(int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &targets_argp }, { 0 } };
	static const struct argp argp = {
		.options = option_list, .parser = parse, .doc = doc, .children = children
	};
	struct top_arguments arguments = {
		.top = { .view = { .sort = COLUMN_SWITCHES, .interval = SECONDS_DEFAULT },
			 .colour = true,
			 .feed = { .wanted = { .faults = true,
					       .shootdowns = true,
					       .attach = true } } },
	};
	struct feed_options *feed = &arguments.top.feed;
	struct fail fail = { 0 };
	char words[TARGETS_WORDS];
	int status;

	arguments_parse(&argp, "top", argc, argv, 0, &arguments);
	status = check_terminal(&arguments.top);
	if (status)
		return status;
	feed->selection = &arguments.targets.selection;
	feed->described = targets_describe(&arguments.targets, words, sizeof(words));
	feed->wanted.everybody = arguments.targets.selection.everybody;
	feed->without = arguments.without;
	status = top_run(&arguments.top, &fail);
	if (status)
		log_error("top: %s", fail.text);
	return status;
}
