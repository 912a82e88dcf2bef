// SPDX-License-Identifier: GPL-2.0
/*
 * race.c - the experiment `race`: tasks count up one counter, with or without care.
 *
 * Plain means the three steps that `counter++` is: read, add, write. Two tasks that read the same
 * value write the same value, and one of the two updates is lost. That needs one memory, not threads:
 * processes that share a mapping lose just as much, and tasks of either form whose counters are their
 * own (--private) lose nothing.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/exits.h"
#include "base/log.h"
#include "base/quote.h"
#include "cpus.h"
#include "experiment.h"
#include "futex.h"
#include "options.h"
#include "report.h"
#include "workload.h"

#define COUNT_MAX (UINT64_MAX / TASKS_MAX)
#define WARM_UP 1000

/* 128 bytes: some CPUs fetch cache lines in pairs. */
struct counter {
	_Atomic uint64_t value;
	futex_word lock; /* see take() */
	char line[128 - sizeof(uint64_t) - sizeof(futex_word)];
};

struct care {
	const char *name;
	uint64_t count; /* by default */
	int (*add)(struct counter *counter, uint64_t count);
	bool exact; /* loses nothing */
};

struct race {
	struct workload workload;
	const struct care *how;
	uint64_t count; /* of each task; 0: the default of how */
	bool private;
	struct counter *counters; /* one of each task, then the one of all */
};

/* ---- the ways to count: 0 or -errno ------------------------------------------------------------ */

/* The empty instruction keeps the compiler from making one addition to memory of the three steps. */
static int add_plain(struct counter *counter, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		uint64_t value = atomic_load_explicit(&counter->value, memory_order_relaxed);

		value++;
		__asm__ volatile("" : "+r"(value));
		atomic_store_explicit(&counter->value, value, memory_order_relaxed);
	}
	return 0;
}

static int add_atomic(struct counter *counter, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		atomic_fetch_add_explicit(&counter->value, 1, memory_order_relaxed);
	return 0;
}

enum lock {
	LOCK_FREE = 0,
	LOCK_TAKEN = 1,
	LOCK_AWAITED = 2, /* taken, and somebody may sleep for it */
};

/* A mutex of three states (U. Drepper, Futexes Are Tricky, 2011, section 6). */
static int take(futex_word *lock)
{
	uint32_t state = LOCK_FREE;

	if (atomic_compare_exchange_strong(lock, &state, LOCK_TAKEN))
		return 0;
	while (atomic_exchange(lock, LOCK_AWAITED) != LOCK_FREE) {
		int err = futex_wait(lock, LOCK_AWAITED);

		if (err)
			return err;
	}
	return 0;
}

static int release(futex_word *lock)
{
	if (atomic_exchange(lock, LOCK_FREE) == LOCK_AWAITED)
		return futex_wake(lock, 1);
	return 0;
}

static int add_mutex(struct counter *counter, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		int err = take(&counter->lock);

		if (err)
			return err;
		add_plain(counter, 1);
		err = release(&counter->lock);
		if (err)
			return err;
	}
	return 0;
}

/* Each default takes a tenth of a second or two. */
static const struct care cares[] = {
	{ "plain", 100000000, add_plain, false },
	{ "atomic", 10000000, add_atomic, true },
	{ "mutex", 2000000, add_mutex, true },
};

static const struct care *find_care(const char *name)
{
	for (size_t i = 0; i < sizeof(cares) / sizeof(cares[0]); i++)
		if (!strcmp(cares[i].name, name))
			return &cares[i];
	return NULL;
}

/* ---- the work, the same in every form ---------------------------------------------------------- */

/* On the task's own counter, also the paths that only a contended mutex takes. */
static int warm_up(const struct race *race, struct counter *own)
{
	int err;

	atomic_store(&own->lock,
		     LOCK_AWAITED); /* maps it: in futex(2) that fault would have no event */
	err = futex_wait(&own->lock, LOCK_TAKEN);
	if (!err)
		err = release(&own->lock);
	if (!err)
		err = race->how->add(own, WARM_UP);
	atomic_store(&own->value, 0);
	return err;
}

