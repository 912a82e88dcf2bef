// SPDX-License-Identifier: GPL-2.0
/* serving.c - how a request is served, the same in every model of a server; see serving.h. */
#include "serving.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exchange.h"

#define WARM_UP_REPLY 16384 /* fits into any socket's buffer */

int serving_failed(struct worker *worker, int err, const char *what)
{
	errno = -err;
	return fail_set(&worker->fail, err, "cannot %s: %m", what);
}

static void no_delay(int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

int serving_accept(const struct server *server, int listener, int flags)
{
	int fd;

	do {
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | flags);
	} while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	if (fd < 0)
		return -errno;
	if (server->tcp)
		no_delay(fd);
	return fd;
}

/* A client that is gone, maybe in the middle of something, ends its connection and nothing else. */
bool serving_client_gone(int err)
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
int serving_serve(int fd, char *reply, size_t size, uint64_t *served)
{
	int err = serve_all(fd, reply, size, served);

	return serving_client_gone(err) ? 0 : err;
}

/*
 * Where replies are made, all of it there from the start: by writing, not by MAP_POPULATE, whose
 * faults no tracer is told of. NULL on failure.
 */
char *serving_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	madvise(memory, size, MADV_NOHUGEPAGE); /* or else as many faults as the kernel sees fit */
	return memset(memory, 1, size);
}

/* The server's end of a connection by which one request has come, and nothing else will. Or -errno. */
int rehearsal_open(int *client)
{
	char request[REQUEST_SIZE];
	int pair[2], err;

	*client = -1;
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

void rehearsal_accept(const struct server *server)
{
	serving_accept(server, -1, 0);
	no_delay(-1);
}

size_t rehearsal_size(const struct server *server)
{
	return server->reply < WARM_UP_REPLY ? server->reply : WARM_UP_REPLY;
}

/* The last worker that is ready lets the load come. The memory that says so is there before. */
void serving_begin(struct worker *worker, const struct server *server)
{
	atomic_fetch_add(&server->shared->ready, 0);
	atomic_fetch_add(&server->load->go, 0);
	futex_wake(&server->load->go, 1); /* who waits looks again */
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
int serving_finish(struct worker *worker, const struct server *server, uint64_t served)
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
		return serving_failed(worker, err, "wait for the others");
	if (server->workload.form == FORM_PROCESS || !worker->index) {
		memory->peak_rss = proc_bytes("/proc/self/status", "VmHWM:");
		memory->pss = proc_bytes("/proc/self/smaps_rollup", "Pss:");
	}
	return 0;
}
