// SPDX-License-Identifier: GPL-2.0
/* http.c - connections, deadlines and the four answers; see http.h. */
#include "serve/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "serve/accept.h"

#define NS_PER_S UINT64_C(1000000000)
#define SLACK 16	   /* connections that were ended and are not gone yet */
#define MEMORY (32u << 10) /* of one connection: its header must fit */
#define STEP_MS 1000	   /* between two looks at who is late */

/* The connection of a client, or a free place. */
struct place {
	struct MHD_Connection *connection;
	int fd;
	struct in6_addr address; /* v4 mapped; zero: a unix socket */
	uint64_t since_ns;	 /* it came, its request did, or was answered */
	bool answered;		 /* and has asked for nothing since */
	bool ended;		 /* by us */
};

struct http {
	struct http_options options;
	struct MHD_Daemon *daemon;
	int epoll_fd;
	struct place place[HTTP_CONNECTIONS + SLACK];
	uint64_t refused;
};

/* --- who is connected --- */

static struct in6_addr address_of(const struct sockaddr *address)
{
	struct in6_addr v6 = { 0 };

	if (address && address->sa_family == AF_INET6)
		v6 = ((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
	if (address && address->sa_family == AF_INET) {
		v6.s6_addr[10] = v6.s6_addr[11] = 0xff;
		memcpy(&v6.s6_addr[12],
		       &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
	}
	return v6;
}

/* It hears of it as if the client had hung up. */
static void end(struct http *http, struct place *place)
{
	place->ended = true;
	http->refused++;
	shutdown(place->fd, SHUT_RDWR);
}

/* How many of this address (NULL: of any), and which of them has waited longest. */
static unsigned int count(struct http *http, const struct in6_addr *address, struct place **oldest)
{
	unsigned int found = 0;

	*oldest = NULL;
	for (size_t i = 0; i < HTTP_CONNECTIONS + SLACK; i++) {
		struct place *place = &http->place[i];

		if (!place->connection || place->ended ||
		    (address && memcmp(&place->address, address, sizeof(*address)) != 0))
			continue;
		found++;
		if (!*oldest || place->since_ns < (*oldest)->since_ns)
			*oldest = place;
	}
	return found;
}

static void make_room(struct http *http, const struct in6_addr *address)
{
	struct place *oldest;

	if (count(http, address, &oldest) >= HTTP_PER_ADDRESS)
		end(http, oldest);
	else if (count(http, NULL, &oldest) >= HTTP_CONNECTIONS)
		end(http, oldest);
}

static void come(struct http *http, struct MHD_Connection *connection, void **its_place)
{
	const union MHD_ConnectionInfo *client =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const union MHD_ConnectionInfo *fd =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct in6_addr address = address_of(client ? client->client_addr : NULL);

	make_room(http, &address);
	for (size_t i = 0; i < HTTP_CONNECTIONS + SLACK; i++)
		if (!http->place[i].connection) {
			http->place[i] = (struct place){
				.connection = connection,
				.fd = fd->connect_fd,
				.address = address,
				.since_ns = clock_now_ns(),
			};
			*its_place = &http->place[i];
			return;
		}
}

static void on_connection(void *context, struct MHD_Connection *connection, void **its_place,
			  enum MHD_ConnectionNotificationCode code)
{
	struct place *place = *its_place;

	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		come(context, connection, its_place);
	else if (place)
		*place = (struct place){ 0 };
}

/* From here on it has its time again. */
static void progressed(struct MHD_Connection *connection, bool answered)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct place *place = info ? info->socket_context : NULL;

	if (!place)
		return;
	place->since_ns = clock_now_ns();
	place->answered = answered;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request,
			 enum MHD_RequestTerminationCode code)
{
	(void)context;
	(void)request;
	(void)code;
	progressed(connection, true);
}

/* Whoever sends a byte now and then is never idle, and late all the same. */
static void end_late(struct http *http)
{
	uint64_t now = clock_now_ns();

	for (size_t i = 0; i < HTTP_CONNECTIONS + SLACK; i++) {
		struct place *place = &http->place[i];
		uint64_t most = place->answered ? HTTP_IDLE_S : HTTP_REQUEST_S;

		if (place->connection && !place->ended && now - place->since_ns > most * NS_PER_S)
			end(http, place);
	}
}

/* --- answers --- */

struct answer {
	unsigned int status;
	const char *type, *allow;
	const char *text;
	size_t size;
};

static void put(struct MHD_Response *response, const char *name, const char *value)
{
	if (value)
		MHD_add_response_header(response, name, value);
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, const struct answer *answer)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		answer->size, (void *)(uintptr_t)answer->text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	put(response, "Content-Type", answer->type);
	put(response, "Allow", answer->allow);
	put(response, "Cache-Control", "no-store");
	put(response, "Vary", "Accept");
	put(response, "X-Content-Type-Options", "nosniff");
	result = MHD_queue_response(connection, answer->status, response);
	MHD_destroy_response(response);
	return result;
}

static struct answer plain(unsigned int status, const char *text)
{
	return (struct answer){ .status = status,
				.type = "text/plain; charset=utf-8",
				.text = text,
				.size = strlen(text) };
}

static struct answer metrics(struct http *http, struct MHD_Connection *connection)
{
	enum metrics_format format =
		accept_format(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Accept"));
	struct answer answer = { .status = MHD_HTTP_OK, .type = metrics_content_type(format) };

	if (http->options.metrics(http->options.context, format, &answer.text, &answer.size))
		return plain(MHD_HTTP_INTERNAL_SERVER_ERROR,
			     "the counts could not be read; see /healthz\n");
	return answer;
}

static enum MHD_Result send_health(struct http *http, struct MHD_Connection *connection)
{
	struct fail fail = { 0 };
	struct answer answer = plain(MHD_HTTP_OK, "ok\n");

