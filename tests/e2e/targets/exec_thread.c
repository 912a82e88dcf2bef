// SPDX-License-Identifier: GPL-2.0
/* exec_thread.c - a thread that is not the leader executes /bin/sh -c 'exit 5'. */
#include <pthread.h>
#include <unistd.h>

static void *execute(void *unused)
{
	(void)unused;
	execl("/bin/sh", "sh", "-c", "exit 5", (char *)NULL);
	return NULL;
}

int main(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, execute, NULL))
		return 1;
	for (;;)
		pause();
}
