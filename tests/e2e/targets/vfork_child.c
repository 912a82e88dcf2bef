// SPDX-License-Identifier: GPL-2.0
/* vfork_child.c - N vfork children (default 50), each sleeping once in its parent's memory. */
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A frame of its own: what the child must not clobber is not in it. */
static int sleep_in_child(void)
{
	static const struct timespec nap = { .tv_nsec = 1000000 };
	pid_t pid = vfork();

	if (pid < 0)
		return -1;
	if (!pid) {
		nanosleep(&nap, NULL);
		_exit(0);
	}
	return waitpid(pid, NULL, 0) == pid ? 0 : -1;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 50;

	for (int i = 0; i < n; i++)
		if (sleep_in_child())
			return 1;
	return 0;
}
