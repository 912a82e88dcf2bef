// SPDX-License-Identifier: GPL-2.0
/* transports.c - the ways in which a token goes from one task to the next; see transports.h. */
#include "transports.h"

#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

/* ---- descriptors: the token is what is read ---------------------------------------------------- */

static int take_bytes(int fd, void *token, size_t size)
{
	ssize_t got;

	do {
		got = read(fd, token, size);
	} while (got < 0 && errno == EINTR);
	return got == (ssize_t)size ? 0 : got < 0 ? -errno : -EPIPE;
}

static int give_bytes(int fd, const void *token, size_t size)
{
	ssize_t put;

	do {
		put = write(fd, token, size);
	} while (put < 0 && errno == EINTR);
	return put == (ssize_t)size ? 0 : put < 0 ? -errno : -EPIPE;
}

static int pipe_open(union seat *seat)
{
	return pipe2(seat->ends, O_CLOEXEC) ? -errno : 0;
}

static int socketpair_open(union seat *seat)
{
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, seat->ends) ? -errno : 0;
}

static int byte_take(union seat *seat)
{
	char token;

	return take_bytes(seat->ends[0], &token, sizeof(token));
}

static int byte_give(union seat *seat)
{
	return give_bytes(seat->ends[1], "", 1);
}

static int eventfd_open(union seat *seat)
{
	seat->ends[0] = seat->ends[1] = eventfd(0, EFD_CLOEXEC);
	return seat->ends[0] < 0 ? -errno : 0;
}

static int eventfd_take(union seat *seat)
{
	uint64_t count;

	return take_bytes(seat->ends[0], &count, sizeof(count));
}

static int eventfd_give(union seat *seat)
{
	uint64_t one = 1;

	return give_bytes(seat->ends[1], &one, sizeof(one));
}

/* ---- shared memory ----------------------------------------------------------------------------- */

static int futex_open(union seat *seat)
{
	atomic_store(&seat->token, 0);
	return 0;
}

static int futex_take(union seat *seat)
{
	while (!atomic_load(&seat->token)) {
		int err = futex_wait(&seat->token, 0);

		if (err)
			return err;
	}
	atomic_store(&seat->token, 0);
	return 0;
}

static int futex_give(union seat *seat)
{
	atomic_store(&seat->token, 1);
	return futex_wake(&seat->token, 1);
}

static const struct transport transports[] = {
	{ "pipe", pipe_open, byte_take, byte_give },
	{ "futex", futex_open, futex_take, futex_give },
	{ "socketpair", socketpair_open, byte_take, byte_give },
	{ "eventfd", eventfd_open, eventfd_take, eventfd_give },
};

const struct transport *transport_default(void)
{
	return &transports[0];
}

const struct transport *transport_find(const char *name)
{
	for (size_t i = 0; i < sizeof(transports) / sizeof(transports[0]); i++)
		if (!strcmp(transports[i].name, name))
			return &transports[i];
	return NULL;
}
