// SPDX-License-Identifier: GPL-2.0
/*
 * cmd_attach.c - `tasktax attach`: processes that run already, for a while. Which ones, and for how long, in;
 * the report out.
 */
#include <errno.h>
#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arguments.h"
#include "base/exits.h"
#include "base/log.h"
#include "base/quote.h"
#include "cmd.h"
#include "tracing.h"

#define PIDS_MAX 1024
#define PID_MOST 4194304 /* PID_MAX_LIMIT of include/linux/threads.h */
#define SECONDS_MOST 1e9

enum option_key {
	KEY_PID = 'p',
	KEY_ALL = 'a',
	KEY_DURATION = 'd',
	KEY_COMM = 256,
	KEY_CGROUP,
	KEY_CONTAINER,
	KEY_USER,
	KEY_NO_CHILDREN,
};

static const struct argp_option option_list[] = {
	{ "pid", KEY_PID, "PID[,PID...]", 0, "These processes", 2 },
	{ "comm", KEY_COMM, "GLOB", 0, "Those whose name matches, as nginx or 'php*'", 2 },
	{ "cgroup", KEY_CGROUP, "PATH|NAME", 0,
	  "Those in this control group or below it (v1 or v2), as /system.slice/ssh.service or "
	  "ssh.service",
	  2 },
	{ "container", KEY_CONTAINER, "ID", 0, "Those in the container whose id begins so", 2 },
	{ "user", KEY_USER, "NAME", 0, "Those of this user, by name or number", 2 },
	{ "all", KEY_ALL, NULL, 0, "The whole host", 2 },
	{ "no-children", KEY_NO_CHILDREN, NULL, 0,
	  "Not the descendants that they have already (those to come are followed)", 2 },
	{ "duration", KEY_DURATION, "SECONDS", 0,
	  "So long, as 30 or 0.5 (default: until Ctrl-C, or their end)", 2 },
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
	struct selection selection;
	uint32_t pid[PIDS_MAX];
	char user[64]; /* as it was given */
};

static void parse_pids(struct attach_arguments *arguments, const char *text,
		       struct argp_state *state)
{
	struct selection *selection = &arguments->selection;

	for (const char *at = text;; at++) {
		char *end;
		unsigned long pid;

		errno = 0;
		pid = strtoul(at, &end, 10);
		if (*at < '0' || *at > '9' || errno || !pid || pid > PID_MOST ||
		    (*end && *end != ','))
			arguments_error(state, "--pid %s: not a list of process ids, as 123,456",
					quote_string(text).text);
		if (selection->pids == PIDS_MAX)
			arguments_error(state, "more than %d processes", PIDS_MAX);
		arguments->pid[selection->pids++] = (uint32_t)pid;
		selection->pid = arguments->pid;
		if (!*end)
			return;
		at = end;
	}
}

static void parse_duration(struct attach_arguments *arguments, const char *text,
			   struct argp_state *state)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !isfinite(seconds) || seconds <= 0 || seconds > SECONDS_MOST)
		arguments_error(state,
				"--duration %s: not a number of seconds above 0, as 30 or 0.5",
				quote_string(text).text);
	arguments->tracing.options.duration_ns = (uint64_t)(seconds * 1e9);
}

static void parse_user(struct attach_arguments *arguments, const char *text,
		       struct argp_state *state)
{
	struct passwd *user = getpwnam(text);
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (!user && (*text < '0' || *text > '9' || *end || errno || number >= UINT32_MAX))
		arguments_error(state, "--user %s: there is no such user", quote_string(text).text);
	arguments->selection.by_user = true;
	arguments->selection.user = user ? user->pw_uid : (uid_t)number;
	snprintf(arguments->user, sizeof(arguments->user), "%s", text);
}

static void check(const struct attach_arguments *arguments, struct argp_state *state)
{
	const struct selection *selection = &arguments->selection;
	bool some = selection->pids || selection->comm || selection->cgroup ||
		    selection->container || selection->by_user;

	if (!some && !selection->everybody)
		arguments_error(
			state,
			"whom to attach to? -p, --comm, --cgroup, --container, --user or -a");
	if (some && selection->everybody)
		arguments_error(state, "-a is the whole host: it goes with no other choice");
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct attach_arguments *arguments = state->input;
	struct selection *selection = &arguments->selection;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->tracing;
		break;
	case KEY_PID:
		parse_pids(arguments, text, state);
		break;
	case KEY_COMM:
		selection->comm = text;
		break;
	case KEY_CGROUP:
		selection->cgroup = text;
		break;
	case KEY_CONTAINER:
		selection->container = text;
		break;
	case KEY_USER:
		parse_user(arguments, text, state);
		break;
	case KEY_ALL:
		selection->everybody = true;
		break;
	case KEY_NO_CHILDREN:
		selection->no_children = true;
		break;
	case KEY_DURATION:
		parse_duration(arguments, text, state);
		break;
	case ARGP_KEY_ARG:
		arguments_error(state, "%s: attach takes no command; `tasktax run` does",
				quote_string(text).text);
		break;
	case ARGP_KEY_END:
		check(arguments, state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static void add_words(char **at, const char *end, const char *name, const char *value)
{
	int length = snprintf(*at, (size_t)(end - *at), " %s %s", name, value);

	*at += length < end - *at ? length : end - *at - 1;
}

/* "-p 1,2 --comm nginx", as it was asked for. */
static void describe(const struct attach_arguments *arguments, char *text, size_t size)
{
	const struct selection *selection = &arguments->selection;
	char *at = text, *end = text + size;
	char pid[16];

	*text = '\0';
	for (size_t i = 0; i < selection->pids; i++) {
		snprintf(pid, sizeof(pid), "%u", selection->pid[i]);
		add_words(&at, end, "-p", pid);
	}
	if (selection->comm)
		add_words(&at, end, "--comm", selection->comm);
	if (selection->cgroup)
		add_words(&at, end, "--cgroup", selection->cgroup);
	if (selection->container)
		add_words(&at, end, "--container", selection->container);
	if (selection->by_user)
		add_words(&at, end, "--user", arguments->user);
	if (selection->everybody)
		add_words(&at, end, "the whole host", "");
	memmove(text, text + 1, strlen(text)); /* the blank before the first */
}

int cmd_attach(int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &tracing_argp }, { 0 } };
	static const struct argp argp = {
		.options = option_list, .parser = parse, .doc = doc, .children = children
	};
	struct attach_arguments arguments = { 0 };
	char words[512];

	tracing_init(&arguments.tracing, "attach");
	arguments_parse(&argp, "attach", argc, argv, 0, &arguments);
	describe(&arguments, words, sizeof(words));
	arguments.tracing.options.selection = &arguments.selection;
	arguments.tracing.options.attached_to = words;
	arguments.tracing.options.wanted.attach = true;
	arguments.tracing.options.wanted.everybody = arguments.selection.everybody;
	return tracing_run(&arguments.tracing);
}
