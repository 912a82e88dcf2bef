// SPDX-License-Identifier: GPL-2.0
/*
 * shootdown.c - the experiment `shootdown`: task 0 takes rights away from pages of its own while the
 * other tasks, its siblings, only compute.
 *
 * A CPU may have such a page in its TLB when it runs in the same address space, and is interrupted to
 * forget it. So the siblings are interrupted as threads, though none of them ever used the page, and
 * not as processes.
 *
 * How often is the kernel's to choose: it asks only those CPUs that it believes to be in the address
 * space just then. What is certain is the number of requests, each of which interrupts every other
 * CPU at most once. The tasks' creation and end add some few to that of a whole run.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
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

#define ROUNDS_DEFAULT 30000
#define ROUNDS_MAX UINT32_MAX
#define WARM_UP_MAX 1000
#define FIELD_SIZE 32768 /* what a sibling works on: eight pages */
#define STRIDE 64

/* A sibling's own. Whole pages: no page is shared with another. */
struct sibling {
	char field[FIELD_SIZE];
	uint64_t loops;
	char line[4096 - sizeof(uint64_t)];
};

struct common {
	futex_word running; /* siblings at work */
	futex_word done;    /* task 0 is */
	char line[4096 - 2 * sizeof(futex_word)];
	struct sibling siblings[]; /* that of task 0 is not used */
};

struct way {
	const char *name;
	unsigned int requests, faults; /* a round's: flushes asked for, minor faults */
	int (*open)(char **page);      /* before the rounds */
	int (*round)(char **page);
};

struct shootdown {
	struct workload workload;
	const struct way *by;
	uint64_t rounds, warm_up;
	int cpus; /* allowed */
	struct common *common;
};

/* ---- the ways to take rights away: 0 or -errno ------------------------------------------------- */

static int page_map(char **page)
{
	char *memory = mmap(NULL, (size_t)getpagesize(), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return -errno;
	*page = memory;
	return 0;
}

static void page_touch(char *page)
{
	*(volatile char *)page = 1;
}

static int open_nothing(char **page)
{
	*page = NULL;
	return 0;
}

static int open_touched(char **page)
{
	int err = page_map(page);

	if (!err)
		page_touch(*page);
	return err;
}

static int round_munmap(char **page)
{
	int err = page_map(page);

	if (err)
		return err;
	page_touch(*page);
	return munmap(*page, (size_t)getpagesize()) ? -errno : 0;
}

/*
 * Not written in between: whether the first write after the way back faults depends on the kernel. On
 * x86 the way back is flushed too (arch/x86/include/asm/tlbflush.h, pte_flags_need_flush()).
 */
static int round_mprotect(char **page)
{
	size_t size = (size_t)getpagesize();

	if (mprotect(*page, size, PROT_READ) || mprotect(*page, size, PROT_READ | PROT_WRITE))
		return -errno;
	return 0;
}

static int round_dontneed(char **page)
{
	page_touch(*page);
	return madvise(*page, (size_t)getpagesize(), MADV_DONTNEED) ? -errno : 0;
}

static const struct way ways[] = {
	{ "munmap", 1, 1, open_nothing, round_munmap },
	{ "mprotect", 2, 0, open_touched, round_mprotect },
	{ "dontneed", 1, 1, open_touched, round_dontneed },
};

static const struct way *find_way(const char *name)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(ways[i].name, name))
			return &ways[i];
	return NULL;
}

/* ---- the work, the same in every form ---------------------------------------------------------- */

static int failed(struct worker *worker, const struct way *by, int err)
{
	errno = -err;
	return fail_set(&worker->fail, err, "cannot go on by %s: %m", by->name);
}

/* Sleeps until all siblings are at work: on fewer CPUs than tasks they may need this one for that. */
static int wait_for_siblings(struct common *common, unsigned int siblings)
{
	uint32_t running;

	while ((running = atomic_load(&common->running)) < siblings) {
		int err = futex_wait(&common->running, running);

		if (err)
			return err;
	}
	return 0;
}

