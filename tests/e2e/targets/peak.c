// SPDX-License-Identifier: GPL-2.0
/*
 * peak.c - touches MIB MiB and says, last thing, what the kernel thinks its peak was, in kB.
 *
 * `peak keep MIB`: VmHWM of /proc/self/status. `peak drop MIB`: the same after giving them back, so that the
 * peak is not what is resident at the end. `peak child MIB`: a child does it, and ru_maxrss of wait4() is said.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Without the heap, and twice, so that nothing of it is touched the first time when it counts. */
static void say_peak(void)
{
	static char text[8192];
	const char *at = NULL;

	for (int i = 0; i < 2; i++) {
		int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
		ssize_t got = read(fd, text, sizeof(text) - 1);

		close(fd);
		text[got > 0 ? got : 0] = '\0';
		at = strstr(text, "VmHWM:");
		at = at ? at + strlen("VmHWM:") : "";
		at += strspn(at, " \t");
		if (write(i ? STDOUT_FILENO : -1, at, strcspn(at, " ")) < 0 && i)
			_exit(1);
	}
}

static void touch(size_t size, int drop)
{
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		_exit(1);
	memset(memory, 1, size);
	if (drop)
		munmap(memory, size);
}

static void say_child(size_t size)
{
	struct rusage usage = { 0 };
	pid_t pid = fork();

	if (!pid) {
		touch(size, 0);
		_exit(0);
	}
	if (pid < 0 || wait4(pid, NULL, 0, &usage) != pid)
		_exit(1);
	printf("%ld", usage.ru_maxrss);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	size_t size = (size_t)(argc > 2 ? atol(argv[2]) : 0) << 20;

	if (!size)
		return 1;
	if (!strcmp(argv[1], "child")) {
		say_child(size);
		return 0;
	}
	touch(size, !strcmp(argv[1], "drop"));
	say_peak();
	_exit(0);
}
