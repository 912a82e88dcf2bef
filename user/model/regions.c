// SPDX-License-Identifier: GPL-2.0
/* regions.c - names and maps; see regions.h. */
#include "model/regions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/array.h"

#define PAGE ((uint64_t)4096)
#define STACK_GROWTH_MOST ((uint64_t)1 << 30) /* how far below its record a stack is looked for */
#define ABOVE_THREAD_POINTER (2 * PAGE)	      /* glibc's struct pthread begins there */

/* --- names --- */

static uint32_t hash_of(const char *text)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * 16777619u;
	return hash;
}

static int add_name(struct region_names *names, const char *text)
{
	if (array_grow(names->name, names->room, names->count))
		return -ENOMEM;
	names->name[names->count] = (struct region_name){ .text = strdup(text) };
	if (!names->name[names->count].text)
		return -ENOMEM;
	names->count++;
	return 0;
}

static void enter_slot(struct region_names *names, uint32_t id)
{
	uint32_t at = hash_of(names->name[id].text) & (names->slots - 1);

	while (names->slot[at])
		at = (at + 1) & (names->slots - 1);
	names->slot[at] = id;
}

static int grow_slots(struct region_names *names)
{
	uint32_t slots = names->slots ? 2 * names->slots : 256;
	uint32_t *slot = calloc(slots, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	free(names->slot);
	names->slot = slot;
	names->slots = slots;
	for (uint32_t id = NAME_OTHER + 1; id < names->count; id++)
		enter_slot(names, id);
	return 0;
}

/* The id of a name, made if it is new. 0 or -ENOMEM. */
static int name_id(struct region_names *names, const char *text, uint32_t *id)
{
	uint32_t at;

	if (!names->count && (add_name(names, "") || add_name(names, "(others)")))
		return -ENOMEM;
	if (2 * names->count >= names->slots && grow_slots(names))
		return -ENOMEM;
	*id = NAME_NONE;
	if (!*text)
		return 0;
	for (at = hash_of(text) & (names->slots - 1); names->slot[at];
	     at = (at + 1) & (names->slots - 1)) {
		*id = names->slot[at];
		if (!strcmp(names->name[*id].text, text))
			return 0;
	}
	*id = NAME_OTHER;
	if (names->count >= NAMES_MAX)
		return 0;
	if (add_name(names, text))
		return -ENOMEM;
	*id = names->slot[at] = names->count - 1;
	return 0;
}

void region_names_free(struct region_names *names)
{
	for (uint32_t i = 0; i < names->count; i++)
		free(names->name[i].text);
	free(names->name);
	free(names->slot);
	memset(names, 0, sizeof(*names));
}

/* --- maps --- */

struct region_map *region_map_new(void)
{
	struct region_map *map = calloc(1, sizeof(*map));

	if (map)
		map->users = 1;
	return map;
}

struct region_map *region_map_share(struct region_map *map)
{
	map->users++;
	return map;
}

void region_map_drop(struct region_map *map)
{
	if (!map || --map->users)
		return;
	free(map->region);
	free(map);
}

/* Makes *map this user's own, with room for `more` regions. */
static int own(struct region_map **map, uint32_t more)
{
	struct region_map *mine = *map;
	uint32_t wanted = mine->count + more, room = mine->room ? mine->room : 32;
	struct region *bigger;

	if (mine->users == 1 && wanted <= mine->room)
		return 0;
	while (room < wanted)
		room *= 2;
	if (mine->users == 1) {
		bigger = realloc(mine->region, room * sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
	} else {
		bigger = calloc(room, sizeof(*bigger));
		mine = bigger ? region_map_new() : NULL;
		if (!mine) {
			free(bigger);
			return -ENOMEM;
		}
		if ((*map)->count)
			memcpy(bigger, (*map)->region, (*map)->count * sizeof(*bigger));
		mine->count = (*map)->count;
		region_map_drop(*map);
		*map = mine;
	}
	mine->region = bigger;
	mine->room = room;
	return 0;
}

/* The first region that ends after the address; count: none. */
static uint32_t first_after(const struct region_map *map, uint64_t address)
{
	uint32_t low = 0, high = map->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (map->region[middle].end > address)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void insert(struct region_map *map, uint32_t at, const struct region *region)
{
	memmove(map->region + at + 1, map->region + at, (map->count - at) * sizeof(*map->region));
	map->region[at] = *region;
	map->count++;
}

/* Takes a range out of the map; where it lies within one region, that one falls into two. */
static void clear(struct region_map *map, uint64_t start, uint64_t end)
{
	uint32_t first = first_after(map, start), last;

	if (first < map->count && map->region[first].start < start) {
		struct region head = map->region[first];

		head.end = start;
		if (map->region[first].end > end) {
			map->region[first].start = end;
			insert(map, first, &head);
			return;
		}
		map->region[first++] = head;
	}
	for (last = first; last < map->count && map->region[last].end <= end; last++)
		;
	if (last < map->count && map->region[last].start < end)
		map->region[last].start = end;
	memmove(map->region + first, map->region + last,
		(map->count - last) * sizeof(*map->region));
	map->count -= last - first;
}

/* MAP_HUGETLB memory without a file of its own has this one. */
static bool is_huge_anonymous(const char *name)
{
	return !strncmp(name, "/anon_hugepage", 14);
}

/* perf says "//anon" where /proc says nothing; private /dev/zero is the old way to get anonymous memory. */
static bool is_nameless(const char *name, bool shared)
{
	return !*name || !strncmp(name, "//anon", 6) ||
	       (!shared && (!strcmp(name, "/dev/zero") || is_huge_anonymous(name)));
}

/* What is mapped at an address; NULL: nothing that is known of. */
static const struct region *region_at(const struct region_map *map, uint64_t address)
{
	uint32_t at = first_after(map, address);

	return at < map->count && map->region[at].start <= address ? &map->region[at] : NULL;
}

/*
 * Anonymous memory right behind a file is that program's or library's bss when the kernel maps it during the
 * exec, or ld.so over the rest of the file's own mapping. Else it only happens to lie there.
 */
static void join_bss(const struct region_map *map, struct region *region, bool starting)
{
	const struct region *before = region->start ? region_at(map, region->start - 1) : NULL;
	const struct region *over = region_at(map, region->start);

	if (!before || before->end != region->start || before->shared ||
	    (before->anonymous && !before->bss))
		return;
	if (!starting && (!over || over->anonymous || over->name != before->name))
		return;
	region->name = before->name;
	region->bss = true;
}

/*
 * What is told of again has changed its protection, or has grown, alone or by joining a neighbour (mprotect,
 * brk, two anonymous mappings side by side are one to the kernel): it keeps its age and what lies in it.
 */
static bool is_same(const struct region *old, const struct region *region)
{
	return old->anonymous == region->anonymous && old->shared == region->shared &&
	       old->huge == region->huge &&
	       (old->name == region->name || (old->bss && region->name == NAME_NONE));
}

/* Where the part of the region that begins at `from` and is new ends. */
static uint64_t end_of_new(const struct region_map *map, const struct region *region, uint64_t from)
{
	for (uint32_t i = first_after(map, from);
	     i < map->count && map->region[i].start < region->end; i++)
		if (is_same(&map->region[i], region))
			return map->region[i].start;
	return region->end;
}

/* In the place of what was there. 0 or -ENOMEM. */
static int put(struct region_map **map, const struct region *region)
{
	if (own(map, 2))
		return -ENOMEM;
	clear(*map, region->start, region->end);
	insert(*map, first_after(*map, region->start), region);
	return 0;
}

int region_map_add(struct region_map **map, struct region_names *names,
		   const struct event_mapping *event, bool starting)
{
	bool shared = event->map & MAP_SHARED, nameless = is_nameless(event->name, shared);
	struct region region = { .start = event->start,
				 .end = event->end,
				 .born_ns = event->h.ts,
				 .prot = event->prot,
				 .shared = shared,
				 .anonymous = nameless || event->name[0] == '[',
				 .huge = event->map & MAP_HUGETLB ||
					 is_huge_anonymous(event->name) };
	uint64_t at = region.start;

	if (region.start >= region.end)
		return 0;
	if (name_id(names, nameless ? "" : event->name, &region.name))
		return -ENOMEM;
	/* of the files that share a name for want of room, one that is executed says nothing */
	if ((event->prot & PROT_EXEC) && !region.anonymous && region.name != NAME_OTHER)
		names->name[region.name].program = true;
	while (at < region.end) {
		const struct region *old = region_at(*map, at);
		struct region part = region;

		if (old && is_same(old, &region)) {
			part = *old;
			part.prot = region.prot;
			part.start = at;
			part.end = old->end < region.end ? old->end : region.end;
			at = part.end;
			if (old->prot == region.prot)
				continue;
		} else {
			part.start = at;
			part.end = at = end_of_new(*map, &region, at);
			if (part.anonymous && part.name == NAME_NONE)
				join_bss(*map, &part, starting);
		}
		if (put(map, &part))
			return -ENOMEM;
	}
	return 0;
}

/* The heap may hold a stack as well, but then most of it is something else. */
static bool may_be_stack(const struct region *region)
{
	return region->anonymous && !region->bss && region->name == NAME_NONE;
}

int region_map_mark_stack(struct region_map **map, uint64_t stack, uint64_t tls)
{
	uint64_t address = stack ? stack - 1 : 0, top;
	uint32_t at;

	if (!stack)
		return 0;
	at = first_after(*map, address);
	if (at == (*map)->count || (*map)->region[at].start > address ||
	    !may_be_stack(&(*map)->region[at]))
		return 0;
	if (own(map, 0))
		return -ENOMEM;
	top = tls > stack && tls < (*map)->region[at].end ? tls : stack;
	top = (top + ABOVE_THREAD_POINTER + PAGE - 1) / PAGE * PAGE;
	if ((*map)->region[at].stack_top < top)
		(*map)->region[at].stack_top = top;
	return 0;
}

const struct region *region_map_find(const struct region_map *map, const struct region_names *names,
				     uint64_t address)
{
	uint32_t at = first_after(map, address);
	const struct region *region;

	if (at == map->count)
		return NULL;
	region = &map->region[at];
	if (region->start <= address)
		return region;
	/* the stack grows down, and nobody tells */
	if (!strcmp(names->name[region->name].text, "[stack]") &&
	    region->start - address < STACK_GROWTH_MOST)
		return region;
	return NULL;
}

static bool is_shared_memory(const char *name)
{
	return !strncmp(name, "/dev/zero", 9) || !strncmp(name, "/dev/shm/", 9) ||
	       !strncmp(name, "/SYSV", 5) || !strncmp(name, "/memfd:", 7) ||
	       is_huge_anonymous(name);
}

enum region_class region_class_of(const struct region *region, const struct region_names *names,
				  uint64_t address)
{
	const struct region_name *name;

	if (!region)
		return REGION_UNKNOWN;
	name = &names->name[region->name];
	if (region->bss)
		return name->program ? REGION_PROGRAM : REGION_ANONYMOUS;
	if (region->stack_top && address < region->stack_top)
		return REGION_THREAD_STACK;
	if (!strcmp(name->text, "[stack]"))
		return REGION_STACK;
	if (!strcmp(name->text, "[heap]"))
		return REGION_HEAP;
	if (region->anonymous)
		return name->text[0] == '[' && strncmp(name->text, "[anon", 5) != 0 ?
			       REGION_SPECIAL :
			       REGION_ANONYMOUS;
	if (region->shared && is_shared_memory(name->text))
		return REGION_SHARED_MEMORY;
	if (name->program)
		return REGION_PROGRAM;
	return region->shared ? REGION_SHARED_FILE : REGION_FILE;
}
