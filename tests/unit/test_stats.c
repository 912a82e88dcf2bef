// SPDX-License-Identifier: GPL-2.0
/*
 * test_stats.c - model/stats against published examples, and its intervals against what they
 * promise.
 *
 * A program of its own, run by prove. Links stats.o, cmocka and libm. The coverage tests print the
 * coverage that they measured.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/stats.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void assert_close(double got, double want, double tolerance)
{
	if (!(fabs(got - want) <= tolerance))
		fail_msg("%.9g is not within %g of %.9g", got, tolerance, want);
}

static void assert_unknown(const struct interval *interval)
{
	assert_true(isnan(interval->low));
	assert_true(isnan(interval->high));
	assert_int_equal(stats_verdict(interval).verdict, VERDICT_UNKNOWN);
}

/* ---- median and quantile ---- */

static void median_of_odd_and_even(void **state)
{
	static const double values[] = { 5, 1, 9, 3 };
	double median = 0;

	(void)state;
	assert_int_equal(stats_median(values, 3, &median), 0);
	assert_true(median == 5);
	assert_int_equal(stats_median(values, 4, &median), 0);
	assert_true(median == 4);
	assert_int_equal(stats_median(values, 1, &median), 0);
	assert_true(median == 5);
	/* The caller's array is as it was. */
	assert_memory_equal(values, ((const double[]){ 5, 1, 9, 3 }), sizeof(values));
}

static void median_refuses_nonsense(void **state)
{
	double median = 7;

	(void)state;
	assert_int_equal(stats_median(NULL, 0, &median), -EINVAL);
	assert_int_equal(stats_median((const double[]){ 1, NAN }, 2, &median), -EINVAL);
	assert_int_equal(stats_median((const double[]){ 1, INFINITY }, 2, &median), -EINVAL);
	assert_true(median == 7);
}

/*
 * Twelve resistivities, NIST/SEMATECH e-Handbook of Statistical Methods, section 7.2.6.2. By hand
 * for type 7: 1 + 0.9 x 11 = 10.9, so 0.1 x 95.1937 + 0.9 x 95.1959 = 95.19568.
 */
static void quantile_of_nist_example(void **state)
{
	static const double values[] = { 95.1772, 95.1567, 95.1937, 95.1959, 95.1442, 95.0610,
					 95.1591, 95.1195, 95.1065, 95.0925, 95.1990, 95.1682 };
	double quantile = 0;

	(void)state;
	assert_int_equal(stats_quantile(values, 12, 0.9, &quantile), 0);
	assert_close(quantile, 95.19568, 1e-9);
	assert_int_equal(stats_quantile(values, 12, 0.5, &quantile), 0);
	assert_close(quantile, (95.1567 + 95.1591) / 2, 1e-9);
	assert_int_equal(stats_quantile(values, 12, 0, &quantile), 0);
	assert_true(quantile == 95.0610);
	assert_int_equal(stats_quantile(values, 12, 1, &quantile), 0);
	assert_true(quantile == 95.1990);
	assert_int_equal(stats_quantile(values, 12, 1.01, &quantile), -EINVAL);
	assert_int_equal(stats_quantile(values, 12, NAN, &quantile), -EINVAL);
	assert_int_equal(stats_quantile(values, 0, 0.5, &quantile), -EINVAL);
}

/* ---- the interval of a median ---- */

/*
 * Rows of the textbook table "Confidence Intervals for the Population Median" of sign intervals. By
 * hand for n = 11: P(B < 2) = (1 + 11) / 2^11 = 0.59 % is small enough, P(B < 3) = (1 + 11 + 55) /
 * 2^11 = 3.3 % is not, so the ranks are 2 and 10, with 1 - 2 x 0.59 % = 98.8 %.
 */
static void median_ranks_as_tabulated(void **state)
{
	static const struct {
		uint64_t n, low, high;
		double coverage;
	} rows[] = {
		{ 6, 1, 6, 0.969 },   { 7, 1, 7, 0.984 },   { 8, 1, 8, 0.992 },
		{ 9, 2, 8, 0.961 },   { 10, 2, 9, 0.979 },  { 11, 2, 10, 0.988 },
		{ 12, 3, 10, 0.961 }, { 15, 4, 12, 0.965 }, { 17, 5, 13, 0.951 },
		{ 20, 6, 15, 0.959 },
	};
	uint64_t low = 77, high = 77;
	double coverage = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(stats_median_ranks(rows[i].n, &low, &high, &coverage));
		assert_int_equal(low, rows[i].low);
		assert_int_equal(high, rows[i].high);
		assert_close(coverage, rows[i].coverage, 0.0006);
	}
	low = 77;
	assert_false(stats_median_ranks(5, &low, &high, NULL));
	assert_int_equal(low, 77);
}

/* P(Binomial(n, 1/2) < j) by lgamma(), not as the code does it. */
static double binomial_below(uint64_t n, uint64_t j)
{
	double sum = 0;

	for (uint64_t i = 0; i < j; i++)
		sum += exp(lgamma((double)n + 1) - lgamma((double)i + 1) -
			   lgamma((double)(n - i) + 1) - (double)n * M_LN2);
	return sum;
}

