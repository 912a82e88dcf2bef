// SPDX-License-Identifier: GPL-2.0
/* test_compare.c - runs side by side, from made-up reports: medians, ratios, what is not known, remarks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare/comparison.h"
#include "html/compare_page.h"
#include "output/compare.h"

/* A run of so many ms, with so many switches of thread level at so many ns. */
static json_t *report(double ms, double thread, double p50)
{
	json_t *value = json_pack(
		"{s:s, s:{s:s}, s:[s], s:{s:s, s:i, s:s}, s:s, s:f, s:{s:b}, s:{s:b}, s:{s:s},"
		" s:[{s:s, s:f, s:f, s:{s:f, s:f}}], s:[{s:s, s:{s:f}}], s:n, s:{s:f, s:f}}",
		"schema", "tasktax.report/1", "tool", "version", "1", "command", "work", "host",
		"kernel", "6.18", "cpus", 2, "model", "a CPU", "mode", "stream", "duration_ns",
		ms * 1e6, "events", "complete", 1, "reconcile", "ok", 1, "workload", "level",
		"thread-level", "switches", "level", "thread", "count", thread, "voluntary", thread,
		"direct_ns", "count", thread, "mean", p50 + 10, "switch_levels", "level", "thread",
		"direct_ns", "p50", p50, "faults", "tax", "run_ns", ms * 1e6, "switching_ns",
		thread * p50);

	assert_non_null(value);
	assert_null(compare_refuses(value));
	return value;
}

static const struct compare_row *row(const struct compare *compare, const char *key)
{
	for (size_t i = 0; i < compare->rows; i++)
		if (!strcmp(compare->row[i].figure->key, key))
			return &compare->row[i];
	return NULL;
}

static struct compare *new_compare(void)
{
	struct compare *compare = calloc(1, sizeof(*compare));

	assert_non_null(compare);
	return compare;
}

static void done(struct compare *compare)
{
	compare_free(compare);
	free(compare);
}

static void add_runs(struct compare *compare, const char *name, size_t runs, double thread,
		     double p50)
{
	struct compare_side *side = compare_add_side(compare, name);

	assert_non_null(side);
	for (size_t i = 0; i < runs; i++)
		assert_int_equal(compare_add_run(side, name,
						 report(100 + (double)i, thread + (double)i, p50)),
				 0);
}

static void assert_near(double got, double want)
{
	if (!(fabs(got - want) <= 1e-9 * fabs(want)))
		fail_msg("%.12g is not %.12g", got, want);
}

/* --- figures --- */

static void one_run_each_has_ratios_and_no_interval(void **state)
{
	struct compare *compare = new_compare();
	const struct compare_cell *cell;

	(void)state;
	add_runs(compare, "a", 1, 1000, 500);
	add_runs(compare, "b", 1, 4000, 600);
	assert_int_equal(compare_make(compare), 0);
	cell = row(compare, "switches_thread")->cell;
	assert_near(cell[0].median.point, 1000);
	assert_near(cell[1].median.point, 4000);
	assert_true(isnan(cell[0].ratio.point));
	assert_near(cell[1].ratio.point, 4);
	assert_true(isnan(cell[1].ratio.low));
	assert_int_equal(cell[1].verdict, VERDICT_UNKNOWN);
	assert_string_equal(cell[1].lacks, "an interval takes 4 runs of each (or 3 and 5)");
	assert_near(row(compare, "thread_direct_p50_ns")->cell[1].ratio.point, 1.2);
	assert_near(row(compare, "thread_per_second")->cell[0].median.point, 10000);
	assert_near(row(compare, "switching_percent")->cell[0].median.point, 0.5);
	assert_near(row(compare, "direct_mean_ns")->cell[1].median.point, 610);
	assert_int_equal(compare->judged, 0);
	done(compare);
}

static void what_nobody_has_is_left_out(void **state)
{
	struct compare *compare = new_compare();

	(void)state;
	add_runs(compare, "a", 1, 1000, 500);
	add_runs(compare, "b", 1, 1000, 500);
	assert_int_equal(compare_make(compare), 0);
	assert_null(row(compare, "faults"));	       /* null in both */
	assert_null(row(compare, "switches_process")); /* 0 in both */
	assert_null(row(compare, "pss_bytes"));	       /* not there */
	assert_non_null(row(compare, "switches_thread"));
	done(compare);
}

