// SPDX-License-Identifier: GPL-2.0
/*
 * test_quote.c - base/quote against hostile strings, and base/log, which carries them to stderr.
 *
 * A program of its own, run by prove. Links quote.o, log.o, stats.o (random bytes), cmocka, jansson
 * (which must accept what quote_utf8() makes) and libm.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/log.h"
#include "base/quote.h"
#include "model/stats.h"

/* U+202E, right-to-left override, in octal: compilers rightly warn of the character itself. */
#define RLO "\342\200\256"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct row {
	const char *source;
	const char *quoted;
};

/* Rows hold no NUL. Also checks that the size announced is the size needed. */
static void check_terminal(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(rows[i].source);
		char text[128];

		assert_int_equal(quote_terminal(text, sizeof(text), rows[i].source, length),
				 strlen(rows[i].quoted));
		assert_string_equal(text, rows[i].quoted);
	}
}

static void visible_text_stays(void **state)
{
	static const struct row rows[] = {
		{ "", "" },
		{ "postgres: writer", "postgres: writer" },
		{ "~!@#$%^&*()'\"<>", "~!@#$%^&*()'\"<>" },
		{ "Gr\u00fc\u00dfe", "Gr\u00fc\u00dfe" },
		{ "\u65e5\u672c \U0001f600", "\u65e5\u672c \U0001f600" },
		{ "e\u0301", "e\u0301" }, /* a combining accent */
		{ "\ufffd", "\ufffd" },
		{ "\U0010fffd", "\U0010fffd" },
	};

	(void)state;
	check_terminal(rows, COUNT(rows));
}

static void controls_are_escaped(void **state)
{
	static const struct row rows[] = {
		{ "a\nb\tc\r", "a\\x0ab\\x09c\\x0d" },
		{ "\x1b[2J\x1b]0;owned\x07", "\\x1b[2J\\x1b]0;owned\\x07" },
		{ "\x7f", "\\x7f" },
		{ "\xc2\x80\xc2\x9b"
		  "31m\xc2\x9f",
		  "\\xc2\\x80\\xc2\\x9b31m\\xc2\\x9f" }, /* C1: CSI in one character */
		{ "\u00a0", "\u00a0" },
	};
	char text[32];

	(void)state;
	check_terminal(rows, COUNT(rows));
	assert_int_equal(quote_terminal(text, sizeof(text), "a\0b", 3), 6);
	assert_string_equal(text, "a\\x00b");
}

/* A name that ends the line and forges the next one stays one line. */
static void backslash_is_unambiguous(void **state)
{
	static const struct row rows[] = {
		{ "\\", "\\\\" },
		{ "\\x0a", "\\\\x0a" },
		{ "\n", "\\x0a" },
		{ "C:\\", "C:\\\\" },
	};

	(void)state;
	check_terminal(rows, COUNT(rows));
}

static void bidi_and_invisible_are_escaped(void **state)
{
	static const struct row rows[] = {
		{ RLO "exe.txt", "\\xe2\\x80\\xaeexe.txt" },
		{ "\342\200\252", "\\xe2\\x80\\xaa" },
		{ "\342\201\246", "\\xe2\\x81\\xa6" },
		{ "\342\201\251", "\\xe2\\x81\\xa9" },
		{ "\u200e\u200f", "\\xe2\\x80\\x8e\\xe2\\x80\\x8f" },
		{ "\u061c", "\\xd8\\x9c" },
		{ "\u200b\u200d", "\\xe2\\x80\\x8b\\xe2\\x80\\x8d" },
		{ "\u2028\u2029", "\\xe2\\x80\\xa8\\xe2\\x80\\xa9" },
		{ "\ufeff", "\\xef\\xbb\\xbf" },
		{ "\u00ad", "\\xc2\\xad" },
		{ "\U000e0041", "\\xf3\\xa0\\x81\\x81" }, /* a tag: invisible ASCII */
		{ "\ufe0f", "\\xef\\xb8\\x8f" },
		{ "\xef\xbf\xbe\xf4\x8f\xbf\xbf",
		  "\\xef\\xbf\\xbe\\xf4\\x8f\\xbf\\xbf" }, /* U+FFFE, U+10FFFF */
	};

	(void)state;
	check_terminal(rows, COUNT(rows));
}

