// SPDX-License-Identifier: GPL-2.0
/* targets.c - who is to be traced, from the command line; see targets.h. */
#include "targets.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arguments.h"
#include "base/quote.h"

#define PID_MOST 4194304 /* PID_MAX_LIMIT of include/linux/threads.h */

enum targets_key {
	KEY_PID = 'p',
	KEY_ALL = 'a',
	KEY_COMM = 2048, /* clear of the commands' own, and of tracing.c's */
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
	{ 0 },
};

void targets_parse_pids(uint32_t pid[TARGETS_PIDS_MAX], size_t *pids, const char *text,
			struct argp_state *state)
{
	for (const char *at = text;; at++) {
		char *end;
		unsigned long number;

		errno = 0;
		number = strtoul(at, &end, 10);
		if (*at < '0' || *at > '9' || errno || !number || number > PID_MOST ||
		    (*end && *end != ','))
			arguments_error(state, "--pid %s: not a list of process ids, as 123,456",
					quote_string(text).text);
		if (*pids == TARGETS_PIDS_MAX)
			arguments_error(state, "more than %d processes", TARGETS_PIDS_MAX);
		pid[(*pids)++] = (uint32_t)number;
		if (!*end)
			return;
		at = end;
	}
}

static void parse_user(struct targets *targets, const char *text, struct argp_state *state)
{
	struct passwd *user = getpwnam(text);
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (!user && (*text < '0' || *text > '9' || *end || errno || number >= UINT32_MAX))
		arguments_error(state, "--user %s: there is no such user", quote_string(text).text);
	targets->selection.by_user = true;
	targets->selection.user = user ? user->pw_uid : (uid_t)number;
	targets->user = text;
}

static void check(struct targets *targets, struct argp_state *state)
{
	struct selection *selection = &targets->selection;
	bool some = selection->pids || selection->comm || selection->cgroup ||
		    selection->container || selection->by_user;

	targets->given = some || selection->everybody;
	if (!targets->given && targets->none == TARGETS_REFUSED)
		arguments_error(state,
				"which processes? -p, --comm, --cgroup, --container, --user, "
				"or -a for all");
	if (some && selection->everybody)
		arguments_error(state, "-a is the whole host: it goes with no other choice");
	if (targets->none == TARGETS_WHOLE_HOST) {
		selection->everybody = !some;
		selection->open = some && !selection->pids;
	}
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct targets *targets = state->input;
	struct selection *selection = &targets->selection;

	switch (key) {
	case KEY_PID:
		targets_parse_pids(targets->pid, &selection->pids, text, state);
		selection->pid = targets->pid;
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
		parse_user(targets, text, state);
		break;
	case KEY_ALL:
		selection->everybody = true;
		break;
	case KEY_NO_CHILDREN:
		selection->no_children = true;
		break;
	case ARGP_KEY_END:
		check(targets, state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

const struct argp targets_argp = { .options = option_list, .parser = parse };

static void add_words(char **at, const char *end, const char *name, const char *value)
{
	int length = snprintf(*at, (size_t)(end - *at), " %s %s", name, value);

	*at += length < end - *at ? length : end - *at - 1;
}

char *targets_describe(const struct targets *targets, char *text, size_t size)
{
	const struct selection *selection = &targets->selection;
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
		add_words(&at, end, "--user", targets->user);
	if (selection->everybody)
		snprintf(text, size, " the whole host");
	memmove(text, text + 1, strlen(text)); /* the blank before the first */
	return text;
}
