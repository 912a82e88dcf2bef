// SPDX-License-Identifier: GPL-2.0
/*
 * quote.c - the one way a foreign string reaches a sink; see quote.h.
 *
 * Includes its header and the C library only. Called by log.c, the outputs and the exports.
 */
#include "base/quote.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct range {
	uint32_t first;
	uint32_t last;
};

/*
 * Valid code points that a reader cannot see or that change how others are shown: C0, DEL, C1,
 * U+2028/9, interlinear annotations, and Default_Ignorable_Code_Point of Unicode 15
 * (DerivedCoreProperties.txt). Ascending.
 */
static const struct range hidden[] = {
	{ 0x0000, 0x001f }, { 0x007f, 0x009f },	  { 0x00ad, 0x00ad },	{ 0x034f, 0x034f },
	{ 0x061c, 0x061c }, { 0x115f, 0x1160 },	  { 0x17b4, 0x17b5 },	{ 0x180b, 0x180f },
	{ 0x200b, 0x200f }, { 0x2028, 0x202e },	  { 0x2060, 0x206f },	{ 0x3164, 0x3164 },
	{ 0xfdd0, 0xfdef }, { 0xfe00, 0xfe0f },	  { 0xfeff, 0xfeff },	{ 0xffa0, 0xffa0 },
	{ 0xfff0, 0xfffb }, { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
};

/* Blocks that a terminal shows two columns wide (East_Asian_Width W and F, by whole blocks).
 * Ascending. */
static const struct range wide[] = {
	{ 0x1100, 0x115f },   { 0x2e80, 0x303e },   { 0x3041, 0xa4cf },	  { 0xa960, 0xa97f },
	{ 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },	  { 0xff01, 0xff60 },
	{ 0xffe0, 0xffe6 },   { 0x17000, 0x18cff }, { 0x1b000, 0x1b2ff }, { 0x1f300, 0x1f64f },
	{ 0x1f680, 0x1f6ff }, { 0x1f900, 0x1faff }, { 0x20000, 0x3fffd },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The longest item: a character of four bytes, each as \xNN. */
#define ITEM_SIZE 16

static const char ellipsis[] = "\xe2\x80\xa6";
static const char replacement[] = "\xef\xbf\xbd";

static bool in_ranges(uint32_t code, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count && ranges[i].first <= code; i++)
		if (code <= ranges[i].last)
			return true;
	return false;
}

static bool is_hidden(uint32_t code)
{
	return (code & 0xfffe) == 0xfffe || in_ranges(code, hidden, COUNT(hidden));
}

static size_t code_columns(uint32_t code)
{
	return in_ranges(code, wide, COUNT(wide)) ? 2 : 1;
}

/*
 * The length of the valid UTF-8 sequence at src (RFC 3629: shortest form, no surrogates, at most
 * U+10FFFF) and its code point; 0 if there is none. length > 0.
 */
static size_t decode(const unsigned char *src, size_t length, uint32_t *code)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t need;

	if (src[0] < 0x80) {
		*code = src[0];
		return 1;
	}
	if (src[0] < 0xc2 || src[0] > 0xf4)
		return 0;
	need = src[0] < 0xe0 ? 2 : src[0] < 0xf0 ? 3 : 4;
	if (length < need)
		return 0;
	*code = src[0] & (0x7f >> need);
	for (size_t i = 1; i < need; i++) {
		if ((src[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (src[i] & 0x3f);
	}
	if (*code < smallest[need] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return need;
}

/* Where a result goes: whole items only, nothing after the first that does not fit. */
struct sink {
	char *dst;
	size_t size;
	size_t used;
	bool full;
};

static void sink_init(struct sink *sink, char *dst, size_t size)
{
	*sink = (struct sink){ .dst = dst, .size = size };
	if (size)
		dst[0] = '\0';
}

static bool sink_put(struct sink *sink, const char *text, size_t length)
{
	if (sink->full || sink->used >= sink->size || sink->size - sink->used <= length) {
		sink->full = true;
		return false;
	}
	memcpy(sink->dst + sink->used, text, length);
	sink->used += length;
	sink->dst[sink->used] = '\0';
	return true;
}

/* What one character, or one invalid byte, of a source becomes on a terminal. */
struct item {
	char text[ITEM_SIZE];
	size_t length;
	size_t columns;
};

static void item_escape(struct item *item, const unsigned char *bytes, size_t count)
{
	static const char digits[] = "0123456789abcdef";

	item->length = 0;
	for (size_t i = 0; i < count; i++) {
		item->text[item->length++] = '\\';
		item->text[item->length++] = 'x';
		item->text[item->length++] = digits[bytes[i] >> 4];
		item->text[item->length++] = digits[bytes[i] & 0xf];
	}
	item->columns = item->length;
}

/* Returns the bytes of src that the item stands for. length > 0. */
static size_t next_item(struct item *item, const char *src, size_t length)
{
	const unsigned char *bytes = (const unsigned char *)src;
	uint32_t code = 0;
	size_t taken = decode(bytes, length, &code);

	if (!taken || is_hidden(code)) {
		taken = taken ? taken : 1;
		item_escape(item, bytes, taken);
	} else if (code == '\\') {
		memcpy(item->text, "\\\\", 2);
		item->length = 2;
		item->columns = 2;
	} else {
		memcpy(item->text, src, taken);
		item->length = taken;
		item->columns = code_columns(code);
	}
	return taken;
}

size_t quote_terminal(char *dst, size_t size, const char *src, size_t length)
{
	struct sink sink;
	struct item item;
	size_t needed = 0;

	sink_init(&sink, dst, size);
	for (size_t i = 0; i < length;) {
		i += next_item(&item, src + i, length - i);
		sink_put(&sink, item.text, item.length);
		needed += item.length;
	}
	return needed;
}

size_t quote_utf8(char *dst, size_t size, const char *src, size_t length)
{
	struct sink sink;
	size_t needed = 0;

	sink_init(&sink, dst, size);
	for (size_t i = 0; i < length;) {
		uint32_t code;
		size_t taken = decode((const unsigned char *)src + i, length - i, &code);
		const char *text = taken ? src + i : replacement;
		size_t bytes = taken ? taken : sizeof(replacement) - 1;

		sink_put(&sink, text, bytes);
		needed += bytes;
		i += taken ? taken : 1;
	}
	return needed;
}

/* The columns of a whole source, counted no further than just past limit. */
static size_t source_columns(const char *src, size_t length, size_t limit)
{
	struct item item;
	size_t columns = 0;

	for (size_t i = 0; i < length && columns <= limit;) {
		i += next_item(&item, src + i, length - i);
		columns += item.columns;
	}
	return columns;
}

size_t quote_cell(char *dst, size_t size, const char *src, size_t length, size_t columns)
{
	bool cut = source_columns(src, length, columns) > columns;
	size_t room = cut && columns ? columns - 1 : columns;
	size_t used = 0;
	struct sink sink;
	struct item item;

	sink_init(&sink, dst, size);
	for (size_t i = 0; i < length;) {
		i += next_item(&item, src + i, length - i);
		if (item.columns > room - used || !sink_put(&sink, item.text, item.length))
			break;
		used += item.columns;
	}
	if (cut && columns && sink_put(&sink, ellipsis, sizeof(ellipsis) - 1))
		used++;
	return used;
}

size_t quote_columns(const char *quoted)
{
	size_t length = strlen(quoted), columns = 0;

	for (size_t i = 0; i < length;) {
		uint32_t code = 0;
		size_t taken = decode((const unsigned char *)quoted + i, length - i, &code);

		columns += code_columns(code);
		i += taken ? taken : 1;
	}
	return columns;
}

struct quoted quote_string(const char *string)
{
	static const char more[] = "...";
	struct quoted quoted = { .text = "" };
	size_t length = string ? strlen(string) : 0;

	if (string && !length)
		return (struct quoted){ .text = "''" };
	if (quote_terminal(quoted.text, sizeof(quoted.text), string, length) >=
	    sizeof(quoted.text)) {
		/* Again into less room, so that the cut is between two characters. */
		quote_terminal(quoted.text, sizeof(quoted.text) - strlen(more), string, length);
		memcpy(quoted.text + strlen(quoted.text), more, sizeof(more));
	}
	return quoted;
}