static void median_ranks_hold_for_every_size(void **state)
{
	static const uint64_t large[] = { 999, 1000, 1001, 1002, 2500, 10007, 100000 };

	(void)state;
	for (uint64_t n = 6; n < 300 + COUNT(large); n++) {
		uint64_t size = n < 300 ? n : large[n - 300];
		uint64_t low, high;
		double coverage;

		assert_true(stats_median_ranks(size, &low, &high, &coverage));
		assert_int_equal(low + high, size + 1);
		assert_true(binomial_below(size, low) <= 0.025 + 1e-5);
		assert_true(binomial_below(size, low + 1) > 0.025 - 1e-5);
		assert_close(coverage, 1 - 2 * binomial_below(size, low), 1e-4);
	}
}

/*
 * The example of ci.median() in the R package statpsych (D. G. Bonett), after Snedecor and Cochran,
 * "Statistical Methods", 8th ed. (1989): estimate 20.7, interval 10.8 to 30.9.
 */
static void median_interval_of_published_example(void **state)
{
	static const double values[] = { 30.2, 20.4, 15.1, 10.2, 10.5, 60.8, 20.8, 25.0, 20.7, 30.9,
					 10.8, 5.1,  50.9, 40.0, 20.9, 10.8, 0,	   20.5, 50.8 };
	struct interval interval;

	(void)state;
	assert_int_equal(stats_median_interval(values, COUNT(values), &interval), 0);
	assert_true(interval.point == 20.7);
	assert_true(interval.low == 10.8);
	assert_true(interval.high == 30.9);

	assert_int_equal(stats_median_interval(values, 5, &interval), -ENODATA);
	assert_true(interval.point == 15.1);
	assert_unknown(&interval);
	assert_int_equal(stats_median_interval(values, 0, &interval), -EINVAL);
	assert_unknown(&interval);
}

/* ---- paired ratio ---- */

/*
 * Hamilton depression scale factor IV of nine patients before and after treatment: Hollander and
 * Wolfe, "Nonparametric Statistical Methods" (1973), section 3.1 to 3.3, also the example of R's
 * wilcox.test(). Published: estimate of the difference 0.46, 96.1 % interval 0.010 to 0.786.
 * Differences become log ratios by exp().
 */
static void paired_ratio_of_published_example(void **state)
{
	static const double before[] = { 1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30 };
	static const double after[] = { 0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29 };
	double a[9], b[9];
	struct interval ratio;

	(void)state;
	for (int i = 0; i < 9; i++) {
		a[i] = exp(before[i]);
		b[i] = exp(after[i]);
	}
	assert_int_equal(stats_ratio_paired(a, b, 9, &ratio), 0);
	assert_close(log(ratio.point), 0.46, 0.0005);
	assert_close(log(ratio.low), 0.010, 0.0005);
	assert_close(log(ratio.high), 0.786, 0.0005);
	assert_int_equal(stats_verdict(&ratio).verdict, VERDICT_HIGHER);
}

/*
 * Log ratios 1, 2, 4, .. 2^(n-1) (times 1e-5): no two pairwise means are equal, so that counting
 * the means outside the interval tells the ranks used. That number is the two-sided 5 % critical
 * value of Wilcoxon's T, https://www.york.ac.uk/depts/maths/tables/wilcoxon.htm
 */
static void paired_ranks_as_tabulated(void **state)
{
	static const struct {
		size_t n, critical;
	} rows[] = { { 6, 0 },	 { 7, 2 },   { 8, 3 },	 { 9, 5 },   { 10, 8 },
		     { 11, 10 }, { 12, 13 }, { 13, 17 }, { 14, 21 }, { 15, 25 },
		     { 16, 29 }, { 17, 34 }, { 18, 40 }, { 20, 52 } };

	(void)state;
	for (size_t row = 0; row < COUNT(rows); row++) {
		size_t n = rows[row].n, means = n * (n + 1) / 2, below_low = 0, above_high = 0;
		double a[20], b[20];
		struct interval ratio;

		for (size_t i = 0; i < n; i++) {
			a[i] = exp(ldexp(1e-5, (int)i));
			b[i] = 1;
		}
		assert_int_equal(stats_ratio_paired(a, b, n, &ratio), 0);
		for (size_t i = 0; i < n; i++) {
			for (size_t j = i; j < n; j++) {
				double mean = (log(a[i]) + log(a[j])) / 2;

				below_low += mean < log(ratio.low) - 1e-9;
				above_high += mean > log(ratio.high) + 1e-9;
			}
		}
		assert_int_equal(below_low, rows[row].critical);
		assert_int_equal(above_high, rows[row].critical);
		assert_true(means > 2 * below_low);
	}
}

