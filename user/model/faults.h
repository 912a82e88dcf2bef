/* SPDX-License-Identifier: GPL-2.0 */
/*
 * faults.h - puts every page fault into its row: what kind it was, why it happened, where.
 *
 * The kinds and causes are those of README, "Words". Pure: events in, tables out. Called by model.c.
 */
#ifndef TASKTAX_MODEL_FAULTS_H
#define TASKTAX_MODEL_FAULTS_H

#include "model/spaces.h"
#include "model/tasks.h"

#define FAULT_ROW_TABLE ((size_t)CAUSES * 2 * FAULT_KINDS * 2 * 2)

struct region_sum {
	uint64_t count, major, time_ns;
};

struct faults {
	struct fault_row row[FAULT_ROW_TABLE];
	struct region_sum *file[REGION_CLASSES]; /* by class, then by id of the name */
	uint32_t file_room[REGION_CLASSES];
	struct fork_debt children, parents; /* of all forks */
	uint64_t on_cpu_by_cause[CAUSES];
	uint64_t untimed;
	struct {
		const struct fault_row *row;
		enum region_class class;
		uint32_t name; /* of a file */
		uint64_t on_cpu_ns;
	} latest; /* what the latest fault was */
};

void faults_init(struct faults *faults);
void faults_free(struct faults *faults);

/* 0 or -ENOMEM. The size of the record has been checked. */
int faults_add(struct faults *faults, struct tasks *tasks, struct spaces *spaces,
	       const struct event_fault *event);

/* What a fault was, as far as flags (FAULT_*), the region and the history of its address space tell. */
enum fault_kind fault_kind_of(uint16_t flags, const struct region *region, enum region_class class,
			      const struct space *space);

#endif
