// SPDX-License-Identifier: GPL-2.0
/*
 * test_record.c - a recording gives back what went in: every byte of every event, in the order in which it came,
 * late ones and equal stamps included; the environment with whatever its strings hold; and only the processes that
 * are asked for.
 */
#include "stream.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record/directory.h"
#include "record/narrow.h"
#include "record/reader.h"
#include "record/writer.h"

#define EVENTS 20000
#define EVENT_MOST 512

static const char *const command[] = { "./it", "", "a \"b\"\\\n\t\x1b[31m", "\xff\xfe", NULL };
static const char *const hooks[] = { "sched_switch", "task_newtask", NULL };
static const char *const off[] = { "tlb_flush", "x", NULL };
static const char *const off_why[] = { "not there", "\"};\nenv {", NULL };

static const struct run_context context = {
	.tool_version = "0.1",
	.command = command,
	.kernel = "6.1",
	.arch = "x86_64",
	.cpu_model = "a; model = \"b\";",
	.cpus = 70000,
	.mode = "stream",
	.direct_end = "sched_exit_tp",
	.wait_known = true,
	.faults_measured = true,
	.probe_ns = 21,
	.tlb_probe_ns = NS_UNKNOWN,
	.page_size = 4096,
	.hooks = hooks,
	.hooks_off = off,
	.hooks_off_why = off_why,
};

/* What went in, and how much of it has come out. */
struct trip {
	char directory[64];
	char event[EVENTS][EVENT_MOST];
	size_t count, back;
	struct record_writer *writer;
};

static void put(struct trip *trip, const struct event_header *event)
{
	assert_true(event->size <= EVENT_MOST && trip->count < EVENTS);
	memcpy(trip->event[trip->count++], event, event->size);
	assert_int_equal(record_writer_event(trip->writer, event), 0);
}

static int take(void *of, const struct event_header *event)
{
	struct trip *trip = of;
	const struct event_header *was = (const void *)trip->event[trip->back];

	assert_true(trip->back < trip->count);
	trip->back++;
	assert_int_equal(event->size, was->size);
	assert_memory_equal(event, was, was->size);
	return 0;
}

static struct trip *begin(void)
{
	struct trip *trip = calloc(1, sizeof(*trip));
	struct fail fail = { 0 };

	assert_non_null(trip);
	snprintf(trip->directory, sizeof(trip->directory), "/tmp/tasktax-record-XXXXXX");
	assert_non_null(mkdtemp(trip->directory));
	assert_int_equal(record_writer_open(&trip->writer, trip->directory, true, &context, &fail),
			 0);
	return trip;
}

static void end(struct trip *trip)
{
	int directory = open(trip->directory, O_RDONLY | O_DIRECTORY);

	assert_int_equal(record_directory_empty(directory), 0);
	close(directory);
	assert_int_equal(rmdir(trip->directory), 0);
	free(trip);
}

static void close_writer(struct trip *trip)
{
	const struct event_closing closing = {
		.armed_ns = 5, .disarmed_ns = 105, .exit_code = 3, .lost = { .switches = 9 }
	};
	struct record_size size;
	struct fail fail = { 0 };

	assert_int_equal(record_writer_close(trip->writer, &closing, &size, &fail), 0);
	assert_int_equal(size.events, trip->count);
	record_writer_free(trip->writer);
}

static struct record_reader *read_back(struct trip *trip)
{
	struct record_reader *reader;
	struct fail fail = { 0 };

	assert_int_equal(record_reader_open(&reader, trip->directory, &fail), 0);
	assert_int_equal(record_reader_run(reader, take, trip), 0);
	assert_int_equal(trip->back, trip->count);
	return reader;
}

static void put_switch(struct trip *trip, uint64_t ts, uint16_t cpu, uint32_t next)
{
	const struct event_switch event = {
		.h = { ts, EVENT_SWITCH, sizeof(event), cpu, (u16)(next * 7) },
		.prev = next + 1,
		.next = next,
		.direct_ns = next * 3,
	};

	put(trip, &event.h);
}

