// SPDX-License-Identifier: GPL-2.0
/* writer.c - packets and their files; see writer.h. */
#include "record/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/quote.h"
#include "record/directory.h"
#include "record/metadata.h"
#include "record/packet.h"

#define PACKET_BYTES (128u << 10)
#define PACKET_AGE_NS 1000000000ull
#define END_RESERVE 4096 /* a block: the closing packet */

/* One stream: the packet that is being filled, and the file that whole ones go to. */
struct stream {
	int fd; /* -1: not made yet */
	struct packet_head *packet;
	uint32_t used; /* bytes of it; 0: empty, and not begun */
	uint32_t last; /* where its latest event begins; 0: it has none */
	uint64_t sequence;
	uint64_t lost, told; /* events; as far as a packet has told of them */
	off_t written;
};

struct record_writer {
	char *name;
	int directory;
	uint8_t uuid[CTF_UUID_BYTES];
	struct stream *stream; /* by CPU */
	uint32_t streams, room;
	struct stream end;
	uint64_t last_ts; /* of the event before, */
	uint16_t last_cpu;
	uint64_t oldest_ns; /* no packet was begun before; UINT64_MAX: none is begun */
	uint64_t events, bytes, unwritten;
	int error;
};

/* --- the directory --- */

static int make_file(const struct record_writer *writer, const char *name)
{
	int fd = openat(writer->directory, name,
			O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_APPEND, 0600);

	return fd < 0 ? -errno : fd;
}

static int64_t clock_offset_ns(void)
{
	struct timespec real, monotonic;

	clock_gettime(CLOCK_MONOTONIC, &monotonic);
	clock_gettime(CLOCK_REALTIME, &real);
	return (real.tv_sec - monotonic.tv_sec) * INT64_C(1000000000) + real.tv_nsec -
	       monotonic.tv_nsec;
}

static int write_all(int fd, const void *bytes, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t wrote = write(fd, (const char *)bytes + done, size - done);

		if (wrote < 0 && errno != EINTR)
			return -errno;
		done += wrote > 0 ? (size_t)wrote : 0;
	}
	return 0;
}

static int write_metadata(struct record_writer *writer, const struct run_context *context)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int fd, err;

	if (!out)
		return -ENOMEM;
	metadata_write(out, writer->uuid, clock_offset_ns(), context);
	if (fclose(out)) {
		free(text);
		return -ENOMEM;
	}
	fd = make_file(writer, METADATA_NAME);
	err = fd < 0 ? fd : write_all(fd, text, size);
	if (fd >= 0 && close(fd) && !err)
		err = -errno;
	free(text);
	writer->bytes += size;
	return err;
}

/* A UUID of random bytes, version 4 of RFC 9562. */
static int make_uuid(uint8_t uuid[CTF_UUID_BYTES])
{
	if (getrandom(uuid, CTF_UUID_BYTES, 0) != CTF_UUID_BYTES)
		return -EIO;
	uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40);
	uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
	return 0;
}

/* Room for the closing packet; a file system that cannot promise it may refuse it when it is full. */
static int make_end(struct record_writer *writer)
{
	writer->end.fd = make_file(writer, END_NAME);
	if (writer->end.fd < 0)
		return writer->end.fd;
	if (!fallocate(writer->end.fd, FALLOC_FL_KEEP_SIZE, 0, END_RESERVE))
		return 0;
	return errno == ENOSPC || errno == EDQUOT || errno == EIO ? -errno : 0;
}

int record_writer_open(struct record_writer **writer_out, const char *directory, bool replace,
		       const struct run_context *context, struct fail *fail)
{
	struct record_writer *writer = calloc(1, sizeof(*writer));
	int err;

	if (!writer)
		return fail_set(fail, -ENOMEM, "no memory for the recording");
	writer->oldest_ns = UINT64_MAX;
	writer->end.fd = writer->directory = -1;
	writer->name = strdup(directory);
	if (!writer->name) {
		record_writer_free(writer);
		return fail_set(fail, -ENOMEM, "no memory for the recording");
	}
	writer->directory = record_directory_make(directory, replace, fail);
	if (writer->directory < 0) {
		err = writer->directory;
		record_writer_free(writer);
		return err;
	}
	err = make_uuid(writer->uuid) ?: make_end(writer) ?: write_metadata(writer, context);
	if (err) {
		fail_set(fail, err, "cannot write into %s: %s", quote_string(directory).text,
			 strerror(-err));
		record_writer_withdraw(writer);
		record_writer_free(writer);
		return err;
	}
	*writer_out = writer;
	return 0;
}

void record_writer_withdraw(struct record_writer *writer)
{
	record_directory_empty(writer->directory);
	rmdir(writer->name);
}

static void free_stream(struct stream *stream)
{
	free(stream->packet);
	if (stream->fd >= 0)
		close(stream->fd);
}

void record_writer_free(struct record_writer *writer)
{
	if (!writer)
		return;
	for (uint32_t i = 0; i < writer->streams; i++)
		free_stream(&writer->stream[i]);
	free_stream(&writer->end);
	if (writer->directory >= 0)
		close(writer->directory);
	free(writer->stream);
	free(writer->name);
	free(writer);
}

