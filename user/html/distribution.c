// SPDX-License-Identifier: GPL-2.0
/*
 * distribution.c - see distribution.h.
 *
 * Bins are whole numbers of the histogram's own buckets, so that none gets values which belong to its neighbour. Their
 * widths differ on a logarithmic axis by up to two, so what is drawn is the share by width (the area under a curve is
 * what counts); the table says the share itself. The ends, where few values are spread far, are left out and said.
 */
#include "html/distribution.h"

#include <math.h>
#include <stdlib.h>

#include "html/chart.h"

#define SHAPE_LEAST 20 /* values below which there is no shape to be seen */
#define BINS 160       /* at most */
#define BINS_OCTAVE 32 /* at most */
#define BINS_COARSE 8
#define BIN_LEAST 16 /* ns: the clock of some processors moves by 10 ns at a time */
#define PERCENT_LOW 0.5
#define PERCENT_HIGH 99

void distributions_add(struct distributions *all, const char *title, const char *colour,
		       const struct histogram *times)
{
	if (times->count >= SHAPE_LEAST && all->count < DISTRIBUTIONS)
		all->one[all->count++] = (struct distribution){ title, colour, times };
}

/* --- bins --- */

struct bins {
	unsigned int per_octave;
	unsigned int first, count;
};

/* Where the octave of a value begins. */
static uint64_t octave_of(uint64_t value)
{
	return (uint64_t)1 << (63 - __builtin_clzll(value | 1));
}

/* Bin 0 begins at 1 ns. */
static unsigned int bin_of(unsigned int per_octave, uint64_t ns)
{
	uint64_t value = ns ? ns : 1, above = value - octave_of(value);
	unsigned int octave = 63 - (unsigned int)__builtin_clzll(value);

	return octave * per_octave +
	       (unsigned int)(((unsigned __int128)above * per_octave) >> octave);
}

static double low_of(const struct bins *bins, unsigned int bin)
{
	return ldexp(1 + (double)(bin % bins->per_octave) / bins->per_octave,
		     (int)(bin / bins->per_octave));
}

/* The values of 0 have no place on a logarithmic axis: they are said in words. */
static uint64_t zeros_of(const struct histogram *times)
{
	struct histogram_bucket first;
	unsigned int position = 0;

	return histogram_next_bucket(times, &position, &first) && !first.high ? first.count : 0;
}

/* Above all but the least of the other values; UINT64_MAX: there are none. */
static uint64_t low_end(const struct histogram *times)
{
	uint64_t zeros = zeros_of(times), seen = 0;
	double least = (double)(times->count - zeros) * PERCENT_LOW / 100;
	struct histogram_bucket bucket;
	unsigned int position = 0;

	while (histogram_next_bucket(times, &position, &bucket)) {
		seen += bucket.high ? bucket.count : 0;
		if (seen && (double)seen >= least)
			return bucket.low;
	}
	return UINT64_MAX;
}

/* As fine as the range of all of them allows, and the clock. */
static struct bins bins_for(const struct distributions *all)
{
	struct bins bins = { .per_octave = all->coarse ? BINS_COARSE : BINS_OCTAVE };
	uint64_t low = UINT64_MAX, high = 1, value;

	for (size_t i = 0; i < all->count; i++) {
		value = low_end(all->one[i].times);
		low = value < low ? value : low;
		if (!histogram_percentile(all->one[i].times, PERCENT_HIGH, &value) && value > high)
			high = value;
	}
	if (low > high) /* nothing but zeros */
		return bins;
	while (bins.per_octave > BINS_COARSE && octave_of(low) / bins.per_octave < BIN_LEAST)
		bins.per_octave /= 2;
	while (bins.per_octave > 1 &&
	       bin_of(bins.per_octave, high) - bin_of(bins.per_octave, low) >= BINS)
		bins.per_octave /= 2;
	bins.first = bin_of(bins.per_octave, low);
	bins.count = bin_of(bins.per_octave, high) - bins.first + 1;
	return bins;
}

