// SPDX-License-Identifier: GPL-2.0
/* test_tally.c - model/coarse, model/census, trace/tally_tasks: what aggregate mode counts, without a kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "model/census.h"
#include "model/coarse.h"
#include "trace/tally_tasks.h"

/* --- the coarse histogram --- */

static void buckets_follow_one_another(void **state)
{
	uint64_t low, high, next = 0;

	(void)state;
	for (unsigned int i = 0; i < COARSE_BUCKETS; i++) {
		coarse_bounds(i, &low, &high);
		assert_int_equal(low, next);
		assert_int_equal(coarse_bucket(low), i);
		assert_int_equal(coarse_bucket(high), i);
		next = high + 1;
	}
	assert_int_equal(next, 0); /* the last reaches UINT64_MAX */
}

static void octaves_begin_a_bucket(void **state)
{
	uint64_t low, high;

	(void)state;
	for (unsigned int octave = COARSE_FIRST; octave <= COARSE_LAST; octave++) {
		unsigned int bucket = coarse_bucket(UINT64_C(1) << octave);

		coarse_bounds(bucket, &low, &high);
		assert_int_equal(low, UINT64_C(1) << octave);
		assert_int_equal(bucket, 1 + (octave - COARSE_FIRST) * COARSE_SUB);
	}
}

static void the_middle_is_near(void **state)
{
	uint64_t low, high;

	(void)state;
	for (unsigned int i = 1; i < COARSE_BUCKETS - 1; i++) {
		uint64_t middle = coarse_middle(i);

		coarse_bounds(i, &low, &high);
		assert_true(middle >= low && middle <= high);
		assert_true((middle - low) * 16 <= low && (high - middle) * 16 <= high);
	}
}

static void percentiles_are_nearest_ranks(void **state)
{
	struct coarse coarse = { 0 };
	uint64_t ns;

	(void)state;
	assert_int_equal(coarse_percentile(&coarse, 50, &ns), -ENODATA);
	for (int i = 0; i < 99; i++)
		coarse_record(&coarse, 300);
	coarse_record(&coarse, 1000000);
	assert_int_equal(coarse_percentile(&coarse, 101, &ns), -EINVAL);
	assert_int_equal(coarse_percentile(&coarse, 0, &ns), 0);
	assert_int_equal(ns, coarse_middle(coarse_bucket(300)));
	assert_int_equal(coarse_percentile(&coarse, 99, &ns), 0);
	assert_int_equal(ns, coarse_middle(coarse_bucket(300)));
	assert_int_equal(coarse_percentile(&coarse, 99.1, &ns), 0);
	assert_int_equal(ns, coarse_middle(coarse_bucket(1000000)));
	assert_int_equal(coarse.sum, 99 * 300 + 1000000);
}

static void sums_and_differences(void **state)
{
	struct coarse a = { 0 }, b = { 0 }, difference;

	(void)state;
	coarse_record(&a, 100);
	coarse_record(&b, 100);
	coarse_record(&b, UINT64_C(1) << 40);
	coarse_add(&b, &a);
	assert_int_equal(b.count, 3);
	assert_int_equal(b.bucket[coarse_bucket(100)], 2);
	assert_int_equal(b.bucket[COARSE_BUCKETS - 1], 1);
	coarse_since(&difference, &b, &a);
	assert_int_equal(difference.count, 2);
	assert_int_equal(difference.sum, 100 + (UINT64_C(1) << 40));
	assert_int_equal(difference.bucket[coarse_bucket(100)], 1);
}

/* --- adding up --- */

/* Each member a number of its own, so that a member that is left out or taken twice is found. */
static void fill(void *what, size_t bytes, uint64_t first)
{
	uint64_t *word = what;

	for (size_t i = 0; i < bytes / sizeof(*word); i++)
		word[i] = first + i;
}

static void all_counts_are_added(void **state)
{
	struct census_counts a = { 0 }, b = { 0 }, sum;
	const uint64_t *of_a = (const void *)&a, *of_b = (const void *)&b,
		       *of_sum = (const void *)&sum;

	(void)state;
	fill(&a, sizeof(a), 1);
	fill(&b, sizeof(b), 1000000);
	sum = a;
	census_counts_add(&sum, &b);
	for (size_t i = 0; i < sizeof(sum) / sizeof(*of_sum); i++)
		assert_int_equal(of_sum[i], of_a[i] + of_b[i]);
}

static void all_times_are_added(void **state)
{
	static struct census_times a, b;
	uint64_t *of_b = (void *)&b;

	(void)state;
	fill(&a, sizeof(a), 1);
	b = a;
	census_times_add(&b, &a);
	for (size_t i = 0; i < sizeof(b) / sizeof(*of_b); i++)
		assert_int_equal(of_b[i], 2 * (i + 1));
}

