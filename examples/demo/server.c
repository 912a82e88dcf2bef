// SPDX-License-Identifier: GPL-2.0
/*
 * server.c - the experiment `server`: the same requests served by N workers that accept on one
 * socket, by a task per connection, or by one event loop.
 *
 * Workers are prefork as processes and a pool as threads: one function, which keeps a connection
 * until the client closes it. A task per connection is created within the timed span, by whatever
 * creates such a task, because that creation is what this model costs. The event loop is one task.
 *
 * The load comes from one process of its own (load.h), so that what the kernel counts for the
 * server's tasks is the server's alone. When it has every reply it shuts the listening socket down,
 * at which accept() fails with EINVAL: so the server ends.
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/exits.h"
#include "base/log.h"
#include "base/quote.h"
#include "base/units.h"
#include "cpus.h"
#include "exchange.h"
#include "experiment.h"
#include "futex.h"
#include "load.h"
#include "options.h"
#include "report.h"
#include "workload.h"

#define CLIENTS_DEFAULT 8
#define CLIENTS_MAX 1000
#define REQUESTS_DEFAULT 20000
#define REQUESTS_MAX 10000000
#define PER_CONNECTION_DEFAULT 10
#define REPLY_DEFAULT 1024
#define WARM_UP_REPLY 16384 /* fits into any socket's buffer */
#define EVENTS 64

/* What the kernel knows of one worker's memory, in bytes; 0: it did not tell. */
struct memory {
	uint64_t peak_rss, pss;
};

/* What the tasks of the server share. */
struct shared {
	futex_word ready;	   /* workers that serve */
	futex_word finished, look; /* workers that have served; the gate to looking at the memory */
	_Atomic uint64_t served;
	/* Of the tasks of connections: begun, ended, whether the acceptor waits for the last. */
	_Atomic uint32_t begun;
	futex_word ended;
	_Atomic uint32_t settling;
	_Atomic long nvcsw, nivcsw, minflt, majflt;
	_Atomic uint64_t peak_rss; /* the largest */
	_Atomic uint32_t failed;
	struct fail fail; /* of the first that failed */
	struct memory memory[];
};

struct server {
	struct workload workload;
	const struct model *model;
	bool tcp;
	uint64_t clients, requests, per_connection, reply; /* per_connection 0: all */
	int listener;
	unsigned int cpu_count;
	int *cpus; /* where the tasks of connections go under --cpu spread */
	struct load *load;
	struct shared *shared;
};

struct model {
	const char *name;
	int (*work)(struct worker *worker, const struct server *server);
	bool many;    /* the number of workers is the user's */
	bool creates; /* a task per connection, in the timed span */
};

/* ---- one connection ---------------------------------------------------------------------------- */

static int broken(struct worker *worker, int err, const char *what)
{
	errno = -err;
	return fail_set(&worker->fail, err, "cannot %s: %m", what);
}

/* A connection, or -errno; -EINVAL when there will be no more. */
static int accept_one(const struct server *server, int listener, int flags)
{
	int one = 1, fd;

	do {
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | flags);
	} while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	if (fd < 0)
		return -errno;
	if (server->tcp)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

/* A client that is gone, maybe in the middle of something, ends its connection and nothing else. */
static bool client_gone(int err)
{
	return err == -EPIPE || err == -ECONNRESET;
}

/* 1: got one. 0: the client has closed. */
static int receive(int fd, char request[REQUEST_SIZE])
{
	size_t got = 0;

	while (got < REQUEST_SIZE) {
		ssize_t more = read(fd, request + got, REQUEST_SIZE - got);

		if (more < 0 && errno == EINTR)
			continue;
		if (more <= 0)
			return more < 0 ? -errno : got ? -EPIPE : 0;
		got += (size_t)more;
	}
	return 1;
}

static int send_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -errno;
		data += sent;
		size -= (size_t)sent;
	}
	return 0;
}

static int serve_all(int fd, char *reply, size_t size, uint64_t *served)
{
	char request[REQUEST_SIZE];
	uint64_t id;
	int err;

	while ((err = receive(fd, request)) > 0) {
		err = request_parse(request, &id);
		if (err)
			return err;
		reply_write(reply, size, id);
		err = send_all(fd, reply, size);
		if (err)
			return err;
		++*served;
	}
	return err;
}

