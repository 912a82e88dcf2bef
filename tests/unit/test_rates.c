// SPDX-License-Identifier: GPL-2.0
/* test_rates.c - model/rates, model/history and top/ended: what happened between two censuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/coarse.h"
#include "model/rates.h"
#include "top/ended.h"
#include "top/proc.h"

#define SECOND 1000000000ull
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Up to four groups and their total. */
struct world {
	struct census census;
	struct census_group group[4];
	struct census_times times[4], total_times;
	struct run_context context;
	struct rates *rates;
};

static int begin(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	world->rates = rates_new();
	world->context = (struct run_context){
		.direct_end = "x", .fault_end = "y", .faults_measured = true, .probe_ns = 10
	};
	world->census = (struct census){ .since_ns = 5 * SECOND,
					 .at_ns = 5 * SECOND,
					 .group = world->group,
					 .context = &world->context };
	world->census.total.times = &world->total_times;
	world->census.total.rss = world->census.total.pss = BYTES_UNKNOWN;
	*state = world;
	return 0;
}

static int end(void **state)
{
	struct world *world = *state;

	rates_free(world->rates);
	free(world);
	return 0;
}

static void add_group(struct world *world, uint64_t id, uint32_t pid, uint32_t tid)
{
	size_t at = world->census.count++;

	world->group[at] = (struct census_group){
		.id = id, .pid = pid, .tid = tid, .tasks = 1, .rss = 4096, .pss = BYTES_UNKNOWN
	};
	memset(&world->times[at], 0, sizeof(world->times[at]));
	world->group[at].times = &world->times[at];
}

static void switches(struct world *world, size_t at, enum row_level level, uint64_t count,
		     uint64_t wait_ns)
{
	struct row_counts *row = &world->group[at].counts.row[(size_t)level * VIA_COUNT];
	struct row_counts *total = &world->census.total.counts.row[(size_t)level * VIA_COUNT];

	row->count += count;
	row->direct_count += count;
	row->direct_ns += count * 310;
	world->group[at].counts.run_ns += count * 10000;
	total->count += count;
	for (uint64_t i = 0; i < count; i++) {
		coarse_record(&world->times[at].wait[level], wait_ns);
		coarse_record(&world->total_times.wait[level], wait_ns);
	}
}

static const struct rates_view *after(struct world *world, uint64_t ns)
{
	world->census.at_ns += ns;
	assert_int_equal(rates_take(world->rates, &world->census), 0);
	return rates_view(world->rates);
}

static void near(uint64_t ns, uint64_t wanted)
{
	if (ns * 16 < wanted * 15 || ns * 16 > wanted * 17)
		fail_msg("%llu ns, not about %llu", (unsigned long long)ns,
			 (unsigned long long)wanted);
}

/* Each interval has what happened in it alone, its percentile as well. */
static void intervals(void **state)
{
	struct world *world = *state;
	const struct rates_view *view;

	add_group(world, 1, 100, 0);
	switches(world, 0, ROW_THREAD, 200, 1000);
	view = after(world, 2 * SECOND);
	assert_true(view->seconds == 2);
	assert_int_equal(view->count, 1);
	assert_int_equal(rates_switch_ins(&view->row[0], ROW_THREAD), 200);
	near(view->row[0].wait_p99, 1000);
	near(view->total.wait_p99, 1000);

	switches(world, 0, ROW_PROCESS, 50, 1000000);
	view = after(world, SECOND / 2);
	assert_true(view->seconds == 0.5);
	assert_int_equal(rates_switch_ins(&view->row[0], ROW_THREAD), 0);
	assert_int_equal(rates_switch_ins(&view->row[0], ROW_PROCESS), 50);
	assert_int_equal(rates_all_switch_ins(&view->row[0]), 50);
	near(view->row[0].wait_p99, 1000000);
	/* 310 ns each, 10 of them the probe's, in 10 us of run time each */
	assert_int_equal(rates_direct_mean(&view->row[0], view->context), 300);
	assert_true(fabs(rates_switching_tax(&view->row[0], view->context) - 3) < 1e-9);

	view = after(world, SECOND);
	assert_int_equal(rates_all_switch_ins(&view->row[0]), 0);
	assert_true(view->row[0].wait_p99 == NS_UNKNOWN);
	assert_true(rates_direct_mean(&view->row[0], view->context) == NS_UNKNOWN);
	assert_true(isnan(rates_switching_tax(&view->row[0], view->context)));
}