static void a_slab_is_added(void **state)
{
	union count_slab slab;
	struct census_counts counts = { 0 };

	(void)state;
	fill(&slab, sizeof(slab), 1);
	census_slab_add(&counts, &slab.counts);
	census_slab_add(&counts, &slab.counts);
	for (int i = 0; i < COUNT_ROWS; i++) {
		assert_int_equal(counts.row[i].count, 2 * slab.counts.row[i].count);
		assert_int_equal(counts.row[i].pick_ns, 2 * slab.counts.row[i].pick_ns);
	}
	assert_int_equal(counts.fault[CAUSE_WORK][FAULT_OTHER][1].time_ns,
			 2 * slab.counts.fault[CAUSE_WORK][FAULT_OTHER][1].time_ns);
	assert_int_equal(counts.fault[CAUSE_UNKNOWN][0][0].count, 0);
	assert_int_equal(counts.first_switches, 2 * slab.counts.first_switches);
}

static void probes_are_taken_off(void **state)
{
	const struct row_counts row = { .direct_count = 10, .direct_ns = 3000 };

	(void)state;
	assert_int_equal(census_direct_ns(&row, 80), 2200);
	assert_int_equal(census_direct_ns(&row, NS_UNKNOWN), 3000);
	assert_int_equal(census_direct_ns(&row, 400), 0);
}

static void switches_and_faults_by_severity(void **state)
{
	static struct census_counts counts;

	(void)state;
	counts.row[0].count = 3;
	counts.row[COUNT_ROWS - 1].count = 4;
	counts.fault[CAUSE_PROCESS][FAULT_OF_FILE][0].count = 5;
	counts.fault[CAUSE_UNKNOWN][FAULT_OTHER][1].count = 6;
	assert_int_equal(census_switches(&counts), 7);
	assert_int_equal(census_faults(&counts, false), 5);
	assert_int_equal(census_faults(&counts, true), 6);
}

/* --- who is in which group --- */

#define TASKS 10000

static void tasks_come_and_go(void **state)
{
	struct tally_tasks tasks = { 0 };

	(void)state;
	assert_null(tally_tasks_find(&tasks, 1));
	tally_tasks_remove(&tasks, 1);
	for (uint32_t i = 1; i <= TASKS; i++)
		assert_int_equal(tally_tasks_put(&tasks, &(struct tally_task){ i, i / 2, i }), 0);
	assert_int_equal(tasks.used, TASKS);
	for (uint32_t i = 1; i <= TASKS; i += 2)
		tally_tasks_remove(&tasks, i);
	for (uint32_t i = 1; i <= TASKS; i++) {
		const struct tally_task *task = tally_tasks_find(&tasks, i);

		assert_int_equal(task != NULL, i % 2 == 0);
		if (task)
			assert_true(task->serial == i && task->group == i / 2 && task->pid == i);
	}
	assert_int_equal(tasks.used, TASKS / 2);
	tally_tasks_free(&tasks);
}

/* As many as live at once make its size, not as many as there have been. */
static void room_does_not_grow_with_time(void **state)
{
	struct tally_tasks tasks = { 0 };
	uint32_t room;

	(void)state;
	for (uint32_t i = 1; i <= 20; i++)
		assert_int_equal(tally_tasks_put(&tasks, &(struct tally_task){ i, 1, 1 }), 0);
	room = tasks.room;
	for (uint32_t i = 21; i <= TASKS; i++) {
		tally_tasks_remove(&tasks, i - 20);
		assert_int_equal(tally_tasks_put(&tasks, &(struct tally_task){ i, 1, 1 }), 0);
	}
	assert_int_equal(tasks.room, room);
	assert_int_equal(tasks.used, 20);
	tally_tasks_free(&tasks);
}

static void a_task_can_change_and_nobody_cannot_be_put(void **state)
{
	struct tally_tasks tasks = { 0 };

	(void)state;
	assert_int_equal(tally_tasks_put(&tasks, &(struct tally_task){ 0, 9, 9 }), 0);
	assert_null(tally_tasks_find(&tasks, 0));
	assert_int_equal(tally_tasks_put(&tasks, &(struct tally_task){ 7, 1, 1 }), 0);
	assert_int_equal(tally_tasks_put(&tasks, &(struct tally_task){ 7, 2, 3 }), 0);
	assert_int_equal(tasks.used, 1);
	assert_int_equal(tally_tasks_find(&tasks, 7)->group, 2);
	tally_tasks_free(&tasks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets_follow_one_another),
		cmocka_unit_test(octaves_begin_a_bucket),
		cmocka_unit_test(the_middle_is_near),
		cmocka_unit_test(percentiles_are_nearest_ranks),
		cmocka_unit_test(sums_and_differences),
		cmocka_unit_test(all_counts_are_added),
		cmocka_unit_test(all_times_are_added),
		cmocka_unit_test(a_slab_is_added),
		cmocka_unit_test(probes_are_taken_off),
		cmocka_unit_test(switches_and_faults_by_severity),
		cmocka_unit_test(tasks_come_and_go),
		cmocka_unit_test(room_does_not_grow_with_time),
		cmocka_unit_test(a_task_can_change_and_nobody_cannot_be_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