/* Cases of Markus Kuhn's "UTF-8 decoder capability and stress test", sections 2 to 5. */
static const struct row invalid[] = {
	{ "\x80", "\\x80" },
	{ "a\xbf", "a\\xbf" },
	{ "\xc3", "\\xc3" },	      /* cut off */
	{ "\xc3(", "\\xc3(" },	      /* no continuation */
	{ "\xe2\x82", "\\xe2\\x82" }, /* cut off */
	{ "\xe2\x82 ", "\\xe2\\x82 " },
	{ "\xf0\x9f\x98", "\\xf0\\x9f\\x98" },
	{ "\xc0\xaf", "\\xc0\\xaf" }, /* overlong / */
	{ "\xc1\xbf", "\\xc1\\xbf" },
	{ "\xe0\x80\xaf", "\\xe0\\x80\\xaf" },
	{ "\xe0\x9f\xbf", "\\xe0\\x9f\\xbf" },
	{ "\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf" },
	{ "\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf" },
	{ "\xed\xa0\x80", "\\xed\\xa0\\x80" }, /* surrogate */
	{ "\xed\xbf\xbf", "\\xed\\xbf\\xbf" },
	{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" }, /* above U+10FFFF */
	{ "\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80" },
	{ "\xfe\xff", "\\xfe\\xff" },
};

static void invalid_utf8_is_escaped(void **state)
{
	(void)state;
	check_terminal(invalid, COUNT(invalid));
}

/* ---- properties, on random bytes that favour what matters ---- */

static size_t random_source(struct stats_random *random, char *source, size_t size)
{
	static const char *const parts[] = { "a",      "\\",	   "\\x41",  "\x1b",
					     "\u00e9", RLO,	   "\u65e5", "\U0001f600",
					     "\xc3",   "\xe2\x80", "\xff",   "\u200b" };
	size_t used = 0;

	while (used + 8 < size && stats_random_below(random, 20)) {
		const char *part = parts[stats_random_below(random, COUNT(parts))];
		size_t length = strlen(part);

		if (stats_random_below(random, 3)) {
			/* NOLINTNEXTLINE(bugprone-not-null-terminated-result): no string */
			memcpy(source + used, part, length);
			used += length;
		} else {
			source[used++] = (char)stats_random_below(random, 256);
		}
	}
	return used;
}

static size_t unquote(const char *text, char *source)
{
	size_t length = 0;

	while (*text) {
		if (text[0] != '\\') {
			source[length++] = *text++;
		} else if (text[1] == '\\') {
			source[length++] = '\\';
			text += 2;
		} else {
			char digits[3] = { text[2], text[3], '\0' };

			assert_int_equal(text[1], 'x');
			source[length++] = (char)strtol(digits, NULL, 16);
			text += 4;
		}
	}
	return length;
}

static void quoting_can_be_undone(void **state)
{
	char source[256], text[QUOTE_TERMINAL_SIZE(256)], back[QUOTE_TERMINAL_SIZE(256)];
	struct stats_random random;

	(void)state;
	stats_random_seed(&random, 1);
	for (int i = 0; i < 20000; i++) {
		size_t length = random_source(&random, source, sizeof(source));
		size_t needed = quote_terminal(text, sizeof(text), source, length);

		assert_true(needed <= 4 * length);
		assert_int_equal(strlen(text), needed);
		assert_int_equal(unquote(text, back), length);
		assert_memory_equal(back, source, length);
		for (const char *at = text; *at; at++)
			assert_true((unsigned char)*at >= 0x20 && *at != 0x7f);
	}
}

/* Every size from 0 up: a prefix of the whole, whose parts are whole, and not a byte past the end.
 */
static void truncation_splits_nothing(void **state)
{
	static const char source[] = "a\\\u00e9\x1b\u65e5\xff" RLO "\U0001f600z";
	static const size_t whole[] = { 0, 1, 3, 5, 9, 12, 16, 28, 32, 33 };
	char all[128], text[128];
	size_t needed = quote_terminal(all, sizeof(all), source, sizeof(source) - 1);

	(void)state;
	assert_int_equal(needed, 33);
	memset(text, '#', sizeof(text));
	assert_int_equal(quote_terminal(text, 0, source, sizeof(source) - 1), 33);
	assert_int_equal(text[0], '#');
	for (size_t size = 1; size <= needed + 1; size++) {
		size_t want = 0;

		for (size_t i = 0; i < COUNT(whole); i++)
			if (whole[i] < size)
				want = whole[i];
		memset(text, '#', sizeof(text));
		assert_int_equal(quote_terminal(text, size, source, sizeof(source) - 1), 33);
		assert_int_equal(strlen(text), want);
		assert_memory_equal(text, all, want);
		assert_int_equal(text[size], '#');
	}
}

/* ---- quote_utf8 ---- */

static void utf8_keeps_the_valid(void **state)
{
	static const char source[] = "a\\\n\0\u00e9" RLO "\U0001f600";
	char text[64];

	(void)state;
	assert_int_equal(quote_utf8(text, sizeof(text), source, sizeof(source) - 1),
			 sizeof(source) - 1);
	assert_memory_equal(text, source, sizeof(source));
}

static void utf8_replaces_the_invalid(void **state)
{
	char text[64];

	(void)state;
	quote_utf8(text, sizeof(text),
		   "a\xff"
		   "b\xc3\xa9\xe2\x80z",
		   8);
	assert_string_equal(text, "a\ufffdb\u00e9\ufffd\ufffdz");
	for (size_t i = 0; i < COUNT(invalid); i++) {
		quote_utf8(text, sizeof(text), invalid[i].source, strlen(invalid[i].source));
		assert_non_null(strstr(text, "\ufffd"));
	}
	/* Three bytes do not fit into a size of three: no half of U+FFFD. */
	assert_int_equal(quote_utf8(text, 3, "\xff", 1), 3);
	assert_string_equal(text, "");
	assert_int_equal(quote_utf8(text, 4, "\xff", 1), 3);
	assert_string_equal(text, "\ufffd");
}

static void jansson_accepts_any_source(void **state)
{
	char source[256], text[QUOTE_UTF8_SIZE(256)];
	struct stats_random random;
	int refused = 0;

	(void)state;
	stats_random_seed(&random, 2);
	for (int i = 0; i < 20000; i++) {
		size_t length = random_source(&random, source, sizeof(source));
		size_t size = quote_utf8(text, sizeof(text), source, length);
		json_t *raw = json_stringn(source, length), *quoted = json_stringn(text, size);

		assert_non_null(quoted);
		if (raw) /* valid already: nothing may change */
			assert_true(json_equal(raw, quoted));
		refused += !raw;
		json_decref(raw);
		json_decref(quoted);
	}
	assert_true(refused > 1000);
}

/* ---- cells ---- */

static void cells_are_cut_with_an_ellipsis(void **state)
{
	static const struct {
		const char *source;
		size_t columns;
		const char *cell;
		size_t used;
	} rows[] = {
		{ "nginx", 8, "nginx", 5 },
		{ "nginx", 5, "nginx", 5 },
		{ "nginx", 4, "ngi\u2026", 4 },
		{ "nginx", 1, "\u2026", 1 },
		{ "nginx", 0, "", 0 },
		{ "", 3, "", 0 },
		{ "\u65e5\u672c", 4, "\u65e5\u672c", 4 },
		{ "\u65e5\u672c", 3, "\u65e5\u2026", 3 },
		{ "\u65e5\u672c", 2, "\u2026", 2 - 1 },
		{ "ab\ncd", 8, "ab\\x0acd", 8 },
		{ "ab\ncd", 7, "ab\\x0a\u2026", 7 },
		{ "ab\ncd", 6, "ab\u2026", 3 }, /* an escape is never split */
		{ "a\\b", 3, "a\u2026", 2 },
	};
	char cell[64];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t used = quote_cell(cell, sizeof(cell), rows[i].source, strlen(rows[i].source),
					 rows[i].columns);

		assert_string_equal(cell, rows[i].cell);
		assert_int_equal(used, rows[i].used);
		assert_int_equal(quote_columns(cell), used);
	}
}