/* P(T < k) for Wilcoxon's T of n values, by counting the subsets of 1 .. n with each sum. */
static double signed_rank_below(size_t n, size_t k)
{
	static double subsets[20000];
	double sum = 0;

	assert_true(n * (n + 1) / 2 < COUNT(subsets));
	memset(subsets, 0, sizeof(subsets));
	subsets[0] = 1;
	for (size_t rank = 1; rank <= n; rank++)
		for (size_t t = n * (n + 1) / 2; t >= rank; t--)
			subsets[t] += subsets[t - rank];
	for (size_t t = 0; t < k; t++)
		sum += subsets[t];
	return ldexp(sum, -(int)n);
}

/* On both sides of where the exact distribution gives way to the normal one. */
static void paired_ranks_of_many_rounds(void **state)
{
	static const size_t sizes[] = { 50, 99, 100, 101, 102, 150 };
	double a[150], b[150];
	struct stats_random random;

	(void)state;
	stats_random_seed(&random, 7);
	for (size_t i = 0; i < 150; i++) {
		a[i] = 1 + (double)stats_random_below(&random, UINT64_C(1) << 40);
		b[i] = 1;
	}
	for (size_t size = 0; size < COUNT(sizes); size++) {
		size_t n = sizes[size], below = 0;
		struct interval ratio;

		assert_int_equal(stats_ratio_paired(a, b, n, &ratio), 0);
		for (size_t i = 0; i < n; i++)
			for (size_t j = i; j < n; j++)
				below += (log(a[i]) + log(a[j])) / 2 < log(ratio.low) - 1e-12;
		assert_true(signed_rank_below(n, below + 1) <= 0.025 + 2e-4);
		assert_true(signed_rank_below(n, below + 2) > 0.025 - 2e-4);
	}
}

static void paired_ratio_of_equal_rounds_is_one_point(void **state)
{
	double a[150], b[150];
	struct interval ratio;

	(void)state;
	for (size_t i = 0; i < 150; i++) {
		b[i] = (double)(i + 1) * 1000;
		a[i] = b[i] * 2;
	}
	/* 11: exact ranks; 150: the normal approximation. */
	for (size_t n = 11; n <= 150; n += 139) {
		assert_int_equal(stats_ratio_paired(a, b, n, &ratio), 0);
		assert_close(ratio.low, 2, 1e-12);
		assert_close(ratio.point, 2, 1e-12);
		assert_close(ratio.high, 2, 1e-12);
	}
	assert_int_equal(stats_ratio_paired(b, b, 11, &ratio), 0);
	assert_true(ratio.low == 1 && ratio.point == 1 && ratio.high == 1);
	assert_int_equal(stats_verdict(&ratio).verdict, VERDICT_NO_DIFFERENCE);
}

/* Exchanging a and b must give the reciprocal. */
static void paired_ratio_has_no_side(void **state)
{
	struct stats_random random;
	struct interval there, back;
	double a[12], b[12];

	(void)state;
	stats_random_seed(&random, 4);
	for (int i = 0; i < 12; i++) {
		a[i] = 1 + (double)stats_random_below(&random, 1000);
		b[i] = 1 + (double)stats_random_below(&random, 1000);
	}
	assert_int_equal(stats_ratio_paired(a, b, 12, &there), 0);
	assert_int_equal(stats_ratio_paired(b, a, 12, &back), 0);
	assert_close(there.low * back.high, 1, 1e-12);
	assert_close(there.high * back.low, 1, 1e-12);
	assert_close(there.point * back.point, 1, 1e-12);
}

static void ratios_refuse_nonsense(void **state)
{
	static const double good[] = { 1, 2, 3, 4, 5, 6 };
	static const double wrong[][6] = { { 1, 2, 0, 4, 5, 6 },
					   { 1, -2, 3, 4, 5, 6 },
					   { 1, 2, NAN, 4, 5, 6 },
					   { INFINITY, 2, 3, 4, 5, 6 } };
	static const struct bootstrap too_few = { .seed = 1, .resamples = 99 };
	struct interval ratio;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		assert_int_equal(stats_ratio_paired(wrong[i], good, 6, &ratio), -EINVAL);
		assert_unknown(&ratio);
		assert_int_equal(stats_ratio_paired(good, wrong[i], 6, &ratio), -EINVAL);
		assert_int_equal(stats_ratio_bootstrap_unpaired(good, 6, wrong[i], 6, NULL, &ratio),
				 -EINVAL);
		assert_unknown(&ratio);
		assert_int_equal(stats_ratio_bootstrap_paired(wrong[i], good, 6, NULL, &ratio),
				 -EINVAL);
	}
	assert_int_equal(stats_ratio_bootstrap_paired(good, good, 6, &too_few, &ratio), -EINVAL);
	assert_int_equal(stats_ratio_paired(good, good, 0, &ratio), -EINVAL);
}

