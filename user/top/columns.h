/* SPDX-License-Identifier: GPL-2.0 */
/*
 * columns.h - the columns of top: their titles, widths and figures, which of them have room, and what orders rows.
 * Pure. Called by the other files of top/.
 */
#ifndef TASKTAX_TOP_COLUMNS_H
#define TASKTAX_TOP_COLUMNS_H

#include "model/rates.h"
#include "output/table.h"

enum column {
	COLUMN_PID,
	COLUMN_NAME,
	COLUMN_SWITCHES,
	COLUMN_THREAD,
	COLUMN_PROCESS,
	COLUMN_RESUME,
	COLUMN_COST,
	COLUMN_TAX,
	COLUMN_WAIT,
	COLUMN_FAULTS,
	COLUMN_DEBT,
	COLUMN_SENT,
	COLUMN_RECEIVED,
	COLUMN_RSS,
	COLUMN_PSS,
	COLUMN_FAULT_TAX,
	COLUMN_MAJOR,
	COLUMN_KIND,				   /* and one for each enum fault_kind */
	COLUMN_MINUTE = COLUMN_KIND + FAULT_KINDS, /* the spark line */
	COLUMNS,
};

/* Names for --sort: "switches", "tax", ... COLUMNS: no such name, or nothing to sort by. */
enum column column_named(const char *name);
const char *column_name(enum column column);
const char *column_title(enum column column);
bool column_is_left(enum column column);

/* --- which have room --- */

struct layout {
	unsigned int count;
	struct {
		enum column column;
		unsigned int width;
	} at[COLUMNS];	       /* with one blank between two */
	unsigned int left_out; /* for want of room */
};

/*
 * In so many columns of the screen: those of the faults' kinds or the others; the first `shift` of the figures are
 * passed over; names of a tree have more room.
 */
struct layout columns_layout(unsigned int width, bool kinds, bool tree, unsigned int shift);
unsigned int columns_most_shift(bool kinds);

/* --- figures --- */

#define COLUMN_TEXT 32

/* At most five places, DASH where it is not known. Not of the name, nor of the minute. */
enum style column_text(enum column column, const struct rates_row *row,
		       const struct rates_view *rates, char text[COLUMN_TEXT]);

/* -1: left first, when what is larger comes first (of pid and name: what is smaller); not known comes last. */
int column_compare(enum column column, const struct rates_row *left, const struct rates_row *right,
		   const struct rates_view *rates);

/* The same figures for a line of words: "12.3k", "340us", "1.2M". */
char *short_count(char *text, size_t size, double count);
char *short_ns(char *text, size_t size, uint64_t ns);
char *short_bytes(char *text, size_t size, uint64_t bytes);
char *short_percent(char *text, size_t size, double percent);

/* So many columns, of the last minute. ASCII where the terminal has no more. */
void spark_line(char *text, size_t size, const struct history *history, unsigned int columns);

#endif
