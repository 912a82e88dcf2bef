// SPDX-License-Identifier: GPL-2.0
/* test_mappings.c - trace/mappings: perf's side band in a ring written by hand, as the kernel writes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trace/mappings.h"

#define SIZE ((uint64_t)8192) /* of the data */

struct fixture {
	struct perf_event_mmap_page *page;
	char *data;
	struct mappings *mappings;
	uint64_t bad;
};

static void start(struct fixture *f)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	memset(f, 0, sizeof(*f));
	f->page = calloc(1, page + SIZE);
	assert_non_null(f->page);
	f->data = (char *)f->page + page;
	memset(f->data, 0xee, SIZE);
	f->mappings = mappings_over(f->page, SIZE, 3);
	assert_non_null(f->mappings);
}

static void stop(struct fixture *f)
{
	mappings_close(f->mappings);
	free(f->page);
}

static void put(struct fixture *f, const void *bytes, size_t size)
{
	size_t at = f->page->data_head % SIZE, first = size < SIZE - at ? size : SIZE - at;

	memcpy(f->data + at, bytes, first);
	memcpy(f->data, (const char *)bytes + first, size - first);
	f->page->data_head += size;
}

/* A record with what comes after its header, and its stamp. */
static void put_record(struct fixture *f, uint32_t type, uint16_t misc, const void *body,
		       size_t size, uint64_t ts)
{
	struct perf_event_header header = { type, misc,
					    (uint16_t)(sizeof(header) + size + sizeof(ts)) };

	put(f, &header, sizeof(header));
	put(f, body, size);
	put(f, &ts, sizeof(ts));
}

/* name: `size` bytes as the kernel pads them. */
static void put_mmap2(struct fixture *f, uint64_t ts, uint32_t tgid, uint64_t address,
		      uint64_t length, const char *name, size_t size)
{
	struct {
		uint32_t pid, tid;
		uint64_t address, length, offset, file[3];
		uint32_t prot, flags;
		char name[8192 - 256];
	} body = { tgid, tgid, address, length, 4096, { 8, 9, 10 }, PROT_READ, MAP_PRIVATE, "" };

	assert_true(size <= sizeof(body.name));
	memcpy(body.name, name, strnlen(name, size));
	put_record(f, PERF_RECORD_MMAP2, 0, &body, offsetof(typeof(body), name) + size, ts);
}

static void put_comm(struct fixture *f, uint64_t ts, uint32_t tgid, uint16_t misc)
{
	struct {
		uint32_t pid, tid;
		char comm[8];
	} body = { tgid, tgid, "ls" };

	put_record(f, PERF_RECORD_COMM, misc, &body, sizeof(body), ts);
}

static void put_lost(struct fixture *f, uint64_t ts, uint64_t lost)
{
	const uint64_t body[2] = { 77, lost };

	put_record(f, PERF_RECORD_LOST, 0, body, sizeof(body), ts);
}

static const struct event_header *expect(struct fixture *f, uint64_t ts, uint16_t kind)
{
	const struct event_header *event = mappings_peek(f->mappings, &f->bad);

	assert_non_null(event);
	assert_int_equal(event->ts, ts);
	assert_int_equal(event->kind, kind);
	assert_int_equal(event->cpu, 3);
	assert_int_equal(event->flags, 0);
	assert_ptr_equal(mappings_peek(f->mappings, &f->bad), event);
	return event;
}

static void expect_mapping(struct fixture *f, uint64_t ts, uint64_t start, uint64_t end,
			   const char *name)
{
	const struct event_mapping *e = (const void *)expect(f, ts, EVENT_MAPPING);

	assert_int_equal(e->start, start);
	assert_int_equal(e->end, end);
	assert_int_equal(e->offset, 4096);
	assert_int_equal(e->prot, PROT_READ);
	assert_int_equal(e->map, MAP_PRIVATE);
	assert_int_equal(e->known, 1);
	assert_int_equal(e->h.size % 8, 0);
	assert_string_equal(e->name, name);
	assert_in_range(e->h.size, sizeof(*e) + strlen(name) + 1, sizeof(*e) + strlen(name) + 8);
	for (size_t i = strlen(name); i < e->h.size - sizeof(*e); i++)
		assert_int_equal(e->name[i], 0);
	mappings_next(f->mappings);
}

