// SPDX-License-Identifier: GPL-2.0
/*
 * crash.c - the experiment `crash`: of k workers one fails, and a supervisor replaces what died of it.
 *
 * The workers belong to services, which are processes: k services of one worker each (--as process),
 * or one service of k (--as thread). The first worker of a service is its first thread, the others
 * are created by it, so that a service is exactly its workers. A crash takes its service: one worker
 * or all of them. The main task is the supervisor and no worker in either form, or there would be
 * nobody left to tell. Hence not workload_run(), which takes a death for a failure, and whose threads
 * are those of the main task.
 *
 * The supervisor lets one worker fail when all have been seen at work, again and again, each time the
 * next one. It learns of the death from the kernel (SIGCHLD), and starts the service again.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exits.h"
#include "base/log.h"
#include "base/quote.h"
#include "model/stats.h"
#include "cpus.h"
#include "experiment.h"
#include "options.h"
#include "report.h"
#include "workload.h"

#define TASKS_DEFAULT 4
#define CRASHES_DEFAULT 10
#define CRASHES_MAX 10000
#define UNIT_STEPS 2000 /* some microseconds of computing */
#define BATCH 1000	/* units of work handed in together */
#define STACK_SIZE ((size_t)256 << 10)
#define NEWS SIGUSR1 /* to the supervisor: a worker has something to tell */

enum order {
	ORDER_WORK = 0,
	ORDER_CRASH = 1, /* after the next unit */
	ORDER_LEAVE = 2,
};

/* What the supervisor and a worker know of each other. In shared memory: what it says outlives the worker. */
struct seat {
	_Atomic uint32_t order;
	_Atomic uint64_t began_ns;  /* 0 until its first unit is done, since it was (re)placed */
	_Atomic uint64_t failed_ns; /* just before it fails */
	_Atomic uint64_t done;	    /* units, by all who sat here */
	_Atomic uint64_t handed_in; /* of them; the rest is lost when the worker dies */
	uint64_t lost;		    /* of them, as the supervisor found */
	struct crash *crash;
	pthread_t thread;
	char line[64];
};

/* Of one service: its workers are those of `size` seats from `first` on. */
struct service {
	pid_t pid; /* 0: none */
	unsigned int first, size;
};

/* What came of one crash. */
struct loss {
	unsigned int victim;	 /* index of the worker */
	struct service *service; /* its own */
	pid_t pid, tid;		 /* as they were: of the service, of the worker */
	int signal;
	unsigned int tasks_lost; /* besides the victim */
	unsigned int survivors;	 /* workers that were seen to go on afterwards */
	uint64_t units_lost;
	uint64_t failed_ns;		  /* when */
	uint64_t noticed_ns, replaced_ns; /* since then */
};

struct manner {
	const char *name;
	int signal; /* that it ends in */
	void (*fail)(void);
};

struct crash {
	struct workload workload;
	const struct manner *how;
	uint64_t crashes;
	pid_t supervisor;
	unsigned int services;
	struct service *service; /* the supervisor alone looks at these */
	struct loss *losses;	 /* and these */
	struct worker *workers;	 /* who sits at the seats now, for the report */
	struct seat *seats;
};

/* ---- the ways to fail -------------------------------------------------------------------------- */

/*
 * Sanitizers would report it and end the process in their own way; a compiler that knows of the NULL
 * makes a trap of it.
 */
__attribute__((noinline, no_sanitize("undefined", "address"))) static void fail_null(void)
{
	volatile char *nowhere = NULL;

	__asm__ volatile("" : "+r"(nowhere));
	*nowhere = 1;
}

static void fail_abort(void)
{
	abort();
}

/* Each frame holds on to the one above it, and is written to. */
__attribute__((noinline, no_sanitize("undefined", "address"))) static char
descend(volatile char *above)
{
	volatile char frame[1024];

	frame[0] = above[0];
	return (char)(frame[0] ? descend(frame) + frame[0] : 0);
}

static void fail_stack(void)
{
	volatile char first = 1;

	descend(&first);
}