static void put_mapping(struct trip *trip, uint64_t ts, const char *name)
{
	union {
		struct event_mapping event;
		char bytes[EVENT_MOST];
	} to = { 0 };

	to.event.h = (struct event_header){ ts, EVENT_MAPPING,
					    (u16)((sizeof(to.event) + strlen(name) + 8) & ~7u), 1,
					    0 };
	to.event.tgid = 7;
	to.event.start = ts << 12;
	memcpy(to.bytes + sizeof(to.event), name, strlen(name));
	put(trip, &to.event.h);
}

/* Stamps that repeat, on CPUs in any order, and that go back: the order is that of the calls. */
static void test_order(void **state)
{
	struct trip *trip = begin();
	struct record_reader *reader;
	unsigned int random = 12345;

	(void)state;
	for (unsigned int i = 0; i < EVENTS - 100; i++) {
		random = random * 1103515245 + 12345;
		put_switch(trip, 1000 + i / 3 - (random >> 28 ? 0 : random >> 20 & 0xff),
			   (u16)(random >> 16 & 3), i % 1000 + 1);
	}
	put_mapping(trip, 900, "/bin/late");
	put_mapping(trip, 90000, "/bin/1234567");
	put_mapping(trip, 90001, "/bin/12345678");
	put_mapping(trip, 90001, "");
	record_writer_tick(trip->writer, 2000000000);
	put_switch(trip, 90002, 65535, 1);
	close_writer(trip);
	reader = read_back(trip);
	assert_int_equal(record_reader_state(reader)->damaged_events, 0);
	assert_false(record_reader_state(reader)->cut_off);
	assert_null(record_reader_context(reader)->partial_why);
	record_reader_free(reader);
	end(trip);
}

static void test_environment(void **state)
{
	struct trip *trip = begin();
	const struct run_context *back;
	struct record_reader *reader;

	(void)state;
	close_writer(trip);
	reader = read_back(trip);
	back = record_reader_context(reader);
	for (int i = 0; command[i]; i++)
		assert_string_equal(back->command[i], command[i]);
	assert_null(back->command[4]);
	assert_string_equal(back->hooks_off_why[1], off_why[1]);
	assert_string_equal(back->cpu_model, context.cpu_model);
	assert_int_equal(back->cpus, context.cpus);
	assert_true(back->wait_known && back->faults_measured && !back->cow_detail);
	assert_int_equal(back->probe_ns, 21);
	assert_true(back->tlb_probe_ns == NS_UNKNOWN);
	assert_null(back->attached_to);
	assert_null(back->direct_why);
	assert_int_equal(back->exit_code, 3);
	assert_int_equal(back->duration_ns, 100);
	assert_int_equal(record_reader_closing(reader)->lost.switches, 9);
	assert_int_equal(record_reader_began(reader), 5);
	record_reader_free(reader);
	end(trip);
}

/* The last packets of a writer that is gone are not there; what had been written is. */
static void test_cut_off(void **state)
{
	struct trip *trip = begin();
	struct record_reader *reader;

	(void)state;
	for (unsigned int i = 0; i < 10; i++)
		put_switch(trip, 1000 + i, 0, 1);
	record_writer_tick(trip->writer, 2000000000);
	trip->count = 10;
	record_writer_free(trip->writer);
	reader = read_back(trip);
	assert_true(record_reader_state(reader)->cut_off);
	assert_non_null(record_reader_context(reader)->partial_why);
	assert_int_equal(record_reader_context(reader)->duration_ns, 9);
	record_reader_free(reader);
	end(trip);
}

/* A serial beyond any that there can be would make a table of gigabytes. */
static void test_implausible(void **state)
{
	struct trip *trip = begin();
	struct record_reader *reader;

	(void)state;
	put_switch(trip, 1, 0, 5);
	put_switch(trip, 2, 0, TASK_ID_MASK - 1);
	put_switch(trip, 3, 0, 6);
	close_writer(trip);
	memcpy(trip->event[1], trip->event[2], sizeof(struct event_switch));
	trip->count = 2;
	reader = read_back(trip);
	assert_int_equal(record_reader_state(reader)->damaged_events, 1);
	record_reader_free(reader);
	end(trip);
}

