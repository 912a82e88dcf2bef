// SPDX-License-Identifier: GPL-2.0
/*
 * test_histogram.c - model/histogram: exactness, error bound, percentiles, merging, lack of memory.
 *
 * A program of its own, run by prove. Links histogram.o, stats.o, cmocka and libm.
 */
#define _GNU_SOURCE /* RTLD_NEXT */

#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "model/histogram.h"
#include "model/stats.h"

/*
 * ---- calloc() that can be told to fail ----
 *
 * The real one is the next in line, or the sanitizer's when that is linked into this program
 * (clang).
 */

void *__interceptor_calloc(size_t count, size_t size) __attribute__((weak));

static int callocs_left = -1; /* below 0: no limit */

void *calloc(size_t count, size_t size)
{
	static void *(*real)(size_t, size_t);

	if (!real)
		real = __interceptor_calloc;
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "calloc");
	if (callocs_left == 0)
		return NULL;
	if (callocs_left > 0)
		callocs_left--;
	return real(count, size);
}

/* ---- shared by the tests ---- */

static void record_all(struct histogram *histogram, const uint64_t *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(histogram_record(histogram, values[i]), 0);
}

static uint64_t percentile(const struct histogram *histogram, double percent)
{
	uint64_t value = UINT64_MAX;

	assert_int_equal(histogram_percentile(histogram, percent, &value), 0);
	return value;
}

/* Within half a bucket: 1/128 of the true value. */
static void assert_near(uint64_t got, uint64_t want)
{
	uint64_t apart = got > want ? got - want : want - got;

	if (apart > want / 128)
		fail_msg("%llu is not within 1/128 of %llu", (unsigned long long)got,
			 (unsigned long long)want);
}

/* Spread evenly over the octaves, as latencies are. */
static uint64_t random_value(struct stats_random *random)
{
	return stats_random_next(random) >> stats_random_below(random, 60);
}

