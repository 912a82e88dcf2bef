// SPDX-License-Identifier: GPL-2.0
/* names.c - comm of foreign tasks from /proc; see names.h. */
#include "trace/names.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLOTS 4096 /* a set of references already asked for; a collision only asks again */

struct names {
	uint32_t asked[SLOTS];
	uint32_t latest; /* the last one asked about: mostly the same again */
};

struct names *names_new(void)
{
	return calloc(1, sizeof(struct names));
}

void names_free(struct names *names)
{
	free(names);
}

/* The stranger of a record, 0: none. */
static uint32_t stranger_of(const struct event_header *event)
{
	uint32_t ref = 0;

	if (event->kind == EVENT_SWITCH)
		ref = ((const struct event_switch *)event)->last_user;
	else if (event->kind == EVENT_WAKING)
		ref = ((const struct event_waking *)event)->waker;
	return TASK_CLASS(ref) == TASK_FOREIGN || TASK_CLASS(ref) == TASK_KERNEL ? ref : 0;
}

static bool read_comm(uint32_t pid, struct event_name *name)
{
	char path[32], line[EVENT_COMM_LEN + 1];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	got = read(fd, line, sizeof(line));
	close(fd);
	if (got > 0 && line[got - 1] == '\n')
		got--;
	if (got <= 0)
		return false;
	memcpy(name->comm, line, got < EVENT_COMM_LEN ? (size_t)got : EVENT_COMM_LEN);
	return true;
}

bool names_wants(struct names *names, const struct event_header *event, struct event_name *name)
{
	uint32_t ref = stranger_of(event);
	uint32_t slot;

	if (!ref || ref == names->latest)
		return false;
	names->latest = ref;
	slot = (ref * 2654435761u) % SLOTS;
	if (names->asked[slot] == ref)
		return false;
	names->asked[slot] = ref;
	memset(name, 0, sizeof(*name));
	name->h.ts = event->ts;
	name->h.size = sizeof(*name);
	name->h.kind = EVENT_NAME;
	name->h.cpu = event->cpu;
	name->task = ref;
	return read_comm(TASK_ID(ref), name);
}