static int shoot(struct worker *worker, const struct shootdown *shootdown)
{
	const struct way *by = shootdown->by;
	struct common *common = shootdown->common;
	char *page;
	int err = by->open(&page);

	if (!err)
		err = wait_for_siblings(common, shootdown->workload.tasks - 1);
	for (uint64_t round = 0; !err && round < shootdown->warm_up; round++)
		err = by->round(&page);
	worker_begin(worker);
	for (uint64_t round = 0; !err && round < shootdown->rounds; round++)
		err = by->round(&page);
	worker_end(worker);
	atomic_store(&common->done, 1);
	return err ? failed(worker, by, err) : 0;
}

static void walk(char *field)
{
	for (size_t i = 0; i < FIELD_SIZE; i += STRIDE)
		(*(volatile char *)&field[i])++;
}

static int suffer(struct worker *worker, struct common *common)
{
	struct sibling *own = &common->siblings[worker->index];
	uint64_t loops = 0;
	int err;

	walk(own->field);
	own->loops = 0;
	atomic_fetch_add(&common->running, 1);
	err = futex_wake(&common->running, 1);
	if (err) {
		errno = -err;
		return fail_set(&worker->fail, err, "cannot wake task 0: %m");
	}
	worker_begin(worker);
	while (!atomic_load_explicit(&common->done, memory_order_relaxed)) {
		walk(own->field);
		loops++;
	}
	worker_end(worker);
	own->loops = loops;
	return 0;
}

static int shootdown_work(struct worker *worker, const void *context)
{
	const struct shootdown *shootdown = context;

	return worker->index ? suffer(worker, shootdown->common) : shoot(worker, shootdown);
}

/* ---- options ----------------------------------------------------------------------------------- */

enum option_key {
	KEY_ROUNDS = 512,
	KEY_BY,
};

static const struct argp_option option_list[] = {
	{ "rounds", KEY_ROUNDS, "N", 0, "How often task 0 does it (default 30000)", 2 },
	{ "by", KEY_BY, "WAY", 0,
	  "What it does: munmap (default; maps, writes and unmaps a page), mprotect (makes a page "
	  "read-only and writable again) or dontneed (writes a page and drops it)",
	  2 },
	{ 0 },
};

static const char doc[] =
	"One task takes rights away from pages of its own while its siblings (default 1, --tasks "
	"2) "
	"compute, each on its CPU (--cpu spread). Prints what was done as one line of JSON."
	"\v" OPTIONS_EXIT_STATUS "\n"
	"Example:\n"
	"  tasktax run -- tasktax-demo shootdown --as thread --by mprotect\n";

