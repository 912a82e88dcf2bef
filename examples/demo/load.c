// SPDX-License-Identifier: GPL-2.0
/* load.c - the load generator of the experiment `server`; see load.h. */
#include "load.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "cpus.h"
#include "exchange.h"
#include "workload.h"

#define EVENTS 64
#define CHUNK 65536

struct client {
	int fd;
	uint64_t left;		/* requests it has still to send or to get the reply of */
	uint64_t on_connection; /* replies so far */
	uint64_t id, sent_ns;
	size_t got; /* bytes of the reply */
};

struct generator {
	struct load *load;
	int epoll;
	unsigned int live; /* clients that have something left */
	uint64_t next_id;
	struct client *clients;
	char *bodies;  /* REPLY_BODIES replies as they must be */
	char *scratch; /* CHUNK bytes */
};

uint64_t load_share(const struct load_plan *plan, unsigned int client)
{
	return plan->requests / plan->clients + (client < plan->requests % plan->clients);
}

uint64_t load_connections(const struct load_plan *plan)
{
	uint64_t all = 0;

	for (unsigned int i = 0; i < plan->clients; i++) {
		uint64_t share = load_share(plan, i);

		all += share / plan->per_connection + (share % plan->per_connection != 0);
	}
	return all;
}

/* ---- in the generator -------------------------------------------------------------------------- */

static int broken(struct generator *generator, int err, const char *what)
{
	errno = -err;
	return fail_set(&generator->load->fail, err, "the load generator cannot %s: %m", what);
}

static int client_connect(struct generator *generator, struct client *client)
{
	const struct load_plan *plan = &generator->load->plan;
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = client };
	int one = 1;

	client->fd = socket(plan->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		return broken(generator, -errno,
			      "open a connection (ask for fewer --clients or raise ulimit -n)");
	if (plan->address.ss_family == AF_INET)
		setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(client->fd, (const struct sockaddr *)&plan->address, plan->address_size))
		return broken(generator, -errno, "connect to the server");
	if (epoll_ctl(generator->epoll, EPOLL_CTL_ADD, client->fd, &event))
		return broken(generator, -errno, "watch a connection");
	generator->load->connections++;
	client->on_connection = 0;
	return 0;
}

/* The socket is empty, for the last request was answered: the whole of it fits. */
static int client_send(struct generator *generator, struct client *client)
{
	char request[REQUEST_SIZE];
	ssize_t sent;

	client->id = generator->next_id++;
	client->got = 0;
	request_write(request, client->id);
	sent = send(client->fd, request, sizeof(request), MSG_NOSIGNAL);
	if (sent == sizeof(request))
		return 0;
	return broken(generator, sent < 0 ? -errno : -EPIPE, "send a request");
}

static int client_begin(struct generator *generator, struct client *client)
{
	int err;

	client->sent_ns = clock_now_ns();
	err = client_connect(generator, client);
	return err ? err : client_send(generator, client);
}

static int client_answered(struct generator *generator, struct client *client)
{
	struct load *load = generator->load;
	uint64_t now = clock_now_ns();

	load->latency_ns[load->replies++] = now - client->sent_ns;
	load->end_ns = now;
	client->on_connection++;
	if (--client->left && client->on_connection < load->plan.per_connection) {
		client->sent_ns = now;
		return client_send(generator, client);
	}
	close(client->fd);
	if (client->left)
		return client_begin(generator, client);
	generator->live--;
	return 0;
}

/* The next size bytes of the reply are as they must be. */
static bool verify(const struct generator *generator, const struct client *client, size_t size)
{
	size_t reply = generator->load->plan.reply;
	char *expected = generator->bodies + client->id % REPLY_BODIES * reply;

	reply_rename(expected, client->id);
	return !memcmp(generator->scratch, expected + client->got, size);
}

static int client_receive(struct generator *generator, struct client *client)
{
	size_t left = generator->load->plan.reply - client->got;
	ssize_t got = read(client->fd, generator->scratch, left < CHUNK ? left : CHUNK);

	if (got < 0)
		return errno == EINTR ? 0 : broken(generator, -errno, "receive a reply");
	if (!got)
		return fail_set(&generator->load->fail, -EPIPE,
				"the server closed a connection before the reply to request %llu",
				(unsigned long long)client->id);
	if (!verify(generator, client, (size_t)got))
		return fail_set(&generator->load->fail, -EBADMSG,
				"the reply to request %llu is not what it must be",
				(unsigned long long)client->id);
	client->got += (size_t)got;
	return (size_t)got == left ? client_answered(generator, client) : 0;
}

