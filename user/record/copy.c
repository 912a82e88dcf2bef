// SPDX-License-Identifier: GPL-2.0
/* copy.c - see copy.h. */
#include "record/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/quote.h"
#include "base/units.h"
#include "record/directory.h"
#include "record/packet.h"

#define CHUNK 65536

struct copy {
	const uint8_t *uuid;
	int to;
	struct record_copied *copied;
	struct fail *fail;
};

static int write_all(int fd, const void *bytes, size_t size)
{
	const char *from = bytes;

	while (size) {
		ssize_t done = write(fd, from, size);

		if (done < 0 && errno != EINTR)
			return -errno;
		from += done > 0 ? done : 0;
		size -= done > 0 ? (size_t)done : 0;
	}
	return 0;
}

/* --- a stream --- */

static int write_packet(const struct copy *copy, int fd, const struct packet_stream *stream)
{
	int err = write_all(fd, &stream->head, sizeof(stream->head));

	copy->copied->packets++;
	copy->copied->bytes += sizeof(stream->head) + stream->used;
	return err ?: write_all(fd, stream->body, stream->used);
}

/* Whether all events of the packet at hand are sound. */
static bool is_sound(const struct copy *copy, struct packet_stream *stream)
{
	struct packet_fault fault = { 0 };
	int err = 0;

	while (stream->next < stream->used && !fault.what)
		packet_next(stream, copy->uuid, &fault, &err);
	return !fault.what;
}

static int copy_packets(const struct copy *copy, struct packet_stream *stream, int fd)
{
	int err = 0;

	while (!err && stream->at < stream->size) {
		struct packet_fault fault;

		err = packet_load(stream, copy->uuid, &fault);
		if (err)
			break;
		if (!fault.what && is_sound(copy, stream))
			err = write_packet(copy, fd, stream);
		else
			copy->copied->left_out++;
	}
	return err;
}

static void describe(struct packet_stream *stream, const char *name)
{
	uint64_t cpu = 0;

	stream->class = strcmp(name, END_NAME) != 0 ? STREAM_CPU : STREAM_END;
	if (stream->class == STREAM_CPU)
		parse_u64(name + 3, &cpu);
	stream->cpu = (uint32_t)cpu;
	snprintf(stream->name, sizeof(stream->name), "%.15s", name);
}

/* --- the rest --- */

/* Byte for byte. */
static int copy_file(int from, int to)
{
	char *chunk = malloc(CHUNK);
	int err = chunk ? 0 : -ENOMEM;

	while (!err) {
		ssize_t got = read(from, chunk, CHUNK);

		if (got < 0 && errno != EINTR)
			err = -errno;
		if (!got)
			break;
		if (got > 0)
			err = write_all(to, chunk, (size_t)got);
	}
	free(chunk);
	return err;
}

static int copy_contents(const struct copy *copy, int from, uint64_t size, const char *name, int to)
{
	struct packet_stream stream = { .fd = from, .size = size };
	int err;

	if (!strcmp(name, METADATA_NAME))
		return copy_file(from, to);
	describe(&stream, name);
	err = copy_packets(copy, &stream, to);
	free(stream.body);
	return err;
}

static int copy_one(void *context, int directory, const char *name)
{
	const struct copy *copy = context;
	uint64_t size = 0;
	int from, to = -1, err = 0;

	if (!record_directory_has(name))
		return 0;
	from = record_directory_open(directory, name, &size);
	if (from < 0)
		return fail_set(copy->fail, from, "cannot read %s: %s", quote_string(name).text,
				strerror(-from));
	to = openat(copy->to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	err = to < 0 ? -errno : copy_contents(copy, from, size, name, to);
	if (!err && fsync(to))
		err = -errno;
	close(from);
	if (to >= 0 && close(to) && !err)
		err = -errno;
	return err ? fail_set(copy->fail, err, "cannot copy %s: %s", quote_string(name).text,
			      strerror(-err)) :
		     0;
}

int record_copy(const struct record_reader *reader, int directory, struct record_copied *copied,
		struct fail *fail)
{
	struct copy copy = { record_reader_uuid(reader), directory, copied, fail };
	int err;

	memset(copied, 0, sizeof(*copied));
	err = record_directory_each(record_reader_directory(reader), copy_one, &copy);
	if (err && !fail->text[0])
		fail_set(fail, err, "cannot copy: %s", strerror(-err));
	return err;
}
