// SPDX-License-Identifier: GPL-2.0
/*
 * test_model.c - golden event streams through the model: rows, prices, times, lifecycle, pairs,
 * tax, and 200 random streams against a reference that recounts every record for every figure.
 */
#include "stream.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/pairs.h"
#include "model/stats.h"

/* Tasks of these tests. */
enum { A = 1, B, C, D };

/* ---- rows ---- */

static void test_empty(void **state)
{
	struct stream s;
	const struct report *report;

	(void)state;
	stream_open(&s, 0);
	report = stream_finish(&s);
	assert_int_equal(report->row_count, 0);
	assert_int_equal(report->switches, 0);
	assert_int_equal(report->received, 0);
	assert_int_equal(report->thread_count, 0);
	assert_int_equal(report->process_count, 0);
	assert_int_equal(report->peak_tasks, 0);
	assert_int_equal(report->workload, WORKLOAD_UNKNOWN);
	assert_int_equal(report->tax.switching_ns, 0);
	assert_true(isnan(report->tax.share));
	assert_true(report->reconcile.ok);
	assert_true(report->complete);
	stream_close(&s);
}

/* A -> idle -> A */
static void test_resume_via_idle(void **state)
{
	struct stream s;

	(void)state;
	stream_open(&s, 0);
	SWITCH(&s, 100, A, IDLE, VOLUNTARY, 10);
	SWITCH(&s, 200, IDLE, A, RESUME(IDLE), 20, .last_user = A, .next_mm = 1);
	stream_finish(&s);
	assert_int_equal(s.report->row_count, 2);
	stream_expect_row(&s, ROW_RESUME, SWITCH_VIA_IDLE, 1, 0, 0);
	stream_expect_row(&s, ROW_IDLE, -1, 1, 1, 0);
	assert_int_equal(s.report->pair_count, 0);
	stream_close(&s);
}

/* A -> kworker -> B */
static void test_process_via_kernel(void **state)
{
	struct stream s;

	(void)state;
	stream_open(&s, 0);
	SWITCH(&s, 100, A, KERNEL(20), NONE, 10);
	SWITCH(&s, 200, KERNEL(20), B, PROCESS(KERNEL), 20, .last_user = A, .next_mm = 2);
	stream_finish(&s);
	assert_int_equal(s.report->row_count, 2);
	stream_expect_row(&s, ROW_PROCESS, SWITCH_VIA_KERNEL, 1, 0, 0);
	stream_expect_row(&s, ROW_KERNEL, -1, 1, 0, 1);
	assert_int_equal(s.report->pair_count, 1);
	assert_int_equal(s.report->pairs[0].prev, A);
	assert_int_equal(s.report->pairs[0].next, B);
	assert_int_equal(s.report->pairs[0].level, ROW_PROCESS);
	stream_close(&s);
}

/* Every level and via has a row of its own, in the order of the report. */
static void test_every_level_and_via(void **state)
{
	const uint16_t flags[ROW_WITH_VIA][VIA_COUNT] = {
		{ RESUME(DIRECT), RESUME(IDLE), RESUME(KERNEL) },
		{ THREAD(DIRECT), THREAD(IDLE), THREAD(KERNEL) },
		{ PROCESS(DIRECT), PROCESS(IDLE), PROCESS(KERNEL) },
		{ EXITING(DIRECT), EXITING(IDLE), EXITING(KERNEL) },
	};
	struct stream s;
	uint64_t ts = 1, total = 0;

	(void)state;
	stream_open(&s, 0);
	for (unsigned int level = 0; level < ROW_WITH_VIA; level++) {
		for (unsigned int via = 0; via < VIA_COUNT; via++) {
			unsigned int count = 1 + level * VIA_COUNT + via;

			for (unsigned int i = 0; i < count; i++)
				SWITCH(&s, ts++, IDLE, A, flags[level][via], UNKNOWN);
			total += count;
		}
	}
	stream_finish(&s);
	assert_int_equal(s.report->row_count, ROW_WITH_VIA * VIA_COUNT);
	for (unsigned int i = 0; i < s.report->row_count; i++) {
		assert_int_equal(s.report->rows[i].level, i / VIA_COUNT);
		assert_int_equal(s.report->rows[i].via, i % VIA_COUNT);
		assert_int_equal(s.report->rows[i].count, i + 1);
	}
	assert_int_equal(s.report->switches, total);
	for (unsigned int level = 0; level < ROW_WITH_VIA; level++)
		assert_int_equal(s.report->tasks[A].figures.in[level], 9 * level + 6);
	stream_close(&s);
}

/* Next is no target: the row is next's class; what via the flags may hold is not looked at. */
static void test_rows_by_class(void **state)
{
	const uint16_t bits = SWITCH_FLAGS(SWITCH_LEVEL_NONE, SWITCH_VIA_KERNEL);
	struct stream s;

	(void)state;
	stream_open(&s, 0);
	SWITCH(&s, 1, A, IDLE, VOLUNTARY | bits, 1);
	SWITCH(&s, 2, A, IDLE, VOLUNTARY, 1);
	SWITCH(&s, 3, A, IDLE, NONE, 1);
	SWITCH(&s, 4, B, KERNEL(20), NONE | bits, 1);
	SWITCH(&s, 5, B, KERNEL(21), VOLUNTARY, 1);
	SWITCH(&s, 6, A, FOREIGN(4000), NONE, 1);
	SWITCH(&s, 7, KERNEL(20), IDLE, VOLUNTARY | bits, 1);
	SWITCH(&s, 8, FOREIGN(4000), FOREIGN(4001), NONE, 1);
	SWITCH(&s, 9, IDLE, KERNEL(20), NONE, 1);
	stream_finish(&s);
	assert_int_equal(s.report->row_count, 4);
	stream_expect_row(&s, ROW_IDLE, -1, 3, 2, 1);
	stream_expect_row(&s, ROW_KERNEL, -1, 2, 1, 1);
	stream_expect_row(&s, ROW_FOREIGN, -1, 1, 0, 1);
	stream_expect_row(&s, ROW_OTHER, -1, 3, 0, 0);
	assert_int_equal(s.report->rows[0].level, ROW_IDLE);
	assert_int_equal(s.report->rows[3].level, ROW_OTHER);
	assert_int_equal(s.report->switches, 9);
	stream_close(&s);
}

/* A target that follows a foreign task is at its level, with the outs of nobody. */
static void test_foreign_to_target(void **state)
{
	struct stream s;

	(void)state;
	stream_open(&s, 0);
	SWITCH(&s, 1, FOREIGN(7), A, PROCESS(DIRECT) | VOLUNTARY, 1, .last_user = FOREIGN(7));
	stream_finish(&s);
	assert_int_equal(s.report->row_count, 1);
	stream_expect_row(&s, ROW_PROCESS, SWITCH_VIA_DIRECT, 1, 0, 0);
	stream_close(&s);
}

static void test_names_of_words(void **state)
{
	(void)state;
	assert_string_equal(row_level_name(ROW_RESUME), "resume");
	assert_string_equal(row_level_name(ROW_THREAD), "thread");
	assert_string_equal(row_level_name(ROW_PROCESS), "process");
	assert_string_equal(row_level_name(ROW_EXITING), "exiting");
	assert_string_equal(row_level_name(ROW_IDLE), "idle");
	assert_string_equal(row_level_name(ROW_KERNEL), "kernel");
	assert_string_equal(row_level_name(ROW_FOREIGN), "foreign");
	assert_string_equal(row_level_name(ROW_OTHER), "other");
	assert_string_equal(switch_via_name(SWITCH_VIA_DIRECT), "direct");
	assert_string_equal(switch_via_name(SWITCH_VIA_IDLE), "idle");
	assert_string_equal(switch_via_name(SWITCH_VIA_KERNEL), "kernel");
	assert_null(switch_via_name(-1));
	assert_string_equal(created_as_name(CREATED_VFORK), "vfork");
}

static void test_first_switch_of_a_cpu(void **state)
{
	struct stream s;

	(void)state;
	stream_open(&s, 0);
	/* still no user task seen after the first: the flag stays, the footnote counts switch-ins */
	SWITCH(&s, 1, A, IDLE, VOLUNTARY | SWITCH_FIRST, 1);
	SWITCH(&s, 2, IDLE, A, THREAD(IDLE) | SWITCH_FIRST, 1);
	s.cpu = 1;
	SWITCH(&s, 3, IDLE, B, PROCESS(DIRECT) | SWITCH_FIRST, 1);
	SWITCH(&s, 4, B, C, PROCESS(DIRECT), 1, .last_user = B);
	stream_finish(&s);
	assert_int_equal(s.report->first_switches, 2);
	assert_int_equal(s.report->pair_count, 1); /* nobody is known before a first switch */
	stream_close(&s);
}

