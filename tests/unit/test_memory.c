// SPDX-License-Identifier: GPL-2.0
/*
 * test_memory.c - memory: what smaps_rollup says, how often it may be read, and the model of peaks and
 * samples.
 */
#include "stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "trace/memory.h"

/* ---- the text of smaps_rollup ---- */

#define HEAD "5583d83d9000-7ffdaf5d2000 ---p 00000000 00:00 0                          [rollup]\n"
#define BODY                                                                                      \
	"Rss:                1676 kB\nPss:                 395 kB\nPss_Dirty:           116 kB\n" \
	"Pss_Anon:            116 kB\nPss_File:            279 kB\nPss_Shmem:             0 kB\n" \
	"Shared_Clean:       1508 kB\nShared_Dirty:          4 kB\nPrivate_Clean:        48 kB\n" \
	"Private_Dirty:       116 kB\nReferenced:         1676 kB\nAnonymous:           116 kB\n"
#define TAIL                                                                                      \
	"Shared_Hugetlb:        0 kB\nPrivate_Hugetlb:       0 kB\nSwap:                  7 kB\n" \
	"SwapPss:               3 kB\nLocked:                0 kB\n"

static int parse(const char *text, struct event_memory *figures)
{
	memset(figures, 0xee, sizeof(*figures));
	return rollup_parse(text, strlen(text), figures);
}

static void test_rollup(void **state)
{
	struct event_memory figures;

	(void)state;
	assert_int_equal(parse(HEAD BODY TAIL, &figures), 0);
	assert_int_equal(figures.rss, 1676 * 1024);
	assert_int_equal(figures.pss, 395 * 1024);
	assert_int_equal(figures.shared, 1512 * 1024);
	assert_int_equal(figures.private, 164 * 1024);
	assert_int_equal(figures.swap, 7 * 1024);
	assert_int_equal(figures.swap_pss, 3 * 1024);
}

static void test_rollup_malformed(void **state)
{
	static const char *const bad[] = {
		"",
		"\n",
		HEAD,
		HEAD BODY, /* no Swap */
		HEAD TAIL, /* no Rss */
		HEAD BODY TAIL "Rss: -1 kB\n",
		HEAD BODY TAIL "Rss: kB\n",
		HEAD BODY TAIL "Rss:\n",
		HEAD BODY TAIL "Rss: 12\n",
		HEAD BODY TAIL "Rss: 12 MB\n",
		HEAD BODY TAIL "Rss: 12 kB more\n",
		HEAD BODY TAIL "Rss: 0x12 kB\n",
		HEAD BODY TAIL "Pss: 99999999999999999999 kB\n",
		HEAD BODY TAIL "Pss: 18014398509481984 kB\n", /* 2^64 bytes */
		HEAD BODY "Swap: 7 kB\nSwapPss: 3 kB",	      /* its last line is not whole */
	};
	struct event_memory figures;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse(bad[i], &figures) != -EINVAL)
			fail_msg("taken: %s", bad[i]);
}

/* Whatever is cut off: it is read to its end and no further, and half a figure is none. */
static void test_rollup_cut(void **state)
{
	static const char text[] = HEAD BODY TAIL;
	size_t whole = (size_t)(strstr(text, "Locked:") - text);

	(void)state;
	for (size_t length = 0; length < sizeof(text); length++) {
		char *copy = malloc(length + 1); /* no terminator: valgrind and ASan see the end */
		struct event_memory figures;

		assert_non_null(copy);
		memcpy(copy, text, length);
		assert_int_equal(rollup_parse(copy, length, &figures),
				 length < whole ? -EINVAL : 0);
		free(copy);
	}
}

/* ---- how often ---- */

#define MS 1000000ull

