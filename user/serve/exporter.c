// SPDX-License-Identifier: GPL-2.0
/* exporter.c - see exporter.h. */
#include "serve/exporter.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exits.h"
#include "base/quote.h"
#include "serve/http.h"
#include "version.h"

/* A page is made anew when the last is so old: a flood of scrapes costs no more than ten a second do. */
#define FRESH_NS 100000000

struct page {
	char *text;
	size_t size;
	uint64_t at_ns;
};

struct exporter {
	const struct exporter_options *options;
	struct listen_address address;
	int listen_fd, signal_fd;
	bool inherited;
	sigset_t before;
	struct source *source;
	struct grouping *grouping;
	struct http *http;
	struct page page[METRICS_FORMATS];
	uint64_t started_ns; /* wall clock */
	struct fail trouble; /* why the latest census failed */
};

static const char landing[] =
	"<!DOCTYPE html>\n"
	"<html lang=\"en\"><head><meta charset=\"utf-8\"><title>tasktax</title></head><body>\n"
	"<h1>tasktax " TASKTAX_VERSION "</h1>\n"
	"<p>What processes and threads cost on this host, for Prometheus.</p>\n"
	"<ul><li><a href=\"/metrics\">/metrics</a></li>\n"
	"<li><a href=\"/healthz\">/healthz</a></li></ul>\n"
	"</body></html>\n";

/* --- the page of metrics --- */

/* Bytes; BYTES_UNKNOWN where /proc does not say. */
static uint64_t own_memory(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	char line[128] = "", *at = line;
	unsigned long pages;

	if (!file)
		return BYTES_UNKNOWN;
	if (!fgets(line, sizeof(line), file))
		*line = '\0';
	fclose(file);
	strtoul(at, &at, 10);
	errno = 0;
	pages = strtoul(at, &at, 10);
	if (errno || *at != ' ')
		return BYTES_UNKNOWN;
	return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static struct metrics_self own_figures(const struct exporter *exporter)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (struct metrics_self){
		.cpu_ns = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000 +
			  (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000,
		.rss = own_memory(),
		.started_ns = exporter->started_ns,
		.refused = http_refused(exporter->http),
		.others = grouping_others(exporter->grouping),
	};
}

static int write_page(struct exporter *exporter, const struct census *census,
		      enum metrics_format format, struct page *page)
{
	struct metrics_self self = own_figures(exporter);
	struct metrics_facts facts = {
		.format = format,
		.label = grouping_label(exporter->grouping),
		.self = &self,
	};
	FILE *out;
	int err;

	facts.features = source_features(exporter->source, &facts.feature);
	facts.programs = source_programs(exporter->source, &facts.program);
	free(page->text);
	page->text = NULL;
	out = open_memstream(&page->text, &page->size);
	if (!out)
		return -errno;
	err = metrics_write(census, &facts, out);
	return fclose(out) ? -EIO : err;
}

static int make_page(struct exporter *exporter, enum metrics_format format)
{
	struct page *page = &exporter->page[format];
	const struct census *census;
	struct census grouped;
	int err = 0;

	exporter->trouble = (struct fail){ 0 };
	census = source_census(exporter->source, &exporter->trouble);
	if (!census)
		return exporter->trouble.code ?: -EIO;
	err = grouping_take(exporter->grouping, census, &grouped);
	if (!err)
		err = write_page(exporter, &grouped, format, page);
	if (err)
		return fail_set(&exporter->trouble, err, "the page could not be made: %s",
				strerror(-err));
	page->at_ns = clock_now_ns();
	return 0;
}

static int on_metrics(void *context, enum metrics_format format, const char **text, size_t *size)
{
	struct exporter *exporter = context;
	struct page *page = &exporter->page[format];
	int err = 0;

	if (!page->at_ns || clock_now_ns() - page->at_ns > FRESH_NS) {
		page->at_ns = 0;
		err = make_page(exporter, format);
	}
	*text = page->text;
	*size = page->size;
	return err;
}

static int on_health(void *context, struct fail *fail)
{
	const struct exporter *exporter = context;

	*fail = exporter->trouble;
	return exporter->trouble.code;
}

static int on_departed(void *context, const struct census_group *process, uint64_t now_ns)
{
	struct exporter *exporter = context;

	return grouping_departed(exporter->grouping, process, now_ns);
}

/* --- beginning, middle, end --- */

/* What is asked for; else what systemd has opened; else the default. */
static int take_socket(struct exporter *exporter, struct fail *fail)
{
	struct fail none = { 0 };
	int fd = -ENOENT;

	if (exporter->options->listen)
		exporter->address = *exporter->options->listen;
	else
		fd = listen_inherited(&exporter->address, &none);
	if (fd < 0 && fd != -ENOENT) {
		*fail = none;
		return EXITS_FAILURE;
	}
	exporter->inherited = fd >= 0;
	if (fd < 0 && !exporter->options->listen)
		listen_parse(&exporter->address, "", fail);
	if (fd < 0)
		fd = listen_open(&exporter->address, fail);
	exporter->listen_fd = fd;
	return fd < 0 ? EXITS_FAILURE : 0;
}

/* Signals come through a descriptor; a client that hangs up is no reason to end. */
static int take_signals(struct exporter *exporter, struct fail *fail)
{
	sigset_t taken;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&taken);
	sigaddset(&taken, SIGINT);
	sigaddset(&taken, SIGTERM);
	sigaddset(&taken, SIGHUP);
	sigprocmask(SIG_BLOCK, &taken, &exporter->before);
	exporter->signal_fd = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
	if (exporter->signal_fd >= 0)
		return 0;
	fail_set(fail, -errno, "cannot open a signalfd: %s", strerror(errno));
	return EXITS_FAILURE;
}

