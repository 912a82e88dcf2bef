/* SPDX-License-Identifier: GPL-2.0 */
/*
 * writer.h - a recording being made: takes the events that the model takes, in the same order, and keeps them as
 * format.h says. Owns the directory and its files; memory is a packet for each CPU.
 *
 * A packet goes out when it is full, or a second old: what a killed tracer leaves is readable up to there. When
 * the disk refuses more (full, broken), the half-written packet is taken back and nothing more is written but the
 * closing record, for which there is room from the start where the file system can promise it.
 * Called by run.c.
 */
#ifndef TASKTAX_RECORD_WRITER_H
#define TASKTAX_RECORD_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "model/run_context.h"
#include "record/format.h"

struct record_writer;

/*
 * Makes the directory, which must not exist; with `replace` a recording that is there (or an empty directory) gives way.
 * Links are not followed. 0 or a negative errno with the reason.
 */
int record_writer_open(struct record_writer **writer, const char *directory, bool replace,
		       const struct run_context *context, struct fail *fail);

/* Frees it; without record_writer_close() the recording counts as cut off. */
void record_writer_free(struct record_writer *writer);

/* Copies an event. What cannot be kept any more is counted. 0 or -ENOMEM. */
int record_writer_event(struct record_writer *writer, const struct event_header *event);

/* How many events of this CPU have been lost so far, for the packets to come. */
void record_writer_lost(struct record_writer *writer, unsigned int cpu, uint64_t lost);

/* Writes the packets that are old enough. `now`: CLOCK_MONOTONIC, ns. */
void record_writer_tick(struct record_writer *writer, uint64_t now);

/* The errno that has ended the writing, 0: none has; the reason in `fail`, which may be NULL. */
int record_writer_error(const struct record_writer *writer, struct fail *fail);

/* Takes back what is nothing but begun: the directory is as if it had never been made. Instead of closing. */
void record_writer_withdraw(struct record_writer *writer);

struct record_size {
	uint64_t events, bytes; /* on the disk */
};

/*
 * Writes what is left, and the closing record, whose header and counters of unwritten events it fills in; syncs all to
 * the disk. 0 or a negative errno with the reason, also of an earlier error.
 */
int record_writer_close(struct record_writer *writer, const struct event_closing *closing,
			struct record_size *size, struct fail *fail);

#endif
