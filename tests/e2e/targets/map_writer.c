// SPDX-License-Identifier: GPL-2.0
/*
 * map_writer.c - N processes (default 3) on one CPU that do nothing but write a large BPF map element.
 * While one of them is switched out in the middle of it, the kernel runs no kprobe program on this CPU.
 */
#include <linux/bpf.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SIZE (4u << 20)

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int write_for_ever(void)
{
	union bpf_attr map = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = SIZE,
		.max_entries = 1,
	};
	void *value = calloc(1, SIZE);
	union bpf_attr element;
	uint32_t key = 0;
	int fd = bpf(BPF_MAP_CREATE, &map);

	if (fd < 0 || !value)
		return 1;
	memset(&element, 0, sizeof(element));
	element.map_fd = (uint32_t)fd;
	element.key = (uintptr_t)&key;
	element.value = (uintptr_t)value;
	for (;;)
		if (bpf(BPF_MAP_UPDATE_ELEM, &element))
			return 1;
}

int main(int argc, char **argv)
{
	int n = argc > 2 ? atoi(argv[2]) : 3;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(argc > 1 ? atoi(argv[1]) : 0, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		return 1;
	for (int i = 1; i < n; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return 1;
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			break;
		}
	}
	return write_for_ever();
}
