// SPDX-License-Identifier: GPL-2.0
/*
 * serving_workers.c - a server of N workers that accept on one socket: prefork as processes, a pool as
 * threads. A worker keeps a connection until the client closes it.
 */
#include <errno.h>
#include <unistd.h>

#include "serving.h"

static int worker_warm_up(const struct server *server, char *reply)
{
	uint64_t served = 0;
	int client, fd = rehearsal_open(&client), err;

	if (fd < 0)
		return fd;
	err = serving_serve(fd, reply, rehearsal_size(server), &served);
	close(fd);
	close(client);
	rehearsal_accept(server);
	return err;
}

int work_workers(struct worker *worker, const struct server *server)
{
	char *reply = serving_memory(server->reply);
	uint64_t served = 0;
	int err, fd;

	if (!reply)
		return serving_failed(worker, -errno, "map memory for replies");
	err = worker_warm_up(server, reply);
	if (err)
		return serving_failed(worker, err, "warm up");
	serving_begin(worker, server);
	while ((fd = serving_accept(server, server->listener, 0)) >= 0) {
		err = serving_serve(fd, reply, server->reply, &served);
		close(fd);
		if (err)
			return serving_failed(worker, err, "serve a connection");
	}
	if (fd != -EINVAL)
		return serving_failed(worker, fd, "accept a connection");
	return serving_finish(worker, server, served);
}