static void test_pace(void **state)
{
	struct pace pace = { .started_ns = 5000 * MS };

	(void)state;
	/* the first look at a few small processes does not wait */
	assert_true(pace_due(&pace, 50000) <= pace.started_ns);
	/* that at many waits until it is paid for */
	assert_int_equal(pace_due(&pace, 11 * MS), pace.started_ns + 1250 * MS);
	/* what is cheap is 100 ms apart */
	pace.ended_ns = 7000 * MS;
	pace.spent_ns = MS;
	assert_int_equal(pace_due(&pace, 50000), 7100 * MS);
	/* what was spent is paid for as well */
	pace.spent_ns = 30 * MS;
	assert_int_equal(pace_due(&pace, 11 * MS), pace.started_ns + 5000 * MS);
}

/* However the costs are, what was spent stays below 1 % of the time, but for the first millisecond. */
static void test_pace_over_time(void **state)
{
	static const uint64_t costs[] = { 20000, 100000, 2 * MS, 40 * MS, 900 * MS };

	(void)state;
	for (size_t i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
		struct pace pace = { .started_ns = 1000 * MS };
		uint64_t rounds = 0, end = pace.started_ns + 3600000 * MS, due;

		while ((due = pace_due(&pace, costs[i])) < end) {
			if (due < pace.started_ns)
				due = pace.started_ns;
			assert_true(due >= pace.ended_ns + (pace.ended_ns ? 100 * MS : 0));
			pace.spent_ns += costs[i] + costs[i] / 5; /* dearer than expected */
			pace.ended_ns = due + costs[i];
			assert_true(pace.spent_ns <=
				    (pace.ended_ns - pace.started_ns) / 100 + MS + MS / 5);
			rounds++;
		}
		assert_true(rounds >= 10);
		assert_true(rounds <= 36000);
	}
}

/* ---- who is sampled ---- */

static void note_new(struct sampler *sampler, uint64_t ts, uint32_t task, uint32_t parent,
		     uint32_t pid, uint64_t flags)
{
	struct event_newtask e = {
		.h = { ts, EVENT_NEWTASK, sizeof(e), 0, 0 },
		.task = task,
		.parent = parent,
		.local_tgid = pid,
		.clone_flags = flags,
	};

	assert_int_equal(sampler_note(sampler, &e.h), 0);
}

static void note_exit(struct sampler *sampler, uint32_t task, uint16_t flags)
{
	struct event_exit e = { .h = { 1, EVENT_EXIT, sizeof(e), 0, flags }, .task = task };

	assert_int_equal(sampler_note(sampler, &e.h), 0);
}

/* Samples one round; gives how many records there are, which are of these tasks in this order. */
static unsigned int sampled(struct sampler *sampler, uint32_t *tasks)
{
	unsigned int count = 0;
	const struct event_header *h;

	do
		assert_int_equal(sampler_run(sampler), 0);
	while (!sampler_due(sampler)); /* the next slice */
	for (; (h = sampler_peek(sampler)); sampler_next(sampler), count++) {
		const struct event_memory *e = (const void *)h;

		assert_int_equal(h->kind, EVENT_MEMORY);
		assert_int_equal(h->size, sizeof(*e));
		assert_int_equal(h->flags, 0);
		assert_true(e->rss >= e->pss && e->pss > 0);
		assert_int_equal(e->rss, e->shared + e->private);
		assert_int_equal(e->round, 1);
		tasks[count] = e->task;
	}
	return count;
}

static struct sampler *sampler_or_skip(void)
{
	const char *why;
	struct sampler *sampler = sampler_new(&why);

	if (!sampler) {
		assert_non_null(why);
		skip();
	}
	return sampler;
}