static const struct manner manners[] = {
	{ "null", SIGSEGV, fail_null },
	{ "abort", SIGABRT, fail_abort },
	{ "stack", SIGSEGV, fail_stack },
};

static const struct manner *find_manner(const char *name)
{
	for (size_t i = 0; i < sizeof(manners) / sizeof(manners[0]); i++)
		if (!strcmp(manners[i].name, name))
			return &manners[i];
	return NULL;
}

/* ---- the work, the same in every form ---------------------------------------------------------- */

/*
 * Not dumpable, no core whatever core_pattern says: a handler behind a pipe is not asked to heed
 * RLIMIT_CORE (fs/coredump.c), and the time that a dump takes is no part of this.
 */
static void crash_now(struct seat *seat)
{
	prctl(PR_SET_DUMPABLE, 0);
	atomic_store(&seat->failed_ns, clock_now_ns());
	seat->crash->how->fail();
}

static void unit_of_work(void)
{
	for (volatile unsigned int step = 0; step < UNIT_STEPS; step++)
		;
}

/*
 * What is done and what is handed in is counted with nothing in between that could fail, but by the
 * death of another worker: then a unit that had been done may go uncounted.
 */
static void work_until_told(struct seat *seat)
{
	uint64_t batch = 0;
	uint32_t order;

	while ((order = atomic_load(&seat->order)) != ORDER_LEAVE) {
		unit_of_work();
		atomic_fetch_add(&seat->done, 1);
		if (!atomic_load(&seat->began_ns)) {
			atomic_store(&seat->began_ns, clock_now_ns());
			kill(seat->crash->supervisor, NEWS);
		}
		if (order == ORDER_CRASH)
			crash_now(seat);
		if (++batch == BATCH) {
			atomic_fetch_add(&seat->handed_in, batch);
			batch = 0;
		}
	}
	atomic_fetch_add(&seat->handed_in, batch);
}

static void add_usage(int who, struct usage *usage)
{
	struct rusage counters = { 0 };

	getrusage(who, &counters);
	usage->nvcsw += counters.ru_nvcsw;
	usage->nivcsw += counters.ru_nivcsw;
	usage->minflt += counters.ru_minflt;
	usage->majflt += counters.ru_majflt;
}

static int pin(const struct workload *workload, unsigned int index, struct fail *fail)
{
	int cpu = workload->cpu;

	if (cpu == CPU_SPREAD)
		cpu = cpus_spread(index, fail);
	if (cpu == CPU_NONE)
		return 0;
	return cpu < 0 ? cpu : cpus_pin((unsigned int)cpu, fail);
}

/* The whole life of a worker. One that cannot live takes its service along, as a crash would. */
static void *live(void *argument)
{
	struct seat *seat = argument;
	struct crash *crash = seat->crash;
	struct worker *worker = &crash->workers[seat - crash->seats];

	worker->tid = gettid();
	memset(&worker->life, 0, sizeof(worker->life)); /* another one's */
	if (pin(&crash->workload, worker->index, &worker->fail))
		_exit(EXITS_FAILURE);
	worker_begin(worker);
	work_until_told(seat);
	worker_end(worker);
	add_usage(RUSAGE_THREAD, &worker->life);
	return NULL;
}

/* ---- a service --------------------------------------------------------------------------------- */

/*
 * Signals that a terminal sends to all are the supervisor's to die of, and with it the services do.
 * The stack of a first thread may grow as far as the limit says: as far as that of any other.
 */
static int settle(struct crash *crash)
{
	static const int blocked[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct rlimit core = { 0 }, stack;
	sigset_t set;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		return -errno;
	if (getppid() != crash->supervisor)
		return -ESRCH;
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(blocked) / sizeof(blocked[0]); i++)
		sigaddset(&set, blocked[i]);
	sigprocmask(SIG_SETMASK, &set, NULL);
	signal(SIGSEGV, SIG_DFL);
	signal(SIGABRT, SIG_DFL);
	setrlimit(RLIMIT_CORE, &core);
	if (getrlimit(RLIMIT_STACK, &stack))
		return -errno;
	if (stack.rlim_cur > STACK_SIZE)
		stack.rlim_cur = STACK_SIZE;
	return setrlimit(RLIMIT_STACK, &stack) ? -errno : 0;
}

