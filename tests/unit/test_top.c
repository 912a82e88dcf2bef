// SPDX-License-Identifier: GPL-2.0
/* test_top.c - top/ without a terminal: keys, order, the tree, columns, lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/quote.h"
#include "top/batch.h"
#include "top/display.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ROWS_MOST 16
enum { THREAD_DIRECT = ROW_THREAD * VIA_COUNT };
#define ESCAPE 0x1b

/* --- a view of rates made by hand --- */

struct world {
	struct rates_row row[ROWS_MOST];
	struct rates_view rates;
	struct run_context context;
	struct history history;
	struct view view;
	struct order order;
	struct display_facts facts;
};

static int begin(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	world->context = (struct run_context){ .direct_end = "x",
					       .fault_end = "y",
					       .faults_measured = true,
					       .shootdowns_measured = true };
	world->rates = (struct rates_view){
		.seconds = 1, .row = world->row, .context = &world->context, .at_ns = 3725000000000
	};
	world->rates.total = (struct rates_row){ .kind = RATES_TOTAL,
						 .wait_p99 = NS_UNKNOWN,
						 .history = &world->history };
	world->rates.rest = (struct rates_row){ .kind = RATES_REST,
						.wait_p99 = NS_UNKNOWN,
						.rss = BYTES_UNKNOWN,
						.pss = BYTES_UNKNOWN };
	world->view = (struct view){ .sort = COLUMN_SWITCHES, .interval = 2, .can_threads = true };
	world->facts = (struct display_facts){ .targets = "the whole host",
					       .own_cpu = 0.007,
					       .own_rss = 12 << 20,
					       .programs = NAN,
					       .tasks = 42 };
	*state = world;
	return 0;
}

static int end(void **state)
{
	struct world *world = *state;

	order_free(&world->order);
	free(world);
	return 0;
}

static struct rates_row *add(struct world *world, uint32_t pid, uint32_t parent, const char *comm,
			     uint64_t switches)
{
	uint32_t at = (uint32_t)world->rates.count++;
	struct rates_row *row = &world->row[at];

	*row = (struct rates_row){ .kind = RATES_PROCESS,
				   .id = pid,
				   .pid = pid,
				   .parent = parent,
				   .tasks = 1,
				   .process = at,
				   .wait_p99 = NS_UNKNOWN,
				   .rss = BYTES_UNKNOWN,
				   .pss = BYTES_UNKNOWN,
				   .history = &world->history };
	snprintf(row->comm, sizeof(row->comm), "%s", comm);
	row->counts.row[THREAD_DIRECT].count = switches;
	return row;
}

static struct rates_row *add_thread(struct world *world, uint32_t process, uint32_t tid,
				    const char *comm, uint64_t switches)
{
	struct rates_row *row = add(world, world->row[process].pid, 0, comm, switches);

	row->kind = RATES_THREAD;
	row->id = 1000000 + tid;
	row->tid = tid;
	row->process = process;
	world->row[process].tasks = 2;
	return row;
}

/* "100 200.1 300.2": pid or tid of each line, and its depth. */
static const char *ordered(struct world *world, char text[256])
{
	size_t used = 0;

	assert_int_equal(order_make(&world->order, &world->view, &world->rates), 0);
	*text = '\0';
	for (uint32_t i = 0; i < world->order.count; i++) {
		const struct order_line *line = &world->order.line[i];
		uint32_t id = line->row->kind == RATES_THREAD ? line->row->tid : line->row->pid;

		used += (size_t)snprintf(text + used, 256 - used, line->depth ? "%s%u.%u" : "%s%u",
					 i ? " " : "", id, line->depth);
	}
	return text;
}

static void press(struct world *world, const char *keys)
{
	for (; *keys; keys++)
		view_key(&world->view, (unsigned char)*keys);
}

/* --- order --- */

