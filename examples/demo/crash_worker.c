// SPDX-License-Identifier: GPL-2.0
/* crash_worker.c - workers that compute until they fail, and the service that holds them; see crash.h. */
#include "crash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exits.h"
#include "base/log.h"
#include "cpus.h"

#define UNIT_STEPS 2000 /* some microseconds of computing */
#define STACK_SIZE ((size_t)256 << 10)

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

const struct manner *manner_find(const char *name)
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
			kill(seat->crash->supervisor, CRASH_NEWS);
		}
		if (order == ORDER_CRASH)
			crash_now(seat);
		if (++batch == CRASH_BATCH) {
			atomic_fetch_add(&seat->handed_in, batch);
			batch = 0;
		}
	}
	atomic_fetch_add(&seat->handed_in, batch);
}

void add_usage(int who, struct usage *usage)
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

void service_live(struct crash *crash, const struct service *service)
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