static int create_others(struct crash *crash, const struct service *service)
{
	pthread_attr_t attributes;
	int err = pthread_attr_init(&attributes);

	if (!err)
		err = pthread_attr_setstacksize(&attributes, STACK_SIZE);
	for (unsigned int i = 1; !err && i < service->size; i++) {
		struct seat *seat = &crash->seats[service->first + i];

		err = pthread_create(&seat->thread, &attributes, live, seat);
	}
	return -err;
}

/* The whole life of a service, in its own process. */
static void serve(struct crash *crash, const struct service *service)
{
	struct worker *first = &crash->workers[service->first];
	int err = settle(crash);

	if (!err)
		err = create_others(crash, service);
	if (err) {
		errno = -err;
		fail_set(&first->fail, err,
			 "cannot begin: %m; ask for fewer --tasks or raise the limit (ulimit -u, "
			 "pids.max of the cgroup)");
		_exit(EXITS_FAILURE);
	}
	live(&crash->seats[service->first]);
	for (unsigned int i = 1; i < service->size; i++)
		pthread_join(crash->seats[service->first + i].thread, NULL);
	_exit(EXITS_OK);
}

/* ---- the supervisor ---------------------------------------------------------------------------- */

static int start(struct crash *crash, struct service *service, struct fail *fail)
{
	pid_t pid;

	for (unsigned int i = service->first; i < service->first + service->size; i++) {
		atomic_store(&crash->seats[i].order, ORDER_WORK);
		atomic_store(&crash->seats[i].began_ns, 0);
	}
	pid = fork();
	if (!pid)
		serve(crash, service);
	if (pid < 0)
		return fail_set(fail, -errno,
				"cannot create service %u of %u: %m; ask for fewer --tasks or "
				"raise the limit (ulimit -u, pids.max of the cgroup)",
				(unsigned int)(service - crash->service) + 1, crash->services);
	service->pid = pid;
	return 0;
}

static void stop_all(struct crash *crash)
{
	for (unsigned int i = 0; i < crash->services; i++)
		if (crash->service[i].pid)
			kill(crash->service[i].pid, SIGKILL);
	for (unsigned int i = 0; i < crash->services; i++)
		if (crash->service[i].pid)
			while (waitpid(crash->service[i].pid, NULL, 0) < 0 && errno == EINTR)
				;
}

static struct service *find_service(struct crash *crash, pid_t pid)
{
	for (unsigned int i = 0; i < crash->services; i++)
		if (crash->service[i].pid == pid)
			return &crash->service[i];
	return NULL;
}

/* A service that has ended, and how, or NULL: without waiting. Children that exec handed down are not ours. */
static struct service *ended(struct crash *crash, int *status)
{
	struct service *service = NULL;
	pid_t pid;

	while (!service && (pid = waitpid(-1, status, WNOHANG)) > 0)
		service = find_service(crash, pid);
	return service;
}

