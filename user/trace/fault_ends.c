// SPDX-License-Identifier: GPL-2.0
/* fault_ends.c - opens, counts and closes the events; see fault_ends.h. */
#include "trace/fault_ends.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Disabled until its program is attached: so that every event it counts should have run it. */
static int open_event(uint64_t config, unsigned int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = config,
		.sample_period = 1,
		.disabled = 1,
	};

	return (int)syscall(SYS_perf_event_open, &attr, -1, (int)cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

static int attach_on(struct fault_ends *ends, unsigned int cpu, uint64_t config,
		     struct bpf_program *program, struct fail *fail)
{
	int fd = open_event(config, cpu);
	struct bpf_link *link;

	if (fd < 0 && errno == ENODEV) /* the CPU is offline */
		return 0;
	if (fd < 0)
		return fail_set(fail, -errno, "cannot open perf's page faults on CPU %u: %s", cpu,
				strerror(errno));
	link = bpf_program__attach_perf_event(program, fd);
	if (!link) {
		int err = -errno;

		close(fd);
		return fail_set(fail, err, "cannot attach to perf's page faults on CPU %u: %s", cpu,
				strerror(-err));
	}
	ends->event[ends->count] = fd;
	ends->link[ends->count++] = link;
	return 0;
}

int fault_ends_open(struct fault_ends *ends, unsigned int cpus, struct bpf_program *minor,
		    struct bpf_program *major, struct fail *fail)
{
	int err = 0;

	ends->link = calloc(2 * (size_t)cpus, sizeof(struct bpf_link *));
	ends->event = calloc(2 * (size_t)cpus, sizeof(*ends->event));
	if (!ends->link || !ends->event)
		return fail_set(fail, -ENOMEM, "no memory");
	for (unsigned int cpu = 0; !err && cpu < cpus; cpu++) {
		err = attach_on(ends, cpu, PERF_COUNT_SW_PAGE_FAULTS_MIN, minor, fail);
		if (!err)
			err = attach_on(ends, cpu, PERF_COUNT_SW_PAGE_FAULTS_MAJ, major, fail);
	}
	return err;
}

uint64_t fault_ends_stop(struct fault_ends *ends)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < ends->count; i++)
		ioctl(ends->event[i], PERF_EVENT_IOC_DISABLE, 0);
	for (unsigned int i = 0; i < ends->count; i++) {
		uint64_t count = 0;

		if (read(ends->event[i], &count, sizeof(count)) == sizeof(count))
			sum += count;
	}
	return sum;
}

void fault_ends_close(struct fault_ends *ends)
{
	for (unsigned int i = 0; i < ends->count; i++)
		bpf_link__destroy(ends->link[i]);
	free(ends->link);
	free(ends->event);
	memset(ends, 0, sizeof(*ends));
}