static void sorts(void **state)
{
	struct world *world = *state;
	char text[256];

	add(world, 1, 0, "c", 10)->rss = 300;
	add(world, 2, 0, "a", 30);
	add(world, 3, 0, "b", 20)->rss = 500;
	assert_string_equal(ordered(world, text), "2 3 1");
	press(world, "R");
	assert_string_equal(ordered(world, text), "1 3 2");
	press(world, "N");
	assert_string_equal(ordered(world, text), "1 2 3");
	press(world, "M"); /* what is not known comes last */
	assert_string_equal(ordered(world, text), "3 1 2");
	world->view.sort = COLUMN_NAME;
	assert_string_equal(ordered(world, text), "2 3 1");
	/* equals keep their order */
	world->view.sort = COLUMN_WAIT;
	assert_string_equal(ordered(world, text), "1 2 3");
	/* who has ended is a row of its own */
	world->rates.rest.counts.row[0].count = 25;
	world->view.sort = COLUMN_SWITCHES;
	assert_string_equal(ordered(world, text), "2 0 3 1");
}

static void trees(void **state)
{
	struct world *world = *state;
	char text[256];

	add(world, 1, 0, "init", 1);
	add(world, 50, 1, "sshd", 2);
	add(world, 60, 1, "cron", 9);
	add(world, 70, 50, "bash", 3);
	add(world, 80, 4242, "orphan", 5); /* its parent is not in the table */
	press(world, "t");
	assert_string_equal(ordered(world, text), "80 1 60.1 50.1 70.2");
	assert_false(world->order.line[2].last);
	assert_true(world->order.line[3].last);
	assert_int_equal(world->order.line[4].rails, 0);
	press(world, "NR"); /* also among siblings */
	assert_string_equal(ordered(world, text), "80 1 60.1 50.1 70.2");
	press(world, "R");
	assert_string_equal(ordered(world, text), "1 50.1 70.2 60.1 80");
	assert_int_equal(world->order.line[2].rails, 1);
	/* the ancestors of what passes stay */
	press(world, "/bash\r");
	assert_string_equal(ordered(world, text), "1 50.1 70.2");
	press(world, "t");
	assert_string_equal(ordered(world, text), "70");
}

/* A parent's pid that was used anew. */
static void circles(void **state)
{
	struct world *world = *state;
	char text[256];

	add(world, 1, 3, "a", 1);
	add(world, 2, 1, "b", 1);
	add(world, 3, 2, "c", 1);
	add(world, 4, 4, "self", 1);
	add(world, 5, 3, "leaf", 1);
	world->view.tree = true;
	ordered(world, text);
	assert_int_equal(world->order.count, 5);
}

static void deep(void **state)
{
	struct world *world = *state;
	struct layout layout = columns_layout(80, false, false, 0);
	struct line line;
	struct rates_row *rows = calloc(5000, sizeof(*rows));

	for (uint32_t i = 0; i < 5000; i++)
		rows[i] = (struct rates_row){ .pid = i + 1, .parent = i, .process = i, .tasks = 1 };
	world->rates.row = rows;
	world->rates.count = 5000;
	world->view.tree = true;
	assert_int_equal(order_make(&world->order, &world->view, &world->rates), 0);
	assert_int_equal(world->order.count, 5000);
	assert_int_equal(world->order.line[4999].depth, 4999);
	for (uint32_t i = 0; i < 5000; i++) {
		display_row(&line, &world->order.line[i], &world->rates, &layout);
		assert_true(line.columns <= 80);
	}
	free(rows);
}

static void threads_below(void **state)
{
	struct world *world = *state;
	char text[256];

	add(world, 10, 0, "one", 5);
	add_thread(world, 0, 10, "one", 2);
	add_thread(world, 0, 11, "worker", 3);
	add(world, 20, 10, "alone", 50);
	add_thread(world, 3, 20, "alone", 50);
	world->row[3].tasks = 1;
	assert_string_equal(ordered(world, text), "20 10");
	press(world, "H"); /* the only one of a process would say the same again */
	assert_string_equal(ordered(world, text), "20 10 11.1 10.1");
	press(world, "t");
	assert_string_equal(ordered(world, text), "10 11.1 10.1 20.1");
	press(world, "/work");
	assert_string_equal(ordered(world, text), "10 11.1");
	world->view = (struct view){ .sort = COLUMN_SWITCHES };
	press(world, "H");
	assert_false(world->view.threads);
	assert_non_null(strstr(world->view.message, "--threads"));
	press(world, "H");
	view_key(&world->view, 'R');
	assert_null(world->view.message);
}

