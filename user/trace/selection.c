// SPDX-License-Identifier: GPL-2.0
/* selection.c - reads /proc and chooses; see selection.h. The files' layouts: proc(5). */
#include "trace/selection.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/quote.h"

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h: of "flags" in /proc/PID/stat */
#define CONTAINER_ID 64	      /* hex digits of a whole one */
#define CONTAINER_LEAST 4     /* of them, that a component must begin with to be taken for one */
#define CGROUP_MOUNT "/sys/fs/cgroup"

/* ---- control groups ---- */

/* The path of a line "hierarchy:controllers:path", its length; NULL: the line has none. */
static const char *path_of_line(const char *line, size_t *length)
{
	const char *end = line + strcspn(line, "\n");
	const char *colon = memchr(line, ':', (size_t)(end - line));

	colon = colon ? memchr(colon + 1, ':', (size_t)(end - colon - 1)) : NULL;
	if (!colon)
		return NULL;
	*length = (size_t)(end - colon - 1);
	return colon + 1;
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return line + (*line == '\n');
}

/* The group asked for, or one below it. */
static bool is_below(const char *path, size_t length, const char *asked)
{
	size_t whole = strlen(asked);

	while (whole > 1 && asked[whole - 1] == '/')
		whole--;
	if (whole == 1)
		return true;
	return length >= whole && !strncmp(path, asked, whole) &&
	       (length == whole || path[whole] == '/');
}

static bool has_component(const char *path, size_t length, const char *asked)
{
	size_t whole = strlen(asked);

	for (size_t at = 0; at < length;) {
		const char *slash = memchr(path + at, '/', length - at);
		size_t end = slash ? (size_t)(slash - path) : length;

		if (end - at == whole && !strncmp(path + at, asked, whole))
			return true;
		at = end + 1;
	}
	return false;
}

bool selection_in_cgroup(const char *cgroups, const char *asked)
{
	size_t mount = strlen(CGROUP_MOUNT), length;
	bool is_path;

	if (!strncmp(asked, CGROUP_MOUNT "/", mount + 1))
		asked += mount;
	is_path = strchr(asked, '/');
	for (const char *line = cgroups; *line; line = next_line(line)) {
		const char *path = path_of_line(line, &length);

		if (path &&
		    (is_path ? is_below(path, length, asked) : has_component(path, length, asked)))
			return true;
	}
	return false;
}

/*
 * Runtimes name a container's group by its id, alone or within a prefix and a suffix: 0123..., docker-0123....scope,
 * cri-containerd-0123....scope, libpod-0123....
 */
static size_t id_in_component(const char *component, size_t length, const char *begins, char *id,
			      size_t size)
{
	size_t least = strlen(begins);

	for (size_t at = 0; at < length; at++) {
		size_t digits = 0;

		if (at && component[at - 1] != '-')
			continue;
		while (at + digits < length && isxdigit((unsigned char)component[at + digits]))
			digits++;
		if (digits < CONTAINER_LEAST || digits < least || digits >= size ||
		    strncmp(component + at, begins, least) != 0)
			continue;
		snprintf(id, size, "%.*s", (int)digits, component + at);
		return digits;
	}
	return 0;
}

size_t selection_container(const char *cgroups, const char *begins, char *id, size_t size)
{
	size_t length, digits;

	id[0] = '\0';
	for (const char *line = cgroups; *line; line = next_line(line)) {
		const char *path = path_of_line(line, &length);

		for (size_t at = 0; path && at < length;) {
			const char *slash = memchr(path + at, '/', length - at);
			size_t end = slash ? (size_t)(slash - path) : length;

			digits = id_in_component(path + at, end - at, begins, id, size);
			if (digits)
				return digits;
			at = end + 1;
		}
	}
	return 0;
}

/* ---- one process ---- */

static bool has_pid(const struct selection *selection, uint32_t pid)
{
	for (size_t i = 0; i < selection->pids; i++)
		if (selection->pid[i] == pid)
			return true;
	return false;
}

bool selection_holds(const struct selection *selection, const struct process_facts *facts)
{
	char id[CONTAINER_ID + 1];

	if (facts->kernel || facts->zombie)
		return false;
	if (selection->pids && !has_pid(selection, facts->pid))
		return false;
	if (selection->comm && fnmatch(selection->comm, facts->comm, 0))
		return false;
	if (selection->by_user && facts->user != selection->user)
		return false;
	if (selection->cgroup && !selection_in_cgroup(facts->cgroups, selection->cgroup))
		return false;
	return !selection->container ||
	       selection_container(facts->cgroups, selection->container, id, sizeof(id));
}

/* A whole file of a process, to be freed; NULL: it is gone, or not to be read. */
static char *read_file(uint32_t pid, const char *name)
{
	char path[64], *text = NULL;
	size_t room = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	file = fopen(path, "re");
	if (!file)
		return NULL;
	if (getdelim(&text, &room, '\0', file) < 0) {
		free(text);
		text = NULL;
	}
	fclose(file);
	return text;
}

