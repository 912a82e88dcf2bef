// SPDX-License-Identifier: GPL-2.0
/* proc_maps.c - reads /proc/PID/maps, seldom enough; see proc_maps.h. The file's layout: proc(5). */
#include "trace/proc_maps.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"

#define ASKED 1024	    /* address spaces remembered; two that share a place only wait less */
#define TIME_PER_COST 20    /* one is read again after so many times what that cost */
#define FREE_NS 20000000ull /* for the first processes of a run, which all are new */

struct proc_maps {
	uint64_t started_ns, spent_ns;
	struct {
		uint32_t mm;
		uint64_t not_before_ns;
	} asked[ASKED];
	char *line; /* getline's */
	size_t line_room;
	union {
		struct event_mapping mapping;
		char room[sizeof(struct event_mapping) + MAPPING_NAME_MAX + 8];
	} event;
};

struct proc_maps *proc_maps_new(void)
{
	struct proc_maps *maps = calloc(1, sizeof(*maps));

	if (maps)
		maps->started_ns = clock_now_ns();
	return maps;
}

void proc_maps_free(struct proc_maps *maps)
{
	if (!maps)
		return;
	free(maps->line);
	free(maps);
}

/* --- a line --- */

/* The kernel writes a newline as \012, and nothing else so. */
static size_t copy_name(char *to, const char *from)
{
	size_t length = 0;

	while (*from && length < MAPPING_NAME_MAX - 1) {
		if (!strncmp(from, "\\012", 4)) {
			to[length++] = '\n';
			from += 4;
		} else {
			to[length++] = *from++;
		}
	}
	memset(to + length, 0, 8);
	return length;
}

/* perf knows no names that a program gives to its anonymous memory (PR_SET_VMA_ANON_NAME, 5.17). */
static const char *name_of_perf(const char *name)
{
	if (!strncmp(name, "[anon:", 6))
		return "";
	return strncmp(name, "[anon_shmem:", 12) != 0 ? name : "/dev/zero (deleted)";
}

/* A number and the character behind it; false: not so. */
static bool take(const char **at, int base, char behind, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(*at, &end, base);
	if (end == *at || errno || *end != behind)
		return false;
	*at = end + 1;
	return true;
}

/* The name, behind the device and the inode; NULL: no such line. */
static const char *behind_inode(const char *at)
{
	uint64_t unused;
	char *end;

	if (!take(&at, 16, ':', &unused) || !take(&at, 16, ' ', &unused))
		return NULL;
	strtoull(at, &end, 10);
	return end == at ? NULL : end + strspn(end, " ");
}

int proc_maps_parse(const char *line, struct event_mapping *to)
{
	uint64_t start, end, offset;
	const char *prot, *name;
	size_t length;

	if (!take(&line, 16, '-', &start) || !take(&line, 16, ' ', &end) || start >= end ||
	    strcspn(line, " ") != 4)
		return -EINVAL;
	prot = line;
	line += 5;
	name = line[-1] && take(&line, 16, ' ', &offset) ? behind_inode(line) : NULL;
	if (!name)
		return -EINVAL;
	*to = (struct event_mapping){
		.h = { .kind = EVENT_MAPPING },
		.prot = (prot[0] == 'r' ? PROT_READ : 0) | (prot[1] == 'w' ? PROT_WRITE : 0) |
			(prot[2] == 'x' ? PROT_EXEC : 0),
		.map = prot[3] == 's' ? MAP_SHARED : MAP_PRIVATE,
		.known = 1,
		.start = start,
		.end = end,
		.offset = offset,
	};
	length = copy_name(to->name, name_of_perf(name));
	to->h.size = (uint16_t)((sizeof(*to) + length + 1 + 7) / 8 * 8);
	return 0;
}

/* --- the file --- */

static int read_file(struct proc_maps *maps, FILE *file, uint32_t pid, uint64_t ts,
		     consumer_sink sink, void *context)
{
	struct event_mapping *mapping = &maps->event.mapping;
	ssize_t length;
	int err = 0;

	while (!err && (length = getline(&maps->line, &maps->line_room, file)) > 0) {
		if (maps->line[length - 1] == '\n')
			maps->line[length - 1] = '\0';
		if (proc_maps_parse(maps->line, mapping))
			continue;
		mapping->h.ts = ts;
		mapping->tgid = pid;
		err = sink(context, &mapping->h);
	}
	return err;
}

int proc_maps_read(struct proc_maps *maps, uint32_t pid, uint32_t mm, uint64_t ts,
		   consumer_sink sink, void *context)
{
	uint64_t begun = clock_now_ns(), cpu_before = clock_cpu_ns(), cost;
	unsigned int place = mm % ASKED;
	char path[32];
	FILE *file;
	int err = 0;

	if ((maps->asked[place].mm == mm && begun < maps->asked[place].not_before_ns) ||
	    maps->spent_ns > FREE_NS + (begun - maps->started_ns) / TIME_PER_COST)
		return 0;
	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	file = fopen(path, "re");
	if (file) {
		err = read_file(maps, file, pid, ts, sink, context);
		fclose(file);
	}
	cost = clock_cpu_ns() - cpu_before;
	maps->spent_ns += cost;
	maps->asked[place].mm = mm;
	maps->asked[place].not_before_ns = begun + TIME_PER_COST * cost;
	return err;
}
