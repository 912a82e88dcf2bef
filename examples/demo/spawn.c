// SPDX-License-Identifier: GPL-2.0
/*
 * spawn.c - the experiment `spawn`: a task is created, runs, ends and is waited for, again and again.
 *
 * Creation is the subject, so this does not go through workload_run(): the calling task creates one task after
 * the other, by the way that --how names, from a process of a size that --rss names. The task does nothing: it ends at
 * once, or executes this program, which ends at once. So none can be left behind when the calling task is
 * killed: none waits for anything.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exits.h"
#include "base/log.h"
#include "base/quote.h"
#include "cpus.h"
#include "experiment.h"
#include "model/stats.h"
#include "options.h"
#include "pages.h"
#include "report.h"
#include "workload.h"

#define COUNT_DEFAULT 200
#define COUNT_MAX 1000000
#define WARM_UP_MOST 10
#define RSS_DEFAULT (32 * MIB)
#define RSS_MAX_MIB 2048
#define STACK_SIZE 65536

/* What is executed: this program, as it is on the disk, with these arguments. */
#define EXECUTED "/proc/self/exe"
static char *const executed_arguments[] = { "tasktax-demo", "spawn", "nothing", NULL };

/* As tasktax counts creations. */
enum kind {
	KIND_PROCESS = 0, /* no CLONE_VM */
	KIND_VFORK = 1,	  /* CLONE_VM without CLONE_THREAD */
	KIND_THREAD = 2,  /* CLONE_THREAD */
};

struct spawn;

struct way {
	const char *name;
	enum kind kind;
	bool can_exec, must_exec;
	/* Creates a task that ends, calls created(), and waits for it. 0 or -errno. */
	int (*run)(struct spawn *spawn);
};

struct spawn {
	struct workload workload; /* for the common options and the report */
	const struct way *way;
	uint64_t count, rss;
	uint64_t warm_up; /* tasks before those that count, and no more than these */
	bool huge, exec;
	char *stack;	     /* of clone_vm */
	uint64_t created_ns; /* by created() */
	/*
	 * Of each task: until the call returned, which for vfork and posix_spawn is after its exec or end; and
	 * until it had been waited for.
	 */
	double *create_ns, *all_ns;
};

/* ---- the ways to create a task ----------------------------------------------------------------- */

static void created(struct spawn *spawn)
{
	spawn->created_ns = clock_now_ns();
}

/* How the child of fork() or vfork() ends, at once. */
static _Noreturn void child(const struct spawn *spawn)
{
	if (spawn->exec)
		execv(EXECUTED, executed_arguments);
	_exit(spawn->exec ? EXITS_NOT_EXECUTABLE : 0);
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, __WALL) < 0)
		if (errno != EINTR)
			return -errno;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXITS_NOT_EXECUTABLE)
		return -ENOEXEC;
	return status ? -ECHILD : 0;
}

static int run_fork(struct spawn *spawn)
{
	pid_t pid = fork();

	if (!pid)
		child(spawn);
	if (pid < 0)
		return -errno;
	created(spawn);
	return wait_for(pid);
}

static int run_vfork(struct spawn *spawn)
{
	/* the child calls what it may: exec and _exit */
	pid_t pid = vfork(); // NOLINT(clang-analyzer-security.insecureAPI.vfork)

	if (!pid)
		child(spawn); // NOLINT(clang-analyzer-unix.Vfork)
	if (pid < 0)
		return -errno;
	created(spawn);
	return wait_for(pid);
}

static int run_posix_spawn(struct spawn *spawn)
{
	pid_t pid;
	int err = posix_spawn(&pid, EXECUTED, NULL, NULL, executed_arguments, environ);

	if (err)
		return -err;
	created(spawn);
	return wait_for(pid);
}

static void *thread_start(void *argument)
{
	return argument;
}

static int run_thread(struct spawn *spawn)
{
	pthread_t thread;
	int err = pthread_create(&thread, NULL, thread_start, NULL);

	if (err)
		return -err;
	created(spawn);
	return -pthread_join(thread, NULL);
}

static int clone_start(void *argument)
{
	(void)argument;
	return 0;
}

/* A process in the address space of its parent, which goes on. The C library has no part in it. */
static int run_clone_vm(struct spawn *spawn)
{
	pid_t pid = clone(clone_start, spawn->stack + STACK_SIZE, CLONE_VM | SIGCHLD, NULL);

	if (pid < 0)
		return -errno;
	created(spawn);
	return wait_for(pid);
}

#define WAY_NAMES "fork, vfork, posix_spawn, clone_vm or thread"

