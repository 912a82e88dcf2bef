// SPDX-License-Identifier: GPL-2.0
/* test_serve.c - serve/: which format a client wants, where to listen, and groups whose counters never fall. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve/accept.h"
#include "serve/grouping.h"
#include "serve/listen.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- accept --- */

static void accepts(void **state)
{
	static const struct {
		const char *header;
		enum metrics_format format;
	} rows[] = {
		{ NULL, METRICS_TEXT },
		{ "", METRICS_TEXT },
		{ "*/*", METRICS_TEXT },
		{ "text/plain", METRICS_TEXT },
		{ "application/openmetrics-text", METRICS_OPENMETRICS },
		{ "application/openmetrics-text; version=1.0.0; charset=utf-8",
		  METRICS_OPENMETRICS },
		{ "Application/OpenMetrics-Text;VERSION=\"1.0.0\"", METRICS_OPENMETRICS },
		{ "application/openmetrics-text;version=2.0.0", METRICS_TEXT },
		/* Prometheus 2.42 */
		{ "application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
		  "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		  METRICS_OPENMETRICS },
		{ "application/openmetrics-text;q=0.4,text/plain;q=0.5", METRICS_TEXT },
		{ "application/openmetrics-text;q=0.5,text/plain;q=0.5", METRICS_OPENMETRICS },
		{ "application/openmetrics-text;q=0", METRICS_TEXT },
		{ "application/openmetrics-text;q=0.000,text/plain;q=0", METRICS_TEXT },
		{ "application/openmetrics-text;q=nan", METRICS_TEXT },
		{ "application/openmetrics-text;q=1.5", METRICS_TEXT },
		{ "application/openmetrics-textual", METRICS_TEXT },
		{ ",,;;,=;q=,application/openmetrics-text;;=;", METRICS_OPENMETRICS },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (accept_format(rows[i].header) != rows[i].format)
			fail_msg("Accept: %s", rows[i].header);
}

/* --- listen --- */

static void listens(void **state)
{
	static const struct {
		const char *text, *address; /* NULL: refused */
		bool local;
	} rows[] = {
		{ "127.0.0.1:9000", "127.0.0.1:9000", true },
		{ "127.8.8.8:9000", "127.8.8.8:9000", true },
		{ "localhost:1", "127.0.0.1:1", true },
		{ ":80", "127.0.0.1:80", true },
		{ "0.0.0.0:65535", "0.0.0.0:65535", false },
		{ "10.1.2.3", "10.1.2.3:10435", false },
		{ "[::1]:9000", "[::1]:9000", true },
		{ "[::]", "[::]:10435", false },
		{ "unix:/run/x.sock", "unix:/run/x.sock", true },
		{ "127.0.0.1:65536", NULL, false },
		{ "127.0.0.1:", NULL, false },
		{ "127.0.0.1:x", NULL, false },
		{ "127.0.0.1:-1", NULL, false },
		{ "127.0.0.1:1:2", NULL, false },
		{ "::1", NULL, false },
		{ "[::1", NULL, false },
		{ "[::1]9000", NULL, false },
		{ "[]:9000", NULL, false },
		{ "[127.0.0.1]x", NULL, false },
		{ "example.org:9000", NULL, false },
		{ "unix:", NULL, false },
		{ "unix:/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/"
		  "0123456789/"
		  "0123456789/0123456789/0123456789",
		  NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct listen_address address;
		struct fail fail = { 0 };
		int err = listen_parse(&address, rows[i].text, &fail);

		if (err != (rows[i].address ? 0 : -EINVAL))
			fail_msg("--listen %s: %d", rows[i].text, err);
		if (err) {
			assert_non_null(strstr(fail.text, "--listen "));
			continue;
		}
		assert_string_equal(address.text, rows[i].address);
		assert_int_equal(listen_is_local(&address), rows[i].local);
	}
}

/* --- grouping --- */

static void units(void **state)
{
	static const struct {
		const char *cgroup, *unit;
	} rows[] = {
		{ "/", "-.slice" },
		{ "/system.slice/nginx.service", "nginx.service" },
		{ "/system.slice/nginx.service/worker", "nginx.service" },
		{ "/user.slice/user-0.slice/user@0.service/app.slice/x.service", "user@0.service" },
		{ "/user.slice/user-0.slice/session-1.scope", "session-1.scope" },
		{ "/machine.slice", "machine.slice" },
		{ "/docker/0123", "-.slice" },
		{ "/.service/.slice", "-.slice" },
		{ "/init.scope", "init.scope" },
		{ "/system.slice/_cgroup.service", "cgroup.service" },
		{ "/_", "-.slice" },
	};
	char unit[64];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		grouping_unit(unit, sizeof(unit), rows[i].cgroup);
		assert_string_equal(unit, rows[i].unit);
	}
}

/* Up to four processes, and their total. */
struct world {
	struct census census, grouped;
	struct census_group process[4];
	struct census_times times[4], total_times;
	struct run_context context;
	struct grouping *grouping;
	uint64_t departed; /* switches of those who are gone */
};

static struct world *world_new(enum grouping_key key, size_t most)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	world->grouping = grouping_new(key, most);
	assert_non_null(world->grouping);
	world->census.context = &world->context;
	return world;
}

static void world_free(struct world *world)
{
	grouping_free(world->grouping);
	free(world);
}

static void live(struct world *world, uint64_t id, const char *comm, uint64_t switches)
{
	struct census_group *process = &world->process[id - 1];

	process->id = id;
	snprintf(process->comm, sizeof(process->comm), "%s", comm);
	process->counts.row[0].count = switches;
	world->times[id - 1].wait[0].bucket[3] = switches;
	process->processes = process->tasks = 1;
	process->times = &world->times[id - 1];
}

static void die(struct world *world, uint64_t id)
{
	struct census_group *process = &world->process[id - 1];

	assert_int_equal(grouping_departed(world->grouping, process, world->census.at_ns), 0);
	world->departed += process->counts.row[0].count;
	*process = (struct census_group){ 0 };
}

static void look(struct world *world)
{
	static struct census_group alive[4];
	struct census_group *total = &world->census.total;

	world->census.count = 0;
	*total = (struct census_group){ .times = &world->total_times };
	total->counts.row[0].count = world->departed;
	for (size_t i = 0; i < 4; i++) {
		if (!world->process[i].id)
			continue;
		alive[world->census.count++] = world->process[i];
		total->counts.row[0].count += world->process[i].counts.row[0].count;
		total->processes++;
		total->tasks++;
	}
	world->total_times.wait[0].bucket[3] = total->counts.row[0].count;
	world->census.group = alive;
	world->census.at_ns++;
	assert_int_equal(grouping_take(world->grouping, &world->census, &world->grouped), 0);
}

/* The switches of a group; -1: it is not shown. Its times must say the same. */
static long long switches(const struct world *world, const char *name)
{
	for (size_t i = 0; i < world->grouped.count; i++) {
		const struct census_group *group = &world->grouped.group[i];

		if (strcmp(group->cgroup, name) != 0)
			continue;
		assert_int_equal(group->times ? group->times->wait[0].bucket[3] : 0,
				 group->counts.row[0].count);
		return (long long)group->counts.row[0].count;
	}
	return -1;
}

static void sums(void **state)
{
	struct world *world = world_new(GROUPING_COMM, 10);

	(void)state;
	live(world, 1, "nginx", 10);
	live(world, 2, "nginx", 20);
	live(world, 3, "bash", 5);
	look(world);
	assert_int_equal(switches(world, "nginx"), 30);
	assert_int_equal(switches(world, "bash"), 5);
	assert_int_equal(switches(world, GROUPING_OTHER), 0);
	assert_int_equal(world->grouped.group[0].processes, 2);
	world_free(world);
}

/* What the dead have counted stays; so does what the living counted under another name. */
static void never_fall(void **state)
{
	struct world *world = world_new(GROUPING_COMM, 10);

	(void)state;
	live(world, 1, "nginx", 10);
	live(world, 2, "nginx", 20);
	look(world);
	live(world, 2, "nginx", 25);
	die(world, 2);
	look(world);
	assert_int_equal(switches(world, "nginx"), 35);
	live(world, 1, "cron",
	     12); /* counted 2 since the last look, as nobody knows under which name */
	look(world);
	assert_int_equal(switches(world, "nginx"), 37);
	assert_int_equal(switches(world, "cron"), 0);
	live(world, 1, "cron", 15);
	look(world);
	assert_int_equal(switches(world, "cron"), 3);
	live(world, 1, "nginx", 16);
	look(world);
	live(world, 1, "nginx", 20);
	die(world, 1);
	look(world);
	assert_int_equal(switches(world, "nginx"), 41);
	assert_int_equal(switches(world, "cron"), 4);
	assert_int_equal(switches(world, GROUPING_OTHER), 0);
	world_free(world);
}

/* Born and dead between two looks. */
static void short_lives(void **state)
{
	struct world *world = world_new(GROUPING_COMM, 10);

	(void)state;
	look(world);
	for (uint64_t id = 1; id <= 3; id++) {
		live(world, id, "ls", 2);
		die(world, id);
	}
	look(world);
	assert_int_equal(switches(world, "ls"), 6);
	assert_int_equal(switches(world, GROUPING_OTHER), 0);
	world_free(world);
}

static void no_room(void **state)
{
	struct world *world = world_new(GROUPING_COMM, 2);

	(void)state;
	live(world, 1, GROUPING_OTHER, 8); /* somebody's jest */
	live(world, 2, "a", 1);
	live(world, 3, "b", 2);
	live(world, 4, "c", 4);
	look(world);
	assert_int_equal(world->grouped.count, 3);
	assert_int_equal(switches(world, "a"), 1);
	assert_int_equal(switches(world, "b"), 2);
	assert_int_equal(switches(world, "c"), -1);
	assert_int_equal(switches(world, GROUPING_OTHER), 12);
	assert_int_equal(grouping_others(world->grouping), 2);
	world_free(world);
}

/* A group that is gone takes its counts along, and makes room; who comes late begins at 0. */
static void vanished(void **state)
{
	struct world *world = world_new(GROUPING_COMM, 2);

	(void)state;
	live(world, 1, "a", 100);
	live(world, 2, "b", 2);
	live(world, 3, "c", 4);
	look(world);
	die(world, 1);
	world->census.at_ns += GROUPING_LINGER_NS - 10;
	look(world);
	assert_int_equal(switches(world, "a"), 100);
	world->census.at_ns += 100;
	look(world);
	assert_int_equal(switches(world, "a"), -1);
	assert_int_equal(switches(world, GROUPING_OTHER), 4);
	live(world, 3, "c", 10);
	look(world);
	assert_int_equal(switches(world, "c"), 0);
	assert_int_equal(switches(world, GROUPING_OTHER), 10);
	live(world, 3, "c", 11);
	look(world);
	assert_int_equal(switches(world, "c"), 1);
	assert_int_equal(switches(world, GROUPING_OTHER), 10);
	world_free(world);
}

/* Two names that look alike in a label are one group: two series of one name would spoil the whole page. */
static void look_alikes(void **state)
{
	struct world *world = world_new(GROUPING_COMM, 10);

	(void)state;
	live(world, 1, "\001", 1);
	live(world, 2, "\\x01", 2);
	look(world);
	assert_int_equal(world->grouped.count, 2);
	assert_int_equal(switches(world, "\\x01"), 3);
	world_free(world);
}

/* preempted="other" is a difference of three counters that are not read at one instant. */
static void rest_never_falls(void **state)
{
	struct world *world = world_new(GROUPING_NONE, 1);
	struct row_counts *row = &world->census.total.counts.row[0];
	const struct row_counts *shown = &world->grouped.total.counts.row[0];

	(void)state;
	*row = (struct row_counts){ .count = 10, .voluntary = 4 };
	assert_int_equal(grouping_take(world->grouping, &world->census, &world->grouped), 0);
	assert_int_equal(shown->count - shown->voluntary - shown->preempted, 6);
	row->voluntary = 5; /* the count that belongs to it was seen before */
	assert_int_equal(grouping_take(world->grouping, &world->census, &world->grouped), 0);
	assert_int_equal(shown->count - shown->voluntary - shown->preempted, 6);
	row->count = 13;
	assert_int_equal(grouping_take(world->grouping, &world->census, &world->grouped), 0);
	assert_int_equal(shown->count - shown->voluntary - shown->preempted, 8);
	assert_null(grouping_label(world->grouping));
	world_free(world);
}

/* The direct cost is one of two: a sum, and the probes in it. */
static void direct_never_falls(void **state)
{
	struct world *world = world_new(GROUPING_NONE, 1);
	struct row_counts *row = &world->census.total.counts.row[0];
	const struct row_counts *shown = &world->grouped.total.counts.row[0];

	(void)state;
	world->context.probe_ns = 50;
	*row = (struct row_counts){ .count = 2, .direct_count = 2, .direct_ns = 700 };
	assert_int_equal(grouping_take(world->grouping, &world->census, &world->grouped), 0);
	assert_int_equal(census_direct_ns(shown, 50), 600);
	row->direct_count = 3; /* what belongs to it was seen before */
	assert_int_equal(grouping_take(world->grouping, &world->census, &world->grouped), 0);
	assert_int_equal(census_direct_ns(shown, 50), 600);
	row->direct_ns = 1050;
	assert_int_equal(grouping_take(world->grouping, &world->census, &world->grouped), 0);
	assert_int_equal(census_direct_ns(shown, 50), 900);
	world_free(world);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(direct_never_falls),
		cmocka_unit_test(accepts),
		cmocka_unit_test(listens),
		cmocka_unit_test(units),
		cmocka_unit_test(sums),
		cmocka_unit_test(never_fall),
		cmocka_unit_test(short_lives),
		cmocka_unit_test(no_room),
		cmocka_unit_test(vanished),
		cmocka_unit_test(look_alikes),
		cmocka_unit_test(rest_never_falls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