/* "123 (name) S 1 ...": the name may hold anything, so it ends at the last parenthesis. */
static int read_stat(uint32_t pid, struct process_facts *facts)
{
	char *text = read_file(pid, "stat"), *open, *close, *at;
	unsigned long flags = 0;

	if (!text)
		return -ESRCH;
	open = strchr(text, '(');
	close = strrchr(text, ')');
	if (open && close > open && close[1] == ' ' && close[2]) {
		snprintf(facts->comm, sizeof(facts->comm), "%.*s", (int)(close - open - 1),
			 open + 1);
		facts->zombie = close[2] == 'Z' || close[2] == 'X';
		facts->parent = (uint32_t)strtoul(close + 3, &at, 10);
		for (int field = 5; field <= 8; field++) /* pgrp session tty tpgid */
			strtol(at, &at, 10);
		flags = strtoul(at, NULL, 10);
	}
	facts->pid = pid;
	facts->kernel = flags & PF_KTHREAD;
	free(text);
	return 0;
}

/* The number behind this label, at the start of a line of a process's status; the n-th. */
static int read_status(uint32_t pid, const char *label, int n, uint32_t *number)
{
	char *text = read_file(pid, "status"), *at = text;
	size_t length = strlen(label);
	int err = -ESRCH;

	while (at && *at && strncmp(at, label, length) != 0)
		at = (char *)next_line(at);
	if (at && *at) {
		at += length;
		for (int i = 0; i < n; i++)
			*number = (uint32_t)strtoul(at, &at, 10);
		err = 0;
	}
	free(text);
	return err;
}

/* ---- the scan ---- */

struct scan {
	struct process_facts *process;
	uint32_t count, room;
};

static void scan_free(struct scan *scan)
{
	for (uint32_t i = 0; i < scan->count; i++)
		free((char *)scan->process[i].cgroups);
	free(scan->process);
}

static int add_process(struct scan *scan, const struct selection *selection, uint32_t pid)
{
	struct process_facts facts = { 0 };

	if (read_stat(pid, &facts) ||
	    (selection->by_user && read_status(pid, "Uid:", 2, &facts.user)))
		return 0;
	if (selection->cgroup || selection->container) {
		facts.cgroups = read_file(pid, "cgroup");
		if (!facts.cgroups)
			return 0;
	}
	if (array_grow(scan->process, scan->room, scan->count)) {
		free((char *)facts.cgroups);
		return -ENOMEM;
	}
	scan->process[scan->count++] = facts;
	return 0;
}

static int read_processes(struct scan *scan, const struct selection *selection, struct fail *fail)
{
	DIR *folder = opendir("/proc");
	uint32_t own = (uint32_t)getpid();
	struct dirent *entry;
	int err = 0;

	if (!folder)
		return fail_set(fail, -errno, "cannot read /proc: %s", strerror(errno));
	while (!err && (entry = readdir(folder))) {
		char *end;
		unsigned long pid = strtoul(entry->d_name, &end, 10);

		if (pid && !*end && pid != own)
			err = add_process(scan, selection, (uint32_t)pid);
	}
	closedir(folder);
	return err ? fail_set(fail, err, "no memory for the processes") : 0;
}

/* ---- who is chosen ---- */

void chosen_free(struct chosen *chosen)
{
	free(chosen->pid);
	memset(chosen, 0, sizeof(*chosen));
}