static error_t parse_by(const char *text, struct shootdown *shootdown)
{
	shootdown->by = find_way(text);
	if (shootdown->by)
		return 0;
	log_error("--by %s: the way is munmap, mprotect or dontneed", quote_string(text).text);
	return EINVAL;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct shootdown *shootdown = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &shootdown->workload;
		return 0;
	case KEY_ROUNDS:
		return options_number("--rounds", text, 1, ROUNDS_MAX, &shootdown->rounds);
	case KEY_BY:
		return parse_by(text, shootdown);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int parse_options(int argc, char **argv, struct shootdown *shootdown)
{
	static const struct argp_child children[] = { { .argp = &options_common }, { 0 } };
	static const struct argp argp = {
		.options = option_list, .parser = parse, .doc = doc, .children = children
	};

	return options_parse(&argp, argc, argv, shootdown);
}

/* ---- the experiment ---------------------------------------------------------------------------- */

static int prepare(struct shootdown *shootdown, struct fail *fail)
{
	size_t size = sizeof(struct common) + shootdown->workload.tasks * sizeof(struct sibling);

	shootdown->cpus = cpus_count(fail);
	if (shootdown->cpus < 0)
		return shootdown->cpus;
	shootdown->common = shared_memory(size, fail);
	return shootdown->common ? 0 : fail->code;
}

/* Why no sibling is on another CPU in the address space of task 0, or NULL. */
static const char *alone_because(const struct shootdown *shootdown)
{
	if (shootdown->cpus == 1)
		return "one CPU is allowed";
	if (shootdown->workload.tasks == 1)
		return "there is one task";
	if (shootdown->workload.cpu >= 0)
		return "all tasks are pinned to one CPU";
	if (shootdown->workload.form == FORM_PROCESS)
		return "each task has an address space of its own";
	return NULL;
}

/* With what the siblings did for each of their milliseconds: together, divided by their number. */
static void print_siblings(const struct shootdown *shootdown, const struct result *result)
{
	double sum = 0;

	if (shootdown->workload.tasks == 1) {
		printf(",\"sibling_loops\":null,\"sibling_loops_per_ms\":null");
		return;
	}
	printf(",\"sibling_loops\":[");
	for (unsigned int i = 1; i < shootdown->workload.tasks; i++) {
		const struct worker *worker = &result->workers[i];
		uint64_t loops = shootdown->common->siblings[i].loops;
		uint64_t ns = worker->end_ns - worker->begin_ns;

		printf("%s%" PRIu64, i > 1 ? "," : "", loops);
		sum += ns ? 1e6 * (double)loops / (double)ns : 0;
	}
	printf("],\"sibling_loops_per_ms\":%.1f", sum / (shootdown->workload.tasks - 1));
}

/* Requests and shootdowns are those of the whole run, faults those of task 0's timed span. */
static int report(const struct shootdown *shootdown, const struct result *result)
{
	const struct way *by = shootdown->by;
	const struct worker *shooter = &result->workers[0];
	uint64_t requests = by->requests * (shootdown->warm_up + shootdown->rounds);
	const char *because = alone_because(shootdown);

	report_begin("shootdown", &shootdown->workload);
	printf(",\"cpus\":%d,\"by\":\"%s\",\"rounds\":%" PRIu64 ",\"warm_up_rounds\":%" PRIu64,
	       shootdown->cpus, by->name, shootdown->rounds, shootdown->warm_up);
	printf(",\"expected_requests\":%" PRIu64 ",\"expected_minor_faults\":%" PRIu64
	       ",\"expected_shootdowns_at_most\":%" PRIu64 ",\"no_sibling_elsewhere_because\":",
	       requests, by->faults * shootdown->rounds,
	       requests * (uint64_t)(shootdown->cpus - 1));
	printf(because ? "\"%s\"" : "null", because);
	printf(",\"ns_per_round\":%.1f",
	       (double)(shooter->end_ns - shooter->begin_ns) / (double)shootdown->rounds);
	print_siblings(shootdown, result);
	return report_end(&shootdown->workload, result);
}

/* A tenth of the rounds, at least one. */
static uint64_t warm_up_of(uint64_t rounds)
{
	uint64_t tenth = (rounds + 9) / 10;

	return tenth < WARM_UP_MAX ? tenth : WARM_UP_MAX;
}

int shootdown_run(int argc, char **argv)
{
	struct shootdown shootdown = {
		.workload = { .tasks = 2,
			      .cpu = CPU_SPREAD,
			      .work = shootdown_work,
			      .context = &shootdown },
		.by = &ways[0],
		.rounds = ROUNDS_DEFAULT,
	};
	struct fail fail = { 0 };
	struct result result;

	if (parse_options(argc, argv, &shootdown))
		return EXITS_USAGE;
	shootdown.warm_up = warm_up_of(shootdown.rounds);
	if (prepare(&shootdown, &fail) || workload_run(&shootdown.workload, &result, &fail))
		report_failure("shootdown", &fail);
	return report(&shootdown, &result);
}
