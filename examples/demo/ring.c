// SPDX-License-Identifier: GPL-2.0
/*
 * ring.c - the experiment `ring`: a token goes round a ring of tasks, each of which touches its
 * working set while it has the token.
 *
 * Pinned to one CPU, each hand-over is one switch: from the task that gave the token, which then
 * sleeps until it comes round again, to the one that got it. Whatever differs between the forms is
 * the cost of that switch. With more than two tasks there are some more switches: a giver that was
 * preempted by the one it woke may come back before the token does, only to fall asleep.
 *
 * One task alone does the same work, and the same calls to hand over but for sleeping: what a hand-over
 * takes longer with two tasks is the switch and the refilling of caches, which the working set makes
 * grow (the method of Li, Ding and Shen, "Quantifying the cost of context switch", ExpCS 2007). With
 * --baseline one run does both: before the laps that are timed, the first task hands the token to itself as
 * often as it will change hands, in the same memory, while the others sleep.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/exits.h"
#include "base/log.h"
#include "base/quote.h"
#include "cache.h"
#include "cpus.h"
#include "experiment.h"
#include "options.h"
#include "report.h"
#include "transports.h"
#include "warm.h"
#include "workload.h"

#define ROUNDS_DEFAULT 100000
#define ROUNDS_MAX UINT32_MAX
#define WARM_UP_MAX 1000
#define WORKING_SET_MAX ((uint64_t)1 << 40)
/* With a working set there are by default as many laps as touch so many cache lines. */
#define LINES_DEFAULT ((uint64_t)1 << 23)
#define ROUNDS_LEAST 4

/* What was timed besides the first task's span, in shared memory. */
struct times {
	uint64_t alone_ns, alone_cpu_ns; /* of the baseline */
	uint64_t cpu_ns[];		 /* of each task, in the laps that are timed */
};

struct ring {
	struct workload workload;
	const struct transport *via;
	uint64_t rounds, warm_up; /* full laps */
	bool baseline;		  /* with laps for warming up before it and after it */
	uint64_t working_set;	  /* bytes of each task */
	uint64_t lines, step;	  /* of it; from one to the next that is touched */
	union seat *seats;
	struct times *times;
};

/* ---- the work, the same in every form ---------------------------------------------------------- */

static int failed(struct worker *worker, const struct transport *via, int err)
{
	errno = -err;
	return fail_set(&worker->fail, err, "cannot hand the token over by %s: %m", via->name);
}

/*
 * Reads and writes each cache line once, in an order that no prefetcher knows, each only when the one
 * before has been read: every miss is waited for.
 */
static void touch(char *memory, const struct ring *ring)
{
	for (uint64_t n = 0, line = 0; n < ring->lines; n++) {
		uint64_t *word = (uint64_t *)(memory + line * CACHE_LINE);
		uint64_t value = *(volatile uint64_t *)word;

		*(volatile uint64_t *)word = value + 1;
		line += ring->step + (value >> 63); /* which is 0, unknown to the CPU */
		if (line >= ring->lines)
			line -= ring->lines;
	}
}

/* Of the token, round the ring, that are not timed. */
static uint64_t laps_untimed(const struct ring *ring)
{
	return ring->baseline ? 2 * ring->warm_up : ring->warm_up;
}

static uint64_t hand_overs(const struct ring *ring)
{
	return ring->workload.tasks * ring->rounds;
}

/* So often: the work, the token handed to the next task, and taken from the one before. */
static int turns(const struct ring *ring, uint64_t count, union seat *next, union seat *mine,
		 char *memory)
{
	for (uint64_t i = 0; i < count; i++) {
		int err;

		touch(memory, ring);
		err = ring->via->give(next);
		if (!err)
			err = ring->via->take(mine);
		if (err)
			return err;
	}
	return 0;
}

/* The same as its own next. */
static int turns_alone(const struct ring *ring, union seat *mine, char *memory)
{
	struct times *times = ring->times;
	int err = turns(ring, ring->warm_up, mine, mine, memory);

	if (err)
		return err;
	times->alone_cpu_ns = clock_cpu_ns();
	times->alone_ns = clock_now_ns();
	err = turns(ring, hand_overs(ring), mine, mine, memory);
	times->alone_ns = clock_now_ns() - times->alone_ns;
	times->alone_cpu_ns = clock_cpu_ns() - times->alone_cpu_ns;
	return err;
}