static void test_migrated(void **state)
{
	struct stream s;

	(void)state;
	stream_open(&s, 0);
	SWITCH(&s, 1, A, B, THREAD(DIRECT) | SWITCH_MIGRATED, 1);
	SWITCH(&s, 2, B, A, THREAD(DIRECT) | SWITCH_MIGRATED, 1);
	SWITCH(&s, 3, A, B, THREAD(DIRECT), 1);
	SWITCH(&s, 4, B, IDLE, SWITCH_MIGRATED, 1); /* of next, which is nobody */
	stream_finish(&s);
	assert_int_equal(stream_row(&s, ROW_THREAD, SWITCH_VIA_DIRECT)->migrated, 2);
	assert_int_equal(stream_row(&s, ROW_IDLE, -1)->migrated, 0);
	assert_int_equal(s.report->tasks[A].figures.migrated, 1);
	assert_int_equal(s.report->tasks[B].figures.migrated, 1);
	stream_close(&s);
}

/* ---- prices ---- */

static void test_direct_less_the_probe(void **state)
{
	struct stream s;
	const struct switch_row *row;

	(void)state;
	stream_open(&s, 40);
	SWITCH(&s, 1, A, B, THREAD(DIRECT), 100);
	SWITCH(&s, 2, B, A, THREAD(DIRECT), 41);
	SWITCH(&s, 3, A, B, THREAD(DIRECT), 40);
	SWITCH(&s, 4, B, A, THREAD(DIRECT), 39); /* never below 0 */
	SWITCH(&s, 5, A, B, THREAD(DIRECT), UNKNOWN);
	SWITCH(&s, 6, B, A, THREAD(DIRECT), UNKNOWN - 1); /* the largest that is known */
	stream_finish(&s);
	row = stream_row(&s, ROW_THREAD, SWITCH_VIA_DIRECT);
	assert_int_equal(row->count, 6);
	assert_int_equal(row->direct.count, 5);
	assert_int_equal(row->direct.min, 0);
	assert_int_equal(row->direct.max, UNKNOWN - 41);
	assert_int_equal(histogram_sum(&row->direct), 60 + 1 + 0 + 0 + (uint64_t)UNKNOWN - 41);
	assert_int_equal(s.report->tasks[B].figures.direct_count, 2);
	assert_int_equal(s.report->tasks[B].figures.direct_ns, 60);
	assert_int_equal(s.report->tasks[A].figures.direct_count, 3);
	assert_int_equal(s.report->tasks[A].figures.direct_ns, 1 + (uint64_t)UNKNOWN - 41);
	assert_int_equal(s.report->tax.unpriced, 1);
	stream_close(&s);
}

static void test_probe_not_calibrated(void **state)
{
	struct stream s;

	(void)state;
	stream_open(&s, NS_UNKNOWN);
	SWITCH(&s, 1, A, B, THREAD(DIRECT), 100);
	stream_finish(&s);
	assert_int_equal(histogram_sum(&stream_row(&s, ROW_THREAD, 0)->direct), 100);
	stream_close(&s);
}

static void test_direct_unknown_is_not_zero(void **state)
{
	struct stream s;

	(void)state;
	stream_open(&s, 40);
	SWITCH(&s, 1, A, B, THREAD(DIRECT), UNKNOWN);
	SWITCH(&s, 1001, B, A, THREAD(DIRECT), UNKNOWN);
	stream_finish(&s);
	assert_int_equal(stream_row(&s, ROW_THREAD, 0)->count, 2);
	assert_int_equal(stream_row(&s, ROW_THREAD, 0)->direct.count, 0);
	assert_int_equal(s.report->tasks[A].figures.direct_count, 0);
	assert_int_equal(s.report->tax.unpriced, 2);
	/* no switch has a price: neither has their sum */
	assert_int_equal(s.report->tax.switching_ns, NS_UNKNOWN);
	assert_true(isnan(s.report->tax.share));
	stream_close(&s);
}

static void test_pick(void **state)
{
	struct stream s;
	const struct switch_row *row;

	(void)state;
	stream_open(&s, 0);
	SWITCH(&s, 1, A, B, THREAD(DIRECT), 1, .pick_ns = 70);
	SWITCH(&s, 2, B, A, THREAD(DIRECT), 1); /* 0: not measured */
	SWITCH(&s, 3, A, B, THREAD(DIRECT), 1, .pick_ns = UINT32_MAX);
	SWITCH(&s, 4, B, IDLE, VOLUNTARY, 1, .pick_ns = 30);
	stream_finish(&s);
	row = stream_row(&s, ROW_THREAD, 0);
	assert_int_equal(row->pick.count, 2);
	assert_int_equal(histogram_sum(&row->pick), 70 + (uint64_t)UINT32_MAX);
	assert_int_equal(histogram_sum(&stream_row(&s, ROW_IDLE, -1)->pick), 30);
	stream_close(&s);
}

/* ---- wait ---- */

static void test_wait(void **state)
{
	struct stream s;
	const struct switch_row *row;

	(void)state;
	stream_open(&s, 0);
	SWITCH(&s, 1, A, B, THREAD(DIRECT) | SWITCH_WAIT, 1, .wait_ns = 500);
	SWITCH(&s, 2, B, A, THREAD(DIRECT) | SWITCH_WAIT, 1,
	       .wait_ns = 0);				      /* known: did not wait */
	SWITCH(&s, 3, A, B, THREAD(DIRECT), 1, .wait_ns = 0); /* not known */
	SWITCH(&s, 4, B, A, RESUME(IDLE) | SWITCH_WAIT, 1, .wait_ns = 7);
	stream_finish(&s);
	row = stream_row(&s, ROW_THREAD, 0);
	assert_int_equal(row->wait.count, 2);
	assert_int_equal(row->wait.min, 0);
	assert_int_equal(histogram_sum(&row->wait), 500);
	assert_int_equal(histogram_sum(&stream_row(&s, ROW_RESUME, SWITCH_VIA_IDLE)->wait), 7);
	assert_int_equal(s.report->tasks[B].figures.wait_ns, 500);
	assert_int_equal(s.report->tasks[A].figures.wait_ns, 7);
	stream_close(&s);
}

/* Over 4.3 s: the upper half is where pick would be, and is no pick. */
static void test_wait_wide(void **state)
{
	const uint64_t wait = (3ull << 32) + 17;
	struct stream s;
	const struct switch_row *row;

	(void)state;
	stream_open(&s, 0);
	SWITCH(&s, 1, A, B, THREAD(DIRECT) | SWITCH_WAIT | SWITCH_WAIT_WIDE, 1, .wait_ns = 17,
	       .pick_ns = 3);
	stream_finish(&s);
	row = stream_row(&s, ROW_THREAD, 0);
	assert_int_equal(row->wait.count, 1);
	assert_int_equal(row->wait.max, wait);
	assert_int_equal(row->pick.count, 0);
	assert_int_equal(s.report->tasks[B].figures.wait_ns, wait);
	stream_close(&s);
}

/* No end hook: the wait comes with the switch-out, and belongs to the row of the switch-in. */
static void test_wait_of_prev(void **state)
{
	const uint16_t prev = SWITCH_WAIT | SWITCH_WAIT_PREV;
	struct stream s;

	(void)state;
	stream_open(&s, 0);
	SWITCH(&s, 1, IDLE, A, PROCESS(IDLE), UNKNOWN);
	SWITCH(&s, 2, A, B, THREAD(DIRECT) | prev, UNKNOWN, .wait_ns = 100);
	SWITCH(&s, 3, B, A, THREAD(KERNEL) | prev, UNKNOWN, .wait_ns = 200);
	SWITCH(&s, 4, A, IDLE, VOLUNTARY | prev | SWITCH_WAIT_WIDE, UNKNOWN, .wait_ns = 1,
	       .pick_ns = 1);
	stream_finish(&s);
	assert_int_equal(histogram_sum(&stream_row(&s, ROW_PROCESS, SWITCH_VIA_IDLE)->wait), 100);
	assert_int_equal(histogram_sum(&stream_row(&s, ROW_THREAD, SWITCH_VIA_DIRECT)->wait), 200);
	assert_int_equal(histogram_sum(&stream_row(&s, ROW_THREAD, SWITCH_VIA_KERNEL)->wait),
			 (1ull << 32) + 1);
	assert_int_equal(stream_row(&s, ROW_IDLE, -1)->wait.count, 0);
	assert_int_equal(stream_row(&s, ROW_IDLE, -1)->pick.count, 0);
	assert_int_equal(s.report->tasks[A].figures.wait_ns, 100 + (1ull << 32) + 1);
	assert_int_equal(s.report->tasks[B].figures.wait_ns, 200);
	stream_close(&s);
}

/* The switch-in was lost: the wait is the task's, but of no row, least of all an older one's. */
static void test_wait_of_prev_without_its_switch_in(void **state)
{
	const uint16_t prev = SWITCH_WAIT | SWITCH_WAIT_PREV;
	struct stream s;

	(void)state;
	stream_open(&s, 0);
	SWITCH(&s, 1, B, IDLE, VOLUNTARY | prev, UNKNOWN, .wait_ns = 9); /* its first record */
	SWITCH(&s, 2, IDLE, A, PROCESS(IDLE), UNKNOWN);
	SWITCH(&s, 3, A, IDLE, VOLUNTARY | prev, UNKNOWN, .wait_ns = 100);
	LOSE(&s, 4, IDLE, A, RESUME(IDLE), UNKNOWN);
	SWITCH(&s, 5, A, IDLE, VOLUNTARY | prev, UNKNOWN, .wait_ns = 5000);
	stream_finish(&s);
	assert_int_equal(stream_row(&s, ROW_PROCESS, SWITCH_VIA_IDLE)->wait.count, 1);
	assert_int_equal(stream_row(&s, ROW_PROCESS, SWITCH_VIA_IDLE)->wait.max, 100);
	assert_int_equal(s.report->tasks[A].figures.wait_ns, 5100);
	assert_int_equal(s.report->tasks[B].figures.wait_ns, 9);
	stream_close(&s);
}

