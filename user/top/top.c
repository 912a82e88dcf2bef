// SPDX-License-Identifier: GPL-2.0
/* top.c - see top.h. */
#include "top/top.h"

#include <errno.h>
#include <math.h>
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
#include "top/batch.h"
#include "top/screen.h"

struct top {
	const struct top_options *options;
	struct feed *feed;
	struct rates *rates;
	struct order order;
	struct view view;
	struct screen *screen; /* NULL: batches */
	int signal_fd;
	sigset_t before;
	uint64_t due_ns, updates;
	uint64_t cpu_ns, programs_ns, looked_ns; /* at the latest census */
	char clock[16];
	struct display_facts facts;
};

/* --- what it costs itself --- */

static uint64_t own_cpu_ns(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000 +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

static uint64_t own_rss(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	char line[128], *at = line;

	if (!file)
		return BYTES_UNKNOWN;
	if (!fgets(line, sizeof(line), file))
		*line = '\0';
	fclose(file);
	strtoul(at, &at, 10);
	if (*at != ' ')
		return BYTES_UNKNOWN;
	return strtoul(at, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static double part_of(uint64_t now, uint64_t before, uint64_t interval_ns)
{
	if (now == NS_UNKNOWN || before == NS_UNKNOWN || !interval_ns)
		return NAN;
	return (double)(now - before) / (double)interval_ns;
}

static void note_facts(struct top *top, uint64_t now_ns)
{
	uint64_t cpu_ns = own_cpu_ns(), programs_ns = feed_programs_ns(top->feed);
	uint64_t interval_ns = now_ns - top->looked_ns;
	time_t wall = time(NULL);
	struct tm parts;

	*top->clock = '\0';
	if (localtime_r(&wall, &parts))
		strftime(top->clock, sizeof(top->clock), "%H:%M:%S", &parts);
	top->facts = (struct display_facts){
		.targets = top->options->feed.described,
		.clock = top->clock,
		.own_cpu = part_of(cpu_ns, top->cpu_ns, interval_ns),
		.own_rss = own_rss(),
		.programs = part_of(programs_ns, top->programs_ns, interval_ns),
		.tasks = feed_tasks(top->feed),
	};
	top->cpu_ns = cpu_ns;
	top->programs_ns = programs_ns;
	top->looked_ns = now_ns;
}

/* --- an update --- */

static int no_memory(struct fail *fail)
{
	fail_set(fail, -ENOMEM, "no memory for so many processes");
	return EXITS_FAILURE;
}

static int show(struct top *top, struct fail *fail)
{
	const struct rates_view *rates = rates_view(top->rates);
	int err = 0;

	if (order_make(&top->order, &top->view, rates))
		return no_memory(fail);
	if (top->screen)
		screen_draw(top->screen, &top->view, rates, &top->order, &top->facts);
	else
		err = batch_write(stdout, &top->view, rates, &top->order, &top->facts,
				  top->options->width);
	if (!err)
		return 0;
	fail_set(fail, err, "cannot write to standard output: %s", strerror(-err));
	return EXITS_OUTPUT;
}

static void set_due(struct top *top, uint64_t now_ns)
{
	uint64_t interval_ns = (uint64_t)(top->view.interval * 1e9);

	/* after a stop it does not catch up */
	top->due_ns += interval_ns;
	if (top->due_ns <= now_ns || top->due_ns > now_ns + interval_ns)
		top->due_ns = now_ns + interval_ns;
}

static int update(struct top *top, struct fail *fail)
{
	const struct census *census = feed_census(top->feed, fail);
	int err;

	if (!census)
		return EXITS_FAILURE;
	err = rates_take(top->rates, census);
	if (err == -EAGAIN)
		return 0;
	if (err)
		return no_memory(fail);
	note_facts(top, census->at_ns);
	top->updates++;
	return show(top, fail);
}

static bool is_over(const struct top *top)
{
	uint64_t wanted = top->options->updates;

	return top->view.quit || (wanted && top->updates >= wanted);
}

/* --- keys --- */

static int take_keys(struct top *top, bool resumed, struct fail *fail)
{
	double interval = top->view.interval;
	bool changed = resumed, frozen = top->view.frozen;
	int key;

	while (!top->view.quit && (key = screen_key(top->screen, &changed)) >= 0) {
		view_key(&top->view, key);
		changed = true;
	}
	if (top->view.interval != interval || (frozen && !top->view.frozen))
		top->due_ns =
			clock_now_ns() +
			(frozen && !top->view.frozen ? 0 : (uint64_t)(top->view.interval * 1e9));
	return changed && !top->view.quit ? show(top, fail) : 0;
}

/* --- the course --- */

static int wait_ms(const struct top *top)
{
	uint64_t now_ns = clock_now_ns();
	int most = feed_wait_ms(top->feed), due = -1;

	if (!top->view.frozen)
		due = top->due_ns <= now_ns ? 0 : (int)((top->due_ns - now_ns + 999999) / 1000000);
	if (due < 0 || (most >= 0 && most < due))
		return most;
	return due;
}

/* The signal is taken off, or it would strike when it is no longer blocked. */
static bool is_told_to_end(const struct top *top)
{
	struct signalfd_siginfo info;

	return read(top->signal_fd, &info, sizeof(info)) == sizeof(info);
}

/* poll() is interrupted by what ncurses takes: another size of the window, the return from a stop. */
static int course(struct top *top, struct fail *fail)
{
	struct pollfd fds[] = {
		{ .fd = top->signal_fd, .events = POLLIN },
		{ .fd = feed_fd(top->feed), .events = POLLIN },
		{ .fd = top->screen ? STDIN_FILENO : -1, .events = POLLIN },
	};
	int status = 0;

	while (!status && !is_over(top)) {
		bool interrupted = poll(fds, 3, wait_ms(top)) < 0;

		if (is_told_to_end(top))
			return 0;
		if (!interrupted && fds[2].revents & (POLLHUP | POLLERR | POLLNVAL))
			return 0; /* the terminal is gone */
		if (feed_step(top->feed, fail))
			return EXITS_FAILURE;
		if (top->screen && (interrupted || fds[2].revents))
			status = take_keys(top, interrupted, fail);
		if (status || top->view.frozen || clock_now_ns() < top->due_ns)
			continue;
		status = update(top, fail);
		set_due(top, clock_now_ns());
	}
	return status;
}

static int take_signals(struct top *top, struct fail *fail)
{
	sigset_t taken;

	sigemptyset(&taken);
	sigaddset(&taken, SIGINT);
	sigaddset(&taken, SIGTERM);
	sigaddset(&taken, SIGHUP);
	sigprocmask(SIG_BLOCK, &taken, &top->before);
	top->signal_fd = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
	if (top->signal_fd >= 0)
		return 0;
	fail_set(fail, -errno, "cannot open a signalfd: %s", strerror(errno));
	return EXITS_FAILURE;
}

static int begin(struct top *top, struct fail *fail)
{
	int status = take_signals(top, fail);

	if (status)
		return status;
	top->rates = rates_new();
	if (!top->rates)
		return no_memory(fail);
	top->feed = feed_open(&top->options->feed, fail);
	if (!top->feed)
		return fail->code > 0 ? fail->code : EXITS_FAILURE;
	if (!top->options->batch) {
		top->screen = screen_open(top->options->colour, fail);
		if (!top->screen)
			return fail->code;
	}
	note_facts(top, clock_now_ns());
	top->due_ns = top->looked_ns;
	set_due(top, top->looked_ns);
	return top->screen ? show(top, fail) : 0;
}

static void clean_up(struct top *top)
{
	screen_close(top->screen);
	feed_close(top->feed);
	rates_free(top->rates);
	order_free(&top->order);
	if (top->signal_fd < 0)
		return;
	close(top->signal_fd);
	sigprocmask(SIG_SETMASK, &top->before, NULL);
}

int top_run(const struct top_options *options, struct fail *fail)
{
	struct top top = { .options = options, .view = options->view, .signal_fd = -1 };
	int status;

	top.view.can_threads = options->feed.threads;
	top.view.threads = options->feed.threads;
	status = begin(&top, fail) ?: course(&top, fail);
	clean_up(&top);
	return status;
}
