// SPDX-License-Identifier: GPL-2.0
/*
 * test_units.c - base/units: what people read, and what the options accept.
 *
 * A program of its own, run by prove. Links units.o, cmocka and libm.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/units.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void nanoseconds(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} rows[] = {
		{ 0, "0 ns" },
		{ 1, "1 ns" },
		{ 312, "312 ns" },
		{ 999, "999 ns" },
		{ 1000, "1.00 us" },
		{ 1004, "1.00 us" },
		{ 1005, "1.01 us" },
		{ 1250, "1.25 us" },
		{ 9994, "9.99 us" },
		{ 9995, "10.0 us" },
		{ 10000, "10.0 us" },
		{ 10049, "10.0 us" },
		{ 10050, "10.1 us" },
		{ 99949, "99.9 us" },
		{ 99950, "100 us" },
		{ 312499, "312 us" },
		{ 312500, "313 us" },
		{ 999499, "999 us" },
		{ 999500, "1.00 ms" },
		{ 3400000, "3.40 ms" },
		{ 3400001, "3.40 ms" },
		{ 999499999, "999 ms" },
		{ 999500000, "1.00 s" },
		{ 2100000000, "2.10 s" },
		{ 59940000000, "59.9 s" },
		{ 999499999999, "999 s" },
		{ 999500000000, "1,000 s" },
		{ 1000000000000, "1,000 s" },
		{ 86400000000000, "86,400 s" },
		{ UINT64_MAX, "18,446,744,074 s" },
	};
	char text[UNITS_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(format_ns(text, sizeof(text), rows[i].ns), rows[i].text);
}

/* Read back, every text is within half a unit of the third digit of what it stands for. */
static void nanoseconds_keep_three_digits(void **state)
{
	char text[UNITS_TEXT_SIZE], *unit;
	uint64_t ns = 1;

	(void)state;
	while (ns < 900000000000) {
		double number, scale;

		format_ns(text, sizeof(text), ns);
		number = strtod(text, &unit);
		assert_int_equal(*unit++, ' ');
		scale = !strcmp(unit, "ns") ? 1 : !strcmp(unit, "us") ? 1e3 : 1e6;
		scale = !strcmp(unit, "s") ? 1e9 : scale;
		if (fabs(number * scale - (double)ns) > 0.005000001 * (double)ns)
			fail_msg("%" PRIu64 " ns shown as %s", ns, text);
		assert_true(number >= 1 && number < 1000);
		ns += ns / 97 + 1;
	}
}

static void signed_nanoseconds(void **state)
{
	char text[UNITS_TEXT_SIZE];

	(void)state;
	assert_string_equal(format_ns_signed(text, sizeof(text), 75), "+75 ns");
	assert_string_equal(format_ns_signed(text, sizeof(text), -1250), "-1.25 us");
	assert_string_equal(format_ns_signed(text, sizeof(text), 0), "0 ns");
	assert_string_equal(format_ns_signed(text, sizeof(text), INT64_MIN), "-9,223,372,037 s");
}

static void counts(void **state)
{
	char text[UNITS_TEXT_SIZE];

	(void)state;
	assert_string_equal(format_count(text, sizeof(text), 0), "0");
	assert_string_equal(format_count(text, sizeof(text), 999), "999");
	assert_string_equal(format_count(text, sizeof(text), 1000), "1,000");
	assert_string_equal(format_count(text, sizeof(text), 123456), "123,456");
	assert_string_equal(format_count(text, sizeof(text), 1234567), "1,234,567");
	assert_string_equal(format_count(text, sizeof(text), UINT64_MAX),
			    "18,446,744,073,709,551,615");
}

static void bytes(void **state)
{
	char text[UNITS_TEXT_SIZE];

	(void)state;
	assert_string_equal(format_bytes(text, sizeof(text), 0), "0 B");
	assert_string_equal(format_bytes(text, sizeof(text), 1023), "1023 B");
	assert_string_equal(format_bytes(text, sizeof(text), 1024), "1.0 KiB");
	assert_string_equal(format_bytes(text, sizeof(text), 1536), "1.5 KiB");
	assert_string_equal(format_bytes(text, sizeof(text), 4194304), "4.0 MiB");
	assert_string_equal(format_bytes(text, sizeof(text), 1048575), "1.0 MiB");
	assert_string_equal(format_bytes(text, sizeof(text), 1047552), "1023.0 KiB");
	assert_string_equal(format_bytes(text, sizeof(text), UINT64_C(5) << 50), "5.0 PiB");
	assert_string_equal(format_bytes(text, sizeof(text), UINT64_MAX), "16.0 EiB");
}

