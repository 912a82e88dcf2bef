/* SPDX-License-Identifier: GPL-2.0 */
/*
 * quote.h - the one way a foreign string reaches a sink.
 *
 * Names of tasks, paths, cgroups, command lines and record files are chosen by others: they may
 * hold terminal escapes, invalid UTF-8 or characters that reorder a line. No such string is printed
 * or stored but through here. Includes the C library only. Called by log.c, the outputs and the
 * exports.
 *
 * The terminal is taken to be UTF-8. src needs no NUL at its end and may hold NULs. Results are
 * always NUL terminated (unless size is 0) and never end inside a character or an escape: what does
 * not fit as a whole is left out with all that follows.
 */
#ifndef TASKTAX_BASE_QUOTE_H
#define TASKTAX_BASE_QUOTE_H

#include <stddef.h>

/* Bytes that hold any result of quoting length bytes, the NUL included. */
#define QUOTE_TERMINAL_SIZE(length) (4 * (size_t)(length) + 1)
#define QUOTE_UTF8_SIZE(length) (3 * (size_t)(length) + 1)

/*
 * For people: valid, visible UTF-8 stays; a backslash becomes "\\"; every byte of anything else
 * becomes \xNN: control characters (C0, DEL, C1), line and paragraph separators, invalid bytes,
 * noncharacters and all that Unicode calls Default_Ignorable_Code_Point (bidirectional controls,
 * zero-width characters, variation selectors, tags). Two different sources never give the same
 * text. Returns the bytes that the whole result needs without its NUL, as snprintf does.
 */
size_t quote_terminal(char *dst, size_t size, const char *src, size_t length);

/*
 * For machines that want valid UTF-8 and escape the rest themselves (jansson): each byte that is
 * part of no valid sequence becomes U+FFFD; everything else stays, control characters and NUL too
 * (then pass the returned length on, as to json_stringn()). Returns as quote_terminal().
 */
size_t quote_utf8(char *dst, size_t size, const char *src, size_t length);

/*
 * A table cell: quote_terminal() cut to at most columns, the last of which is then an ellipsis
 * (U+2026). Returns the columns used, for padding. Give dst QUOTE_TERMINAL_SIZE(columns): a smaller
 * one may cut earlier, without the ellipsis.
 *
 * Columns are counted simply: 2 for the wide blocks (East Asian, emoji), 1 for every other code
 * point. A combining mark, which takes none on the screen, counts 1 too, so a column is padded
 * short there, and a pile of marks cannot hide in one cell.
 */
size_t quote_cell(char *dst, size_t size, const char *src, size_t length, size_t columns);

/* The columns, counted as above, of a text that quote_terminal() or quote_cell() made. */
size_t quote_columns(const char *quoted);

/* A quoted string by value, for one message: fail_set(fail, err, "cannot open %s",
 * quote_string(path).text) */
struct quoted {
	char text[256];
};

/*
 * Quotes for the terminal; what is too long ends in "...". An empty string gives '', so that no
 * message has a hole; NULL gives "".
 */
struct quoted quote_string(const char *string);

#endif