/* Serves a connection until the client closes it. 0 or -errno. */
static int serve(int fd, char *reply, size_t size, uint64_t *served)
{
	int err = serve_all(fd, reply, size, served);

	return client_gone(err) ? 0 : err;
}

/*
 * Where replies are made, all of it there from the start: by writing, not by MAP_POPULATE, whose
 * faults no tracer is told of. NULL on failure.
 */
static char *reply_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	madvise(memory, size, MADV_NOHUGEPAGE); /* or else as many faults as the kernel sees fit */
	return memset(memory, 1, size);
}

/* ---- warming up -------------------------------------------------------------------------------- */

/* The server's end of a connection by which one request has come, and nothing else will. Or -errno. */
static int rehearsal_open(int *client)
{
	char request[REQUEST_SIZE];
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	*client = pair[0];
	request_write(request, 0);
	err = send_all(pair[0], request, sizeof(request));
	if (!err && !shutdown(pair[0], SHUT_WR))
		return pair[1];
	err = err ? err : -errno;
	close(pair[0]);
	close(pair[1]);
	return err;
}

static size_t rehearsal_size(const struct server *server)
{
	return server->reply < WARM_UP_REPLY ? server->reply : WARM_UP_REPLY;
}

/* ---- begin and end of a worker ----------------------------------------------------------------- */

/* The last worker that is ready lets the load come. The memory that says so is there before. */
static void begin(struct worker *worker, const struct server *server)
{
	atomic_fetch_add(&server->shared->ready, 0);
	atomic_fetch_add(&server->load->go, 0);
	worker_begin(worker);
	if (atomic_fetch_add(&server->shared->ready, 1) + 1 == server->workload.tasks)
		gate_open(&server->load->go);
}

/* The number of KiB that a file of /proc has after key, in bytes; 0 when it does not tell. */
static uint64_t proc_bytes(const char *path, const char *key)
{
	FILE *file = fopen(path, "re");
	char line[256];
	uint64_t kib = 0;

	while (file && !kib && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)))
			kib = strtoull(line + strlen(key), NULL, 10);
	if (file)
		fclose(file);
	return kib * 1024;
}

/* After the timed span; the memory is looked at while all workers are there, as it is shared. */
static int finish(struct worker *worker, const struct server *server, uint64_t served)
{
	struct shared *shared = server->shared;
	struct memory *memory = &shared->memory[worker->index];
	int err = 0;

	worker_end(worker);
	atomic_fetch_add(&shared->served, served);
	if (atomic_fetch_add(&shared->finished, 1) + 1 == server->workload.tasks)
		gate_open(&shared->look);
	else
		err = gate_wait(&shared->look);
	if (err)
		return broken(worker, err, "wait for the others");
	if (server->workload.form == FORM_PROCESS || !worker->index) {
		memory->peak_rss = proc_bytes("/proc/self/status", "VmHWM:");
		memory->pss = proc_bytes("/proc/self/smaps_rollup", "Pss:");
	}
	return 0;
}

/* ---- model: workers ---------------------------------------------------------------------------- */

static int worker_warm_up(const struct server *server, char *reply)
{
	uint64_t served = 0;
	int client, fd = rehearsal_open(&client), err;

	if (fd < 0)
		return fd;
	err = serve(fd, reply, rehearsal_size(server), &served);
	close(fd);
	close(client);
	accept_one(server, -1, 0); /* its code, too */
	return err;
}

static int work_workers(struct worker *worker, const struct server *server)
{
	char *reply = reply_memory(server->reply);
	uint64_t served = 0;
	int err, fd;

	if (!reply)
		return broken(worker, -errno, "map memory for replies");
	err = worker_warm_up(server, reply);
	if (err)
		return broken(worker, err, "warm up");
	begin(worker, server);
	while ((fd = accept_one(server, server->listener, 0)) >= 0) {
		err = serve(fd, reply, server->reply, &served);
		close(fd);
		if (err)
			return broken(worker, err, "serve a connection");
	}
	if (fd != -EINVAL)
		return broken(worker, fd, "accept a connection");
	return finish(worker, server, served);
}

