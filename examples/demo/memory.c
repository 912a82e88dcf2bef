// SPDX-License-Identifier: GPL-2.0
/*
 * memory.c - the experiment `memory`: several tasks read what their parent has written before; how much
 * memory is that?
 *
 * Processes share it as they have not written to it: each has all of it in its RSS, and a part of it in its PSS
 * (proc_pid_smaps(5)), so the sum of RSS counts it once for each and the sum of PSS once. Threads are one process.
 * The calling task reads the kernel's figures of all of them when they have done their work and before one ends.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/exits.h"
#include "base/log.h"
#include "cpus.h"
#include "experiment.h"
#include "options.h"
#include "pages.h"
#include "report.h"
#include "workload.h"

#define SIZE_DEFAULT (64 * MIB)
#define SIZE_MAX_MIB 4096
#define HOLD_MS_DEFAULT 250
#define HOLD_MS_MAX 60000

/* Of one process or of several, in bytes. */
struct footprint {
	uint64_t rss, pss, private;
	unsigned int processes;
};

struct memory {
	struct workload workload;
	uint64_t size, hold_ms;
	bool huge;
	char *pages;
	struct footprint *sum;
};

/* ---- the work, the same in every form ---------------------------------------------------------- */

/* A tracer that samples memory needs some time to do so. */
static void hold(uint64_t ms)
{
	struct timespec left = { .tv_sec = (time_t)(ms / 1000),
				 .tv_nsec = (long)(ms % 1000) * 1000000 };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

static int memory_work(struct worker *worker, const void *context)
{
	const struct memory *memory = context;

	pages_read(memory->pages, 1);
	worker_begin(worker);
	pages_read(memory->pages, memory->size);
	worker_end(worker);
	hold(memory->hold_ms);
	return 0;
}

/* ---- the calling task's part ------------------------------------------------------------------- */

static void add_line(const char *line, struct footprint *sum)
{
	uint64_t kib;

	if (pages_field(line, "Rss", &kib))
		sum->rss += kib * 1024;
	else if (pages_field(line, "Pss", &kib))
		sum->pss += kib * 1024;
	else if (pages_field(line, "Private_Clean", &kib) ||
		 pages_field(line, "Private_Dirty", &kib))
		sum->private += kib * 1024;
}

/* Of a process, from /proc/PID/smaps_rollup (Linux 4.14). */
static int add_process(pid_t pid, struct footprint *sum, struct fail *fail)
{
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	file = fopen(path, "re");
	if (!file)
		return fail_set(fail, -errno, "cannot read %s: %m", path);
	while (fgets(line, sizeof(line), file))
		add_line(line, sum);
	fclose(file);
	sum->processes++;
	return 0;
}

static int memory_own_part(const struct worker *workers, const void *context, struct fail *fail)
{
	const struct memory *memory = context;
	int err = add_process(getpid(), memory->sum, fail);

	if (memory->workload.form == FORM_PROCESS)
		for (unsigned int i = 0; !err && i < memory->workload.tasks; i++)
			err = add_process(workers[i].tid, memory->sum, fail);
	return err;
}

/* ---- options ----------------------------------------------------------------------------------- */

enum option_key {
	KEY_SIZE = 512,
	KEY_HOLD,
	KEY_HUGE,
};

static const struct argp_option option_list[] = {
	{ "size", KEY_SIZE, "SIZE", 0, "What the parent writes before, in whole MiB (default 64M)",
	  2 },
	{ "hold", KEY_HOLD, "MS", 0,
	  "How long to stay like that, in ms, for a tracer to see it (default 250)", 2 },
	{ "huge", KEY_HUGE, NULL, 0, "Ask for huge pages (default: none)", 2 },
	{ 0 },
};

static const char doc[] = "Tasks (default 4) read memory that their parent has written. Prints how "
			  "much memory all of "
			  "them have, as one line of JSON."
			  "\v" OPTIONS_EXIT_STATUS "\n"
			  "Example:\n"
			  "  tasktax run -- tasktax-demo memory --as process --tasks 8\n";

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct memory *memory = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &memory->workload;
		return 0;
	case KEY_SIZE:
		return pages_option("--size", text, MIB, SIZE_MAX_MIB * MIB, &memory->size);
	case KEY_HOLD:
		return options_number("--hold", text, 0, HOLD_MS_MAX, &memory->hold_ms);
	case KEY_HUGE:
		memory->huge = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int parse_options(int argc, char **argv, struct memory *memory)
{
	static const struct argp_child children[] = { { .argp = &options_common }, { 0 } };
	static const struct argp argp = {
		.options = option_list, .parser = parse, .doc = doc, .children = children
	};

	return options_parse(&argp, argc, argv, memory);
}

/* ---- the experiment ---------------------------------------------------------------------------- */

static int write_before(struct memory *memory, struct fail *fail)
{
	int err = pages_available(memory->size, fail);

	if (err)
		return err;
	memory->sum = shared_memory(sizeof(*memory->sum), fail);
	if (!memory->sum)
		return fail->code;
	memory->pages = pages_map(memory->size, memory->huge, fail);
	if (!memory->pages)
		return fail->code;
	pages_write(memory->pages, memory->size, 1);
	return 0;
}

/*
 * No less can be: all that was written is in the RSS of each process, and once in the sum of PSS. Of each PSS less
 * than 2 KiB are cut off: the kernel gives whole KiB, and each share of a page in whole 1/4096 of a byte.
 */
static int report(const struct memory *memory, const struct result *result)
{
	const struct footprint *sum = memory->sum;

	report_begin("memory", &memory->workload);
	printf(",\"size_bytes\":%" PRIu64 ",\"huge\":%s,\"hold_ns\":%" PRIu64
	       ",\"processes\":%u,\"expected_rss_sum_floor_bytes\":%" PRIu64
	       ",\"expected_pss_sum_floor_bytes\":%" PRIu64,
	       memory->size, memory->huge ? "true" : "false", memory->hold_ms * 1000000,
	       sum->processes, sum->processes * memory->size,
	       memory->size - (uint64_t)sum->processes * 2048);
	printf(",\"expected_faults\":0,\"rss_sum_bytes\":%" PRIu64 ",\"pss_sum_bytes\":%" PRIu64
	       ",\"private_sum_bytes\":%" PRIu64,
	       sum->rss, sum->pss, sum->private);
	return report_end(&memory->workload, result);
}

int memory_run(int argc, char **argv)
{
	struct memory memory = {
		.workload = { .tasks = 4,
			      .cpu = CPU_NONE,
			      .work = memory_work,
			      .own_part = memory_own_part,
			      .context = &memory },
		.size = SIZE_DEFAULT,
		.hold_ms = HOLD_MS_DEFAULT,
	};
	struct fail fail = { 0 };
	struct result result;

	if (parse_options(argc, argv, &memory))
		return EXITS_USAGE;
	if (write_before(&memory, &fail) || workload_run(&memory.workload, &result, &fail))
		report_failure("memory", &fail);
	return report(&memory, &result);
}
