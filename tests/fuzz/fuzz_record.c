// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz_record.c - recordings that nobody made, for libFuzzer: whatever a directory holds, `tasktax report` reads it
 * to its end, and `tasktax export` into every format, within bounds and without leaks.
 *
 * The first byte says what the rest is:
 *   0  events, two bytes and a payload each, in sound packets: what gets past the reader meets the model
 *   1  the file of a stream, as it is
 *   2  the body of one packet with a sound head: the checksum is not what protects us
 *   3  the metadata
 *   4  the closing record
 * Its upper half picks the part that is reported. Linked with the reader, the model, the outputs and the exports; see tests/fuzz/run.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exporting.h"
#include "html/report_page.h"
#include "output/json.h"
#include "output/text.h"
#include "record/metadata.h"
#include "record/packet.h"
#include "replay.h"

#define FORMATS 4   /* that are files: the first of export_formats() */
#define PIECES 4096 /* bytes of the events of one input, at most so many times */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t uuid[CTF_UUID_BYTES] = "a uuid of a test";

struct bytes {
	uint8_t *at;
	size_t size, room;
};

static void add(struct bytes *to, const void *from, size_t size)
{
	if (to->size + size > to->room) {
		to->room = 2 * (to->size + size);
		to->at = realloc(to->at, to->room);
		if (!to->at)
			abort();
	}
	if (size)
		memcpy(to->at + to->size, from, size);
	to->size += size;
}

static char *folder(void)
{
	static char path[] = "/dev/shm/tasktax-fuzz-XXXXXX";
	static bool made;

	if (!made && !mkdtemp(path))
		abort();
	made = true;
	return path;
}

static void put_file(const char *name, const void *bytes, size_t size)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder(), name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		abort();
	close(fd);
}

static void put_packet(const char *name, enum stream_class class, uint32_t cpu, const void *body,
		       size_t size)
{
	struct packet_head head = {
		.magic = CTF_MAGIC,
		.stream_id = class,
		.timestamp_end = UINT64_MAX,
		.content_size = 8 * (sizeof(head) + size),
		.packet_size = 8 * (sizeof(head) + size),
		.cpu_id = cpu,
		.events = 1,
	};
	struct bytes file = { 0 };

	memcpy(head.uuid, uuid, sizeof(head.uuid));
	head.checksum = packet_checksum(&head, body, (uint32_t)size);
	add(&file, &head, sizeof(head));
	add(&file, body, size);
	put_file(name, file.at, file.size);
	free(file.at);
}

static void put_metadata(void)
{
	static const char *const command[] = { "./a command", NULL };
	static const char *const nothing[] = { NULL };
	const struct run_context context = {
		.tool_version = "0",
		.command = command,
		.kernel = "6",
		.arch = "x86_64",
		.cpu_model = "a model",
		.cpus = 2,
		.mode = "stream",
		.direct_end = "sched_exit_tp",
		.wait_known = true,
		.faults_measured = true,
		.fault_start = "page_fault_user",
		.fault_end = "perf",
		.shootdowns_measured = true,
		.shot_time = true,
		.tlb_switch = true,
		.tlb_probe_ns = 3,
		.pick_measured = true,
		.waking_measured = true,
		.memory_sampled = true,
		.page_size = 4096,
		.probe_ns = 20,
		.hooks = nothing,
		.hooks_off = nothing,
		.hooks_off_why = nothing,
	};
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	metadata_write(out, uuid, 1, &context);
	fclose(out);
	put_file(METADATA_NAME, text, size);
	free(text);
}

static size_t size_of(unsigned int kind)
{
	static const size_t sizes[] = {
		[EVENT_SWITCH] = sizeof(struct event_switch),
		[EVENT_WAKING] = sizeof(struct event_waking),
		[EVENT_NEWTASK] = sizeof(struct event_newtask),
		[EVENT_EXEC] = sizeof(struct event_exec),
		[EVENT_RENAME] = sizeof(struct event_rename),
		[EVENT_EXIT] = sizeof(struct event_exit),
		[EVENT_END] = sizeof(struct event_end),
		[EVENT_NAME] = sizeof(struct event_name),
		[EVENT_MISSED] = sizeof(struct event_missed),
		[EVENT_FAULT] = sizeof(struct event_fault),
		[EVENT_IMAGE] = sizeof(struct event_image),
		[EVENT_MAPPING] = sizeof(struct event_mapping) + 8,
		[EVENT_MEMORY] = sizeof(struct event_memory),
		[EVENT_SHOOTDOWN] = sizeof(struct event_shootdown),
	};

	return sizes[kind];
}