/* ---- run and off ---- */

static void test_run_and_off(void **state)
{
	struct stream s;
	const struct task_figures *a, *b;

	(void)state;
	stream_open(&s, 0);
	SWITCH(&s, 1000, IDLE, A, PROCESS(IDLE), 30);
	SWITCH(&s, 1700, A, B, PROCESS(DIRECT) | VOLUNTARY, 30); /* A ran 700 */
	SWITCH(&s, 1900, B, IDLE, VOLUNTARY, 30);		 /* B ran 200 */
	SWITCH(&s, 2000, IDLE, A, PROCESS(IDLE), 30);		 /* A was off 300 */
	SWITCH(&s, 2001, A, B, PROCESS(DIRECT), 30);		 /* A ran 1, B was off 101 */
	stream_finish(&s);
	a = &s.report->tasks[A].figures;
	b = &s.report->tasks[B].figures;
	assert_int_equal(a->run_ns, 701);
	assert_int_equal(a->off_ns, 300);
	assert_int_equal(a->voluntary, 1);
	assert_int_equal(a->preempted, 1);
	assert_int_equal(b->run_ns, 200); /* the stint that goes on is not over */
	assert_int_equal(b->off_ns, 101);
	stream_close(&s);
}

/* The first record of a task is its switch-out: when it came is not known. */
static void test_first_seen_leaving(void **state)
{
	struct stream s;

	(void)state;
	stream_open(&s, 0);
	SWITCH(&s, 5000, A, IDLE, VOLUNTARY, 1);
	SWITCH(&s, 6000, IDLE, A, RESUME(IDLE), 1);
	SWITCH(&s, 6500, A, IDLE, VOLUNTARY, 1);
	stream_finish(&s);
	assert_int_equal(s.report->tasks[A].figures.run_ns, 500);
	assert_int_equal(s.report->tasks[A].figures.off_ns, 1000);
	assert_int_equal(s.report->began_on_cpu, 1);
	assert_int_equal(s.report->reconcile.contradictions, 0);
	stream_close(&s);
}

/* A task that comes twice or leaves twice cannot be, unless something was lost. */
static void contradict(struct stream *s, bool lossy)
{
	stream_open(s, 0);
	stream_root(s, 1, "a");
	SWITCH(s, 100, IDLE, A, PROCESS(IDLE), 1);
	if (lossy)
		LOSE(s, 150, A, IDLE, VOLUNTARY, 1);
	SWITCH(s, 200, IDLE, A, RESUME(IDLE), 1);
	SWITCH(s, 300, A, IDLE, VOLUNTARY, 1);
	if (lossy)
		LOSE(s, 350, IDLE, A, RESUME(IDLE), 1);
	SWITCH(s, 400, A, IDLE, VOLUNTARY, 1);
	stream_end(s, 401, A, 0);
	stream_finish(s);
}

static void test_contradictions(void **state)
{
	struct stream s;

	(void)state;
	contradict(&s, false);
	assert_int_equal(s.report->reconcile.contradictions, 2);
	assert_false(s.report->reconcile.ok);
	stream_close(&s);
	contradict(&s, true);
	assert_int_equal(s.report->reconcile.contradictions, 0);
	assert_int_equal(s.report->reconcile.switches.lost, 1);
	assert_true(s.report->reconcile.ok);
	stream_close(&s);
}

/* An unseen switch-in: in no row, no run time, but waited for. */
static void test_missed(void **state)
{
	struct stream s;
	const struct task_entry *a;

	(void)state;
	stream_open(&s, 0);
	stream_root(&s, 0, "a");
	SWITCH(&s, 100, IDLE, A, PROCESS(IDLE) | SWITCH_WAIT, 1, .wait_ns = 10);
	SWITCH(&s, 200, A, IDLE, VOLUNTARY, 1);
	stream_missed(&s, 900, A, 55);
	SWITCH(&s, 900, A, IDLE, VOLUNTARY, 1);
	/* seen to come, then unseen to leave and to come again: when is not known either */
	SWITCH(&s, 1000, IDLE, A, RESUME(IDLE) | SWITCH_WAIT, 1, .wait_ns = 20);
	s.task[A].account.last.run_delay += s.task[A].queued_ns;
	s.task[A].queued_ns = 0;
	stream_missed(&s, 9000, A, 5);
	SWITCH(&s, 9000, A, IDLE, VOLUNTARY, 1);
	stream_end(&s, 9001, A, END_CLOSED);
	stream_finish(&s);
	a = &s.report->tasks[A];
	assert_int_equal(s.report->missed_ins, 2);
	assert_int_equal(s.report->switches, 5);
	assert_int_equal(a->figures.run_ns, 100);
	assert_int_equal(a->figures.wait_ns, 90);
	assert_int_equal(a->figures.in[ROW_RESUME] + a->figures.in[ROW_PROCESS], 2);
	assert_int_equal(histogram_sum(&stream_row(&s, ROW_PROCESS, SWITCH_VIA_IDLE)->wait), 10);
	assert_int_equal(histogram_sum(&stream_row(&s, ROW_RESUME, SWITCH_VIA_IDLE)->wait), 20);
	assert_int_equal(s.report->reconcile.wait_seen_ns, 90);
	assert_true(s.report->reconcile.ok);
	stream_close(&s);
}

/* Out of order, counted and taken all the same; no time runs backwards. */
static void test_late(void **state)
{
	struct stream s;
	const struct task_figures *a;

	(void)state;
	stream_open(&s, 0);
	SWITCH(&s, 1000, IDLE, A, PROCESS(IDLE), 1);
	SWITCH(&s, 3000, IDLE, B, PROCESS(IDLE), 1);
	SWITCH(&s, 2000, A, IDLE, VOLUNTARY, 1);    /* late, but A's own order holds */
	SWITCH(&s, 3000, B, IDLE, VOLUNTARY, 1);    /* the same instant is not late */
	SWITCH(&s, 2500, IDLE, A, RESUME(IDLE), 1); /* late */
	SWITCH(&s, 2400, A, IDLE, VOLUNTARY, 1);    /* late, and before its own switch-in */
	SWITCH(&s, 2300, IDLE, A, RESUME(IDLE), 1); /* late, and before its own switch-out */
	stream_finish(&s);
	a = &s.report->tasks[A].figures;
	assert_int_equal(s.report->late, 4);
	assert_int_equal(s.report->received, 7);
	assert_int_equal(s.report->switches, 7);
	assert_int_equal(a->voluntary, 2);
	assert_int_equal(a->run_ns, 1000);
	assert_int_equal(a->off_ns, 500);
	assert_true(s.report->complete);
	stream_close(&s);
}

/* ---- records that are not understood ---- */

static void test_not_understood(void **state)
{
	const struct {
		uint16_t kind, size;
	} bad[] = {
		{ 0, 0 },
		{ 0, sizeof(struct event_header) },
		{ EVENT_SWITCH, 0 },
		{ EVENT_SWITCH, sizeof(struct event_header) },
		{ EVENT_SWITCH, sizeof(struct event_switch) - 1 },
		{ EVENT_SWITCH, sizeof(struct event_switch) + 1 },
		{ EVENT_WAKING, sizeof(struct event_switch) },
		{ EVENT_NEWTASK, sizeof(struct event_switch) },
		{ EVENT_EXEC, sizeof(struct event_exec) - 8 },
		{ EVENT_RENAME, sizeof(struct event_rename) + 8 },
		{ EVENT_EXIT, sizeof(struct event_exit) + 8 },
		{ EVENT_END, sizeof(struct event_end) - 8 },
		{ EVENT_NAME, sizeof(struct event_name) - 8 },
		{ EVENT_MISSED, sizeof(struct event_missed) - 8 },
		{ EVENT_MISSED + 1, sizeof(struct event_switch) },
		{ UINT16_MAX, UINT16_MAX },
	};
	uint64_t record[32];
	struct stream s;

	(void)state;
	stream_open(&s, 0);
	memset(record, 0xff, sizeof(record));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		stream_send(&s, UINT64_MAX, record, bad[i].kind, bad[i].size);
	SWITCH(&s, 1, A, IDLE, VOLUNTARY, 1);
	s.lost.unknown = 3; /* what the reader of the rings dropped */
	stream_finish(&s);
	assert_int_equal(s.report->lost.unknown, 3 + sizeof(bad) / sizeof(bad[0]));
	assert_int_equal(s.report->received, 1);
	assert_int_equal(s.report->late, 0);
	assert_false(s.report->complete);
	stream_close(&s);
}

/* Any class of loss makes the report incomplete; not so what the kernel did not show us, and mappings. */
static void test_complete(void **state)
{
	for (size_t i = 0; i < sizeof(struct losses) / sizeof(uint64_t); i++) {
		struct stream s;

		(void)state;
		stream_open(&s, 0);
		((uint64_t *)&s.lost)[i] = 1;
		stream_finish(&s);
		assert_int_equal(s.report->complete,
				 i == offsetof(struct losses, unseen) / 8 ||
					 i == offsetof(struct losses, unseen_faults) / 8 ||
					 i == offsetof(struct losses, mappings) / 8);
		assert_memory_equal(&s.report->lost, &s.lost, sizeof(s.lost));
		stream_close(&s);
	}
}