/* What the kernel does not tell is not known, and not 0. */
static void unknown(void **state)
{
	struct world *world = *state;
	const struct rates_view *view;

	add_group(world, 1, 100, 0);
	switches(world, 0, ROW_THREAD, 10, 1000);
	world->group[0].times = NULL;
	world->context.direct_end = NULL;
	world->context.fault_end = NULL;
	view = after(world, SECOND);
	assert_true(view->row[0].wait_p99 == NS_UNKNOWN);
	assert_true(rates_direct_ns(&view->row[0], view->context) == NS_UNKNOWN);
	assert_true(isnan(rates_switching_tax(&view->row[0], view->context)));
	assert_true(isnan(rates_faulting_tax(&view->row[0], view->context)));
	/* the histogram has found room, but what it had missed is no wait of now */
	world->group[0].times = &world->times[0];
	view = after(world, SECOND);
	assert_true(view->row[0].wait_p99 == NS_UNKNOWN);
	switches(world, 0, ROW_THREAD, 10, 5000);
	view = after(world, SECOND);
	near(view->row[0].wait_p99, 5000);
}

/* Who ends is in the total, and in the rest; who is born has counted all in this interval. */
static void coming_and_going(void **state)
{
	struct world *world = *state;
	const struct rates_view *view;

	add_group(world, 1, 100, 0);
	add_group(world, 2, 200, 0);
	switches(world, 0, ROW_THREAD, 10, 1000);
	switches(world, 1, ROW_THREAD, 20, 1000);
	view = after(world, SECOND);
	assert_int_equal(rates_all_switch_ins(&view->rest), 0);

	switches(world, 1, ROW_THREAD, 7, 1000); /* its last, never seen in a row */
	world->census.count = 1;
	view = after(world, SECOND);
	assert_int_equal(view->count, 1);
	assert_int_equal(rates_all_switch_ins(&view->total), 7);
	assert_int_equal(rates_all_switch_ins(&view->rest), 7);

	add_group(world, 3, 200, 0); /* the same pid, another process */
	switches(world, 1, ROW_THREAD, 4, 1000);
	view = after(world, SECOND);
	assert_int_equal(view->row[1].id, 3);
	assert_int_equal(rates_all_switch_ins(&view->row[1]), 4);
	assert_int_equal(rates_all_switch_ins(&view->rest), 0);
}

/* No time has passed, or it has gone back: the view stays. */
static void clocks(void **state)
{
	struct world *world = *state;
	const struct rates_view *view;

	add_group(world, 1, 100, 0);
	switches(world, 0, ROW_THREAD, 10, 1000);
	assert_int_equal(rates_take(world->rates, &world->census), -EAGAIN);
	view = after(world, SECOND);
	assert_int_equal(rates_take(world->rates, &world->census), -EAGAIN);
	world->census.at_ns -= SECOND / 2;
	assert_int_equal(rates_take(world->rates, &world->census), -EAGAIN);
	assert_true(view->seconds == 1);
	assert_int_equal(rates_all_switch_ins(&view->row[0]), 10);
}

/* A process is the sum of its threads, those that have ended included. */
static void threads(void **state)
{
	struct world *world = *state;
	const struct rates_view *view;
	struct ended ended = { 0 };

	world->census.by = GROUP_BY_THREAD;
	add_group(world, 1, 100, 100);
	add_group(world, 2, 100, 101);
	memcpy(world->group[0].comm, "leader", 7);
	memcpy(world->group[1].comm, "worker", 7);
	world->group[0].parent = 9;
	switches(world, 0, ROW_THREAD, 10, 1000);
	switches(world, 1, ROW_THREAD, 20, 1000);
	view = after(world, SECOND);
	assert_true(view->threads);
	assert_int_equal(view->count, 3);
	assert_int_equal(view->row[0].kind, RATES_PROCESS);
	assert_string_equal(view->row[0].comm, "leader");
	assert_int_equal(view->row[0].parent, 9);
	assert_int_equal(view->row[0].tasks, 2);
	assert_int_equal(view->row[0].rss, 4096);
	assert_int_equal(rates_all_switch_ins(&view->row[0]), 30);
	assert_int_equal(view->row[2].kind, RATES_THREAD);
	assert_int_equal(view->row[2].tid, 101);
	assert_int_equal(view->row[2].process, 0);
	assert_int_equal(rates_all_switch_ins(&view->row[2]), 20);

	/* 101 has five more, and ends */
	switches(world, 1, ROW_THREAD, 5, 9000);
	assert_int_equal(ended_add(&ended, &world->group[1]), 0);
	world->census.count = 1;
	ended_keep(&ended, &world->census);
	assert_int_equal(ended.count, 1);
	world->group[1] = ended.at[0].process->group;
	world->census.count = 2;
	view = after(world, SECOND);
	assert_int_equal(view->count, 2);
	assert_int_equal(view->row[0].tasks, 1);
	assert_string_equal(view->row[0].comm, "leader");
	assert_int_equal(rates_all_switch_ins(&view->row[0]), 5);
	near(view->row[0].wait_p99, 9000);
	assert_int_equal(rates_all_switch_ins(&view->row[1]), 0);
	assert_int_equal(rates_all_switch_ins(&view->rest), 0);

	world->group[0].pid = 300;
	world->census.count = 1;
	ended_keep(&ended, &world->census);
	assert_int_equal(ended.count, 0);
	ended_free(&ended);
}