/* Small numbers are those that meet: serials, pids, addresses. */
static void put_events(const uint8_t *data, size_t size)
{
	struct bytes body[2] = { 0 };
	uint64_t ts = 1;

	for (int i = 0; i < PIECES && size >= 6; i++) {
		uint64_t record[64] = { 0 };
		struct event_header *event = (void *)record;
		unsigned int cpu = data[0] & 1, kind = data[1] % EVENT_SHOOTDOWN + 1;
		size_t length = size_of(kind), rest;

		ts += data[2];
		*event = (struct event_header){ ts, (u16)kind, (u16)length, (u16)cpu,
						(u16)(data[3] | data[4] << 8) };
		rest = (length - sizeof(*event)) / 4;
		data += 5;
		size -= 5;
		for (size_t at = 0; at < rest && size; at++, data++, size--)
			((uint32_t *)(event + 1))[at] = *data < 0xc0 ? *data & 0x3f :
								       (uint32_t)*data << 24;
		((char *)record)[length - 1] = 0;
		add(&body[cpu], record, length);
	}
	put_packet("cpu0", STREAM_CPU, 0, body[0].at ? (void *)body[0].at : "", body[0].size);
	put_packet("cpu1", STREAM_CPU, 1, body[1].at ? (void *)body[1].at : "", body[1].size);
	free(body[0].at);
	free(body[1].at);
}

static void put_closing(const uint8_t *data, size_t size)
{
	struct event_closing closing = { 0 };

	memcpy(&closing, data, size < sizeof(closing) ? size : sizeof(closing));
	closing.h = (struct event_header){ 7, RECORD_CLOSING, sizeof(closing), 0, 0 };
	put_packet(END_NAME, STREAM_END, 0, &closing, sizeof(closing));
}

static void show(const struct report *report)
{
	const struct text_options look = { .width = 80, .threads = true };
	FILE *out = fopen("/dev/null", "w");

	if (json_write(report, out) || text_write(report, out, &look) || html_report(report, out))
		abort();
	fclose(out);
}

/* In one format or another; that of CTF makes a directory. */
static void export_it(uint8_t which, const struct replay_part *parts)
{
	const struct export_options options = { .folded = which / FORMATS % FOLDED_WHATS };
	const struct export_format *format = export_formats();
	struct replay replay;
	struct buffer out;
	struct sink sink;
	struct fail fail;

	for (unsigned int skip = which % FORMATS; skip && format[1].name; skip--)
		format++;
	if (format->copy)
		return;
	if (sink_open(&sink, "/dev/null", &fail) || buffer_init(&out, &sink))
		abort();
	if (!export_run(&replay, folder(), parts, format, &options, &out, &fail))
		replay_free(&replay);
	buffer_free(&out);
	sink_abort(&sink);
}

/* `format`: which one; an input need not go through all of them. */
static void read_it(uint8_t part, uint8_t format)
{
	static const uint32_t pids[] = { 1, 2, 3, 5 };
	const struct replay_part parts = {
		.from_ns = part & 1 ? 40 : 0,
		.to_ns = part & 2 ? 400 : 0,
		.pid = pids,
		.pids = part & 4 ? 4 : 0,
	};
	struct replay replay;
	struct fail fail;

	if (replay_run(&replay, folder(), &parts, &fail))
		return;
	show(replay.report);
	replay_free(&replay);
	export_it(format, &parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t what = size ? data[0] : 0;

	if (!size)
		return 0;
	data++;
	size--;
	put_metadata();
	put_file("cpu0", "", 0);
	put_file("cpu1", "", 0);
	put_file(END_NAME, "", 0);
	switch (what & 0xf) {
	case 0:
		put_events(data, size);
		break;
	case 1:
		put_file("cpu0", data, size);
		break;
	case 2:
		put_packet("cpu0", STREAM_CPU, 0, data, size & ~(size_t)7);
		break;
	case 3:
		put_file(METADATA_NAME, data, size);
		break;
	default:
		put_closing(data, size);
	}
	read_it(what >> 4, (uint8_t)size);
	return 0;
}
