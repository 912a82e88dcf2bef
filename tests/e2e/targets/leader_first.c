// SPDX-License-Identifier: GPL-2.0
/* leader_first.c - the leader of the thread group ends first, a thread ends the process (status 7). */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static void *last(void *unused)
{
	(void)unused;
	usleep(50000);
	exit(7);
}

int main(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, last, NULL))
		return 1;
	pthread_exit(NULL);
}
