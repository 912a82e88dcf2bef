// SPDX-License-Identifier: GPL-2.0
/*
 * ring.c - the experiment `ring`: a token goes round a ring of tasks, handed over by pipe or futex.
 *
 * Pinned to one CPU, each hand-over is one switch: from the task that gave the token, which then
 * sleeps until it comes round again, to the one that got it. Whatever differs between the forms is
 * the cost of that switch. With more than two tasks there are some more switches: a giver that was
 * preempted by the one it woke may come back before the token does, only to fall asleep.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/exits.h"
#include "base/log.h"
#include "base/quote.h"
#include "cpus.h"
#include "experiment.h"
#include "futex.h"
#include "options.h"
#include "report.h"
#include "workload.h"

#define ROUNDS_DEFAULT 100000
#define ROUNDS_MAX UINT32_MAX
#define WARM_UP_MAX 1000

/* What lies before a task: where it finds the token. One cache line each. */
union seat {
	int pipe[2];	  /* read by the task, written by the one before it */
	futex_word token; /* 1: here */
	char line[64];
};

struct transport {
	const char *name;
	int (*open)(union seat *seat);
	int (*take)(union seat *seat); /* sleeps until the token is here */
	int (*give)(union seat *seat);
};

struct ring {
	struct workload workload;
	const struct transport *via;
	uint64_t rounds, warm_up; /* full laps */
	union seat *seats;
};

/* ---- the ways to hand over: 0 or -errno -------------------------------------------------------- */

static int pipe_open(union seat *seat)
{
	return pipe2(seat->pipe, O_CLOEXEC) ? -errno : 0;
}

static int pipe_take(union seat *seat)
{
	char token;
	ssize_t got;

	do {
		got = read(seat->pipe[0], &token, 1);
	} while (got < 0 && errno == EINTR);
	return got == 1 ? 0 : got < 0 ? -errno : -EPIPE;
}

static int pipe_give(union seat *seat)
{
	ssize_t put;

	do {
		put = write(seat->pipe[1], "", 1);
	} while (put < 0 && errno == EINTR);
	return put == 1 ? 0 : -errno;
}

static int futex_open(union seat *seat)
{
	atomic_store(&seat->token, 0);
	return 0;
}

static int futex_take(union seat *seat)
{
	while (!atomic_load(&seat->token)) {
		int err = futex_wait(&seat->token, 0);

		if (err)
			return err;
	}
	atomic_store(&seat->token, 0);
	return 0;
}

static int futex_give(union seat *seat)
{
	atomic_store(&seat->token, 1);
	return futex_wake(&seat->token, 1);
}

static const struct transport transports[] = {
	{ "pipe", pipe_open, pipe_take, pipe_give },
	{ "futex", futex_open, futex_take, futex_give },
};

static const struct transport *find_transport(const char *name)
{
	for (size_t i = 0; i < sizeof(transports) / sizeof(transports[0]); i++)
		if (!strcmp(transports[i].name, name))
			return &transports[i];
	return NULL;
}

/* ---- the work, the same in every form ---------------------------------------------------------- */

static int failed(struct worker *worker, const struct transport *via, int err)
{
	errno = -err;
	return fail_set(&worker->fail, err, "cannot hand the token over by %s: %m", via->name);
}

/* The first task has the token, and sends it round. It alone sees laps begin and end. */
static int lead(struct worker *worker, const struct ring *ring, union seat *mine, union seat *next)
{
	for (uint64_t lap = 0; lap < ring->warm_up + ring->rounds; lap++) {
		int err;

		if (lap == ring->warm_up)
			worker_begin(worker);
		err = ring->via->give(next);
		if (!err)
			err = ring->via->take(mine);
		if (err)
			return failed(worker, ring->via, err);
	}
	worker_end(worker);
	return 0;
}

static int follow(struct worker *worker, const struct ring *ring, union seat *mine,
		  union seat *next)
{
	for (uint64_t lap = 0; lap < ring->warm_up + ring->rounds; lap++) {
		int err = ring->via->take(mine);

		if (!err)
			err = ring->via->give(next);
		if (err)
			return failed(worker, ring->via, err);
	}
	return 0;
}

static int ring_work(struct worker *worker, const void *context)
{
	const struct ring *ring = context;
	union seat *mine = &ring->seats[worker->index];
	union seat *next = &ring->seats[(worker->index + 1) % ring->workload.tasks];

	return worker->index ? follow(worker, ring, mine, next) : lead(worker, ring, mine, next);
}

/* ---- options ----------------------------------------------------------------------------------- */

enum option_key {
	KEY_ROUNDS = 512,
	KEY_VIA,
};

static const struct argp_option option_list[] = {
	{ "rounds", KEY_ROUNDS, "N", 0, "Full laps of the token (default 100000)", 2 },
	{ "via", KEY_VIA, "WAY", 0, "How it is handed over: pipe (default) or futex", 2 },
	{ 0 },
};

static const char doc[] =
	"A token goes round a ring of tasks (default 2). Prints what was done as one line of JSON."
	"\v"
	"Exit status: 0, 120 usage, 123 output, 125 other failures.\n"
	"\n"
	"Example:\n"
	"  tasktax run -- tasktax-demo ring --as thread --cpu auto\n";

static error_t parse_via(const char *text, struct ring *ring)
{
	ring->via = find_transport(text);
	if (ring->via)
		return 0;
	log_error("--via %s: the way is pipe or futex", quote_string(text).text);
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

static int report(const struct ring *ring, const struct result *result)
{
	const struct workload *workload = &ring->workload;
	uint64_t hand_overs = workload->tasks * ring->rounds;
	uint64_t warm_up = workload->tasks * ring->warm_up;

	report_begin("ring", workload);
	printf(",\"rounds\":%" PRIu64 ",\"via\":\"%s\",\"hand_overs\":%" PRIu64
	       ",\"warm_up_hand_overs\":%" PRIu64,
	       ring->rounds, ring->via->name, hand_overs, warm_up);
	if (workload->cpu < 0 || workload->tasks == 1)
		printf(",\"expected_switches\":null");
	else
		printf(",\"expected_switches\":%" PRIu64, hand_overs + warm_up);
	printf(",\"ns_per_hand_over\":%.1f", (double)result->elapsed_ns / (double)hand_overs);
	return report_end(workload, result);
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
		.via = &transports[0],
		.rounds = ROUNDS_DEFAULT,
	};
	struct fail fail = { 0 };
	struct result result;

	if (parse_options(argc, argv, &ring))
		return EXITS_USAGE;
	ring.warm_up = warm_up_of(ring.rounds);
	if (take_seats(&ring, &fail) || workload_run(&ring.workload, &result, &fail)) {
		log_error("ring: %s", fail.text);
		return EXITS_FAILURE;
	}
	return report(&ring, &result);
}
