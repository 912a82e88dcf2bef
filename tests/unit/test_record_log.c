// SPDX-License-Identifier: GPL-2.0
/* test_record_log.c - trace/record_log: a CPU's log written by hand, as the programs write it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "trace/record_log.h"

#define RECORDS 8

struct fixture {
	union log_record record[RECORDS];
	struct cpu_state cpu;
	struct record_log log;
	uint64_t bad;
};

static void start(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	record_log_open(&f->log, f->record, RECORDS, &f->cpu, LOG_SWITCHES);
}

static void put(struct fixture *f, uint64_t ts, uint16_t size)
{
	union log_record *record = &f->record[f->cpu.log[LOG_SWITCHES].written % RECORDS];

	memset(record, 0xee, sizeof(*record));
	record->h = (struct event_header){ .ts = ts, .size = size, .kind = EVENT_SWITCH };
	f->cpu.log[LOG_SWITCHES].written++;
}

static void expect(struct fixture *f, uint64_t ts)
{
	const struct event_header *event = record_log_peek(&f->log, &f->bad);

	assert_non_null(event);
	assert_int_equal(event->ts, ts);
	assert_ptr_equal(record_log_peek(&f->log, &f->bad), event);
	record_log_next(&f->log);
}

static void test_empty(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	assert_null(record_log_peek(&f.log, &f.bad));
	put(&f, 1, sizeof(struct event_switch));
	expect(&f, 1);
	assert_null(record_log_peek(&f.log, &f.bad));
	assert_int_equal(f.bad, 0);
}

/* Room is handed back record by record, and not before it was stepped over. */
static void test_room(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	for (uint64_t ts = 1; ts <= RECORDS; ts++)
		put(&f, ts, sizeof(struct event_switch));
	assert_non_null(record_log_peek(&f.log, &f.bad));
	assert_int_equal(f.cpu.read[LOG_SWITCHES], 0);
	expect(&f, 1);
	assert_int_equal(f.cpu.read[LOG_SWITCHES], 1);
	put(&f, RECORDS + 1, sizeof(struct event_switch));
	for (uint64_t ts = 2; ts <= RECORDS + 1; ts++)
		expect(&f, ts);
	assert_null(record_log_peek(&f.log, &f.bad));
	assert_int_equal(f.cpu.read[LOG_SWITCHES], f.cpu.log[LOG_SWITCHES].written);
}

/* Many times round, full, empty and in between. */
static void test_rounds(void **state)
{
	uint64_t next = 1, expected = 1;
	struct fixture f;

	(void)state;
	start(&f);
	for (unsigned int round = 0; round < 1000; round++) {
		for (unsigned int i = 0; i < round % (RECORDS + 1); i++)
			put(&f, next++, sizeof(struct event_missed));
		while (expected < next)
			expect(&f, expected++);
		assert_null(record_log_peek(&f.log, &f.bad));
	}
	assert_int_equal(f.bad, 0);
}

/* What cannot be a record is counted, and its room handed back. */
static void test_bad_sizes(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	put(&f, 1, sizeof(struct event_header) - 1);
	put(&f, 2, sizeof(union log_record) + 1);
	put(&f, 3, sizeof(union log_record));
	put(&f, 4, 0);
	expect(&f, 3);
	assert_null(record_log_peek(&f.log, &f.bad));
	assert_int_equal(f.bad, 3);
	assert_int_equal(f.cpu.read[LOG_SWITCHES], 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_rounds),
		cmocka_unit_test(test_bad_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