static int race_work(struct worker *worker, const void *context)
{
	const struct race *race = context;
	struct counter *own = &race->counters[worker->index];
	struct counter *all = &race->counters[race->workload.tasks];
	int err = warm_up(race, own);

	atomic_fetch_add(&all->value, 0); /* a write, without effect, that maps it here */
	worker_begin(worker);
	if (!err)
		err = race->how->add(race->private ? own : all, race->count);
	worker_end(worker);
	if (!err)
		return 0;
	errno = -err;
	return fail_set(&worker->fail, err, "cannot count by %s: %m", race->how->name);
}

/* ---- options ----------------------------------------------------------------------------------- */

enum option_key {
	KEY_COUNT = 512,
	KEY_HOW,
	KEY_PRIVATE,
};

static const struct argp_option option_list[] = {
	{ "count", KEY_COUNT, "N", 0,
	  "Increments of each task (default 100000000 plain, 10000000 atomic, 2000000 mutex)", 2 },
	{ "how", KEY_HOW, "WAY", 0, "With what care: plain (default), atomic or mutex", 2 },
	{ "private", KEY_PRIVATE, NULL, 0, "A counter for each task, summed at the end", 2 },
	{ 0 },
};

static const char doc[] =
	"Tasks (default 2), each on its CPU (--cpu spread), count up one counter in memory that "
	"all of "
	"them share. Prints what was done, and what was lost, as one line of JSON."
	"\v" OPTIONS_EXIT_STATUS "\n"
	"Example:\n"
	"  tasktax run -- tasktax-demo race --as process --how plain\n";

static error_t parse_how(const char *text, struct race *race)
{
	race->how = find_care(text);
	if (race->how)
		return 0;
	log_error("--how %s: the way is plain, atomic or mutex", quote_string(text).text);
	return EINVAL;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct race *race = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &race->workload;
		return 0;
	case KEY_COUNT:
		return options_number("--count", text, 1, COUNT_MAX, &race->count);
	case KEY_HOW:
		return parse_how(text, race);
	case KEY_PRIVATE:
		race->private = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int parse_options(int argc, char **argv, struct race *race)
{
	static const struct argp_child children[] = { { .argp = &options_common }, { 0 } };
	static const struct argp argp = {
		.options = option_list, .parser = parse, .doc = doc, .children = children
	};

	return options_parse(&argp, argc, argv, race);
}

/* ---- the experiment ---------------------------------------------------------------------------- */

static uint64_t total_of(const struct race *race)
{
	unsigned int tasks = race->workload.tasks;
	uint64_t total = 0;

	if (!race->private)
		return atomic_load(&race->counters[tasks].value);
	for (unsigned int i = 0; i < tasks; i++)
		total += atomic_load(&race->counters[i].value);
	return total;
}

static int report(const struct race *race, const struct result *result)
{
	uint64_t expected = race->workload.tasks * race->count, total = total_of(race), ns = 0;
	long voluntary = 0, preempted = 0;

	for (unsigned int i = 0; i < race->workload.tasks; i++) {
		const struct worker *worker = &result->workers[i];

		ns += worker->end_ns - worker->begin_ns;
		voluntary += worker->span.nvcsw;
		preempted += worker->span.nivcsw;
	}
	report_begin("race", &race->workload);
	printf(",\"how\":\"%s\",\"private\":%s,\"count\":%" PRIu64 ",\"expected_total\":%" PRIu64
	       ",\"total\":%" PRIu64 ",\"lost_updates\":%" PRIu64,
	       race->how->name, race->private ? "true" : "false", race->count, expected, total,
	       expected - total);
	if (race->how->exact || race->private || race->workload.tasks == 1)
		printf(",\"expected_lost_updates\":0");
	else
		printf(",\"expected_lost_updates\":null");
	/* of its task's time, not of all tasks' together */
	printf(",\"ns_per_increment\":%.2f,\"switches\":{\"voluntary\":%ld,\"preempted\":%ld}",
	       (double)ns / (double)expected, voluntary, preempted);
	return report_end(&race->workload, result);
}

int race_run(int argc, char **argv)
{
	struct race race = {
		.workload = { .tasks = 2, .cpu = CPU_SPREAD, .work = race_work, .context = &race },
		.how = &cares[0],
	};
	struct fail fail = { 0 };
	struct result result;

	if (parse_options(argc, argv, &race))
		return EXITS_USAGE;
	if (!race.count)
		race.count = race.how->count;
	race.counters = shared_memory((race.workload.tasks + 1) * sizeof(race.counters[0]), &fail);
	if (!race.counters || workload_run(&race.workload, &result, &fail))
		report_failure("race", &fail);
	return report(&race, &result);
}
