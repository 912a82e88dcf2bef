/* SPDX-License-Identifier: GPL-2.0 */
/*
 * programs.h - which programs of the BPF object a choice of hooks needs. Called by session.c.
 */
#ifndef TASKTAX_TRACE_PROGRAMS_H
#define TASKTAX_TRACE_PROGRAMS_H

#include <stdbool.h>

#include "trace/hooks.h"

struct bpf_program;
struct tasktax_bpf;

#define PROGRAMS_MAX 32

/* Marks them for loading; before the load. */
void programs_choose(struct tasktax_bpf *skeleton, const struct hooks *hooks);

/*
 * Those that are attached for the whole session, in this order, into program[PROGRAMS_MAX]; returns
 * how many. Lifecycle first: nobody may be switched in unknown. Not those of perf events: fault_ends.h.
 */
unsigned int programs_to_attach(struct tasktax_bpf *skeleton, struct bpf_program **program);

/*
 * A run of these that the kernel skips loses no event. Those of the end of a switch lose the price of one,
 * which is then unknown. That is no rare thing: a kprobe is skipped while any task that is in the middle of
 * a map system call has been switched out on this CPU (bpf_prog_active). csd_queue_cpu is skipped in an
 * interrupt that came in the middle of it, and no interrupt sends a shootdown; nor is a page that is allocated in
 * one (mm_page_alloc) the copy that a fault makes.
 */
bool programs_miss_nothing(const struct tasktax_bpf *skeleton, const struct bpf_program *program);

#endif
