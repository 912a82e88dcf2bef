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

static bool has(unsigned int cpu, unsigned int index, const char *name, const char *value)
{
	char line[64];

	return read_line(cpu, index, name, line, sizeof(line)) && strcmp(line, value) == 0;
}

uint64_t cache_l2_bytes(unsigned int cpu)
{
	unsigned int index = 0;
	uint64_t bytes;
	char line[64];

	while (read_line(cpu, index, "level", line, sizeof(line)) &&
	       (strcmp(line, "2") != 0 || has(cpu, index, "type", "Instruction")))
		index++;
	if (read_line(cpu, index, "size", line, sizeof(line)) && !parse_size(line, &bytes))
		return bytes;
	return 0;
}