static void small_samples_have_no_interval(void **state)
{
	static const double a[] = { 2, 4, 6, 8, 10, 12 }, b[] = { 1, 2, 3, 4, 5, 6 };
	struct interval ratio;

	(void)state;
	assert_int_equal(stats_ratio_paired(a, b, 5, &ratio), -ENODATA);
	assert_close(ratio.point, 2, 1e-12);
	assert_unknown(&ratio);
	assert_int_equal(stats_ratio_bootstrap_paired(a, b, 5, NULL, &ratio), -ENODATA);
	assert_close(ratio.point, 2, 1e-12);
	assert_unknown(&ratio);
	assert_int_equal(stats_ratio_bootstrap_unpaired(a, 6, b, 5, NULL, &ratio), -ENODATA);
	assert_unknown(&ratio);
	assert_int_equal(stats_ratio_bootstrap_unpaired(a, 5, b, 6, NULL, &ratio), -ENODATA);
	assert_unknown(&ratio);
	assert_int_equal(stats_ratio_paired(a, b, 6, &ratio), 0);
	assert_close(ratio.low, 2, 1e-12);
}

/* ---- bootstrap ---- */

/*
 * B. Efron, "Bootstrap methods: another look at the jackknife", Ann. Statist. 7 (1979) 1-26,
 * section 3: for n = 13 the bootstrap median is the 1st, 2nd, .. smallest value with probability
 * .0000, .0015, .0142, .0550, .1242, .1936, .2230, .1936, ... The first three add up to 1.6 %, the
 * first four to 7.1 %: the percentile interval runs from the 4th to the 10th value, whatever the
 * seed.
 */
static void bootstrap_of_efrons_example(void **state)
{
	double values[13], ones[13];
	struct interval ratio;

	(void)state;
	for (int i = 0; i < 13; i++) {
		values[i] = (i * 5) % 13 + 1;
		ones[i] = 1;
	}
	for (uint64_t seed = 0; seed < 5; seed++) {
		struct bootstrap how = { .seed = seed };

		assert_int_equal(stats_ratio_bootstrap_paired(values, ones, 13, &how, &ratio), 0);
		assert_true(ratio.low == 4 && ratio.point == 7 && ratio.high == 10);
		assert_int_equal(stats_ratio_bootstrap_unpaired(values, 13, ones, 7, &how, &ratio),
				 0);
		assert_true(ratio.low == 4 && ratio.point == 7 && ratio.high == 10);
	}
}

static int compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

/* All 6^6 resamples of six values: the interval of an even sample, exactly. */
static void bootstrap_of_every_resample(void **state)
{
	static const double values[] = { 1, 2, 4, 8, 16, 32 }, ones[] = { 1, 1, 1, 1, 1, 1 };
	static double medians[46656];
	struct interval ratio;

	(void)state;
	for (size_t i = 0; i < COUNT(medians); i++) {
		double drawn[6];
		size_t digits = i;

		for (int place = 0; place < 6; place++, digits /= 6)
			drawn[place] = values[digits % 6];
		qsort(drawn, 6, sizeof(drawn[0]), compare_doubles);
		medians[i] = (drawn[2] + drawn[3]) / 2;
	}
	qsort(medians, COUNT(medians), sizeof(medians[0]), compare_doubles);
	assert_int_equal(stats_ratio_bootstrap_paired(values, ones, 6, NULL, &ratio), 0);
	assert_true(ratio.low == medians[COUNT(medians) / 40]);
	assert_true(ratio.high == medians[COUNT(medians) - 1 - COUNT(medians) / 40]);
	assert_true(ratio.point == 6);
}

/* Rounds resampled whole keep the ratio of every round; resampled apart they do not. */
static void bootstrap_pairs_rounds(void **state)
{
	double a[14], b[14];
	struct interval ratio;

	(void)state;
	for (int i = 0; i < 14; i++) {
		b[i] = 100 + (i * 5) % 14 * 50;
		a[i] = b[i] / 2;
	}
	assert_int_equal(stats_ratio_bootstrap_paired(a, b, 14, NULL, &ratio), 0);
	assert_true(ratio.low == 0.5 && ratio.point == 0.5 && ratio.high == 0.5);
	assert_int_equal(stats_ratio_bootstrap_unpaired(a, 14, b, 14, NULL, &ratio), 0);
	assert_true(ratio.low < 0.45 && ratio.point == 0.5 && ratio.high > 0.55);
}

static void bootstrap_is_repeatable(void **state)
{
	static const struct bootstrap seed_1 = { .seed = 1, .resamples = 200 };
	static const struct bootstrap seed_2 = { .seed = 2, .resamples = 200 };
	struct interval first, again, other;
	struct stats_random random;
	double a[40], b[40];

	(void)state;
	stats_random_seed(&random, 5);
	for (int i = 0; i < 40; i++) {
		a[i] = 1 + (double)stats_random_below(&random, 1000000);
		b[i] = 1 + (double)stats_random_below(&random, 1000000);
	}
	stats_ratio_bootstrap_unpaired(a, 40, b, 40, &seed_1, &first);
	stats_ratio_bootstrap_unpaired(a, 40, b, 40, &seed_1, &again);
	stats_ratio_bootstrap_unpaired(a, 40, b, 40, &seed_2, &other);
	assert_memory_equal(&first, &again, sizeof(first));
	assert_true(first.low != other.low || first.high != other.high);
	assert_true(first.low < first.point && first.point < first.high);
}

/* ---- coverage ---- */

