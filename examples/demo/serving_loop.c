// SPDX-License-Identifier: GPL-2.0
/* serving_loop.c - a server of one task, an event loop for all connections. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serving.h"

#include "exchange.h"

#define EVENTS 64

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
	fd = serving_accept(loop->server, loop->server->listener, SOCK_NONBLOCK);
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

	if (!serving_client_gone(err))
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
	replies = serving_memory(loop->peer_count * server->reply);
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
	rehearsal_accept(server);
	loop->reply = server->reply;
	loop->stopped = false;
	loop->served = 0;
	if (!err && epoll_ctl(loop->epoll, EPOLL_CTL_ADD, server->listener, &event))
		err = -errno;
	return err;
}

static int loop_live(struct worker *worker, struct loop *loop, const struct server *server)
{
	int err = loop_open(loop, server);

	if (!err)
		err = loop_warm_up(loop);
	if (err)
		return serving_failed(worker, err, "prepare the event loop");
	serving_begin(worker, server);
	err = loop_run(loop);
	if (err)
		return serving_failed(worker, err, "serve connections");
	return serving_finish(worker, server, loop->served);
}

int work_epoll(struct worker *worker, const struct server *server)
{
	struct loop loop;
	int err = loop_live(worker, &loop, server);

	free(loop.peers);
	return err;
}