/* Born long ago; the pid is our own, which is there to be read. */
static void test_sampler(void **state)
{
	struct sampler *sampler = sampler_or_skip();
	uint32_t tasks[8] = { 0 }, pid = (uint32_t)getpid();

	(void)state;
	assert_true(sampler_due(sampler) == UINT64_MAX);
	note_new(sampler, 1, 1, 0, pid, 0);
	note_new(sampler, 1, 2, 1, 0, PTHREAD);
	note_new(sampler, 1, 3, 2, pid, FORK);
	note_new(sampler, 1, 4, 3, pid, VFORK);		    /* as its parent: not twice */
	note_new(sampler, 1, 5, 1, pid, FORK);		    /* ends at once */
	note_new(sampler, 1, 6, 1, 1u << 30, FORK);	    /* nobody has that pid */
	note_new(sampler, UINT64_MAX / 2, 7, 1, pid, FORK); /* too young */
	note_exit(sampler, 5, EXIT_GROUP_DEAD);
	note_exit(sampler, 2, 0); /* a thread's */
	assert_int_equal(sampled(sampler, tasks), 2);
	assert_int_equal(tasks[0] + tasks[1], 1 + 3);
	assert_true(sampler_cost_ns(sampler) > 0);
	assert_true(sampler_due(sampler) > 0);
	/* the next round is not due */
	assert_int_equal(sampled(sampler, tasks), 0);
	sampler_free(sampler);
}

/* The last one takes the place of one that ended: each is still known by its own serial. */
static void test_sampler_places(void **state)
{
	struct sampler *sampler = sampler_or_skip();
	uint32_t tasks[8] = { 0 }, pid = (uint32_t)getpid();

	(void)state;
	for (uint32_t i = 1; i <= 5; i++)
		note_new(sampler, 1, i, i > 1, pid, FORK);
	note_new(sampler, 1, 6, 5, 0, PTHREAD);
	note_exit(sampler, 1, EXIT_GROUP_DEAD);
	note_exit(sampler, 6, EXIT_GROUP_DEAD); /* its leader went before */
	note_exit(sampler, 2, EXIT_GROUP_DEAD);
	note_exit(sampler, 2, EXIT_GROUP_DEAD);
	note_exit(sampler, 77777, EXIT_GROUP_DEAD);
	assert_int_equal(sampled(sampler, tasks), 2);
	assert_int_equal(tasks[0] * tasks[1], 3 * 4);
	note_exit(sampler, 3, EXIT_GROUP_DEAD);
	note_exit(sampler, 4, EXIT_GROUP_DEAD);
	assert_true(sampler_due(sampler) == UINT64_MAX);
	sampler_free(sampler);
}

/* ---- the model ---- */

#define PAGE 4096ull
#define MIB (1ull << 20)

static void stream_peak(struct stream *stream, uint64_t ts, uint32_t task, uint64_t peak,
			uint64_t most)
{
	struct event_exit e = {
		.h.flags = EXIT_GROUP_DEAD,
		.task = task,
		.peak_pages = peak,
		.most_pages = most,
	};

	stream_send(stream, ts, &e, EVENT_EXIT, sizeof(e));
}

static void stream_sample(struct stream *stream, uint64_t ts, uint32_t task, uint32_t round,
			  uint64_t rss, uint64_t pss)
{
	struct event_memory e = {
		.task = task,
		.round = round,
		.rss = rss,
		.pss = pss,
		.private = pss / 2,
		.shared = rss - pss / 2,
	};

	stream_send(stream, ts, &e, EVENT_MEMORY, sizeof(e));
}

static void open_memory(struct stream *stream)
{
	stream_open(stream, 0);
	stream->context.page_size = PAGE;
	stream->context.memory_sampled = true;
	stream_root(stream, 10, "server");
}

static const struct process_memory *memory_of(const struct stream *stream, uint32_t task)
{
	for (uint32_t i = 0; i < stream->report->process_memory_count; i++)
		if (stream->report->process_memory[i].process ==
		    stream->report->tasks[task].process)
			return &stream->report->process_memory[i];
	return NULL;
}

