/* SPDX-License-Identifier: GPL-2.0 */
/*
 * units.h - quantities as text, and text as quantities.
 *
 * Includes the C library only. Called by the outputs (formatting) and by the commands (parsing of
 * options).
 *
 * Every format_ function writes into the caller's buffer and returns it, always NUL terminated; a
 * buffer of UNITS_TEXT_SIZE holds any result. Formatting does not depend on the locale. Rounding is
 * half up.
 */
#ifndef TASKTAX_BASE_UNITS_H
#define TASKTAX_BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

#define UNITS_TEXT_SIZE 40

/*
 * Nanoseconds in the largest unit (ns, us, ms, s) that keeps them at least 1, with three
 * significant digits but for ns, which are whole: "312 ns", "1.25 us", "3.40 ms". Seconds from 1000 on are whole: "86,400 s".
 */
char *format_ns(char *text, size_t size, uint64_t ns);

/* The same with a sign, for a difference: "+75 ns", "-1.25 us", "0 ns". */
char *format_ns_signed(char *text, size_t size, int64_t ns);

/* "1,234,567" */
char *format_count(char *text, size_t size, uint64_t count);

/* "512 B", "4.0 MiB": binary units, one decimal. */
char *format_bytes(char *text, size_t size, uint64_t bytes);

/*
 * "12.3 %", one decimal. What is not 0 never reads as 0: "<0.1 %", "-<0.1 %". Not finite:
 * "unknown".
 */
char *format_percent(char *text, size_t size, double percent);

/*
 * Parsers take the whole text or nothing: no sign, no space, no rest. 0, -EINVAL (not a number
 * of this form) or -ERANGE (too large); *value is written on success only.
 */

/* Decimal digits. */
int parse_u64(const char *text, uint64_t *value);

/* The same, and -ERANGE outside min .. max. */
int parse_u64_range(const char *text, uint64_t min, uint64_t max, uint64_t *value);

/*
 * Bytes: digits and at most one of K M G T (either case) or KiB MiB GiB TiB, all powers of 1024, or
 * B: "4K", "8M", "1GiB", "262144". "4KB" is refused, since it means 4000 to some readers and 4096
 * to others.
 */
int parse_size(const char *text, uint64_t *bytes);

#endif
