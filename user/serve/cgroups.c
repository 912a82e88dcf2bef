// SPDX-License-Identifier: GPL-2.0
/* cgroups.c - a hash of living tasks and a set of paths; see cgroups.h. */
#include "serve/cgroups.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "counts.h"

#define ROOM_LEAST 1024
#define LOOKS 64		     /* of those who are known already, at each call */
#define LOOK_AGAIN_NS 30000000000ull /* who has been looked at is left alone for so long */

struct member {
	uint32_t task; /* serial; 0: free */
	uint32_t pid;  /* of its process, when it is the first task of it; else 0 */
	uint32_t path; /* index plus one; 0: not known */
	bool grouped;  /* a group counts for it, whose last counts will come after its end */
	bool ended;
	uint64_t looked_ns; /* 0: never */
};

struct cgroups {
	struct member *member; /* open addressing, linear probing */
	uint32_t room, used;
	uint32_t next; /* where the looking goes on */
	char **path;
	uint32_t paths, path_room;
};

struct cgroups *cgroups_new(void)
{
	struct cgroups *cgroups = calloc(1, sizeof(*cgroups));

	if (!cgroups)
		return NULL;
	cgroups->room = ROOM_LEAST;
	cgroups->member = calloc(cgroups->room, sizeof(*cgroups->member));
	if (cgroups->member)
		return cgroups;
	free(cgroups);
	return NULL;
}

void cgroups_free(struct cgroups *cgroups)
{
	if (!cgroups)
		return;
	for (uint32_t i = 0; i < cgroups->paths; i++)
		free(cgroups->path[i]);
	free(cgroups->path);
	free(cgroups->member);
	free(cgroups);
}

/* ---- the members ---- */

static struct member *place_of(struct member *member, uint32_t room, uint32_t task)
{
	uint32_t at = task * UINT32_C(2654435761) & (room - 1);

	while (member[at].task && member[at].task != task)
		at = (at + 1) & (room - 1);
	return &member[at];
}

static struct member *find(const struct cgroups *cgroups, uint32_t task)
{
	struct member *member = place_of(cgroups->member, cgroups->room, task);

	return task && member->task ? member : NULL;
}

