/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pages.h - private anonymous memory of a size that the user names, in small or huge pages; for the
 * experiments about memory and creation.
 *
 * Each page is written or read once by a call, so that the number of faults is known beforehand.
 */
#ifndef DEMO_PAGES_H
#define DEMO_PAGES_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

#define MIB ((uint64_t)1 << 20)

/* The value of an option: a size as "64M", in whole MiB from min to max. 0 or EINVAL, the user having been told. */
error_t pages_option(const char *option, const char *text, uint64_t min, uint64_t max,
		     uint64_t *bytes);

/*
 * Whether so many bytes can be made resident, page tables apart, by what the kernel calls available. 0 or -ENOMEM; 0
 * too where the kernel does not say. Nothing is set aside: somebody else may take it.
 */
int pages_available(uint64_t bytes, struct fail *fail);

/*
 * Untouched memory of this task alone, in huge pages wherever they fit or in none (MADV_HUGEPAGE,
 * MADV_NOHUGEPAGE); it begins where a huge page can. NULL on failure.
 */
char *pages_map(uint64_t bytes, bool huge, struct fail *fail);

/* Whether a line of /proc/meminfo or smaps is the field of this name, and its value in KiB. */
bool pages_field(const char *line, const char *name, uint64_t *kib);

/* Small pages. */
uint64_t pages_count(uint64_t bytes);

/* One byte of each small page. */
void pages_write(char *memory, uint64_t bytes, char value);
void pages_read(const char *memory, uint64_t bytes);

#endif
