// SPDX-License-Identifier: GPL-2.0
/* json_values.c - see json_values.h. */
#include "output/json_values.h"

#include <stdlib.h>
#include <string.h>

#include "base/quote.h"

json_t *value_count(uint64_t n)
{
	return json_integer((json_int_t)n);
}

void value_append(json_t **array, json_t *value)
{
	if (json_array_append_new(*array, value)) {
		json_decref(*array);
		*array = NULL;
	}
}

void value_set(json_t **object, const char *key, json_t *value)
{
	if (json_object_set_new(*object, key, value)) {
		json_decref(*object);
		*object = NULL;
	}
}

json_t *value_ns(uint64_t value)
{
	return value == NS_UNKNOWN ? json_null() : value_count(value);
}

json_t *value_text(const char *string)
{
	size_t length = string ? strlen(string) : 0, size = QUOTE_UTF8_SIZE(length);
	char *quoted = string ? malloc(size) : NULL;
	json_t *value;

	if (!string)
		return json_null();
	if (!quoted)
		return NULL;
	value = json_stringn(quoted, quote_utf8(quoted, size, string, length));
	free(quoted);
	return value;
}

json_t *value_number(uint32_t n)
{
	return n ? value_count(n) : json_null();
}

json_t *value_texts(const char *const *strings)
{
	json_t *array = json_array();

	for (; strings && *strings; strings++)
		value_append(&array, value_text(*strings));
	return array;
}

static json_t *percentile(const struct histogram *histogram, double percent)
{
	uint64_t value;

	return histogram_percentile(histogram, percent, &value) ? json_null() : value_count(value);
}

json_t *value_distribution(const struct histogram *histogram)
{
	json_t *mean = histogram->count ? json_real(histogram_mean(histogram)) : json_null();

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "count", value_count(histogram->count),
			 "mean", mean, "p50", percentile(histogram, 50), "p90",
			 percentile(histogram, 90), "p99", percentile(histogram, 99), "max",
			 histogram->count ? value_count(histogram->max) : json_null());
}

json_t *value_bytes(uint64_t value)
{
	return value == BYTES_UNKNOWN ? json_null() : value_count(value);
}
