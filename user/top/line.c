// SPDX-License-Identifier: GPL-2.0
/* line.c - see line.h. */
#include "top/line.h"

#include <stdarg.h>
#include <string.h>

#include "base/quote.h"

void line_clear(struct line *line)
{
	line->pieces = line->columns = 0;
}

static bool is_inside(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

/* No character is left half. */
static void end_whole(char *text, size_t length)
{
	while (length && is_inside(text[length]))
		length--;
	text[length] = '\0';
}

void line_add(struct line *line, enum style style, const char *format, ...)
{
	va_list arguments;
	char *text;
	int length;

	if (line->pieces == LINE_PIECES)
		return;
	text = line->piece[line->pieces].text;
	va_start(arguments, format);
	length = vsnprintf(text, LINE_TEXT, format, arguments);
	va_end(arguments);
	if (length >= LINE_TEXT) /* the last byte is the NUL's: what was there is not known */
		end_whole(text, LINE_TEXT - 4);
	line->piece[line->pieces++].style = style;
	line->columns += (unsigned int)quote_columns(text);
}

void line_fill(struct line *line, unsigned int column)
{
	if (line->columns < column)
		line_add(line, STYLE_PLAIN, "%*s", (int)(column - line->columns), "");
}

void line_name(struct line *line, enum style style, const char *name, unsigned int columns)
{
	char text[LINE_TEXT];

	quote_cell(text, sizeof(text), name, strlen(name), columns);
	line_add(line, style, "%s", text);
}

/* Takes off its last character. */
static void shorten(char *text)
{
	size_t length = strlen(text);

	if (length)
		end_whole(text, length - 1);
}

void line_cut(struct line *line, unsigned int columns)
{
	unsigned int used = 0;

	for (unsigned int i = 0; i < line->pieces; i++) {
		char *text = line->piece[i].text;

		while (used + quote_columns(text) > columns)
			shorten(text);
		used += (unsigned int)quote_columns(text);
	}
	line->columns = used;
}

/* --- ASCII --- */

static char ascii_of(const char *character)
{
	static const char bars[] = "_.,-=+*#";
	static const struct {
		const char *character;
		char ascii;
	} others[] = { { DASH, '-' },
		       { "\xe2\x94\x82", '|' },
		       { "\xe2\x94\x9c", '|' },
		       { "\xe2\x94\x94", '`' },
		       { "\xe2\x80\xa6", '~' } };

	if (!memcmp(character, "\xe2\x96", 2) && (unsigned char)character[2] >= 0x81 &&
	    (unsigned char)character[2] <= 0x88)
		return bars[(unsigned char)character[2] - 0x81];
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!memcmp(character, others[i].character, 3))
			return others[i].ascii;
	return '?';
}

void line_ascii(char *text)
{
	char *to = text;

	for (const char *from = text; *from;) {
		size_t length = 1;

		while (is_inside(from[length]))
			length++;
		if (length == 1)
			*to++ = *from;
		else
			*to++ = length == 3 ? ascii_of(from) : '?';
		from += length;
	}
	*to = '\0';
}
