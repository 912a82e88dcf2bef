/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fault_ends.h - perf's software events PAGE_FAULTS_MIN and PAGE_FAULTS_MAJ, one of each per CPU, with the
 * programs that end a fault. Called by session.c.
 */
#ifndef TASKTAX_TRACE_FAULT_ENDS_H
#define TASKTAX_TRACE_FAULT_ENDS_H

#include <stdint.h>

#include "base/log.h"

struct bpf_link;
struct bpf_program;

struct fault_ends {
	struct bpf_link **link;
	int *event; /* their descriptors, which belong to the links */
	unsigned int count;
};

/*
 * Opens the events on every CPU that is online and attaches the programs. 0 or a negative errno with the
 * reason; fault_ends_close() in either case.
 */
int fault_ends_open(struct fault_ends *ends, unsigned int cpus, struct bpf_program *minor,
		    struct bpf_program *major, struct fail *fail);

/* No more events; how many there were, on the whole host. */
uint64_t fault_ends_stop(struct fault_ends *ends);

void fault_ends_close(struct fault_ends *ends);

#endif
