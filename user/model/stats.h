/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stats.h - medians, confidence intervals and the verdict on a comparison.
 *
 * Pure arithmetic on arrays of doubles: no I/O, no clock, no state. Includes the C library only.
 * Called by the model, by the outputs that show an interval, and by tasktax-demo.
 *
 * Common rules
 * - The confidence level is 95 % everywhere (STATS_CONFIDENCE).
 * - The caller's arrays are never changed. Nothing is kept; all memory is freed before the return.
 * - Units are the caller's; ratios have none.
 * - Errors: -EINVAL for a value that is not finite (or, in a ratio, not above 0) or an empty
 * sample, -ENODATA for a sample smaller than STATS_MIN_SAMPLE, -ENOMEM. On every error an
 * interval's low and high are NaN, which stats_verdict() reads as unknown; its point is filled in
 * where it could be told.
 */
#ifndef TASKTAX_MODEL_STATS_H
#define TASKTAX_MODEL_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATS_CONFIDENCE 0.95

/* With 5 values even [minimum, maximum] covers the median in only 1 - 2/2^5 = 93.75 % of samples.
 */
#define STATS_MIN_SAMPLE 6

#define STATS_RESAMPLES 10000

/* A point estimate and its confidence interval, ends included. */
struct interval {
	double low;
	double high;
	double point;
};

/* What the interval of a ratio a/b says about a, seen from b. */
enum verdict {
	VERDICT_UNKNOWN = 0,
	VERDICT_LOWER = 1,
	VERDICT_HIGHER = 2,
	VERDICT_NO_DIFFERENCE = 3,
};

struct comparison {
	enum verdict verdict;
	struct interval ratio;
	/*
	 * LOWER, HIGHER: a differs from b by at least this many per cent of b.
	 * NO_DIFFERENCE: by at most this many per cent. UNKNOWN: NaN.
	 */
	double bound_percent;
};

/* How a bootstrap is run. The same seed gives the same interval on every machine. */
struct bootstrap {
	uint64_t seed;
	size_t resamples; /* 0 means STATS_RESAMPLES; else at least 100 */
};

/* xoshiro256**: the state of one deterministic random stream. */
struct stats_random {
	uint64_t state[4];
};

/* The median; the mean of the two middle values when n is even. */
int stats_median(const double *values, size_t n, double *median);

/*
 * The quantile of order p (0 <= p <= 1), interpolated linearly between the order statistics around
 * 1 + p (n - 1): type 7 of Hyndman and Fan, "Sample quantiles in statistical packages",
 * The American Statistician 50 (1996) 361-365; the default of R and NumPy.
 */
int stats_quantile(const double *values, size_t n, double p, double *quantile);

/*
 * The ranks (1-based) of the narrowest symmetric pair of order statistics that holds the population
 * median with at least 95 % confidence, whatever the distribution: the largest j with
 * P(Binomial(n, 1/2) < j) <= 2.5 %, and n + 1 - j. Exact up to n = 1000, then by the normal
 * approximation with continuity correction. coverage (may be NULL) receives the real confidence.
 * False, and nothing stored, when n < STATS_MIN_SAMPLE.
 * Source: W. J. Conover, "Practical Nonparametric Statistics", 3rd ed. (1999), section 3.2.
 */
bool stats_median_ranks(uint64_t n, uint64_t *low, uint64_t *high, double *coverage);

/* The median with the order-statistic interval of stats_median_ranks(). */
int stats_median_interval(const double *values, size_t n, struct interval *interval);

/*
 * The ratio a/b of two samples taken in rounds, a[i] and b[i] in the same round, so that what slows
 * a whole round cancels. THE method for interleaved runs.
 *
 * point is the Hodges-Lehmann estimate of the ratio of a round: the exponential of the median of
 * all pairwise means of log(a[i]/b[i]); [low, high] holds the ratios that Wilcoxon's signed-rank
 * test does not reject (exact null distribution up to n = 100, normal approximation above). If a
 * and b differ by a factor only, all of this estimates the ratio of medians; otherwise it estimates
 * the ratio of a typical round, which need not be the quotient of the two medians.
 *
 * Chosen by coverage of the ratio of medians. Nominally 95 %, at n = 11, over eight synthetic loads
 * (normal, lognormal, exponential with Pareto outliers, Cauchy, unequal tails; slow rounds common
 * to both): this method 93.6 to 96.8 %; interpolated order statistics 89 to 95; percentile
 * bootstrap of the ratio of medians 94 to 98, with intervals up to 80 % wider; BCa 83 to 94. A
 * limit: with many rounds and tails as unlike as normal against exponential, it holds the ratio of
 * a typical round but no longer that of the medians (76 % at n = 51), where
 * stats_ratio_bootstrap_paired() does.
 *
 * Sources: J. L. Hodges and E. L. Lehmann, Ann. Math. Statist. 34 (1963) 598-611; M. Hollander and
 * D. A. Wolfe, "Nonparametric Statistical Methods" (1973), sections 3.2 and 3.3.
 */