/* ---- model: per-connection --------------------------------------------------------------------- */

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
	reply = err ? NULL : reply_memory(connection->reply);
	if (!reply)
		return err ? err : -errno;
	err = serve(connection->fd, reply, connection->reply, served);
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
	accept_one(server, -1, 0);
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

static int work_per_connection(struct worker *worker, const struct server *server)
{
	uint32_t created = 0;
	int err = acceptor_warm_up(server), fd = -1;

	if (err)
		return creation_failed(worker, server, err);
	begin(worker, server);
	while (!err && (fd = accept_one(server, server->listener, 0)) >= 0) {
		err = connection_create(server, fd, server->reply);
		created++;
	}
	if (!err && fd != -EINVAL)
		return broken(worker, fd, "accept a connection");
	if (!err)
		err = settle(server, created);
	return err ? creation_failed(worker, server, err) : finish(worker, server, 0);
}

/* ---- model: epoll ------------------------------------------------------------------------------ */

struct peer {
	int fd;		   /* 0: free, as the standard input is never one */
	size_t got;	   /* bytes of the request */
	size_t sent, size; /* bytes of the reply; size 0: none is under way */
	char request[REQUEST_SIZE];
	char *reply;
};

/* A client may be back before its last connection is seen to be closed: twice as many peers. */
struct loop {
	const struct server *server;
	int epoll;
	bool stopped; /* there will be no more connections */
	unsigned int open, peer_count;
	struct peer *peers;
	size_t reply;
	uint64_t served;
};

static int loop_add(struct loop *loop, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct peer *peer = loop->peers;

	while (peer->fd)
		peer++;
	peer->fd = fd;
	peer->got = peer->size = 0;
	event.data.ptr = peer;
	loop->open++;
	return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int loop_accept(struct loop *loop)
{
	int fd;

	if (loop->open == loop->peer_count) /* it will be told again, when those have been closed */
		return 0;
	fd = accept_one(loop->server, loop->server->listener, SOCK_NONBLOCK);
	if (fd == -EINVAL && !epoll_ctl(loop->epoll, EPOLL_CTL_DEL, loop->server->listener, NULL)) {
		loop->stopped = true;
		return 0;
	}
	return fd < 0 ? fd : loop_add(loop, fd);
}

static int peer_listen_for(const struct loop *loop, struct peer *peer, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = peer };

	return epoll_ctl(loop->epoll, EPOLL_CTL_MOD, peer->fd, &event) ? -errno : 0;
}

/* What of the reply the socket takes; the rest when it can take more. */
static int peer_send(struct loop *loop, struct peer *peer, bool again)
{
	ssize_t sent;

	do {
		sent = send(peer->fd, peer->reply + peer->sent, peer->size - peer->sent,
			    MSG_NOSIGNAL);
		if (sent > 0)
			peer->sent += (size_t)sent;
	} while (peer->sent < peer->size && (sent > 0 || errno == EINTR));
	if (peer->sent < peer->size) {
		if (errno != EAGAIN)
			return -errno;
		return again ? 0 : peer_listen_for(loop, peer, EPOLLOUT);
	}
	loop->served++;
	peer->got = peer->size = 0;
	return again ? peer_listen_for(loop, peer, EPOLLIN) : 0;
}