/* --- keys --- */

static void filters(void **state)
{
	struct world *world = *state;
	struct view *view = &world->view;
	char text[256];

	add(world, 101, 0, "Nginx", 3);
	add(world, 112, 0, "nginx: \xc3\xa9", 2);
	add(world, 211, 0, "q", 1);
	press(world, "/NGI");
	assert_int_equal(view->mode, VIEW_FILTERING);
	assert_string_equal(ordered(world, text), "101 112");
	press(world, "\x7f\x7f\x7f\x7f\x7f"); /* one more than there is */
	assert_string_equal(view->filter, "");
	press(world, "q\r"); /* a letter like others meanwhile */
	assert_false(view->quit);
	assert_int_equal(view->mode, VIEW_TABLE);
	assert_string_equal(ordered(world, text), "211");
	press(world, "/\x15"
		     "11\r");
	assert_string_equal(ordered(world, text), "112"); /* pids begin so */
	press(world, "/xyz");
	view_key(view, ESCAPE); /* back to what it was */
	assert_string_equal(view->filter, "11");
	view_key(view, ESCAPE);
	assert_string_equal(view->filter, "");
	press(world, "/\xc3\xa9");
	assert_string_equal(ordered(world, text), "112");
	view_key(view, VIEW_KEY_BACKSPACE); /* both of its bytes */
	assert_string_equal(view->filter, "");
	for (int i = 0; i < 1000; i++)
		view_key(view, 'x');
	assert_int_equal(strlen(view->filter), VIEW_TYPED - 1);
}

static void times(void **state)
{
	static const struct {
		const char *text;
		double seconds; /* 0: refused */
	} rows[] = {
		{ "1", 1 },    { "0.5", 0.5 }, { ".5", 0.5 }, { "3600", 3600 }, { "0.1", 0.1 },
		{ "0.05", 0 }, { "3601", 0 },  { "-1", 0 },   { "", 0 },	{ "nan", 0 },
		{ "inf", 0 },  { "1s", 0 },    { " 1", 0 },   { ".", 0 },
	};
	struct world *world = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		double seconds = 0;
		int err = view_parse_seconds(rows[i].text, &seconds);

		if (err != (rows[i].seconds > 0 ? 0 : -EINVAL) || seconds != rows[i].seconds)
			fail_msg("'%s': %d, %f", rows[i].text, err, seconds);
	}
	press(world, "d0.5\r");
	assert_true(world->view.interval == 0.5);
	press(world, "d\r");
	assert_null(world->view.message);
	press(world, "dx\r");
	assert_non_null(world->view.message);
	press(world, "d7");
	view_key(&world->view, ESCAPE);
	assert_true(world->view.interval == 0.5);
}

static void toggles(void **state)
{
	struct world *world = *state;
	struct view *view = &world->view;

	press(world, " ");
	assert_true(view->frozen);
	press(world, "hq"); /* any key leaves the help */
	assert_false(view->quit);
	assert_int_equal(view->mode, VIEW_TABLE);
	press(world, " f");
	assert_false(view->frozen);
	assert_true(view->kinds);
	assert_int_equal(view->sort, COLUMN_FAULTS); /* what is not shown does not order */
	press(world, "f");
	assert_int_equal(view->sort, COLUMN_FAULTS); /* it is in both */
	/* round through all that are shown */
	for (enum column first = view->sort;;) {
		press(world, ">");
		assert_true(view->sort < COLUMN_FAULT_TAX);
		if (view->sort == first)
			break;
	}
	press(world, "S>");
	assert_int_equal(view->sort, COLUMN_THREAD);
	press(world, "<<");
	assert_int_equal(view->sort, COLUMN_NAME);
	view_key(view, VIEW_KEY_F10);
	assert_true(view->quit);
}