static void cells_never_exceed_their_room(void **state)
{
	char source[256], cell[QUOTE_TERMINAL_SIZE(30)];
	struct stats_random random;

	(void)state;
	stats_random_seed(&random, 3);
	for (int i = 0; i < 20000; i++) {
		size_t length = random_source(&random, source, sizeof(source));
		size_t columns = stats_random_below(&random, 31);
		size_t size = QUOTE_TERMINAL_SIZE(columns);
		size_t used = quote_cell(cell, size, source, length, columns);

		assert_true(used <= columns);
		assert_true(strlen(cell) < size);
		assert_int_equal(quote_columns(cell), used);
	}
	/* A small buffer cuts between characters and stays terminated. */
	assert_int_equal(quote_cell(cell, 4, "\u65e5\u672c", 6, 30), 2);
	assert_string_equal(cell, "\u65e5");
}

static void strings_by_value(void **state)
{
	char longest[400];
	struct quoted quoted;

	(void)state;
	assert_string_equal(quote_string("a\nb").text, "a\\x0ab");
	assert_string_equal(quote_string("").text, "''");
	assert_string_equal(quote_string(NULL).text, "");
	memset(longest, '\n', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	quoted = quote_string(longest);
	assert_int_equal(strlen(quoted.text), 255); /* 63 escapes and the dots */
	assert_string_equal(quoted.text + 248, "\\x0a...");
	memset(longest, 'x', 255);
	longest[255] = '\0';
	assert_string_equal(quote_string(longest).text, longest);
	memset(longest, 'x', 256); /* one too long */
	longest[256] = '\0';
	quoted = quote_string(longest);
	assert_int_equal(strlen(quoted.text), 255);
	assert_string_equal(quoted.text + 251, "x...");
}

/* ---- log ---- */

/* What the call under test writes to stderr, read back through a pipe. */
static int stderr_before, captured;

static void capture_begin(void)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	stderr_before = dup(STDERR_FILENO);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	close(ends[1]);
	captured = ends[0];
}

