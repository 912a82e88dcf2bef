// SPDX-License-Identifier: GPL-2.0
/* packet.c - heads, bodies and events of packets, and what may be wrong with each; see packet.h. */
#include "record/packet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/event_form.h"

u32 packet_checksum(const struct packet_head *head, const void *body, uint32_t length)
{
	struct packet_head plain = *head;

	uLong sum;

	plain.checksum = 0;
	sum = crc32(0, (const Bytef *)&plain, sizeof(plain));
	return (u32)(length ? crc32(sum, body, length) : sum); /* without a body it begins anew */
}

/* Bytes of the file from a place on; fewer only at its end, or a negative errno. */
static int64_t read_at(const struct packet_stream *stream, void *to, size_t size, uint64_t at)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got = pread(stream->fd, (char *)to + done, size - done, (off_t)(at + done));

		if (got < 0 && errno != EINTR)
			return -errno;
		if (!got)
			break;
		done += got > 0 ? (size_t)got : 0;
	}
	return (int64_t)done;
}

/* What is wrong with a head; NULL: nothing that its size depends on. */
static const char *judge_size(const struct packet_head *head)
{
	if (head->magic != CTF_MAGIC)
		return "a packet does not begin where one should";
	if (head->content_size > head->packet_size ||
	    head->packet_size - head->content_size >= 64 || head->packet_size % 64 ||
	    head->packet_size < 8 * sizeof(*head) || head->packet_size > 8ull * PACKET_MOST)
		return "a packet has an impossible size";
	return NULL;
}

static const char *judge_head(const struct packet_stream *stream, const u8 uuid[CTF_UUID_BYTES])
{
	const struct packet_head *head = &stream->head;

	if (memcmp(head->uuid, uuid, CTF_UUID_BYTES) != 0)
		return "a packet is of another trace";
	if (head->stream_id != (u32)stream->class || head->cpu_id != stream->cpu)
		return "a packet is of another stream";
	if (head->packet_seq_num != stream->packets)
		return "packets are missing, or not in order";
	if (head->timestamp_end < head->timestamp_begin)
		return "a packet ends before it begins";
	return NULL;
}

static int make_room(struct packet_stream *stream, uint32_t size)
{
	char *body;

	if (size <= stream->room)
		return 0;
	body = realloc(stream->body, size);
	if (!body)
		return -ENOMEM;
	stream->body = body;
	stream->room = size;
	return 0;
}

static void set_fault(const struct packet_stream *stream, struct packet_fault *fault,
		      const char *what, bool cut_off)
{
	*fault = (struct packet_fault){ what, stream->packets, stream->head.events, cut_off };
}

/* A packet that cannot be stepped over ends the stream. */
static int give_up(struct packet_stream *stream, struct packet_fault *fault, const char *what,
		   bool cut_off)
{
	set_fault(stream, fault, what, cut_off);
	stream->at = stream->size;
	return 0;
}

int packet_load(struct packet_stream *stream, const u8 uuid[CTF_UUID_BYTES],
		struct packet_fault *fault)
{
	struct packet_head *head = &stream->head;
	const char *what;
	uint32_t length;
	int64_t got;

	memset(fault, 0, sizeof(*fault));
	stream->used = stream->next = 0;
	memset(head, 0, sizeof(*head));
	got = read_at(stream, head, sizeof(*head), stream->at);
	if (got < 0)
		return (int)got;
	if ((size_t)got < sizeof(*head)) {
		head->events = 0;
		return give_up(stream, fault, "it ends within a packet", true);
	}
	what = judge_size(head);
	if (what) {
		head->events = 0; /* who knows */
		return give_up(stream, fault, what, false);
	}
	length = (uint32_t)(head->packet_size / 8 - sizeof(*head));
	if (head->events > length / sizeof(struct event_header))
		head->events = length / (uint32_t)sizeof(struct event_header);
	if (make_room(stream, length))
		return -ENOMEM;
	got = read_at(stream, stream->body, length, stream->at + sizeof(*head));
	if (got < 0)
		return (int)got;
	if (got < length)
		return give_up(stream, fault, "it ends within a packet", true);
	stream->at += sizeof(*head) + length;
	what = judge_head(stream, uuid);
	if (!what && head->checksum != packet_checksum(head, stream->body, length))
		what = "a packet's checksum is wrong";
	if (what)
		set_fault(stream, fault, what, false);
	else
		stream->used = length;
	stream->packets = head->packet_seq_num < UINT64_MAX ? head->packet_seq_num + 1 : 0;
	return 0;
}

/* NULL: it does not fit. */
static const struct event_header *event_at(const struct packet_stream *stream, uint32_t at)
{
	const struct event_header *event = (const void *)(stream->body + at);
	uint32_t left = stream->used - at;

	if (left < sizeof(*event) || event->size < sizeof(*event) || event->size > left ||
	    event->size % 8)
		return NULL;
	return event;
}

/* A wrapped record is judged when it is unwrapped. */
static bool is_whole(const struct event_header *event)
{
	const struct event_late *late = (const void *)event;

	if (event->kind == RECORD_CLOSING)
		return event->size == sizeof(struct event_closing);
	if (event->kind != RECORD_LATE)
		return event_is_well_formed(event);
	return event->size >= sizeof(*late) + sizeof(struct event_header) &&
	       late->length == event->size - sizeof(*late);
}

const struct event_header *packet_next(struct packet_stream *stream, const u8 uuid[CTF_UUID_BYTES],
				       struct packet_fault *fault, int *err)
{
	const struct event_header *event;

	memset(fault, 0, sizeof(*fault));
	while (stream->next >= stream->used) {
		if (stream->at >= stream->size)
			return NULL;
		*err = packet_load(stream, uuid, fault);
		if (*err || fault->what)
			return NULL;
	}
	event = event_at(stream, stream->next);
	if (event && is_whole(event) && event->ts >= stream->last_ts && event->cpu == stream->cpu) {
		stream->next += event->size;
		stream->last_ts = event->ts;
		return event;
	}
	/* a sound checksum, and yet: made so */
	*fault = (struct packet_fault){ "a packet holds what is no event, or not in order",
					stream->packets - 1, stream->head.events, false };
	stream->next = stream->used;
	return NULL;
}
