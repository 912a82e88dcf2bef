// SPDX-License-Identifier: GPL-2.0
/* cpus.c - the CPUs that this task may use, and pinning to one of them; see cpus.h. */
#include "cpus.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

struct cpus {
	cpu_set_t set[CPU_LIMIT / CPU_SETSIZE];
};

static bool has(const struct cpus *cpus, unsigned int cpu)
{
	return CPU_ISSET_S(cpu, sizeof(cpus->set), cpus->set);
}

static int allowed(struct cpus *cpus, struct fail *fail)
{
	memset(cpus, 0, sizeof(*cpus));
	if (sched_getaffinity(0, sizeof(cpus->set), cpus->set))
		return fail_set(fail, -errno, "cannot read the set of allowed CPUs: %m");
	return 0;
}

/* "0-3,7"; what does not fit is left out. */
static void describe(const struct cpus *cpus, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (unsigned int from = 0, to; from < CPU_LIMIT && used < size; from = to + 1) {
		to = from;
		if (!has(cpus, from))
			continue;
		while (to + 1 < CPU_LIMIT && has(cpus, to + 1))
			to++;
		used += snprintf(text + used, size - used, from == to ? "%s%u" : "%s%u-%u",
				 used ? "," : "", from, to);
	}
}

int cpus_last(struct fail *fail)
{
	struct cpus cpus;
	int err = allowed(&cpus, fail);

	if (err)
		return err;
	for (int cpu = CPU_LIMIT - 1; cpu >= 0; cpu--)
		if (has(&cpus, cpu))
			return cpu;
	return fail_set(fail, -ENODEV, "the set of allowed CPUs is empty");
}

int cpus_count(struct fail *fail)
{
	struct cpus cpus;
	int err = allowed(&cpus, fail);

	return err ? err : CPU_COUNT_S(sizeof(cpus.set), cpus.set);
}

int cpus_spread(unsigned int n, struct fail *fail)
{
	struct cpus cpus;
	int err = allowed(&cpus, fail), cpu = CPU_LIMIT;

	if (err)
		return err;
	n %= (unsigned int)CPU_COUNT_S(sizeof(cpus.set), cpus.set);
	do {
		do {
			cpu--;
		} while (!has(&cpus, (unsigned int)cpu));
	} while (n--);
	return cpu;
}

int cpus_check(unsigned int cpu, struct fail *fail)
{
	struct cpus cpus;
	char text[128];
	int err = allowed(&cpus, fail);

	if (err || has(&cpus, cpu))
		return err;
	describe(&cpus, text, sizeof(text));
	return fail_set(fail, -EINVAL,
			"CPU %u is not one of the allowed CPUs (%s); name one of these, or auto",
			cpu, text);
}

int cpus_pin(unsigned int cpu, struct fail *fail)
{
	struct cpus cpus = { 0 };

	CPU_SET_S(cpu, sizeof(cpus.set), cpus.set);
	if (sched_setaffinity(0, sizeof(cpus.set), cpus.set))
		return fail_set(fail, -errno, "cannot pin a task to CPU %u: %m", cpu);
	return 0;
}