/* ---- lifecycle ---- */

/* Same address space, other tgid: thread level, and counted as a vfork. */
static void test_vfork_child(void **state)
{
	struct stream s;
	const struct process_entry *child;

	(void)state;
	stream_open(&s, 0);
	stream_root(&s, 1, "make");
	NEWTASK(&s, 2, "make", .task = B, .parent = A, .pid = 102, .tgid = 102, .mm = 1,
		.clone_flags = VFORK);
	SWITCH(&s, 3, A, B, THREAD(DIRECT) | VOLUNTARY, 1, .next_mm = 1, .last_mm = 1,
	       .last_user = A);
	stream_finish(&s);
	stream_expect_row(&s, ROW_THREAD, SWITCH_VIA_DIRECT, 1, 1, 0);
	assert_int_equal(s.report->created[CREATED_ROOT], 1);
	assert_int_equal(s.report->created[CREATED_VFORK], 1);
	assert_int_equal(s.report->created[CREATED_PROCESS], 0);
	assert_int_equal(s.report->created[CREATED_THREAD], 0);
	assert_int_equal(s.report->tasks[B].mm, 1);
	assert_int_equal(s.report->tasks[B].created, CREATED_VFORK);
	assert_int_equal(s.report->process_count, 2);
	child = stream_process(&s, B);
	assert_int_equal(child->tgid, 102);
	assert_int_equal(child->parent, s.report->tasks[A].process);
	assert_int_equal(child->threads, 1);
	stream_close(&s);
}

static void test_creations(void **state)
{
	struct stream s;
	const struct process_entry *root;

	(void)state;
	stream_open(&s, 0);
	stream_root(&s, 1, "server");
	stream_thread(&s, 2, B, A, 1, "server");
	stream_thread(&s, 3, C, A, 1, "server");
	stream_fork(&s, 4, D, C, "server"); /* a thread forks: the process is its parent */
	stream_thread(&s, 5, 5, D, D, "server");
	stream_rename(&s, 6, B, "io");	   /* a thread's name is not the process's */
	stream_rename(&s, 7, A, "master"); /* the leader's is */
	stream_finish(&s);
	assert_int_equal(s.report->created[CREATED_ROOT], 1);
	assert_int_equal(s.report->created[CREATED_THREAD], 3);
	assert_int_equal(s.report->created[CREATED_PROCESS], 1);
	assert_int_equal(s.report->thread_count, 5);
	assert_int_equal(s.report->process_count, 2);
	root = stream_process(&s, A);
	assert_int_equal(root->threads, 3);
	assert_string_equal(root->comm, "master");
	assert_string_equal(root->level, "thread-level");
	assert_ptr_equal(root, stream_process(&s, B));
	assert_int_equal(root->parent, s.report->tasks[A].process);
	assert_int_equal(stream_process(&s, D)->parent, s.report->tasks[A].process);
	assert_int_equal(stream_process(&s, 5)->threads, 2);
	assert_int_equal(s.report->tasks[D].parent, C);
	assert_string_equal(s.report->tasks[B].comm, "io");
	assert_int_equal(s.report->tasks[B].born_ns, 2);
	stream_close(&s);
}

static void test_exec_gives_a_new_mm(void **state)
{
	struct stream s;

	(void)state;
	stream_open(&s, 0);
	stream_root(&s, 1, "sh");
	NEWTASK(&s, 2, "sh", .task = B, .parent = A, .pid = 102, .tgid = 102, .mm = 1,
		.clone_flags = VFORK);
	SWITCH(&s, 3, A, B, THREAD(DIRECT) | VOLUNTARY, 1, .next_mm = 1, .last_user = A);
	EXEC(&s, 4, "ls", .task = B, .mm = 2, .pid = 102, .old_pid = 102);
	SWITCH(&s, 5, B, A, PROCESS(DIRECT), 1, .next_mm = 1, .last_user = B);
	SWITCH(&s, 6, A, B, PROCESS(DIRECT) | VOLUNTARY, 1, .next_mm = 2, .last_user = A);
	stream_finish(&s);
	stream_expect_row(&s, ROW_THREAD, SWITCH_VIA_DIRECT, 1, 1, 0);
	stream_expect_row(&s, ROW_PROCESS, SWITCH_VIA_DIRECT, 2, 1, 1);
	assert_int_equal(s.report->execs, 1);
	assert_int_equal(s.report->tasks[B].mm, 2);
	assert_string_equal(s.report->tasks[B].comm, "ls");
	assert_int_equal(stream_process(&s, B)->mm, 2);
	assert_string_equal(stream_process(&s, B)->comm, "ls");
	assert_int_equal(stream_process(&s, A)->mm, 1);
	assert_string_equal(stream_process(&s, A)->comm, "sh");
	stream_close(&s);
}

/* Another thread than the leader executes: it takes the leader's pid, and is the leader. */
static void test_exec_by_a_thread(void **state)
{
	struct stream s;
	const struct process_entry *process;

	(void)state;
	stream_open(&s, 0);
	stream_root(&s, 1, "old");
	stream_thread(&s, 2, B, A, 1, "thread");
	assert_int_equal(model_live_tasks(s.model), 2);
	stream_exit(&s, 3, A, 0, 0);
	EXEC(&s, 4, "new", .task = B, .mm = 2, .pid = 101, .old_pid = 102);
	stream_rename(&s, 5, B, "newer");
	stream_exit(&s, 6, B, 0, EXIT_GROUP_DEAD);
	stream_finish(&s);
	assert_int_equal(s.report->tasks[B].pid, 101);
	assert_int_equal(s.report->tasks[B].tgid, 101);
	assert_int_equal(s.report->tasks[B].created, CREATED_THREAD);
	assert_int_equal(s.report->process_count, 1);
	process = stream_process(&s, B);
	assert_int_equal(process->threads, 2);
	assert_int_equal(process->mm, 2);
	assert_string_equal(process->comm, "newer");
	assert_true(process->exited);
	assert_int_equal(process->crashed_by, 0);
	stream_close(&s);
}

/* A task that gives up its address space keeps the one that it had in the report. */
static void test_exiting_keeps_the_mm(void **state)
{
	struct stream s;

	(void)state;
	stream_open(&s, 0);
	stream_root(&s, 1, "a");
	SWITCH(&s, 2, IDLE, A, PROCESS(IDLE), 1, .next_mm = 1);
	SWITCH(&s, 3, A, KERNEL(9), NONE, 1);
	SWITCH(&s, 4, KERNEL(9), A, EXITING(KERNEL), 1, .next_mm = 0);
	stream_finish(&s);
	stream_expect_row(&s, ROW_EXITING, SWITCH_VIA_KERNEL, 1, 0, 0);
	assert_int_equal(s.report->tasks[A].mm, 1);
	assert_int_equal(s.report->tasks[A].figures.in[ROW_EXITING], 1);
	stream_close(&s);
}

/* sched_process_exit comes per task; the process lives until the last of them. */
static void test_exit_order(void **state)
{
	for (int leader_first = 0; leader_first < 2; leader_first++) {
		uint32_t first = leader_first ? A : B, last = leader_first ? B : A;
		struct stream s;
		const struct process_entry *process;

		(void)state;
		stream_open(&s, 0);
		stream_root(&s, 1, "leader");
		stream_thread(&s, 2, B, A, 1, "thread");
		stream_exit(&s, 3, first, 0, 0);
		assert_true(model_has_exited(s.model, first));
		assert_false(model_has_exited(s.model, last));
		assert_int_equal(model_live_tasks(s.model), 1);
		stream_exit(&s, 4, last, 7 << 8, EXIT_GROUP_DEAD);
		assert_int_equal(model_live_tasks(s.model), 0);
		stream_finish(&s);
		assert_int_equal(s.report->exits, 2);
		process = stream_process(&s, A);
		assert_true(process->exited);
		assert_int_equal(process->crashed_by, 0);
		assert_int_equal(process->tasks_lost, 0);
		assert_string_equal(process->comm, "leader");
		assert_int_equal(s.report->tasks[last].exit_code, 7 << 8);
		assert_int_equal(s.report->tasks[last].died_ns, 4);
		stream_close(&s);
	}
}

static void test_only_the_leader_exited(void **state)
{
	struct stream s;

	(void)state;
	stream_open(&s, 0);
	stream_root(&s, 1, "leader");
	stream_thread(&s, 2, B, A, 1, "thread");
	stream_exit(&s, 3, A, 0, 0);
	stream_finish(&s);
	assert_true(s.report->tasks[A].exited);
	assert_false(stream_process(&s, A)->exited);
	stream_close(&s);
}

