// SPDX-License-Identifier: GPL-2.0
/*
 * stages.c - 512 pages are written for the first time, 512 by a thread on its stack, and a forked child writes
 * the first ones again; after each stage nothing happens for 100 ms, so that who reads /proc/PID/maps comes in
 * time.
 */
#include <alloca.h>
#include <err.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGES 512
#define STAGE_US 100000

static void write_pages(char *from)
{
	long page = sysconf(_SC_PAGESIZE);

	for (long i = 0; i < PAGES; i++)
		*(volatile char *)(from + i * page) = 1;
	usleep(STAGE_US);
}

static void *on_stack(void *unused)
{
	write_pages(alloca(PAGES * (size_t)sysconf(_SC_PAGESIZE)));
	return unused;
}

int main(void)
{
	size_t size = PAGES * (size_t)sysconf(_SC_PAGESIZE);
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_t thread;
	pid_t child;
	int status;

	if (memory == MAP_FAILED || madvise(memory, size, MADV_NOHUGEPAGE))
		err(1, "cannot map memory");
	write_pages(memory);
	if (pthread_create(&thread, NULL, on_stack, NULL) || pthread_join(thread, NULL))
		errx(1, "cannot run a thread");
	child = fork();
	if (child < 0)
		err(1, "cannot fork");
	if (!child) {
		write_pages(memory);
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child || status)
		errx(1, "the child failed");
	return 0;
}