static int peer_receive(struct loop *loop, struct peer *peer)
{
	ssize_t got = read(peer->fd, peer->request + peer->got, REQUEST_SIZE - peer->got);
	uint64_t id;
	int err;

	if (got < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	if (!got)
		return -EPIPE;
	peer->got += (size_t)got;
	if (peer->got < REQUEST_SIZE)
		return 0;
	err = request_parse(peer->request, &id);
	if (err)
		return err;
	reply_write(peer->reply, loop->reply, id);
	peer->sent = 0;
	peer->size = loop->reply;
	return peer_send(loop, peer, false);
}

static int loop_serve(struct loop *loop, struct peer *peer)
{
	int err = peer->size ? peer_send(loop, peer, true) : peer_receive(loop, peer);

	if (!client_gone(err))
		return err;
	close(peer->fd);
	peer->fd = 0;
	loop->open--;
	return 0;
}

/* Until no more connections can come, and those that are open have been closed. */
static int loop_run(struct loop *loop)
{
	struct epoll_event events[EVENTS];
	int err = 0;

	while (!err && !(loop->stopped && !loop->open)) {
		int n = epoll_wait(loop->epoll, events, EVENTS, -1);

		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; !err && i < n; i++) {
			struct peer *peer = events[i].data.ptr;

			if (!peer)
				err = loop_accept(loop);
			else
				err = loop_serve(loop, peer);
		}
	}
	return err;
}

static int loop_open(struct loop *loop, const struct server *server)
{
	char *replies;

	*loop = (struct loop){ .server = server, .peer_count = 2 * (unsigned int)server->clients };
	loop->peers = calloc(loop->peer_count, sizeof(loop->peers[0]));
	replies = reply_memory(loop->peer_count * server->reply);
	if (!loop->peers || !replies)
		return -ENOMEM;
	for (unsigned int i = 0; i < loop->peer_count; i++) {
		loop->peers[i].request[0] = 1; /* there before the timed span */
		loop->peers[i].reply = replies + i * server->reply;
	}
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	return loop->epoll < 0 ? -errno : 0;
}

/* A loop that no connection can come to, with one that is there. */
static int loop_warm_up(struct loop *loop)
{
	const struct server *server = loop->server;
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };
	int client, fd = rehearsal_open(&client), err;

	if (fd < 0)
		return fd;
	loop->reply = rehearsal_size(server);
	loop->stopped = true;
	err = loop_add(loop, fd);
	if (!err)
		err = loop_run(loop);
	close(client);
	accept_one(server, -1, 0);
	loop->reply = server->reply;
	loop->stopped = false;
	loop->served = 0;
	if (!err && epoll_ctl(loop->epoll, EPOLL_CTL_ADD, server->listener, &event))
		err = -errno;
	return err;
}

static int work_epoll(struct worker *worker, const struct server *server)
{
	struct loop loop;
	int err = loop_open(&loop, server);

	if (!err)
		err = loop_warm_up(&loop);
	if (err)
		return broken(worker, err, "prepare the event loop");
	begin(worker, server);
	err = loop_run(&loop);
	if (err)
		return broken(worker, err, "serve connections");
	return finish(worker, server, loop.served);
}

static const struct model models[] = {
	{ .name = "workers", .work = work_workers, .many = true },
	{ .name = "per-connection", .work = work_per_connection, .creates = true },
	{ .name = "epoll", .work = work_epoll },
};

static const struct model *find_model(const char *name)
{
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		if (!strcmp(models[i].name, name))
			return &models[i];
	return NULL;
}

static int server_work(struct worker *worker, const void *context)
{
	const struct server *server = context;

	return server->model->work(worker, server);
}

static int server_watch(const void *context, struct fail *fail)
{
	const struct server *server = context;
	int err = load_watch(server->load, fail);

	/* what the client saw is the consequence of this */
	if (err && server->shared->fail.code)
		fail_set(fail, server->shared->fail.code, "%s", server->shared->fail.text);
	return err;
}

/* ---- options ----------------------------------------------------------------------------------- */

enum option_key {
	KEY_MODEL = 512,
	KEY_OVER,
	KEY_CLIENTS,
	KEY_REQUESTS,
	KEY_PER_CONNECTION,
	KEY_REPLY,
};