static void moves(void **state)
{
	struct world *world = *state;
	struct view *view = &world->view;

	view_fit(view, 100, 10);
	view_key(view, VIEW_KEY_UP);
	assert_int_equal(view->first, 0);
	view_key(view, VIEW_KEY_DOWN);
	view_key(view, VIEW_KEY_PAGE_DOWN);
	assert_int_equal(view->first, 10);
	view_key(view, VIEW_KEY_END);
	assert_int_equal(view->first, 90);
	view_key(view, VIEW_KEY_PAGE_DOWN);
	assert_int_equal(view->first, 90);
	view_fit(view, 50, 20); /* fewer rows, a higher window */
	assert_int_equal(view->first, 30);
	view_fit(view, 5, 20);
	assert_int_equal(view->first, 0);
	view_fit(view, 0, 0);
	view_key(view, VIEW_KEY_PAGE_DOWN);
	view_key(view, VIEW_KEY_END);
	assert_int_equal(view->first, 0);
	for (int i = 0; i < 100; i++)
		view_key(view, VIEW_KEY_RIGHT);
	assert_int_equal(view->shift, columns_most_shift(false));
	for (int i = 0; i < 100; i++)
		view_key(view, VIEW_KEY_LEFT);
	assert_int_equal(view->shift, 0);
}

/* No key in any state breaks anything. */
static void any_keys(void **state)
{
	struct world *world = *state;
	unsigned int seed = 1;
	struct line line;
	char text[256];

	add(world, 1, 0, "a", 1);
	add(world, 2, 1, "b", 1);
	for (int i = 0; i < 20000; i++) {
		struct layout layout;

		seed = seed * 1103515245 + 12345;
		view_key(&world->view, (int)(seed >> 16) % (VIEW_KEY_F10 + 2));
		ordered(world, text);
		view_fit(&world->view, world->order.count, (seed >> 8) % 30);
		layout = columns_layout(80, world->view.kinds, world->view.tree, world->view.shift);
		display_heading(&line, &world->view, &layout);
		assert_true(line.columns <= 80);
		display_prompt(&line, &world->view, &world->rates, &world->order, 80);
		assert_true(line.columns <= 80);
		display_keys(&line, &world->view, 80);
		assert_true(line.columns <= 80);
	}
}

/* --- columns and lines --- */

static void layouts(void **state)
{
	struct world *world = *state;
	struct line line;

	for (unsigned int width = 40; width <= 200; width++)
		for (int kinds = 0; kinds < 2; kinds++) {
			struct layout layout = columns_layout(width, kinds, false, 0);

			display_heading(&line, &world->view, &layout);
			assert_true(line.columns <= width);
			assert_int_equal(layout.at[0].column, COLUMN_PID);
			assert_int_equal(layout.at[1].column, COLUMN_NAME);
			assert_true(layout.count > 3);
		}
	assert_int_equal(columns_layout(80, false, false, 0).left_out, 4);
	assert_int_equal(columns_layout(120, false, false, 0).left_out, 0);
	/* what had no room comes into sight by passing over others */
	assert_int_equal(columns_layout(80, false, false, 4).at[2].column, COLUMN_COST);
	assert_int_equal(columns_layout(80, false, false, 4).left_out, 0);
}