static void four_runs_each_have_intervals(void **state)
{
	struct compare *compare = new_compare();
	const struct compare_cell *cell;

	(void)state;
	add_runs(compare, "a", 4, 1000, 500);
	add_runs(compare, "b", 4, 2000, 500);
	add_runs(compare, "c", 3, 2000, 500);
	assert_int_equal(compare_make(compare), 0);
	cell = row(compare, "switches_thread")->cell;
	assert_int_equal(cell[1].verdict, VERDICT_HIGHER);
	assert_near(cell[1].ratio.low, 2000.0 / 1003);
	assert_near(cell[1].ratio.high, 2003.0 / 1000);
	assert_null(cell[1].lacks);
	assert_int_equal(cell[2].verdict, VERDICT_UNKNOWN); /* 3 against 4 is too few */
	assert_int_equal(row(compare, "thread_direct_p50_ns")->cell[1].verdict,
			 VERDICT_NO_DIFFERENCE);
	assert_true(compare->judged > compare->told_apart && compare->told_apart > 0);
	done(compare);
}

/* 0 has no ratio; that all of one side are above all of the other is told all the same. */
static void zeros_are_told_by_ranks(void **state)
{
	struct compare *compare = new_compare();
	const struct compare_cell *cell;

	(void)state;
	add_runs(compare, "none", 4, 1000, 0);
	add_runs(compare, "some", 4, 1000, 5);
	add_runs(compare, "none too", 4, 1000, 0);
	assert_int_equal(compare_make(compare), 0);
	cell = row(compare, "thread_direct_p50_ns")->cell;
	assert_true(isnan(cell[1].ratio.point));
	assert_int_equal(cell[1].verdict, VERDICT_HIGHER);
	assert_string_equal(cell[1].lacks, "a ratio takes values above 0");
	assert_int_equal(cell[2].verdict, VERDICT_NO_DIFFERENCE);
	assert_near(cell[0].median.point + 1, 1);
	done(compare);
}

static void what_one_side_has_not_is_not_known(void **state)
{
	struct compare *compare = new_compare();
	struct compare_side *side;
	const struct compare_cell *cell;
	json_t *bare = report(100, 1000, 500);

	(void)state;
	add_runs(compare, "a", 1, 1000, 500);
	json_object_set_new(bare, "switch_levels", json_null());
	json_object_set_new(bare, "duration_ns", json_null());
	side = compare_add_side(compare, "b");
	assert_int_equal(compare_add_run(side, "b", bare), 0);
	assert_int_equal(compare_make(compare), 0);
	cell = row(compare, "thread_direct_p50_ns")->cell;
	assert_int_equal(cell[1].known, 0);
	assert_true(isnan(cell[1].median.point) && isnan(cell[1].ratio.point));
	assert_string_equal(cell[1].lacks, "it is not known of both");
	assert_true(isnan(row(compare, "switches_per_second")->cell[1].median.point));
	done(compare);
}

/* --- remarks --- */

static bool has_remark(const struct compare *compare, const char *words)
{
	for (size_t i = 0; i < compare->remarks; i++)
		if (strstr(compare->remark[i], words))
			return true;
	return false;
}

static void what_does_not_compare_is_remarked(void **state)
{
	struct compare *compare = new_compare();
	struct compare_side *side;
	json_t *other = report(100, 1000, 500);

	(void)state;
	add_runs(compare, "here", 1, 1000, 500);
	json_object_set_new(json_object_get(other, "host"), "kernel", json_string("6.1"));
	json_object_set_new(json_object_get(other, "events"), "complete", json_false());
	json_object_set_new(json_object_get(other, "reconcile"), "ok", json_false());
	json_object_set_new(other, "mode", json_string("aggregate"));
	side = compare_add_side(compare, "there");
	assert_int_equal(compare_add_run(side, "there.json", other), 0);
	assert_int_equal(compare_make(compare), 0);
	assert_true(has_remark(compare, "the kernel differs: 6.18, but 6.1 in there.json"));
	assert_true(has_remark(compare, "the mode differs"));
	assert_true(has_remark(compare, "there: 1 of 1 runs lost events"));
	assert_false(has_remark(compare, "the number of CPUs"));
	assert_int_equal(compare->remarks, 3);
	done(compare);
}