static void test_peaks(void **state)
{
	struct stream s;

	(void)state;
	open_memory(&s);
	stream_fork(&s, 20, 2, 1, "modern");
	stream_fork(&s, 20, 3, 1, "before 6.16");
	stream_fork(&s, 20, 4, 1, "executes, grows");
	stream_fork(&s, 20, 5, 1, "executes, less");
	stream_fork(&s, 20, 6, 1, "lives on");
	EXEC(&s, 30, "grows", .task = 4, .mm = 14, .pid = 104, .most_pages = 500);
	EXEC(&s, 30, "less", .task = 5, .mm = 15, .pid = 105, .most_pages = 500);
	stream_peak(&s, 40, 2, 100, 700);
	stream_peak(&s, 40, 3, 0, 200);
	stream_peak(&s, 40, 4, 0, 501);
	stream_peak(&s, 40, 5, 0, 500);
	stream_peak(&s, 50, 1, 1000, 1000);
	stream_finish(&s);
	assert_int_equal(stream_process(&s, 1)->peak_rss, 1000 * PAGE);
	assert_int_equal(stream_process(&s, 2)->peak_rss, 100 * PAGE);
	assert_int_equal(stream_process(&s, 3)->peak_rss, 200 * PAGE);
	assert_int_equal(stream_process(&s, 4)->peak_rss, 501 * PAGE);
	assert_int_equal(stream_process(&s, 5)->peak_rss, 0);
	assert_int_equal(stream_process(&s, 6)->peak_rss, 0);
	assert_int_equal(s.report->memory.peak_rss, 1801 * PAGE);
	assert_int_equal(s.report->memory.peaks_unknown, 2);
	assert_true(s.report->memory.pss == BYTES_UNKNOWN);
	assert_true(s.report->memory.rss == BYTES_UNKNOWN);
	assert_int_equal(s.report->memory.rounds, 0);
	stream_close(&s);
}

/* A vfork child's address space is its parent's, and counts once. */
static void test_peak_of_a_shared_space(void **state)
{
	struct stream s;

	(void)state;
	open_memory(&s);
	NEWTASK(&s, 20, "child", .task = 2, .parent = 1, .pid = 102, .tgid = 102, .mm = 1,
		.clone_flags = VFORK);
	stream_peak(&s, 30, 2, 90, 90);
	stream_peak(&s, 40, 1, 100, 100);
	stream_finish(&s);
	assert_int_equal(stream_process(&s, 2)->peak_rss, 90 * PAGE);
	assert_int_equal(s.report->memory.peak_rss, 100 * PAGE);
	assert_int_equal(s.report->memory.peaks_unknown, 0);
	stream_close(&s);
}

/* The kernel's counters may lag behind what was seen; a sample alone is no peak. */
static void test_peak_and_samples(void **state)
{
	struct stream s;

	(void)state;
	open_memory(&s);
	stream_fork(&s, 20, 2, 1, "ends");
	stream_sample(&s, 30, 1, 1, 60 * PAGE, 6 * PAGE);
	stream_sample(&s, 30, 2, 1, 60 * PAGE, 6 * PAGE);
	stream_sample(&s, 40, 2, 2, 55 * PAGE, 7 * PAGE);
	stream_peak(&s, 50, 2, 58, 58);
	stream_finish(&s);
	assert_int_equal(stream_process(&s, 2)->peak_rss, 60 * PAGE);
	assert_int_equal(stream_process(&s, 1)->peak_rss, 0);
	stream_close(&s);
}

static void test_without_a_page_size(void **state)
{
	struct stream s;

	(void)state;
	open_memory(&s);
	s.context.page_size = 0;
	stream_peak(&s, 40, 1, 100, 100);
	stream_finish(&s);
	assert_int_equal(stream_process(&s, 1)->peak_rss, 0);
	assert_true(s.report->memory.peak_rss == BYTES_UNKNOWN);
	stream_close(&s);
}

