// SPDX-License-Identifier: GPL-2.0
/*
 * oversubscribe.c - the experiment `oversubscribe`: a fixed amount of computation, split over more
 * and more tasks on the same CPUs.
 *
 * The tasks neither wait nor share. Beyond one for each CPU, more of them can only add preemptions.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/exits.h"
#include "base/log.h"
#include "cpus.h"
#include "experiment.h"
#include "options.h"
#include "report.h"
#include "warm.h"
#include "workload.h"

#define TASKS_MOST 64
#define UNITS_DEFAULT 20000
#define UNITS_MAX UINT32_MAX
#define UNIT_STEPS 10000

/* Knuth's linear congruential generator (MMIX): each step needs the one before. */
#define MULTIPLIER 6364136223846793005U
#define INCREMENT 1442695040888963407U

/* What a task has found, in a cache line of its own. */
union found {
	struct {
		uint64_t sum;
		uint64_t cpu_ns; /* CPU time that it took */
	};
	char line[CACHE_LINE];
};

struct oversubscribe {
	struct workload workload;
	uint64_t units;
	union found *found; /* of each task */
};

/* ---- the work, the same in every form ---------------------------------------------------------- */

/* One unit: the number that the generator comes to from this seed. */
static uint64_t compute(uint64_t seed)
{
	for (int i = 0; i < UNIT_STEPS; i++)
		seed = seed * MULTIPLIER + INCREMENT;
	return seed;
}

/* Sums do not depend on how the units are split. */
static uint64_t compute_all(uint64_t from, uint64_t to)
{
	uint64_t sum = 0;

	for (uint64_t unit = from; unit < to; unit++)
		sum += compute(unit);
	return sum;
}

static int oversubscribe_work(struct worker *worker, const void *context)
{
	const struct oversubscribe *job = context;
	uint64_t from = job->units * worker->index / job->workload.tasks;
	uint64_t to = job->units * (worker->index + 1) / job->workload.tasks;
	uint64_t sum, cpu_ns;

	warm_program();
	cpu_ns = clock_cpu_ns();
	worker_begin(worker);
	sum = compute_all(from, to);
	worker_end(worker);
	job->found[worker->index].cpu_ns = clock_cpu_ns() - cpu_ns;
	job->found[worker->index].sum = sum;
	return 0;
}

/* ---- what must come out ------------------------------------------------------------------------ */

/*
 * All steps of a unit are one step of another such generator, found by doubling: n steps of (a, c) are
 * (a^n, c * (a^(n-1) + .. + 1)). Its sum over the seeds 0 .. units - 1 is that of a series.
 */
static uint64_t expected_sum(uint64_t units)
{
	uint64_t a = MULTIPLIER, c = INCREMENT, all_a = 1, all_c = 0;

	for (int steps = UNIT_STEPS; steps; steps >>= 1) {
		if (steps & 1) {
			all_c = all_c * a + c;
			all_a *= a;
		}
		c += c * a;
		a *= a;
	}
	return all_a * (units * (units - 1) / 2) + all_c * units;
}

/* ---- options ----------------------------------------------------------------------------------- */

enum option_key {
	KEY_WORK = 512,
};

static const struct argp_option option_list[] = {
	{ "work", KEY_WORK, "UNITS", 0,
	  "Units of computation in all, of 10000 steps each (default 20000)", 2 },
	{ 0 },
};

static const char doc[] = "A fixed amount of computation is split over tasks (default 4, at most "
			  "64). Prints what was "
			  "done as one line of JSON."
			  "\v" OPTIONS_EXIT_STATUS "\n"
			  "Example:\n"
			  "  tasktax run -- tasktax-demo oversubscribe --as thread --tasks 16\n";

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct oversubscribe *job = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &job->workload;
		return 0;
	case KEY_WORK:
		return options_number("--work", text, 1, UNITS_MAX, &job->units);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int parse_options(int argc, char **argv, struct oversubscribe *job)
{
	static const struct argp_child children[] = { { .argp = &options_common }, { 0 } };
	static const struct argp argp = {
		.options = option_list, .parser = parse, .doc = doc, .children = children
	};

	if (options_parse(&argp, argc, argv, job))
		return -EINVAL;
	if (job->workload.tasks <= TASKS_MOST)
		return 0;
	log_error("--tasks %u: not a number from 1 to %d", job->workload.tasks, TASKS_MOST);
	return -EINVAL;
}

/* ---- the experiment ---------------------------------------------------------------------------- */

static int report(const struct oversubscribe *job, int cpus, const struct result *result)
{
	const struct workload *workload = &job->workload;
	long voluntary = 0, preemptions = 0;
	uint64_t sum = 0, cpu_ns = 0;

	for (unsigned int i = 0; i < workload->tasks; i++) {
		sum += job->found[i].sum;
		cpu_ns += job->found[i].cpu_ns;
		voluntary += result->workers[i].span.nvcsw;
		preemptions += result->workers[i].span.nivcsw;
	}
	report_begin("oversubscribe", workload);
	printf(",\"cpus\":%d,\"work_units\":%" PRIu64 ",\"result_ok\":%s", cpus, job->units,
	       sum == expected_sum(job->units) ? "true" : "false");
	/*
	 * Of the timed spans: nothing in them sleeps, and only reclaim or NUMA balancing could make
	 * them fault. How often they are preempted is up to the kernel and to whoever else is there.
	 */
	printf(",\"expected_voluntary_switches\":0,\"expected_minor_faults\":0");
	printf(",\"voluntary_switches\":%ld,\"preemptions\":%ld,\"units_per_second\":%.0f",
	       voluntary, preemptions, (double)job->units * 1e9 / (double)result->elapsed_ns);
	/* What others did on the CPUs meanwhile is not in it. */
	printf(",\"cpu_ns_per_unit\":%.1f", (double)cpu_ns / (double)job->units);
	return report_end(workload, result);
}

int oversubscribe_run(int argc, char **argv)
{
	struct oversubscribe job = {
		.workload = { .tasks = 4,
			      .cpu = CPU_NONE,
			      .work = oversubscribe_work,
			      .context = &job },
		.units = UNITS_DEFAULT,
	};
	struct fail fail = { 0 };
	struct result result;
	int cpus;

	if (parse_options(argc, argv, &job))
		return EXITS_USAGE;
	cpus = job.workload.cpu >= 0 ? 1 : cpus_count(&fail);
	if (cpus > 0)
		job.found = shared_memory(job.workload.tasks * sizeof(job.found[0]), &fail);
	if (!job.found || workload_run(&job.workload, &result, &fail))
		report_failure("oversubscribe", &fail);
	return report(&job, cpus, &result);
}