static int wait_for_news(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, NEWS);
	while (sigwaitinfo(&set, NULL) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* Why a service ended that was not meant to. */
static int died(const struct crash *crash, struct service *service, int status, struct fail *fail)
{
	pid_t pid = service->pid;

	service->pid = 0;
	for (unsigned int i = service->first; i < service->first + service->size; i++) {
		const struct fail *why = &crash->workers[i].fail;

		if (why->code)
			return fail_set(fail, why->code, "task %u: %s", i, why->text);
	}
	if (WIFSIGNALED(status))
		return fail_set(fail, -ECHILD, "task %u (pid %d) was killed by signal %d (%s)",
				service->first, pid, WTERMSIG(status), strsignal(WTERMSIG(status)));
	return fail_set(fail, -ECHILD, "task %u (pid %d) ended early", service->first, pid);
}

static bool all_began(const struct crash *crash)
{
	for (unsigned int i = 0; i < crash->workload.tasks; i++)
		if (!atomic_load(&crash->seats[i].began_ns))
			return false;
	return true;
}

static int wait_until_all_began(struct crash *crash, struct fail *fail)
{
	struct service *service;
	int status;

	while (!all_began(crash)) {
		int err = wait_for_news();

		if (err)
			return fail_set(fail, err, "cannot wait for the tasks: %m");
		service = ended(crash, &status);
		if (service)
			return died(crash, service, status, fail);
	}
	return 0;
}

/* Waits until the kernel says that the service of the victim is no more. */
static int notice(struct crash *crash, struct loss *loss, struct fail *fail)
{
	struct service *service;
	int status;

	do {
		int err = wait_for_news();

		if (err)
			return fail_set(fail, err, "cannot wait for the tasks: %m");
		service = ended(crash, &status);
	} while (!service);
	loss->noticed_ns = clock_now_ns();
	if (service != loss->service || !WIFSIGNALED(status) ||
	    WTERMSIG(status) != crash->how->signal ||
	    !atomic_load(&crash->seats[loss->victim].failed_ns))
		return died(crash, service, status, fail);
	service->pid = 0;
	loss->signal = WTERMSIG(status);
	loss->failed_ns = atomic_load(&crash->seats[loss->victim].failed_ns);
	loss->noticed_ns -= loss->failed_ns;
	return 0;
}

/*
 * Who lives is forgotten to have begun, and has to show once more that it works: after the death, so
 * that nobody is counted who went with it.
 */
static void call_the_roll(struct crash *crash, struct loss *loss)
{
	for (unsigned int i = 0; i < crash->workload.tasks; i++) {
		const struct service *end = loss->service;

		if (i >= end->first && i < end->first + end->size)
			continue;
		atomic_store(&crash->seats[i].began_ns, 0);
		loss->survivors++;
	}
}

/* What the dead had done and not handed in. */
static void write_off(struct crash *crash, struct loss *loss)
{
	const struct service *service = loss->service;

	loss->tasks_lost = service->size - 1;
	for (unsigned int i = service->first; i < service->first + service->size; i++) {
		struct seat *seat = &crash->seats[i];
		uint64_t lost =
			atomic_load(&seat->done) - atomic_load(&seat->handed_in) - seat->lost;

		seat->lost += lost;
		loss->units_lost += lost;
	}
}

/* From the failure to the first unit of the last of those that replace the dead. */
static uint64_t replaced_after(const struct crash *crash, const struct loss *loss)
{
	const struct service *service = loss->service;
	uint64_t last = 0;

	for (unsigned int i = service->first; i < service->first + service->size; i++) {
		uint64_t began = atomic_load(&crash->seats[i].began_ns);

		if (began > last)
			last = began;
	}
	return last - loss->failed_ns;
}

/* All are at work, before and after. */
static int crash_once(struct crash *crash, struct loss *loss, struct fail *fail)
{
	struct seat *seat = &crash->seats[loss->victim];
	int err;

	loss->service = &crash->service[loss->victim * crash->services / crash->workload.tasks];
	loss->pid = loss->service->pid;
	loss->tid = crash->workers[loss->victim].tid;
	atomic_store(&seat->failed_ns, 0);
	atomic_store(&seat->order, ORDER_CRASH);
	err = notice(crash, loss, fail);
	if (err)
		return err;
	write_off(crash, loss);
	err = start(crash, loss->service, fail);
	if (err)
		return err;
	call_the_roll(crash, loss);
	err = wait_until_all_began(crash, fail);
	if (!err)
		loss->replaced_ns = replaced_after(crash, loss);
	return err;
}

/* Waits for the end of all services, which is a good one. */
static int dismiss(struct crash *crash, struct fail *fail)
{
	unsigned int left = crash->services;
	struct service *service;
	int status;

	for (unsigned int i = 0; i < crash->workload.tasks; i++)
		atomic_store(&crash->seats[i].order, ORDER_LEAVE);
	while (left) {
		int err = wait_for_news();

		if (err)
			return fail_set(fail, err, "cannot wait for the tasks: %m");
		while ((service = ended(crash, &status))) {
			if (status)
				return died(crash, service, status, fail);
			service->pid = 0;
			left--;
		}
	}
	return 0;
}

static int supervise(struct crash *crash, struct fail *fail)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < crash->services; i++)
		err = start(crash, &crash->service[i], fail);
	if (!err)
		err = wait_until_all_began(crash, fail);
	for (uint64_t i = 0; !err && i < crash->crashes; i++) {
		crash->losses[i].victim = (unsigned int)(i % crash->workload.tasks);
		err = crash_once(crash, &crash->losses[i], fail);
	}
	if (!err)
		err = dismiss(crash, fail);
	if (err)
		stop_all(crash);
	return err;
}

