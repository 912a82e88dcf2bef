// SPDX-License-Identifier: GPL-2.0
/* vfork_child.c - N vfork children (default 50), each sleeping once in its parent's memory. */
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 50;
	const struct timespec nap = { .tv_nsec = 200000 };

	for (int i = 0; i < n; i++) {
		pid_t pid = vfork();

		if (pid < 0)
			return 1;
		if (!pid) {
			nanosleep(&nap, NULL);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
	return 0;
}