/* The first of each form is the one that --as names. */
static const struct way ways[] = {
	{ "fork", KIND_PROCESS, true, false, run_fork },
	{ "vfork", KIND_VFORK, true, false, run_vfork },
	{ "posix_spawn", KIND_VFORK, true, true, run_posix_spawn },
	{ "clone_vm", KIND_VFORK, false, false, run_clone_vm },
	{ "thread", KIND_THREAD, false, false, run_thread },
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

static enum form form_of(const struct way *way)
{
	return way->kind == KIND_THREAD ? FORM_THREAD : FORM_PROCESS;
}

/* ---- options ----------------------------------------------------------------------------------- */

enum option_key {
	KEY_HOW = 512,
	KEY_COUNT,
	KEY_RSS,
	KEY_HUGE,
	KEY_EXEC,
};

static const struct argp_option option_list[] = {
	{ "how", KEY_HOW, "WAY", 0,
	  "How they are created: " WAY_NAMES "; --as process alone is fork, --as thread is thread",
	  2 },
	{ "count", KEY_COUNT, "N", 0, "Tasks, one after the other (default 200)", 2 },
	{ "rss", KEY_RSS, "SIZE", 0,
	  "Memory that the creator has written, in whole MiB, 4M to 2G (default 32M)", 2 },
	{ "huge", KEY_HUGE, NULL, 0, "Ask for huge pages for it (default: none)", 2 },
	{ "exec", KEY_EXEC, NULL, 0,
	  "The child of fork or vfork executes a program that ends at once, as that of posix_spawn "
	  "must",
	  2 },
	{ 0 },
};

static const char doc[] = "One task after the other is created, runs, ends and is waited for. "
			  "Prints what was done as one "
			  "line of JSON."
			  "\v" OPTIONS_EXIT_STATUS "\n"
			  "Example:\n"
			  "  tasktax run -- tasktax-demo spawn --how fork --rss 512M\n";

static error_t parse_how(const char *text, struct spawn *spawn)
{
	for (size_t i = 0; i < WAYS; i++)
		if (!strcmp(ways[i].name, text)) {
			spawn->way = &ways[i];
			/* so that --as need not be given; if it is, it must be this */
			if (spawn->workload.form == (enum form) - 1)
				spawn->workload.form = form_of(spawn->way);
			return 0;
		}
	log_error("--how %s: the way is " WAY_NAMES, quote_string(text).text);
	return EINVAL;
}

/* Runs after the common options' own check. */
static error_t check(struct spawn *spawn)
{
	for (size_t i = 0; !spawn->way && i < WAYS; i++)
		if (form_of(&ways[i]) == spawn->workload.form)
			spawn->way = &ways[i];
	if (form_of(spawn->way) != spawn->workload.form)
		log_error("--how %s makes no such task as --as names; leave --as out",
			  spawn->way->name);
	else if (spawn->exec && !spawn->way->can_exec)
		log_error("--exec: only after --how fork, vfork or posix_spawn");
	else if (spawn->workload.tasks != 1)
		log_error("--tasks %u: spawn makes one after the other, --count says how many",
			  spawn->workload.tasks);
	else
		return 0;
	return EINVAL;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct spawn *spawn = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &spawn->workload;
		return 0;
	case KEY_HOW:
		return parse_how(text, spawn);
	case KEY_COUNT:
		return options_number("--count", text, 1, COUNT_MAX, &spawn->count);
	case KEY_RSS:
		return pages_option("--rss", text, 4 * MIB, RSS_MAX_MIB * MIB, &spawn->rss);
	case KEY_HUGE:
		spawn->huge = true;
		return 0;
	case KEY_EXEC:
		spawn->exec = true;
		return 0;
	case ARGP_KEY_END:
		return check(spawn);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int parse_options(int argc, char **argv, struct spawn *spawn)
{
	static const struct argp_child children[] = { { .argp = &options_common }, { 0 } };
	static const struct argp argp = {
		.options = option_list, .parser = parse, .doc = doc, .children = children
	};

	return options_parse(&argp, argc, argv, spawn);
}

/* ---- the experiment ---------------------------------------------------------------------------- */

/*
 * The times lie in shared memory: private pages would be copied after each fork, and the copying of what is
 * not the creator's own memory is no part of its creation.
 */
static int get_ready(struct spawn *spawn, struct fail *fail)
{
	/* besides the pages each of two processes has page tables for them, 8 bytes for a page */
	uint64_t needed = spawn->rss + 16 * pages_count(spawn->rss);
	int err = pages_available(needed, fail);
	int cpu = spawn->workload.cpu == CPU_SPREAD ? cpus_spread(0, fail) : spawn->workload.cpu;
	char *memory;

	if (!err && cpu != CPU_NONE)
		err = cpu < 0 ? cpu : cpus_pin((unsigned int)cpu, fail);
	if (err)
		return err;
	memory = pages_map(spawn->rss, spawn->huge, fail);
	spawn->stack = shared_memory(STACK_SIZE, fail);
	spawn->create_ns = shared_memory(2 * spawn->count * sizeof(double), fail);
	if (!memory || !spawn->stack || !spawn->create_ns)
		return fail->code;
	spawn->all_ns = spawn->create_ns + spawn->count;
	pages_write(memory, spawn->rss, 1);
	memset(spawn->stack, 0, STACK_SIZE);
	memset(spawn->create_ns, 0, 2 * spawn->count * sizeof(double));
	signal(SIGCHLD, SIG_DFL); /* ignored, it would leave nobody to wait for */
	return 0;
}

static int run_one(struct spawn *spawn, uint64_t n, struct fail *fail)
{
	int err = spawn->way->run(spawn);

	if (!err)
		return 0;
	errno = -err;
	if (err == -ECHILD)
		return fail_set(fail, err, "task %" PRIu64 " did not end as it should", n + 1);
	if (err == -ENOEXEC)
		return fail_set(fail, err, "cannot execute %s", EXECUTED);
	return fail_set(fail, err,
			"cannot create task %" PRIu64 " by %s: %m; ask for less --rss or raise the "
			"limit (ulimit -u, pids.max of the cgroup)",
			n + 1, spawn->way->name);
}

static int run_all(struct spawn *spawn, struct worker *self, struct fail *fail)
{
	int err = 0;

	for (uint64_t i = 0; !err && i < spawn->warm_up; i++)
		err = run_one(spawn, i, fail);
	worker_rehearse(self);
	worker_begin(self);
	for (uint64_t i = 0; !err && i < spawn->count; i++) {
		uint64_t begin_ns = clock_now_ns();

		err = run_one(spawn, spawn->warm_up + i, fail);
		spawn->all_ns[i] = (double)(clock_now_ns() - begin_ns);
		spawn->create_ns[i] = (double)(spawn->created_ns - begin_ns);
	}
	worker_end(self);
	return err;
}

static void print_times(const struct spawn *spawn, uint64_t total_ns)
{
	double create = 0, median = 0, p99 = 0;

	/* these fail for want of memory only, and then the values are what they are here */
	stats_median(spawn->create_ns, spawn->count, &create);
	stats_median(spawn->all_ns, spawn->count, &median);
	stats_quantile(spawn->all_ns, spawn->count, 0.99, &p99);
	printf(",\"create_median_ns\":%.0f,\"median_ns\":%.0f,\"p99_ns\":%.0f,\"total_ns\":"
	       "%" PRIu64,
	       create, median, p99, total_ns);
}

static int report(const struct spawn *spawn, const struct result *result)
{
	uint64_t made[3] = { 0 };
	bool exec = spawn->exec || spawn->way->must_exec;

	made[spawn->way->kind] = spawn->warm_up + spawn->count;
	report_begin("spawn", &spawn->workload);
	printf(",\"how\":\"%s\",\"count\":%" PRIu64 ",\"warm_up\":%" PRIu64
	       ",\"rss_bytes\":%" PRIu64 ",\"huge\":%s",
	       spawn->way->name, spawn->count, spawn->warm_up, spawn->rss,
	       spawn->huge ? "true" : "false");
	printf(exec ? ",\"executed\":\"tasktax-demo spawn nothing\"" : ",\"executed\":null");
	printf(",\"expected_creations\":{\"process\":%" PRIu64 ",\"thread\":%" PRIu64
	       ",\"vfork\":%" PRIu64 "},\"expected_execs\":%" PRIu64,
	       made[KIND_PROCESS], made[KIND_THREAD], made[KIND_VFORK],
	       exec ? spawn->warm_up + spawn->count : 0);
	print_times(spawn, result->elapsed_ns);
	return report_end(&spawn->workload, result);
}

/* As workload_run() does for the others. */
static int run(struct spawn *spawn, struct worker *self, struct result *result, struct fail *fail)
{
	int err = get_ready(spawn, fail);

	if (!err)
		err = run_all(spawn, self, fail);
	if (err)
		return err;
	self->tid = gettid();
	usage_read(RUSAGE_THREAD, &self->life);
	result->elapsed_ns = self->end_ns - self->begin_ns;
	result->all = usage_all();
	result->workers = self;
	return 0;
}

int spawn_run(int argc, char **argv)
{
	struct spawn spawn = {
		.workload = { .tasks = 1, .cpu = CPU_NONE },
		.count = COUNT_DEFAULT,
		.rss = RSS_DEFAULT,
	};
	struct fail fail = { 0 };
	struct worker *self;
	struct result result;

	if (argc == 2 && !strcmp(argv[1], executed_arguments[2]))
		_exit(0);
	if (parse_options(argc, argv, &spawn))
		return EXITS_USAGE;
	spawn.warm_up = spawn.count < WARM_UP_MOST ? spawn.count : WARM_UP_MOST;
	self = shared_memory(sizeof(*self), &fail);
	if (!self || run(&spawn, self, &result, &fail))
		report_failure("spawn", &fail);
	return report(&spawn, &result);
}
