// SPDX-License-Identifier: GPL-2.0
/* workload.c - runs one work function in N tasks of a form, gated, timed, counted; see workload.h. */
#include "workload.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "cpus.h"
#include "crew.h"
#include "forms.h"

#define STACK_TOUCHED 16384

void *shared_memory(size_t size, struct fail *fail)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		fail_set(fail, -errno, "cannot map %zu bytes of shared memory: %m", size);
		return NULL;
	}
	return memory;
}

/* ---- in the workers ---------------------------------------------------------------------------- */

void usage_read(int who, struct usage *usage)
{
	struct rusage counters = { 0 };

	getrusage(who, &counters);
	usage->nvcsw = counters.ru_nvcsw;
	usage->nivcsw = counters.ru_nivcsw;
	usage->minflt = counters.ru_minflt;
	usage->majflt = counters.ru_majflt;
}

/* to += sign * by */
static void usage_add(struct usage *to, const struct usage *by, int sign)
{
	to->nvcsw += sign * by->nvcsw;
	to->nivcsw += sign * by->nivcsw;
	to->minflt += sign * by->minflt;
	to->majflt += sign * by->majflt;
}

/* The clock is read inside of what the counters span. */
void worker_begin(struct worker *worker)
{
	usage_read(RUSAGE_THREAD, &worker->span);
	worker->begin_ns = clock_now_ns();
}

void worker_end(struct worker *worker)
{
	struct usage begin = worker->span;

	worker->end_ns = clock_now_ns();
	usage_read(RUSAGE_THREAD, &worker->span);
	usage_add(&worker->span, &begin, -1);
}

void crew_notify(struct crew *crew)
{
	uint64_t one = 1;
	ssize_t written = write(crew->event, &one, sizeof(one));

	(void)written; /* cannot fail: nobody adds up 2^64 of them */
}

bool crew_count(struct crew *crew, futex_word *count)
{
	return atomic_fetch_add(count, 1) + 1 == crew->workload.tasks;
}

static int wait_at(struct worker *worker, futex_word *gate)
{
	int err = gate_wait(gate);

	if (!err)
		return 0;
	errno = -err;
	return fail_set(&worker->fail, err, "cannot wait at a gate: %m");
}

/* Where the last worker to finish lets all of them go, or the main task after its own part. */
static int leave(struct worker *worker)
{
	struct crew *crew = worker->crew;

	if (!crew_count(crew, &crew->finished))
		return wait_at(worker, &crew->leave);
	if (crew->workload.own_part) {
		crew_notify(crew);
		return wait_at(worker, &crew->leave);
	}
	gate_open(&crew->leave);
	return 0;
}

/* Whether the calls of the span reach a new page of the stack depends on where the kernel put it. */
static __attribute__((noinline)) void touch_stack(void)
{
	volatile char room[STACK_TOUCHED];

	for (size_t i = 0; i < sizeof(room); i += 1024)
		room[i] = 0;
}

/* What the span's own calls fault in (after a fork even the clock's page) is faulted in before it. */
void worker_rehearse(struct worker *worker)
{
	touch_stack();
	worker_begin(worker);
	worker_end(worker);
	worker->begin_ns = worker->end_ns = 0;
	memset(&worker->span, 0, sizeof(worker->span));
}

static int pin(struct worker *worker)
{
	int cpu = worker->crew->workload.cpu;

	if (cpu == CPU_SPREAD)
		cpu = cpus_spread(worker->index, &worker->fail);
	if (cpu == CPU_NONE)
		return 0;
	return cpu < 0 ? cpu : cpus_pin((unsigned int)cpu, &worker->fail);
}

static int live(struct worker *worker)
{
	struct crew *crew = worker->crew;
	const struct workload *workload = &crew->workload;
	int err;

	worker->tid = gettid();
	err = pin(worker);
	if (err)
		return err;
	if (workload->prepare) {
		err = workload->prepare(worker, workload->context);
		if (err)
			return err;
	}
	worker_rehearse(worker);
	if (crew_count(crew, &crew->ready))
		crew_notify(crew);
	err = wait_at(worker, &crew->start);
	if (!err)
		err = workload->work(worker, workload->context);
	return err ? err : leave(worker);
}

int worker_live(struct worker *worker)
{
	struct crew *crew = worker->crew;
	uint32_t nobody = 0;
	int err = live(worker);

	if (err) {
		atomic_compare_exchange_strong(&crew->failed, &nobody, worker->index + 1);
		crew_notify(crew);
		return err;
	}
	usage_read(RUSAGE_THREAD, &worker->life);
	return 0;
}

/* ---- in the main task -------------------------------------------------------------------------- */

static struct crew *crew_make(const struct workload *workload, struct fail *fail)
{
	struct crew *crew =
		shared_memory(sizeof(*crew) + workload->tasks * sizeof(crew->workers[0]), fail);

	if (!crew)
		return NULL;
	crew->workload = *workload;
	crew->main_pid = getpid();
	for (unsigned int i = 0; i < workload->tasks; i++) {
		crew->workers[i].index = i;
		crew->workers[i].crew = crew;
	}
	return crew;
}

