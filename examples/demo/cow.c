// SPDX-License-Identifier: GPL-2.0
/*
 * cow.c - the experiment `cow`: one of two tasks rewrites memory that the parent has written before.
 *
 * After a fork both processes have the pages, write-protected; the first to write to one takes a fault
 * and copies it, and as the other one is still there, so it is for each of them. Threads have the same pages
 * in the same page table: no fault at all.
 *
 * Who writes is the child (a worker of the workload) or the parent (the calling task, in its own part,
 * while the worker waits). Both write by the same function.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/exits.h"
#include "base/log.h"
#include "base/quote.h"
#include "cpus.h"
#include "experiment.h"
#include "options.h"
#include "pages.h"
#include "report.h"
#include "workload.h"

#define SIZE_DEFAULT (128 * MIB)
#define SIZE_MAX_MIB 4096

struct cow {
	struct workload workload;
	uint64_t size;
	bool huge, by_parent;
	char *memory;
	struct worker *parent; /* its span, if it is the one who writes */
};

/* ---- the work, the same in every form ---------------------------------------------------------- */

/* The memory begins with the pages to rewrite, and has one more to warm up with. */
static void rewrite(struct worker *worker, const struct cow *cow)
{
	worker_rehearse(worker);
	pages_write(cow->memory + cow->size, 1, 2);
	worker_begin(worker);
	pages_write(cow->memory, cow->size, 2);
	worker_end(worker);
}

static int cow_work(struct worker *worker, const void *context)
{
	const struct cow *cow = context;

	if (!cow->by_parent)
		rewrite(worker, cow);
	return 0;
}

static int cow_own_part(const struct worker *workers, const void *context, struct fail *fail)
{
	const struct cow *cow = context;
	int cpu = cow->workload.cpu, err;

	(void)workers;
	if (!cow->by_parent)
		return 0;
	if (cpu == CPU_SPREAD)
		cpu = cpus_spread(1, fail); /* the worker is at 0 */
	if (cpu != CPU_NONE) {
		err = cpu < 0 ? cpu : cpus_pin((unsigned int)cpu, fail);
		if (err)
			return err;
	}
	rewrite(cow->parent, cow);
	return 0;
}

/* ---- options ----------------------------------------------------------------------------------- */

enum option_key {
	KEY_SIZE = 512,
	KEY_WHO,
	KEY_HUGE,
};

static const struct argp_option option_list[] = {
	{ "size", KEY_SIZE, "SIZE", 0, "What is rewritten, in whole MiB (default 128M)", 2 },
	{ "who", KEY_WHO, "WHO", 0, "Who rewrites it: child (default) or parent", 2 },
	{ "huge", KEY_HUGE, NULL, 0, "Ask for huge pages (default: none)", 2 },
	{ 0 },
};

static const char doc[] =
	"A parent writes memory and makes a task; one of the two rewrites it. Prints what was done "
	"as "
	"one line of JSON."
	"\v" OPTIONS_EXIT_STATUS "\n"
	"Example:\n"
	"  tasktax run -- tasktax-demo cow --as process --who parent --size 256M\n";

static error_t parse_who(const char *text, struct cow *cow)
{
	cow->by_parent = !strcmp(text, "parent");
	if (cow->by_parent || !strcmp(text, "child"))
		return 0;
	log_error("--who %s: it is child or parent", quote_string(text).text);
	return EINVAL;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct cow *cow = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &cow->workload;
		return 0;
	case KEY_SIZE:
		return pages_option("--size", text, MIB, SIZE_MAX_MIB * MIB, &cow->size);
	case KEY_WHO:
		return parse_who(text, cow);
	case KEY_HUGE:
		cow->huge = true;
		return 0;
	case ARGP_KEY_END:
		if (cow->workload.tasks == 1)
			return 0;
		log_error("--tasks %u: cow makes one task beside the parent", cow->workload.tasks);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int parse_options(int argc, char **argv, struct cow *cow)
{
	static const struct argp_child children[] = { { .argp = &options_common }, { 0 } };
	static const struct argp argp = {
		.options = option_list, .parser = parse, .doc = doc, .children = children
	};

	return options_parse(&argp, argc, argv, cow);
}

/* ---- the experiment ---------------------------------------------------------------------------- */

/* What the parent has written before: the pages, once more if they are to be copied. */
static int write_before(struct cow *cow, struct fail *fail)
{
	uint64_t copies = cow->workload.form == FORM_PROCESS ? 2 : 1;
	int err = pages_available(copies * cow->size, fail);

	if (err)
		return err;
	cow->parent = shared_memory(sizeof(*cow->parent), fail);
	if (!cow->parent)
		return fail->code;
	cow->memory = pages_map(cow->size + MIB, cow->huge, fail);
	if (!cow->memory)
		return fail->code;
	pages_write(cow->memory, cow->size + 1, 1);
	return 0;
}

/*
 * Exact with small pages. Kernels differ in what they copy of a huge page that is written to: it was all of it once,
 * then the small page alone.
 */
static void report_expected(const struct cow *cow)
{
	if (cow->workload.form == FORM_THREAD)
		printf(",\"expected_cow_faults\":0");
	else if (cow->huge)
		printf(",\"expected_cow_faults\":null");
	else
		printf(",\"expected_cow_faults\":%" PRIu64, pages_count(cow->size));
}

static int report(const struct cow *cow, const struct result *result)
{
	const struct worker *writer = cow->by_parent ? cow->parent : &result->workers[0];

	report_begin("cow", &cow->workload);
	printf(",\"size_bytes\":%" PRIu64 ",\"huge\":%s,\"who\":\"%s\",\"pages\":%" PRIu64,
	       cow->size, cow->huge ? "true" : "false", cow->by_parent ? "parent" : "child",
	       pages_count(cow->size));
	report_expected(cow);
	printf(",\"span_faults\":%ld,\"per_page_ns\":%.1f",
	       writer->span.minflt + writer->span.majflt,
	       (double)result->elapsed_ns / (double)pages_count(cow->size));
	return report_end(&cow->workload, result);
}

int cow_run(int argc, char **argv)
{
	struct cow cow = {
		.workload = { .tasks = 1,
			      .cpu = CPU_NONE,
			      .work = cow_work,
			      .own_part = cow_own_part,
			      .context = &cow },
		.size = SIZE_DEFAULT,
	};
	struct fail fail = { 0 };
	struct result result;

	if (parse_options(argc, argv, &cow))
		return EXITS_USAGE;
	if (write_before(&cow, &fail) || workload_run(&cow.workload, &result, &fail))
		report_failure("cow", &fail);
	if (cow.by_parent)
		result.elapsed_ns = cow.parent->end_ns - cow.parent->begin_ns;
	return report(&cow, &result);
}