static int make_room(struct cgroups *cgroups)
{
	uint32_t room = 2 * cgroups->room;
	struct member *larger;

	if (cgroups->used < cgroups->room / 2)
		return 0;
	larger = calloc(room, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	for (uint32_t i = 0; i < cgroups->room; i++)
		if (cgroups->member[i].task)
			*place_of(larger, room, cgroups->member[i].task) = cgroups->member[i];
	free(cgroups->member);
	cgroups->member = larger;
	cgroups->room = room;
	return 0;
}

/* What stood behind it moves up, so that no search ends too early. */
static void erase(struct cgroups *cgroups, struct member *gone)
{
	uint32_t at = (uint32_t)(gone - cgroups->member);

	gone->task = 0;
	cgroups->used--;
	for (at = (at + 1) & (cgroups->room - 1); cgroups->member[at].task;
	     at = (at + 1) & (cgroups->room - 1)) {
		struct member moved = cgroups->member[at];

		cgroups->member[at].task = 0;
		*place_of(cgroups->member, cgroups->room, moved.task) = moved;
	}
}

static int add(struct cgroups *cgroups, const struct event_newtask *event)
{
	const struct member *creator = find(cgroups, event->parent);
	uint32_t path = creator ? creator->path : 0;
	bool thread = event->parent && event->clone_flags & CLONE_THREAD;
	/* who was there before may have moved since its birth */
	bool known = path && !(event->h.flags & NEWTASK_SEEDED && !thread);
	struct member *member;

	if (!event->task || make_room(cgroups))
		return event->task ? -ENOMEM : 0;
	member = place_of(cgroups->member, cgroups->room, event->task);
	cgroups->used += !member->task;
	*member = (struct member){ .task = event->task,
				   .pid = thread ? 0 : event->local_tgid,
				   .path = path,
				   .grouped = event->group != GROUP_OTHERS,
				   .looked_ns = known ? event->h.ts : 0 };
	return 0;
}

/* The first task of a process that is counted apart stays until its last counts have been taken. */
static void end(struct cgroups *cgroups, uint32_t task)
{
	struct member *member = find(cgroups, task);

	if (member && member->pid && member->grouped)
		member->ended = true;
	else if (member)
		erase(cgroups, member);
}

int cgroups_note(struct cgroups *cgroups, const struct event_header *event)
{
	if (event->kind == EVENT_NEWTASK)
		return add(cgroups, (const void *)event);
	if (event->kind == EVENT_END)
		end(cgroups, ((const struct event_end *)event)->task);
	return 0;
}

void cgroups_forget(struct cgroups *cgroups, uint32_t task)
{
	struct member *member = find(cgroups, task);

	if (member)
		erase(cgroups, member);
}

const char *cgroups_of(const struct cgroups *cgroups, uint32_t task)
{
	const struct member *member = find(cgroups, task);

	return member && member->path ? cgroups->path[member->path - 1] : NULL;
}

/* ---- the paths ---- */

/* Hosts have some hundreds of them. */
static int path_index(struct cgroups *cgroups, const char *path, uint32_t *index)
{
	char *copy;

	for (uint32_t i = 0; i < cgroups->paths; i++)
		if (!strcmp(cgroups->path[i], path)) {
			*index = i + 1;
			return 0;
		}
	copy = strdup(path);
	if (!copy || array_grow(cgroups->path, cgroups->path_room, cgroups->paths)) {
		free(copy);
		return -ENOMEM;
	}
	cgroups->path[cgroups->paths++] = copy;
	*index = cgroups->paths;
	return 0;
}

static bool is_of(const char *controllers, size_t length, const char *wanted)
{
	return length == strlen(wanted) && !strncmp(controllers, wanted, length);
}

void cgroups_path(const char *lines, char path[CGROUPS_PATH_SIZE])
{
	static const char *const wanted[] = { "", "name=systemd", "memory" };

	path[0] = '\0';
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		for (const char *line = lines; *line;
		     line += strcspn(line, "\n"), line += *line == '\n') {
			size_t length = strcspn(line, "\n");
			const char *first = memchr(line, ':', length);
			const char *second = first ? memchr(first + 1, ':',
							    length - (size_t)(first + 1 - line)) :
						     NULL;

			if (!second || !is_of(first + 1, (size_t)(second - first - 1), wanted[i]))
				continue;
			snprintf(path, CGROUPS_PATH_SIZE, "%.*s",
				 (int)(length - (size_t)(second + 1 - line)), second + 1);
			if (strcmp(path, "/") != 0)
				return;
		}
	}
}

/* ---- the looking ---- */

static bool read_path(uint32_t pid, char path[CGROUPS_PATH_SIZE])
{
	char name[48], lines[4096];
	size_t length;
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%u/cgroup", pid);
	file = fopen(name, "re");
	if (!file)
		return false;
	length = fread(lines, 1, sizeof(lines) - 1, file);
	fclose(file);
	lines[length] = '\0';
	cgroups_path(lines, path);
	return path[0];
}

static int look(struct cgroups *cgroups, struct member *member, uint64_t now_ns)
{
	char path[CGROUPS_PATH_SIZE];

	member->looked_ns = now_ns;
	return read_path(member->pid, path) ? path_index(cgroups, path, &member->path) : 0;
}

int cgroups_look(struct cgroups *cgroups, uint64_t now_ns)
{
	unsigned int again = 0;
	int err = 0;

	for (uint32_t i = 0; !err && i < cgroups->room; i++) {
		struct member *member = &cgroups->member[(cgroups->next + i) & (cgroups->room - 1)];

		if (!member->task || !member->pid || member->ended)
			continue;
		if (member->looked_ns) {
			if (again == LOOKS || now_ns - member->looked_ns < LOOK_AGAIN_NS)
				continue;
			again++;
			cgroups->next = (uint32_t)(member - cgroups->member) + 1;
		}
		err = look(cgroups, member, now_ns);
	}
	return err;
}
