// SPDX-License-Identifier: GPL-2.0
/* faults.c - kind, cause and sums of fault records; see faults.h. */
#include "model/faults.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

static struct fault_row *row_of(struct faults *faults, enum fault_cause cause, bool many,
				enum fault_kind kind, bool major, bool kernel)
{
	unsigned int at = cause;

	at = 2 * at + many;
	at = FAULT_KINDS * at + kind;
	at = 2 * at + major;
	at = 2 * at + kernel;
	return &faults->row[at];
}

void faults_init(struct faults *faults)
{
	memset(faults, 0, sizeof(*faults));
	for (unsigned int i = 0; i < FAULT_ROW_TABLE; i++) {
		struct fault_row *row = &faults->row[i];

		row->kernel = i & 1;
		row->major = i >> 1 & 1;
		row->kind = (i >> 2) % FAULT_KINDS;
		row->many = (i >> 2) / FAULT_KINDS & 1;
		row->cause = (i >> 2) / FAULT_KINDS / 2;
		histogram_init(&row->time);
	}
}

void faults_free(struct faults *faults)
{
	for (unsigned int i = 0; i < FAULT_ROW_TABLE; i++)
		histogram_free(&faults->row[i].time);
	for (int class = 0; class < REGION_CLASSES; class ++)
		free(faults->file[class]);
}

/* --- what it was --- */

/* A write to a page that was there, and no counter moved. */
static enum fault_kind unprotected(const struct region *region, enum region_class class,
				   const struct space *space)
{
	if (class == REGION_SHARED_MEMORY)
		return FAULT_OF_SHMEM;
	if (region && region->shared)
		return FAULT_OF_FILE;
	if (region && (space->forked || !space->history_known))
		return FAULT_COW_FORK;
	return FAULT_WRITE_PROTECT;
}

/* A page was missing, or was there for whom did not write, and no counter of this task moved. */
static enum fault_kind nothing_moved(uint16_t flags, const struct region *region,
				     enum region_class class, const struct space *space)
{
	bool anonymous = !region || region->anonymous;

	if (class == REGION_SPECIAL) /* vvar: never counted */
		return FAULT_OTHER;
	if (!(flags & (FAULT_WRITE | FAULT_PRESENT)) && anonymous)
		return FAULT_ZERO_READ;
	if (space->live > 1)
		return FAULT_RACED;
	return FAULT_OTHER;
}

/* Kernels and processors that do not tell what moved: from the error code and the region alone. */
static enum fault_kind by_code(uint16_t flags, const struct region *region, enum region_class class,
			       const struct space *space)
{
	bool write = flags & FAULT_WRITE;

	if (!region || class == REGION_SPECIAL || (flags & FAULT_NO_CODE))
		return FAULT_OTHER;
	if (class == REGION_SHARED_MEMORY)
		return FAULT_OF_SHMEM;
	if (region->shared)
		return FAULT_OF_FILE;
	if (!region->anonymous)
		return write ? FAULT_COW_FILE : FAULT_OF_FILE;
	if (write && (flags & FAULT_PRESENT))
		return unprotected(region, class, space);
	return write ? FAULT_FIRST_TOUCH : FAULT_ZERO_READ;
}

enum fault_kind fault_kind_of(uint16_t flags, const struct region *region, enum region_class class,
			      const struct space *space)
{
	bool write = flags & FAULT_WRITE, of_file = region && !region->anonymous;

	if (flags & (FAULT_NO_CHANGED | FAULT_NO_CODE) || (region && region->huge))
		return by_code(flags, region, class, space);
	if (flags & FAULT_SWAP)
		return FAULT_SWAP_IN;
	if ((flags & FAULT_ANON) && (of_file || (flags & (FAULT_FILE | FAULT_SHMEM))))
		return FAULT_COW_FILE;
	if (flags & FAULT_ANON)
		return write ? FAULT_FIRST_TOUCH : FAULT_OTHER;
	if (flags & FAULT_SHMEM)
		return FAULT_OF_SHMEM;
	if (flags & FAULT_FILE)
		return FAULT_OF_FILE;
	if (write && (flags & (FAULT_PRESENT | FAULT_NO_PRESENT)))
		return unprotected(region, class, space);
	return nothing_moved(flags, region, class, space);
}

/* --- why it happened --- */

/* Minor faults on what the parent had mapped: the page is there, the child's page table is not filled. */
static bool is_refault(const struct space *space, const struct region *region, enum fault_kind kind,
		       bool major)
{
	return space->inherited_ns && !major && region && region->born_ns < space->inherited_ns &&
	       (kind == FAULT_OF_FILE || kind == FAULT_OF_SHMEM);
}

