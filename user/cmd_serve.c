// SPDX-License-Identifier: GPL-2.0
/* cmd_serve.c - `tasktax serve`: who is counted, how grouped, where served; the rest is serve/exporter.c. */
#include <stdlib.h>
#include <string.h>

#include "base/arguments.h"
#include "base/exits.h"
#include "base/log.h"
#include "base/quote.h"
#include "base/units.h"
#include "cmd.h"
#include "serve/exporter.h"
#include "targets.h"

#define GROUPS_DEFAULT 200
#define GROUPS_MOST 5000
#define MEMORY_DEFAULT (UINT64_C(64) << 20)
#define MEMORY_LEAST (UINT64_C(1) << 20)
#define WITHOUT_MAX 32

enum option_key {
	KEY_LISTEN = 'l',
	KEY_GROUP_BY = 'g',
	KEY_MAX_GROUPS = 256,
	KEY_MAX_MEMORY,
	KEY_BPF_STATS,
	KEY_NO_FAULTS,
	KEY_NO_TLB,
	KEY_WITHOUT,
};

static const struct argp_option option_list[] = {
	{ "listen", KEY_LISTEN, "ADDR:PORT|unix:PATH", 0,
	  "Where to serve (default: the socket of systemd, if it hands one over, else "
	  "127.0.0.1:10435)",
	  1 },
	{ "group-by", KEY_GROUP_BY, "cgroup|comm|unit|none", 0,
	  "What tells the series apart: control group, name, systemd unit (default: none, one "
	  "for the host)",
	  1 },
	{ "max-groups", KEY_MAX_GROUPS, "N", 0,
	  "So many groups at most, all others being one (default 200)", 1 },
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
	"Serves what processes and threads cost on this host to Prometheus, for as long as it "
	"runs: "
	"/metrics in text format 0.0.4 or OpenMetrics, /healthz. Counts are kept in the kernel; "
	"those of "
	"processes that are there already begin now."
	"\v"
	"Whoever comes to fit --comm, --cgroup, --container or --user while it runs is counted "
	"from "
	"then on.\n"
	"\n"
	"Exit status: 0 after SIGTERM or SIGINT, 120 usage or no such process, 121 privilege, 122 "
	"kernel, "
	"125 other failures, as an address in use.\n"
	"\n"
	"Examples:\n"
	"  tasktax serve\n"
	"  tasktax serve --group-by unit --listen 0.0.0.0:10435\n"
	"  tasktax serve --comm postgres --listen unix:/run/tasktax/metrics.sock\n";

struct serve_arguments {
	struct targets targets;
	struct exporter_options exporter;
	struct listen_address listen;
	const char *without[WITHOUT_MAX];
};

static void parse_listen(struct serve_arguments *arguments, const char *text,
			 struct argp_state *state)
{
	struct fail fail = { 0 };

	if (listen_parse(&arguments->listen, text, &fail))
		arguments_error(state, "%s", fail.text);
	arguments->exporter.listen = &arguments->listen;
}

static void parse_group_by(struct serve_arguments *arguments, const char *text,
			   struct argp_state *state)
{
	static const char *const names[] = {
		[GROUPING_NONE] = "none",
		[GROUPING_COMM] = "comm",
		[GROUPING_CGROUP] = "cgroup",
		[GROUPING_UNIT] = "unit",
	};

	for (enum grouping_key key = GROUPING_NONE; key <= GROUPING_UNIT; key++)
		if (!strcmp(text, names[key])) {
			arguments->exporter.group_by = key;
			return;
		}
	arguments_error(state, "--group-by %s: not cgroup, comm, unit or none",
			quote_string(text).text);
}

static void parse_max_groups(struct serve_arguments *arguments, const char *text,
			     struct argp_state *state)
{
	char *end;
	unsigned long groups = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || !groups || groups > GROUPS_MOST)
		arguments_error(state, "--max-groups %s: not a number from 1 to %d",
				quote_string(text).text, GROUPS_MOST);
	arguments->exporter.max_groups = groups;
}

static void parse_max_memory(struct serve_arguments *arguments, const char *text,
			     struct argp_state *state)
{
	uint64_t size;

	if (parse_size(text, &size) || size < MEMORY_LEAST)
		arguments_error(state, "--max-memory %s: not a size of 1M or more, as 64M",
				quote_string(text).text);
	arguments->exporter.source.max_memory = size;
}

static void add_without(struct serve_arguments *arguments, const char *text,
			struct argp_state *state)
{
	struct source_options *source = &arguments->exporter.source;

	if (source->without_count == WITHOUT_MAX)
		arguments_error(state, "more than %d times --without", WITHOUT_MAX);
	arguments->without[source->without_count++] = text;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct serve_arguments *arguments = state->input;
	struct source_options *source = &arguments->exporter.source;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->targets;
		break;
	case KEY_LISTEN:
		parse_listen(arguments, text, state);
		break;
	case KEY_GROUP_BY:
		parse_group_by(arguments, text, state);
		break;
	case KEY_MAX_GROUPS:
		parse_max_groups(arguments, text, state);
		break;
	case KEY_MAX_MEMORY:
		parse_max_memory(arguments, text, state);
		break;
	case KEY_BPF_STATS:
		source->bpf_stats = true;
		break;
	case KEY_NO_FAULTS:
		source->wanted.faults = false;
		break;
	case KEY_NO_TLB:
		source->wanted.shootdowns = false;
		break;
	case KEY_WITHOUT:
		add_without(arguments, text, state);
		break;
	case ARGP_KEY_ARG:
		arguments_error(state, "%s: serve takes no command", quote_string(text).text);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

int cmd_serve(int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &targets_argp }, { 0 } };
	static const struct argp argp = {
		.options = option_list, .parser = parse, .doc = doc, .children = children
	};
	struct serve_arguments arguments = {
		.exporter = { .max_groups = GROUPS_DEFAULT,
			      .source = { .wanted = { .faults = true,
						      .shootdowns = true,
						      .attach = true },
					  .max_memory = MEMORY_DEFAULT } },
	};
	struct source_options *source = &arguments.exporter.source;
	struct fail fail = { 0 };
	char words[TARGETS_WORDS];
	int status;

	arguments_parse(&argp, "serve", argc, argv, 0, &arguments);
	targets_describe(&arguments.targets, words, sizeof(words));
	source->selection = &arguments.targets.selection;
	source->described = words;
	source->wanted.everybody = arguments.targets.selection.everybody;
	source->without = arguments.without;
	status = exporter_run(&arguments.exporter, &fail);
	if (status)
		log_error("serve: %s", fail.text);
	return status;
}