/* --- packets --- */

static void fail_writing(struct record_writer *writer, int err)
{
	if (!writer->error)
		writer->error = err;
}

static void begin_packet(struct record_writer *writer, struct stream *stream, uint32_t cpu,
			 enum stream_class class, uint64_t ts)
{
	*stream->packet = (struct packet_head){
		.magic = CTF_MAGIC,
		.stream_id = class,
		.timestamp_begin = ts,
		.packet_seq_num = stream->sequence,
		.cpu_id = cpu,
	};
	memcpy(stream->packet->uuid, writer->uuid, sizeof(writer->uuid));
	stream->used = sizeof(*stream->packet);
	if (ts < writer->oldest_ns)
		writer->oldest_ns = ts;
}

/* The packet of a file is whole or not there. */
static int append(struct stream *stream, const void *bytes, size_t size)
{
	int err = write_all(stream->fd, bytes, size);

	if (!err) {
		stream->written += (off_t)size;
		return 0;
	}
	return ftruncate(stream->fd, stream->written) ? -errno : err;
}

/*
 * What the content ends before: the zeros after a name. Between two events the alignment of the second accounts for them;
 * at the end a reader would take them for the beginning of one more.
 */
static uint32_t padding(const struct stream *stream)
{
	const struct event_mapping *mapping =
		(const void *)((const char *)stream->packet + stream->last);

	if (!stream->last || mapping->h.kind != EVENT_MAPPING)
		return 0;
	return (uint32_t)(mapping->h.size - sizeof(*mapping) - strlen(mapping->name) - 1);
}

static void end_packet(struct record_writer *writer, struct stream *stream)
{
	struct packet_head *packet = stream->packet;
	int err = 0;

	packet->packet_size = 8ull * stream->used;
	packet->content_size = packet->packet_size - 8ull * padding(stream);
	packet->events_discarded = stream->lost;
	packet->checksum =
		packet_checksum(packet, packet + 1, stream->used - (uint32_t)sizeof(*packet));
	if (!writer->error)
		err = append(stream, packet, stream->used);
	if (err)
		fail_writing(writer, err);
	if (writer->error) {
		writer->unwritten += packet->events;
	} else {
		writer->events += packet->events;
		writer->bytes += stream->used;
		stream->sequence++;
		stream->told = stream->lost;
	}
	stream->used = stream->last = 0;
}

/*
 * The first packet is empty, and says that nothing is lost yet: readers of CTF take what a packet says of losses as
 * what was lost since the one before.
 */
static void open_stream(struct record_writer *writer, struct stream *stream, uint16_t cpu,
			uint64_t ts)
{
	uint64_t lost = stream->lost;
	char name[16];

	snprintf(name, sizeof(name), "cpu%u", cpu);
	stream->fd = make_file(writer, name);
	if (stream->fd < 0) {
		fail_writing(writer, stream->fd);
		return;
	}
	begin_packet(writer, stream, cpu, STREAM_CPU, ts);
	stream->packet->timestamp_end = ts;
	stream->lost = 0;
	end_packet(writer, stream);
	stream->lost = lost;
}

/* The stream of a CPU, whose first event has this stamp. NULL: no memory. */
static struct stream *stream_for(struct record_writer *writer, uint16_t cpu, uint64_t ts)
{
	struct stream *stream;

	if (cpu >= writer->streams) {
		if (array_grow(writer->stream, writer->room, cpu))
			return NULL;
		while (writer->streams <= cpu)
			writer->stream[writer->streams++].fd = -1;
	}
	stream = &writer->stream[cpu];
	if (!stream->packet)
		stream->packet = calloc(1, PACKET_BYTES);
	if (stream->packet && stream->fd < 0 && !writer->error)
		open_stream(writer, stream, cpu, ts);
	return stream->packet ? stream : NULL;
}

/* Room in the packet, which is begun with this stamp if it was empty. NULL: no memory. */
static void *take_room(struct record_writer *writer, uint16_t cpu, uint64_t ts, size_t size)
{
	struct stream *stream = stream_for(writer, cpu, ts);
	void *room;

	if (!stream)
		return NULL;
	if (stream->used + size > PACKET_BYTES)
		end_packet(writer, stream);
	if (!stream->used)
		begin_packet(writer, stream, cpu, STREAM_CPU, ts);
	room = (char *)stream->packet + stream->used;
	stream->last = stream->used;
	stream->used += (uint32_t)size;
	stream->packet->timestamp_end = ts;
	stream->packet->events++;
	writer->last_ts = ts;
	writer->last_cpu = cpu;
	return room;
}

static size_t round_up(size_t size)
{
	return (size + 7) & ~(size_t)7;
}