/* One thread's fault takes all that still live with it; one that had left is not lost by it. */
static void test_crash(void **state)
{
	const uint32_t code = SIGSEGV | 0x80; /* with a core */
	struct stream s;
	const struct process_entry *process;

	(void)state;
	stream_open(&s, 0);
	stream_root(&s, 1, "server");
	stream_thread(&s, 2, B, A, 1, "worker");
	stream_thread(&s, 3, C, A, 1, "worker");
	stream_thread(&s, 4, D, A, 1, "worker");
	stream_fork(&s, 5, 5, A, "other");
	stream_exit(&s, 6, D, 0, 0);
	stream_exit(&s, 7, C, code, 0);
	stream_exit(&s, 8, B, code, 0);
	stream_exit(&s, 9, A, code, EXIT_GROUP_DEAD);
	stream_exit(&s, 10, 5, 0, EXIT_GROUP_DEAD);
	stream_finish(&s);
	process = stream_process(&s, A);
	assert_true(process->exited);
	assert_int_equal(process->crashed_by, SIGSEGV);
	assert_int_equal(process->tasks_lost, 2);
	assert_int_equal(stream_process(&s, 5)->crashed_by, 0);
	stream_close(&s);
}

static void test_killed_alone(void **state)
{
	struct stream s;

	(void)state;
	stream_open(&s, 0);
	stream_root(&s, 1, "a");
	stream_exit(&s, 2, A, SIGKILL, EXIT_GROUP_DEAD);
	stream_finish(&s);
	assert_int_equal(stream_process(&s, A)->crashed_by, SIGKILL);
	assert_int_equal(stream_process(&s, A)->tasks_lost, 0);
	stream_close(&s);
}

static void test_pid_reuse(void **state)
{
	struct stream s;

	(void)state;
	stream_open(&s, 0);
	stream_root(&s, 1, "parent");
	NEWTASK(&s, 2, "first", .task = B, .parent = A, .pid = 500, .tgid = 500, .mm = 2);
	SWITCH(&s, 10, A, B, PROCESS(DIRECT) | VOLUNTARY, 1, .last_user = A);
	SWITCH(&s, 110, B, A, PROCESS(DIRECT) | VOLUNTARY, 1, .last_user = B);
	stream_exit(&s, 110, B, 0, EXIT_GROUP_DEAD);
	NEWTASK(&s, 120, "second", .task = C, .parent = A, .pid = 500, .tgid = 500, .mm = 3);
	SWITCH(&s, 200, A, C, PROCESS(DIRECT) | VOLUNTARY, 1, .last_user = A);
	SWITCH(&s, 207, C, A, PROCESS(DIRECT), 1, .last_user = C);
	stream_finish(&s);
	assert_int_equal(s.report->tasks[B].pid, 500);
	assert_int_equal(s.report->tasks[C].pid, 500);
	assert_int_equal(s.report->tasks[B].figures.run_ns, 100);
	assert_int_equal(s.report->tasks[C].figures.run_ns, 7);
	assert_string_equal(s.report->tasks[B].comm, "first");
	assert_string_equal(s.report->tasks[C].comm, "second");
	assert_int_equal(s.report->process_count, 3);
	assert_true(stream_process(&s, B)->exited);
	assert_false(stream_process(&s, C)->exited);
	assert_int_equal(s.report->pair_count, 4);
	stream_close(&s);
}

static void test_peak_tasks(void **state)
{
	struct stream s;

	(void)state;
	stream_open(&s, 0);
	stream_root(&s, 1, "a");
	for (uint32_t task = 2; task <= 100; task++) { /* one after the other */
		uint64_t born = 10ull * task;

		stream_fork(&s, born, task, A, "short");
		stream_exit(&s, born + 5, task, 0, EXIT_GROUP_DEAD);
	}
	stream_fork(&s, 2000, 101, A, "b");
	stream_fork(&s, 2001, 102, A, "c");
	stream_exit(&s, 2002, 101, 0, EXIT_GROUP_DEAD);
	stream_fork(&s, 2003, 103, A, "d");
	stream_finish(&s);
	assert_int_equal(s.report->peak_tasks, 3);
	assert_int_equal(s.report->thread_count, 103);
	assert_int_equal(s.report->created[CREATED_PROCESS], 102);
	assert_int_equal(s.report->exits, 100);
	stream_close(&s);
}

/* The rings have no order between them: switches may come before the birth that they follow. */
static void test_switches_before_the_birth(void **state)
{
	struct stream s;
	const struct task_entry *b;

	(void)state;
	stream_open(&s, 0);
	stream_root(&s, 1, "a");
	SWITCH(&s, 20, A, B, PROCESS(DIRECT) | VOLUNTARY, 1, .next_mm = 2, .last_user = A);
	SWITCH(&s, 50, B, A, PROCESS(DIRECT), 1, .next_mm = 1, .last_user = B);
	stream_fork(&s, 10, B, A, "b");
	stream_finish(&s);
	b = &s.report->tasks[B];
	assert_true(b->known);
	assert_string_equal(b->comm, "b");
	assert_int_equal(b->mm, 2);
	assert_int_equal(b->figures.run_ns, 30);
	assert_int_equal(s.report->late, 1);
	assert_int_equal(s.report->thread_count, 2);
	assert_int_equal(s.report->process_count, 2);
	assert_int_equal(stream_process(&s, B)->figures.run_ns, 30);
	stream_close(&s);
}

/* The birth was lost: the task is counted with those of no known process. */
static void test_birth_never_seen(void **state)
{
	struct stream s;

	(void)state;
	stream_open(&s, 0);
	stream_root(&s, 1, "a");
	SWITCH(&s, 20, A, C, PROCESS(DIRECT) | VOLUNTARY, 1, .next_mm = 3);
	SWITCH(&s, 50, C, A, PROCESS(DIRECT), 1, .next_mm = 1);
	stream_rename(&s, 60, C, "c");
	stream_exit(&s, 70, C, 0, 0);
	stream_finish(&s);
	assert_false(s.report->tasks[C].known);
	assert_false(s.report->tasks[B].known); /* a serial that nothing was heard of */
	assert_string_equal(s.report->tasks[C].comm, "c");
	assert_int_equal(s.report->tasks[C].figures.run_ns, 30);
	assert_int_equal(s.report->thread_count, 2);
	assert_int_equal(s.report->process_count, 2);
	assert_int_equal(s.report->peak_tasks, 1);
	assert_int_equal(model_live_tasks(s.model), 1);
	stream_close(&s);
}

static void test_settled(void **state)
{
	struct stream s;

	(void)state;
	stream_open(&s, 0);
	assert_true(model_settled(s.model));
	stream_root(&s, 1, "a");
	stream_fork(&s, 2, B, A, "b");
	stream_exit(&s, 3, B, 0, EXIT_GROUP_DEAD);
	assert_false(model_settled(s.model));
	stream_end(&s, 4, A, END_CLOSED); /* of another one, that lives */
	assert_false(model_settled(s.model));
	stream_end(&s, 5, B, 0);
	assert_true(model_settled(s.model));
	assert_false(model_has_exited(s.model, A));
	assert_true(model_has_exited(s.model, B));
	assert_false(model_has_exited(s.model, 400));
	assert_false(model_has_exited(s.model, UINT32_MAX));
	stream_close(&s);
}

/* ---- names ---- */

/* Sixteen bytes without NUL, none of them a friend of any terminal, kept as they are. */
static void test_comm_is_kept_verbatim(void **state)
{
	static const char hostile[] = "\xff\xc0\x1b[2J\r\n\t\"<&>'%s";
	struct stream s;

	(void)state;
	assert_int_equal(sizeof(hostile) - 1, EVENT_COMM_LEN);
	stream_open(&s, 0);
	stream_root(&s, 1, hostile);
	stream_thread(&s, 2, B, A, 1, "0123456789abcdef");
	stream_thread(&s, 3, C, A, 1, "");
	SWITCH(&s, 4, B, A, THREAD(DIRECT), 1, .last_user = B);
	stream_finish(&s);
	assert_memory_equal(s.report->tasks[A].comm, hostile, sizeof(hostile));
	assert_memory_equal(stream_process(&s, A)->comm, hostile, sizeof(hostile));
	assert_string_equal(s.report->tasks[B].comm, "0123456789abcdef");
	assert_string_equal(s.report->tasks[C].comm, "");
	assert_string_equal(s.report->name_pairs[0].prev, "0123456789abcdef");
	assert_memory_equal(s.report->name_pairs[0].next, hostile, sizeof(hostile));
	stream_close(&s);
}

static void test_names_of_strangers(void **state)
{
	struct stream s;

	(void)state;
	stream_open(&s, 0);
	stream_root(&s, 1, "a");
	stream_thread(&s, 2, B, A, 1, "");
	stream_name(&s, 3, KERNEL(9), "kworker/0:1");
	stream_name(&s, 4, FOREIGN(9), "sshd\x7f-no-nul-here");
	stream_name(&s, 5, FOREIGN(3), "cron");
	stream_name(&s, 6, FOREIGN(9), "bash"); /* the pid's next owner, or its next name */
	stream_finish(&s);
	assert_int_equal(s.report->name_count, 3);
	for (size_t i = 1; i < s.report->name_count; i++)
		assert_true(s.report->names[i - 1].ref < s.report->names[i].ref);
	assert_string_equal(report_comm(s.report, FOREIGN(9)), "bash");
	assert_string_equal(report_comm(s.report, FOREIGN(3)), "cron");
	assert_string_equal(report_comm(s.report, KERNEL(9)), "kworker/0:1");
	assert_null(report_comm(s.report, FOREIGN(10)));
	assert_null(report_comm(s.report, KERNEL(3)));
	assert_string_equal(report_comm(s.report, IDLE), "idle");
	assert_string_equal(report_comm(s.report, A), "a");
	assert_null(report_comm(s.report, B));
	assert_null(report_comm(s.report, 77));
	stream_close(&s);
}