/* All that is allocated; touched here, not while it is timed. */
static int generator_open(struct generator *generator)
{
	const struct load_plan *plan = &generator->load->plan;

	generator->clients = calloc(plan->clients, sizeof(generator->clients[0]));
	generator->bodies = malloc(REPLY_BODIES * plan->reply);
	generator->scratch = malloc(CHUNK);
	if (!generator->clients || !generator->bodies || !generator->scratch)
		return broken(generator, -ENOMEM, "start");
	memset(generator->scratch, 1, CHUNK);
	memset(generator->load->latency_ns, 1, plan->requests * sizeof(uint64_t));
	for (unsigned int i = 0; i < REPLY_BODIES; i++)
		reply_write(generator->bodies + i * plan->reply, plan->reply, i);
	for (unsigned int i = 0; i < plan->clients; i++) {
		generator->clients[i].left = load_share(plan, i);
		generator->live += generator->clients[i].left > 0;
	}
	generator->epoll = epoll_create1(EPOLL_CLOEXEC);
	return generator->epoll < 0 ? broken(generator, -errno, "open an epoll descriptor") : 0;
}

static int generate(struct generator *generator)
{
	struct epoll_event events[EVENTS];
	int err = 0;

	generator->load->begin_ns = clock_now_ns();
	for (unsigned int i = 0; !err && i < generator->live; i++)
		err = client_begin(generator, &generator->clients[i]);
	while (!err && generator->live) {
		int n = epoll_wait(generator->epoll, events, EVENTS, -1);

		if (n < 0 && errno != EINTR)
			err = broken(generator, -errno, "wait for replies");
		for (int i = 0; !err && i < n; i++)
			err = client_receive(generator, events[i].data.ptr);
	}
	return err;
}

static int generator_run(struct load *load)
{
	struct generator generator = { .load = load };
	int err = 0;

	if (load->plan.cpu >= 0)
		err = cpus_pin((unsigned int)load->plan.cpu, &load->fail);
	if (!err)
		err = generator_open(&generator);
	if (!err)
		err = gate_wait(&load->go);
	if (!err)
		err = generate(&generator);
	atomic_store(&load->ended, 1);
	shutdown(load->plan.listener, SHUT_RDWR); /* whoever waits in accept() gets EINVAL */
	return err;
}

/* ---- in the main task -------------------------------------------------------------------------- */

struct load *load_make(const struct load_plan *plan, struct fail *fail)
{
	struct load *load = shared_memory(sizeof(*load), fail);

	if (!load)
		return NULL;
	load->plan = *plan;
	load->latency_ns = shared_memory(plan->requests * sizeof(load->latency_ns[0]), fail);
	return load->latency_ns ? load : NULL;
}

/* Signals are blocked in it: a Ctrl-C goes to all, and is the main task's to handle. */
int load_start(struct load *load, struct fail *fail)
{
	pid_t parent = getpid(), pid;
	sigset_t all, old;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	pid = fork();
	if (!pid) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
			_exit(1);
		_exit(generator_run(load) != 0);
	}
	load->pid = pid;
	load->gone = pid < 0;
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid > 0)
		return 0;
	return fail_set(fail, -errno,
			"cannot create the process of the load generator: %m; raise the limit "
			"(ulimit -u, pids.max of the cgroup)");
}

/* Another may have waited for it, as for any child: then there is no status, and none is needed. */
int load_watch(struct load *load, struct fail *fail)
{
	bool ended = atomic_load(&load->ended);

	if (load->gone || !waitpid(load->pid, NULL, ended ? 0 : WNOHANG))
		return 0;
	load->gone = true;
	if (load->fail.code)
		return fail_set(fail, load->fail.code, "%s", load->fail.text);
	if (atomic_load(&load->ended))
		return 0;
	return fail_set(fail, -ECHILD, "the load generator (pid %d) died: no result", load->pid);
}

void load_stop(struct load *load)
{
	if (load->gone)
		return;
	kill(load->pid, SIGKILL);
	while (waitpid(load->pid, NULL, 0) < 0 && errno == EINTR)
		;
	load->gone = true;
}

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

void load_sort(struct load *load)
{
	qsort(load->latency_ns, load->replies, sizeof(load->latency_ns[0]), compare);
}

uint64_t load_percentile(const struct load *load, unsigned int percent)
{
	uint64_t rank = (load->replies * percent + 99) / 100;

	return load->latency_ns[rank ? rank - 1 : 0];
}
