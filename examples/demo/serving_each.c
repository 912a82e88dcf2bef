// SPDX-License-Identifier: GPL-2.0
/*
 * serving_each.c - a server that creates a task for each connection, within the timed span: that
 * creation is what this model costs.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cpus.h"
#include "serving.h"

struct connection {
	const struct server *server;
	int fd;
	size_t reply;
};

static void count_connection(struct shared *shared)
{
	struct rusage task = { 0 }, process = { 0 };
	uint64_t before = atomic_load(&shared->peak_rss), peak;

	getrusage(RUSAGE_THREAD, &task);
	getrusage(RUSAGE_SELF, &process);
	atomic_fetch_add(&shared->nvcsw, task.ru_nvcsw);
	atomic_fetch_add(&shared->nivcsw, task.ru_nivcsw);
	atomic_fetch_add(&shared->minflt, task.ru_minflt);
	atomic_fetch_add(&shared->majflt, task.ru_majflt);
	peak = (uint64_t)process.ru_maxrss * 1024;
	while (before < peak && !atomic_compare_exchange_weak(&shared->peak_rss, &before, peak))
		;
}

/* The whole life of the task of a connection, in every form: its memory is its own, as in a server. */
static int connection_serve(const struct connection *connection, uint64_t *served)
{
	const struct server *server = connection->server;
	uint32_t number = atomic_fetch_add(&server->shared->begun, 1);
	char *reply;
	int err = 0;

	if (server->cpus)
		err = cpus_pin((unsigned int)server->cpus[number % server->cpu_count], NULL);
	reply = err ? NULL : serving_memory(connection->reply);
	if (!reply)
		return err ? err : -errno;
	err = serving_serve(connection->fd, reply, connection->reply, served);
	munmap(reply, connection->reply);
	return err;
}

static int connection_live(const struct connection *connection)
{
	struct shared *shared = connection->server->shared;
	uint64_t served = 0;
	int err = connection_serve(connection, &served);

	if (err && !atomic_exchange(&shared->failed, 1)) {
		errno = -err;
		fail_set(&shared->fail, err, "the task of a connection cannot serve it: %m");
	}
	close(connection->fd);
	count_connection(shared);
	atomic_fetch_add(&shared->served, served);
	return err;
}

static void *thread_start(void *memory)
{
	struct connection connection = *(struct connection *)memory;
	struct shared *shared = connection.server->shared;

	free(memory);
	connection_live(&connection);
	atomic_fetch_add(&shared->ended, 1);
	if (atomic_load(&shared->settling))
		futex_wake(&shared->ended, 1);
	return NULL;
}

/* As servers do it: detached, its argument from malloc(). */
static int connection_thread(const struct connection *connection)
{
	struct connection *argument = malloc(sizeof(*argument));
	pthread_t thread;
	int err;

	if (!argument)
		return -ENOMEM;
	*argument = *connection;
	err = pthread_create(&thread, NULL, thread_start, argument);
	if (err) {
		free(argument);
		return -err;
	}
	pthread_detach(thread);
	return 0;
}

static int connection_process(const struct connection *connection)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
			_exit(1);
		_exit(connection_live(connection) != 0);
	}
	close(connection->fd);
	return 0;
}

/* Processes that have ended, waited for as a server does. */
static int reap(const struct server *server, int flags)
{
	int status;

	while (waitpid(-1, &status, flags) > 0) {
		atomic_fetch_add(&server->shared->ended, 1);
		if (status)
			return -ECHILD;
	}
	return 0;
}

static int connection_create(const struct server *server, int fd, size_t reply)
{
	struct connection connection = { .server = server, .fd = fd, .reply = reply };
	int err;

	if (server->workload.form == FORM_THREAD)
		return connection_thread(&connection);
	err = connection_process(&connection);
	return err ? err : reap(server, WNOHANG);
}

/* Until the tasks of all connections have ended. */
static int settle(const struct server *server, uint32_t created)
{
	struct shared *shared = server->shared;
	uint32_t ended;
	int err = 0;

	if (server->workload.form == FORM_PROCESS)
		return reap(server, 0);
	atomic_store(&shared->settling, 1);
	while (!err && (ended = atomic_load(&shared->ended)) < created)
		err = futex_wait(&shared->ended, ended);
	return err;
}

/* One task is created, serves and ends, and is not counted. */
static int acceptor_warm_up(const struct server *server)
{
	struct shared *shared = server->shared;
	int client, fd = rehearsal_open(&client), err;

	if (fd < 0)
		return fd;
	err = connection_create(server, fd, rehearsal_size(server));
	if (!err)
		err = settle(server, 1);
	close(client);
	rehearsal_accept(server);
	shared->begun = shared->ended = shared->settling = 0;
	shared->nvcsw = shared->nivcsw = shared->minflt = shared->majflt = 0;
	shared->served = 0;
	return err;
}

static int creation_failed(struct worker *worker, const struct server *server, int err)
{
	const struct shared *shared = server->shared;

	if (shared->fail.code)
		return fail_set(&worker->fail, shared->fail.code, "%s", shared->fail.text);
	if (err == -ECHILD)
		return fail_set(&worker->fail, err, "the process of a connection died: no result");
	errno = -err;
	return fail_set(&worker->fail, err,
			"cannot create the task of a connection: %m; ask for fewer --clients or "
			"raise the limit (ulimit -u, pids.max of the cgroup)");
}

int work_per_connection(struct worker *worker, const struct server *server)
{
	uint32_t created = 0;
	int err = acceptor_warm_up(server), fd = -1;

	if (err)
		return creation_failed(worker, server, err);
	serving_begin(worker, server);
	while (!err && (fd = serving_accept(server, server->listener, 0)) >= 0) {
		err = connection_create(server, fd, server->reply);
		created++;
	}
	if (!err && fd != -EINVAL)
		return serving_failed(worker, fd, "accept a connection");
	if (!err)
		err = settle(server, created);
	return err ? creation_failed(worker, server, err) : serving_finish(worker, server, 0);
}
