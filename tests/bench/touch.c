// SPDX-License-Identifier: GPL-2.0
/*
 * touch.c - the benchmark's load of page faults: writes each page of fresh memory, gives the memory back,
 * and does so again, on the CPU it is put on. Prints "WALL CPU": ns per fault, of the clock and of this task.
 *
 *   touch ROUNDS PAGES
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static double now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void touch(volatile char *memory, long pages, long page)
{
	for (long i = 0; i < pages; i++)
		memory[i * page] = 1;
}

int main(int argc, char **argv)
{
	long rounds = argc > 2 ? strtol(argv[1], NULL, 10) : 0;
	long pages = argc > 2 ? strtol(argv[2], NULL, 10) : 0, page = sysconf(_SC_PAGESIZE);
	double wall, cpu, faults = (double)rounds * (double)pages;
	char *memory;

	if (rounds <= 0 || pages <= 0) {
		fputs("usage: touch ROUNDS PAGES\n", stderr);
		return 2;
	}
	memory = mmap(NULL, (size_t)(pages * page), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED || madvise(memory, (size_t)(pages * page), MADV_NOHUGEPAGE)) {
		perror("touch");
		return 1;
	}
	touch(memory, pages, page);
	wall = now_ns(CLOCK_MONOTONIC);
	cpu = now_ns(CLOCK_THREAD_CPUTIME_ID);
	for (long i = 0; i < rounds; i++) {
		madvise(memory, (size_t)(pages * page), MADV_DONTNEED);
		touch(memory, pages, page);
	}
	printf("%.1f %.1f\n", (now_ns(CLOCK_MONOTONIC) - wall) / faults,
	       (now_ns(CLOCK_THREAD_CPUTIME_ID) - cpu) / faults);
	return 0;
}
