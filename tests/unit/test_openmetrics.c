// SPDX-License-Identifier: GPL-2.0
/*
 * test_openmetrics.c - hand-made censuses as Prometheus reads them: names, numbers, hostile labels, what is absent.
 *
 * `test_openmetrics --print text|openmetrics plain|groups|hostile|bare` writes a page, for promtool and others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output/openmetrics.h"
#include "output/openmetrics_writer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A census with all that it points to. */
struct sample {
	struct census census;
	struct census_group group[2];
	struct census_times times[3];
	struct run_context context;
	char name[2][METRICS_NAME_SIZE];
	struct metrics_self self;
	struct metrics_facts facts;
};

static const struct metrics_feature features[] = { { "sched_switch", "on" },
						   { "tlb_flush", "off" } };
static const struct metrics_program programs[] = { { "on_sched_switch", 1500000001 } };

static void record(struct coarse *coarse, uint64_t ns, uint64_t times)
{
	unsigned int bucket = 0;

	/* as counts.h says, the slow way */
	if (ns >= UINT64_C(1) << COARSE_LAST) {
		bucket = COARSE_BUCKETS - 1;
	} else if (ns >= UINT64_C(1) << COARSE_FIRST) {
		unsigned int octave = COARSE_FIRST;

		while (ns >> (octave + 1))
			octave++;
		bucket = 1 + (octave - COARSE_FIRST) * COARSE_SUB +
			 (unsigned int)((ns - (UINT64_C(1) << octave)) >>
					(octave - COARSE_SUB_BITS));
	}
	coarse->bucket[bucket] += times;
	coarse->count += times;
	coarse->sum += ns * times;
}

/* Row 0: resume, direct; row 7: process, idle; row 12: to idle. */
static void fill_group(struct census_group *group, struct census_times *times, uint64_t scale)
{
	struct census_counts *counts = &group->counts;

	counts->row[0] = (struct row_counts){ .count = 10 * scale, .voluntary = 3 * scale };
	counts->row[7] = (struct row_counts){ .count = 5 * scale };
	counts->row[12] = (struct row_counts){ .count = 7 * scale,
					       .direct_count = 7 * scale,
					       .direct_ns = 3000 * scale,
					       .voluntary = 6 * scale,
					       .preempted = scale };
	counts->fault[CAUSE_PROCESS][FAULT_COW_FORK][0].count = 100 * scale;
	counts->fault[CAUSE_WORK][FAULT_OF_FILE][1].count = 2 * scale;
	counts->run_ns = 12345678901 * scale;
	counts->created[CREATED_THREAD] = 4 * scale;
	counts->created[CREATED_ROOT] = 1;
	counts->tlb = (struct task_tlb){ .sent = 9 * scale,
					 .received = 8 * scale,
					 .received_ns = 7000 * scale };
	group->processes = 2;
	group->tasks = 6;
	group->rss = BYTES_UNKNOWN;
	group->pss = 4096;
	group->times = times;
	record(&times->direct[ROW_RESUME], 63, scale);
	record(&times->direct[ROW_RESUME], 64, scale);
	record(&times->direct[ROW_RESUME], 127, scale);
	record(&times->direct[ROW_RESUME], 128, scale);
	record(&times->direct[ROW_RESUME], 60000000000, scale);
	record(&times->wait[ROW_PROCESS], 5000000, scale);
	record(&times->fault[1], 1000000, scale);
}

static struct sample *make(enum metrics_format format)
{
	struct sample *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->context = (struct run_context){
		.tool_version = "0.1.0",
		.kernel = "6.12.9-amd64",
		.arch = "x86_64",
		.cpus = 2,
		.direct_end = "sched_exit_tp",
		.probe_ns = 100,
		.wait_known = true,
		.faults_measured = true,
		.fault_end = "perf",
		.shootdowns_measured = true,
		.shot_time = true,
		.memory_sampled = true,
	};
	s->census = (struct census){
		.at_ns = 2, .since_ns = 1, .by = GROUP_BY_NONE, .context = &s->context, .folded = 11
	};
	s->census.lost = (struct losses){ .switches = 13, .unseen = 5, .unseen_faults = 6 };
	fill_group(&s->census.total, &s->times[2], 3);
	s->self = (struct metrics_self){ .cpu_ns = 1020000000,
					 .rss = 8388608,
					 .started_ns = 1700000000250000000,
					 .refused = 3 };
	s->facts = (struct metrics_facts){
		.format = format,
		.feature = features,
		.features = COUNT(features),
		.program = programs,
		.programs = COUNT(programs),
		.self = &s->self,
	};
	return s;
}

