// SPDX-License-Identifier: GPL-2.0
/* pages.c - private anonymous memory of a size that the user names; see pages.h. */
#include "pages.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory_room.h"
#include "base/quote.h"
#include "base/units.h"

#define HUGE (2 * MIB) /* the most common size of a huge page; a multiple of smaller ones */

error_t pages_option(const char *option, const char *text, uint64_t min, uint64_t max,
		     uint64_t *bytes)
{
	if (!parse_size(text, bytes) && *bytes >= min && *bytes <= max && *bytes % MIB == 0)
		return 0;
	log_error("%s %s: not a size in whole MiB from %" PRIu64 "M to %" PRIu64 "M", option,
		  quote_string(text).text, min / MIB, max / MIB);
	return EINVAL;
}

bool pages_field(const char *line, const char *name, uint64_t *kib)
{
	size_t length = strlen(name);
	uint64_t value;
	char *end;

	if (strncmp(line, name, length) != 0 || line[length] != ':')
		return false;
	errno = 0;
	value = strtoull(line + length + 1, &end, 10);
	if (errno || strcmp(end, " kB\n") != 0)
		return false;
	*kib = value;
	return true;
}

int pages_available(uint64_t bytes, struct fail *fail)
{
	char needed[UNITS_TEXT_SIZE], there[UNITS_TEXT_SIZE];
	uint64_t room = memory_room_bytes("/proc", "/sys/fs/cgroup");

	if (!room || bytes <= room)
		return 0;
	return fail_set(fail, -ENOMEM, "needs %s of memory and %s are available; ask for less",
			format_bytes(needed, sizeof(needed), bytes),
			format_bytes(there, sizeof(there), room));
}

char *pages_map(uint64_t bytes, bool huge, struct fail *fail)
{
	char *memory = mmap(NULL, bytes + HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
	char text[UNITS_TEXT_SIZE];
	size_t skip;

	if (memory == MAP_FAILED) {
		fail_set(fail, -errno, "cannot map %s of memory: %m; ask for less",
			 format_bytes(text, sizeof(text), bytes));
		return NULL;
	}
	skip = HUGE - (uintptr_t)memory % HUGE;
	munmap(memory, skip);
	memory += skip;
	/* EINVAL: the kernel knows no huge pages, which is what the one wants and the other gets */
	if (madvise(memory, bytes, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE) && errno != EINVAL) {
		fail_set(fail, -errno, "cannot choose the size of pages: %m");
		return NULL;
	}
	return memory;
}

static uint64_t page_size(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t pages_count(uint64_t bytes)
{
	return bytes / page_size();
}

/* Its faults are counted: none may be of the memory that the address sanitizer keeps beside it. */
__attribute__((no_sanitize("address"))) void pages_write(char *memory, uint64_t bytes, char value)
{
	uint64_t step = page_size();

	for (uint64_t at = 0; at < bytes; at += step)
		*(volatile char *)(memory + at) = value;
}

__attribute__((no_sanitize("address"))) void pages_read(const char *memory, uint64_t bytes)
{
	uint64_t step = page_size();

	for (uint64_t at = 0; at < bytes; at += step)
		(void)*(const volatile char *)(memory + at);
}
