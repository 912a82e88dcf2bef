// SPDX-License-Identifier: GPL-2.0
/* proc.c - looks at /proc/PID/statm, stat and smaps_rollup; see proc.h. */
#include "top/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "trace/memory.h"

#define PART_OF_TIME 100    /* the shares may cost a hundredth of it, */
#define FREE_NS 20000000ull /* and this at the start */

struct known {
	uint64_t id;
	uint64_t census; /* it was in */
	uint64_t pss;
	uint64_t looked_ns; /* for its pss; 0: never */
	uint32_t parent;
	bool has_parent; /* it was looked for */
};

struct proc {
	struct known *known; /* `sorted` by id, then the new ones */
	uint32_t count, room, sorted;
	uint64_t census, page_size, started_ns, spent_ns;
	uint32_t *turn; /* indices of groups, who waits longest first */
	uint32_t turn_room;
};

struct proc *proc_new(void)
{
	struct proc *proc = calloc(1, sizeof(*proc));

	if (proc)
		proc->page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	return proc;
}

void proc_free(struct proc *proc)
{
	if (!proc)
		return;
	free(proc->known);
	free(proc->turn);
	free(proc);
}

/* --- the files --- */

/* Bytes read, a NUL after them; 0: it is gone, or not for us. */
static size_t read_file(uint32_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	length = read(fd, text, size - 1);
	close(fd);
	if (length < 0)
		length = 0;
	text[length] = '\0';
	return (size_t)length;
}

uint32_t proc_parent_in(const char *stat)
{
	const char *after = strrchr(stat, ')');
	unsigned long parent;
	char *end;

	/* ") S 123 " */
	if (!after || after[1] != ' ' || !after[2] || after[3] != ' ')
		return 0;
	parent = strtoul(after + 4, &end, 10);
	return end == after + 4 || *end != ' ' || parent > UINT32_MAX ? 0 : (uint32_t)parent;
}

uint64_t proc_rss_in(const char *statm, uint64_t page_size)
{
	char *at, *end;
	unsigned long all = strtoul(statm, &at, 10), pages;

	if (at == statm || *at != ' ')
		return BYTES_UNKNOWN;
	pages = strtoul(at, &end, 10);
	if (end == at || *end != ' ' || !all) /* a kernel thread, or dying */
		return BYTES_UNKNOWN;
	return pages * page_size;
}

static uint64_t rss_of(const struct proc *proc, uint32_t pid)
{
	char text[256];

	if (!read_file(pid, "statm", text, sizeof(text)))
		return BYTES_UNKNOWN;
	return proc_rss_in(text, proc->page_size);
}

static uint32_t parent_of(uint32_t pid)
{
	char text[512];

	return read_file(pid, "stat", text, sizeof(text)) ? proc_parent_in(text) : 0;
}

static uint64_t pss_of(uint32_t pid)
{
	struct event_memory figures;
	char text[2048];
	size_t length = read_file(pid, "smaps_rollup", text, sizeof(text));

	return length && !rollup_parse(text, length, &figures) ? figures.pss : BYTES_UNKNOWN;
}

/* --- who is known --- */

static int by_id(const void *left, const void *right)
{
	const struct known *a = left, *b = right;

	return a->id < b->id ? -1 : a->id > b->id;
}

static struct known *find(struct proc *proc, uint64_t id)
{
	const struct known key = { .id = id };

	return proc->sorted ?
		       bsearch(&key, proc->known, proc->sorted, sizeof(*proc->known), by_id) :
		       NULL;
}

/* Each group's, those who are gone left out; sorted. */
static int renew(struct proc *proc, const struct census_group *group, size_t count)
{
	uint32_t kept = 0;

	proc->census++;
	for (size_t i = 0; i < count; i++) {
		struct known *known = find(proc, group[i].id);

		if (known) {
			known->census = proc->census;
			continue;
		}
		if (array_grow(proc->known, proc->room, proc->count))
			return -ENOMEM;
		proc->known[proc->count++] = (struct known){ .id = group[i].id,
							     .census = proc->census,
							     .pss = BYTES_UNKNOWN };
	}
	for (uint32_t i = 0; i < proc->count; i++)
		if (proc->known[i].census == proc->census)
			proc->known[kept++] = proc->known[i];
	proc->count = proc->sorted = kept;
	if (kept)
		qsort(proc->known, kept, sizeof(*proc->known), by_id);
	return 0;
}

/* --- shares, in turn --- */

struct turns {
	struct proc *proc;
	const struct census_group *group;
};

/* Who waits longest first; of those who never had it, the larger. */
static int by_turn(const void *left, const void *right, void *context)
{
	const struct turns *turns = context;
	const struct census_group *a = &turns->group[*(const uint32_t *)left];
	const struct census_group *b = &turns->group[*(const uint32_t *)right];
	uint64_t a_ns = find(turns->proc, a->id)->looked_ns;
	uint64_t b_ns = find(turns->proc, b->id)->looked_ns;

	if (a_ns != b_ns)
		return a_ns < b_ns ? -1 : 1;
	return a->rss > b->rss ? -1 : a->rss < b->rss;
}

static int look_at_shares(struct proc *proc, const struct census_group *group, size_t count,
			  uint64_t now_ns)
{
	struct turns turns = { proc, group };
	uint64_t allowed = FREE_NS + (now_ns - proc->started_ns) / PART_OF_TIME;
	uint32_t waiting = 0;

	if (count && array_grow(proc->turn, proc->turn_room, count - 1))
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		if (group[i].rss != BYTES_UNKNOWN)
			proc->turn[waiting++] = i;
	if (waiting)
		qsort_r(proc->turn, waiting, sizeof(*proc->turn), by_turn, &turns);
	for (uint32_t i = 0; i < waiting && proc->spent_ns < allowed; i++) {
		struct known *known = find(proc, group[proc->turn[i]].id);
		uint64_t before_ns = clock_cpu_ns();

		known->pss = pss_of(group[proc->turn[i]].pid);
		known->looked_ns = now_ns;
		proc->spent_ns += clock_cpu_ns() - before_ns;
	}
	return 0;
}

int proc_look(struct proc *proc, struct census_group *group, size_t count, uint64_t now_ns)
{
	int err = renew(proc, group, count);

	if (!proc->started_ns)
		proc->started_ns = now_ns;
	for (size_t i = 0; !err && i < count; i++) {
		struct known *known = find(proc, group[i].id);

		/* of several threads the first speaks for all */
		if (!group[i].pid || (group[i].tid && group[i].tid != group[i].pid))
			continue;
		if (!known->has_parent && !group[i].parent)
			known->parent = parent_of(group[i].pid);
		known->has_parent = true;
		if (!group[i].parent)
			group[i].parent = known->parent;
		group[i].rss = rss_of(proc, group[i].pid);
	}
	err = err ?: look_at_shares(proc, group, count, now_ns);
	for (size_t i = 0; !err && i < count; i++)
		if (group[i].rss != BYTES_UNKNOWN)
			group[i].pss = find(proc, group[i].id)->pss;
	return err;
}