/*
 * From here on the signals that end us are read, not delivered: in the workers they stay blocked, so
 * that a Ctrl-C, which goes to all, is the main task's to handle. Those that our caller ignores
 * remain ignored. SIGCHLD may not be: ignored, it would hide how a child ended.
 */
static int take_signals(struct crew *crew, sigset_t *old, struct fail *fail)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action;
	sigset_t set;

	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (!sigaction(ends[i], NULL, &action) && action.sa_handler != SIG_IGN)
			sigaddset(&set, ends[i]);
	crew->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (crew->event < 0)
		return fail_set(fail, -errno, "cannot open an eventfd: %m");
	crew->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (crew->signals < 0)
		return fail_set(fail, -errno, "cannot open a signalfd: %m");
	sigprocmask(SIG_BLOCK, &set, old);
	return 0;
}

static int create_all(struct crew *crew, struct fail *fail)
{
	for (unsigned int i = 0; i < crew->workload.tasks; i++) {
		int err = form_create(&crew->workers[i], fail);

		if (err)
			return err;
		crew->created = i + 1;
	}
	return 0;
}

/* Sleeps until something happened. The number of a signal that ends us, else 0, or -errno. */
static int wait_for_news(struct crew *crew, struct fail *fail)
{
	struct pollfd fds[] = {
		{ .fd = crew->event, .events = POLLIN },
		{ .fd = crew->signals, .events = POLLIN },
	};
	struct signalfd_siginfo info;
	uint64_t count;

	if (poll(fds, 2, -1) < 0 && errno != EINTR)
		return fail_set(fail, -errno, "cannot wait for the tasks: %m");
	while (read(crew->event, &count, sizeof(count)) > 0)
		;
	while (read(crew->signals, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo != SIGCHLD)
			return (int)info.ssi_signo;
	return 0;
}

static int check_failed(struct crew *crew, struct fail *fail)
{
	uint32_t failed = atomic_load(&crew->failed);
	const struct fail *reason;

	if (!failed)
		return 0;
	reason = &crew->workers[failed - 1].fail;
	return fail_set(fail, reason->code, "task %u: %s", failed - 1, reason->text);
}

static int do_own_part(struct crew *crew, struct fail *fail)
{
	const struct workload *workload = &crew->workload;
	int err;

	if (!workload->own_part || atomic_load(&crew->finished) < workload->tasks ||
	    atomic_load(&crew->leave))
		return 0;
	err = workload->own_part(crew->workers, workload->context, fail);
	if (!err)
		gate_open(&crew->leave);
	return err;
}

static int watch(const struct workload *workload, struct fail *fail)
{
	return workload->watch ? workload->watch(workload->context, fail) : 0;
}

/* 0 when all workers have ended well, the number of a signal that ends us, or -errno. */
static int coordinate(struct crew *crew, struct fail *fail)
{
	int err = watch(&crew->workload, fail);

	while (!err && atomic_load(&crew->ended) < crew->workload.tasks) {
		if (atomic_load(&crew->ready) == crew->workload.tasks && !atomic_load(&crew->start))
			gate_open(&crew->start);
		err = wait_for_news(crew, fail);
		if (!err)
			err = form_collect(crew, fail);
		if (!err) /* in this order: who ended by failing has said so before */
			err = check_failed(crew, fail);
		if (!err)
			err = do_own_part(crew, fail);
		if (!err)
			err = watch(&crew->workload, fail);
	}
	if (!err)
		err = watch(&crew->workload, fail);
	if (!err)
		form_join(crew);
	return err;
}

struct usage usage_all(void)
{
	struct usage all, children;

	usage_read(RUSAGE_SELF, &all);
	usage_read(RUSAGE_CHILDREN, &children);
	usage_add(&all, &children, 1);
	return all;
}

static void fill_result(const struct crew *crew, struct result *result)
{
	uint64_t begin = UINT64_MAX, end = 0;

	for (unsigned int i = 0; i < crew->workload.tasks; i++) {
		const struct worker *worker = &crew->workers[i];

		if (worker->begin_ns && worker->begin_ns < begin)
			begin = worker->begin_ns;
		if (worker->end_ns > end)
			end = worker->end_ns;
	}
	memset(result, 0, sizeof(*result));
	result->elapsed_ns = end > begin ? end - begin : 0;
	result->workers = crew->workers;
	result->all = usage_all();
}

int workload_run(const struct workload *workload, struct result *result, struct fail *fail)
{
	struct crew *crew = crew_make(workload, fail);
	sigset_t old;
	int err;

	if (!crew)
		return fail ? fail->code : -ENOMEM;
	err = take_signals(crew, &old, fail);
	if (err)
		return err;
	err = create_all(crew, fail);
	if (!err)
		err = coordinate(crew, fail);
	if (err)
		form_stop(crew);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (err > 0) {
		raise(err);
		return fail_set(fail, -EINTR, "interrupted by signal %d", err);
	}
	if (!err)
		fill_result(crew, result);
	return err;
}