	if (http->options.health(http->options.context, &fail))
		answer = plain(MHD_HTTP_SERVICE_UNAVAILABLE, fail.text);
	return send_answer(connection, &answer);
}

static struct answer page(struct http *http, struct MHD_Connection *connection, const char *url)
{
	if (!strcmp(url, "/metrics"))
		return metrics(http, connection);
	if (!strcmp(url, "/"))
		return (struct answer){ .status = MHD_HTTP_OK,
					.type = "text/html; charset=utf-8",
					.text = http->options.landing,
					.size = strlen(http->options.landing) };
	return plain(MHD_HTTP_NOT_FOUND, "not here; /metrics and /healthz are\n");
}

/*
 * Called when the header is there, for each piece of a body, and at the end of the request. An answer before the
 * end costs the connection: only who sends what is not wanted gets that.
 */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_size, void **request)
{
	static const char begun;
	struct http *http = context;
	struct answer answer;

	(void)version;
	(void)upload;
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
		answer = plain(MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
		answer.allow = "GET, HEAD";
		return send_answer(connection, &answer);
	}
	if (!*request) {
		*request = (void *)(uintptr_t)&begun;
		progressed(connection, false);
		return MHD_YES;
	}
	if (*upload_size) { /* no GET has a body that is of interest */
		*upload_size = 0;
		return MHD_YES;
	}
	if (!strcmp(url, "/healthz"))
		return send_health(http, connection);
	answer = page(http, connection, url);
	return send_answer(connection, &answer);
}

/* --- the server --- */

/* What a client did wrong is its own affair, unless somebody wants to know. */
static void on_log(void *context, const char *format, va_list arguments)
{
	(void)context;
	log_message(LOG_LEVEL_DEBUG, format, arguments);
}

/* No path here needs %XX, and a %00 would hide what follows it. */
static size_t on_unescape(void *context, struct MHD_Connection *connection, char *text)
{
	(void)context;
	(void)connection;
	return strlen(text);
}

static int start(struct http *http)
{
	const union MHD_DaemonInfo *info;

	http->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, http,
		MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_LISTEN_SOCKET,
		http->options.listen_fd, MHD_OPTION_CONNECTION_LIMIT, HTTP_CONNECTIONS + SLACK,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned int)HTTP_IDLE_S, MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, NULL, MHD_OPTION_END);
	if (!http->daemon)
		return -EIO;
	info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info)
		return -EIO;
	http->epoll_fd = info->epoll_fd;
	return 0;
}

struct http *http_new(const struct http_options *options, struct fail *fail)
{
	struct http *http = calloc(1, sizeof(*http));

	if (!http) {
		fail_set(fail, -ENOMEM, "no memory for the HTTP server");
		return NULL;
	}
	http->options = *options;
	if (start(http)) {
		fail_set(fail, -EIO, "libmicrohttpd could not start: %s", strerror(errno));
		http_free(http);
		return NULL;
	}
	return http;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	if (http->daemon) {
		/* the caller closes the socket that it opened */
		MHD_quiesce_daemon(http->daemon);
		MHD_stop_daemon(http->daemon);
	}
	free(http);
}

int http_fd(const struct http *http)
{
	return http->epoll_fd;
}

int http_wait_ms(const struct http *http)
{
	MHD_UNSIGNED_LONG_LONG due;
	bool some = false;
	int wait = -1;

	for (size_t i = 0; i < HTTP_CONNECTIONS + SLACK && !some; i++)
		some = http->place[i].connection;
	if (some)
		wait = STEP_MS;
	if (MHD_get_timeout(http->daemon, &due) == MHD_YES &&
	    (wait < 0 || due < (unsigned int)wait))
		wait = (int)(due < STEP_MS ? due : STEP_MS);
	return wait;
}

void http_run(struct http *http)
{
	end_late(http);
	MHD_run(http->daemon);
}

uint64_t http_refused(const struct http *http)
{
	return http->refused;
}
