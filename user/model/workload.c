// SPDX-License-Identifier: GPL-2.0
/* workload.c - which tasks count, and how they share address spaces; see workload.h. */
#include "model/workload.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNTS_FROM 0.05
#define NO_SIBLINGS UINT32_MAX /* the root's parent is not traced */

/* A task as the verdict looks at it. */
struct candidate {
	const struct task_entry *task;
	uint32_t parent_process; /* what its process's siblings have in common, or NO_SIBLINGS */
	uint64_t switches, run_ns;
	bool counts;
};

struct shape {
	struct candidate *candidate;
	size_t count;
	uint64_t switches, run_ns; /* of the tree */
	uint64_t counting, counting_switches, counting_run_ns;
	uint64_t spaces;  /* address spaces with a task that counts */
	uint64_t shared;  /* of those, with more than one */
	uint64_t largest; /* most counting tasks in one of them */
};

static int by_group(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->counts != y->counts)
		return x->counts ? -1 : 1;
	if (x->parent_process != y->parent_process)
		return x->parent_process < y->parent_process ? -1 : 1;
	return strcmp(x->task->comm, y->task->comm);
}

static int by_space(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->counts != y->counts)
		return x->counts ? -1 : 1;
	if (x->task->mm != y->task->mm)
		return x->task->mm < y->task->mm ? -1 : 1;
	return 0;
}

static int collect(const struct tasks *tasks, struct shape *shape)
{
	shape->candidate = calloc(tasks->task_count, sizeof(*shape->candidate));
	if (!shape->candidate)
		return -ENOMEM;
	for (uint32_t i = 1; i < tasks->task_count; i++) {
		const struct task_entry *task = &tasks->task[i];
		struct candidate *c = &shape->candidate[shape->count];
		uint32_t parent = tasks->process[task->process].parent;

		c->task = task;
		c->parent_process = parent == task->process ? NO_SIBLINGS : parent;
		c->switches = task->figures.voluntary + task->figures.preempted;
		c->run_ns = task->figures.run_ns;
		if (!c->switches && !c->run_ns)
			continue;
		shape->switches += c->switches;
		shape->run_ns += c->run_ns;
		shape->count++;
	}
	return 0;
}

static bool is_share(const struct shape *shape, uint64_t switches, uint64_t run_ns)
{
	return (double)switches >= COUNTS_FROM * (double)shape->switches ||
	       (double)run_ns >= COUNTS_FROM * (double)shape->run_ns;
}

static void mark(struct shape *shape, struct candidate *c)
{
	c->counts = true;
	shape->counting++;
	shape->counting_switches += c->switches;
	shape->counting_run_ns += c->run_ns;
}

static void mark_large(struct shape *shape)
{
	for (size_t i = 0; i < shape->count; i++)
		if (is_share(shape, shape->candidate[i].switches, shape->candidate[i].run_ns))
			mark(shape, &shape->candidate[i]);
}

/* The small ones: a group of equals with its share makes each of its tasks count. */
static void mark_groups(struct shape *shape)
{
	struct candidate *c = shape->candidate;

	qsort(c, shape->count, sizeof(*c), by_group);
	for (size_t from = shape->counting, to; from < shape->count; from = to) {
		uint64_t switches = 0, run_ns = 0;

		for (to = from; to < shape->count && !by_group(&c[from], &c[to]); to++) {
			switches += c[to].switches;
			run_ns += c[to].run_ns;
		}
		if (!is_share(shape, switches, run_ns))
			continue;
		for (size_t i = from; i < to; i++)
			mark(shape, &c[i]);
	}
}

static void count_spaces(struct shape *shape)
{
	struct candidate *c = shape->candidate;

	qsort(c, shape->count, sizeof(*c), by_space);
	for (size_t from = 0, to; from < shape->counting; from = to) {
		for (to = from; to < shape->counting && c[to].task->mm == c[from].task->mm; to++)
			;
		shape->spaces++;
		shape->shared += to - from > 1;
		if (to - from > shape->largest)
			shape->largest = to - from;
	}
}

static enum workload_level verdict(const struct shape *shape)
{
	if (!shape->counting)
		return WORKLOAD_UNKNOWN;
	if (shape->spaces > 1)
		return shape->shared ? WORKLOAD_HYBRID : WORKLOAD_PROCESS;
	return shape->shared ? WORKLOAD_THREAD : WORKLOAD_SINGLE;
}

static const char *plural(uint64_t n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

__attribute__((format(printf, 2, 3))) static void reason(struct report *report, const char *format,
							 ...)
{
	va_list args;

	if (report->reason_count == WORKLOAD_REASONS)
		return;
	va_start(args, format);
	vsnprintf(report->reasons[report->reason_count++], sizeof(report->reasons[0]), format,
		  args);
	va_end(args);
}

static void explain(const struct shape *shape, struct report *report)
{
	if (!shape->counting) {
		reason(report, "nothing ran: no task was switched to or from");
		return;
	}
	reason(report,
	       "%" PRIu64 " of %zu %s %s, in %" PRIu64
	       " address %s: %.1f %% of the switches, %.1f %% of the run time",
	       shape->counting, shape->count, plural(shape->count, "task", "tasks"),
	       plural(shape->counting, "counts", "count"), shape->spaces,
	       plural(shape->spaces, "space", "spaces"),
	       percent(shape->counting_switches, shape->switches),
	       percent(shape->counting_run_ns, shape->run_ns));
	if (shape->spaces > 1 && shape->shared)
		reason(report,
		       "%" PRIu64 " of the address spaces %s several of them, at most %" PRIu64
		       " in one",
		       shape->shared, plural(shape->shared, "has", "have"), shape->largest);
	else if (shape->shared)
		reason(report, "they share one address space");
	else if (shape->spaces > 1)
		reason(report, "no address space has two of them");
}

/* Each process alone: is it threads that share it, or one task? */
static void judge_processes(struct tasks *tasks)
{
	for (uint32_t i = 0; i < tasks->process_count; i++)
		tasks->process[i].level = workload_level_name(
			tasks->process[i].threads > 1 ? WORKLOAD_THREAD : WORKLOAD_SINGLE);
}

int workload_judge(struct tasks *tasks, struct report *report)
{
	struct shape shape = { 0 };

	if (collect(tasks, &shape))
		return -ENOMEM;
	mark_large(&shape);
	mark_groups(&shape);
	count_spaces(&shape);
	report->workload = verdict(&shape);
	report->reason_count = 0;
	explain(&shape, report);
	judge_processes(tasks);
	free(shape.candidate);
	return 0;
}