static void add_groups(struct sample *s, const char *first, const char *second)
{
	metrics_name(s->name[0], first);
	metrics_name(s->name[1], second);
	fill_group(&s->group[0], &s->times[0], 1);
	fill_group(&s->group[1], &s->times[1], 2);
	s->group[0].cgroup = s->name[0];
	s->group[1].cgroup = s->name[1];
	s->group[1].times = NULL; /* no room */
	s->census.by = GROUP_BY_CGROUP;
	s->census.group = s->group;
	s->census.count = 2;
	s->facts.label = "cgroup";
}

static char *page_of(const struct sample *s)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(metrics_write(&s->census, &s->facts, out), 0);
	fclose(out);
	return text;
}

/* The text after a line's name and labels, of the only line that begins so. */
static const char *value_of(const char *page, const char *series)
{
	static char value[64];
	size_t length = strlen(series);
	const char *found = NULL;

	for (const char *line = page; *line; line = strchr(line, '\n') + 1)
		if (!strncmp(line, series, length) && line[length] == ' ') {
			assert_null(found); /* twice */
			found = line + length + 1;
		}
	if (!found)
		return "absent";
	snprintf(value, sizeof(value), "%.*s", (int)strcspn(found, "\n"), found);
	return value;
}

#define assert_value(page, series, value) assert_string_equal(value_of(page, series), value)

static void counts(void **state)
{
	struct sample *s = make(METRICS_TEXT);
	char *page = page_of(s);

	(void)state;
	assert_value(page,
		     "tasktax_context_switches_total{level=\"resume\",via=\"direct\",preempted="
		     "\"false\"}",
		     "9");
	assert_value(page,
		     "tasktax_context_switches_total{level=\"resume\",via=\"direct\",preempted="
		     "\"other\"}",
		     "21");
	assert_value(page,
		     "tasktax_context_switches_total{level=\"process\",via=\"idle\",preempted="
		     "\"other\"}",
		     "15");
	assert_value(
		page,
		"tasktax_context_switches_total{level=\"idle\",via=\"none\",preempted=\"true\"}",
		"3");
	assert_value(page,
		     "tasktax_context_switches_total{level=\"exiting\",via=\"kernel\",preempted="
		     "\"true\"}",
		     "0");
	assert_value(
		page,
		"tasktax_page_faults_total{kind=\"cow-fork\",severity=\"minor\",level=\"process\"}",
		"300");
	assert_value(page,
		     "tasktax_page_faults_total{kind=\"file\",severity=\"major\",level=\"work\"}",
		     "6");
	assert_value(page, "tasktax_tlb_shootdowns_total{direction=\"sent\"}", "27");
	assert_value(page, "tasktax_tlb_shootdowns_total{direction=\"received\"}", "24");
	assert_value(page, "tasktax_tasks_created_total{kind=\"thread\"}", "12");
	assert_value(page, "tasktax_tasks_created_total{kind=\"root\"}", "absent");
	assert_value(page, "tasktax_lost_events_total{class=\"switch\"}", "13");
	assert_value(page, "tasktax_folded_groups_total", "11");
	assert_value(page, "tasktax_unseen_switches_total", "5");
	assert_value(page, "tasktax_unseen_faults_total", "6");
	assert_value(page, "tasktax_switching_seconds_total{level=\"idle\",via=\"none\"}",
		     "0.000006900");
	assert_value(page, "tasktax_run_seconds_total", "37.037036703");
	assert_value(page, "tasktax_bpf_run_seconds_total{program=\"on_sched_switch\"}",
		     "1.500000001");
	assert_value(page, "tasktax_capability_info{feature=\"tlb_flush\",state=\"off\"}", "1");
	assert_value(
		page,
		"tasktax_build_info{version=\"0.1.0\",kernel=\"6.12.9-amd64\",arch=\"x86_64\"}",
		"1");
	assert_value(page, "tasktax_proportional_memory_bytes", "4096");
	assert_value(page, "tasktax_resident_memory_bytes", "absent");
	assert_value(page, "process_start_time_seconds", "1700000000.250000000");
	free(page);
	free(s);
}

/* 63 and 64 ns, 127 and 128 ns fall on different sides of a bound; 60 s into none but +Inf. */
static void histograms(void **state)
{
	struct sample *s = make(METRICS_TEXT);
	char *page = page_of(s);

	(void)state;
#define DIRECT "tasktax_context_switch_seconds"
	assert_value(page, DIRECT "_bucket{level=\"resume\",le=\"6.3e-08\"}", "3");
	assert_value(page, DIRECT "_bucket{level=\"resume\",le=\"1.27e-07\"}", "9");
	assert_value(page, DIRECT "_bucket{level=\"resume\",le=\"2.55e-07\"}", "12");
	assert_value(page, DIRECT "_bucket{level=\"resume\",le=\"0.033554431\"}", "12");
	assert_value(page, DIRECT "_bucket{level=\"resume\",le=\"+Inf\"}", "15");
	assert_value(page, DIRECT "_count{level=\"resume\"}", "15");
	assert_value(page, DIRECT "_sum{level=\"resume\"}", "180.000001146");
	assert_value(page, DIRECT "_count{level=\"thread\"}", "0");
	assert_value(page,
		     "tasktax_run_queue_wait_seconds_bucket{level=\"process\",le=\"0.004194303\"}",
		     "0");
	assert_value(page,
		     "tasktax_run_queue_wait_seconds_bucket{level=\"process\",le=\"0.008388607\"}",
		     "3");
	assert_value(page, "tasktax_page_fault_seconds_count{severity=\"major\"}", "3");
	free(page);
	free(s);
}

