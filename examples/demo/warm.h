/* SPDX-License-Identifier: GPL-2.0 */
/*
 * warm.h - what a task's timed span touches, there before it: the span then has no page fault but
 * those that the experiment is about.
 */
#ifndef DEMO_WARM_H
#define DEMO_WARM_H

#include <stddef.h>

#include "base/log.h"

#define CACHE_LINE 64

/*
 * Private memory of the calling task, in small pages, written once: a first-touch fault for each of
 * its warm_pages(). NULL on failure.
 */
void *warm_memory(size_t size, struct fail *fail);
size_t warm_pages(size_t size);

/* Faults in, for the calling task, memory that others may have written already (shared_memory()). */
void warm_shared(const void *memory, size_t size);

/*
 * Faults in code and constants of the program and its libraries, the task's own variables (errno), and
 * some stack. Code of a path that only a race takes is there too: a run for warming up cannot promise
 * that.
 */
void warm_program(void);

#endif
