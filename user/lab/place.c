// SPDX-License-Identifier: GPL-2.0
/* place.c - finds the demo and the CPU; see place.h. */
#include "lab/place.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/quote.h"
#include "base/units.h"

#define DEMO "tasktax-demo"
#define CPUS_MOST 8192 /* the largest CONFIG_NR_CPUS */

static bool is_program(const char *path)
{
	struct stat status;

	return !stat(path, &status) && S_ISREG(status.st_mode) && !access(path, X_OK);
}

/* folder/tasktax-demo if it is a program; an empty folder is the current one, as in PATH. */
static char *program_in(const char *folder, size_t length)
{
	char *path;

	if (asprintf(&path, "%.*s/%s", length ? (int)length : 1, length ? folder : ".", DEMO) < 0)
		return NULL;
	if (is_program(path))
		return path;
	free(path);
	return NULL;
}

static char *program_in_path(void)
{
	const char *at = getenv("PATH");
	char *found = NULL;

	while (at && !found) {
		size_t length = strcspn(at, ":");

		found = program_in(at, length);
		at = at[length] ? at + length + 1 : NULL;
	}
	return found;
}

char *place_find_demo(struct fail *fail)
{
	char own[PATH_MAX] = "";
	ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 1);
	char *slash, *found = NULL;

	own[length > 0 ? length : 0] = '\0';
	slash = strrchr(own, '/');
	if (slash)
		found = program_in(own, (size_t)(slash - own));
	if (!found)
		found = program_in_path();
	if (!found)
		fail_set(fail, -ENOENT,
			 "cannot find %s beside %s or in PATH; `make` builds it, `make install` "
			 "installs it",
			 DEMO, quote_string(own).text);
	return found;
}

static int refuse(const cpu_set_t *set, size_t size, int cpu, struct fail *fail)
{
	char list[128] = "";
	size_t length = 0;

	for (int i = 0; i < CPUS_MOST && length < sizeof(list) - 16; i++) {
		int last = i;

		if (!CPU_ISSET_S((size_t)i, size, set))
			continue;
		while (last + 1 < CPUS_MOST && CPU_ISSET_S((size_t)last + 1, size, set))
			last++;
		length += (size_t)snprintf(list + length, sizeof(list) - length,
					   last > i ? "%s%d-%d" : "%s%d", length ? "," : "", i,
					   last);
		i = last;
	}
	return fail_set(fail, -EINVAL, "--cpu %d: this process may use CPU %s only", cpu, list);
}

int place_cpu(int *cpu, unsigned int *cpus, struct fail *fail)
{
	size_t size = CPU_ALLOC_SIZE(CPUS_MOST);
	cpu_set_t *set = CPU_ALLOC(CPUS_MOST);
	int err = 0;

	if (!set)
		return fail_set(fail, -ENOMEM, "no memory");
	CPU_ZERO_S(size, set);
	if (sched_getaffinity(0, size, set)) {
		err = fail_set(fail, -errno, "cannot read the allowed CPUs: %s", strerror(errno));
	} else if (*cpu == PLACE_LAST_CPU) {
		for (int i = 0; i < CPUS_MOST; i++)
			if (CPU_ISSET_S((size_t)i, size, set))
				*cpu = i;
	} else if (*cpu >= CPUS_MOST || !CPU_ISSET_S((size_t)*cpu, size, set)) {
		err = refuse(set, size, *cpu, fail);
	}
	*cpus = (unsigned int)CPU_COUNT_S(size, set);
	CPU_FREE(set);
	return err;
}

/* The first line of a file; "" when there is none. */
static void read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");

	line[0] = '\0';
	if (!file)
		return;
	if (!fgets(line, (int)size, file))
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	fclose(file);
}

uint64_t place_l2_bytes(int cpu)
{
	char path[96], line[32];
	uint64_t bytes;

	for (int index = 0; index < 8; index++) {
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/cache/index%d/level",
			 cpu, index);
		read_line(path, line, sizeof(line));
		if (strcmp(line, "2") != 0)
			continue;
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/cache/index%d/size",
			 cpu, index);
		read_line(path, line, sizeof(line));
		return parse_size(line, &bytes) ? 0 : bytes;
	}
	return 0;
}