/* Every bound of the page is the last value below a bound of the coarse histogram. */
static void bounds(void **state)
{
	char text[BOUND_SIZE];

	(void)state;
	for (unsigned int power = COARSE_FIRST; power <= COARSE_LAST; power++) {
		uint64_t ns = (UINT64_C(1) << power) - 1;
		struct coarse coarse = { 0 };

		assert_true(strtod(writer_bound(text, ns), NULL) == (double)ns / 1e9);
		record(&coarse, ns, 1);
		assert_int_equal(coarse.bucket[(size_t)(power - COARSE_FIRST) * COARSE_SUB], 1);
		record(&coarse, ns + 1, 1);
		assert_int_equal(coarse.bucket[(size_t)(power - COARSE_FIRST) * COARSE_SUB + 1], 1);
	}
}

/* What is not known has no series at all, not even a head. */
static void unknown_is_absent(void **state)
{
	static const char *const absent[] = { "tasktax_context_switch_seconds",
					      "tasktax_switching_seconds",
					      "run_queue_wait",
					      "page_fault",
					      "shootdown",
					      "bpf_run",
					      "memory_bytes",
					      "process_cpu" };
	struct sample *s = make(METRICS_TEXT);
	char *page;

	(void)state;
	s->context = (struct run_context){ .tool_version = "0.1.0" };
	s->facts.program = NULL;
	s->facts.self = NULL;
	page = page_of(s);
	for (size_t i = 0; i < COUNT(absent); i++)
		assert_null(strstr(page, absent[i]));
	assert_non_null(strstr(page, "kernel=\"unknown\""));
	free(page);
	free(s);
}

static void groups(void **state)
{
	struct sample *s = make(METRICS_TEXT);
	char *page;

	(void)state;
	add_groups(s, "/system.slice/a.service", "/");
	page = page_of(s);
	assert_value(page,
		     "tasktax_tlb_shootdowns_total{cgroup=\"/system.slice/"
		     "a.service\",direction=\"sent\"}",
		     "9");
	assert_value(page, "tasktax_tlb_shootdowns_total{cgroup=\"/\",direction=\"sent\"}", "18");
	assert_value(page, "tasktax_tlb_shootdowns_total{direction=\"sent\"}", "absent");
	assert_value(page, "tasktax_lost_events_total{class=\"switch\"}", "13");
	assert_value(page,
		     "tasktax_context_switch_seconds_count{cgroup=\"/system.slice/"
		     "a.service\",level=\"resume\"}",
		     "5");
	assert_null(
		strstr(page, "tasktax_context_switch_seconds_count{cgroup=\"/\"")); /* no room */
	assert_null(strstr(page, "level=\"exiting\""));				    /* never seen */
	free(page);
	free(s);
}

static void names(void **state)
{
	static const struct {
		const char *foreign, *name;
	} rows[] = {
		{ "nginx", "nginx" },
		{ "", "" },
		{ "dev-disk-by\\x2duuid.device", "dev-disk-by\\x2duuid.device" },
		{ "a\\\\b", "a\\\\b" },
		{ "two\nlines", "two\\x0alines" },
		{ "\033[2Jx", "\\x1b[2Jx" },
		{ "\xff\xfe", "\\xff\\xfe" },
		{ "caf\xc3\xa9", "caf\xc3\xa9" },
		{ "\"},x=\"", "\"},x=\"" },
	};
	char name[METRICS_NAME_SIZE], huge[5000];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		metrics_name(name, rows[i].foreign);
		assert_string_equal(name, rows[i].name);
	}
	memset(huge, 'x', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	metrics_name(name, huge);
	assert_int_equal(strlen(name), METRICS_NAME_SIZE - 1);
}

static void hostile_labels(void **state)
{
	struct sample *s = make(METRICS_TEXT);
	char *page;

	(void)state;
	add_groups(s, "\"} 1\nevil_total 666 #\\", "x\\");
	page = page_of(s);
	assert_value(page, "tasktax_execs_total{cgroup=\"x\\\\\"}", "absent");
	assert_value(page, "tasktax_tlb_shootdowns_total{cgroup=\"x\\\\\",direction=\"sent\"}",
		     "18");
	assert_non_null(strstr(page, "{cgroup=\"\\\"} 1\\\\x0aevil_total 666 #\\\\\",direction="));
	assert_null(strstr(page, "\nevil_total"));
	free(page);
	free(s);
}

