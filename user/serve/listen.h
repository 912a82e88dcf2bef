/* SPDX-License-Identifier: GPL-2.0 */
/*
 * listen.h - the socket that clients come to: an address and port, a path, or one that systemd has opened.
 * Called by cmd_serve.c and exporter.c.
 */
#ifndef TASKTAX_SERVE_LISTEN_H
#define TASKTAX_SERVE_LISTEN_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include "base/log.h"

/* 9100 to 9999, the range that exporters share by convention, is taken to the last. */
#define LISTEN_PORT 10435

/* Of a unix socket; elsewhere 0. */
struct listen_file {
	dev_t device;
	ino_t inode;
};

struct listen_address {
	struct sockaddr_storage address;
	socklen_t length;
	struct listen_file file;		    /* that listen_open() has made */
	char text[sizeof(struct sockaddr_un) + 16]; /* as a message or a page shows it */
};

/*
 * "ADDR:PORT", "[ADDR]:PORT", ":PORT" (loopback), "ADDR" (the default port), or "unix:PATH". Names are not
 * looked up but for localhost. 0, or -EINVAL with the reason.
 */
int listen_parse(struct listen_address *address, const char *text, struct fail *fail);

/* Whether only this host can reach it. */
bool listen_is_local(const struct listen_address *address);

/*
 * A listening socket, non-blocking; a socket file that nobody listens to any more is replaced. The descriptor, with
 * the port that was found for port 0; or a negative errno with the reason.
 */
int listen_open(struct listen_address *address, struct fail *fail);

/* Removes the file of a unix socket, if it still is the one that listen_open() has made. */
void listen_remove(const struct listen_address *address);

/*
 * The socket that systemd has opened for this process (LISTEN_FDS): its descriptor, with the address in words;
 * -ENOENT: there is none; another negative errno with the reason. Takes the variables out of the environment.
 */
int listen_inherited(struct listen_address *address, struct fail *fail);

#endif
