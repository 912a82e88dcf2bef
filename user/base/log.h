/* SPDX-License-Identifier: GPL-2.0 */
/*
 * log.h - messages to the user on stderr, and the reason of a failure on its way up.
 *
 * A message is one line, "tasktax: ...", written by one write(2): lines of several processes do not
 * mix. Foreign strings go in through quote_string() of base/quote.h; should one be forgotten, a
 * control character in it is shown as '?'. Includes the C library only. Called from everywhere but
 * model/, which is pure.
 *
 * The level is the one piece of process-wide state in tasktax: set once by main(), read by every
 * message, so that no function has to carry it for the sake of a debug line.
 */
#ifndef TASKTAX_BASE_LOG_H
#define TASKTAX_BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>

enum log_level {
	LOG_LEVEL_ERROR = 0,   /* "tasktax: ..." */
	LOG_LEVEL_WARNING = 1, /* "tasktax: warning: ..." */
	LOG_LEVEL_NOTE = 2,    /* "tasktax: ..."; the default */
	LOG_LEVEL_DEBUG = 3,   /* "tasktax: debug: ..." */
};

/* Shows messages up to this level. Called by main() alone, before any thread is started. */
void log_set_level(enum log_level level);

/* Whether a message of this level would be shown, for debug output that costs something to make. */
bool log_enabled(enum log_level level);

/*
 * The format has neither the prefix nor a newline. A message longer than about 1000 bytes ends in
 * "...". errno is kept. Failures to write are ignored: there is nowhere left to report them.
 */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* For the print callback of a library. One newline at the end of the message is dropped. */
void log_message(enum log_level level, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));

/*
 * Why something failed, as one line for the user: what failed, on what, the reason in words, what
 * to do. Set where it is known, shown by the command. All zero means no failure.
 */
struct fail {
	int code; /* a negative errno value, or what the setter's header says */
	char text[1024];
};

/*
 * Stores code and text and returns code, so that a failing function ends in
 * `return fail_set(fail, -ENOENT, "...", ...)`. The text is made as a message's (one line, "..."
 * when cut). fail may be NULL: then only the code is returned. An argument may be fail->text
 * itself, to put words around an earlier reason.
 */
int fail_set(struct fail *fail, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