static void capture_end(char *text, size_t size)
{
	ssize_t length;

	dup2(stderr_before, STDERR_FILENO);
	close(stderr_before);
	length = read(captured, text, size - 1);
	close(captured);
	assert_true(length >= 0);
	text[length] = '\0';
}

static void messages_are_prefixed_lines(void **state)
{
	char text[4096];

	(void)state;
	capture_begin();
	errno = EBADMSG;
	log_error("cannot open %s", quote_string("a\x1b").text);
	log_warning("%d lost", 3);
	log_note("done\n");
	log_debug("unseen");
	assert_int_equal(errno, EBADMSG);
	capture_end(text, sizeof(text));
	assert_string_equal(text, "tasktax: cannot open a\\x1b\ntasktax: warning: 3 lost\n"
				  "tasktax: done\n");
}

static void level_decides_what_is_shown(void **state)
{
	char text[4096];

	(void)state;
	capture_begin();
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("one");
	assert_true(log_enabled(LOG_LEVEL_DEBUG));
	log_set_level(LOG_LEVEL_ERROR);
	log_warning("two");
	log_error("three");
	assert_false(log_enabled(LOG_LEVEL_WARNING));
	log_set_level(LOG_LEVEL_NOTE);
	capture_end(text, sizeof(text));
	assert_string_equal(text, "tasktax: debug: one\ntasktax: three\n");
}

