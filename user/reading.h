/* SPDX-License-Identifier: GPL-2.0 */
/*
 * reading.h - how far a long recording is read: a line on standard error, where that is a terminal, from the first
 * second on. Called by replay.c and cmd_export.c.
 */
#ifndef TASKTAX_READING_H
#define TASKTAX_READING_H

#include <stdbool.h>
#include <stdint.h>

#include "record/reader.h"

struct reading {
	uint64_t next_ns; /* when to show it again */
	bool shown;
};

/* Shows it while record_reader_run() reads; `reading` must live as long. */
void reading_begin(struct reading *reading, struct record_reader *reader);

/* Takes the line away. */
void reading_end(const struct reading *reading);

#endif
