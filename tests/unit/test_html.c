// SPDX-License-Identifier: GPL-2.0
/* test_html.c - the page of a made-up stream: what is foreign stays words, deep and wide trees, distributions that sum up. */
#include "stream.h"

#include <stdlib.h>

#include "html/chart.h"
#include "html/distribution.h"
#include "html/report_page.h"

#define MS 1000000ull

static char *page_of(const struct report *report)
{
	char *page = NULL;
	size_t size;
	FILE *out = open_memstream(&page, &size);

	assert_non_null(out);
	assert_int_equal(html_report(report, out), 0);
	assert_int_equal(fclose(out), 0);
	return page;
}

static unsigned int count_of(const char *page, const char *words)
{
	unsigned int count = 0;

	for (; (page = strstr(page, words)); page += strlen(words))
		count++;
	return count;
}

static void run_once(struct stream *stream, uint64_t at, uint32_t task)
{
	stream_switch(
		stream, at,
		(struct event_switch){
			.h.flags = PROCESS(DIRECT), .prev = IDLE, .next = task, .direct_ns = 500 });
	stream_switch(stream, at + 1000,
		      (struct event_switch){
			      .h.flags = VOLUNTARY, .prev = task, .next = IDLE, .direct_ns = 300 });
}

/* --- words --- */

static char *escaped(const char *string, bool is_foreign)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (is_foreign)
		html_foreign(out, string);
	else
		html_escape(out, string);
	fclose(out);
	return text;
}

static void markup_is_escaped(void **state)
{
	char *text = escaped("a<b>&\"'" KEEP "z", false);

	(void)state;
	assert_string_equal(text, "a&lt;b&gt;&amp;&quot;&#39;&nbsp;z");
	free(text);
	text = escaped("\033[1m<\xff>\n", true);
	assert_string_equal(text, "\\x1b[1m&lt;\\xff&gt;\\x0a");
	free(text);
}

static void foreign_names_stay_words(void **state)
{
	struct stream stream;
	char *page;

	(void)state;
	stream_open(&stream, NS_UNKNOWN);
	stream_root(&stream, 1, "<script>x=1");
	stream_fork(&stream, 2, 2, 1, "\"><img src=q>");
	run_once(&stream, MS, 1);
	run_once(&stream, 2 * MS, 2);
	page = page_of(stream_finish(&stream));
	assert_null(strstr(page, "<script>x"));
	assert_null(strstr(page, "<img"));
	assert_true(count_of(page, "&lt;script&gt;x=1") >= 2);
	assert_true(count_of(page, "&quot;&gt;&lt;img src=q&gt;") >= 2);
	free(page);
	stream_close(&stream);
}

/* --- the tree --- */

/* The rows of the tree are the only ones with these classes. */
static unsigned int rows_at(const char *page, unsigned int depth)
{
	char class[64];

	snprintf(class, sizeof(class), "<th scope=\"row\" class=\"left d%u\">", depth);
	return count_of(page, class);
}

static void a_chain_is_as_deep_as_it_is(void **state)
{
	struct stream stream;
	char *page;

	(void)state;
	stream_open(&stream, NS_UNKNOWN);
	stream_root(&stream, 1, "work");
	for (uint32_t task = 2; task <= 40; task++)
		stream_fork(&stream, task, task, task - 1, "work");
	for (uint32_t task = 1; task <= 40; task++)
		run_once(&stream, task * MS, task);
	page = page_of(stream_finish(&stream));
	for (unsigned int depth = 0; depth < 12; depth++)
		assert_int_equal(rows_at(page, depth), 1);
	assert_int_equal(rows_at(page, 12), 28); /* deeper ones are not moved further */
	assert_null(strstr(page, "others</th><td></td>"));
	/* the root's own and that of all */
	assert_non_null(strstr(page, "<td>1.00 us</td><td>50.0 %</td><td></td>"
				     "<td>40.0 us</td><td>50.0 %</td>"));
	free(page);
	stream_close(&stream);
}

/* More than there is room for in one line of descent: nobody is shown without its parents. */
static void a_chain_that_is_too_long_is_left_out_whole(void **state)
{
	struct stream stream;
	char *page;

	(void)state;
	stream_open(&stream, NS_UNKNOWN);
	stream_root(&stream, 1, "work");
	for (uint32_t task = 2; task <= 500; task++)
		stream_fork(&stream, task, task, task - 1, "work");
	for (unsigned int times = 0; times < 3; times++)
		run_once(&stream, MS + times * MS, 500); /* the deepest is the busiest */
	page = page_of(stream_finish(&stream));
	assert_int_equal(rows_at(page, 0), 0);
	assert_non_null(strstr(page, "500 others</th>"));
	free(page);
	stream_close(&stream);
}

