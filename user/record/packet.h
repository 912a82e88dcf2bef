/* SPDX-License-Identifier: GPL-2.0 */
/*
 * packet.h - one stream of a recording, read packet by packet: the checks that everything in it passes before
 * anybody looks at it. Called by reader.c; by writer.c for the checksum.
 */
#ifndef TASKTAX_RECORD_PACKET_H
#define TASKTAX_RECORD_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "record/format.h"

/* A stream is at an event, at its end, or unreadable. */
struct packet_stream {
	int fd;	       /* owned */
	char name[16]; /* of the file */
	uint32_t cpu;  /* that all packets must be of */
	enum stream_class class;
	uint64_t size, at; /* bytes of the file; where the next packet begins */
	struct packet_head head;
	char *body;		   /* of the packet, */
	uint32_t room, used, next; /* its room, length and where the next event begins */
	uint64_t packets;	   /* read so far */
	uint64_t last_ts;	   /* of the event before */
};

/* Why a packet, or the rest of it, was left out. A constant string. */
struct packet_fault {
	const char *what; /* NULL: nothing */
	uint64_t packet;  /* which, from 0 */
	uint64_t events;  /* that it would have had */
	bool cut_off;	  /* the file ends in it */
};

/* CRC-32 of the head, its own checksum taken as 0, and of the body. */
u32 packet_checksum(const struct packet_head *head, const void *body, uint32_t length);

/*
 * Reads the packet at stream->at, which must be below stream->size, into head and body: a damaged one is skipped, and
 * *fault says so. packet_next() does it by itself. 0 or a negative errno.
 */
int packet_load(struct packet_stream *stream, const u8 uuid[CTF_UUID_BYTES],
		struct packet_fault *fault);

/*
 * The next event, or NULL at the end of the stream. *fault says what was left out before it; call again until it is
 * empty. `uuid`: of the trace. *err: a negative errno, when the file cannot be read.
 */
const struct event_header *packet_next(struct packet_stream *stream, const u8 uuid[CTF_UUID_BYTES],
				       struct packet_fault *fault, int *err);

#endif
