// SPDX-License-Identifier: GPL-2.0
/* cache.c - the size of a CPU's second-level cache, as sysfs tells it; see cache.h. */
#include "cache.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

/* Documentation/ABI/testing/sysfs-devices-system-cpu names the files. */
static bool read_line(unsigned int cpu, unsigned int index, const char *name, char *line, int size)
{
	char path[96];
	FILE *file;
	bool read;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/cache/index%u/%s", cpu, index,
		 name);
	file = fopen(path, "re");
	if (!file)
		return false;
	read = fgets(line, size, file);
	fclose(file);
	if (read)
		line[strcspn(line, "\n")] = '\0';
	return read;
}

uint64_t cache_l2_bytes(unsigned int cpu)
{
	char line[64];
	uint64_t bytes;

	for (unsigned int i = 0; read_line(cpu, i, "level", line, sizeof(line)); i++) {
		if (strcmp(line, "2") || !read_line(cpu, i, "type", line, sizeof(line)) ||
		    !strcmp(line, "Instruction"))
			continue;
		if (read_line(cpu, i, "size", line, sizeof(line)) && !parse_size(line, &bytes))
			return bytes;
	}
	return 0;
}