#define DRAWS 2000
#define TRUE_RATIO 1.07

struct load {
	const char *name;
	double (*noise_a)(struct stats_random *);
	double (*noise_b)(struct stats_random *);
	bool common; /* rounds have a speed of their own */
};

static double uniform(struct stats_random *random)
{
	return ((double)(stats_random_next(random) >> 11) + 0.5) * 0x1p-53;
}

static double normal(struct stats_random *random)
{
	double radius = sqrt(-2 * log(uniform(random)));

	return radius * cos(2 * M_PI * uniform(random));
}

static double narrow_noise(struct stats_random *random)
{
	return 0.05 * normal(random);
}

static double lognormal_noise(struct stats_random *random)
{
	return normal(random);
}

/* Skewed, and one round in twenty struck by a Pareto outlier of infinite variance. */
static double skewed_noise(struct stats_random *random)
{
	double noise = -0.1 * log(uniform(random));

	if (uniform(random) < 0.05)
		noise -= log(uniform(random)) / 1.5;
	return noise;
}

static double cauchy_noise(struct stats_random *random)
{
	double noise = 0.05 * tan(M_PI * (uniform(random) - 0.5));

	return fmax(-50, fmin(50, noise));
}

/* Skewed with the median at 1, the tail four times that of its opposite. */
static double long_tail_noise(struct stats_random *random)
{
	return 0.2 * (-log(uniform(random)) - M_LN2);
}

static double short_tail_noise(struct stats_random *random)
{
	return 0.05 * (-log(uniform(random)) - M_LN2);
}

static const struct load loads[] = {
	{ "normal", narrow_noise, narrow_noise, true },
	{ "lognormal", lognormal_noise, lognormal_noise, true },
	{ "skewed, Pareto outliers", skewed_noise, skewed_noise, true },
	{ "Cauchy", cauchy_noise, cauchy_noise, true },
	{ "unequal tails", long_tail_noise, short_tail_noise, false },
	{ "skewed, no round effect", skewed_noise, skewed_noise, false },
};

/* One round in ten is three times slower, for both. */
static void draw_rounds(const struct load *load, struct stats_random *random, double *a, double *b,
			size_t n)
{
	for (size_t i = 0; i < n; i++) {
		double speed = 1;

		if (load->common)
			speed = exp(0.1 * normal(random)) * (uniform(random) < 0.1 ? 3 : 1);
		a[i] = TRUE_RATIO * speed * exp(load->noise_a(random));
		b[i] = speed * exp(load->noise_b(random));
	}
}

enum method {
	PAIRED,
	BOOTSTRAP,
	RANK_SUM,
};

static int ratio_by(enum method method, const double *a, const double *b, size_t n,
		    const struct bootstrap *how, struct interval *ratio)
{
	switch (method) {
	case PAIRED:
		return stats_ratio_paired(a, b, n, ratio);
	case BOOTSTRAP:
		return stats_ratio_bootstrap_unpaired(a, n, b, n, how, ratio);
	default:
		return stats_ratio_unpaired(a, n, b, n, ratio);
	}
}

/* The share of draws, in per cent, whose interval holds the true ratio. */
static double coverage(const struct load *load, size_t n, enum method method)
{
	struct stats_random random;
	unsigned int held = 0;
	double a[64], b[64];

	stats_random_seed(&random, 20240607 + n);
	for (unsigned int draw = 0; draw < DRAWS; draw++) {
		struct bootstrap how = { .seed = draw, .resamples = 500 };
		struct interval ratio;

		draw_rounds(load, &random, a, b, n);
		assert_int_equal(ratio_by(method, a, b, n, &how, &ratio), 0);
		held += ratio.low <= TRUE_RATIO && TRUE_RATIO <= ratio.high;
	}
	return 100.0 * held / DRAWS;
}

static void check_coverage(const struct load *load, size_t n, enum method method)
{
	static const char *const name[] = { "paired", "bootstrap", "rank sum" };
	double percent = coverage(load, n, method);

	print_message("# %s, %s, n = %zu: coverage %.2f %% of %d draws\n", name[method], load->name,
		      n, percent, DRAWS);
	assert_true(percent >= 92 && percent <= 98);
}

static void paired_interval_covers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(loads); i++)
		check_coverage(&loads[i], 11, PAIRED);
	check_coverage(&loads[2], 6, PAIRED);
	check_coverage(&loads[2], 30, PAIRED);
}

static void unpaired_interval_covers(void **state)
{
	(void)state;
	/* Samples that were not interleaved have no rounds in common. */
	for (size_t i = 0; i < COUNT(loads); i++)
		if (!loads[i].common)
			check_coverage(&loads[i], 11, BOOTSTRAP);
	check_coverage(&loads[5], 6, RANK_SUM);
	check_coverage(&loads[5], 11, RANK_SUM);
}

/* ---- two samples that were not taken in rounds ---- */

