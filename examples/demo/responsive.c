// SPDX-License-Identifier: GPL-2.0
/*
 * responsive.c - the experiment `responsive`: a periodic tick, as of a user interface, beside tasks
 * that compute without end, all on one CPU unless told otherwise.
 *
 * As threads, the tick and the background are one process; as processes, each is one of its own.
 * The scheduler knows tasks, not processes: what differs between the forms is what it costs to
 * switch. A nice value is a task's too, on Linux also a thread's (sched(7)), so --nice works in both.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exits.h"
#include "base/log.h"
#include "base/quote.h"
#include "cpus.h"
#include "experiment.h"
#include "futex.h"
#include "options.h"
#include "report.h"
#include "workload.h"

#define SECOND_NS 1000000000ull
#define HZ_DEFAULT 60
#define HZ_MAX 10000
#define SECONDS_DEFAULT "0.4"
#define SECONDS_MAX 600
#define UNIT_WORDS 4096 /* 32 KiB, as large as a first-level cache */
#define UNIT_PASSES 4

/* Of /proc/TID/schedstat: how long the task waited for a CPU. */
struct wait {
	bool known;
	uint64_t ns;
};

struct shared {
	futex_word running; /* background tasks that compute */
	futex_word start;   /* the gate of the tick */
	_Atomic uint32_t stop;
	uint64_t due_before; /* ticks whose time had come before the tick looked */
	struct wait before, after;
	uint64_t *late_ns; /* of each tick */
	uint64_t units[];  /* done by each task */
};

struct responsive {
	struct workload workload;
	uint64_t background, hz, nice, duration_ns, ticks;
	uint64_t unit_result; /* what one unit of work computes */
	struct shared *shared;
};

/* ---- the background ---------------------------------------------------------------------------- */

/* A unit of work: some passes over memory of its own, each depending on the one before. */
static uint64_t compute_unit(uint64_t *words)
{
	uint64_t sum = 0xcbf29ce484222325;

	for (uint64_t i = 0; i < UNIT_WORDS; i++)
		words[i] = i;
	for (unsigned int pass = 0; pass < UNIT_PASSES; pass++)
		for (unsigned int i = 0; i < UNIT_WORDS; i++) {
			sum = (sum ^ words[i]) * 0x100000001b3;
			words[i] = sum;
		}
	return sum;
}