static int compare_values(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

/* ---- tests ---- */

static void empty_has_no_figures(void **state)
{
	struct histogram histogram;
	struct histogram_bucket bucket;
	struct interval interval;
	unsigned int position = 0;
	uint64_t value = 7;

	(void)state;
	histogram_init(&histogram);
	assert_int_equal(histogram.count, 0);
	assert_int_equal(histogram_percentile(&histogram, 50, &value), -ENODATA);
	assert_int_equal(value, 7);
	assert_true(isnan(histogram_mean(&histogram)));
	assert_int_equal(histogram_sum(&histogram), 0);
	assert_false(histogram_next_bucket(&histogram, &position, &bucket));
	assert_int_equal(histogram_median_interval(&histogram, &interval), -ENODATA);
	assert_true(isnan(interval.low) && isnan(interval.high) && isnan(interval.point));
	histogram_free(&histogram);
}

/*
 * The worked example of the nearest-rank method: the list 15, 20, 35, 40, 50
 * (https://en.wikipedia.org/wiki/Percentile, "The nearest-rank method").
 */
static void nearest_rank_example(void **state)
{
	static const uint64_t values[] = { 35, 20, 50, 15, 40 };
	struct histogram histogram = { 0 };

	(void)state;
	record_all(&histogram, values, 5);
	assert_int_equal(percentile(&histogram, 5), 15);
	assert_int_equal(percentile(&histogram, 30), 20);
	assert_int_equal(percentile(&histogram, 40), 20);
	assert_int_equal(percentile(&histogram, 50), 35);
	assert_int_equal(percentile(&histogram, 100), 50);
	assert_int_equal(percentile(&histogram, 0), 15);
	assert_int_equal(histogram.min, 15);
	assert_int_equal(histogram.max, 50);
	assert_int_equal(histogram_sum(&histogram), 160);
	assert_true(histogram_mean(&histogram) == 32.0);
	histogram_free(&histogram);
}

static void percentile_refuses_nonsense(void **state)
{
	static const double wrong[] = { -0.1, 100.1, NAN, INFINITY };
	struct histogram histogram = { 0 };
	uint64_t value = 7;

	(void)state;
	histogram_record(&histogram, 1);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(histogram_percentile(&histogram, wrong[i], &value), -EINVAL);
	assert_int_equal(value, 7);
	histogram_free(&histogram);
}

/* Every per mille of every count to 128 against integer arithmetic: 99.9 % of 1000 must not become
 * 1000. */
static void ranks_are_not_moved_by_rounding(void **state)
{
	struct histogram histogram = { 0 };

	(void)state;
	for (uint64_t count = 1; count <= 128; count++) {
		histogram_record(&histogram, count - 1);
		for (uint64_t tenths = 0; tenths <= 1000; tenths++) {
			uint64_t rank = (tenths * count + 999) / 1000;

			assert_int_equal(percentile(&histogram, (double)tenths / 10),
					 rank ? rank - 1 : 0);
		}
	}
	histogram_free(&histogram);

	histogram_record_n(&histogram, 1, 999);
	histogram_record_n(&histogram, 2, 1001);
	assert_int_equal(percentile(&histogram, 49.95), 1);
	assert_int_equal(percentile(&histogram, 49.951), 2);
	histogram_free(&histogram);
}

/* Around each power of two: the middle one of three values, so that it cannot be clamped to an end.
 */
static void every_octave_keeps_the_bound(void **state)
{
	(void)state;
	for (unsigned int bit = 0; bit < 64; bit++) {
		for (int offset = -1; offset <= 1; offset++) {
			uint64_t value = (UINT64_C(1) << bit) + (uint64_t)offset;
			struct histogram histogram = { 0 };

			if (bit == 63 && offset == 1)
				value = UINT64_MAX - 1;
			histogram_record(&histogram, UINT64_MAX);
			histogram_record(&histogram, value);
			histogram_record(&histogram, 0);
			assert_near(percentile(&histogram, 50), value);
			if (value < 128)
				assert_int_equal(percentile(&histogram, 50), value);
			assert_int_equal(percentile(&histogram, 100), UINT64_MAX);
			assert_int_equal(percentile(&histogram, 0), 0);
			histogram_free(&histogram);
		}
	}
}

static void percentiles_match_sorted_values(void **state)
{
	enum { N = 50000 };
	static uint64_t values[N];
	struct histogram histogram = { 0 };
	struct stats_random random;

	(void)state;
	stats_random_seed(&random, 1);
	for (size_t i = 0; i < N; i++)
		values[i] = random_value(&random);
	record_all(&histogram, values, N);
	qsort(values, N, sizeof(values[0]), compare_values);
	for (size_t tenths = 1; tenths <= 1000; tenths++)
		assert_near(percentile(&histogram, (double)tenths / 10),
			    values[tenths * N / 1000 - 1]);
	assert_int_equal(histogram.min, values[0]);
	assert_int_equal(histogram.max, values[N - 1]);
	histogram_free(&histogram);
}

/* All values in one bucket of width 1024: the middle of the bucket lies outside [min, max]. */
static void percentiles_stay_between_min_and_max(void **state)
{
	struct histogram histogram = { 0 };

	(void)state;
	for (uint64_t value = 65536; value < 65540; value++)
		histogram_record(&histogram, value);
	assert_int_equal(percentile(&histogram, 1), 65536);
	assert_int_equal(percentile(&histogram, 50), 65539);
	histogram_free(&histogram);

	for (uint64_t value = 66550; value < 66560; value++)
		histogram_record(&histogram, value);
	assert_int_equal(percentile(&histogram, 50), 66550);
	assert_int_equal(percentile(&histogram, 100), 66559);
	histogram_free(&histogram);
}

static void sum_and_mean_are_exact_past_64_bits(void **state)
{
	struct histogram histogram = { 0 };

	(void)state;
	histogram_record(&histogram, UINT64_MAX);
	assert_int_equal(histogram_sum(&histogram), UINT64_MAX);
	assert_int_equal(histogram_record_n(&histogram, UINT64_MAX, 1023), 0);
	assert_true(histogram.sum == (histogram_sum_t)UINT64_MAX * 1024);
	assert_int_equal(histogram_sum(&histogram), UINT64_MAX);
	assert_true(histogram_mean(&histogram) == 0x1p64);
	histogram_free(&histogram);
}

static void record_n_is_n_records(void **state)
{
	struct histogram once = { 0 }, many = { 0 };

	(void)state;
	assert_int_equal(histogram_record_n(&many, 12345, 0), 0);
	assert_true(histogram_equal(&once, &many));
	assert_int_equal(histogram_record_n(&many, 12345, 1000), 0);
	for (int i = 0; i < 1000; i++)
		histogram_record(&once, 12345);
	assert_true(histogram_equal(&once, &many));
	assert_int_equal(many.min, 12345);
	histogram_free(&once);
	histogram_free(&many);
}

static void count_never_wraps(void **state)
{
	struct histogram full = { 0 }, one = { 0 }, same = { 0 };

	(void)state;
	assert_int_equal(histogram_record_n(&full, 5, UINT64_MAX), 0);
	assert_int_equal(histogram_record_n(&same, 5, UINT64_MAX), 0);
	histogram_record(&one, 1);
	assert_int_equal(histogram_record(&full, 1), -EOVERFLOW);
	assert_int_equal(histogram_merge(&full, &one), -EOVERFLOW);
	assert_true(histogram_equal(&full, &same));
	assert_int_equal(full.min, 5);
	histogram_free(&full);
	histogram_free(&one);
	histogram_free(&same);
}

static void merge_is_recording_everything(void **state)
{
	struct histogram part[3] = { 0 }, merged = { 0 }, whole = { 0 };
	struct stats_random random;

	(void)state;
	stats_random_seed(&random, 2);
	for (int i = 0; i < 30000; i++) {
		uint64_t value = random_value(&random);

		histogram_record(&part[stats_random_below(&random, 3)], value);
		histogram_record(&whole, value);
	}
	for (int i = 0; i < 3; i++)
		assert_int_equal(histogram_merge(&merged, &part[i]), 0);
	assert_true(histogram_equal(&merged, &whole));
	for (int percent = 0; percent <= 100; percent++)
		assert_int_equal(percentile(&merged, percent), percentile(&whole, percent));
	for (int i = 0; i < 3; i++)
		histogram_free(&part[i]);
	histogram_free(&merged);
	histogram_free(&whole);
}

static void merging_nothing_changes_nothing(void **state)
{
	struct histogram empty = { 0 }, some = { 0 }, copy = { 0 };

	(void)state;
	histogram_record(&some, 300);
	histogram_record(&copy, 300);
	assert_int_equal(histogram_merge(&some, &empty), 0);
	assert_true(histogram_equal(&some, &copy));
	assert_int_equal(some.min, 300);
	assert_int_equal(histogram_merge(&empty, &some), 0);
	assert_true(histogram_equal(&some, &empty));
	assert_int_equal(empty.min, 300);
	histogram_free(&empty);
	histogram_free(&some);
	histogram_free(&copy);
}

static void equality_sees_differences(void **state)
{
	struct histogram left = { 0 }, right = { 0 };

	(void)state;
	/* Same count, sum, minimum and maximum, other buckets. */
	record_all(&left, (const uint64_t[]){ 1, 4, 6, 9 }, 4);
	record_all(&right, (const uint64_t[]){ 1, 3, 7, 9 }, 4);
	assert_false(histogram_equal(&left, &right));
	histogram_free(&left);
	histogram_free(&right);
	/* The same in the same buckets, filled differently. */
	record_all(&left, (const uint64_t[]){ 1, 2, 2, 3, 4, 4, 5 }, 7);
	record_all(&right, (const uint64_t[]){ 1, 2, 3, 3, 3, 4, 5 }, 7);
	assert_false(histogram_equal(&left, &right));
	histogram_free(&left);
	histogram_free(&right);
	/* Same counts in the same buckets, same minimum and maximum, another sum. */
	record_all(&left, (const uint64_t[]){ 65536, 65540, 66559 }, 3);
	record_all(&right, (const uint64_t[]){ 65536, 65541, 66559 }, 3);
	assert_false(histogram_equal(&left, &right));
	histogram_free(&left);
	histogram_free(&right);
	/* Same buckets, other values. */
	histogram_record(&left, 65536);
	histogram_record(&right, 65537);
	assert_false(histogram_equal(&left, &right));
	histogram_free(&left);
	histogram_free(&right);
}

static void reset_forgets_everything(void **state)
{
	struct histogram used = { 0 }, fresh = { 0 };

	(void)state;
	record_all(&used, (const uint64_t[]){ 1, 1000, 1000000 }, 3);
	histogram_reset(&used);
	assert_true(histogram_equal(&used, &fresh));
	histogram_record(&used, 500);
	histogram_record(&fresh, 500);
	assert_true(histogram_equal(&used, &fresh));
	assert_int_equal(used.min, 500);
	histogram_free(&used);
	histogram_free(&fresh);
}

static void buckets_partition_the_values(void **state)
{
	struct histogram histogram = { 0 };
	struct histogram_bucket bucket = { 0 };
	struct stats_random random;
	unsigned int position = 0;
	uint64_t total = 0, last_high = 0;
	bool first = true;

	(void)state;
	stats_random_seed(&random, 3);
	for (int i = 0; i < 20000; i++)
		histogram_record(&histogram, random_value(&random));
	while (histogram_next_bucket(&histogram, &position, &bucket)) {
		assert_true(bucket.count > 0);
		assert_true(first || bucket.low > last_high);
		assert_true(bucket.high - bucket.low <= bucket.low / 64);
		total += bucket.count;
		last_high = bucket.high;
		first = false;
	}
	assert_int_equal(total, histogram.count);
	histogram_free(&histogram);

	/* The bucket of 1000: octave 512..1023 has buckets of 8. */
	histogram_record(&histogram, 1001);
	position = 0;
	assert_true(histogram_next_bucket(&histogram, &position, &bucket));
	assert_int_equal(bucket.low, 1000);
	assert_int_equal(bucket.high, 1007);
	assert_int_equal(bucket.count, 1);
	assert_false(histogram_next_bucket(&histogram, &position, &bucket));
	histogram_free(&histogram);
}

/* Values 1 to 99: P(Binomial(99, 1/2) < 40) = 2.2 %, P(< 41) = 4.3 %, so the ranks are 40 and 60.
 */
static void median_interval_by_order_statistics(void **state)
{
	struct histogram histogram = { 0 };
	struct interval interval;

	(void)state;
	for (uint64_t value = 1; value <= 5; value++)
		histogram_record(&histogram, value);
	assert_int_equal(histogram_median_interval(&histogram, &interval), -ENODATA);
	assert_true(isnan(interval.low) && isnan(interval.high));
	assert_true(interval.point == 3);
	for (uint64_t value = 6; value <= 99; value++)
		histogram_record(&histogram, value);
	assert_int_equal(histogram_median_interval(&histogram, &interval), 0);
	assert_true(interval.point == 50);
	assert_true(interval.low == 40);
	assert_true(interval.high == 60);
	histogram_free(&histogram);
}

static void without_memory_nothing_is_counted(void **state)
{
	struct histogram to = { 0 }, from = { 0 }, before = { 0 };

	(void)state;
	record_all(&from, (const uint64_t[]){ 1, 1000, 1000000 }, 3);
	histogram_record(&to, 1);
	histogram_record(&before, 1);

	callocs_left = 0;
	assert_int_equal(histogram_record(&to, 1), 0); /* its octave is there */
	histogram_record(&before, 1);
	assert_int_equal(histogram_record(&to, 1000), -ENOMEM);
	assert_true(histogram_equal(&to, &before));
	callocs_left = 1; /* enough for one of the two octaves */
	assert_int_equal(histogram_merge(&to, &from), -ENOMEM);
	callocs_left = -1;
	assert_true(histogram_equal(&to, &before));

	assert_int_equal(histogram_merge(&to, &from), 0);
	assert_int_equal(to.count, 5);
	histogram_free(&to);
	histogram_free(&from);
	histogram_free(&before);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_has_no_figures),
		cmocka_unit_test(nearest_rank_example),
		cmocka_unit_test(percentile_refuses_nonsense),
		cmocka_unit_test(ranks_are_not_moved_by_rounding),
		cmocka_unit_test(every_octave_keeps_the_bound),
		cmocka_unit_test(percentiles_match_sorted_values),
		cmocka_unit_test(percentiles_stay_between_min_and_max),
		cmocka_unit_test(sum_and_mean_are_exact_past_64_bits),
		cmocka_unit_test(record_n_is_n_records),
		cmocka_unit_test(count_never_wraps),
		cmocka_unit_test(merge_is_recording_everything),
		cmocka_unit_test(merging_nothing_changes_nothing),
		cmocka_unit_test(equality_sees_differences),
		cmocka_unit_test(reset_forgets_everything),
		cmocka_unit_test(buckets_partition_the_values),
		cmocka_unit_test(median_interval_by_order_statistics),
		cmocka_unit_test(without_memory_nothing_is_counted),
	};

	return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