/* What came after younger ones is kept in its place in the order, which is not that of its stamp. */
static int add_late(struct record_writer *writer, const struct event_header *event)
{
	size_t length = round_up(event->size), size = sizeof(struct event_late) + length;
	struct event_late *late = take_room(writer, writer->last_cpu, writer->last_ts, size);

	if (!late)
		return -ENOMEM;
	*late = (struct event_late){
		.h = { writer->last_ts, RECORD_LATE, (u16)size, writer->last_cpu, 0 },
		.length = (u32)length,
	};
	memset(late->record, 0, length);
	memcpy(late->record, event, event->size);
	return 0;
}

/* A name's record ends with its zero, and with as many more as fill 8 bytes: the size follows from the name. */
static size_t size_of(const struct event_header *event)
{
	const struct event_mapping *mapping = (const void *)event;

	if (event->kind != EVENT_MAPPING)
		return event->size;
	return round_up(sizeof(*mapping) + strlen(mapping->name) + 1);
}

int record_writer_event(struct record_writer *writer, const struct event_header *event)
{
	size_t size = size_of(event);
	struct event_header *to;

	if (writer->error) {
		writer->unwritten++;
		return 0;
	}
	if (event->ts < writer->last_ts ||
	    (event->ts == writer->last_ts && event->cpu < writer->last_cpu))
		return add_late(writer, event);
	to = take_room(writer, event->cpu, event->ts, size);
	if (!to)
		return -ENOMEM;
	if (size <= event->size) {
		memcpy(to, event, size);
	} else {
		memset(to, 0, size);
		memcpy(to, event, event->size);
	}
	to->size = (u16)size;
	return 0;
}

void record_writer_lost(struct record_writer *writer, unsigned int cpu, uint64_t lost)
{
	if (cpu < writer->streams)
		writer->stream[cpu].lost = lost;
}

void record_writer_tick(struct record_writer *writer, uint64_t now)
{
	uint64_t oldest = UINT64_MAX;

	if (now < PACKET_AGE_NS || writer->oldest_ns > now - PACKET_AGE_NS)
		return;
	for (uint32_t i = 0; i < writer->streams; i++) {
		struct stream *stream = &writer->stream[i];

		if (!stream->used)
			continue;
		if (stream->packet->timestamp_begin <= now - PACKET_AGE_NS)
			end_packet(writer, stream);
		else if (stream->packet->timestamp_begin < oldest)
			oldest = stream->packet->timestamp_begin;
	}
	writer->oldest_ns = oldest;
}

int record_writer_error(const struct record_writer *writer, struct fail *fail)
{
	if (!writer->error)
		return 0;
	return fail_set(fail, writer->error, "cannot write into %s any more: %s",
			quote_string(writer->name).text, strerror(-writer->error));
}

/* --- the end --- */

/* Into the room that was promised, whatever has failed before. */
static int write_end(struct record_writer *writer, const struct event_closing *closing)
{
	struct {
		struct packet_head head;
		struct event_closing closing;
	} packet = { .closing = *closing };
	u64 ts = closing->disarmed_ns;

	packet.closing.h =
		(struct event_header){ ts, RECORD_CLOSING, sizeof(packet.closing), 0, 0 };
	packet.closing.error = (u32)-writer->error;
	packet.closing.unwritten = writer->unwritten;
	packet.head = (struct packet_head){
		.magic = CTF_MAGIC,
		.stream_id = STREAM_END,
		.timestamp_begin = ts,
		.timestamp_end = ts,
		.content_size = 8 * sizeof(packet),
		.packet_size = 8 * sizeof(packet),
		.events = 1,
	};
	memcpy(packet.head.uuid, writer->uuid, sizeof(writer->uuid));
	packet.head.checksum =
		packet_checksum(&packet.head, &packet.closing, sizeof(packet.closing));
	writer->bytes += sizeof(packet);
	return append(&writer->end, &packet, sizeof(packet));
}

/* What was lost after the last event of a stream is told by a packet without any. */
static void end_streams(struct record_writer *writer, uint64_t ts)
{
	for (uint32_t i = 0; i < writer->streams; i++) {
		struct stream *stream = &writer->stream[i];

		if (!stream->used && stream->lost != stream->told && stream->packet) {
			begin_packet(writer, stream, i, STREAM_CPU,
				     ts > writer->last_ts ? ts : writer->last_ts);
			stream->packet->timestamp_end = stream->packet->timestamp_begin;
		}
		if (stream->used)
			end_packet(writer, stream);
	}
}

static void sync_to_disk(struct record_writer *writer)
{
	for (uint32_t i = 0; i < writer->streams; i++)
		if (writer->stream[i].fd >= 0 && fdatasync(writer->stream[i].fd))
			fail_writing(writer, -errno);
}

int record_writer_close(struct record_writer *writer, const struct event_closing *closing,
			struct record_size *size, struct fail *fail)
{
	int err;

	end_streams(writer, closing->disarmed_ns);
	sync_to_disk(writer);
	err = write_end(writer, closing);
	if (!err && (fdatasync(writer->end.fd) || fsync(writer->directory)))
		err = -errno;
	if (err)
		fail_writing(writer, err);
	*size = (struct record_size){ writer->events, writer->bytes };
	return record_writer_error(writer, fail);
}