static void short_figures(void **state)
{
	static const struct {
		double count;
		const char *text;
	} counts[] = {
		{ 0, "0" },	     { 0.01, "<0.1" },	  { 0.5, "0.5" },    { 9.94, "9.9" },
		{ 9.96, "10" },	     { 999.4, "999" },	  { 999.6, "1.0k" }, { 12345, "12k" },
		{ 1234567, "1.2M" }, { 9.99e14, "999T" }, { NAN, DASH },
	};
	static const struct {
		uint64_t ns;
		const char *text;
	} times[] = {
		{ 0, "0ns" },	      { 999, "999ns" },	   { 1000, "1.0us" },
		{ 340000, "340us" },  { 999600, "1.0ms" }, { 17000000000, "17s" },
		{ NS_UNKNOWN, DASH },
	};
	char text[COLUMN_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(counts); i++)
		assert_string_equal(short_count(text, sizeof(text), counts[i].count),
				    counts[i].text);
	for (size_t i = 0; i < COUNT(times); i++)
		assert_string_equal(short_ns(text, sizeof(text), times[i].ns), times[i].text);
	assert_string_equal(short_bytes(text, sizeof(text), 1536 << 10), "1.5M");
	assert_string_equal(short_bytes(text, sizeof(text), 1023 << 10), "1023K");
	assert_string_equal(short_bytes(text, sizeof(text), BYTES_UNKNOWN), DASH);
	assert_string_equal(short_percent(text, sizeof(text), 12.34), "12.3%");
	assert_string_equal(short_percent(text, sizeof(text), 0.01), "<0.1%");
	assert_string_equal(short_percent(text, sizeof(text), 12345), ">9999");
	for (int digits = 0; digits < 63; digits++) {
		uint64_t value = UINT64_C(1) << digits;

		assert_true(quote_columns(short_ns(text, sizeof(text), value)) <= 5);
		if (digits < 50)
			assert_true(quote_columns(short_count(text, sizeof(text), (double)value)) <=
				    5);
		assert_true(quote_columns(short_percent(text, sizeof(text), (double)value)) <= 5);
	}
}

static void sparks(void **state)
{
	struct world *world = *state;
	char text[HISTORY_SECONDS * 4];

	spark_line(text, sizeof(text), &world->history, 4);
	assert_string_equal(text, "    ");
	history_add(&world->history, 0, 15);
	history_add(&world->history, 100, 15);
	history_add(&world->history, 50, 15);
	spark_line(text, sizeof(text), &world->history, 4);
	assert_string_equal(text, " \xe2\x96\x81\xe2\x96\x88\xe2\x96\x84");
	line_ascii(text);
	assert_string_equal(text, " _#-");
	spark_line(text, sizeof(text), &world->history, 1000);
	assert_int_equal(quote_columns(text), HISTORY_SECONDS);
}

