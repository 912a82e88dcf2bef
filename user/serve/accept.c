// SPDX-License-Identifier: GPL-2.0
/* accept.c - see accept.h. */
#include "serve/accept.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define OPENMETRICS "application/openmetrics-text"

/* One of the list: what it names, and how much it is liked, in thousandths. */
struct range {
	const char *type;
	size_t length;
	int liked;
	bool version_known; /* no version, or one that we speak */
};

static size_t trimmed(const char **from, const char *end)
{
	while (*from < end && (**from == ' ' || **from == '\t'))
		(*from)++;
	while (end > *from && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return (size_t)(end - *from);
}

static bool is(const char *text, size_t length, const char *word)
{
	return length == strlen(word) && !strncasecmp(text, word, length);
}

/* "0.75" -> 750. What is no such number counts as 0: not wanted. */
static int thousandths(const char *text, size_t length)
{
	int value = 0, unit = 1000;

	if (!length || length > 5 || (text[0] != '0' && text[0] != '1') ||
	    (length > 1 && text[1] != '.'))
		return 0;
	for (size_t i = 0; i < length; i++) {
		if (i == 1)
			continue;
		if (text[i] < '0' || text[i] > '9')
			return 0;
		value += (text[i] - '0') * unit;
		unit /= 10;
	}
	return value > 1000 ? 0 : value;
}

static void take_parameter(struct range *range, const char *text, const char *end)
{
	size_t length = trimmed(&text, end), name;
	const char *value = memchr(text, '=', length);
	size_t rest;

	if (!value)
		return;
	name = (size_t)(value - text);
	value++;
	rest = (size_t)(text + length - value);
	if (rest >= 2 && value[0] == '"' && value[rest - 1] == '"') {
		value++;
		rest -= 2;
	}
	if (is(text, name, "q"))
		range->liked = thousandths(value, rest);
	if (is(text, name, "version"))
		range->version_known = is(value, rest, "1.0.0") || is(value, rest, "0.0.1");
}

static struct range parse_range(const char *text, const char *end)
{
	const char *semicolon = memchr(text, ';', (size_t)(end - text));
	struct range range = { .type = text, .liked = 1000, .version_known = true };

	range.length = trimmed(&range.type, semicolon ?: end);
	while (semicolon) {
		const char *next = memchr(semicolon + 1, ';', (size_t)(end - semicolon - 1));

		take_parameter(&range, semicolon + 1, next ?: end);
		semicolon = next;
	}
	return range;
}

enum metrics_format accept_format(const char *header)
{
	int openmetrics = 0, text = 0;

	while (header) {
		const char *end = header + strcspn(header, ",");
		struct range range = parse_range(header, end);

		if (is(range.type, range.length, OPENMETRICS) && range.version_known &&
		    range.liked > openmetrics)
			openmetrics = range.liked;
		if (is(range.type, range.length, "text/plain") && range.liked > text)
			text = range.liked;
		header = *end ? end + 1 : NULL;
	}
	return openmetrics && openmetrics >= text ? METRICS_OPENMETRICS : METRICS_TEXT;
}