static void fill(const struct bins *bins, const struct histogram *times, uint64_t *share)
{
	struct histogram_bucket bucket;
	unsigned int position = 0;

	while (histogram_next_bucket(times, &position, &bucket)) {
		unsigned int bin =
			bin_of(bins->per_octave, bucket.low + (bucket.high - bucket.low) / 2);

		if (bucket.high && bin >= bins->first && bin - bins->first < bins->count)
			share[bin - bins->first] += bucket.count;
	}
}

/* --- the picture --- */

static struct figure median_words(const struct distribution *one)
{
	struct figure words = { "" };
	uint64_t median;

	if (!histogram_percentile(one->times, 50, &median))
		snprintf(words.text, sizeof(words.text), "%.20s %.40s", one->title,
			 figure_ns(median).text);
	return words;
}

static void put_row(struct html *html, const struct distributions *all, const struct bins *bins,
		    unsigned int row, uint64_t share[][BINS])
{
	double low = low_of(bins, bins->first + row), high = low_of(bins, bins->first + row + 1);
	struct figure from = figure_ns((uint64_t)ceil(low));

	chart_row(html, sqrt(low * high), from.text);
	for (size_t i = 0; i < all->count; i++) {
		double whole = (double)all->one[i].times->count;
		double percent = 100 * (double)share[i][row] / whole;

		chart_value(html, percent / log2(high / low),
			    figure_percent((double)share[i][row], whole).text);
	}
}

/* What is to be seen, and what has no place in it. NULL: no memory; the caller frees it. */
static char *words_of(const struct distributions *all)
{
	char *words = NULL;
	size_t size;
	FILE *out = open_memstream(&words, &size);
	const char *before = "Exactly 0 ns:";

	if (!out)
		return NULL;
	fputs(all->words ?: "", out);
	for (size_t i = 0; i < all->count; i++) {
		const struct distribution *one = &all->one[i];
		uint64_t zeros = zeros_of(one->times);

		if (!zeros)
			continue;
		fprintf(out, " %s %s of %s", before,
			figure_percent((double)zeros, (double)one->times->count).text, one->title);
		before = "and";
	}
	fputs(*before == 'a' ? "." : "", out);
	return fclose(out) ? (free(words), NULL) : words;
}

/* The titles of the columns after the first, and where their medians are. */
static void describe(const struct distributions *all, struct chart_column *columns,
		     struct figure *medians)
{
	uint64_t median;

	for (size_t i = 0; i < all->count; i++) {
		const struct distribution *one = &all->one[i];

		medians[i] = median_words(one);
		columns[i] = (struct chart_column){ .title = one->title,
						    .colour = one->colour,
						    .unit = CHART_PERCENT,
						    .mark_words = medians[i].text };
		if (!histogram_percentile(one->times, 50, &median))
			columns[i].mark = (double)median;
	}
}

void distributions_put(struct html *html, const struct distributions *all)
{
	struct chart_column columns[DISTRIBUTIONS + 1] = { { .title = "from", .unit = CHART_NS } };
	struct figure medians[DISTRIBUTIONS];
	uint64_t share[DISTRIBUTIONS][BINS] = { { 0 } };
	struct bins bins = bins_for(all);
	struct chart chart = { .kind = CHART_CURVES,
			       .title = all->title,
			       .x = all->axis,
			       .y = all->of,
			       .x_log = true,
			       .columns = columns,
			       .count = all->count + 1 };
	char *words = all->count ? words_of(all) : NULL;

	if (!words) {
		html->failed |= all->count != 0;
		return;
	}
	describe(all, columns + 1, medians);
	for (size_t i = 0; i < all->count; i++)
		fill(&bins, all->one[i].times, share[i]);
	chart_begin(html, &chart, words);
	for (unsigned int row = 0; row < bins.count; row++)
		put_row(html, all, &bins, row, share);
	chart_end(html);
	free(words);
}