/* Permeability of membranes: Hollander and Wolfe (1973), tables 4.1 and example 4.3: 0.305, from -0.15 to 0.76. */
static void rank_sum_of_hollander_and_wolfe(void **state)
{
	static const double at_term[] = {
		0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46
	};
	static const double earlier[] = { 1.15, 0.88, 0.90, 0.74, 1.21 };
	double a[COUNT(at_term)], b[COUNT(earlier)];
	struct interval ratio;

	(void)state;
	for (size_t i = 0; i < COUNT(at_term); i++)
		a[i] = exp(at_term[i]); /* so that ratios are the differences of the book */
	for (size_t i = 0; i < COUNT(earlier); i++)
		b[i] = exp(earlier[i]);
	assert_int_equal(stats_ratio_unpaired(a, COUNT(a), b, COUNT(b), &ratio), 0);
	assert_close(log(ratio.point), 0.305, 1e-12);
	assert_close(log(ratio.low), -0.15, 1e-12);
	assert_close(log(ratio.high), 0.76, 1e-12);
}

/* The k-th smallest difference ends the interval: k by exact integer counting of U's distribution. */
static void rank_sum_ranks_as_counted(void **state)
{
	static const struct {
		size_t a_n, b_n, k;
	} rows[] = { { 4, 4, 1 }, { 3, 5, 1 },	  { 2, 8, 1 },	   { 5, 5, 3 },
		     { 6, 7, 7 }, { 10, 12, 30 }, { 20, 30, 201 }, { 50, 50, 966 },
		     { 3, 4, 0 }, { 2, 7, 0 },	  { 1, 40, 1 },	   { 1, 38, 0 } };
	double a[64], b[64];
	struct interval ratio;

	(void)state;
	for (size_t row = 0; row < COUNT(rows); row++) {
		size_t a_n = rows[row].a_n, b_n = rows[row].b_n, below = 0;

		for (size_t i = 0; i < a_n; i++)
			a[i] = exp((double)(i * b_n) /
				   100); /* so that every difference is another one */
		for (size_t j = 0; j < b_n; j++)
			b[j] = exp((double)j / 100);
		if (!rows[row].k) {
			assert_int_equal(stats_ratio_unpaired(a, a_n, b, b_n, &ratio), -ENODATA);
			assert_unknown(&ratio);
			assert_true(isfinite(ratio.point));
			continue;
		}
		assert_int_equal(stats_ratio_unpaired(a, a_n, b, b_n, &ratio), 0);
		for (size_t i = 0; i < a_n; i++)
			for (size_t j = 0; j < b_n; j++)
				below += log(a[i]) - log(b[j]) < log(ratio.low) + 1e-9;
		assert_int_equal(below, rows[row].k);
	}
}

static void rank_sum_has_no_side(void **state)
{
	static const double a[] = { 5, 7, 6, 9, 4, 8 }, b[] = { 11, 10, 14, 12, 13 };
	struct interval ratio, other;

	(void)state;
	assert_int_equal(stats_ratio_unpaired(a, COUNT(a), b, COUNT(b), &ratio), 0);
	assert_int_equal(stats_ratio_unpaired(b, COUNT(b), a, COUNT(a), &other), 0);
	assert_close(ratio.point * other.point, 1, 1e-12);
	assert_close(ratio.low * other.high, 1, 1e-12);
	assert_close(ratio.high * other.low, 1, 1e-12);
	assert_int_equal(stats_verdict(&ratio).verdict, VERDICT_LOWER);
}

static void rank_sum_refuses_nonsense(void **state)
{
	static const double good[] = { 1, 2, 3, 4 }, zero[] = { 1, 0, 3, 4 },
			    none[] = { 1, NAN, 3, 4 };
	struct interval ratio;

	(void)state;
	assert_int_equal(stats_ratio_unpaired(good, 0, good, 4, &ratio), -EINVAL);
	assert_int_equal(stats_ratio_unpaired(good, 4, zero, 4, &ratio), -EINVAL);
	assert_int_equal(stats_ratio_unpaired(none, 4, good, 4, &ratio), -EINVAL);
	assert_unknown(&ratio);
	/* The smallest that has an interval: from the least to the largest ratio. */
	assert_int_equal(stats_ratio_unpaired(good, 4, good, 4, &ratio), 0);
	assert_close(ratio.low, 0.25, 1e-12);
	assert_close(ratio.high, 4, 1e-12);
	assert_close(ratio.point, 1, 1e-12);
}

/* Above the exact sizes the normal approximation takes over, without a step. */
static void rank_sum_of_many(void **state)
{
	double a[64], b[64];
	struct interval exact, normal;

	(void)state;
	for (size_t i = 0; i < 51; i++) {
		a[i] = 100 + (double)(i * 37 % 51);
		b[i] = 90 + (double)(i * 29 % 51);
	}
	assert_int_equal(stats_ratio_unpaired(a, 50, b, 50, &exact), 0);
	assert_int_equal(stats_ratio_unpaired(a, 51, b, 51, &normal), 0);
	assert_close(normal.low, exact.low, 0.01);
	assert_close(normal.high, exact.high, 0.01);
}

/* ---- verdict ---- */

