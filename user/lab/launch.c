// SPDX-License-Identifier: GPL-2.0
/* launch.c - starts a workload, waits for it and reads its output; see launch.h. */
#include "lab/launch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/exits.h"
#include "base/quote.h"
#include "lab/stop.h"
#include "trace/target.h"

#define OUTPUT_MOST (1 << 20) /* bytes; a workload prints a line */
#define WAIT_MS 200	      /* between two looks at the signals */
#define WAIT_BLIND_MS 5	      /* the same without a pidfd (before Linux 5.3) */

/* Waits for the end; a signal that asks us to stop goes on to the command, each time it comes. */
static void wait_for(struct target *target)
{
	struct pollfd end = { .fd = pidfd_open(target->pid, 0), .events = POLLIN };
	bool told = false;

	while (!target_ended(target)) {
		poll(&end, 1, end.fd >= 0 ? WAIT_MS : WAIT_BLIND_MS);
		if (stop_signal() && !told) {
			kill(target->pid, stop_signal());
			told = true;
		}
	}
	if (end.fd >= 0)
		close(end.fd);
}

static int run_untraced(char *const *argv, int output, int *status, struct fail *fail)
{
	struct launch launch = { .argv = argv, .stdout_fd = output };
	struct target target;
	sigset_t mask;
	int err;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	launch.mask = &mask;
	err = target_hold(&target, &launch, fail);
	if (err)
		return EXITS_FAILURE;
	err = target_release(&target, fail);
	if (!err)
		wait_for(&target);
	target_close(&target);
	*status = target.status;
	if (err)
		return target.refused ?: EXITS_FAILURE;
	return 0;
}

static int run_traced(char *const *argv, int output, const struct features *features,
		      const struct lab_trace *trace, struct launched *launched, int *status,
		      struct fail *fail)
{
	const struct run_options options = {
		.argv = argv,
		.stdout_fd = output,
		.wanted = { .faults = trace->faults, .shootdowns = trace->shootdowns },
		.memory = trace->memory,
	};
	int failed = run_command(&options, features, &launched->trace, fail);

	/* the command may have ended before it could hear of it */
	if (stop_is_asked_by(launched->trace.signal))
		stop_requested(launched->trace.signal);
	if (failed)
		return failed;
	launched->traced = true;
	*status = launched->trace.status;
	return 0;
}

static char *read_all(int fd)
{
	struct stat status;
	char *text;
	ssize_t got;

	if (fstat(fd, &status) || status.st_size > OUTPUT_MOST)
		return NULL;
	text = calloc((size_t)status.st_size + 1, 1);
	if (!text)
		return NULL;
	got = pread(fd, text, (size_t)status.st_size, 0);
	if (got == status.st_size)
		return text;
	free(text);
	return NULL;
}

/* 0 when the command ended well; it has told its own reason on standard error when not. */
static int judge(const char *program, int status, struct fail *fail)
{
	int code = run_exit_status(status);

	if (stop_is_asked_by(code - 128))
		stop_requested(code - 128);
	if (stop_signal())
		return -EINTR;
	if (!code)
		return 0;
	if (code == EXITS_RESOURCES || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)) {
		fail_set(fail, -ENOMEM, "%s",
			 WIFSIGNALED(status) ?
				 "the workload was killed, by the kernel for want of memory or by "
				 "someone" :
				 "the workload was refused memory, tasks or descriptors");
		return EXITS_RESOURCES;
	}
	if (WIFSIGNALED(status))
		fail_set(fail, -EIO, "%s was ended by signal %d (%s)", quote_string(program).text,
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		fail_set(fail, -EIO, "%s ended with status %d", quote_string(program).text, code);
	return EXITS_FAILURE;
}

int launch(char *const *argv, const struct features *features, const struct lab_trace *trace,
	   struct launched *launched, struct fail *fail)
{
	int output = memfd_create("workload-output", MFD_CLOEXEC);
	int status = 0, failed;

	memset(launched, 0, sizeof(*launched));
	if (output < 0) {
		fail_set(fail, -errno, "cannot make a memory file: %s", strerror(errno));
		return EXITS_FAILURE;
	}
	if (features)
		failed = run_traced(argv, output, features, trace, launched, &status, fail);
	else
		failed = run_untraced(argv, output, &status, fail);
	if (!failed)
		failed = judge(argv[0], status, fail);
	if (!failed) {
		launched->output = read_all(output);
		if (!launched->output) {
			fail_set(fail, -EIO, "cannot read what %s printed",
				 quote_string(argv[0]).text);
			failed = EXITS_FAILURE;
		}
	}
	close(output);
	if (failed)
		launched_free(launched);
	return failed;
}

void launched_free(struct launched *launched)
{
	free(launched->output);
	if (launched->traced)
		run_result_free(&launched->trace);
	memset(launched, 0, sizeof(*launched));
}
