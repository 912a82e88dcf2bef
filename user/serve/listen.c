// SPDX-License-Identifier: GPL-2.0
/* listen.c - see listen.h. */
#include "serve/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/quote.h"

#define BACKLOG 1024   /* what comes while a page is made; the kernel may allow fewer (somaxconn) */
#define INHERITED_FD 3 /* SD_LISTEN_FDS_START of sd_listen_fds(3) */
#define HOST_SIZE 64

static void describe(struct listen_address *address)
{
	const struct sockaddr *any = (const struct sockaddr *)&address->address;
	const struct sockaddr_in *v4 = (const void *)any;
	const struct sockaddr_in6 *v6 = (const void *)any;
	const struct sockaddr_un *local = (const void *)any;
	char host[INET6_ADDRSTRLEN] = "";

	switch (any->sa_family) {
	case AF_INET:
		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
		snprintf(address->text, sizeof(address->text), "%s:%u", host, ntohs(v4->sin_port));
		break;
	case AF_INET6:
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
		snprintf(address->text, sizeof(address->text), "[%s]:%u", host,
			 ntohs(v6->sin6_port));
		break;
	default:
		snprintf(address->text, sizeof(address->text), "unix:%s", local->sun_path);
	}
}

/* --- what was asked for --- */

static int parse_path(struct listen_address *address, const char *path, struct fail *fail)
{
	struct sockaddr_un *local = (void *)&address->address;

	if (!*path || strlen(path) >= sizeof(local->sun_path))
		return fail_set(fail, -EINVAL,
				"--listen unix:%s: a path of 1 to %zu bytes is wanted",
				quote_string(path).text, sizeof(local->sun_path) - 1);
	local->sun_family = AF_UNIX;
	memcpy(local->sun_path, path, strlen(path) + 1);
	address->length = sizeof(*local);
	describe(address);
	return 0;
}

/* Digits, 0 to 65535; 0 lets the kernel choose. -1: it is none. */
static int parse_port(const char *text)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	return *text < '0' || *text > '9' || *end || port > 65535 ? -1 : (int)port;
}

/* Splits "HOST:PORT"; what is left out is loopback, and the default port. */
static int split(const char *text, char host[HOST_SIZE], int *port)
{
	bool bracket = *text == '[';
	const char *begin = text + bracket;
	const char *end = begin + strcspn(begin, bracket ? "]" : ":");
	const char *rest = end;

	if (bracket && *rest++ != ']')
		return -EINVAL;
	if (end - begin >= HOST_SIZE)
		return -EINVAL;
	snprintf(host, HOST_SIZE, "%.*s", (int)(end - begin), begin);
	if (!*host && bracket)
		return -EINVAL;
	*port = LISTEN_PORT;
	if (*rest)
		*port = *rest == ':' ? parse_port(rest + 1) : -1;
	return *port < 0 || !*text ? -EINVAL : 0;
}

int listen_parse(struct listen_address *address, const char *text, struct fail *fail)
{
	struct sockaddr_in *v4 = (void *)&address->address;
	struct sockaddr_in6 *v6 = (void *)&address->address;
	char host[HOST_SIZE];
	int port;

	*address = (struct listen_address){ 0 };
	if (!strncmp(text, "unix:", 5))
		return parse_path(address, text + 5, fail);
	if (split(text, host, &port))
		goto invalid;
	if (!*host || !strcmp(host, "localhost"))
		snprintf(host, sizeof(host), "127.0.0.1");
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		address->length = sizeof(*v4);
	} else if (*text == '[' && inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		address->length = sizeof(*v6);
	} else {
		goto invalid;
	}
	describe(address);
	return 0;
invalid:
	return fail_set(fail, -EINVAL,
			"--listen %s: not ADDRESS:PORT, as 127.0.0.1:%d or [::1]:%d, nor unix:PATH",
			quote_string(text).text, LISTEN_PORT, LISTEN_PORT);
}