static void expect_nothing(struct fixture *f)
{
	assert_null(mappings_peek(f->mappings, &f->bad));
	assert_int_equal(f->page->data_tail, f->page->data_head); /* the kernel has its room back */
}

static void what_is_mapped(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	expect_nothing(&f);
	put_mmap2(&f, 10, 100, 0x1000, 0x2000, "/bin/true", 16);
	put_mmap2(&f, 11, 100, 0x7000, 0x1000, "//anon", 8);
	assert_int_equal(((const struct event_mapping *)mappings_peek(f.mappings, &f.bad))->tgid,
			 100);
	expect_mapping(&f, 10, 0x1000, 0x3000, "/bin/true");
	expect_mapping(&f, 11, 0x7000, 0x8000, "//anon");
	expect_nothing(&f);
	assert_int_equal(mappings_lost(f.mappings), 0);
	assert_int_equal(f.bad, 0);
	stop(&f);
}

/* A record's room is given back when it is done with, not before. */
static void room_is_given_back(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	put_mmap2(&f, 10, 100, 0x1000, 0x2000, "//anon", 8);
	mappings_peek(f.mappings, &f.bad);
	assert_int_equal(f.page->data_tail, 0);
	mappings_next(f.mappings);
	assert_int_equal(f.page->data_tail, f.page->data_head);
	stop(&f);
}

/* Of the names of tasks, only that of an exec means something here. */
static void an_exec_is_an_image(void **state)
{
	const struct event_image *image;
	struct fixture f;

	(void)state;
	start(&f);
	put_comm(&f, 10, 100, 0);
	put_comm(&f, 11, 101, PERF_RECORD_MISC_COMM_EXEC);
	put_comm(&f, 12, 102, 0);
	image = (const void *)expect(&f, 11, EVENT_IMAGE);
	assert_int_equal(image->tgid, 101);
	assert_int_equal(image->h.size, sizeof(*image));
	mappings_next(f.mappings);
	expect_nothing(&f);
	assert_int_equal(f.bad, 0);
	stop(&f);
}

static void losses_are_counted(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	put_lost(&f, 10, 5);
	put_mmap2(&f, 11, 100, 0x1000, 0x1000, "//anon", 8);
	put_lost(&f, 12, 7);
	expect_mapping(&f, 11, 0x1000, 0x2000, "//anon");
	expect_nothing(&f);
	assert_int_equal(mappings_lost(f.mappings), 12);
	stop(&f);
}

/* What was not asked for, or comes with a later kernel. */
static void other_records_are_skipped(void **state)
{
	const char body[24] = { 0 };
	struct fixture f;

	(void)state;
	start(&f);
	put_record(&f, PERF_RECORD_THROTTLE, 0, body, sizeof(body), 1);
	put_record(&f, 4711, 0, body, 0, 2);
	put_mmap2(&f, 3, 100, 0x1000, 0x1000, "//anon", 8);
	expect_mapping(&f, 3, 0x1000, 0x2000, "//anon");
	expect_nothing(&f);
	assert_int_equal(f.bad, 0);
	stop(&f);
}

/* Round and round: with this size the end of the data falls on every place of a record. */
static void records_wrap(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	for (uint64_t i = 1; i <= 3000; i++) {
		char name[40] = "";

		snprintf(name, sizeof(name), "/file/%0*d", (int)(1 + i % 23), (int)i);
		put_mmap2(&f, i, 100, i << 12, 4096, name, (strlen(name) + 8) / 8 * 8);
		expect_mapping(&f, i, i << 12, (i + 1) << 12, name);
	}
	expect_nothing(&f);
	assert_true(f.page->data_head > 20 * SIZE);
	assert_int_equal(f.bad, 0);
	stop(&f);
}