/* Eight workers that share 64 MiB: the highest round of each sum, not a sum over time. */
static void test_rounds(void **state)
{
	const struct process_memory *worker;
	struct stream s;

	(void)state;
	open_memory(&s);
	stream_sample(&s, 20, 1, 1, 65 * MIB, 65 * MIB);
	for (uint32_t i = 2; i < 10; i++)
		stream_fork(&s, 30, i, 1, "worker");
	for (uint32_t i = 1; i < 10; i++)
		stream_sample(&s, 40, i, 2, 65 * MIB, 8 * MIB);
	for (uint32_t i = 1; i < 10; i++)
		stream_sample(&s, 50, i, 3, 64 * MIB, 7 * MIB);
	stream_finish(&s);
	assert_int_equal(s.report->memory.rounds, 3);
	assert_int_equal(s.report->memory.rss, 9ull * 65 * MIB);
	assert_int_equal(s.report->memory.pss, 72 * MIB);
	/* the largest first */
	assert_int_equal(s.report->process_memory_count, 9);
	assert_int_equal(s.report->process_memory[0].most.pss, 65 * MIB);
	assert_ptr_equal(memory_of(&s, 1), &s.report->process_memory[0]);
	worker = memory_of(&s, 5);
	assert_int_equal(worker->samples, 2);
	assert_int_equal(worker->most.pss, 8 * MIB);
	assert_int_equal(worker->most.private, 4 * MIB);
	assert_int_equal(worker->most.shared, 61 * MIB);
	assert_int_equal(worker->last.pss, 7 * MIB);
	stream_close(&s);
}

/* Another program has another memory. */
static void test_exec_begins_anew(void **state)
{
	struct stream s;

	(void)state;
	open_memory(&s);
	stream_sample(&s, 20, 1, 1, 100 * MIB, 100 * MIB);
	EXEC(&s, 30, "small", .task = 1, .mm = 2, .pid = 101, .most_pages = 100 * MIB / PAGE);
	stream_sample(&s, 40, 1, 2, 2 * MIB, MIB);
	stream_peak(&s, 50, 1, 3 * MIB / PAGE, 100 * MIB / PAGE);
	stream_finish(&s);
	assert_int_equal(memory_of(&s, 1)->samples, 1);
	assert_int_equal(memory_of(&s, 1)->most.pss, MIB);
	assert_int_equal(memory_of(&s, 1)->peak_rss, 3 * MIB);
	/* but the tree had them */
	assert_int_equal(s.report->memory.pss, 100 * MIB);
	stream_close(&s);
}

/* A sample that comes after the end is of another process with the same pid. */
static void test_reused_pid(void **state)
{
	struct stream s;

	(void)state;
	open_memory(&s);
	stream_fork(&s, 20, 2, 1, "short");
	stream_peak(&s, 30, 2, 10, 10);
	stream_sample(&s, 40, 2, 1, 100 * MIB, 100 * MIB);
	stream_sample(&s, 40, 99, 1, 100 * MIB, 100 * MIB); /* nobody's */
	stream_sample(&s, 40, UINT32_MAX, 1, 100 * MIB, 100 * MIB);
	stream_finish(&s);
	assert_int_equal(memory_of(&s, 2)->samples, 0);
	assert_int_equal(s.report->memory.rounds, 0);
	assert_int_equal(s.report->lost.unknown, 0);
	stream_close(&s);
}

static void test_denied(void **state)
{
	struct event_memory e = { .h.flags = MEMORY_DENIED, .task = 1, .round = 1 };
	struct stream s;

	(void)state;
	open_memory(&s);
	stream_send(&s, 20, &e, EVENT_MEMORY, sizeof(e));
	stream_finish(&s);
	assert_true(memory_of(&s, 1)->denied);
	assert_int_equal(memory_of(&s, 1)->samples, 0);
	assert_true(s.report->memory.pss == BYTES_UNKNOWN);
	stream_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rollup),
		cmocka_unit_test(test_rollup_malformed),
		cmocka_unit_test(test_rollup_cut),
		cmocka_unit_test(test_pace),
		cmocka_unit_test(test_pace_over_time),
		cmocka_unit_test(test_sampler),
		cmocka_unit_test(test_sampler_places),
		cmocka_unit_test(test_peaks),
		cmocka_unit_test(test_peak_of_a_shared_space),
		cmocka_unit_test(test_peak_and_samples),
		cmocka_unit_test(test_without_a_page_size),
		cmocka_unit_test(test_rounds),
		cmocka_unit_test(test_exec_begins_anew),
		cmocka_unit_test(test_reused_pid),
		cmocka_unit_test(test_denied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
