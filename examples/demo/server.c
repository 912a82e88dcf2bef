// SPDX-License-Identifier: GPL-2.0
/*
 * server.c - the experiment `server`: the same requests served by N workers that accept on one
 * socket, by a task per connection, or by one event loop.
 *
 * The models are in serving_*.c, what they share in serving.c. This file is the options, the start and
 * the report.
 *
 * The load comes from one process of its own (load.h), so that what the kernel counts for the
 * server's tasks is the server's alone. When it has every reply it shuts the listening socket down,
 * at which accept() fails with EINVAL: so the server ends.
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/exits.h"
#include "base/log.h"
#include "base/quote.h"
#include "base/units.h"
#include "cpus.h"
#include "exchange.h"
#include "experiment.h"
#include "load.h"
#include "options.h"
#include "report.h"
#include "serving.h"
#include "workload.h"

#define CLIENTS_DEFAULT 8
#define CLIENTS_MAX 1000
#define REQUESTS_DEFAULT 20000
#define REQUESTS_MAX 10000000
#define PER_CONNECTION_DEFAULT 10
#define REPLY_DEFAULT 1024

/* ---- the work ---------------------------------------------------------------------------------- */

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
	  "Who serves: workers (default; --tasks of them, by default one for each client; prefork "
	  "as processes, a pool as threads), per-connection (a task for each connection), epoll "
	  "(one task with an event loop, whatever --as says)",
	  2 },
	{ "over", KEY_OVER, "SOCKET", 0, "unix (default) or tcp, on the loopback", 2 },
	{ "clients", KEY_CLIENTS, "N", 0, "Connections at a time (default 8)", 2 },
	{ "requests", KEY_REQUESTS, "N", 0, "Requests of all clients (default 20000)", 2 },
	{ "per-connection", KEY_PER_CONNECTION, "N", 0,
	  "Requests until a client opens a new connection (default: 10 with --model "
	  "per-connection, else all)",
	  2 },
	{ "reply", KEY_REPLY, "BYTES", 0, "Size of a reply (default 1K)", 2 },
	{ 0 },
};

static const char doc[] =
	"A server answers the requests of some clients, all of which are played by one more "
	"process. Prints what was done as one line of JSON."
	"\v" OPTIONS_EXIT_STATUS "\n"
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
		report_failure("server", &fail);
	}
	load_sort(server.load);
	return report(&server, &result);
}
