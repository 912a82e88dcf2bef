/* SPDX-License-Identifier: GPL-2.0 */
/*
 * spaces.h - the address spaces of the target's processes: who lives in each, what is mapped in it, and by
 * which fork it came about.
 *
 * A process has one address space at a time; a vfork child uses its parent's until it executes something.
 * Follows the lifecycle and mapping events. Pure: no libbpf, no clock, no files. Called by model.c before
 * tasks.c takes the event of an exit, after it took that of a birth; read by faults.c.
 */
#ifndef TASKTAX_MODEL_SPACES_H
#define TASKTAX_MODEL_SPACES_H

#include "model/regions.h"
#include "model/tasks.h"

struct space {
	uint32_t processes; /* that use it; 0: free */
	uint32_t live;	    /* tasks alive in it */
	bool starting;	    /* the root's until it executes the command: still the loader's copy */
	bool history_known; /* all that was mapped in it was told of */
	bool forked;	    /* its pages were once shared by a fork, either way */
	uint64_t inherited_ns; /* when it was made by a fork; 0: by an exec */
	uint32_t latest_fork;  /* process that its latest fork made, 0: none */
	uint64_t latest_fork_ns;
	struct region_map *map;
};

struct spaces {
	struct space *space; /* [0] is nobody's */
	uint32_t count, room;
	uint32_t *free_list; /* of indices */
	uint32_t free_count, free_room;
	struct process_place {
		uint32_t space;	  /* 0: not known, or given up */
		uint32_t tgid;	  /* as the loader's pid namespace sees it; 0: not at all */
		bool image_ahead; /* EVENT_IMAGE came, its EVENT_EXEC did not yet */
	} * process;		  /* by its index */
	uint32_t process_room;
	struct {
		uint32_t tgid, process;
	} * slot; /* hash table: local tgid -> its latest process */
	uint32_t slots, used;
	struct region_names names;
};

/* Whose mappings are missing. All 0: nobody's. */
struct unmapped {
	uint32_t pid; /* of the process, as the loader sees it */
	uint32_t mm;  /* serial of its address space */
};

int spaces_init(struct spaces *spaces); /* 0 or -ENOMEM */
void spaces_free(struct spaces *spaces);

/* The space of a process; never NULL: [0] for one that is not known. */
struct space *spaces_of(struct spaces *spaces, uint32_t process);

/* Each: 0 or -ENOMEM. */
int spaces_newtask(struct spaces *spaces, const struct tasks *tasks,
		   const struct event_newtask *event);
int spaces_exec(struct spaces *spaces, const struct tasks *tasks, const struct event_exec *event);
void spaces_exit(struct spaces *spaces, const struct tasks *tasks, const struct event_exit *event);
int spaces_image(struct spaces *spaces, const struct tasks *tasks, const struct event_image *event);
int spaces_mapping(struct spaces *spaces, const struct tasks *tasks,
		   const struct event_mapping *event);

/*
 * The living process in whose memory the event speaks of an address that lies in no known mapping: a fault,
 * or the stack of a new thread. All 0: none, or it is known.
 */
struct unmapped spaces_unmapped(const struct spaces *spaces, const struct tasks *tasks,
				const struct event_header *event);

/* Whether a process of the target has this local tgid: the side band tells of the whole host. */
bool spaces_knows(const struct spaces *spaces, const struct tasks *tasks, uint32_t tgid);

#endif
