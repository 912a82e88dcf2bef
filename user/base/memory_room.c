// SPDX-License-Identifier: GPL-2.0
/* memory_room.c - reads meminfo and the limits of control groups; see memory_room.h. */
#include "base/memory_room.h"

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OVERCOMMIT_NEVER 2
#define NO_LIMIT UINT64_MAX

static FILE *open_in(const char *folder, const char *name)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		return NULL;
	return fopen(path, "re");
}

/* The number after a key at the start of a line ("" is the first line); otherwise when there is none. */
static uint64_t number_in(const char *folder, const char *name, const char *key, uint64_t otherwise)
{
	FILE *file = open_in(folder, name);
	uint64_t number = otherwise;
	char line[256], *end;

	while (file && fgets(line, sizeof(line), file)) {
		const char *digits = line + strlen(key);

		if (strncmp(line, key, strlen(key)) != 0)
			continue;
		number = strtoull(digits, &end, 10);
		if (end == digits)
			number = otherwise; /* "max" */
		break;
	}
	if (file)
		fclose(file);
	return number;
}

/* ---- the host ---- */

static uint64_t host_room(const char *proc)
{
	uint64_t available = number_in(proc, "meminfo", "MemAvailable:", 0) << 10;
	uint64_t limit, committed;

	if (number_in(proc, "sys/vm/overcommit_memory", "", 0) != OVERCOMMIT_NEVER)
		return available;
	limit = number_in(proc, "meminfo", "CommitLimit:", 0) << 10;
	committed = number_in(proc, "meminfo", "Committed_AS:", 0) << 10;
	limit = limit > committed ? limit - committed : 1;
	return limit < available ? limit : available;
}

/* ---- control groups ---- */

/* The files of a memory control group, in each version (Documentation/admin-guide/cgroup-v1, -v2). */
struct interface {
	const char *limit, *usage, *reclaimable;
};

static const struct interface version_1 = { "memory.limit_in_bytes", "memory.usage_in_bytes",
					    "total_inactive_file " };
static const struct interface version_2 = { "memory.max", "memory.current", "inactive_file " };

static uint64_t group_room(const char *group, const struct interface *interface)
{
	uint64_t limit = number_in(group, interface->limit, "", NO_LIMIT);
	uint64_t used, reclaimable;

	if (limit == NO_LIMIT)
		return NO_LIMIT;
	used = number_in(group, interface->usage, "", 0);
	reclaimable = number_in(group, "memory.stat", interface->reclaimable, 0);
	used -= reclaimable < used ? reclaimable : used;
	return limit > used ? limit - used : 1;
}

/*
 * From the process's own group up to the root of the mount. In a container the mount's root may be the
 * container's group, with the path as the host sees it: what does not exist has no limit.
 */
static uint64_t groups_room(const char *root, const char *path, const struct interface *interface)
{
	uint64_t least = NO_LIMIT;
	char group[PATH_MAX];
	size_t shortest = strlen(root);

	if (snprintf(group, sizeof(group), "%s%s", root, path) >= (int)sizeof(group))
		return NO_LIMIT;
	for (;;) {
		uint64_t room = group_room(group, interface);
		char *slash = strrchr(group, '/');

		if (room < least)
			least = room;
		if (!slash || (size_t)(slash - group) < shortest)
			return least;
		*slash = '\0';
	}
}

static bool has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',')
		if (strcspn(at, ",") == length && !strncmp(at, word, length))
			return true;
	return false;
}

/* What a line of /proc/self/cgroup, "hierarchy:controllers:path", leaves. */
static uint64_t line_room(char *line, const char *cgroups)
{
	char *controllers = strchr(line, ':'), *path;
	char root[PATH_MAX];

	path = controllers ? strchr(controllers + 1, ':') : NULL;
	if (!path)
		return NO_LIMIT;
	*controllers++ = *path++ = '\0';
	path[strcspn(path, "\n")] = '\0';
	if (!*controllers)
		return groups_room(cgroups, path, &version_2);
	if (!has_word(controllers, "memory") ||
	    snprintf(root, sizeof(root), "%s/memory", cgroups) >= (int)sizeof(root))
		return NO_LIMIT;
	return groups_room(root, path, &version_1);
}

uint64_t memory_room_bytes(const char *proc, const char *cgroups)
{
	uint64_t least = host_room(proc);
	FILE *file = open_in(proc, "self/cgroup");
	char line[PATH_MAX];

	while (file && fgets(line, sizeof(line), file)) {
		uint64_t room = line_room(line, cgroups);

		if (room != NO_LIMIT && (!least || room < least))
			least = room;
	}
	if (file)
		fclose(file);
	return least;
}
