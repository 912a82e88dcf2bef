// SPDX-License-Identifier: GPL-2.0
/*
 * pid_reuse.c - two children, one after the other, with the same pid (clone3 with set_tid, Linux 5.5,
 * needs CAP_CHECKPOINT_RESTORE or root). Each switches a known number of times. Prints the pid.
 */
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
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

static int child(int naps)
{
	for (int i = 0; i < naps; i++)
		usleep(1000);
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
