/* SPDX-License-Identifier: GPL-2.0 */
/*
 * format.h - what a recording is on disk: a directory with a Common Trace Format 1.8 trace.
 *
 *   metadata   text: which bytes are what (metadata.c), and the environment (environment.c)
 *   cpu0 ...   one stream per CPU: the records that event.h describes, as the rings gave them, in packets
 *   end        one packet with one event_closing, written last: a recording without it was cut off
 *
 * All is little-endian, as the hosts that tasktax runs on are, and aligned to 8 bytes. Packets are whole or not
 * there, since each goes out in one write; what they hold is checked by a CRC-32 (zlib). The order of all events,
 * as the model took them when recording, is by stamp, then by CPU, then as they stand in their stream; what came
 * after younger ones, and would break that, is wrapped in an event_late, stamped as its place wants it.
 * The specification is diamon.org/ctf/v1.8.3. Included by the files of record/ and export/.
 */
#ifndef TASKTAX_RECORD_FORMAT_H
#define TASKTAX_RECORD_FORMAT_H

#include "event.h"

#define RECORD_VERSION 1

#define CTF_MAGIC 0xC1FC1FC1u
#define CTF_UUID_BYTES 16
#define METADATA_NAME "metadata"
#define END_NAME "end"

enum stream_class {
	STREAM_CPU = 0,
	STREAM_END = 1,
};

/* Sizes in bits, as CTF wants them; the content is shorter by the zeros after a name that a packet ends with. */
struct packet_head {
	u32 magic;
	u32 stream_id; /* enum stream_class */
	u8 uuid[CTF_UUID_BYTES];
	u64 timestamp_begin, timestamp_end; /* of its first and last event */
	u64 content_size, packet_size;	    /* the head included */
	u64 packet_seq_num;		    /* of its stream, from 0 */
	u64 events_discarded;		    /* lost on this CPU since the start: a ring was full */
	u32 cpu_id;
	u32 events;   /* in it */
	u32 checksum; /* CRC-32 of the packet, this taken as 0 */
	u32 reserved;
};

#define PACKET_MOST (1u << 20) /* bytes, the largest that a reader takes */

/* Kinds that only recordings have. */
enum record_kind {
	RECORD_LATE = 64,
	RECORD_CLOSING = 65,
};

/* A record that came late: whole, with its own header, zeros up to a multiple of 8. */
struct event_late {
	struct event_header h; /* stamp and CPU of the one before it */
	u32 length;	       /* bytes that follow */
	u32 reserved;
	u8 record[];
};

/* What is known when a recording ends. */
struct event_closing {
	struct event_header h;
	u64 armed_ns, disarmed_ns; /* CLOCK_MONOTONIC */
	u64 loader_cpu_ns, memory_cost_ns;
	s32 exit_code;	 /* as in struct run_context */
	s32 exit_signal; /* */
	u32 error;	 /* errno that ended the recording before its time, 0: none */
	u32 reserved;
	u64 unwritten; /* events that came after that, or would not fit on the disk */
	struct losses lost;
	struct tlb_reason tlb_reasons[TLB_REASONS];
};

_Static_assert(sizeof(struct packet_head) == 88, "on disk");
_Static_assert(sizeof(struct event_late) == 24, "on disk");
_Static_assert(sizeof(struct losses) == 88, "on disk");
_Static_assert(sizeof(struct event_closing) == 352, "on disk");

#endif