static void verdict_needs_the_interval_to_exclude_one(void **state)
{
	static const struct {
		struct interval ratio;
		enum verdict verdict;
		double bound;
	} rows[] = {
		{ { 0.70, 0.90, 0.80 }, VERDICT_LOWER, 10 },
		{ { 1.05, 1.40, 1.20 }, VERDICT_HIGHER, 5 },
		{ { 0.98, 1.03, 1.00 }, VERDICT_NO_DIFFERENCE, 3 },
		{ { 0.94, 1.03, 0.99 }, VERDICT_NO_DIFFERENCE, 6 },
		{ { 0.90, 1.00, 0.95 }, VERDICT_NO_DIFFERENCE, 10 },
		{ { 1.00, 1.25, 1.10 }, VERDICT_NO_DIFFERENCE, 25 },
	};
	const struct interval unknown = { .low = NAN, .high = NAN, .point = 2 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct comparison comparison = stats_verdict(&rows[i].ratio);

		assert_int_equal(comparison.verdict, rows[i].verdict);
		assert_close(comparison.bound_percent, rows[i].bound, 1e-9);
		assert_true(comparison.ratio.point == rows[i].ratio.point);
	}
	assert_int_equal(stats_verdict(&unknown).verdict, VERDICT_UNKNOWN);
	assert_true(isnan(stats_verdict(&unknown).bound_percent));
	assert_string_equal(stats_verdict_name(VERDICT_LOWER), "lower");
	assert_string_equal(stats_verdict_name(VERDICT_HIGHER), "higher");
	assert_string_equal(stats_verdict_name(VERDICT_NO_DIFFERENCE), "no difference");
	assert_string_equal(stats_verdict_name(VERDICT_UNKNOWN), "unknown");
}

/* ---- random numbers ---- */

/*
 * splitmix64 seeded with 1234567: Rosetta Code, "Pseudo-random numbers/Splitmix64". xoshiro256**
 * from the state 1, 2, 3, 4: the test vector of the rand_xoshiro crate, made with the authors' C
 * code.
 */
static void random_numbers_as_published(void **state)
{
	static const uint64_t splitmix[] = { 6457827717110365317u, 3203168211198807973u,
					     9817491932198370423u, 4593380528125082431u };
	static const uint64_t xoshiro[] = { 11520u,
					    0u,
					    1509978240u,
					    1215971899390074240u,
					    1216172134540287360u,
					    607988272756665600u,
					    16172922978634559625u,
					    8476171486693032832u,
					    10595114339597558777u,
					    2904607092377533576u };
	struct stats_random random;

	(void)state;
	stats_random_seed(&random, 1234567);
	assert_memory_equal(random.state, splitmix, sizeof(splitmix));
	random = (struct stats_random){ { 1, 2, 3, 4 } };
	for (size_t i = 0; i < COUNT(xoshiro); i++)
		assert_int_equal(stats_random_next(&random), xoshiro[i]);
}

/* Chi-squared with 10 degrees of freedom: above 29.59 once in a thousand; the seed is fixed. */
static void random_below_is_uniform(void **state)
{
	struct stats_random random;
	unsigned int seen[11] = { 0 };
	double chi_squared = 0;

	(void)state;
	stats_random_seed(&random, 6);
	for (int i = 0; i < 110000; i++) {
		uint64_t value = stats_random_below(&random, 11);

		assert_true(value < 11);
		seen[value]++;
	}
	for (int i = 0; i < 11; i++)
		chi_squared += (seen[i] - 10000.0) * (seen[i] - 10000.0) / 10000;
	assert_true(chi_squared < 29.59);
	assert_int_equal(stats_random_below(&random, 1), 0);
}

/* ---- signed ranks ---- */

/* Hollander and Wolfe (1973), table 3.1: depression scores of nine patients before and after. */
static const double before[] = { 1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30 };
static const double after[] = { 0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29 };

static void signed_rank_of_hollander_and_wolfe(void **state)
{
	double differences[9], p;
	struct interval interval;

	(void)state;
	for (int i = 0; i < 9; i++)
		differences[i] = before[i] - after[i];
	assert_int_equal(stats_signed_rank(differences, 9, &p), 0);
	assert_true(fabs(p - 2 * 10.0 / 512) < 1e-12); /* T+ = 40 */
	assert_int_equal(stats_difference_paired(before, after, 9, &interval), 0);
	assert_true(fabs(interval.point - 0.46) < 1e-9);
	assert_true(fabs(interval.low - 0.010) < 1e-9);
	assert_true(fabs(interval.high - 0.786) < 1e-9);
	assert_int_equal(stats_difference_verdict(&interval), VERDICT_HIGHER);
	assert_int_equal(stats_difference_paired(after, before, 9, &interval), 0);
	assert_int_equal(stats_difference_verdict(&interval), VERDICT_LOWER);
}

static double p_of(const double *differences, size_t n)
{
	double p;

	assert_int_equal(stats_signed_rank(differences, n, &p), 0);
	return p;
}

