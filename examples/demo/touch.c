// SPDX-License-Identifier: GPL-2.0
/*
 * touch.c - the experiment `touch`: several tasks touch fresh memory, each its own, at the same time.
 *
 * As processes each has an address space; as threads they share one, and with it its page tables, its
 * counters and its lock. The kernel maps a new region beside the last one and makes one region of both: so
 * the memory of threads is one region, as it would be if they had asked malloc() for it. Every page is a fault in
 * every form.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/exits.h"
#include "base/log.h"
#include "cpus.h"
#include "experiment.h"
#include "options.h"
#include "pages.h"
#include "report.h"
#include "workload.h"

#define SIZE_DEFAULT (128 * MIB)
#define SIZE_MAX_MIB 4096

struct touch {
	struct workload workload;
	uint64_t size; /* of each task */
	bool huge;
	char **memory; /* of each task, in shared memory: where it is mapped, if it is */
};

/* ---- the work, the same in every form ---------------------------------------------------------- */

static int touch_prepare(struct worker *worker, const void *context)
{
	const struct touch *touch = context;

	touch->memory[worker->index] = pages_map(touch->size + MIB, touch->huge, &worker->fail);
	return touch->memory[worker->index] ? 0 : worker->fail.code;
}

/* The page after the last is to warm up with. */
static int touch_work(struct worker *worker, const void *context)
{
	const struct touch *touch = context;
	char *memory = touch->memory[worker->index];

	pages_write(memory + touch->size, 1, 1);
	worker_begin(worker);
	pages_write(memory, touch->size, 1);
	worker_end(worker);
	return 0;
}

/* ---- options ----------------------------------------------------------------------------------- */

enum option_key {
	KEY_SIZE = 512,
	KEY_HUGE,
};

static const struct argp_option option_list[] = {
	{ "size", KEY_SIZE, "SIZE", 0, "What each task touches, in whole MiB (default 128M)", 2 },
	{ "huge", KEY_HUGE, NULL, 0, "Ask for huge pages (default: none)", 2 },
	{ 0 },
};

static const char doc[] = "Tasks (default 2) touch fresh memory, each its own, at the same time. "
			  "Prints what was done as "
			  "one line of JSON."
			  "\v" OPTIONS_EXIT_STATUS "\n"
			  "Example:\n"
			  "  tasktax run -- tasktax-demo touch --as thread --cpu spread\n";

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct touch *touch = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &touch->workload;
		return 0;
	case KEY_SIZE:
		return pages_option("--size", text, MIB, SIZE_MAX_MIB * MIB, &touch->size);
	case KEY_HUGE:
		touch->huge = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int parse_options(int argc, char **argv, struct touch *touch)
{
	static const struct argp_child children[] = { { .argp = &options_common }, { 0 } };
	static const struct argp argp = {
		.options = option_list, .parser = parse, .doc = doc, .children = children
	};

	return options_parse(&argp, argc, argv, touch);
}

/* ---- the experiment ---------------------------------------------------------------------------- */

/* The pages that a worker touched, over its own time: mean of all workers. */
static double ns_per_page(const struct touch *touch, const struct result *result)
{
	double sum = 0;

	for (unsigned int i = 0; i < touch->workload.tasks; i++)
		sum += (double)(result->workers[i].end_ns - result->workers[i].begin_ns);
	return sum / touch->workload.tasks / (double)pages_count(touch->size);
}

static int report(const struct touch *touch, const struct result *result)
{
	uint64_t pages = pages_count(touch->size), all = pages * touch->workload.tasks;

	report_begin("touch", &touch->workload);
	printf(",\"size_bytes\":%" PRIu64 ",\"huge\":%s,\"pages_per_task\":%" PRIu64, touch->size,
	       touch->huge ? "true" : "false", pages);
	/* whether the kernel has huge pages at hand, it alone knows */
	if (touch->huge)
		printf(",\"expected_faults_per_task\":null,\"expected_faults\":null");
	else
		printf(",\"expected_faults_per_task\":%" PRIu64 ",\"expected_faults\":%" PRIu64,
		       pages, all);
	printf(",\"per_page_ns\":%.1f,\"pages_per_second\":%.0f", ns_per_page(touch, result),
	       (double)all * 1e9 / (double)result->elapsed_ns);
	return report_end(&touch->workload, result);
}

static int get_ready(struct touch *touch, struct fail *fail)
{
	int err = pages_available(touch->workload.tasks * touch->size, fail);

	if (err)
		return err;
	touch->memory = shared_memory(touch->workload.tasks * sizeof(touch->memory[0]), fail);
	return touch->memory ? 0 : fail->code;
}

int touch_run(int argc, char **argv)
{
	struct touch touch = {
		.workload = { .tasks = 2,
			      .cpu = CPU_NONE,
			      .work = touch_work,
			      .prepare = touch_prepare,
			      .context = &touch },
		.size = SIZE_DEFAULT,
	};
	struct fail fail = { 0 };
	struct result result;

	if (parse_options(argc, argv, &touch))
		return EXITS_USAGE;
	if (get_ready(&touch, &fail) || workload_run(&touch.workload, &result, &fail))
		report_failure("touch", &fail);
	return report(&touch, &result);
}
