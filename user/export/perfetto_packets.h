/* SPDX-License-Identifier: GPL-2.0 */
/*
 * perfetto_packets.h - the packets of a Perfetto trace: tracks, slices, instants and counters, names sent once and
 * referred to by number. Called by perfetto.c.
 *
 * All packets are of one sequence. Time is that of the recording (CLOCK_MONOTONIC), written as the trace's own clock: a
 * snapshot says that both are the same, and what the wall clock was. Packets need not come in the order of time (a fault is
 * known at its end): what reads them sorts.
 */
#ifndef TASKTAX_EXPORT_PERFETTO_PACKETS_H
#define TASKTAX_EXPORT_PERFETTO_PACKETS_H

#include "export/buffer.h"

struct packets {
	struct buffer *out;
	uint64_t names; /* sent so far */
};

/* A figure or a word about a slice, in the panel below it. */
struct packets_note {
	uint64_t name;	  /* packets_note_name() */
	uint64_t number;  /* without a text */
	const char *text; /* foreign; NULL: the number */
};

#define PACKETS_NOTES 12

struct packets_event {
	uint64_t ts, track;
	uint64_t name;	   /* packets_name() */
	uint64_t category; /* packets_category() */
	struct packets_note note[PACKETS_NOTES];
	size_t notes;
	uint64_t flow, flow_end; /* an arrow begins here, ends here; 0: none */
};

/* The first packet, and the clocks. realtime_offset_ns: CLOCK_REALTIME less CLOCK_MONOTONIC. */
void packets_begin(struct packets *packets, struct buffer *out, uint64_t ts,
		   int64_t realtime_offset_ns);

/* Sends a name, foreign or ours, and gives its number: of slices, of categories, of notes. */
uint64_t packets_name(struct packets *packets, const char *name);
uint64_t packets_category(struct packets *packets, const char *name);
uint64_t packets_note_name(struct packets *packets, const char *name);

/* Tracks, by a number of the caller's that is not 0. parent 0: none. Names are foreign. May be sent again. */
void packets_track(struct packets *packets, uint64_t track, uint64_t parent, const char *name);
void packets_counter_track(struct packets *packets, uint64_t track, uint64_t parent,
			   const char *name);
void packets_process(struct packets *packets, uint64_t track, uint32_t pid, const char *name);
void packets_thread(struct packets *packets, uint64_t track, uint64_t parent, uint32_t pid,
		    uint32_t tid, const char *name);

void packets_slice(struct packets *packets, const struct packets_event *event);
void packets_slice_end(struct packets *packets, uint64_t track, uint64_t ts);
void packets_instant(struct packets *packets, const struct packets_event *event);
void packets_count(struct packets *packets, uint64_t track, uint64_t ts, double value);

#endif
