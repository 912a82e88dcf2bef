/* SPDX-License-Identifier: GPL-2.0 */
/*
 * buffer.h - text on its way out, collected into large writes: numbers and foreign strings in the forms that the
 * exports need, fast enough for millions of events a second. Called by the files of export/.
 *
 * The first error stays; what is put after it goes nowhere, so that it need be asked for only now and then.
 */
#ifndef TASKTAX_EXPORT_BUFFER_H
#define TASKTAX_EXPORT_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include "output/sink.h"

struct buffer {
	struct sink *sink; /* borrowed */
	char *text;
	size_t used;
	uint64_t bytes; /* put in all */
	int err;	/* negative errno, 0: none */
};

int buffer_init(struct buffer *buffer, struct sink *sink); /* 0 or -ENOMEM */
void buffer_free(struct buffer *buffer);
int buffer_flush(struct buffer *buffer); /* 0, or the first error */

void buffer_put(struct buffer *buffer, const void *bytes, size_t size);
void buffer_text(struct buffer *buffer, const char *text); /* as it is */
void buffer_u64(struct buffer *buffer, uint64_t value);
void buffer_hex(struct buffer *buffer, uint64_t value); /* "0x1f" */

/*
 * Foreign strings. JSON: with its quotes; bytes that are no UTF-8 become U+FFFD. CSV (RFC 4180): one line whatever is
 * in it, as quote_terminal() writes it, and what a spreadsheet would take for a formula begins with \xNN. Frame of a
 * folded stack: the same, without semicolons.
 */
void buffer_json(struct buffer *buffer, const char *string);
void buffer_csv(struct buffer *buffer, const char *string);

/* Into `to`, of BUFFER_FRAME_SIZE(strlen(string)) bytes; returns the length. */
#define BUFFER_FRAME_SIZE(length) (4 * (size_t)(length) + 1)
size_t buffer_frame(char *to, const char *string);

#endif