static void many_equals_are_one_row(void **state)
{
	struct stream stream;
	char *page;

	(void)state;
	stream_open(&stream, NS_UNKNOWN);
	stream_root(&stream, 1, "server");
	for (uint32_t task = 2; task <= 101; task++)
		stream_fork(&stream, task, task, 1, "worker");
	stream_fork(&stream, 102, 102, 1, "logger");
	for (uint32_t task = 1; task <= 102; task++)
		run_once(&stream, task * MS, task);
	page = page_of(stream_finish(&stream));
	assert_int_equal(rows_at(page, 0), 1);
	assert_int_equal(rows_at(page, 1), 2);
	assert_non_null(strstr(page, "worker <span class=\"dim\">\xc3\x97 100</span>"));
	assert_non_null(strstr(page, "<td>100 us</td><td>50.0 %</td>"));
	assert_non_null(strstr(page, "<td>102 us</td><td>50.0 %</td>"));
	free(page);
	stream_close(&stream);
}

/* --- distributions --- */

/* The shares of a column, of which each stands before "</td>" or the next cell. */
static double sum_of_shares(const char *chart, unsigned int column)
{
	const char *row = strstr(chart, "<tbody>");
	double sum = 0;

	while ((row = strstr(row, "<tr>"))) {
		const char *cell = row;
		char *end;
		double share;

		for (unsigned int i = 0; i < column; i++)
			cell = strstr(cell + 1, "<td data-v=");
		cell = strchr(cell, '>') + 1;
		share = strtod(cell, &end); /* "<0.1 %" is none */
		if (end > cell)
			sum += share;
		row += 4;
	}
	return sum;
}

static char *chart_of(const struct distributions *all)
{
	struct html html;
	char *page = NULL;
	size_t size;
	FILE *out = open_memstream(&page, &size);

	assert_int_equal(html_begin(&html), 0);
	distributions_put(&html, all);
	assert_int_equal(html_end(&html, out, "test"), 0);
	fclose(out);
	return page;
}

static void distributions_have_all_but_their_ends(void **state)
{
	struct histogram near = { 0 }, far = { 0 }, none = { 0 };
	struct distributions all = { .title = "t", .axis = "x", .of = "y" };
	char *page;

	(void)state;
	for (uint64_t i = 0; i < 10000; i++) {
		assert_int_equal(histogram_record(&near, 600 + i % 100), 0);
		assert_int_equal(histogram_record(&far, i < 2500 ? 0 : 675 + i % 100), 0);
	}
	assert_int_equal(histogram_record(&none, 1), 0);
	distributions_add(&all, "near", "thread", &near);
	distributions_add(&all, "far", "process", &far);
	distributions_add(&all, "none", "resume", &none); /* one value has no shape */
	assert_int_equal(all.count, 2);
	page = chart_of(&all);
	assert_true(sum_of_shares(page, 1) > 98 && sum_of_shares(page, 1) < 101);
	assert_true(sum_of_shares(page, 2) > 73 && sum_of_shares(page, 2) < 76);
	assert_non_null(strstr(page, "Exactly 0 ns: 25.0 % of far."));
	assert_non_null(strstr(page, "data-mark-words=\"near 651 ns\""));
	free(page);
	histogram_free(&near);
	histogram_free(&far);
	histogram_free(&none);
}

/* From 1 ns to hours: coarser, not more rows. */
static void a_wide_range_has_wide_bins(void **state)
{
	struct histogram wide = { 0 };
	struct distributions all = { .title = "t", .axis = "x", .of = "y" };
	char *page;

	(void)state;
	for (unsigned int i = 0; i < 64; i++)
		assert_int_equal(histogram_record_n(&wide, (uint64_t)1 << i, 10), 0);
	distributions_add(&all, "wide", "thread", &wide);
	page = chart_of(&all);
	assert_true(count_of(page, "\n<tr>") <= 160);
	assert_true(sum_of_shares(page, 1) > 97);
	free(page);
	histogram_free(&wide);
}

static void nothing_but_zeros_is_no_picture_of_nothing(void **state)
{
	struct histogram zeros = { 0 };
	struct distributions all = { .title = "t", .axis = "x", .of = "y" };
	char *page;

	(void)state;
	assert_int_equal(histogram_record_n(&zeros, 0, 1000), 0);
	distributions_add(&all, "idle", "idle", &zeros);
	page = chart_of(&all);
	assert_non_null(strstr(page, "Exactly 0 ns: 100.0 % of idle."));
	assert_int_equal(count_of(page, "\n<tr>"), 0);
	free(page);
	histogram_free(&zeros);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(markup_is_escaped),
		cmocka_unit_test(foreign_names_stay_words),
		cmocka_unit_test(a_chain_is_as_deep_as_it_is),
		cmocka_unit_test(a_chain_that_is_too_long_is_left_out_whole),
		cmocka_unit_test(many_equals_are_one_row),
		cmocka_unit_test(distributions_have_all_but_their_ends),
		cmocka_unit_test(a_wide_range_has_wide_bins),
		cmocka_unit_test(nothing_but_zeros_is_no_picture_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
