// SPDX-License-Identifier: GPL-2.0
/*
 * share.c - `share WORKERS MIB SECONDS`: writes MIB MiB and forks WORKERS that keep them, untouched, for
 * SECONDS, as it does itself. Prints what it had resident before the fork, in kB (VmRSS: exact since 6.16, else
 * true to a batch of pages for each CPU).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* As a number of kB from /proc/self/status. */
static long status_kb(const char *key)
{
	FILE *status = fopen("/proc/self/status", "re");
	char line[256];
	long kb = -1;

	while (status && fgets(line, sizeof(line), status))
		if (!strncmp(line, key, strlen(key)))
			kb = atol(line + strlen(key));
	if (status)
		fclose(status);
	return kb;
}

int main(int argc, char **argv)
{
	int workers = argc > 3 ? atoi(argv[1]) : 0;
	size_t size = (size_t)(argc > 3 ? atol(argv[2]) : 0) << 20;
	unsigned int seconds = argc > 3 ? (unsigned int)atoi(argv[3]) : 0;
	char *memory = mmap(NULL, size ? size : 1, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return 1;
	memset(memory, 1, size);
	printf("%ld\n", status_kb("VmRSS:"));
	fflush(stdout);
	for (int i = 0; i < workers; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return 1;
		if (!pid) {
			sleep(seconds);
			_exit(0);
		}
	}
	sleep(seconds);
	while (wait(NULL) > 0)
		;
	return 0;
}
