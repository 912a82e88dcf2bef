/* SPDX-License-Identifier: GPL-2.0 */
/*
 * reader.h - reads a recording: hands on its events in the order in which the model took them when it was made.
 *
 * A recording may come from anyone: every length, count and stamp in it is checked before it is used, and memory is
 * bounded by the number of its streams (a packet for each), whatever it says. What is damaged is left out and counted;
 * a packet that was cut off ends its stream. Called by replay.c and the exports.
 */
#ifndef TASKTAX_RECORD_READER_H
#define TASKTAX_RECORD_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "model/run_context.h"
#include "record/format.h"

struct record_reader;

/* A directory that record_writer.h made. 0, or a negative errno with the reason: -EINVAL, no recording; -ENOTSUP, a newer one. */
int record_reader_open(struct record_reader **reader, const char *directory, struct fail *fail);
void record_reader_free(struct record_reader *reader);

/* Valid as long as the reader. What is only known at the end is in it when the recording has an end. */
const struct run_context *record_reader_context(const struct record_reader *reader);

/* Of the trace, CTF_UUID_BYTES; and its directory, open: both valid as long as the reader. */
const uint8_t *record_reader_uuid(const struct record_reader *reader);
int record_reader_directory(const struct record_reader *reader);

/* CLOCK_REALTIME less CLOCK_MONOTONIC when recording began, ns. */
int64_t record_reader_clock_offset(const struct record_reader *reader);

/* When recording began: CLOCK_MONOTONIC, ns; of one without an end, when its first event was. */
uint64_t record_reader_began(const struct record_reader *reader);

/* How it ended; NULL: it was cut off. Its losses are those of the run. */
const struct event_closing *record_reader_closing(const struct record_reader *reader);

/*
 * Hands all events to the sink, once. `event` is valid during the call, 8-byte aligned and well-formed. Returns what a
 * sink returned that was not 0, or a negative errno.
 */
int record_reader_run(struct record_reader *reader,
		      int (*sink)(void *context, const struct event_header *event), void *context);

/* While it reads, it says now and then how many bytes of how many it has read. */
void record_reader_watch(struct record_reader *reader,
			 void (*watch)(void *context, uint64_t done, uint64_t all), void *context);

/* What was found while reading: valid after record_reader_run(). */
struct record_state {
	uint64_t events;
	uint64_t damaged_packets; /* left out, or from the damaged place on */
	uint64_t damaged_events;  /* in them, as far as their heads say */
	uint64_t discarded;	  /* by the packets' heads: lost when recording */
	bool cut_off;		  /* a stream ends within a packet, or there is no closing record */
	char first[256];	  /* where and what the first damage is; "" */
};

const struct record_state *record_reader_state(const struct record_reader *reader);

#endif