/* ---- options ----------------------------------------------------------------------------------- */

enum option_key {
	KEY_CRASHES = 512,
	KEY_HOW,
};

static const struct argp_option option_list[] = {
	{ "crashes", KEY_CRASHES, "N", 0, "How often a worker fails, one at a time (default 10)",
	  2 },
	{ "how", KEY_HOW, "WAY", 0,
	  "How it fails: null (default; writes where a NULL points), abort or stack (overruns it)",
	  2 },
	{ 0 },
};

static const char doc[] = "One of the tasks (default 4) fails while all work; a supervisor notices "
			  "and replaces what died "
			  "of it. Prints who survived as one line of JSON."
			  "\v" OPTIONS_EXIT_STATUS "\n"
			  "Example:\n"
			  "  tasktax run -- tasktax-demo crash --as thread --how stack\n";

static error_t parse_how(const char *text, struct crash *crash)
{
	crash->how = find_manner(text);
	if (crash->how)
		return 0;
	log_error("--how %s: the way is null, abort or stack", quote_string(text).text);
	return EINVAL;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct crash *crash = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &crash->workload;
		return 0;
	case KEY_CRASHES:
		return options_number("--crashes", text, 1, CRASHES_MAX, &crash->crashes);
	case KEY_HOW:
		return parse_how(text, crash);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int parse_options(int argc, char **argv, struct crash *crash)
{
	static const struct argp_child children[] = { { .argp = &options_common }, { 0 } };
	static const struct argp argp = {
		.options = option_list, .parser = parse, .doc = doc, .children = children
	};

	return options_parse(&argp, argc, argv, crash);
}

/* ---- the experiment ---------------------------------------------------------------------------- */

/* SIGCHLD may not be ignored, as it would hide how a service ended. */
static int prepare(struct crash *crash, struct fail *fail)
{
	unsigned int tasks = crash->workload.tasks;
	sigset_t set;

	crash->supervisor = getpid();
	crash->services = crash->workload.form == FORM_PROCESS ? tasks : 1;
	crash->service = shared_memory(crash->services * sizeof(crash->service[0]), fail);
	crash->losses = shared_memory(crash->crashes * sizeof(crash->losses[0]), fail);
	crash->workers = shared_memory(tasks * sizeof(crash->workers[0]), fail);
	crash->seats = shared_memory(tasks * sizeof(crash->seats[0]), fail);
	if (fail->code)
		return fail->code;
	for (unsigned int i = 0; i < tasks; i++) {
		crash->seats[i].crash = crash;
		crash->workers[i].index = i;
	}
	for (unsigned int i = 0; i < crash->services; i++) {
		crash->service[i].first = i;
		crash->service[i].size = tasks / crash->services;
	}
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, NEWS);
	return sigprocmask(SIG_BLOCK, &set, NULL) ? fail_set(fail, -errno, "signals: %m") : 0;
}

static void print_losses(const struct crash *crash)
{
	printf(",\"crashes\":[");
	for (uint64_t i = 0; i < crash->crashes; i++) {
		const struct loss *loss = &crash->losses[i];

		printf("%s{\"pid\":%d,\"tid\":%d,\"signal\":%d,\"tasks_lost\":%u,"
		       "\"survivors\":%u,\"units_lost\":%" PRIu64 ",\"noticed_ns\":%" PRIu64
		       ",\"replaced_ns\":%" PRIu64 "}",
		       i ? "," : "", loss->pid, loss->tid, loss->signal, loss->tasks_lost,
		       loss->survivors, loss->units_lost, loss->noticed_ns, loss->replaced_ns);
	}
	printf("]");
}