/* Where it is, or would be. */
static unsigned int place_of(const struct chosen *chosen, uint32_t pid)
{
	unsigned int low = 0, high = chosen->count;

	while (low < high) {
		unsigned int middle = low + (high - low) / 2;

		if (chosen->pid[middle] < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int chosen_append(struct chosen *chosen, uint32_t pid)
{
	if (array_grow(chosen->pid, chosen->room, chosen->count))
		return -ENOMEM;
	chosen->pid[chosen->count++] = pid;
	return 0;
}

static int by_number(const void *left, const void *right)
{
	const uint32_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

void chosen_sort(struct chosen *chosen)
{
	unsigned int kept = 0;

	if (chosen->count)
		qsort(chosen->pid, chosen->count, sizeof(chosen->pid[0]), by_number);
	for (unsigned int i = 0; i < chosen->count; i++)
		if (!i || chosen->pid[i] != chosen->pid[kept - 1])
			chosen->pid[kept++] = chosen->pid[i];
	chosen->count = kept;
}

bool chosen_has(const struct chosen *chosen, uint32_t pid)
{
	unsigned int place = place_of(chosen, pid);

	return place < chosen->count && chosen->pid[place] == pid;
}

static int chosen_add(struct chosen *chosen, uint32_t pid)
{
	unsigned int place = place_of(chosen, pid);

	if (array_grow(chosen->pid, chosen->room, chosen->count))
		return -ENOMEM;
	memmove(chosen->pid + place + 1, chosen->pid + place,
		(chosen->count - place) * sizeof(chosen->pid[0]));
	chosen->pid[place] = pid;
	chosen->count++;
	return 0;
}

/* Where the choice goes. */
struct choice {
	struct chosen *chosen;
	int (*choose)(void *context, uint32_t pid);
	void *context;
	struct fail *fail;
};

static int take(const struct choice *choice, uint32_t pid)
{
	int err = chosen_add(choice->chosen, pid) ?: choice->choose(choice->context, pid);

	return err ? fail_set(choice->fail, err, "cannot select process %u: %s", pid,
			      strerror(-err)) :
		     0;
}

static int choose_by_themselves(const struct choice *choice, const struct selection *selection,
				const struct scan *scan)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < scan->count; i++)
		if (!chosen_has(choice->chosen, scan->process[i].pid) &&
		    selection_holds(selection, &scan->process[i]))
			err = take(choice, scan->process[i].pid);
	return err;
}

/* Until nobody is left whose parent is chosen: a child may stand before its parent. */
static int choose_descendants(const struct choice *choice, const struct scan *scan)
{
	unsigned int before;
	int err = 0;

	do {
		before = choice->chosen->count;
		for (uint32_t i = 0; !err && i < scan->count; i++) {
			const struct process_facts *process = &scan->process[i];

			if (!process->zombie && !process->kernel &&
			    !chosen_has(choice->chosen, process->pid) &&
			    chosen_has(choice->chosen, process->parent))
				err = take(choice, process->pid);
		}
	} while (!err && choice->chosen->count != before);
	return err;
}

/* ---- what cannot be meant ---- */

static const struct process_facts *find(const struct scan *scan, uint32_t pid)
{
	for (uint32_t i = 0; i < scan->count; i++)
		if (scan->process[i].pid == pid)
			return &scan->process[i];
	return NULL;
}

static int check_pids(const struct selection *selection, const struct scan *scan, struct fail *fail)
{
	for (size_t i = 0; i < selection->pids; i++) {
		uint32_t pid = selection->pid[i], tgid = 0;
		const struct process_facts *process = find(scan, pid);

		if (process && process->kernel)
			return fail_set(fail, -ESRCH,
					"%u (%s) is a kernel thread: it has no memory and no "
					"process to attach to; -a shows them as rows",
					pid, quote_string(process->comm).text);
		if (process && !process->zombie)
			continue;
		if (!process && pid != (uint32_t)getpid() && !read_status(pid, "Tgid:", 1, &tgid) &&
		    tgid != pid)
			return fail_set(fail, -ESRCH,
					"%u is a thread of process %u: say -p %u --threads", pid,
					tgid, tgid);
		return fail_set(fail, -ESRCH, "%s process %u",
				pid == (uint32_t)getpid() ? "this is the tracer's own:" :
				process			  ? "it has ended already:" :
							    "there is no",
				pid);
	}
	return 0;
}

/* One beginning, two containers. */
static int check_container(const struct selection *selection, const struct scan *scan,
			   struct fail *fail)
{
	char first[CONTAINER_ID + 1] = "", other[CONTAINER_ID + 1];

	for (uint32_t i = 0; selection->container && i < scan->count; i++) {
		if (!selection_container(scan->process[i].cgroups, selection->container, other,
					 sizeof(other)))
			continue;
		if (!first[0])
			memcpy(first, other, sizeof(first));
		else if (strcmp(first, other) != 0)
			return fail_set(fail, -ESRCH,
					"--container %s is ambiguous: %s, %s; give more of it",
					quote_string(selection->container).text, first, other);
	}
	return 0;
}

static int nobody(const struct selection *selection, struct fail *fail)
{
	return fail_set(fail, -ESRCH, "no process is selected: none%s%s%s%s%s%s%s lives here",
			selection->comm ? " by the name " : "",
			selection->comm ? quote_string(selection->comm).text : "",
			selection->cgroup ? " in control group " : "",
			selection->cgroup ? quote_string(selection->cgroup).text : "",
			selection->container ? " in container " : "",
			selection->container ? quote_string(selection->container).text : "",
			selection->by_user ? " of that user" : "");
}

int selection_scan(const struct selection *selection, struct chosen *chosen,
		   int (*choose)(void *context, uint32_t pid), void *context, struct fail *fail)
{
	const struct choice choice = { chosen, choose, context, fail };
	bool first = !chosen->count;
	struct scan scan = { 0 };
	int err = read_processes(&scan, selection, fail);

	if (!err && first)
		err = check_pids(selection, &scan, fail);
	if (!err && check_container(selection, &scan, fail)) {
		scan_free(&scan);
		return first ? -ESRCH : 0;
	}
	if (!err)
		err = choose_by_themselves(&choice, selection, &scan);
	if (!err && !selection->no_children)
		err = choose_descendants(&choice, &scan);
	if (!err && !chosen->count && !selection->open)
		err = nobody(selection, fail);
	scan_free(&scan);
	return err;
}
