// SPDX-License-Identifier: GPL-2.0
/*
 * log.c - messages to the user on stderr, and the reason of a failure on its way up; see log.h.
 *
 * Includes its header and the C library only. Called from everywhere but model/.
 */
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE 1024

/* Process-wide by intent, see log.h. */
static enum log_level shown = LOG_LEVEL_NOTE;

/* Makes one line of what vsnprintf() left in text; needed is what it returned. */
static void one_line(char *text, size_t size, int needed)
{
	static const char more[] = "...";
	size_t length = strlen(text);

	if (needed >= 0 && (size_t)needed >= size) {
		/* Not inside a UTF-8 sequence: back to before its first byte. */
		length = size - sizeof(more);
		while (length && ((unsigned char)text[length] & 0xc0) == 0x80)
			length--;
		memcpy(text + length, more, sizeof(more));
	} else if (length && text[length - 1] == '\n') {
		text[length - 1] = '\0';
	}
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
}

void log_set_level(enum log_level level)
{
	shown = level;
}

bool log_enabled(enum log_level level)
{
	return level <= shown;
}

void log_message(enum log_level level, const char *format, va_list arguments)
{
	static const char *const prefixes[] = {
		[LOG_LEVEL_ERROR] = "tasktax: ",
		[LOG_LEVEL_WARNING] = "tasktax: warning: ",
		[LOG_LEVEL_NOTE] = "tasktax: ",
		[LOG_LEVEL_DEBUG] = "tasktax: debug: ",
	};
	int saved = errno;
	char line[LINE_SIZE];
	size_t start, length, room;
	ssize_t written;
	int needed;

	if (!log_enabled(level))
		return;
	start = strlen(prefixes[level]);
	memcpy(line, prefixes[level], start + 1);
	room = sizeof(line) - start - 1; /* one byte kept for the newline */
	needed = vsnprintf(line + start, room, format, arguments);
	one_line(line + start, room, needed);
	length = strlen(line);
	line[length++] = '\n';
	written = write(STDERR_FILENO, line, length);
	(void)written;
	errno = saved;
}

void log_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_message(LOG_LEVEL_ERROR, format, arguments);
	va_end(arguments);
}

void log_warning(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_message(LOG_LEVEL_WARNING, format, arguments);
	va_end(arguments);
}

void log_note(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_message(LOG_LEVEL_NOTE, format, arguments);
	va_end(arguments);
}

void log_debug(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_message(LOG_LEVEL_DEBUG, format, arguments);
	va_end(arguments);
}

int fail_set(struct fail *fail, int code, const char *format, ...)
{
	char text[sizeof(fail->text)] = "";
	va_list arguments;
	int needed;

	if (!fail)
		return code;
	va_start(arguments, format);
	needed = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	one_line(text, sizeof(text), needed);
	memcpy(fail->text, text, sizeof(text));
	fail->code = code;
	return code;
}