/* The first task has the token, and sends it round. It alone sees laps begin and end. */
static int lead(struct worker *worker, const struct ring *ring, char *memory)
{
	union seat *mine = &ring->seats[0], *next = &ring->seats[1 % ring->workload.tasks];
	uint64_t cpu_ns;
	int err = turns(ring, ring->warm_up, next, mine, memory);

	if (!err && ring->baseline)
		err = turns_alone(ring, mine, memory);
	if (!err && ring->baseline)
		err = turns(ring, ring->warm_up, next, mine, memory);
	if (err)
		return failed(worker, ring->via, err);
	cpu_ns = clock_cpu_ns();
	worker_begin(worker);
	err = turns(ring, ring->rounds, next, mine, memory);
	worker_end(worker);
	ring->times->cpu_ns[0] = clock_cpu_ns() - cpu_ns;
	return err ? failed(worker, ring->via, err) : 0;
}

static int follow(struct worker *worker, const struct ring *ring, char *memory)
{
	union seat *mine = &ring->seats[worker->index];
	union seat *next = &ring->seats[(worker->index + 1) % ring->workload.tasks];
	uint64_t cpu_ns = 0;

	for (uint64_t lap = 0; lap < laps_untimed(ring) + ring->rounds; lap++) {
		int err;

		if (lap == laps_untimed(ring))
			cpu_ns = clock_cpu_ns();
		err = ring->via->take(mine);
		if (err)
			return failed(worker, ring->via, err);
		touch(memory, ring);
		err = ring->via->give(next);
		if (err)
			return failed(worker, ring->via, err);
	}
	ring->times->cpu_ns[worker->index] = clock_cpu_ns() - cpu_ns;
	return 0;
}

static int ring_work(struct worker *worker, const void *context)
{
	const struct ring *ring = context;
	char none, *memory = &none;

	warm_program();
	if (ring->lines)
		memory = warm_memory(ring->lines * CACHE_LINE, &worker->fail);
	if (!memory)
		return worker->fail.code;
	return worker->index ? follow(worker, ring, memory) : lead(worker, ring, memory);
}

/* ---- options ----------------------------------------------------------------------------------- */

enum option_key {
	KEY_ROUNDS = 512,
	KEY_VIA,
	KEY_WORKING_SET,
	KEY_BASELINE,
};

static const struct argp_option option_list[] = {
	{ "rounds", KEY_ROUNDS, "N", 0,
	  "Full laps of the token (default 100000, or fewer with a working set)", 2 },
	{ "via", KEY_VIA, "WAY", 0, "How it is handed over: " TRANSPORT_NAMES " (default pipe)",
	  2 },
	{ "working-set", KEY_WORKING_SET, "SIZE", 0,
	  "Memory of each task, of which it reads and writes every cache line once whenever it has "
	  "the token (default 0)",
	  2 },
	{ "baseline", KEY_BASELINE, NULL, 0,
	  "Time the first task alone as well, handing the token to itself", 2 },
	{ 0 },
};

static const char doc[] =
	"A token goes round a ring of tasks (default 2). Prints what was done as one line of JSON."
	"\v" OPTIONS_EXIT_STATUS "\n"
	"Example:\n"
	"  tasktax run -- tasktax-demo ring --as thread --cpu auto --working-set 512K\n"
	"--baseline times the same without switches too: the difference is what they cost.\n";