/* The reader asks again when two pids share a slot of its memory: that must not fill ours. */
static void test_names_again_and_again(void **state)
{
	struct stream s;
	char comm[EVENT_COMM_LEN];

	(void)state;
	stream_open(&s, 0);
	for (uint32_t round = 0; round < 20; round++) {
		for (uint32_t pid = 1; pid <= 10000; pid++) {
			snprintf(comm, sizeof(comm), "n%u", pid);
			stream_name(&s, round, FOREIGN(pid), comm);
		}
	}
	stream_finish(&s);
	assert_int_equal(s.report->name_count, 10000);
	assert_int_equal(s.report->received, 200000);
	assert_string_equal(report_comm(s.report, FOREIGN(7654)), "n7654");
	stream_close(&s);
}

/* ---- pairs ---- */

static void test_pairs(void **state)
{
	const struct switch_pair *pairs;
	struct stream s;
	uint64_t ts = 1;

	(void)state;
	stream_open(&s, 0);
	for (int i = 0; i < 3; i++) {
		SWITCH(&s, ts++, A, B, THREAD(DIRECT), 1, .last_user = A);
		SWITCH(&s, ts++, B, A, THREAD(DIRECT), 1, .last_user = B);
	}
	SWITCH(&s, ts++, IDLE, B, THREAD(IDLE), 1, .last_user = A);	    /* any via */
	SWITCH(&s, ts++, KERNEL(5), B, PROCESS(KERNEL), 1, .last_user = A); /* another level */
	SWITCH(&s, ts++, IDLE, B, RESUME(IDLE), 1, .last_user = B);	    /* nobody between */
	SWITCH(&s, ts++, IDLE, B, EXITING(IDLE), 1, .last_user = FOREIGN(8));
	SWITCH(&s, ts++, B, IDLE, VOLUNTARY, 1, .last_user = B); /* to nobody */
	stream_finish(&s);
	pairs = s.report->pairs;
	assert_int_equal(s.report->pair_count, 4);
	assert_int_equal(pairs[0].prev, A);
	assert_int_equal(pairs[0].next, B);
	assert_int_equal(pairs[0].level, ROW_THREAD);
	assert_int_equal(pairs[0].count, 4);
	assert_int_equal(pairs[1].prev, B);
	assert_int_equal(pairs[1].count, 3);
	assert_int_equal(pairs[2].prev, A);
	assert_int_equal(pairs[2].level, ROW_PROCESS);
	assert_int_equal(pairs[2].count, 1);
	assert_int_equal(pairs[3].prev, FOREIGN(8));
	assert_int_equal(pairs[3].level, ROW_EXITING);
	assert_int_equal(s.report->pairs_folded, 0);
	stream_close(&s);
}

/* 50 clients with one server: 100 pairs of tasks, two of names; a stranger of that name is apart. */
static void test_name_pairs(void **state)
{
	const struct name_pair *names;
	struct stream s;
	uint64_t ts = 100;

	(void)state;
	stream_open(&s, 0);
	stream_root(&s, 1, "server");
	for (uint32_t task = 2; task <= 51; task++)
		stream_fork(&s, task, task, A, "client");
	stream_name(&s, 60, FOREIGN(8), "client");
	stream_name(&s, 61, FOREIGN(9), "client");
	for (uint32_t task = 2; task <= 51; task++) {
		SWITCH(&s, ts++, task, A, PROCESS(DIRECT), 1, .last_user = task);
		SWITCH(&s, ts++, task, A, PROCESS(IDLE), 1, .last_user = task);
		SWITCH(&s, ts++, A, task, PROCESS(DIRECT), 1, .last_user = A);
	}
	SWITCH(&s, ts++, 2, A, THREAD(DIRECT), 1, .last_user = 2);
	SWITCH(&s, ts++, FOREIGN(8), A, PROCESS(DIRECT), 1, .last_user = FOREIGN(8));
	SWITCH(&s, ts++, FOREIGN(9), A, PROCESS(DIRECT), 1, .last_user = FOREIGN(9));
	SWITCH(&s, ts++, FOREIGN(9), A, PROCESS(DIRECT), 1, .last_user = FOREIGN(9));
	stream_finish(&s);
	names = s.report->name_pairs;
	assert_int_equal(s.report->pair_count, 103);
	assert_int_equal(s.report->name_pair_count, 4);
	assert_string_equal(names[0].prev, "client");
	assert_string_equal(names[0].next, "server");
	assert_int_equal(names[0].level, ROW_PROCESS);
	assert_int_equal(names[0].count, 100);
	assert_int_equal(names[0].pairs, 50);
	assert_false(names[0].prev_foreign);
	assert_string_equal(names[1].prev, "server");
	assert_int_equal(names[1].count, 50);
	assert_int_equal(names[1].pairs, 50);
	assert_string_equal(names[2].prev, "client");
	assert_true(names[2].prev_foreign);
	assert_int_equal(names[2].count, 3);
	assert_int_equal(names[2].pairs, 2);
	assert_int_equal(names[3].level, ROW_THREAD);
	assert_int_equal(names[3].count, 1);
	stream_close(&s);
}

static void feed_pairs(struct stream *s, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		SWITCH(s, i, FOREIGN(i + 1), A, PROCESS(DIRECT), UNKNOWN,
		       .last_user = FOREIGN(i + 1));
}

static void test_100000_pairs(void **state)
{
	struct stream s;

	(void)state;
	stream_open(&s, 0);
	feed_pairs(&s, 100000);
	feed_pairs(&s, 1000);
	stream_finish(&s);
	assert_int_equal(s.report->pair_count, 100000);
	assert_int_equal(s.report->pairs_folded, 0);
	for (size_t i = 0; i < s.report->pair_count; i++) {
		assert_int_equal(s.report->pairs[i].count, i < 1000 ? 2 : 1);
		assert_int_equal(s.report->pairs[i].prev, FOREIGN(i + 1));
	}
	stream_close(&s);
}

/* Beyond the bound new pairs are one number, and those that are known still count. */
static void test_pairs_are_bounded(void **state)
{
	struct stream s;
	uint64_t sum = 0;

	(void)state;
	stream_open(&s, 0);
	feed_pairs(&s, PAIRS_MAX + 1234);
	feed_pairs(&s, 1);
	stream_finish(&s);
	assert_int_equal(s.report->pair_count, PAIRS_MAX);
	assert_int_equal(s.report->pairs_folded, 1234);
	assert_int_equal(s.report->pairs[0].count, 2);
	for (size_t i = 0; i < s.report->pair_count; i++)
		sum += s.report->pairs[i].count;
	assert_int_equal(sum + s.report->pairs_folded, s.report->switches);
	stream_close(&s);
}

static void test_wakers(void **state)
{
	struct stream s;

	(void)state;
	stream_open(&s, 0);
	stream_root(&s, 1, "server");
	stream_fork(&s, 2, B, A, "client");
	stream_fork(&s, 3, C, A, "client");
	stream_waking(&s, 4, B, A);
	stream_waking(&s, 5, C, A);
	stream_waking(&s, 6, C, A);
	stream_waking(&s, 7, A, B);
	stream_waking(&s, 8, IDLE, A); /* from an interrupt */
	stream_finish(&s);
	assert_int_equal(s.report->wake_pair_count, 3);
	assert_string_equal(s.report->wake_pairs[0].waker, "client");
	assert_string_equal(s.report->wake_pairs[0].wakee, "server");
	assert_int_equal(s.report->wake_pairs[0].waker_class, TASK_TARGET);
	assert_int_equal(s.report->wake_pairs[0].count, 3);
	assert_string_equal(s.report->wake_pairs[1].waker, "idle");
	assert_int_equal(s.report->wake_pairs[1].waker_class, TASK_IDLE);
	assert_string_equal(s.report->wake_pairs[2].waker, "server");
	assert_int_equal(s.report->switches, 0);
	stream_close(&s);
}

/* ---- tax and orders ---- */

static void feed_tax(struct stream *s)
{
	SWITCH(s, 1000, IDLE, A, PROCESS(IDLE) | SWITCH_WAIT, 60, .wait_ns = 5);
	SWITCH(s, 1600, A, B, PROCESS(DIRECT) | SWITCH_WAIT, 70, .wait_ns = 6);
	SWITCH(s, 1900, B, A, THREAD(DIRECT) | SWITCH_WAIT, 30, .wait_ns = 7);
	SWITCH(s, 2000, A, IDLE, VOLUNTARY, 20);
	SWITCH(s, 2001, IDLE, A, RESUME(IDLE) | SWITCH_WAIT, UNKNOWN, .wait_ns = 8);
	SWITCH(s, 2001, A, IDLE, VOLUNTARY, 12);
	stream_end(s, 3000, A, 0);
	stream_end(s, 3000, B, 0);
}

