// SPDX-License-Identifier: GPL-2.0
/* placement.c - which CPUs this program may use, and pinning to one of them; see placement.h. */
#include "placement.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define CPUS_FIRST 1024
#define CPUS_MAX (1024 * 1024)

/* cpu_set_t ends at 1024 CPUs; the kernel's set may be larger, and then it refuses the smaller. */
struct allowed {
	cpu_set_t *set;
	size_t size;
	int cpus;
};

static int allowed_read(struct allowed *allowed, struct fail *fail)
{
	int err;

	for (allowed->cpus = CPUS_FIRST; allowed->cpus <= CPUS_MAX; allowed->cpus *= 2) {
		allowed->set = CPU_ALLOC(allowed->cpus);
		allowed->size = CPU_ALLOC_SIZE(allowed->cpus);
		if (!allowed->set)
			return fail_set(fail, -ENOMEM, "cannot read the allowed CPUs: %s",
					strerror(ENOMEM));
		if (!sched_getaffinity(0, allowed->size, allowed->set))
			return 0;
		err = errno;
		CPU_FREE(allowed->set);
		if (err != EINVAL)
			return fail_set(fail, -err, "cannot read the allowed CPUs: %s",
					strerror(err));
	}
	return fail_set(fail, -EINVAL, "cannot read the allowed CPUs: more than %d", CPUS_MAX);
}

static bool allowed_has(const struct allowed *allowed, int cpu)
{
	return cpu >= 0 && cpu < allowed->cpus &&
	       CPU_ISSET_S((size_t)cpu, allowed->size, allowed->set);
}

static int allowed_last(const struct allowed *allowed)
{
	int cpu = allowed->cpus - 1;

	while (cpu > 0 && !allowed_has(allowed, cpu))
		cpu--;
	return cpu;
}

/* "0-3,8": as the kernel writes CPU lists. A list that does not fit ends in "...". */
static void allowed_list(const struct allowed *allowed, char *text, size_t size)
{
	size_t used = 0;
	int last;

	text[0] = '\0';
	for (int cpu = 0; cpu < allowed->cpus; cpu = last + 1) {
		last = cpu;
		if (!allowed_has(allowed, cpu))
			continue;
		while (allowed_has(allowed, last + 1))
			last++;
		if (used + 32 > size) {
			snprintf(text + used, size - used, ",...");
			return;
		}
		used += (size_t)snprintf(text + used, size - used, "%s%d", used ? "," : "", cpu);
		if (last > cpu)
			used += (size_t)snprintf(text + used, size - used, "-%d", last);
	}
}

int placement_resolve(int *cpu, struct fail *fail)
{
	struct allowed allowed;
	char list[128];
	int err = 0;

	if (*cpu == PLACEMENT_FREE)
		return 0;
	err = allowed_read(&allowed, fail);
	if (err)
		return err;
	if (*cpu == PLACEMENT_LAST) {
		*cpu = allowed_last(&allowed);
	} else if (!allowed_has(&allowed, *cpu)) {
		allowed_list(&allowed, list, sizeof(list));
		err = fail_set(fail, -EINVAL,
			       "--cpu %d: not one of the allowed CPUs (%s); choose one of these, "
			       "or auto",
			       *cpu, list);
	}
	CPU_FREE(allowed.set);
	return err;
}

int placement_pin(int cpu, struct fail *fail)
{
	size_t size = CPU_ALLOC_SIZE(cpu + 1);
	cpu_set_t *set;
	int err = 0;

	if (cpu == PLACEMENT_FREE)
		return 0;
	set = CPU_ALLOC(cpu + 1);
	if (!set)
		return fail_set(fail, -ENOMEM, "cannot pin to CPU %d: %s", cpu, strerror(ENOMEM));
	CPU_ZERO_S(size, set);
	CPU_SET_S((size_t)cpu, size, set);
	if (sched_setaffinity(0, size, set))
		err = fail_set(fail, -errno,
			       "cannot pin to CPU %d: %s; run without --cpu, or choose another",
			       cpu, strerror(errno));
	CPU_FREE(set);
	return err;
}