static const struct argp_option option_list[] = {
	{ "model", KEY_MODEL, "MODEL", 0,
	  "Who serves: workers (default; --tasks of them, prefork as processes, a pool as threads; "
	  "one "
	  "for each client unless told), per-connection (a task for each connection), epoll (one "
	  "task "
	  "with an event loop, whatever --as says)",
	  2 },
	{ "over", KEY_OVER, "SOCKET", 0, "unix (default) or tcp, on the loopback", 2 },
	{ "clients", KEY_CLIENTS, "N", 0, "Connections at a time (default 8)", 2 },
	{ "requests", KEY_REQUESTS, "N", 0, "Requests of all clients (default 20000)", 2 },
	{ "per-connection", KEY_PER_CONNECTION, "N", 0,
	  "Requests until a client opens a new connection (default: 10 with --model "
	  "per-connection, "
	  "else all)",
	  2 },
	{ "reply", KEY_REPLY, "BYTES", 0, "Size of a reply (default 1K)", 2 },
	{ 0 },
};

static const char doc[] =
	"A server answers the requests of some clients, all of which are played by one more "
	"process. "
	"Prints what was done as one line of JSON."
	"\v"
	"Exit status: 0, 120 usage, 123 output, 125 other failures.\n"
	"\n"
	"Example:\n"
	"  tasktax run -- tasktax-demo server --as process --model per-connection\n";

static error_t parse_model(const char *text, struct server *server)
{
	server->model = find_model(text);
	if (server->model)
		return 0;
	log_error("--model %s: the model is workers, per-connection or epoll",
		  quote_string(text).text);
	return EINVAL;
}

static error_t parse_over(const char *text, struct server *server)
{
	server->tcp = !strcmp(text, "tcp");
	if (server->tcp || !strcmp(text, "unix"))
		return 0;
	log_error("--over %s: the socket is unix or tcp", quote_string(text).text);
	return EINVAL;
}

static error_t parse_reply(const char *text, struct server *server)
{
	if (!parse_size(text, &server->reply) && server->reply >= REPLY_HEADER &&
	    server->reply <= REPLY_MAX)
		return 0;
	log_error("--reply %s: not a size from %d to 1M", quote_string(text).text, REPLY_HEADER);
	return EINVAL;
}

/* What the options left open, and what does not go together. */
static error_t complete(struct server *server)
{
	struct workload *workload = &server->workload;

	if (workload->tasks && !server->model->many) {
		log_error("--tasks: only --model workers has a number of tasks");
		return EINVAL;
	}
	if (!workload->tasks)
		workload->tasks = server->model->many ? (unsigned int)server->clients : 1;
	if (!server->per_connection && server->model->creates)
		server->per_connection = PER_CONNECTION_DEFAULT;
	return 0;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct server *server = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &server->workload;
		return 0;
	case KEY_MODEL:
		return parse_model(text, server);
	case KEY_OVER:
		return parse_over(text, server);
	case KEY_CLIENTS:
		return options_number("--clients", text, 1, CLIENTS_MAX, &server->clients);
	case KEY_REQUESTS:
		return options_number("--requests", text, 1, REQUESTS_MAX, &server->requests);
	case KEY_PER_CONNECTION:
		return options_number("--per-connection", text, 1, REQUESTS_MAX,
				      &server->per_connection);
	case KEY_REPLY:
		return parse_reply(text, server);
	case ARGP_KEY_END:
		return complete(server);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int parse_options(int argc, char **argv, struct server *server)
{
	static const struct argp_child children[] = { { .argp = &options_common }, { 0 } };
	static const struct argp argp = {
		.options = option_list, .parser = parse, .doc = doc, .children = children
	};

	return options_parse(&argp, argc, argv, server);
}

/* ---- the experiment ---------------------------------------------------------------------------- */

/*
 * Clients beyond the backlog would wait in connect(), and so would the process that plays them all,
 * the one who must go on for the queue to move.
 */
static int check_backlog(const struct server *server, struct fail *fail)
{
	uint64_t most = CLIENTS_MAX;
	char line[32] = "";
	FILE *file = fopen("/proc/sys/net/core/somaxconn", "re");

	if (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		parse_u64(line, &most);
	}
	if (file)
		fclose(file);
	if (server->clients <= most)
		return 0;
	return fail_set(fail, -EAGAIN,
			"%" PRIu64 " clients cannot wait at one socket, the limit is %" PRIu64
			"; ask for fewer --clients or raise net.core.somaxconn",
			server->clients, most);
}

/* A unix socket gets a name that is in no file system, a TCP socket a free port of the loopback. */
static int listen_somewhere(struct server *server, struct load_plan *plan, struct fail *fail)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&plan->address;
	int fd;

	plan->address_size = server->tcp ? sizeof(*in) : offsetof(struct sockaddr_un, sun_path);
	plan->address.ss_family = server->tcp ? AF_INET : AF_UNIX;
	if (server->tcp)
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(plan->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&plan->address, plan->address_size) ||
	    listen(fd, CLIENTS_MAX))
		return fail_set(fail, -errno, "cannot listen on a %s socket: %m",
				server->tcp ? "TCP" : "unix");
	plan->address_size = sizeof(plan->address);
	if (getsockname(fd, (struct sockaddr *)&plan->address, &plan->address_size))
		return fail_set(fail, -errno, "cannot tell the address of a socket: %m");
	plan->listener = server->listener = fd;
	return check_backlog(server, fail);
}