/* The longest that a record of ours holds; the kernel's are shorter (PATH_MAX), padding included. */
static void long_names_are_cut(void **state)
{
	char name[MAPPING_NAME_MAX + 512];
	struct fixture f;

	(void)state;
	start(&f);
	memset(name, 'x', sizeof(name));
	for (size_t length = MAPPING_NAME_MAX - 9; length <= MAPPING_NAME_MAX + 9; length++) {
		char whole[sizeof(name)] = "", wanted[sizeof(name)] = "";
		size_t kept = length < MAPPING_NAME_MAX ? length : MAPPING_NAME_MAX - 1;

		memcpy(whole, name, length);
		memcpy(wanted, name, kept);
		put_mmap2(&f, length, 100, 0x1000, 0x1000, whole, (length + 8) / 8 * 8);
		expect_mapping(&f, length, 0x1000, 0x2000, wanted);
	}
	/* not terminated: it ends where its record does */
	memset(name + 16, 0, sizeof(name) - 16);
	put_mmap2(&f, 1, 100, 0x1000, 0x1000, name, 16);
	expect_mapping(&f, 1, 0x1000, 0x2000, name);
	expect_nothing(&f);
	assert_int_equal(f.bad, 0);
	stop(&f);
}

/* Where the size of a record cannot be true: no endless loop, nothing read that is not there. */
static void sizes_that_cannot_be(void **state)
{
	static const struct {
		uint32_t type;
		uint16_t size;
	} record[] = {
		{ PERF_RECORD_MMAP2, 0 },     { PERF_RECORD_MMAP2, 8 },
		{ PERF_RECORD_MMAP2, 79 },    { PERF_RECORD_MMAP2, 136 }, /* more than is there */
		{ PERF_RECORD_MMAP2, 65535 }, { PERF_RECORD_COMM, 16 },
		{ PERF_RECORD_LOST, 24 },     { PERF_RECORD_THROTTLE, 0 },
		{ PERF_RECORD_THROTTLE, 15 },
	};
	struct fixture f;

	(void)state;
	start(&f);
	for (size_t i = 0; i < sizeof(record) / sizeof(record[0]); i++) {
		struct perf_event_header header = { record[i].type, 0, record[i].size };
		char rest[120] = { 0 };

		put_mmap2(&f, 1 + i, 100, 0x1000, 0x1000, "//anon", 8);
		put(&f, &header, sizeof(header));
		put(&f, rest, sizeof(rest));
		expect_mapping(&f, 1 + i, 0x1000, 0x2000, "//anon");
		expect_nothing(&f);
		assert_int_equal(f.bad, 1 + i);
	}
	put_mmap2(&f, 99, 100, 0x1000, 0x1000, "//anon", 8); /* all goes on behind it */
	expect_mapping(&f, 99, 0x1000, 0x2000, "//anon");
	assert_int_equal(mappings_lost(f.mappings), 0);
	stop(&f);
}

/* A head that lies further ahead than the ring is long, or half a header of it. */
static void heads_that_cannot_be(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	f.page->data_head += 4;
	expect_nothing(&f);
	f.page->data_head += SIZE + 8;
	expect_nothing(&f);
	f.page->data_head -= 100;
	expect_nothing(&f);
	assert_int_equal(f.bad, 3);
	stop(&f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_mapped),
		cmocka_unit_test(room_is_given_back),
		cmocka_unit_test(an_exec_is_an_image),
		cmocka_unit_test(losses_are_counted),
		cmocka_unit_test(other_records_are_skipped),
		cmocka_unit_test(records_wrap),
		cmocka_unit_test(long_names_are_cut),
		cmocka_unit_test(sizes_that_cannot_be),
		cmocka_unit_test(heads_that_cannot_be),
	};

	return cmocka_run_group_tests_name("mappings", tests, NULL, NULL);
}