static void signed_rank_with_ties_and_zeros(void **state)
{
	const double alike[] = { 3, 3, 3, 3, 3, 3 }, none[] = { 0, 0, 0 };
	/* ranks 2.5 2.5 2.5 2.5 5: of 32 ways, those of at most 2.5 are the empty one and four with one rank */
	const double tied[] = { 1, 1, 1, -1, 2 }, with_zeros[] = { 1, 0, 1, 1, -1, 0, 2 };
	double p;

	(void)state;
	assert_true(p_of(alike, 6) == 2.0 / 64);
	assert_true(p_of(none, 3) == 1);
	assert_true(p_of(tied, 5) == 2 * 5.0 / 32);
	assert_true(p_of(with_zeros, 7) == p_of(tied, 5));
	assert_true(p_of((const double[]){ 1, -1 }, 2) == 1);
	assert_int_equal(stats_signed_rank(alike, 0, &p), -EINVAL);
	assert_int_equal(stats_signed_rank((const double[]){ NAN }, 1, &p), -EINVAL);
	assert_true(isnan(p));
}

/* The exact values by a program of its own: at the border the normal distribution is nearly as good. */
static void signed_rank_of_many(void **state)
{
	double differences[101];

	(void)state;
	for (int i = 0; i < 101; i++)
		differences[i] = (i % 3 ? 1 : -1) * (i + 1.0);
	assert_close(p_of(differences, 100), 0.005160103349552817, 1e-12);
	assert_close(p_of(differences, 101), 0.0033767911258989645, 3e-4);
}

/* It calls a difference where there is none in at most 5 % of samples, and where the interval excludes 0. */
static void signed_rank_agrees_with_its_interval(void **state)
{
	struct stats_random random;
	unsigned int called = 0;

	(void)state;
	stats_random_seed(&random, 3);
	for (int draw = 0; draw < 2000; draw++) {
		double a[11], b[11], differences[11];
		struct interval interval;

		for (int i = 0; i < 11; i++) {
			a[i] = (double)stats_random_below(&random, 1000000);
			b[i] = (double)stats_random_below(&random, 1000000);
			differences[i] = a[i] - b[i];
		}
		assert_int_equal(stats_difference_paired(a, b, 11, &interval), 0);
		assert_int_equal(p_of(differences, 11) <= 0.05,
				 stats_difference_verdict(&interval) != VERDICT_NO_DIFFERENCE);
		called += p_of(differences, 11) <= 0.05;
	}
	assert_in_range(called, 40, 120); /* 2 to 6 % */
}

static void holm_adjusts_in_order(void **state)
{
	const double p[] = { 0.01, NAN, 0.04, 0.03, 0.005 },
		     wanted[] = { 0.03, NAN, 0.06, 0.06, 0.02 };
	double adjusted[5];

	(void)state;
	stats_holm(p, 5, adjusted);
	for (int i = 0; i < 5; i++)
		assert_true(i == 1 ? isnan(adjusted[i]) : fabs(adjusted[i] - wanted[i]) < 1e-12);
	stats_holm((const double[]){ 0.9, 0.8 }, 2, adjusted);
	assert_true(adjusted[0] == 1 && adjusted[1] == 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(median_of_odd_and_even),
		cmocka_unit_test(median_refuses_nonsense),
		cmocka_unit_test(quantile_of_nist_example),
		cmocka_unit_test(median_ranks_as_tabulated),
		cmocka_unit_test(median_ranks_hold_for_every_size),
		cmocka_unit_test(median_interval_of_published_example),
		cmocka_unit_test(paired_ratio_of_published_example),
		cmocka_unit_test(paired_ranks_as_tabulated),
		cmocka_unit_test(paired_ranks_of_many_rounds),
		cmocka_unit_test(paired_ratio_of_equal_rounds_is_one_point),
		cmocka_unit_test(paired_ratio_has_no_side),
		cmocka_unit_test(ratios_refuse_nonsense),
		cmocka_unit_test(small_samples_have_no_interval),
		cmocka_unit_test(bootstrap_of_efrons_example),
		cmocka_unit_test(bootstrap_of_every_resample),
		cmocka_unit_test(bootstrap_pairs_rounds),
		cmocka_unit_test(bootstrap_is_repeatable),
		cmocka_unit_test(paired_interval_covers),
		cmocka_unit_test(unpaired_interval_covers),
		cmocka_unit_test(rank_sum_of_hollander_and_wolfe),
		cmocka_unit_test(rank_sum_ranks_as_counted),
		cmocka_unit_test(rank_sum_has_no_side),
		cmocka_unit_test(rank_sum_refuses_nonsense),
		cmocka_unit_test(rank_sum_of_many),
		cmocka_unit_test(verdict_needs_the_interval_to_exclude_one),
		cmocka_unit_test(random_numbers_as_published),
		cmocka_unit_test(random_below_is_uniform),
		cmocka_unit_test(signed_rank_of_hollander_and_wolfe),
		cmocka_unit_test(signed_rank_with_ties_and_zeros),
		cmocka_unit_test(signed_rank_of_many),
		cmocka_unit_test(signed_rank_agrees_with_its_interval),
		cmocka_unit_test(holm_adjusts_in_order),
	};

	return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