static error_t parse_via(const char *text, struct ring *ring)
{
	ring->via = transport_find(text);
	if (ring->via)
		return 0;
	log_error("--via %s: the way is " TRANSPORT_NAMES, quote_string(text).text);
	return EINVAL;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct ring *ring = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &ring->workload;
		return 0;
	case KEY_ROUNDS:
		return options_number("--rounds", text, 1, ROUNDS_MAX, &ring->rounds);
	case KEY_VIA:
		return parse_via(text, ring);
	case KEY_WORKING_SET:
		return options_size("--working-set", text, 0, WORKING_SET_MAX, &ring->working_set);
	case KEY_BASELINE:
		ring->baseline = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int parse_options(int argc, char **argv, struct ring *ring)
{
	static const struct argp_child children[] = { { .argp = &options_common }, { 0 } };
	static const struct argp argp = {
		.options = option_list, .parser = parse, .doc = doc, .children = children
	};

	return options_parse(&argp, argc, argv, ring);
}

/* ---- the experiment ---------------------------------------------------------------------------- */

static int take_seats(struct ring *ring, struct fail *fail)
{
	unsigned int tasks = ring->workload.tasks;

	ring->times =
		shared_memory(sizeof(*ring->times) + tasks * sizeof(ring->times->cpu_ns[0]), fail);
	if (ring->times)
		ring->seats = shared_memory(tasks * sizeof(ring->seats[0]), fail);
	if (!ring->seats)
		return fail->code;
	for (unsigned int i = 0; i < tasks; i++) {
		int err = ring->via->open(&ring->seats[i]);

		if (!err)
			continue;
		errno = -err;
		return fail_set(fail, err,
				"cannot open %s %u of %u: %m; ask for fewer --tasks, use --via "
				"futex or raise the limit (ulimit -n)",
				ring->via->name, i + 1, tasks);
	}
	return 0;
}

/* Of the CPU that the tasks run on, or else of the last allowed one. */
static void print_l2(int cpu)
{
	uint64_t bytes = 0;

	if (cpu < 0)
		cpu = cpus_last(NULL);
	if (cpu >= 0)
		bytes = cache_l2_bytes((unsigned int)cpu);
	if (bytes)
		printf(",\"l2_bytes\":%" PRIu64, bytes);
	else
		printf(",\"l2_bytes\":null");
}

/*
 * By the wall clock, and in CPU time of all tasks: pinned to one CPU, what others do there is in the first
 * only.
 */
static void print_times(const struct ring *ring, uint64_t elapsed_ns)
{
	const struct times *times = ring->times;
	double timed = (double)hand_overs(ring);
	uint64_t cpu_ns = 0;

	for (unsigned int i = 0; i < ring->workload.tasks; i++)
		cpu_ns += times->cpu_ns[i];
	printf(",\"ns_per_hand_over\":%.1f,\"cpu_ns_per_hand_over\":%.1f",
	       (double)elapsed_ns / timed, (double)cpu_ns / timed);
	if (ring->baseline)
		printf(",\"ns_per_hand_over_alone\":%.1f,\"cpu_ns_per_hand_over_alone\":%.1f",
		       (double)times->alone_ns / timed, (double)times->alone_cpu_ns / timed);
	else
		printf(",\"ns_per_hand_over_alone\":null,\"cpu_ns_per_hand_over_alone\":null");
}

static int report(const struct ring *ring, const struct result *result)
{
	const struct workload *workload = &ring->workload;
	uint64_t timed = hand_overs(ring);
	uint64_t warm_up = workload->tasks * laps_untimed(ring);

	report_begin("ring", workload);
	printf(",\"rounds\":%" PRIu64 ",\"via\":\"%s\",\"hand_overs\":%" PRIu64
	       ",\"warm_up_hand_overs\":%" PRIu64,
	       ring->rounds, ring->via->name, timed, warm_up);
	if (workload->cpu < 0 || workload->tasks == 1)
		printf(",\"expected_switches\":null");
	else
		printf(",\"expected_switches\":%" PRIu64, timed + warm_up);
	/* Of the first task, the only one timed. Only reclaim or NUMA balancing can add to it. */
	printf(",\"expected_minor_faults\":0,\"expected_first_touch_faults\":%" PRIu64,
	       workload->tasks * (uint64_t)warm_pages(ring->working_set));
	printf(",\"working_set_bytes\":%" PRIu64, ring->working_set);
	print_l2(workload->cpu);
	print_times(ring, result->elapsed_ns);
	return report_end(workload, result);
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/*
 * By the golden section, and with no divisor in common: steps of this length come to every line once.
 * Less than lines, but for a single one.
 */
static uint64_t step_of(uint64_t lines)
{
	uint64_t step = lines - lines * 382 / 1000;

	while (common_divisor(step, lines) > 1)
		step--;
	return step;
}

static uint64_t default_rounds(const struct ring *ring)
{
	uint64_t lines = ring->lines * ring->workload.tasks;
	uint64_t rounds = lines ? LINES_DEFAULT / lines : ROUNDS_DEFAULT;

	if (rounds < ROUNDS_LEAST)
		return ROUNDS_LEAST;
	return rounds < ROUNDS_DEFAULT ? rounds : ROUNDS_DEFAULT;
}

/* A tenth of the laps, at least one. */
static uint64_t warm_up_of(uint64_t rounds)
{
	uint64_t tenth = (rounds + 9) / 10;

	return tenth < WARM_UP_MAX ? tenth : WARM_UP_MAX;
}

int ring_run(int argc, char **argv)
{
	struct ring ring = {
		.workload = { .tasks = 2, .cpu = CPU_NONE, .work = ring_work, .context = &ring },
		.via = transport_default(),
	};
	struct fail fail = { 0 };
	struct result result;

	if (parse_options(argc, argv, &ring))
		return EXITS_USAGE;
	ring.lines = (ring.working_set + CACHE_LINE - 1) / CACHE_LINE;
	ring.step = step_of(ring.lines);
	if (!ring.rounds)
		ring.rounds = default_rounds(&ring);
	ring.warm_up = warm_up_of(ring.rounds);
	if (take_seats(&ring, &fail) || workload_run(&ring.workload, &result, &fail))
		report_failure("ring", &fail);
	return report(&ring, &result);
}