static void percents(void **state)
{
	char text[UNITS_TEXT_SIZE];

	(void)state;
	assert_string_equal(format_percent(text, sizeof(text), 12.34), "12.3 %");
	assert_string_equal(format_percent(text, sizeof(text), 100), "100.0 %");
	assert_string_equal(format_percent(text, sizeof(text), -3.5), "-3.5 %");
	assert_string_equal(format_percent(text, sizeof(text), 0), "0.0 %");
	assert_string_equal(format_percent(text, sizeof(text), -0.0), "0.0 %");
	assert_string_equal(format_percent(text, sizeof(text), 0.049), "<0.1 %");
	assert_string_equal(format_percent(text, sizeof(text), -0.01), "-<0.1 %");
	assert_string_equal(format_percent(text, sizeof(text), NAN), "unknown");
	assert_string_equal(format_percent(text, sizeof(text), INFINITY), "unknown");
	assert_string_equal(format_percent(text, sizeof(text), 1.5e300), "1.50e+300 %");
}

static void small_buffers_are_kept(void **state)
{
	char text[8] = "#######";

	(void)state;
	format_ns(text, 4, 1250);
	assert_string_equal(text, "1.2");
	assert_int_equal(text[4], '#');
	format_count(text, 3, 1234567);
	assert_string_equal(text, "1,");
	format_bytes(text, 2, 4194304);
	assert_string_equal(text, "4");
	format_percent(text, 1, 50);
	assert_string_equal(text, "");
	assert_int_equal(text[4], '#');
}

static void numbers_parsed(void **state)
{
	uint64_t value = 77;

	(void)state;
	assert_int_equal(parse_u64("0", &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(parse_u64("007", &value), 0);
	assert_int_equal(value, 7);
	assert_int_equal(parse_u64("18446744073709551615", &value), 0);
	assert_true(value == UINT64_MAX);
}

static void numbers_refused(void **state)
{
	static const char *const wrong[] = { "",    " ",    "12abc", "-1",	"+1",	 " 1",
					     "1 ",  "0x10", "1.5",   "1e3",	"1,000", "abc",
					     "1\n", "-",    "--1",   "\xd9\xa1" };
	static const char *const large[] = { "18446744073709551616", "18446744073709551620",
					     "99999999999999999999", "184467440737095516150",
					     "184467440737095516160" };
	uint64_t value = 77;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_int_equal(parse_u64(wrong[i], &value), -EINVAL);
	for (size_t i = 0; i < COUNT(large); i++)
		assert_int_equal(parse_u64(large[i], &value), -ERANGE);
	/* The form is judged before the size. */
	assert_int_equal(parse_u64("99999999999999999999x", &value), -EINVAL);
	assert_int_equal(value, 77);
}

static void ranges_hold_their_ends(void **state)
{
	uint64_t value = 77;

	(void)state;
	assert_int_equal(parse_u64_range("9", 10, 20, &value), -ERANGE);
	assert_int_equal(parse_u64_range("21", 10, 20, &value), -ERANGE);
	assert_int_equal(parse_u64_range("15x", 10, 20, &value), -EINVAL);
	assert_int_equal(value, 77);
	assert_int_equal(parse_u64_range("10", 10, 20, &value), 0);
	assert_int_equal(value, 10);
	assert_int_equal(parse_u64_range("20", 10, 20, &value), 0);
	assert_int_equal(value, 20);
}

static void sizes_parsed(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} rows[] = {
		{ "0", 0 },
		{ "262144", 262144 },
		{ "512B", 512 },
		{ "4K", 4096 },
		{ "4k", 4096 },
		{ "4KiB", 4096 },
		{ "8M", 8388608 },
		{ "1GiB", 1073741824 },
		{ "2g", UINT64_C(2147483648) },
		{ "3T", UINT64_C(3298534883328) },
		{ "16777215T", UINT64_C(16777215) << 40 },
		{ "18446744073709551615", UINT64_MAX },
	};
	uint64_t value;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		value = 77;
		assert_int_equal(parse_size(rows[i].text, &value), 0);
		assert_true(value == rows[i].bytes);
	}
}

static void sizes_refused(void **state)
{
	static const char *const wrong[] = {
		"",    "K",  "12abc", "-4K", "4KB", "4Kib", "4 K",   "4KK",  "4Ki",
		"4iB", "4P", "4.5M",  "4b",  " 4K", "4K\n", "4KiBx", "4BiB", "99999999999999999999Q"
	};
	static const char *const large[] = { "18446744073709551616", "16777216T", "17179869184G",
					     "99999999999999999999K" };
	uint64_t value = 77;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++)
		if (parse_size(wrong[i], &value) != -EINVAL)
			fail_msg("\"%s\" was accepted", wrong[i]);
	for (size_t i = 0; i < COUNT(large); i++)
		assert_int_equal(parse_size(large[i], &value), -ERANGE);
	assert_int_equal(value, 77);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nanoseconds),
		cmocka_unit_test(nanoseconds_keep_three_digits),
		cmocka_unit_test(signed_nanoseconds),
		cmocka_unit_test(counts),
		cmocka_unit_test(bytes),
		cmocka_unit_test(percents),
		cmocka_unit_test(small_buffers_are_kept),
		cmocka_unit_test(numbers_parsed),
		cmocka_unit_test(numbers_refused),
		cmocka_unit_test(ranges_hold_their_ends),
		cmocka_unit_test(sizes_parsed),
		cmocka_unit_test(sizes_refused),
	};

	return cmocka_run_group_tests_name("units", tests, NULL, NULL);
}
