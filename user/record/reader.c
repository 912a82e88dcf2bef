// SPDX-License-Identifier: GPL-2.0
/* reader.c - the streams of a recording, merged; see reader.h. */
#include "record/reader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/event_form.h"
#include "base/merge.h"
#include "base/quote.h"
#include "base/units.h"
#include "record/directory.h"
#include "record/environment.h"
#include "record/metadata.h"
#include "record/packet.h"

#define METADATA_MOST (16u << 20)
#define SERIALS_SPARE (1u << 18)
#define WATCH_EVENTS (1u << 16) /* between two words to who watches, a power of two */

struct record_reader {
	int directory;
	struct metadata metadata;
	struct run_context context;
	char partial[320]; /* context.partial_why */
	struct packet_stream *stream;
	uint32_t streams, room;
	struct merge merge;
	bool has_closing;
	uint64_t began_ns;
	struct event_closing closing;
	uint64_t bytes; /* of all streams */
	struct record_state state;
	void (*watch)(void *context, uint64_t done, uint64_t all); /* NULL: nobody watches */
	void *watch_context;
};

/* --- opening --- */

static char *read_text(int directory, const char *name, int *err)
{
	uint64_t size = 0, done = 0;
	int fd = record_directory_open(directory, name, &size);
	char *text;

	*err = fd < 0 ? fd : size > METADATA_MOST ? -EFBIG : 0;
	text = *err ? NULL : calloc(size + 1, 1);
	if (!*err && !text)
		*err = -ENOMEM;
	while (!*err && done < size) {
		ssize_t got = read(fd, text + done, size - done);

		if (got < 0 && errno != EINTR)
			*err = -errno;
		if (!got)
			break;
		done += got > 0 ? (size_t)got : 0;
	}
	if (fd >= 0)
		close(fd);
	if (!*err)
		return text;
	free(text);
	return NULL;
}

static int refuse(const char *directory, int err, const char *why, struct fail *fail)
{
	return fail_set(fail, err, "cannot read %s: %s", quote_string(directory).text, why);
}

static int open_metadata(struct record_reader *reader, const char *directory, struct fail *fail)
{
	struct fail why = { 0 };
	int err;
	char *text = read_text(reader->directory, METADATA_NAME, &err);

	if (err == -ENOENT)
		return refuse(directory, -EINVAL, "it is no recording: it has no metadata", fail);
	if (!text)
		return refuse(directory, err, strerror(-err), fail);
	if (!strncmp(text, "\xc1\x1f\xfc\xc1", 4) || !strncmp(text, "\x57\x1d\xd1\x75", 4))
		err = fail_set(&why, -EINVAL, "it is no recording of tasktax's");
	else
		err = metadata_read(&reader->metadata, text, &why);
	free(text);
	return err ? refuse(directory, err, why.text, fail) : 0;
}

static int add_stream(struct record_reader *reader, const char *name)
{
	struct packet_stream *stream;
	uint64_t cpu = 0, size = 0;
	int fd;

	if (!strcmp(name, METADATA_NAME) || !record_directory_has(name))
		return 0;
	fd = record_directory_open(reader->directory, name, &size);
	if (fd < 0)
		return fd;
	if (array_grow(reader->stream, reader->room, reader->streams)) {
		close(fd);
		return -ENOMEM;
	}
	stream = &reader->stream[reader->streams++];
	stream->fd = fd;
	stream->size = size;
	stream->class = strcmp(name, END_NAME) != 0 ? STREAM_CPU : STREAM_END;
	if (stream->class == STREAM_CPU && parse_u64(name + 3, &cpu))
		return -EINVAL;
	stream->cpu = (uint32_t)cpu;
	snprintf(stream->name, sizeof(stream->name), "%.15s", name);
	reader->bytes += size;
	return 0;
}

