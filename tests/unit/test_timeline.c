// SPDX-License-Identifier: GPL-2.0
/* test_timeline.c - what happened when: exact sums in a bounded number of intervals. */
#include "stream.h"

#include "model/timeline.h"

#define MS 1000000ull

static struct timeline line;

static int setup(void **state)
{
	(void)state;
	memset(&line, 0, sizeof(line));
	return 0;
}

static uint64_t run_of_all(void)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < TIMELINE_BUCKETS; i++)
		sum += line.bucket[i].run_ns;
	return sum;
}

static void each_event_is_in_its_interval(void **state)
{
	(void)state;
	timeline_switch(&line, 5 * MS, ROW_THREAD, 700, 0);
	timeline_switch(&line, 5 * MS + 999999, ROW_PROCESS, NS_UNKNOWN, 0);
	timeline_switch(&line, 6 * MS, ROW_THREAD, 800, 0);
	timeline_fault(&line, 8 * MS, 250);
	assert_int_equal(line.from_ns, 5 * MS);
	assert_int_equal(line.width_ns, MS);
	assert_int_equal(line.used, 4);
	assert_int_equal(line.bucket[0].switches[ROW_THREAD], 1);
	assert_int_equal(line.bucket[0].switches[ROW_PROCESS], 1);
	assert_int_equal(line.bucket[0].direct_ns, 700);
	assert_int_equal(line.bucket[1].switches[ROW_THREAD], 1);
	assert_int_equal(line.bucket[1].direct_ns, 800);
	assert_int_equal(line.bucket[2].faults, 0);
	assert_int_equal(line.bucket[3].faults, 1);
	assert_int_equal(line.bucket[2].fault_ns, 250); /* it ended just where the next begins */
	assert_int_equal(line.bucket[3].fault_ns, 0);
}

static void a_stint_is_spread_over_its_intervals(void **state)
{
	(void)state;
	timeline_switch(&line, 10 * MS, ROW_THREAD, 0, 0);
	timeline_switch(&line, 13 * MS + 400000, ROW_IDLE, 0, 2 * MS + 600000);
	assert_int_equal(line.bucket[0].run_ns, 200000);
	assert_int_equal(line.bucket[1].run_ns, MS);
	assert_int_equal(line.bucket[2].run_ns, MS);
	assert_int_equal(line.bucket[3].run_ns, 400000);
}

static void what_began_earlier_is_in_the_first(void **state)
{
	(void)state;
	timeline_switch(&line, 10 * MS, ROW_IDLE, 0, 7 * MS);
	timeline_switch(&line, 9 * MS, ROW_THREAD, 0, 0); /* late */
	assert_int_equal(line.used, 1);
	assert_int_equal(line.bucket[0].run_ns, 7 * MS);
	assert_int_equal(line.bucket[0].switches[ROW_THREAD], 1);
}

static void widths_double_and_sums_stay(void **state)
{
	uint64_t switches = 0, faults = 0;

	(void)state;
	for (uint64_t at = 0; at < 10000; at++) {
		timeline_switch(&line, 3 + at * MS, ROW_PROCESS, 1, at ? MS / 2 : 0);
		timeline_fault(&line, 3 + at * MS, 2);
	}
	assert_int_equal(line.width_ns, 64 * MS); /* 240 * 32 ms is less than 10 s */
	assert_int_equal(line.used, 157);	  /* ceil(10000 / 64) */
	for (size_t i = 0; i < line.used; i++) {
		assert_int_equal(line.bucket[i].switches[ROW_PROCESS], i < 156 ? 64 : 16);
		assert_int_equal(line.bucket[i].direct_ns, i < 156 ? 64 : 16);
		switches += line.bucket[i].switches[ROW_PROCESS];
		faults += line.bucket[i].faults;
	}
	assert_int_equal(switches, 10000);
	assert_int_equal(faults, 10000);
	assert_int_equal(run_of_all(), 9999 * (MS / 2));
}

static void a_long_pause_is_no_long_way(void **state)
{
	(void)state;
	timeline_switch(&line, 1, ROW_THREAD, 0, 0);
	timeline_switch(&line, UINT64_MAX, ROW_THREAD, 0, UINT64_MAX - 1);
	assert_true(line.used <= TIMELINE_BUCKETS);
	assert_int_equal(run_of_all(), UINT64_MAX - 1);
	assert_int_equal(line.bucket[0].switches[ROW_THREAD], 1);
	assert_int_equal(line.bucket[line.used - 1].switches[ROW_THREAD], 1);
}

/* The model's own sums are those of the timeline. */
static void the_report_has_the_same_sums(void **state)
{
	struct stream stream;
	const struct report *report;
	uint64_t switches = 0, run = 0;

	(void)state;
	stream_open(&stream, NS_UNKNOWN);
	stream_root(&stream, 1, "work");
	for (uint64_t at = 1; at < 400; at++)
		stream_switch(&stream, at * 3 * MS,
			      at % 2 ? (struct event_switch){ .h.flags = RESUME(IDLE),
							      .prev = IDLE,
							      .next = 1,
							      .direct_ns = 500 } :
				       (struct event_switch){ .h.flags = VOLUNTARY,
							      .prev = 1,
							      .next = IDLE,
							      .direct_ns = 500 });
	report = stream_finish(&stream);
	assert_non_null(report->timeline);
	for (size_t i = 0; i < report->timeline->used; i++) {
		for (int level = 0; level < ROW_LEVELS; level++)
			switches += report->timeline->bucket[i].switches[level];
		run += report->timeline->bucket[i].run_ns;
	}
	assert_int_equal(switches, report->switches);
	assert_int_equal(run, report->tax.run_ns);
	stream_close(&stream);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_event_is_in_its_interval, setup),
		cmocka_unit_test_setup(a_stint_is_spread_over_its_intervals, setup),
		cmocka_unit_test_setup(what_began_earlier_is_in_the_first, setup),
		cmocka_unit_test_setup(widths_double_and_sums_stay, setup),
		cmocka_unit_test_setup(a_long_pause_is_no_long_way, setup),
		cmocka_unit_test(the_report_has_the_same_sums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
