// SPDX-License-Identifier: GPL-2.0
/*
 * crash_supervisor.c - lets workers fail one after the other, learns of each death from the kernel (SIGCHLD) and
 * starts the service again; see crash.h.
 */
#include "crash.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

static int start(struct crash *crash, struct service *service, struct fail *fail)
{
	pid_t pid;

	for (unsigned int i = service->first; i < service->first + service->size; i++) {
		atomic_store(&crash->seats[i].order, ORDER_WORK);
		atomic_store(&crash->seats[i].began_ns, 0);
	}
	pid = fork();
	if (!pid)
		service_live(crash, service);
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
	sigaddset(&set, CRASH_NEWS);
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

int supervise(struct crash *crash, struct fail *fail)
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
