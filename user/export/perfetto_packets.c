// SPDX-License-Identifier: GPL-2.0
/* perfetto_packets.c - see perfetto_packets.h, and perfetto.proto for the messages. */
#include "export/perfetto_packets.h"

#include <string.h>

#include "base/quote.h"
#include "export/perfetto.pb-c.h"

#define SEQUENCE 1
#define STATE_CLEARED 1
#define NEEDS_STATE 2

enum { CLOCK_OF_REALTIME = 1, CLOCK_OF_MONOTONIC = 3, CLOCK_OF_BOOTTIME = 6 };
enum { SLICE_BEGIN = 1, SLICE_END = 2, INSTANT = 3, COUNTER = 4 };

#define NAME_MOST 256 /* bytes of a name that are shown */

/* --- one packet --- */

struct sink_buffer {
	ProtobufCBuffer base;
	struct buffer *out;
};

static void append(ProtobufCBuffer *buffer, size_t size, const uint8_t *bytes)
{
	buffer_put(((struct sink_buffer *)buffer)->out, bytes, size);
}

/* As a member of the Trace: the tag of its field 1, the length, the packet. */
static void put(struct packets *packets, Perfetto__TracePacket *packet)
{
	struct sink_buffer buffer = { { append }, packets->out };
	uint8_t head[11] = { 1 << 3 | 2 };
	size_t length, used = 1;

	packet->has_trusted_packet_sequence_id = true;
	packet->trusted_packet_sequence_id = SEQUENCE;
	if (!packet->has_sequence_flags) {
		packet->has_sequence_flags = true;
		packet->sequence_flags = NEEDS_STATE;
	}
	length = perfetto__trace_packet__get_packed_size(packet);
	for (size_t rest = length; rest || used == 1; rest >>= 7)
		head[used++] = (uint8_t)((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
	buffer_put(packets->out, head, used);
	perfetto__trace_packet__pack_to_buffer(packet, &buffer.base);
}

static Perfetto__ClockSnapshot__Clock clock_at(uint32_t id, uint64_t ts)
{
	Perfetto__ClockSnapshot__Clock clock = PERFETTO__CLOCK_SNAPSHOT__CLOCK__INIT;

	clock.has_clock_id = clock.has_timestamp = true;
	clock.clock_id = id;
	clock.timestamp = ts;
	return clock;
}

void packets_begin(struct packets *packets, struct buffer *out, uint64_t ts,
		   int64_t realtime_offset_ns)
{
	Perfetto__TracePacket packet = PERFETTO__TRACE_PACKET__INIT;
	Perfetto__ClockSnapshot snapshot = PERFETTO__CLOCK_SNAPSHOT__INIT;
	Perfetto__ClockSnapshot__Clock clock[] = {
		clock_at(CLOCK_OF_BOOTTIME, ts),
		clock_at(CLOCK_OF_MONOTONIC, ts),
		clock_at(CLOCK_OF_REALTIME, ts + (uint64_t)realtime_offset_ns),
	};
	Perfetto__ClockSnapshot__Clock *clocks[] = { &clock[0], &clock[1], &clock[2] };

	*packets = (struct packets){ .out = out };
	snapshot.n_clocks = sizeof(clocks) / sizeof(clocks[0]);
	snapshot.clocks = clocks;
	packet.clock_snapshot = &snapshot;
	packet.has_sequence_flags = packet.has_first_packet_on_sequence = true;
	packet.sequence_flags = STATE_CLEARED;
	packet.first_packet_on_sequence = true;
	put(packets, &packet);
}

/* --- names --- */

/* protobuf's strings are UTF-8. */
struct valid {
	char text[QUOTE_UTF8_SIZE(NAME_MOST)];
};

static char *make_valid(struct valid *valid, const char *string)
{
	quote_utf8(valid->text, sizeof(valid->text), string, strnlen(string, NAME_MOST));
	return valid->text;
}

enum names {
	OF_EVENTS,
	OF_CATEGORIES,
	OF_NOTES,
};

static uint64_t intern(struct packets *packets, enum names of, const char *name)
{
	Perfetto__TracePacket packet = PERFETTO__TRACE_PACKET__INIT;
	Perfetto__InternedData data = PERFETTO__INTERNED_DATA__INIT;
	Perfetto__Interned interned = PERFETTO__INTERNED__INIT, *list[] = { &interned };
	struct valid valid;

	interned.has_iid = true;
	interned.iid = ++packets->names;
	interned.name = make_valid(&valid, name);
	if (of == OF_EVENTS) {
		data.n_event_names = 1;
		data.event_names = list;
	} else if (of == OF_CATEGORIES) {
		data.n_event_categories = 1;
		data.event_categories = list;
	} else {
		data.n_debug_annotation_names = 1;
		data.debug_annotation_names = list;
	}
	packet.interned_data = &data;
	put(packets, &packet);
	return interned.iid;
}

uint64_t packets_name(struct packets *packets, const char *name)
{
	return intern(packets, OF_EVENTS, name);
}

uint64_t packets_category(struct packets *packets, const char *name)
{
	return intern(packets, OF_CATEGORIES, name);
}

uint64_t packets_note_name(struct packets *packets, const char *name)
{
	return intern(packets, OF_NOTES, name);
}

/* --- tracks --- */

static void describe(struct packets *packets, uint64_t track, uint64_t parent, const char *name,
		     Perfetto__TrackDescriptor *descriptor)
{
	Perfetto__TracePacket packet = PERFETTO__TRACE_PACKET__INIT;
	struct valid valid;

	descriptor->has_uuid = true;
	descriptor->uuid = track;
	descriptor->has_parent_uuid = parent != 0;
	descriptor->parent_uuid = parent;
	if (name)
		descriptor->name = make_valid(&valid, name);
	packet.track_descriptor = descriptor;
	put(packets, &packet);
}

void packets_track(struct packets *packets, uint64_t track, uint64_t parent, const char *name)
{
	Perfetto__TrackDescriptor descriptor = PERFETTO__TRACK_DESCRIPTOR__INIT;

	describe(packets, track, parent, name, &descriptor);
}

void packets_counter_track(struct packets *packets, uint64_t track, uint64_t parent,
			   const char *name)
{
	Perfetto__TrackDescriptor descriptor = PERFETTO__TRACK_DESCRIPTOR__INIT;
	Perfetto__CounterDescriptor counter = PERFETTO__COUNTER_DESCRIPTOR__INIT;

	descriptor.counter = &counter;
	describe(packets, track, parent, name, &descriptor);
}

void packets_process(struct packets *packets, uint64_t track, uint32_t pid, const char *name)
{
	Perfetto__TrackDescriptor descriptor = PERFETTO__TRACK_DESCRIPTOR__INIT;
	Perfetto__ProcessDescriptor process = PERFETTO__PROCESS_DESCRIPTOR__INIT;
	struct valid valid;

	process.has_pid = true;
	process.pid = (int32_t)pid;
	process.process_name = make_valid(&valid, name);
	descriptor.process = &process;
	describe(packets, track, 0, NULL, &descriptor);
}

void packets_thread(struct packets *packets, uint64_t track, uint64_t parent, uint32_t pid,
		    uint32_t tid, const char *name)
{
	Perfetto__TrackDescriptor descriptor = PERFETTO__TRACK_DESCRIPTOR__INIT;
	Perfetto__ThreadDescriptor thread = PERFETTO__THREAD_DESCRIPTOR__INIT;
	struct valid valid;

	thread.has_pid = thread.has_tid = true;
	thread.pid = (int32_t)pid;
	thread.tid = (int32_t)tid;
	thread.thread_name = make_valid(&valid, name);
	descriptor.thread = &thread;
	describe(packets, track, parent, NULL, &descriptor);
}

/* --- events --- */

static void put_event(struct packets *packets, int type, uint64_t track, uint64_t ts,
		      Perfetto__TrackEvent *event)
{
	Perfetto__TracePacket packet = PERFETTO__TRACE_PACKET__INIT;

	event->has_type = event->has_track_uuid = true;
	event->type = type;
	event->track_uuid = track;
	packet.has_timestamp = true;
	packet.timestamp = ts;
	packet.track_event = event;
	put(packets, &packet);
}

static void put_described(struct packets *packets, int type, const struct packets_event *from)
{
	Perfetto__TrackEvent event = PERFETTO__TRACK_EVENT__INIT;
	Perfetto__DebugAnnotation note[PACKETS_NOTES], *notes[PACKETS_NOTES];
	struct valid valid[PACKETS_NOTES];
	uint64_t category = from->category, flow = from->flow, flow_end = from->flow_end;

	for (size_t i = 0; i < from->notes; i++) {
		notes[i] = &note[i];
		perfetto__debug_annotation__init(&note[i]);
		note[i].has_name_iid = true;
		note[i].name_iid = from->note[i].name;
		note[i].has_uint_value = !from->note[i].text;
		note[i].uint_value = from->note[i].number;
		if (from->note[i].text)
			note[i].string_value = make_valid(&valid[i], from->note[i].text);
	}
	event.n_debug_annotations = from->notes;
	event.debug_annotations = notes;
	event.has_name_iid = true;
	event.name_iid = from->name;
	event.n_category_iids = category != 0;
	event.category_iids = &category;
	event.n_flow_ids = flow != 0;
	event.flow_ids = &flow;
	event.n_terminating_flow_ids = flow_end != 0;
	event.terminating_flow_ids = &flow_end;
	put_event(packets, type, from->track, from->ts, &event);
}

void packets_slice(struct packets *packets, const struct packets_event *event)
{
	put_described(packets, SLICE_BEGIN, event);
}

void packets_instant(struct packets *packets, const struct packets_event *event)
{
	put_described(packets, INSTANT, event);
}

void packets_slice_end(struct packets *packets, uint64_t track, uint64_t ts)
{
	Perfetto__TrackEvent event = PERFETTO__TRACK_EVENT__INIT;

	put_event(packets, SLICE_END, track, ts, &event);
}

void packets_count(struct packets *packets, uint64_t track, uint64_t ts, double value)
{
	Perfetto__TrackEvent event = PERFETTO__TRACK_EVENT__INIT;

	event.has_double_counter_value = true;
	event.double_counter_value = value;
	put_event(packets, COUNTER, track, ts, &event);
}
