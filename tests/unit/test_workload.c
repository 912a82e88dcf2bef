// SPDX-License-Identifier: GPL-2.0
/* test_workload.c - the verdict: which tasks count, how they share address spaces, and its reasons. */
#include "stream.h"

#include <stdio.h>
#include <stdlib.h>

/* A task runs `stints` times for 10 ns each, in its address space; time goes on. */
static void run(struct stream *s, uint64_t *now, uint32_t task, uint32_t mm, unsigned int stints)
{
	while (stints--) {
		SWITCH(s, *now, IDLE, task, PROCESS(IDLE), 1, .next_mm = mm);
		SWITCH(s, *now + 10, task, IDLE, VOLUNTARY, 1);
		*now += 20;
	}
}

static void expect(struct stream *s, enum workload_level level, const char *first,
		   const char *second)
{
	const struct report *report = stream_finish(s);

	assert_int_equal(report->workload, level);
	assert_int_equal(report->reason_count, second ? 2 : 1);
	assert_string_equal(report->reasons[0], first);
	if (second)
		assert_string_equal(report->reasons[1], second);
	stream_close(s);
}

static void one_task_of_two(void **state)
{
	struct stream s;
	uint64_t now = 100;

	(void)state;
	stream_open(&s, 0);
	stream_root(&s, 1, "redis");
	stream_thread(&s, 2, 2, 1, 1, "bio");
	run(&s, &now, 1, 1, 96);
	run(&s, &now, 2, 1, 4);
	expect(&s, WORKLOAD_SINGLE,
	       "1 of 2 tasks counts, in 1 address space: 96.0 % of the switches, 96.0 % of the run "
	       "time",
	       NULL);
}

/* 5 % is enough, whether of the switches or of the time. */
static void threads(void **state)
{
	struct stream s;
	uint64_t now = 100;

	(void)state;
	stream_open(&s, 0);
	stream_root(&s, 1, "memcached");
	stream_thread(&s, 2, 2, 1, 1, "switches");
	stream_thread(&s, 3, 3, 1, 1, "runs");
	stream_thread(&s, 4, 4, 1, 1, "sleeps");
	run(&s, &now, 1, 1, 90);
	run(&s, &now, 2, 1, 5);
	run(&s, &now, 4, 1, 4);
	SWITCH(&s, now, IDLE, 3, PROCESS(IDLE), 1, .next_mm = 1);
	SWITCH(&s, now + 1000, 3, IDLE, VOLUNTARY, 1);
	expect(&s, WORKLOAD_THREAD,
	       "3 of 4 tasks count, in 1 address space: 96.0 % of the switches, 98.0 % of the run "
	       "time",
	       "they share one address space");
}

/* PostgreSQL: what keeps house has the name and the parent of those that work, and does not count. */
static void processes(void **state)
{
	struct stream s;
	uint64_t now = 100;

	(void)state;
	stream_open(&s, 0);
	stream_root(&s, 1, "postgres");
	for (uint32_t i = 2; i <= 9; i++)
		stream_fork(&s, i, i, 1, "postgres");
	run(&s, &now, 1, 1, 1);
	for (uint32_t i = 2; i <= 5; i++)
		run(&s, &now, i, i, 24);
	for (uint32_t i = 6; i <= 8; i++)
		run(&s, &now, i, i, 1);
	expect(&s, WORKLOAD_PROCESS,
	       "4 of 8 tasks count, in 4 address spaces: 96.0 % of the switches, 96.0 % of the run "
	       "time",
	       "no address space has two of them");
}

/* Each is small, together they are nearly all; their parent of the same name is none of them. */
static void small_equals_count_together(void **state)
{
	struct stream s;
	uint64_t now = 100;

	(void)state;
	stream_open(&s, 0);
	stream_root(&s, 1, "worker");
	for (uint32_t i = 2; i <= 51; i++)
		stream_fork(&s, i, i, 1, "worker");
	stream_fork(&s, 52, 52, 1, "log");
	run(&s, &now, 1, 1, 1);
	for (uint32_t i = 2; i <= 51; i++)
		run(&s, &now, i, i, 2);
	run(&s, &now, 52, 52, 1);
	expect(&s, WORKLOAD_PROCESS,
	       "50 of 52 tasks count, in 50 address spaces: 98.0 % of the switches, 98.0 % of the "
	       "run time",
	       "no address space has two of them");
}

/* Small ones of another parent are no equals. */
static void cousins_do_not_count_together(void **state)
{
	struct stream s;
	uint64_t now = 100;

	(void)state;
	stream_open(&s, 0);
	stream_root(&s, 1, "make");
	stream_fork(&s, 2, 2, 1, "sh");
	stream_fork(&s, 3, 3, 1, "sh");
	stream_fork(&s, 4, 4, 2, "cc");
	stream_fork(&s, 5, 5, 3, "cc");
	run(&s, &now, 1, 1, 92);
	run(&s, &now, 4, 4, 4);
	run(&s, &now, 5, 5, 4);
	expect(&s, WORKLOAD_SINGLE,
	       "1 of 3 tasks counts, in 1 address space: 92.0 % of the switches, 92.0 % of the run "
	       "time",
	       NULL);
}

/* Apache: processes of several threads. */
static void threads_of_processes(void **state)
{
	struct stream s;
	uint64_t now = 100;

	(void)state;
	stream_open(&s, 0);
	stream_root(&s, 1, "apache2");
	for (uint32_t i = 2; i <= 3; i++) {
		stream_fork(&s, i, i, 1, "apache2");
		for (uint32_t j = 0; j < i; j++)
			stream_thread(&s, 10 * i + j, 10 * i + j, i, i, "apache2");
	}
	for (uint32_t i = 1; i <= 3; i++)
		run(&s, &now, i, i, 1);
	for (uint32_t i = 2; i <= 3; i++)
		for (uint32_t j = 0; j < i; j++)
			run(&s, &now, 10 * i + j, i, 19);
	expect(&s, WORKLOAD_HYBRID,
	       "5 of 8 tasks count, in 2 address spaces: 96.9 % of the switches, 96.9 % of the run "
	       "time",
	       "2 of the address spaces have several of them, at most 3 in one");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_task_of_two),
		cmocka_unit_test(threads),
		cmocka_unit_test(processes),
		cmocka_unit_test(small_equals_count_together),
		cmocka_unit_test(cousins_do_not_count_together),
		cmocka_unit_test(threads_of_processes),
	};

	return cmocka_run_group_tests_name("workload", tests, NULL, NULL);
}