/* --- narrow --- */

static int keep(void *of, const struct event_header *event)
{
	struct trip *trip = of;

	memcpy(trip->event[trip->count++], event, event->size);
	return 0;
}

static struct event_newtask birth(uint32_t task, uint32_t parent, uint32_t pid, uint64_t flags)
{
	return (struct event_newtask){
		.h = { 1, EVENT_NEWTASK, sizeof(struct event_newtask), 0, 0 },
		.task = task,
		.parent = parent,
		.pid = pid,
		.tgid = pid,
		.local_tgid = flags & CLONE_THREAD ? 0 : pid,
		.clone_flags = flags,
		.comm = "x",
	};
}

static void test_narrow(void **state)
{
	const uint32_t pid[] = { 102 };
	struct trip *trip = calloc(1, sizeof(*trip));
	struct narrow *narrow = narrow_new(pid, 1, keep, trip);
	const struct event_newtask born[] = {
		birth(1, 0, 101, 0),
		birth(2, 1, 102, 0),
		birth(3, 2, 103, CLONE_VM | CLONE_THREAD),
		birth(4, 2, 104, 0),
	};
	const struct event_switch switched[] = {
		{ .h = { 2, EVENT_SWITCH, sizeof(*switched), 0,
			 PROCESS(DIRECT) | VOLUNTARY | SWITCH_WAIT },
		  .prev = 1,
		  .next = 3,
		  .last_user = 1,
		  .next_mm = 2,
		  .wait_ns = 5,
		  .direct_ns = 9 },
		{ .h = { 3, EVENT_SWITCH, sizeof(*switched), 0,
			 PROCESS(IDLE) | VOLUNTARY | SWITCH_WAIT },
		  .prev = 3,
		  .next = 4,
		  .last_user = 3,
		  .next_mm = 3,
		  .wait_ns = 5,
		  .direct_ns = 9 },
		{ .h = { 4, EVENT_SWITCH, sizeof(*switched), 0, PROCESS(DIRECT) },
		  .prev = 4,
		  .next = 1,
		  .last_user = 4,
		  .next_mm = 1 },
	};
	const struct event_switch *to;

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(narrow_event(narrow, &born[i].h), 0);
	assert_int_equal(narrow_processes(narrow), 1);
	/* of two that are not chosen, name and birth aside; then those that are */
	assert_int_equal(trip->count, 6);
	assert_int_equal(((struct event_newtask *)trip->event[1])->h.flags, NEWTASK_ASIDE);
	assert_int_equal(((struct event_newtask *)trip->event[2])->h.flags, 0);
	assert_int_equal(((struct event_name *)trip->event[4])->task, FOREIGN(104));
	trip->count = 0;
	for (int i = 0; i < 3; i++)
		assert_int_equal(narrow_event(narrow, &switched[i].h), 0);
	assert_int_equal(trip->count, 2);
	to = (const void *)trip->event[0];
	assert_int_equal(to->prev, FOREIGN(101));
	assert_int_equal(to->last_user, FOREIGN(101));
	assert_int_equal(to->next, 3);
	assert_int_equal(to->h.flags, PROCESS(DIRECT) | SWITCH_WAIT);
	to = (const void *)trip->event[1];
	assert_int_equal(to->next, FOREIGN(104));
	assert_int_equal(to->h.flags, VOLUNTARY);
	assert_int_equal(to->next_mm, 0);
	assert_int_equal(to->direct_ns, 9);
	narrow_free(narrow);
	free(trip);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),	cmocka_unit_test(test_environment),
		cmocka_unit_test(test_cut_off), cmocka_unit_test(test_implausible),
		cmocka_unit_test(test_narrow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