static void test_tax(void **state)
{
	struct stream s;
	const struct tax *tax;

	(void)state;
	stream_open(&s, 10);
	feed_tax(&s);
	tax = &stream_finish(&s)->tax;
	assert_int_equal(tax->run_ns, 600 + 300 + 100);
	assert_int_equal(tax->switching_by_level[ROW_PROCESS], 50 + 60);
	assert_int_equal(tax->switching_by_level[ROW_THREAD], 20);
	assert_int_equal(tax->switching_by_level[ROW_IDLE], 10 + 2);
	assert_int_equal(tax->switching_by_level[ROW_RESUME], 0);
	assert_int_equal(tax->switching_ns, 142);
	assert_int_equal(tax->unpriced, 1);
	assert_int_equal(tax->waiting_ns, 26); /* beside it, not in it */
	assert_true(tax->share == 142.0 / 1000.0);
	stream_close(&s);
}

static void test_tax_without_hooks(void **state)
{
	struct stream s;

	(void)state;
	stream_open(&s, 10);
	s.context.direct_end = NULL;
	s.context.wait_known = false;
	feed_tax(&s);
	stream_finish(&s);
	assert_int_equal(s.report->tax.switching_ns, NS_UNKNOWN);
	assert_int_equal(s.report->tax.waiting_ns, NS_UNKNOWN);
	assert_int_equal(s.report->tax.run_ns, 1000);
	assert_true(isnan(s.report->tax.share));
	stream_close(&s);
}

static void test_busiest_first(void **state)
{
	struct stream s;

	(void)state;
	stream_open(&s, 0);
	stream_root(&s, 1, "a");
	stream_fork(&s, 2, B, A, "b");
	stream_fork(&s, 3, C, A, "c");
	stream_thread(&s, 4, D, C, C, "d");
	SWITCH(&s, 10, B, IDLE, VOLUNTARY, 1);
	SWITCH(&s, 11, B, IDLE, NONE, 1);
	SWITCH(&s, 12, A, IDLE, NONE, 1);
	SWITCH(&s, 13, C, IDLE, NONE, 1);
	SWITCH(&s, 14, D, IDLE, NONE, 1);
	SWITCH(&s, 15, IDLE, C, RESUME(IDLE), 1);
	SWITCH(&s, 16, C, IDLE, NONE, 1);
	stream_finish(&s);
	/* C and B have two each, but C is seen to run */
	assert_int_equal(s.report->tasks_by_switches[0], C);
	assert_int_equal(s.report->tasks_by_switches[1], B);
	assert_int_equal(s.report->tasks_by_switches[2], A);
	assert_int_equal(s.report->tasks_by_switches[3], D);
	assert_ptr_equal(&s.report->processes[s.report->processes_by_switches[0]],
			 stream_process(&s, C));
	assert_int_equal(stream_process(&s, C)->figures.preempted, 3);
	assert_int_equal(stream_process(&s, B)->figures.voluntary, 1);
	stream_close(&s);
}

/* ---- random streams against a slow, obvious reference ---- */

#define RECORDS 400
#define TASKS 6
#define CPUS 3

/* A machine that switches at random, by the words of README: who runs, who ran, in which mm. */
struct machine {
	struct stats_random random;
	uint32_t mm[TASKS + 1];
	uint32_t on[CPUS], last_user[CPUS], active_mm[CPUS], via[CPUS];
	struct event_switch record[RECORDS];
	bool lost[RECORDS];
	unsigned int records;
};

static uint64_t below(struct machine *m, uint64_t bound)
{
	return stats_random_below(&m->random, bound);
}

static bool runs_somewhere(const struct machine *m, uint32_t ref)
{
	for (int cpu = 0; cpu < CPUS; cpu++)
		if (m->on[cpu] == ref)
			return true;
	return false;
}

/* Someone else than who runs on this CPU; no task runs twice, the idle tasks excepted. */
static uint32_t pick_next(struct machine *m, uint32_t prev)
{
	for (;;) {
		uint64_t what = below(m, 10);
		uint32_t ref = what == 0 ? IDLE :
			       what == 1 ? KERNEL(20 + below(m, 3)) :
			       what == 2 ? FOREIGN(90 + below(m, 3)) :
					   (uint32_t)(1 + below(m, TASKS));

		if (ref != prev && (ref == IDLE || !runs_somewhere(m, ref)))
			return ref;
	}
}

static bool is_user(uint32_t ref)
{
	return TASK_CLASS(ref) == TASK_TARGET || TASK_CLASS(ref) == TASK_FOREIGN;
}

static uint16_t flags_of_switch(struct machine *m, int cpu, uint32_t prev, uint32_t next)
{
	enum switch_level level = SWITCH_LEVEL_NONE;
	uint16_t flags = below(m, 2) && stream_is_target(prev) ? SWITCH_VOLUNTARY : 0;

	if (!m->last_user[cpu])
		flags |= SWITCH_FIRST;
	if (!stream_is_target(next))
		return flags;
	if (m->last_user[cpu] == next)
		level = SWITCH_LEVEL_RESUME;
	else if (m->active_mm[cpu] == m->mm[next])
		level = SWITCH_LEVEL_THREAD;
	else
		level = SWITCH_LEVEL_PROCESS;
	flags |= SWITCH_WAIT | (below(m, 3) ? 0 : SWITCH_MIGRATED);
	return flags | SWITCH_FLAGS(level, m->via[cpu]);
}

static void step(struct machine *m, struct stream *s, uint64_t ts)
{
	int cpu = (int)below(m, CPUS);
	uint32_t prev = m->on[cpu], next = pick_next(m, prev);
	struct event_switch e = {
		.h.flags = flags_of_switch(m, cpu, prev, next),
		.prev = prev,
		.next = next,
		.last_user = m->last_user[cpu],
		.direct_ns = below(m, 5) ? 200 + (uint32_t)below(m, 1000) : UNKNOWN,
		.pick_ns = (uint32_t)below(m, 3) * 50,
	};

	if (stream_is_target(next)) {
		e.wait_ns = (uint32_t)below(m, 100000);
		e.next_mm = m->mm[next];
		if (!below(m, 50)) {
			e.h.flags |= SWITCH_WAIT_WIDE;
			e.pick_ns = 1 + (uint32_t)below(m, 4);
		}
	}
	m->on[cpu] = next;
	if (is_user(next)) {
		m->last_user[cpu] = next;
		m->active_mm[cpu] = stream_is_target(next) ? m->mm[next] : 1000 + TASK_ID(next);
		m->via[cpu] = SWITCH_VIA_DIRECT;
	} else if (TASK_CLASS(next) == TASK_KERNEL) {
		m->via[cpu] = SWITCH_VIA_KERNEL;
	} else if (m->via[cpu] == SWITCH_VIA_DIRECT) {
		m->via[cpu] = SWITCH_VIA_IDLE;
	}
	if (!stream_is_target(prev) && !stream_is_target(next))
		return; /* not recorded */
	e.h.ts = ts;
	s->cpu = (uint16_t)cpu;
	m->lost[m->records] = !below(m, 40);
	if (m->lost[m->records])
		stream_lose(s, ts, e);
	else
		stream_switch(s, ts, e);
	m->record[m->records++] = e;
}

/* The row of a record, said in another way than the model says it. */
static bool in_row(const struct event_switch *e, enum row_level level, int via)
{
	static const enum switch_level level_of[] = { SWITCH_LEVEL_RESUME, SWITCH_LEVEL_THREAD,
						      SWITCH_LEVEL_PROCESS, SWITCH_LEVEL_EXITING };
	static const enum task_class class_of[] = {
		[ROW_IDLE] = TASK_IDLE,
		[ROW_KERNEL] = TASK_KERNEL,
		[ROW_FOREIGN] = TASK_FOREIGN,
	};

	if (level < ROW_WITH_VIA)
		return TASK_CLASS(e->next) == TASK_TARGET &&
		       (e->h.flags & 0x1f) == (int)level_of[level] + via * 8;
	return level != ROW_OTHER && TASK_CLASS(e->next) == class_of[level];
}

static void check_row(const struct machine *m, const struct stream *s, enum row_level level,
		      int via)
{
	static const struct switch_row none = { 0 };
	const struct switch_row *row = stream_row(s, level, via);
	uint64_t count = 0, voluntary = 0, preempted = 0, migrated = 0, direct = 0, priced = 0;
	uint64_t wait = 0, pick = 0;

	for (unsigned int i = 0; i < m->records; i++) {
		const struct event_switch *e = &m->record[i];

		if (m->lost[i] || !in_row(e, level, via))
			continue;
		count++;
		if (TASK_CLASS(e->prev) == TASK_TARGET)
			*(e->h.flags & SWITCH_VOLUNTARY ? &voluntary : &preempted) += 1;
		if (e->direct_ns != UNKNOWN) {
			priced++;
			direct += e->direct_ns - 100;
		}
		if (!(e->h.flags & SWITCH_WAIT_WIDE))
			pick += e->pick_ns;
		if (TASK_CLASS(e->next) == TASK_TARGET) {
			wait += stream_wait(e);
			migrated += e->h.flags & SWITCH_MIGRATED ? 1 : 0;
		}
	}
	if (!row)
		row = &none;
	assert_int_equal(row->count, count);
	assert_int_equal(row->voluntary, voluntary);
	assert_int_equal(row->preempted, preempted);
	assert_int_equal(row->migrated, migrated);
	assert_int_equal(row->direct.count, priced);
	assert_int_equal(histogram_sum(&row->direct), direct);
	assert_int_equal(histogram_sum(&row->pick), pick);
	assert_int_equal(histogram_sum(&row->wait), wait);
}