/* A message that cannot be written must not disturb the caller's errno either. */
static void failed_writes_keep_errno(void **state)
{
	int saved = dup(STDERR_FILENO), seen;

	(void)state;
	assert_true(saved >= 0);
	close(STDERR_FILENO);
	errno = EBADMSG;
	log_error("nobody hears");
	seen = errno;
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_int_equal(seen, EBADMSG);
}

/* Cut between two characters, and ended. */
static void assert_cut_line(const char *text)
{
	assert_string_equal(text + strlen(text) - 6, "\u00e9...\n");
	assert_true(strlen(text) > 1000 && strlen(text) <= 1024);
}

static void messages_stay_one_line(void **state)
{
	char text[4096], longest[3000];

	(void)state;
	for (size_t i = 0; i + 2 < sizeof(longest); i += 2)
		memcpy(longest + i, "\u00e9", 3);
	capture_begin();
	log_error("a\nb\x1b[c\x7f\r\n");
	capture_end(text, sizeof(text));
	assert_string_equal(text, "tasktax: a?b?[c??\n");

	capture_begin();
	log_error("%s", longest);
	capture_end(text, sizeof(text));
	assert_cut_line(text);
	capture_begin();
	log_error("x%s", longest);
	capture_end(text, sizeof(text));
	assert_cut_line(text);
}

static void failures_carry_code_and_reason(void **state)
{
	char longest[2000];
	struct fail fail = { 0 };

	(void)state;
	assert_int_equal(fail_set(&fail, -ENOENT, "cannot open %s", "map"), -ENOENT);
	assert_int_equal(fail.code, -ENOENT);
	assert_string_equal(fail.text, "cannot open map");
	/* Words around an earlier reason. */
	assert_int_equal(fail_set(&fail, -EIO, "run: %s", fail.text), -EIO);
	assert_string_equal(fail.text, "run: cannot open map");
	assert_int_equal(fail.code, -EIO);
	assert_int_equal(fail_set(NULL, -EPERM, "%s", "nobody asks"), -EPERM);

	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	fail_set(&fail, -E2BIG, "%s", longest);
	assert_int_equal(strlen(fail.text), sizeof(fail.text) - 1);
	assert_string_equal(fail.text + sizeof(fail.text) - 5, "x...");
	longest[sizeof(fail.text)] = '\0'; /* one too long */
	fail_set(&fail, -E2BIG, "%s", longest);
	assert_string_equal(fail.text + sizeof(fail.text) - 5, "x...");
	longest[sizeof(fail.text) - 1] = '\0';
	fail_set(&fail, -E2BIG, "%s", longest);
	assert_string_equal(fail.text, longest);
	fail_set(&fail, -E2BIG, "two\nlines");
	assert_string_equal(fail.text, "two?lines");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(visible_text_stays),
		cmocka_unit_test(controls_are_escaped),
		cmocka_unit_test(backslash_is_unambiguous),
		cmocka_unit_test(bidi_and_invisible_are_escaped),
		cmocka_unit_test(invalid_utf8_is_escaped),
		cmocka_unit_test(quoting_can_be_undone),
		cmocka_unit_test(truncation_splits_nothing),
		cmocka_unit_test(utf8_keeps_the_valid),
		cmocka_unit_test(utf8_replaces_the_invalid),
		cmocka_unit_test(jansson_accepts_any_source),
		cmocka_unit_test(cells_are_cut_with_an_ellipsis),
		cmocka_unit_test(cells_never_exceed_their_room),
		cmocka_unit_test(strings_by_value),
		cmocka_unit_test(messages_are_prefixed_lines),
		cmocka_unit_test(level_decides_what_is_shown),
		cmocka_unit_test(failed_writes_keep_errno),
		cmocka_unit_test(messages_stay_one_line),
		cmocka_unit_test(failures_carry_code_and_reason),
	};

	return cmocka_run_group_tests_name("quote", tests, NULL, NULL);
}