static void text_of(const struct line *line, char *text, size_t size)
{
	size_t used = 0;

	*text = '\0';
	for (unsigned int i = 0; i < line->pieces && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s", line->piece[i].text);
}

/* A name cannot move the cursor, nor leave its column. */
static void hostile_names(void **state)
{
	static const char wide[] = "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97";
	static const char backwards[] = "\xe2\x80\xae"
					"evil";
	const char *const names[] = {
		"\x1b[2J\x1b[31m", "a\nb\rc\t", backwards, wide, "\xff\xfe\xfd", "back\\slash", "",
	};
	struct world *world = *state;
	struct layout layout = columns_layout(80, false, false, 0);
	struct line line;
	char text[4096], expected[4096];

	for (size_t i = 0; i < COUNT(names); i++) {
		world->rates.count = 0;
		add(world, 1, 0, names[i], 1)->partial = true;
		ordered(world, text);
		display_row(&line, &world->order.line[0], &world->rates, &layout);
		text_of(&line, text, sizeof(text));
		for (const char *at = text; *at; at++)
			assert_true((unsigned char)*at >= ' ' && *at != 0x7f);
		assert_null(strstr(text, "\xe2\x80\xae"));
		assert_int_equal(quote_columns(text), line.columns);
		world->rates.count = 0;
		add(world, 1, 0, "plain", 1)->partial = true;
		ordered(world, expected);
		display_row(&line, &world->order.line[0], &world->rates, &layout);
		text_of(&line, expected, sizeof(expected));
		assert_int_equal(quote_columns(text), quote_columns(expected));
	}
	world->facts.targets = "--comm \x1b[31m";
	press(world, "/\xc2\x9b");
	display_prompt(&line, &world->view, &world->rates, &world->order, 80);
	text_of(&line, text, sizeof(text));
	assert_non_null(strstr(text, "\\xc2\\x9b"));
}

/* The whole of an update, as it is. */
static void batches(void **state)
{
	struct world *world = *state;
	struct rates_row *row;
	char *text = NULL, order[256];
	size_t size;
	FILE *out = open_memstream(&text, &size);

	row = add(world, 4242, 0, "postgres", 1234);
	row->counts.row[THREAD_DIRECT].direct_count = 1000;
	row->counts.row[THREAD_DIRECT].direct_ns = 300000;
	row->counts.run_ns = 10000000;
	row->counts.fault[CAUSE_PROCESS][FAULT_WRITE_PROTECT][0].count = 40;
	row->wait_p99 = 1200000;
	row->rss = 64 << 20;
	world->rates.total.counts = row->counts;
	world->rates.lost.untracked = 3;
	ordered(world, order);
	assert_int_equal(
		batch_write(out, &world->view, &world->rates, &world->order, &world->facts, 80), 0);
	fclose(out);
	assert_string_equal(
		text,
		"tasktax top the whole host: 1 processes, 42 tasks; 1:02:05\n"
		"Switches/s: in 1.2k: thread 1.2k, process 0, resume 0; to idle 0, kernel 0\n"
		"Tax: switching 3.0% (300ns), faulting 0.0%; wait p99 \xe2\x80\x93; flt/s 40, debt "
		"40\n"
		"Itself: 0.7% of a CPU, 12M; lost 3: the counts are at least; programs not timed\n"
		"\n"
		"    PID NAME              CSW/s THR/s PRC/s  COST   TAX WAIT99 FLT/s  DEBT   RSS\n"
		"   4242 postgres           1.2k  1.2k     0 300ns  3.0%  1.2ms    40    40   64M\n"
		"\n");
	free(text);
}

static void nothing_yet(void **state)
{
	struct world *world = *state;
	struct line lines[DISPLAY_SUMMARY];
	char text[1024];

	world->rates.seconds = 0;
	assert_string_equal(ordered(world, text), "");
	display_summary(lines, &world->view, &world->rates, &world->facts, 80);
	text_of(&lines[1], text, sizeof(text));
	assert_string_equal(text, "The first figures come in 2.0 s.");
}

static void cuts(void **state)
{
	struct line line;
	char text[1024];

	(void)state;
	line_clear(&line);
	line_add(&line, STYLE_PLAIN, "ab\xe2\x94\x82");
	line_add(&line, STYLE_PLAIN, "\xe6\xbc\xa2\xe5\xad\x97");
	assert_int_equal(line.columns, 7);
	line_cut(&line, 6); /* a wide character goes as a whole */
	text_of(&line, text, sizeof(text));
	assert_string_equal(text, "ab\xe2\x94\x82\xe6\xbc\xa2");
	line_cut(&line, 2);
	text_of(&line, text, sizeof(text));
	assert_string_equal(text, "ab");
	line_clear(&line);
	for (int i = 0; i < 2 * LINE_PIECES; i++)
		line_add(&line, STYLE_PLAIN, "%0300d", 0);
	assert_int_equal(line.pieces, LINE_PIECES);
	line_cut(&line, 0);
	assert_int_equal(line.columns, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(sorts),	     TEST(trees),	  TEST(circles), TEST(deep),
		TEST(threads_below), TEST(filters),	  TEST(times),	 TEST(toggles),
		TEST(moves),	     TEST(any_keys),	  TEST(layouts), TEST(short_figures),
		TEST(sparks),	     TEST(hostile_names), TEST(batches), TEST(nothing_yet),
		TEST(cuts),
	};

	return cmocka_run_group_tests_name("top", tests, NULL, NULL);
}