static int open_source(struct exporter *exporter, struct fail *fail)
{
	struct source_options options = exporter->options->source;

	options.by_process = exporter->options->group_by != GROUPING_NONE;
	options.departed = on_departed;
	options.context = exporter;
	exporter->source = source_open(&options, fail);
	if (exporter->source)
		return 0;
	return fail->code > 0 ? fail->code : EXITS_FAILURE;
}

static int begin(struct exporter *exporter, struct fail *fail)
{
	const struct http_options http = {
		.landing = landing,
		.context = exporter,
		.metrics = on_metrics,
		.health = on_health,
	};
	struct http_options options = http;
	int status = take_socket(exporter, fail) ?: take_signals(exporter, fail);

	if (status)
		return status;
	exporter->grouping =
		grouping_new(exporter->options->group_by, exporter->options->max_groups);
	if (!exporter->grouping) {
		fail_set(fail, -ENOMEM, "no memory for the groups");
		return EXITS_FAILURE;
	}
	status = open_source(exporter, fail);
	if (status)
		return status;
	options.listen_fd = exporter->listen_fd;
	exporter->http = http_new(&options, fail);
	return exporter->http ? 0 : EXITS_FAILURE;
}

static void announce(const struct exporter *exporter)
{
	bool address = exporter->address.address.ss_family != AF_UNIX;

	log_note("serving on %s%s%s", address ? "http://" : "",
		 quote_string(exporter->address.text).text, address ? "/metrics" : "");
	if (!listen_is_local(&exporter->address))
		log_note("other hosts can read it: it has no password, and the names of what runs "
			 "here");
}

static int sooner(int left, int right)
{
	if (left < 0)
		return right;
	return right < 0 || left < right ? left : right;
}

/* Taken off, or it would strike when it is no longer blocked. */
static bool is_over(const struct exporter *exporter)
{
	struct signalfd_siginfo info;

	return read(exporter->signal_fd, &info, sizeof(info)) == sizeof(info);
}

static int serve(struct exporter *exporter, struct fail *fail)
{
	struct pollfd fds[] = {
		{ .fd = exporter->signal_fd, .events = POLLIN },
		{ .fd = http_fd(exporter->http), .events = POLLIN },
		{ .fd = source_fd(exporter->source), .events = POLLIN },
	};

	for (;;) {
		poll(fds, sizeof(fds) / sizeof(fds[0]),
		     sooner(http_wait_ms(exporter->http), source_wait_ms(exporter->source)));
		if (is_over(exporter))
			return 0;
		if (source_step(exporter->source, fail))
			return EXITS_FAILURE;
		http_run(exporter->http);
	}
}

static void clean_up(struct exporter *exporter)
{
	http_free(exporter->http);
	source_close(exporter->source);
	grouping_free(exporter->grouping);
	for (size_t i = 0; i < METRICS_FORMATS; i++)
		free(exporter->page[i].text);
	if (exporter->listen_fd >= 0) {
		close(exporter->listen_fd);
		if (!exporter->inherited)
			listen_remove(&exporter->address);
	}
	if (exporter->signal_fd >= 0) {
		close(exporter->signal_fd);
		sigprocmask(SIG_SETMASK, &exporter->before, NULL);
	}
}

int exporter_run(const struct exporter_options *options, struct fail *fail)
{
	struct timespec now;
	struct exporter exporter = { .options = options, .listen_fd = -1, .signal_fd = -1 };
	int status;

	clock_gettime(CLOCK_REALTIME, &now);
	exporter.started_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	status = begin(&exporter, fail);
	if (!status) {
		announce(&exporter);
		status = serve(&exporter, fail);
	}
	clean_up(&exporter);
	return status;
}
