/* SPDX-License-Identifier: GPL-2.0 */
/*
 * http.h - answers HTTP on one listening socket: /metrics, /healthz and a page that says what is here.
 *
 * There is no thread: the caller polls http_fd() and calls http_run(), so that whatever the callbacks read is
 * read in one place. Connections are bounded; when there are too many, those that have waited longest for their
 * request to come make room for new ones, first those of the same address. A request has to be there within
 * HTTP_REQUEST_S, however slowly its bytes come. Includes libmicrohttpd. Called by exporter.c.
 */
#ifndef TASKTAX_SERVE_HTTP_H
#define TASKTAX_SERVE_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "output/openmetrics.h"

/*
 * Enough that in a flood of N connections a second from one address, whoever speaks within 128 / N seconds of
 * being accepted is heard; what speaks at once always is.
 */
#define HTTP_CONNECTIONS 256
#define HTTP_PER_ADDRESS 128
#define HTTP_REQUEST_S 10 /* from the connection, or the request before, to the end of the header */
#define HTTP_IDLE_S 130	  /* between requests: twice the minute that scrapes are apart at most */

struct http;

struct http_options {
	int listen_fd;	     /* the caller's to close, after http_free() */
	const char *landing; /* the page at /, HTML */
	void *context;	     /* of the functions */
	/* The page of metrics, which stays the callee's until the next call. 0 or a negative errno. */
	int (*metrics)(void *context, enum metrics_format format, const char **text, size_t *size);
	/* Whether what is served is alive: 0, or a negative errno with the reason. */
	int (*health)(void *context, struct fail *fail);
};

/* NULL with the reason. The options are copied, what they point to is not. */
struct http *http_new(const struct http_options *options, struct fail *fail);
void http_free(struct http *http);

int http_fd(const struct http *http);
int http_wait_ms(const struct http *http); /* until http_run() is due at the latest; -1: for ever */
void http_run(struct http *http);	   /* does what can be done without waiting */

/* Connections that were ended for being slow or to make room. */
uint64_t http_refused(const struct http *http);

#endif