static int open_streams(struct record_reader *reader, const char *directory, struct fail *fail)
{
	int copy = openat(reader->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;
	DIR *list = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;

	if (!list) {
		err = -errno;
		if (copy >= 0)
			close(copy);
		return refuse(directory, err, strerror(-err), fail);
	}
	while (!err && (entry = readdir(list))) {
		err = add_stream(reader, entry->d_name);
		if (err)
			fail_set(fail, err, "cannot read %s of %s: %s",
				 quote_string(entry->d_name).text, quote_string(directory).text,
				 err == -EINVAL ? "it is no file" : strerror(-err));
	}
	closedir(list);
	return err;
}

static void note_damage(struct record_reader *reader, const struct packet_stream *stream,
			const struct packet_fault *fault)
{
	struct record_state *state = &reader->state;

	if (fault->cut_off)
		state->cut_off = true;
	else
		state->damaged_packets++;
	state->damaged_events += fault->events;
	if (!state->first[0])
		snprintf(state->first, sizeof(state->first), "%s, packet %llu: %s", stream->name,
			 (unsigned long long)fault->packet, fault->what);
}

/* The next event of a stream, past what is damaged. NULL: its end, or *err. */
static const struct event_header *next_of(struct record_reader *reader,
					  struct packet_stream *stream, int *err)
{
	for (;;) {
		struct packet_fault fault;
		const struct event_header *event =
			packet_next(stream, reader->metadata.uuid, &fault, err);

		if (event || *err || !fault.what)
			return event;
		note_damage(reader, stream, &fault);
	}
}

/* The closing record tells the context of the report: it is read first. */
static int read_closing(struct record_reader *reader)
{
	const struct event_header *event;
	int err = 0;

	for (uint32_t i = 0; !err && i < reader->streams; i++) {
		if (reader->stream[i].class != STREAM_END)
			continue;
		while ((event = next_of(reader, &reader->stream[i], &err)))
			if (event->kind == RECORD_CLOSING) {
				memcpy(&reader->closing, event, sizeof(reader->closing));
				reader->has_closing = true;
			}
	}
	return err;
}

/* 0: there is no packet. */
static uint64_t first_stamp(const struct record_reader *reader)
{
	uint64_t first = UINT64_MAX;
	struct packet_head head;

	for (uint32_t i = 0; i < reader->streams; i++)
		if (pread(reader->stream[i].fd, &head, sizeof(head), 0) == sizeof(head) &&
		    head.magic == CTF_MAGIC && head.timestamp_begin < first)
			first = head.timestamp_begin;
	return first == UINT64_MAX ? 0 : first;
}

static void complete_context(struct record_reader *reader)
{
	struct run_context *context = &reader->context;
	const struct event_closing *closing = &reader->closing;

	*context = *environment_context(reader->metadata.environment);
	context->exit_code = -1;
	reader->began_ns = reader->has_closing ? closing->armed_ns : first_stamp(reader);
	if (!reader->has_closing)
		return;
	context->exit_code = closing->exit_code;
	context->exit_signal = closing->exit_signal;
	context->duration_ns = closing->disarmed_ns > closing->armed_ns ?
				       closing->disarmed_ns - closing->armed_ns :
				       0;
	context->loader_cpu_ns = closing->loader_cpu_ns;
	context->memory_cost_ns = closing->memory_cost_ns;
	memcpy(context->tlb_reasons, closing->tlb_reasons, sizeof(context->tlb_reasons));
}

int record_reader_open(struct record_reader **reader_out, const char *directory, struct fail *fail)
{
	struct record_reader *reader = calloc(1, sizeof(*reader));
	int err;

	if (!reader)
		return fail_set(fail, -ENOMEM, "no memory for the recording");
	reader->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (reader->directory < 0) {
		err = -errno;
		free(reader);
		return refuse(directory, err, strerror(-err), fail);
	}
	err = open_metadata(reader, directory, fail);
	if (!err)
		err = open_streams(reader, directory, fail);
	if (!err) {
		err = read_closing(reader);
		if (err)
			refuse(directory, err, strerror(-err), fail);
	}
	if (err) {
		record_reader_free(reader);
		return err;
	}
	complete_context(reader);
	*reader_out = reader;
	return 0;
}

void record_reader_free(struct record_reader *reader)
{
	if (!reader)
		return;
	for (uint32_t i = 0; i < reader->streams; i++) {
		close(reader->stream[i].fd);
		free(reader->stream[i].body);
	}
	close(reader->directory);
	environment_free(reader->metadata.environment);
	free(reader->merge.heap);
	free(reader->stream);
	free(reader);
}

/* --- reading --- */

/*
 * Tables are as long as the highest serial. Serials are given in order, one to a task and one to an address
 * space: far beyond the events there have been, they can only be damaged, or made to use up memory.
 */
static bool is_plausible(const struct record_reader *reader, uint32_t serial)
{
	return serial < SERIALS_SPARE + 4 * reader->state.events;
}

static bool is_plausible_task(const struct record_reader *reader, uint32_t ref)
{
	return TASK_CLASS(ref) != TASK_TARGET || is_plausible(reader, ref);
}

static bool has_plausible_serials(const struct record_reader *reader,
				  const struct event_header *event)
{
	const void *e = event;
	const struct event_switch *s = e;
	const struct event_waking *w = e;
	const struct event_newtask *n = e;
	const struct event_exec *x = e;

	switch (event->kind) {
	case EVENT_SWITCH:
		return is_plausible_task(reader, s->prev) && is_plausible_task(reader, s->next) &&
		       is_plausible_task(reader, s->last_user) &&
		       is_plausible(reader, s->next_mm) && is_plausible(reader, s->last_mm);
	case EVENT_WAKING:
		return is_plausible_task(reader, w->waker) && is_plausible_task(reader, w->wakee);
	case EVENT_NEWTASK:
		return is_plausible(reader, n->task) && is_plausible(reader, n->parent) &&
		       is_plausible(reader, n->mm);
	case EVENT_EXEC:
	case EVENT_FAULT: /* whose first fields are alike */
		return is_plausible(reader, x->task) && is_plausible(reader, x->mm);
	case EVENT_NAME:
		return is_plausible_task(reader, x->task);
	case EVENT_IMAGE:
	case EVENT_MAPPING:
		return true;
	default: /* the task comes first */
		return is_plausible(reader, x->task);
	}
}

_Static_assert(offsetof(struct event_fault, mm) == offsetof(struct event_exec, mm), "alike");
_Static_assert(offsetof(struct event_memory, task) == offsetof(struct event_exec, task), "alike");
_Static_assert(offsetof(struct event_shootdown, task) == offsetof(struct event_exec, task),
	       "alike");
_Static_assert(offsetof(struct event_end, task) == offsetof(struct event_exec, task), "alike");

/* The record inside, or NULL with the reason. */
static const struct event_header *unwrap(const struct event_header *event)
{
	const struct event_late *late = (const void *)event;
	const struct event_header *inner = (const void *)late->record;

	if (event->kind != RECORD_LATE)
		return event;
	if (inner->size > late->length || inner->size < sizeof(*inner) ||
	    !event_is_well_formed(inner))
		return NULL;
	return inner;
}

static void tell_watcher(const struct record_reader *reader)
{
	uint64_t done = 0;

	for (uint32_t i = 0; i < reader->streams; i++)
		done += reader->stream[i].at;
	reader->watch(reader->watch_context, done, reader->bytes);
}

static int hand_on(struct record_reader *reader, const struct event_header *event,
		   int (*sink)(void *context, const struct event_header *event), void *context)
{
	const struct event_header *inner = unwrap(event);

	if (!(++reader->state.events % WATCH_EVENTS) && reader->watch)
		tell_watcher(reader);
	if (inner && inner->kind != RECORD_CLOSING && has_plausible_serials(reader, inner))
		return sink(context, inner);
	reader->state.damaged_events++;
	if (!reader->state.first[0])
		snprintf(reader->state.first, sizeof(reader->state.first), "cpu%u: %s", event->cpu,
			 "an event of a task that there cannot be");
	return 0;
}

static bool look(struct record_reader *reader, struct merge_head *head, int *err)
{
	struct packet_stream *stream = head->source;
	const struct event_header *event = next_of(reader, stream, err);

	if (!event)
		return false;
	head->event = event;
	head->ts = event->ts;
	head->rank = stream->cpu;
	return true;
}

static int gather_heads(struct record_reader *reader)
{
	struct merge *merge = &reader->merge;
	int err = 0;

	merge->heap = calloc(reader->streams + 1, sizeof(*merge->heap));
	if (!merge->heap)
		return -ENOMEM;
	for (uint32_t i = 0; !err && i < reader->streams; i++) {
		if (reader->stream[i].class == STREAM_END)
			continue;
		merge->heap[merge->count].source = &reader->stream[i];
		merge->count += look(reader, &merge->heap[merge->count], &err);
	}
	merge_order(merge);
	return err;
}

/* What a reader of the report must know of events that nobody counted. */
static void explain_gaps(struct record_reader *reader)
{
	const struct record_state *state = &reader->state;
	char *text = reader->partial;
	size_t size = sizeof(reader->partial);

	if (state->damaged_packets || (state->damaged_events && !state->cut_off))
		snprintf(text, size, "the recording is damaged (%s)", state->first);
	else if (!reader->has_closing)
		snprintf(
			text, size,
			"the recording was cut off: whoever made it was killed, or is still at it");
	else if (reader->closing.error)
		snprintf(text, size, "the recording ended before its time: %s",
			 strerror((int)reader->closing.error));
	else if (state->cut_off)
		snprintf(text, size, "the recording was cut off (%s)", state->first);
	else
		return;
	reader->context.partial_why = text;
}

int record_reader_run(struct record_reader *reader,
		      int (*sink)(void *context, const struct event_header *event), void *context)
{
	struct merge *merge = &reader->merge;
	uint64_t last = reader->began_ns;
	int err = gather_heads(reader);
	struct merge_head *head;

	while (!err && (head = merge_first(merge))) {
		last = head->ts;
		err = hand_on(reader, head->event, sink, context);
		if (err)
			break;
		if (look(reader, head, &err))
			merge_sift(merge, 0);
		else
			merge_drop_first(merge);
	}
	for (uint32_t i = 0; i < reader->streams; i++)
		reader->state.discarded += reader->stream[i].head.events_discarded;
	if (!reader->has_closing) {
		reader->state.cut_off = true;
		reader->context.duration_ns = last > reader->began_ns ? last - reader->began_ns : 0;
	}
	explain_gaps(reader);
	return err;
}

void record_reader_watch(struct record_reader *reader,
			 void (*watch)(void *context, uint64_t done, uint64_t all), void *context)
{
	reader->watch = watch;
	reader->watch_context = context;
}

const struct run_context *record_reader_context(const struct record_reader *reader)
{
	return &reader->context;
}

uint64_t record_reader_began(const struct record_reader *reader)
{
	return reader->began_ns;
}

const uint8_t *record_reader_uuid(const struct record_reader *reader)
{
	return reader->metadata.uuid;
}

int record_reader_directory(const struct record_reader *reader)
{
	return reader->directory;
}

int64_t record_reader_clock_offset(const struct record_reader *reader)
{
	return reader->metadata.clock_offset_ns;
}

const struct event_closing *record_reader_closing(const struct record_reader *reader)
{
	return reader->has_closing ? &reader->closing : NULL;
}

const struct record_state *record_reader_state(const struct record_reader *reader)
{
	return &reader->state;
}