static enum fault_cause cause_of(const struct space *space, const struct region *region,
				 enum region_class class, enum fault_kind kind, bool major)
{
	if (space->starting || kind == FAULT_COW_FORK || is_refault(space, region, kind, major))
		return CAUSE_PROCESS;
	if (class == REGION_THREAD_STACK || kind == FAULT_RACED)
		return CAUSE_THREAD;
	if (class == REGION_PROGRAM || class == REGION_STACK || class == REGION_SPECIAL)
		return CAUSE_PROCESS;
	return class == REGION_UNKNOWN ? CAUSE_UNKNOWN : CAUSE_WORK;
}

/* --- sums --- */

static void add_debt(struct fork_debt *debt, enum fault_kind kind, uint16_t flags, uint64_t time)
{
	if (kind == FAULT_COW_FORK) {
		debt->cow++;
		debt->cow_copied += !!(flags & FAULT_ALLOC);
	} else {
		debt->refaults++;
	}
	debt->time_ns += time;
}

/* To whom a fork's debt goes: of a process that was forked and has forked, the later of both. */
static void charge(struct faults *faults, struct tasks *tasks, const struct space *space,
		   uint32_t process, enum fault_kind kind, uint16_t flags, uint64_t time)
{
	if (space->latest_fork && kind == FAULT_COW_FORK) {
		add_debt(&faults->parents, kind, flags, time);
		add_debt(&tasks->process[space->latest_fork].debt_parent, kind, flags, time);
	} else if (space->inherited_ns) {
		add_debt(&faults->children, kind, flags, time);
		add_debt(&tasks->process[process].debt_own, kind, flags, time);
	}
}

static int add_to_region(struct faults *faults, enum region_class class, uint32_t name, bool major,
			 uint64_t time)
{
	struct region_sum *sum;

	if (array_grow(faults->file[class], faults->file_room[class], name))
		return -ENOMEM;
	sum = &faults->file[class][name];
	sum->count++;
	sum->major += major;
	sum->time_ns += time;
	return 0;
}

static uint64_t latest(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Only files are told apart by name. */
static uint32_t name_in(enum region_class class, const struct region *region)
{
	if (!region)
		return NAME_NONE;
	switch (class) {
	case REGION_PROGRAM:
	case REGION_FILE:
	case REGION_SHARED_FILE:
		return region->name;
	default:
		return NAME_NONE;
	}
}

int faults_add(struct faults *faults, struct tasks *tasks, struct spaces *spaces,
	       const struct event_fault *event)
{
	struct task_entry *task = tasks_get(tasks, TASK_ID(event->task));
	uint16_t flags = event->h.flags;
	bool major = flags & FAULT_MAJOR, timed = event->time_ns != NS_UNKNOWN;
	uint64_t on_cpu = timed && event->time_ns > event->off_ns ? event->time_ns - event->off_ns :
								    0;
	const struct region *region;
	const struct space *space;
	enum region_class class;
	enum fault_cause cause;
	enum fault_kind kind;
	struct fault_row *row;

	if (!task)
		return -ENOMEM;
	space = spaces_of(spaces, task->process);
	region = space->map ? region_map_find(space->map, &spaces->names, event->address) : NULL;
	class = region_class_of(region, &spaces->names, event->address);
	kind = fault_kind_of(flags, region, class, space);
	cause = cause_of(space, region, class, kind, major);

	row = row_of(faults, cause, space->live > 1, kind, major, !(flags & FAULT_USER));
	faults->latest.row = row;
	faults->latest.class = class;
	faults->latest.on_cpu_ns = on_cpu;
	faults->latest.name = name_in(class, region);
	row->count++;
	row->huge += flags & FAULT_HUGE || (region && region->huge);
	row->copied += !!(flags & FAULT_ALLOC);
	row->untimed += !timed;
	row->off_ns += timed ? event->off_ns : 0;
	faults->untimed += !timed;
	faults->on_cpu_by_cause[cause] += on_cpu;
	if (major)
		task->figures.major++;
	else
		task->figures.minor++;
	task->figures.fault_ns += on_cpu;
	/* a record may come late */
	task->min_flt = latest(task->min_flt, event->min_flt);
	task->maj_flt = latest(task->maj_flt, event->maj_flt);
	if (kind == FAULT_COW_FORK || is_refault(space, region, kind, major))
		charge(faults, tasks, space, task->process, kind, flags, on_cpu);
	if (add_to_region(faults, class, faults->latest.name, major, on_cpu))
		return -ENOMEM;
	return timed && histogram_record(&row->time, event->time_ns) ? -ENOMEM : 0;
}