static void check_task(const struct machine *m, const struct stream *s, uint32_t task)
{
	const struct task_entry *entry = &s->report->tasks[task];
	uint64_t voluntary = 0, preempted = 0, lost = 0, run = 0, off = 0, wait = 0, since = 0;
	uint64_t in[ROW_WITH_VIA] = { 0 };
	bool running = false;

	for (unsigned int i = 0; i < m->records; i++) {
		const struct event_switch *e = &m->record[i];

		if (m->lost[i]) {
			lost += e->prev == task;
			continue;
		}
		if (e->prev == task) {
			*(e->h.flags & SWITCH_VOLUNTARY ? &voluntary : &preempted) += 1;
			run += running ? e->h.ts - since : 0;
			running = false;
			since = e->h.ts;
		}
		if (e->next == task) {
			in[(e->h.flags & 7) - 1]++;
			wait += stream_wait(e);
			off += !running && since ? e->h.ts - since : 0;
			running = true;
			since = e->h.ts;
		}
	}
	assert_int_equal(entry->figures.voluntary, voluntary);
	assert_int_equal(entry->figures.preempted, preempted);
	assert_int_equal(entry->figures.run_ns, run);
	assert_int_equal(entry->figures.off_ns, off);
	assert_int_equal(entry->figures.wait_ns, wait);
	assert_memory_equal(entry->figures.in, in, sizeof(in));
	assert_int_equal(entry->lost_switches, lost);
}

static void check_pairs(const struct machine *m, const struct stream *s)
{
	uint64_t all = 0, listed = 0;

	for (unsigned int i = 0; i < m->records; i++) {
		const struct event_switch *e = &m->record[i];

		all += !m->lost[i] && stream_is_target(e->next) && e->last_user &&
		       SWITCH_LEVEL(e->h.flags) != SWITCH_LEVEL_RESUME;
	}
	for (size_t p = 0; p < s->report->pair_count; p++) {
		const struct switch_pair *pair = &s->report->pairs[p];
		uint64_t count = 0;

		for (unsigned int i = 0; i < m->records; i++) {
			const struct event_switch *e = &m->record[i];

			count += !m->lost[i] && e->last_user == pair->prev &&
				 e->next == pair->next &&
				 (in_row(e, pair->level, SWITCH_VIA_DIRECT) ||
				  in_row(e, pair->level, SWITCH_VIA_IDLE) ||
				  in_row(e, pair->level, SWITCH_VIA_KERNEL));
		}
		assert_int_equal(pair->count, count);
		listed += count;
	}
	assert_int_equal(listed, all);
}

static void check_sums(const struct machine *m, const struct stream *s)
{
	uint64_t voluntary = 0, preempted = 0, outs = 0, lost = 0, arrived = 0;
	const struct reconciliation *r = &s->report->reconcile;

	for (unsigned int i = 0; i < m->records; i++) {
		outs += stream_is_target(m->record[i].prev);
		lost += m->lost[i] && stream_is_target(m->record[i].prev);
		arrived += !m->lost[i];
	}
	for (unsigned int i = 0; i < s->report->row_count; i++) {
		voluntary += s->report->rows[i].voluntary;
		preempted += s->report->rows[i].preempted;
	}
	assert_int_equal(s->report->switches, arrived);
	assert_int_equal(r->voluntary.seen, voluntary);
	assert_int_equal(r->preempted.seen, preempted);
	assert_int_equal(r->switches.seen, voluntary + preempted);
	assert_int_equal(r->switches.lost, lost);
	assert_int_equal(r->switches.kernel, outs);
	assert_int_equal(r->tasks_checked, TASKS);
	assert_true(r->ok);
}

static void run_machine(uint64_t seed)
{
	struct machine m = { 0 };
	struct stream s;
	uint64_t ts = 1000;

	stats_random_seed(&m.random, seed);
	stream_open(&s, 100);
	stream_root(&s, 1, "t1");
	m.mm[1] = 1;
	for (uint32_t task = 2; task <= TASKS; task++) {
		if (below(&m, 2)) {
			m.mm[task] = 1;
			stream_thread(&s, task, task, 1, 1, "thread");
		} else {
			m.mm[task] = task;
			stream_fork(&s, task, task, 1, "child");
		}
	}
	for (int cpu = 0; cpu < CPUS; cpu++)
		m.on[cpu] = IDLE;
	for (int i = 0; i < RECORDS; i++, ts += below(&m, 5000))
		step(&m, &s, ts);
	for (uint32_t task = 1; task <= TASKS; task++)
		stream_end(&s, ts, task, runs_somewhere(&m, task) || below(&m, 2) ? END_CLOSED : 0);
	stream_finish(&s);
	for (int level = 0; level < ROW_LEVELS; level++)
		for (int via = 0; via < (level < ROW_WITH_VIA ? VIA_COUNT : 1); via++)
			check_row(&m, &s, level, level < ROW_WITH_VIA ? via : -1);
	for (uint32_t task = 1; task <= TASKS; task++)
		check_task(&m, &s, task);
	check_pairs(&m, &s);
	check_sums(&m, &s);
	stream_close(&s);
}

static void test_random_streams(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++)
		run_machine(seed);
}

/* ---- shootdowns ---- */

/* Sent and received by process and in all; who received none was not disturbed. */
static void test_shootdowns(void **state)
{
	struct stream s;

	(void)state;
	stream_open(&s, 0);
	stream_root(&s, 1, "server");
	stream_thread(&s, 2, B, A, 1, "thread");
	stream_fork(&s, 3, C, A, "child");
	s.task[A].account.tlb = (struct task_tlb){ .sent = 5, .sent_all = 1, .sent_pages = 8 };
	s.task[B].account.tlb = (struct task_tlb){ .received = 3, .received_ns = 900 };
	s.task[C].account.tlb = (struct task_tlb){ .sent = 1, .received = 2, .received_ns = 100 };
	for (uint32_t task = A; task <= C; task++)
		stream_end(&s, 10 + task, task, 0);
	stream_finish(&s);
	assert_int_equal(s.report->tlb.sent, 6);
	assert_int_equal(s.report->tlb.sent_pages, 8);
	assert_int_equal(s.report->tlb.received, 5);
	assert_int_equal(s.report->tlb.received_ns, 1000);
	assert_int_equal(s.report->disturbed, 2);
	assert_int_equal(stream_process(&s, A)->tlb.received, 3);
	assert_int_equal(stream_process(&s, A)->disturbed, 1);
	assert_int_equal(stream_process(&s, C)->disturbed, 1);
	stream_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_resume_via_idle),
		cmocka_unit_test(test_process_via_kernel),
		cmocka_unit_test(test_every_level_and_via),
		cmocka_unit_test(test_rows_by_class),
		cmocka_unit_test(test_foreign_to_target),
		cmocka_unit_test(test_names_of_words),
		cmocka_unit_test(test_first_switch_of_a_cpu),
		cmocka_unit_test(test_migrated),
		cmocka_unit_test(test_direct_less_the_probe),
		cmocka_unit_test(test_probe_not_calibrated),
		cmocka_unit_test(test_direct_unknown_is_not_zero),
		cmocka_unit_test(test_pick),
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_wait_wide),
		cmocka_unit_test(test_wait_of_prev),
		cmocka_unit_test(test_wait_of_prev_without_its_switch_in),
		cmocka_unit_test(test_run_and_off),
		cmocka_unit_test(test_first_seen_leaving),
		cmocka_unit_test(test_contradictions),
		cmocka_unit_test(test_missed),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_not_understood),
		cmocka_unit_test(test_complete),
		cmocka_unit_test(test_vfork_child),
		cmocka_unit_test(test_creations),
		cmocka_unit_test(test_exec_gives_a_new_mm),
		cmocka_unit_test(test_exec_by_a_thread),
		cmocka_unit_test(test_exiting_keeps_the_mm),
		cmocka_unit_test(test_exit_order),
		cmocka_unit_test(test_only_the_leader_exited),
		cmocka_unit_test(test_crash),
		cmocka_unit_test(test_killed_alone),
		cmocka_unit_test(test_pid_reuse),
		cmocka_unit_test(test_peak_tasks),
		cmocka_unit_test(test_switches_before_the_birth),
		cmocka_unit_test(test_birth_never_seen),
		cmocka_unit_test(test_settled),
		cmocka_unit_test(test_comm_is_kept_verbatim),
		cmocka_unit_test(test_names_of_strangers),
		cmocka_unit_test(test_names_again_and_again),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_name_pairs),
		cmocka_unit_test(test_100000_pairs),
		cmocka_unit_test(test_pairs_are_bounded),
		cmocka_unit_test(test_wakers),
		cmocka_unit_test(test_tax),
		cmocka_unit_test(test_tax_without_hooks),
		cmocka_unit_test(test_busiest_first),
		cmocka_unit_test(test_shootdowns),
		cmocka_unit_test(test_random_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