bool listen_is_local(const struct listen_address *address)
{
	const struct sockaddr_in *v4 = (const void *)&address->address;
	const struct sockaddr_in6 *v6 = (const void *)&address->address;

	switch (address->address.ss_family) {
	case AF_INET:
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	case AF_INET6:
		return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
	default:
		return true;
	}
}

/* --- the socket --- */

/* A file whose server is gone refuses; one that is no socket, or is listened to, stays. */
static void remove_abandoned(const struct listen_address *address)
{
	const struct sockaddr_un *local = (const void *)&address->address;
	struct stat status;
	int fd;

	if (lstat(local->sun_path, &status) || !S_ISSOCK(status.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (connect(fd, (const void *)&address->address, address->length) && errno == ECONNREFUSED)
		unlink(local->sun_path);
	close(fd);
}

static int refuse(const struct listen_address *address, int err, struct fail *fail)
{
	if (err == EADDRINUSE)
		return fail_set(
			fail, -err,
			"cannot listen on %s: it is in use, perhaps by another `tasktax serve`; "
			"choose another with --listen",
			quote_string(address->text).text);
	return fail_set(fail, -err, "cannot listen on %s: %s", quote_string(address->text).text,
			strerror(err));
}

/* The name that it is bound to, which may be another than was asked for (port 0). */
static void name_socket(struct listen_address *address, int fd)
{
	address->length = sizeof(address->address);
	if (getsockname(fd, (void *)&address->address, &address->length))
		*address = (struct listen_address){ .text = "a socket of systemd" };
	else
		describe(address);
}

/* Which file it is, of a unix socket. */
static void remember_file(struct listen_address *address)
{
	const struct sockaddr_un *local = (const void *)&address->address;
	struct stat status;

	if (local->sun_family == AF_UNIX && !lstat(local->sun_path, &status))
		address->file = (struct listen_file){ status.st_dev, status.st_ino };
}

int listen_open(struct listen_address *address, struct fail *fail)
{
	int family = address->address.ss_family, on = 1, err;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return refuse(address, errno, fail);
	if (family == AF_UNIX)
		remove_abandoned(address);
	else
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (!bind(fd, (const void *)&address->address, address->length) && !listen(fd, BACKLOG)) {
		name_socket(address, fd);
		remember_file(address);
		return fd;
	}
	err = errno;
	close(fd);
	return refuse(address, err, fail);
}

/* Somebody may have put another in its place. */
void listen_remove(const struct listen_address *address)
{
	const struct sockaddr_un *local = (const void *)&address->address;
	struct stat now;

	if (local->sun_family == AF_UNIX && *local->sun_path && !lstat(local->sun_path, &now) &&
	    now.st_dev == address->file.device && now.st_ino == address->file.inode)
		unlink(local->sun_path);
}

/* --- systemd's --- */

static bool is_number(const char *text, long number)
{
	char *end;

	return text && *text && strtol(text, &end, 10) == number && !*end;
}

int listen_inherited(struct listen_address *address, struct fail *fail)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	int listening = 0, flags, given;
	socklen_t size = sizeof(listening);
	bool ours = is_number(pid, getpid()) && count;

	given = ours && is_number(count, 1) ? 1 : 0;
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (!ours)
		return -ENOENT;
	if (!given)
		return fail_set(fail, -EINVAL,
				"LISTEN_FDS: systemd has to hand over exactly one socket");
	if (getsockopt(INHERITED_FD, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) || !listening)
		return fail_set(fail, -EINVAL,
				"LISTEN_FDS: descriptor %d is no listening stream socket",
				INHERITED_FD);
	flags = fcntl(INHERITED_FD, F_GETFL);
	fcntl(INHERITED_FD, F_SETFL, flags | O_NONBLOCK);
	fcntl(INHERITED_FD, F_SETFD, FD_CLOEXEC);
	name_socket(address, INHERITED_FD);
	return INHERITED_FD;
}