static void many_ended(void **state)
{
	struct census_group thread = { .times = NULL }, left = { .pid = 7 };
	struct census census = { .group = &left, .count = 1 };
	struct ended ended = { 0 };

	(void)state;
	for (uint32_t pid = 500; pid; pid--) {
		thread.pid = pid;
		thread.counts.execs = pid;
		assert_int_equal(ended_add(&ended, &thread), 0);
		assert_int_equal(ended_add(&ended, &thread), 0);
	}
	assert_int_equal(ended.count, 500);
	for (uint32_t i = 0; i < 500; i++)
		assert_int_equal(ended.at[i].process->group.counts.execs, 2 * (i + 1));
	ended_keep(&ended, &census);
	assert_int_equal(ended.count, 1);
	assert_int_equal(ended.at[0].process->group.pid, 7);
	ended_free(&ended);
}

static void minute(void **state)
{
	struct history history = { 0 };
	double value[HISTORY_SECONDS];

	(void)state;
	history_columns(&history, 60, value);
	assert_true(isnan(value[59]));
	for (int i = 0; i < 10; i++)
		history_add(&history, i < 5 ? 10 : 20, 0.1); /* one second of 15 */
	history_add(&history, 30, 2);
	history_columns(&history, 60, value);
	assert_true(isnan(value[56]));
	assert_true(fabs(value[57] - 15) < 1e-6);
	assert_true(value[58] == 30 && value[59] == 30);
	history_columns(&history, 20, value);
	assert_true(fabs(value[19] - 25) < 1e-6);
	assert_true(isnan(value[18]));
	history_add(&history, 1, 1e9);
	history_columns(&history, 60, value);
	for (int i = 0; i < 60; i++)
		assert_true(value[i] == 1);
}

static void proc_files(void **state)
{
	static const struct {
		const char *text;
		uint32_t parent;
	} stats[] = {
		{ "12 (bash) S 7 12 12 0", 7 },
		{ "12 (a) S 1 (b) R 33 12", 33 },
		{ "12 () Z 1 2", 1 },
		{ "12 (x", 0 },
		{ "12 (x)", 0 },
		{ "12 (x) S", 0 },
		{ "12 (x) S -1 3", 0 },
		{ "12 (x) S 99999999999 3", 0 },
		{ "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(stats); i++)
		if (proc_parent_in(stats[i].text) != stats[i].parent)
			fail_msg("%s: %u", stats[i].text, proc_parent_in(stats[i].text));
	assert_int_equal(proc_rss_in("100 20 3 1 0 2 0\n", 4096), 20 * 4096);
	assert_true(proc_rss_in("0 0 0 0 0 0 0\n", 4096) == BYTES_UNKNOWN);
	assert_true(proc_rss_in("", 4096) == BYTES_UNKNOWN);
	assert_true(proc_rss_in("100", 4096) == BYTES_UNKNOWN);
	assert_true(proc_rss_in("100 x", 4096) == BYTES_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(intervals, begin, end),
		cmocka_unit_test_setup_teardown(unknown, begin, end),
		cmocka_unit_test_setup_teardown(coming_and_going, begin, end),
		cmocka_unit_test_setup_teardown(clocks, begin, end),
		cmocka_unit_test_setup_teardown(threads, begin, end),
		cmocka_unit_test(many_ended),
		cmocka_unit_test(minute),
		cmocka_unit_test(proc_files),
	};

	return cmocka_run_group_tests_name("rates", tests, NULL, NULL);
}