/* The first unit faults it in. */
static uint64_t *unit_memory(void)
{
	void *memory = mmap(NULL, UNIT_WORDS * sizeof(uint64_t), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static int check_unit(struct worker *worker, const struct responsive *responsive, uint64_t *words)
{
	uint64_t result = compute_unit(words);

	if (result == responsive->unit_result)
		return 0;
	return fail_set(&worker->fail, -EBADMSG,
			"a unit of work computed %" PRIx64 " instead of %" PRIx64, result,
			responsive->unit_result);
}

/* 0 names the calling task: a thread has its own nice value. */
static int set_nice(struct worker *worker, int nice)
{
	if (!nice || !setpriority(PRIO_PROCESS, 0, nice))
		return 0;
	return fail_set(&worker->fail, -errno, "cannot set the nice value %d: %m", nice);
}

static int background(struct worker *worker, const struct responsive *responsive)
{
	struct shared *shared = responsive->shared;
	uint64_t *words = unit_memory(), units = 0;
	int err;

	if (!words)
		return fail_set(&worker->fail, -errno, "cannot map memory to work on: %m");
	err = set_nice(worker, (int)responsive->nice);
	if (!err)
		err = check_unit(worker, responsive, words);
	if (err)
		return err;
	shared->units[worker->index] = 0; /* there before the timed span */
	atomic_fetch_add(&shared->start, 0);
	futex_wake(&shared->start, 1); /* who waits looks again */
	worker_begin(worker);
	if (atomic_fetch_add(&shared->running, 1) + 1 == responsive->background)
		gate_open(&shared->start);
	while (!err && !atomic_load(&shared->stop)) {
		err = check_unit(worker, responsive, words);
		units++;
	}
	worker_end(worker);
	shared->units[worker->index] = units;
	return err;
}

/* ---- the tick ---------------------------------------------------------------------------------- */

/* Run time, wait and runs; all are 0 where the kernel does not count them. */
static struct wait read_wait(int fd)
{
	char text[128], *rest;
	ssize_t size = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, 0);
	struct wait wait = { 0 };

	if (size <= 0)
		return wait;
	text[size] = '\0';
	strtoull(text, &rest, 10);
	wait.ns = strtoull(rest, &rest, 10);
	wait.known = strtoull(rest, NULL, 10) > 0;
	return wait;
}

static void sleep_until(uint64_t ns)
{
	struct timespec at = { .tv_sec = (time_t)(ns / SECOND_NS),
			       .tv_nsec = (long)(ns % SECOND_NS) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		;
}

/* Ticks are due by the clock alone: after a late one the next is not put off. */
static void tick(struct shared *shared, const struct responsive *responsive, uint64_t begin)
{
	for (uint64_t i = 0; i < responsive->ticks; i++) {
		uint64_t due = begin + (i + 1) * SECOND_NS / responsive->hz, now;

		if (clock_now_ns() < due)
			sleep_until(due);
		else /* or the kernel might sleep a little, for a time that is past */
			shared->due_before++;
		now = clock_now_ns();
		shared->late_ns[i] = now > due ? now - due : 0;
	}
}

static int ticker(struct worker *worker, const struct responsive *responsive)
{
	struct shared *shared = responsive->shared;
	int fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
	int err = 0;

	memset(shared->late_ns, 1, responsive->ticks * sizeof(shared->late_ns[0]));
	shared->due_before = 0;
	read_wait(fd);
	sleep_until(1);
	if (responsive->background)
		err = gate_wait(&shared->start);
	if (err) {
		errno = -err;
		return fail_set(&worker->fail, err, "cannot wait for the background: %m");
	}
	shared->before = read_wait(fd);
	worker_begin(worker);
	tick(shared, responsive, clock_now_ns());
	worker_end(worker);
	shared->after = read_wait(fd);
	atomic_store(&shared->stop, 1);
	if (fd >= 0)
		close(fd);
	return 0;
}

static int responsive_work(struct worker *worker, const void *context)
{
	const struct responsive *responsive = context;

	return worker->index ? background(worker, responsive) : ticker(worker, responsive);
}

/* ---- options ----------------------------------------------------------------------------------- */

enum option_key {
	KEY_HZ = 512,
	KEY_SECONDS,
	KEY_BACKGROUND,
	KEY_NICE,
};

static const struct argp_option option_list[] = {
	{ "hz", KEY_HZ, "N", 0, "Ticks per second (default 60)", 2 },
	{ "seconds", KEY_SECONDS, "SECONDS", 0,
	  "How long, as 2 or 0.5 (default " SECONDS_DEFAULT ")", 2 },
	{ "background", KEY_BACKGROUND, "N", 0, "Tasks that compute (default 1)", 2 },
	{ "nice", KEY_NICE, "N", 0,
	  "Nice value of each of them, 0 to 19, as processes and as threads (default 0: as they "
	  "are)",
	  2 },
	{ 0 },
};

static const char doc[] = "A tick as of a user interface, beside tasks that compute in the "
			  "background. All are pinned to "
			  "the last allowed CPU unless --cpu says otherwise. Prints what was done "
			  "as one line of JSON."
			  "\v" OPTIONS_EXIT_STATUS "\n"
			  "Example:\n"
			  "  tasktax run -- tasktax-demo responsive --as process --nice 19\n";

/* Digits, and up to nine more after a point, as ns. 0 or -EINVAL. */
static int parse_seconds(const char *text, uint64_t *ns)
{
	uint64_t digit_ns = SECOND_NS;
	bool point = false, any = false;

	*ns = 0;
	for (; *text; text++) {
		if (*text == '.' && any && !point) {
			point = true;
			any = false;
			continue;
		}
		if (*text < '0' || *text > '9' || *ns > SECONDS_MAX * SECOND_NS || digit_ns == 1)
			return -EINVAL;
		if (point) {
			digit_ns /= 10;
			*ns += digit_ns * (uint64_t)(*text - '0');
		} else {
			*ns = *ns * 10 + SECOND_NS * (uint64_t)(*text - '0');
		}
		any = true;
	}
	return any && *ns && *ns <= SECONDS_MAX * SECOND_NS ? 0 : -EINVAL;
}

static error_t parse_duration(const char *text, struct responsive *responsive)
{
	if (!parse_seconds(text, &responsive->duration_ns))
		return 0;
	log_error("--seconds %s: not a number of seconds up to %d, as 2 or 0.5",
		  quote_string(text).text, SECONDS_MAX);
	return EINVAL;
}

/* What the options come to, and what does not go together. */
static error_t complete(struct responsive *responsive)
{
	if (responsive->workload.tasks) {
		log_error("--tasks: not an option of responsive; --background is how many compute");
		return EINVAL;
	}
	responsive->workload.tasks = (unsigned int)responsive->background + 1;
	responsive->ticks = responsive->duration_ns * responsive->hz / SECOND_NS;
	if (responsive->ticks)
		return 0;
	log_error("no tick of %" PRIu64 " per second falls into the time; ask for more --seconds",
		  responsive->hz);
	return EINVAL;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct responsive *responsive = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &responsive->workload;
		return 0;
	case KEY_HZ:
		return options_number("--hz", text, 1, HZ_MAX, &responsive->hz);
	case KEY_SECONDS:
		return parse_duration(text, responsive);
	case KEY_BACKGROUND:
		return options_number("--background", text, 0, TASKS_MAX - 1,
				      &responsive->background);
	case KEY_NICE:
		return options_number("--nice", text, 0, 19, &responsive->nice);
	case ARGP_KEY_END:
		return complete(responsive);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int parse_options(int argc, char **argv, struct responsive *responsive)
{
	static const struct argp_child children[] = { { .argp = &options_common }, { 0 } };
	static const struct argp argp = {
		.options = option_list, .parser = parse, .doc = doc, .children = children
	};

	return options_parse(&argp, argc, argv, responsive);
}

/* ---- the experiment ---------------------------------------------------------------------------- */

static int prepare(struct responsive *responsive, struct fail *fail)
{
	const struct workload *workload = &responsive->workload;
	uint64_t *words = unit_memory();
	struct shared *shared;

	if (!words)
		return fail_set(fail, -errno, "cannot map memory to work on: %m");
	responsive->unit_result = compute_unit(words);
	munmap(words, UNIT_WORDS * sizeof(uint64_t));
	shared = shared_memory(sizeof(*shared) + workload->tasks * sizeof(shared->units[0]), fail);
	if (!shared)
		return fail->code;
	shared->late_ns = shared_memory(responsive->ticks * sizeof(uint64_t), fail);
	responsive->shared = shared;
	return shared->late_ns ? 0 : fail->code;
}

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

/* By nearest rank, of sorted values. */
static uint64_t percentile(const uint64_t *values, uint64_t count, unsigned int percent)
{
	return values[(count * percent + 99) / 100 - 1];
}

/*
 * Exact: how many ticks there are, that each is on time or missed, and that nothing is faulted in
 * after warming up. Of the switches only this is certain: the tick goes to sleep by itself once for
 * each tick whose time has not come, at most, as nothing else in its span sleeps.
 */
static void report_ticks(const struct responsive *responsive)
{
	const struct shared *shared = responsive->shared;
	uint64_t ticks = responsive->ticks, missed = 0;

	for (uint64_t i = 0; i < ticks; i++)
		missed += shared->late_ns[i] > SECOND_NS / responsive->hz / 2;
	qsort(shared->late_ns, ticks, sizeof(shared->late_ns[0]), compare);
	printf(",\"expected_ticks\":%" PRIu64 ",\"expected_span_minor_faults\":0"
	       ",\"expected_sleeps_at_most\":%" PRIu64,
	       ticks, ticks - shared->due_before);
	printf(",\"ticks_on_time\":%" PRIu64 ",\"ticks_missed\":%" PRIu64, ticks - missed, missed);
	printf(",\"late_p50_ns\":%" PRIu64 ",\"late_p99_ns\":%" PRIu64 ",\"late_max_ns\":%" PRIu64,
	       percentile(shared->late_ns, ticks, 50), percentile(shared->late_ns, ticks, 99),
	       shared->late_ns[ticks - 1]);
	if (shared->before.known && shared->after.known)
		printf(",\"tick_wait_ns\":%" PRIu64 ",\"tick_wait_since_birth_ns\":%" PRIu64,
		       shared->after.ns - shared->before.ns, shared->after.ns);
	else
		printf(",\"tick_wait_ns\":null,\"tick_wait_since_birth_ns\":null");
}

static void report_background(const struct responsive *responsive, const struct result *result)
{
	const struct shared *shared = responsive->shared;
	uint64_t all = 0;

	printf(",\"units\":[");
	for (unsigned int i = 1; i < responsive->workload.tasks; i++) {
		printf("%s%" PRIu64, i > 1 ? "," : "", shared->units[i]);
		all += shared->units[i];
	}
	printf("],\"background_units\":%" PRIu64 ",\"units_per_second\":%.1f", all,
	       (double)all * 1e9 / (double)result->elapsed_ns);
}

static int report(const struct responsive *responsive, const struct result *result)
{
	report_begin("responsive", &responsive->workload);
	printf(",\"hz\":%" PRIu64 ",\"duration_ns\":%" PRIu64 ",\"background\":%" PRIu64
	       ",\"nice\":%" PRIu64,
	       responsive->hz, responsive->duration_ns, responsive->background, responsive->nice);
	report_ticks(responsive);
	report_background(responsive, result);
	return report_end(&responsive->workload, result);
}

int responsive_run(int argc, char **argv)
{
	struct responsive responsive = {
		.workload = { .cpu = CPU_NONE, .work = responsive_work, .context = &responsive },
		.hz = HZ_DEFAULT,
		.background = 1,
	};
	struct fail fail = { 0 };
	struct result result;

	parse_seconds(SECONDS_DEFAULT, &responsive.duration_ns);
	responsive.workload.cpu = cpus_last(&fail);
	if (responsive.workload.cpu >= 0 && parse_options(argc, argv, &responsive))
		return EXITS_USAGE;
	if (fail.code || prepare(&responsive, &fail) ||
	    workload_run(&responsive.workload, &result, &fail))
		report_failure("responsive", &fail);
	return report(&responsive, &result);
}