int stats_ratio_paired(const double *a, const double *b, size_t n, struct interval *ratio);

/*
 * The same of the difference a - b: for figures that may be 0 or negative. point is the Hodges-Lehmann estimate of
 * the difference of a round.
 */
int stats_difference_paired(const double *a, const double *b, size_t n,
			    struct interval *difference);

/*
 * The ratio a/b of two samples that have nothing to do with each other: runs made at different times. point is the
 * Hodges-Lehmann estimate, the exponential of the median of all differences log(a[i]) - log(b[j]); [low, high] holds the
 * ratios that the rank-sum test of Mann and Whitney does not reject (exact null distribution up to 50 values each, normal
 * approximation above). Needs 4 and 4 values, or 3 and 5, or 2 and 8: with fewer even the widest interval holds the ratio
 * in less than 95 % of cases, and the result is -ENODATA. What slows all runs of one side is not told from the side.
 * Sources: as stats_ratio_paired(), sections 4.1 to 4.3; H. B. Mann and D. R. Whitney, Ann. Math. Statist. 18 (1947) 50-60.
 */
int stats_ratio_unpaired(const double *a, size_t a_n, const double *b, size_t b_n,
			 struct interval *ratio);

/*
 * The two-sided p-value of Wilcoxon's signed-rank test that these differences (of ratios: of their logarithms) lie
 * evenly about 0. Zeros are left out, as Wilcoxon did, ties get the mean of their ranks; exact up to 100 values, then
 * by the normal approximation. All zero: 1. -EINVAL for no value or one that is not finite, -ENOMEM.
 * Source: M. Hollander and D. A. Wolfe, "Nonparametric Statistical Methods" (1973), section 3.1.
 */
int stats_signed_rank(const double *differences, size_t n, double *p);

/*
 * The p-values of several tests, adjusted so that to call those differences whose adjusted value is at most 5 % is
 * wrong about any of them in at most 5 % of cases. NaN: no test, and stays so.
 * Source: S. Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Statist. 6 (1979) 65-70.
 */
void stats_holm(const double *p, size_t n, double *adjusted);

/*
 * median(a)/median(b) with the percentile bootstrap interval (B. Efron and R. J. Tibshirani, "An
 * Introduction to the Bootstrap" (1993), section 13.3). paired resamples whole rounds and is wide
 * when rounds differ much from each other: prefer stats_ratio_paired() there. unpaired resamples a
 * and b apart, for samples that were not interleaved; each needs STATS_MIN_SAMPLE values. how may
 * be NULL: seed 0, STATS_RESAMPLES.
 */
int stats_ratio_bootstrap_paired(const double *a, const double *b, size_t n,
				 const struct bootstrap *how, struct interval *ratio);
int stats_ratio_bootstrap_unpaired(const double *a, size_t a_n, const double *b, size_t b_n,
				   const struct bootstrap *how, struct interval *ratio);

/*
 * A difference only when the interval excludes 1. Otherwise "no difference seen (at most x %)", x
 * being the farther end of the interval.
 */
struct comparison stats_verdict(const struct interval *ratio);

/* The same of an interval of stats_difference_paired(): only when it excludes 0. */
enum verdict stats_difference_verdict(const struct interval *difference);

/* "unknown", "lower", "higher", "no difference": for reports and JSON. Static storage. */
const char *stats_verdict_name(enum verdict verdict);

/*
 * xoshiro256** of D. Blackman and S. Vigna, "Scrambled linear pseudorandom number generators", ACM
 * TOMS 47 (2021), its state filled by splitmix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014) as its
 * authors advise. Not for secrets. stats_random_below() is uniform on 0 .. bound - 1 up to a bias
 * of bound/2^64; bound > 0.
 */
void stats_random_seed(struct stats_random *random, uint64_t seed);
uint64_t stats_random_next(struct stats_random *random);
uint64_t stats_random_below(struct stats_random *random, uint64_t bound);

#endif
