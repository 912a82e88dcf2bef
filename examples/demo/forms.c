// SPDX-License-Identifier: GPL-2.0
/* forms.c - the forms a task can have: how it is created and how its end is seen; see forms.h. */
#include "forms.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crew.h"

struct form_operations {
	const char *name;
	int (*create)(struct worker *worker); /* sets the handle; 0 or -errno */
	bool child;			      /* its end is seen by waitpid(); else it is joined */
};

/* Ends the child when the main task is gone, also when that happened before prctl(). */
static int die_with(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		return -errno;
	return getppid() == parent ? 0 : -ESRCH;
}

static int create_process(struct worker *worker)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid)
		_exit(die_with(worker->crew->main_pid) || worker_live(worker));
	worker->handle = (unsigned long)pid;
	return 0;
}

static void *thread_start(void *argument)
{
	struct worker *worker = argument;
	struct crew *crew = worker->crew;

	if (!worker_live(worker) && crew_count(crew, &crew->ended))
		crew_notify(crew);
	return NULL;
}

static int create_thread(struct worker *worker)
{
	pthread_t thread;
	int err = pthread_create(&thread, NULL, thread_start, worker);

	if (!err)
		worker->handle = thread;
	return -err;
}

static const struct form_operations forms[] = {
	[FORM_PROCESS] = { "process", create_process, true },
	[FORM_THREAD] = { "thread", create_thread, false },
};

const char *form_name(enum form form)
{
	return forms[form].name;
}

int form_parse(const char *name, enum form *form)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (!strcmp(forms[i].name, name)) {
			*form = (enum form)i;
			return 0;
		}
	return -EINVAL;
}

int form_create(struct worker *worker, struct fail *fail)
{
	const struct workload *workload = &worker->crew->workload;
	int err = forms[workload->form].create(worker);

	if (!err)
		return 0;
	errno = -err;
	return fail_set(fail, err,
			"cannot create %s %u of %u: %m; ask for fewer --tasks or raise the limit "
			"(ulimit -u, pids.max of the cgroup)",
			form_name(workload->form), worker->index + 1, workload->tasks);
}

static struct worker *find_child(struct crew *crew, pid_t pid)
{
	for (unsigned int i = 0; i < crew->created; i++)
		if (crew->workers[i].handle == (unsigned long)pid)
			return &crew->workers[i];
	return NULL;
}

/* A worker that failed in its work has said why; one that died could not. */
static int child_ended(const struct worker *worker, pid_t pid, int status, struct fail *fail)
{
	if (WIFSIGNALED(status))
		return fail_set(fail, -ECHILD,
				"task %u (pid %d) was killed by signal %d (%s): no result",
				worker->index, pid, WTERMSIG(status), strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status) && !worker->fail.code)
		return fail_set(fail, -ECHILD, "task %u (pid %d) ended early: no result",
				worker->index, pid);
	return 0;
}

int form_collect(struct crew *crew, struct fail *fail)
{
	struct worker *worker;
	int status, err = 0;
	pid_t pid;

	if (!forms[crew->workload.form].child)
		return 0;
	while (!err && (pid = waitpid(-1, &status, WNOHANG)) > 0) {
		worker = find_child(crew, pid);
		if (!worker) /* inherited by exec */
			continue;
		worker->handle = 0;
		atomic_fetch_add(&crew->ended, 1);
		err = child_ended(worker, pid, status, fail);
	}
	return err;
}

void form_join(struct crew *crew)
{
	if (forms[crew->workload.form].child)
		return;
	for (unsigned int i = 0; i < crew->created; i++)
		pthread_join(crew->workers[i].handle, NULL);
}

void form_stop(struct crew *crew)
{
	if (!forms[crew->workload.form].child)
		return;
	for (unsigned int i = 0; i < crew->created; i++)
		if (crew->workers[i].handle)
			kill((pid_t)crew->workers[i].handle, SIGKILL);
	for (unsigned int i = 0; i < crew->created; i++)
		if (crew->workers[i].handle)
			while (waitpid((pid_t)crew->workers[i].handle, NULL, 0) < 0 &&
			       errno == EINTR)
				;
}