/* The acceptor is pinned; the tasks that it creates go round the CPUs. */
static int spread_connections(struct server *server, struct fail *fail)
{
	int count = cpus_count(fail);

	if (count < 0)
		return count;
	server->cpu_count = (unsigned int)count;
	server->cpus = shared_memory(server->cpu_count * sizeof(server->cpus[0]), fail);
	if (!server->cpus)
		return fail->code;
	for (unsigned int i = 0; i < server->cpu_count; i++) {
		server->cpus[i] = cpus_spread(i, fail);
		if (server->cpus[i] < 0)
			return server->cpus[i];
	}
	return 0;
}

/* The generator is pinned as the server is; spread, it is the next after the workers. */
static int prepare(struct server *server, struct fail *fail)
{
	const struct workload *workload = &server->workload;
	struct load_plan plan = {
		.clients = (unsigned int)server->clients,
		.requests = server->requests,
		.per_connection = server->per_connection ? server->per_connection : UINT64_MAX,
		.reply = server->reply,
		.cpu = workload->cpu,
	};
	int err = 0;

	if (workload->cpu == CPU_SPREAD) {
		plan.cpu = cpus_spread(workload->tasks, fail);
		err = plan.cpu < 0 ? plan.cpu : 0;
		if (!err && server->model->creates)
			err = spread_connections(server, fail);
	}
	if (!err)
		err = listen_somewhere(server, &plan, fail);
	if (err)
		return err;
	server->shared = shared_memory(sizeof(*server->shared) +
					       workload->tasks * sizeof(server->shared->memory[0]),
				       fail);
	server->load = server->shared ? load_make(&plan, fail) : NULL;
	return server->load ? load_start(server->load, fail) : fail->code;
}

/* The timed span of the workers and the lives of the tasks that they created in it. */
static struct usage server_usage(const struct server *server, const struct result *result)
{
	const struct shared *shared = server->shared;
	struct usage all = { shared->nvcsw, shared->nivcsw, shared->minflt, shared->majflt };

	for (unsigned int i = 0; i < server->workload.tasks; i++) {
		const struct usage *span = &result->workers[i].span;

		all.nvcsw += span->nvcsw;
		all.nivcsw += span->nivcsw;
		all.minflt += span->minflt;
		all.majflt += span->majflt;
	}
	return all;
}

static void print_number(const char *name, uint64_t number, bool known)
{
	if (known)
		printf(",\"%s\":%" PRIu64, name, number);
	else
		printf(",\"%s\":null", name);
}

/*
 * Exact: the replies, the connections, and the tasks that the run creates (the generator is a
 * process always; a task per connection has had one more to warm up). Workers and the loop fault
 * nothing in after warming up. With one client and one CPU the server's task is switched out once
 * for each request, for its reply is what the client waits for; the kernel may do so more often.
 */
static void report_expected(const struct server *server)
{
	const struct workload *workload = &server->workload;
	uint64_t connections = load_connections(&server->load->plan);
	uint64_t tasks = workload->tasks + (server->model->creates ? connections + 1 : 0);
	bool thread = workload->form == FORM_THREAD;

	print_number("expected_replies", server->requests, true);
	print_number("expected_connections", connections, true);
	print_number("expected_created_processes", thread ? 1 : tasks + 1, true);
	print_number("expected_created_threads", thread ? tasks : 0, true);
	print_number("expected_server_minor_faults", 0, !server->model->creates);
	print_number("expected_server_switches_at_least", server->requests,
		     server->clients == 1 && workload->cpu >= 0 && workload->tasks == 1 &&
			     !server->model->creates);
}

