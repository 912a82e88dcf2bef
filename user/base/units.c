// SPDX-License-Identifier: GPL-2.0
/*
 * units.c - quantities as text, and text as quantities; see units.h.
 *
 * Includes its header and the C library only. Called by the outputs and the commands. Integers are
 * formatted in integer arithmetic, so that no rounding surprises appear in a report.
 */
#include "base/units.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_SECOND UINT64_C(1000000000)

static const struct time_unit {
	uint64_t ns;
	const char *name;
} time_units[] = {
	{ UINT64_C(1), "ns" },
	{ UINT64_C(1000), "us" },
	{ UINT64_C(1000000), "ms" },
	{ NS_PER_SECOND, "s" },
};

#define TIME_UNITS (sizeof(time_units) / sizeof(time_units[0]))

/* value / divisor, half up; no overflow whatever value is. */
static uint64_t divide_rounded(uint64_t value, uint64_t divisor)
{
	return value / divisor + (value % divisor >= divisor - divisor / 2);
}

/* thousandfold is 1000 times the number, of which three digits count: "1.25" for 1250, "34.0" for 34000. */
static void format_thousandths(char *text, size_t size, uint64_t thousandfold)
{
	unsigned int part = (unsigned int)(thousandfold % 1000);
	unsigned long long whole = thousandfold / 1000;

	if (whole < 10)
		snprintf(text, size, "%llu.%02u", whole, part / 10);
	else if (whole < 100)
		snprintf(text, size, "%llu.%u", whole, part / 100);
	else
		snprintf(text, size, "%llu", whole);
}

/* ns in units of unit, as thousandths, rounded to three significant digits. 1 <= ns / unit < 1000.
 */
static uint64_t three_digits(uint64_t ns, uint64_t unit)
{
	uint64_t keep = ns / unit < 10 ? 10 : ns / unit < 100 ? 100 : 1000;
	uint64_t step = unit / 1000 * keep;

	return divide_rounded(ns, step) * keep;
}

char *format_ns(char *text, size_t size, uint64_t ns)
{
	char number[UNITS_TEXT_SIZE];
	uint64_t seconds = divide_rounded(ns, NS_PER_SECOND);
	size_t unit = 0;

	while (unit + 1 < TIME_UNITS && ns >= time_units[unit + 1].ns)
		unit++;
	if (seconds >= 1000) {
		format_count(number, sizeof(number), seconds);
	} else if (!unit) {
		format_count(number, sizeof(number), ns);
	} else {
		uint64_t thousandfold = three_digits(ns, time_units[unit].ns);

		/* 999,600 ns is 1.00 ms, not 1000 us. */
		if (thousandfold >= 1000000) {
			thousandfold /= 1000;
			unit++;
		}
		format_thousandths(number, sizeof(number), thousandfold);
	}
	snprintf(text, size, "%s %s", number, time_units[unit].name);
	return text;
}

char *format_ns_signed(char *text, size_t size, int64_t ns)
{
	uint64_t magnitude = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
	char number[UNITS_TEXT_SIZE];

	format_ns(number, sizeof(number), magnitude);
	snprintf(text, size, "%s%s", ns < 0 ? "-" : ns > 0 ? "+" : "", number);
	return text;
}

char *format_count(char *text, size_t size, uint64_t count)
{
	char digits[UNITS_TEXT_SIZE], grouped[UNITS_TEXT_SIZE];
	int length = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)count);
	int used = 0;

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			grouped[used++] = ',';
		grouped[used++] = digits[i];
	}
	grouped[used] = '\0';
	snprintf(text, size, "%s", grouped);
	return text;
}

char *format_bytes(char *text, size_t size, uint64_t bytes)
{
	static const char *const names[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	unsigned int unit = 0;
	uint64_t divisor = 1024, tenths;

	if (bytes < 1024) {
		snprintf(text, size, "%llu B", (unsigned long long)bytes);
		return text;
	}
	while (unit + 1 < sizeof(names) / sizeof(names[0]) && bytes / divisor >= 1024) {
		divisor *= 1024;
		unit++;
	}
	tenths = bytes / divisor * 10 + divide_rounded(bytes % divisor * 10, divisor);
	/* 1023.96 KiB is 1.0 MiB, not 1024.0 KiB. */
	if (tenths >= 10240) {
		tenths = 10;
		unit++;
	}
	snprintf(text, size, "%llu.%llu %s", (unsigned long long)(tenths / 10),
		 (unsigned long long)(tenths % 10), names[unit]);
	return text;
}

char *format_percent(char *text, size_t size, double percent)
{
	if (!isfinite(percent))
		snprintf(text, size, "unknown");
	else if (percent != 0 && fabs(percent) < 0.05)
		snprintf(text, size, "%s<0.1 %%", percent < 0 ? "-" : "");
	else if (fabs(percent) < 1e15)
		snprintf(text, size, "%.1f %%", percent == 0 ? 0.0 : percent);
	else
		snprintf(text, size, "%.2e %%", percent);
	return text;
}

/* Digits at the start of text; *rest is what follows them. */
static int parse_digits(const char *text, uint64_t *value, const char **rest)
{
	uint64_t result = 0;
	bool overflow = false;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	for (; *text >= '0' && *text <= '9'; text++)
		overflow |= __builtin_mul_overflow(result, 10, &result) ||
			    __builtin_add_overflow(result, (uint64_t)(*text - '0'), &result);
	*rest = text;
	*value = result;
	return overflow ? -ERANGE : 0;
}

/* What is wrong with the form counts before what is too large: "99999999999999999999x" is no
 * number. */
int parse_u64_range(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	const char *rest = "";
	uint64_t result;
	int err = parse_digits(text, &result, &rest);

	if (err == -EINVAL || *rest)
		return -EINVAL;
	if (err || result < min || result > max)
		return -ERANGE;
	*value = result;
	return 0;
}

int parse_u64(const char *text, uint64_t *value)
{
	return parse_u64_range(text, 0, UINT64_MAX, value);
}

/* The power of two of a size suffix, or -EINVAL. */
static int suffix_shift(const char *suffix)
{
	static const char letters[] = "KMGT";
	const char *letter;
	char upper;

	if (!*suffix || strcmp(suffix, "B") == 0)
		return 0;
	upper = (char)(*suffix >= 'a' && *suffix <= 'z' ? *suffix - 'a' + 'A' : *suffix);
	letter = strchr(letters, upper);
	if (!letter || (suffix[1] && strcmp(suffix + 1, "iB") != 0))
		return -EINVAL;
	return 10 * (int)(letter - letters + 1);
}

int parse_size(const char *text, uint64_t *bytes)
{
	const char *rest = "";
	uint64_t number;
	int err = parse_digits(text, &number, &rest);
	int shift = suffix_shift(rest);

	if (err == -EINVAL || shift < 0)
		return -EINVAL;
	if (err || number > UINT64_MAX >> shift)
		return -ERANGE;
	*bytes = number << shift;
	return 0;
}