/* A reader may see a row's count one event older than its parts. */
static void torn_row(void **state)
{
	struct sample *s = make(METRICS_TEXT);
	char *page;

	(void)state;
	s->census.total.counts.row[0] =
		(struct row_counts){ .count = 2, .voluntary = 2, .preempted = 1 };
	page = page_of(s);
	assert_value(page,
		     "tasktax_context_switches_total{level=\"resume\",via=\"direct\",preempted="
		     "\"other\"}",
		     "0");
	free(page);
	free(s);
}

/* Families stand together, each with one head before its samples; nothing is NaN. */
static void check_shape(const char *page, enum metrics_format format)
{
	char seen[64][64], family[64] = "";
	size_t families = 0, length;

	for (const char *line = page; *line; line = strchr(line, '\n') + 1) {
		if (!strncmp(line, "# EOF\n", 6)) {
			assert_int_equal(format, METRICS_OPENMETRICS);
			assert_string_equal(line, "# EOF\n");
			return;
		}
		if (!strncmp(line, "# HELP ", 7)) {
			length = strcspn(line + 7, " ");
			assert_true(length < sizeof(family));
			memcpy(family, line + 7, length);
			family[length] = '\0';
			for (size_t i = 0; i < families; i++)
				assert_string_not_equal(seen[i], family);
			assert_true(families < COUNT(seen));
			memcpy(seen[families++], family, sizeof(family));
			line = strchr(line, '\n') + 1;
			assert_int_equal(strncmp(line, "# TYPE ", 7), 0);
			assert_int_equal(strncmp(line + 7, family, length), 0);
			continue;
		}
		if (!strncmp(line, "# UNIT ", 7)) {
			assert_int_equal(format, METRICS_OPENMETRICS);
			continue;
		}
		assert_int_equal(strncmp(line, family, strlen(family)), 0);
		assert_true(line[strcspn(line, " ") + 1] != 'N');
	}
	assert_int_equal(format, METRICS_TEXT);
}

static void shape(void **state)
{
	(void)state;
	for (enum metrics_format format = METRICS_TEXT; format < METRICS_FORMATS; format++)
		for (int grouped = 0; grouped < 2; grouped++) {
			struct sample *s = make(format);
			char *page;

			if (grouped)
				add_groups(s, "/a", "/b");
			page = page_of(s);
			check_shape(page, format);
			free(page);
			free(s);
		}
}

static void openmetrics_names(void **state)
{
	struct sample *s = make(METRICS_OPENMETRICS);
	char *page = page_of(s);

	(void)state;
	assert_non_null(strstr(page, "# TYPE tasktax_context_switches counter\n"));
	assert_non_null(strstr(page, "# TYPE tasktax_build info\ntasktax_build_info{"));
	assert_non_null(strstr(page, "# UNIT tasktax_run_queue_wait_seconds seconds\n"));
	assert_value(page, "tasktax_tlb_shootdowns_total{direction=\"sent\"}", "27");
	free(page);
	free(s);
}

/* The stream's failure is told. */
static void full_disk(void **state)
{
	struct sample *s = make(METRICS_TEXT);
	FILE *out = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(out);
	setvbuf(out, NULL, _IONBF, 0);
	assert_int_not_equal(metrics_write(&s->census, &s->facts, out), 0);
	fclose(out);
	free(s);
}

static int print(const char *format, const char *which)
{
	struct sample *s =
		make(!strcmp(format, "openmetrics") ? METRICS_OPENMETRICS : METRICS_TEXT);

	if (!strcmp(which, "groups"))
		add_groups(s, "/system.slice/a.service", "/");
	else if (!strcmp(which, "hostile"))
		add_groups(s, "\"} 1\nevil_total 666 #\\", "\xff\\\033[2J");
	else if (!strcmp(which, "bare"))
		s->context = (struct run_context){ .tool_version = "0.1.0" };
	metrics_write(&s->census, &s->facts, stdout);
	free(s);
	return fflush(stdout) ? 1 : 0;
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts),	  cmocka_unit_test(histograms),
		cmocka_unit_test(bounds),	  cmocka_unit_test(unknown_is_absent),
		cmocka_unit_test(groups),	  cmocka_unit_test(names),
		cmocka_unit_test(hostile_labels), cmocka_unit_test(torn_row),
		cmocka_unit_test(shape),	  cmocka_unit_test(openmetrics_names),
		cmocka_unit_test(full_disk),
	};

	if (argc == 4 && !strcmp(argv[1], "--print"))
		return print(argv[2], argv[3]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