/* Work of all who ever sat at a seat. */
static void print_units(const struct crash *crash)
{
	uint64_t done = 0, handed_in = 0, lost = 0;

	for (unsigned int i = 0; i < crash->workload.tasks; i++) {
		done += atomic_load(&crash->seats[i].done);
		handed_in += atomic_load(&crash->seats[i].handed_in);
		lost += crash->seats[i].lost;
	}
	printf(",\"batch\":%d,\"units\":%" PRIu64 ",\"units_handed_in\":%" PRIu64
	       ",\"units_lost\":%" PRIu64,
	       BATCH, done, handed_in, lost);
}

/* Of what the crashes have at this place. 0 or -errno. */
static int median(const struct crash *crash, size_t member, double *value)
{
	double *values = calloc(crash->crashes, sizeof(values[0]));
	uint64_t ns;
	int err;

	if (!values)
		return -ENOMEM;
	for (uint64_t i = 0; i < crash->crashes; i++) {
		memcpy(&ns, (const char *)&crash->losses[i] + member, sizeof(ns));
		values[i] = (double)ns;
	}
	err = stats_median(values, crash->crashes, value);
	free(values);
	return err;
}

/* The fewest survivors, the most lost, and medians. 0 or -errno. */
static int print_summary(const struct crash *crash)
{
	unsigned int survivors = crash->workload.tasks, tasks_lost = 0;
	double noticed_ns, replaced_ns;
	int err = median(crash, offsetof(struct loss, noticed_ns), &noticed_ns);

	if (!err)
		err = median(crash, offsetof(struct loss, replaced_ns), &replaced_ns);
	if (err)
		return err;
	for (uint64_t i = 0; i < crash->crashes; i++) {
		const struct loss *loss = &crash->losses[i];

		if (loss->survivors < survivors)
			survivors = loss->survivors;
		if (loss->tasks_lost > tasks_lost)
			tasks_lost = loss->tasks_lost;
	}
	printf(",\"survivors\":%u,\"tasks_lost\":%u,\"noticed_ns\":%.0f,\"replaced_ns\":%.0f",
	       survivors, tasks_lost, noticed_ns, replaced_ns);
	return 0;
}

static void fill_result(const struct crash *crash, struct result *result)
{
	const struct loss *first = &crash->losses[0], *last = &crash->losses[crash->crashes - 1];

	memset(result, 0, sizeof(*result));
	result->workers = crash->workers;
	result->elapsed_ns = last->failed_ns + last->replaced_ns - first->failed_ns;
	add_usage(RUSAGE_SELF, &result->all);
	add_usage(RUSAGE_CHILDREN, &result->all);
}

/* elapsed_ns: from the first failure until all that was lost is replaced. */
static int report(const struct crash *crash)
{
	unsigned int tasks = crash->workload.tasks, size = crash->service[0].size;
	struct result result;

	fill_result(crash, &result);
	report_begin("crash", &crash->workload);
	printf(",\"how\":\"%s\",\"expected_crashes\":%" PRIu64
	       ",\"expected_signal\":%d,\"expected_survivors\":%u,\"expected_tasks_lost\":%u"
	       ",\"expected_created\":{\"process\":%" PRIu64 ",\"thread\":%" PRIu64 "}",
	       crash->how->name, crash->crashes, crash->how->signal, tasks - size, size - 1,
	       crash->services + crash->crashes,
	       (uint64_t)crash->services * (size - 1) + (size - 1) * crash->crashes);
	print_losses(crash);
	print_units(crash);
	if (print_summary(crash)) {
		log_error("crash: no memory for the result");
		return EXITS_FAILURE;
	}
	return report_end(&crash->workload, &result);
}

int crash_run(int argc, char **argv)
{
	struct crash crash = {
		.workload = { .tasks = TASKS_DEFAULT, .cpu = CPU_NONE },
		.how = &manners[0],
		.crashes = CRASHES_DEFAULT,
	};
	struct fail fail = { 0 };

	if (parse_options(argc, argv, &crash))
		return EXITS_USAGE;
	if (prepare(&crash, &fail) || supervise(&crash, &fail))
		report_failure("crash", &fail);
	return report(&crash);
}