static void what_is_no_report_is_refused(void **state)
{
	static const char *const texts[] = {
		"[]",
		"{}",
		"{\"schema\": 1}",
		"{\"schema\": \"tasktax.lab/1\"}",
		"{\"schema\": \"tasktax.report/2\"}",
		"{\"schema\": \"tasktax.report/1\"}",
		"{\"schema\": \"tasktax.report/1\", \"switches\": {}, \"events\": 3}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_t *value = json_loads(texts[i], 0, NULL);

		assert_non_null(value);
		assert_non_null(compare_refuses(value));
		json_decref(value);
	}
}

/* Wrong types where numbers should be are not known; nothing is read beyond them. */
static void nonsense_inside_is_not_known(void **state)
{
	struct compare *compare = new_compare();
	struct compare_side *side;
	json_t *odd = report(100, 1000, 500);

	(void)state;
	json_object_set_new(odd, "switches",
			    json_pack("[s, n, {s:n, s:s}, []]", "x", "level", "count", "many"));
	json_object_set_new(odd, "switch_levels", json_pack("{s:i}", "p50", 3));
	json_object_set_new(odd, "tax", json_pack("{s:[]}", "run_ns"));
	json_object_set_new(odd, "command", json_integer(7));
	json_object_set_new(odd, "workload", json_null());
	add_runs(compare, "a", 1, 1000, 500);
	side = compare_add_side(compare, "\033[31m<b>");
	assert_int_equal(compare_add_run(side, "odd", odd), 0);
	assert_int_equal(compare_make(compare), 0);
	assert_true(isnan(row(compare, "switches")->cell[1].median.point));
	assert_true(isnan(row(compare, "run_ns")->cell[1].median.point));
	done(compare);
}

/* --- outputs --- */

static char *written(const struct compare *compare, bool as_html)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(
		as_html ? html_compare(compare, out) : compare_text(compare, out, 80, false), 0);
	fclose(out);
	return text;
}

static void names_of_sides_are_words_only(void **state)
{
	struct compare *compare = new_compare();
	char *text;

	(void)state;
	add_runs(compare, "\033[31mred", 1, 1000, 500);
	add_runs(compare, "<script>x()</script> and so on", 1, 2000, 500);
	assert_int_equal(compare_make(compare), 0);
	text = written(compare, false);
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "\\x1b[31mred"));
	free(text);
	text = written(compare, true);
	assert_null(strstr(text, "<script>x"));
	assert_non_null(strstr(text, "&lt;script&gt;x()"));
	free(text);
	done(compare);
}

static void no_line_is_wider_than_the_page(void **state)
{
	struct compare *compare = new_compare();
	char *text;

	(void)state;
	add_runs(compare, "a side with quite a long name", 5, 123456789, 500);
	add_runs(compare, "another side with a longer name still", 5, 987654321, 800);
	assert_int_equal(compare_make(compare), 0);
	text = written(compare, false);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		size_t columns = 0;

		for (const char *at = line; *at; at++)
			columns += ((unsigned char)*at & 0xc0) != 0x80;
		assert_true(columns <= 80);
	}
	free(text);
	done(compare);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_run_each_has_ratios_and_no_interval),
		cmocka_unit_test(what_nobody_has_is_left_out),
		cmocka_unit_test(four_runs_each_have_intervals),
		cmocka_unit_test(zeros_are_told_by_ranks),
		cmocka_unit_test(what_one_side_has_not_is_not_known),
		cmocka_unit_test(what_does_not_compare_is_remarked),
		cmocka_unit_test(what_is_no_report_is_refused),
		cmocka_unit_test(nonsense_inside_is_not_known),
		cmocka_unit_test(names_of_sides_are_words_only),
		cmocka_unit_test(no_line_is_wider_than_the_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