static void report_server(const struct server *server, const struct result *result)
{
	struct usage usage = server_usage(server, result);
	double thousands = (double)server->requests / 1000;

	printf(",\"server\":{\"nvcsw\":%ld,\"nivcsw\":%ld,\"minflt\":%ld,\"majflt\":%ld}",
	       usage.nvcsw, usage.nivcsw, usage.minflt, usage.majflt);
	printf(",\"server_switches_per_1000_requests\":%.1f",
	       (double)(usage.nvcsw + usage.nivcsw) / thousands);
	printf(",\"server_faults_per_1000_requests\":%.1f",
	       (double)(usage.minflt + usage.majflt) / thousands);
}

/*
 * A sum of RSS counts shared pages once for each process, the sum of PSS once. Of processes that
 * live for a connection only the largest is known. As threads, the main task's memory is the server's.
 */
static void report_memory(const struct server *server)
{
	const struct shared *shared = server->shared;
	bool together = !server->model->creates || server->workload.form == FORM_THREAD;
	unsigned int spaces = server->workload.form == FORM_THREAD ? 1 : server->workload.tasks;
	uint64_t sum = 0, pss = 0, largest = together ? 0 : shared->peak_rss;
	bool known = true, pss_known = true;

	for (unsigned int i = 0; i < spaces; i++) {
		const struct memory *memory = &shared->memory[i];

		known = known && memory->peak_rss;
		pss_known = pss_known && memory->pss;
		sum += memory->peak_rss;
		pss += memory->pss;
		if (memory->peak_rss > largest)
			largest = memory->peak_rss;
	}
	print_number("peak_rss_largest_bytes", largest, known);
	print_number("peak_rss_sum_bytes", sum, known && together);
	print_number("pss_sum_bytes", pss, pss_known && together);
}

static int report(const struct server *server, const struct result *result)
{
	const struct load *load = server->load;
	uint64_t took = load->end_ns - load->begin_ns;

	report_begin("server", &server->workload);
	printf(",\"model\":\"%s\",\"over\":\"%s\"", server->model->name,
	       server->tcp ? "tcp" : "unix");
	print_number("clients", server->clients, true);
	print_number("requests", server->requests, true);
	print_number("per_connection", server->per_connection, server->per_connection);
	print_number("request_bytes", REQUEST_SIZE, true);
	print_number("reply_bytes", server->reply, true);
	report_expected(server);
	print_number("replies", load->replies, true);
	print_number("served", server->shared->served, true);
	print_number("connections", load->connections, true);
	print_number("load_ns", took, true);
	printf(",\"requests_per_second\":%.1f", (double)load->replies * 1e9 / (double)took);
	print_number("latency_p50_ns", load_percentile(load, 50), true);
	print_number("latency_p99_ns", load_percentile(load, 99), true);
	print_number("latency_max_ns", load_percentile(load, 100), true);
	report_server(server, result);
	report_memory(server);
	return report_end(&server->workload, result);
}

int server_run(int argc, char **argv)
{
	struct server server = {
		.workload = { .cpu = CPU_NONE,
			      .work = server_work,
			      .watch = server_watch,
			      .context = &server },
		.model = &models[0],
		.clients = CLIENTS_DEFAULT,
		.requests = REQUESTS_DEFAULT,
		.reply = REPLY_DEFAULT,
	};
	struct fail fail = { 0 };
	struct result result;

	if (parse_options(argc, argv, &server))
		return EXITS_USAGE;
	if (prepare(&server, &fail) || workload_run(&server.workload, &result, &fail)) {
		if (server.load && server.load->pid > 0)
			load_stop(server.load);
		log_error("server: %s", fail.text);
		return EXITS_FAILURE;
	}
	load_sort(server.load);
	return report(&server, &result);
}
