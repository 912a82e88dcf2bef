// SPDX-License-Identifier: GPL-2.0
/*
 * pid_reuse.c - two children, one after the other, with the same pid (clone3 with set_tid, Linux 5.5,
 * needs CAP_CHECKPOINT_RESTORE or root). The first sleeps 5 times, the second 11. Prints the pid.
 */
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t clone_with_pid(pid_t wanted)
{
	struct clone_args arguments = { .exit_signal = SIGCHLD };

	if (wanted) {
		arguments.set_tid = (uintptr_t)&wanted;
		arguments.set_tid_size = 1;
	}
	return (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
}

/* A nap during which the time ran out before the task was asleep is none. */
static int child(int naps)
{
	struct rusage usage = { 0 };

	while (usage.ru_nvcsw < naps) {
		usleep(1000);
		getrusage(RUSAGE_SELF, &usage);
	}
	return 0;
}

int main(void)
{
	pid_t first = clone_with_pid(0), second;

	if (!first)
		_exit(child(5));
	waitpid(first, NULL, 0);
	second = clone_with_pid(first);
	if (!second)
		_exit(child(11));
	if (second != first)
		return 1;
	waitpid(second, NULL, 0);
	printf("%d\n", first);
	return 0;
}
