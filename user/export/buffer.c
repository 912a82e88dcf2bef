// SPDX-License-Identifier: GPL-2.0
/* buffer.c - see buffer.h. */
#include "export/buffer.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/quote.h"

#define BUFFER_BYTES (256u << 10)
#define DIGITS_MOST 20 /* of a 64-bit number */

int buffer_init(struct buffer *buffer, struct sink *sink)
{
	*buffer = (struct buffer){ .sink = sink, .text = malloc(BUFFER_BYTES) };
	return buffer->text ? 0 : -ENOMEM;
}

void buffer_free(struct buffer *buffer)
{
	free(buffer->text);
	buffer->text = NULL;
}

int buffer_flush(struct buffer *buffer)
{
	if (!buffer->err && buffer->used)
		buffer->err = sink_write(buffer->sink, buffer->text, buffer->used);
	buffer->used = 0;
	return buffer->err;
}

void buffer_put(struct buffer *buffer, const void *bytes, size_t size)
{
	const char *from = bytes;

	buffer->bytes += size;
	while (size > BUFFER_BYTES - buffer->used) {
		size_t part = BUFFER_BYTES - buffer->used;

		memcpy(buffer->text + buffer->used, from, part);
		buffer->used += part;
		from += part;
		size -= part;
		buffer_flush(buffer);
	}
	memcpy(buffer->text + buffer->used, from, size);
	buffer->used += size;
}

void buffer_text(struct buffer *buffer, const char *text)
{
	buffer_put(buffer, text, strlen(text));
}

void buffer_u64(struct buffer *buffer, uint64_t value)
{
	char digits[DIGITS_MOST], *at = digits + sizeof(digits);

	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	buffer_put(buffer, at, (size_t)(digits + sizeof(digits) - at));
}

void buffer_hex(struct buffer *buffer, uint64_t value)
{
	char digits[2 + 16], *at = digits + sizeof(digits);

	do {
		*--at = "0123456789abcdef"[value & 0xf];
		value >>= 4;
	} while (value);
	*--at = 'x';
	*--at = '0';
	buffer_put(buffer, at, (size_t)(digits + sizeof(digits) - at));
}

/* Whether every byte means itself everywhere: most names do. */
static bool is_plain(const char *string, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)string[i];

		if (c < 0x20 || c > 0x7e || c == '"' || c == '\\' || c == ',' || c == ';')
			return false;
	}
	return true;
}

/* --- JSON --- */

static void json_escaped(struct buffer *buffer, const char *text, size_t length)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];
		char escape[] = { '\\', 'u', '0', '0', digits[c >> 4], digits[c & 0xf] };

		if (c == '"' || c == '\\') {
			char two[] = { '\\', (char)c };

			buffer_put(buffer, two, sizeof(two));
		} else if (c < 0x20 || c == 0x7f) {
			buffer_put(buffer, escape, sizeof(escape));
		} else {
			buffer_put(buffer, &text[i], 1);
		}
	}
}

void buffer_json(struct buffer *buffer, const char *string)
{
	size_t length = strlen(string);
	char valid[QUOTE_UTF8_SIZE(PATH_MAX)];

	buffer_put(buffer, "\"", 1);
	if (is_plain(string, length)) {
		buffer_put(buffer, string, length);
	} else {
		quote_utf8(valid, sizeof(valid), string, length);
		json_escaped(buffer, valid, strlen(valid));
	}
	buffer_put(buffer, "\"", 1);
}

/* --- CSV --- */

static bool begins_formula(const char *string)
{
	return *string && strchr("=+-@", *string);
}

static void csv_escaped(struct buffer *buffer, const char *string, size_t length)
{
	char shown[QUOTE_TERMINAL_SIZE(PATH_MAX)];
	const char *from = shown;

	quote_terminal(shown, sizeof(shown), string, length);
	buffer_put(buffer, "\"", 1);
	if (begins_formula(shown)) {
		char escape[] = { '\\', 'x', (char)('0' + (*from >> 4)),
				  "0123456789abcdef"[*from & 0xf] };

		buffer_put(buffer, escape, sizeof(escape));
		from++;
	}
	for (; *from; from++)
		buffer_put(buffer, *from == '"' ? "\"\"" : from, *from == '"' ? 2 : 1);
	buffer_put(buffer, "\"", 1);
}

void buffer_csv(struct buffer *buffer, const char *string)
{
	size_t length = strlen(string);

	if (is_plain(string, length) && !begins_formula(string))
		buffer_put(buffer, string, length);
	else
		csv_escaped(buffer, string, length);
}

/* --- folded stacks --- */

size_t buffer_frame(char *to, const char *string)
{
	size_t length = strlen(string), used = 0;

	if (is_plain(string, length)) {
		memcpy(to, string, length + 1);
		return length;
	}
	/* a piece of its own between semicolons, which quote_terminal() leaves */
	for (size_t at = 0, end; at <= length; at = end + 1) {
		end = at + strcspn(string + at, ";");
		used += quote_terminal(to + used, BUFFER_FRAME_SIZE(end - at), string + at,
				       end - at);
		if (end < length) {
			memcpy(to + used, "\\x3b", 5);
			used += 4;
		}
	}
	return used;
}
