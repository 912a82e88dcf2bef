// SPDX-License-Identifier: GPL-2.0
/* exchange.c - requests and replies of the experiment `server`; see exchange.h. */
#include "exchange.h"

#include <errno.h>
#include <string.h>

#define DIGITS 16
#define ID_AT 5

static const char template[] =
	"GET /0000000000000000 HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n";

_Static_assert(sizeof(template) == REQUEST_SIZE + 1, "the size of a request");

static void hex_write(char *text, uint64_t number)
{
	for (int i = DIGITS - 1; i >= 0; i--, number >>= 4)
		text[i] = "0123456789abcdef"[number & 15];
}

static int hex_parse(const char *text, uint64_t *number)
{
	*number = 0;
	for (int i = 0; i < DIGITS; i++) {
		char digit = text[i];

		if (digit >= '0' && digit <= '9')
			*number = *number << 4 | (uint64_t)(digit - '0');
		else if (digit >= 'a' && digit <= 'f')
			*number = *number << 4 | (uint64_t)(digit - 'a' + 10);
		else
			return -EBADMSG;
	}
	return 0;
}

void request_write(char request[REQUEST_SIZE], uint64_t id)
{
	for (size_t i = 0; i < REQUEST_SIZE; i++)
		request[i] = template[i];
	hex_write(request + ID_AT, id);
}

int request_parse(const char request[REQUEST_SIZE], uint64_t *id)
{
	size_t rest = ID_AT + DIGITS;

	if (memcmp(request, template, ID_AT) != 0 ||
	    memcmp(request + rest, template + rest, REQUEST_SIZE - rest) != 0)
		return -EBADMSG;
	return hex_parse(request + ID_AT, id);
}

/* xorshift64 (G. Marsaglia 2003) for the body, FNV-1a (Fowler, Noll, Vo) by words for the checksum. */
void reply_write(char *reply, size_t size, uint64_t id)
{
	uint64_t word = (id % REPLY_BODIES + 1) * 0x9e3779b97f4a7c15;
	uint64_t sum = 0xcbf29ce484222325;

	for (size_t at = REPLY_HEADER; at < size; at += sizeof(word)) {
		size_t left = size - at;

		word ^= word << 13;
		word ^= word >> 7;
		word ^= word << 17;
		sum = (sum ^ word) * 0x100000001b3;
		memcpy(reply + at, &word, left < sizeof(word) ? left : sizeof(word));
	}
	hex_write(reply, id);
	hex_write(reply + DIGITS, sum);
}

void reply_rename(char *reply, uint64_t id)
{
	hex_write(reply, id);
}
