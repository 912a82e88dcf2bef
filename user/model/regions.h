/* SPDX-License-Identifier: GPL-2.0 */
/*
 * regions.h - what is mapped where in an address space, and the names of it.
 *
 * A map is shared by the address spaces of a fork until one of them changes; then it is copied. Built from
 * EVENT_MAPPING records, which tell of what is mapped but not of what is unmapped: a fault lies in some
 * mapping, so the latest one that covered its address is right, but for mremap(2). Pure: no libbpf, no
 * clock, no files. Called by spaces.c.
 */
#ifndef TASKTAX_MODEL_REGIONS_H
#define TASKTAX_MODEL_REGIONS_H

#include "model/report.h"

/* --- names, each once --- */

#define NAME_NONE 0
#define NAMES_MAX 65536 /* beyond, all are one: NAME_OTHER */
#define NAME_OTHER 1

struct region_name {
	char *text;
	bool program; /* a file that some target has mapped to execute it: a program or a library */
};

struct region_names {
	struct region_name *name; /* by id */
	uint32_t count, room;
	uint32_t *slot; /* hash table of ids */
	uint32_t slots;
};

void region_names_free(struct region_names *names);

/* --- the map --- */

struct region {
	uint64_t start, end;
	uint64_t born_ns;   /* when it was first told of */
	uint64_t stack_top; /* a thread's stack lies in it, up to here; 0: none */
	uint32_t name;
	uint32_t prot;
	bool shared; /* MAP_SHARED */
	bool anonymous;
	bool bss;  /* anonymous, after the file that it is named by */
	bool huge; /* of pages set aside (hugetlb): no counter tells what a fault changed */
};

struct region_map {
	uint32_t users; /* address spaces that share it */
	uint32_t count, room;
	struct region *region; /* by address, without overlaps */
};

/* NULL: no memory. The maker is the first user. */
struct region_map *region_map_new(void);
struct region_map *region_map_share(struct region_map *map);
void region_map_drop(struct region_map *map); /* takes NULL */

/*
 * Enters a mapping, over what was there before. *map is replaced by a copy when it is shared. 0 or -ENOMEM.
 * starting: the kernel is still at the exec.
 */
int region_map_add(struct region_map **map, struct region_names *names,
		   const struct event_mapping *event, bool starting);

/* A thread begins with this stack pointer and thread pointer. 0 or -ENOMEM. */
int region_map_mark_stack(struct region_map **map, uint64_t stack, uint64_t tls);

/* The region of an address, NULL: not known. */
const struct region *region_map_find(const struct region_map *map, const struct region_names *names,
				     uint64_t address);

/* What the region is, as far as an address in it goes; REGION_UNKNOWN for NULL. */
enum region_class region_class_of(const struct region *region, const struct region_names *names,
				  uint64_t address);

#endif
