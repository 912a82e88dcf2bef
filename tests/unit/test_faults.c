// SPDX-License-Identifier: GPL-2.0
/*
 * test_faults.c - page faults through the model: kind and cause of each, fork debt, address spaces through
 * fork, vfork, exec and exit, and what is reconciled.
 */
#include "stream.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/faults.h"

/* Tasks of these tests. */
enum { A = 1, B, C, D };

/* Processes by tgid, as stream_root() and stream_fork() number them. */
enum { PID_A = 101, PID_B, PID_C };

#define RW (PROT_READ | PROT_WRITE)
#define RX (PROT_READ | PROT_EXEC)

/* What the stream's processes have mapped; see map_all(). */
enum {
	PROGRAM = 0x400000,
	DATA = 0x410000,
	BSS = 0x412000,
	HEAP = 0x500000,
	ANONYMOUS = 0x1000000,
	THREAD_STACK = 0x2000000,
	FILE_PRIVATE = 0x3000000,
	FILE_SHARED = 0x3100000,
	SHARED_MEMORY = 0x3200000,
	STACK = 0x7f000000,
	VVAR = 0x7f100000,
	NOWHERE = 0x3f00000, /* and too far below the stack to be of it */
	MAPPED_LATER = 0x3800000,
	REGION = 0x10000, /* bytes of each */
};

/* Flags of some faults in user mode. */
#define FIRST_TOUCH (FAULT_USER | FAULT_WRITE | FAULT_ANON)
#define ZERO_READ FAULT_USER
#define PROTECTED (FAULT_USER | FAULT_WRITE | FAULT_PRESENT)
#define FILE_READ (FAULT_USER | FAULT_FILE)
#define FILE_COPY (FAULT_USER | FAULT_WRITE | FAULT_FILE | FAULT_ANON)
#define SHMEM_READ (FAULT_USER | FAULT_SHMEM)
#define RACED (FAULT_USER | FAULT_WRITE)

static void start(struct stream *s)
{
	stream_open(s, 0);
	s->context.faults_measured = true;
	s->context.fault_end = "perf's page-faults";
}

static void map_all(struct stream *s, uint64_t ts, uint32_t tgid)
{
	const uint32_t priv = MAP_PRIVATE, shared = MAP_SHARED;

	stream_map(s, ts, tgid, PROGRAM, PROGRAM + REGION, RX, priv, "/bin/server");
	stream_map(s, ts, tgid, DATA, BSS, RW, priv, "/bin/server");
	stream_map(s, ts, tgid, BSS, BSS + REGION, RW, priv, "//anon");
	stream_map(s, ts, tgid, HEAP, HEAP + REGION, RW, priv, "[heap]");
	stream_map(s, ts, tgid, ANONYMOUS, ANONYMOUS + REGION, RW, priv, "//anon");
	stream_map(s, ts, tgid, THREAD_STACK, THREAD_STACK + REGION, RW, priv, "//anon");
	stream_map(s, ts, tgid, FILE_PRIVATE, FILE_PRIVATE + REGION, RW, priv, "/data/p");
	stream_map(s, ts, tgid, FILE_SHARED, FILE_SHARED + REGION, RW, shared, "/data/s");
	stream_map(s, ts, tgid, SHARED_MEMORY, SHARED_MEMORY + REGION, RW, shared,
		   "/dev/zero (deleted)");
	stream_map(s, ts, tgid, STACK, STACK + REGION, RW, priv, "[stack]");
	stream_map(s, ts, tgid, VVAR, VVAR + REGION, PROT_READ, priv, "[vvar]");
}

/* A root that has executed something, with all of it mapped. */
static void start_root(struct stream *s)
{
	start(s);
	stream_root(s, 1, "server");
	stream_image(s, 2, PID_A);
	map_all(s, 2, PID_A); /* the kernel maps while it executes, and bss only then */
	EXEC(s, 3, "server", .task = A, .mm = 2, .pid = PID_A, .old_pid = PID_A);
}

static void expect_faults(const struct stream *s, enum fault_cause cause, enum fault_kind kind,
			  uint64_t wanted)
{
	uint64_t count = stream_faults(s, cause, kind);

	if (count != wanted)
		fail_msg("%s %s: %d, not %d", fault_cause_name(cause), fault_kind_name(kind),
			 (int)count, (int)wanted);
}

static void expect_debt(const struct fork_debt *debt, uint64_t cow, uint64_t refaults)
{
	assert_int_equal(debt->cow, cow);
	assert_int_equal(debt->refaults, refaults);
	assert_int_equal(debt->time_ns, (cow + refaults) * 100);
}

/* A fault that takes 100 ns. */
static void fault(struct stream *s, uint64_t ts, uint32_t task, uint64_t address, uint16_t flags)
{
	FAULT(s, ts, task, address, flags, .time_ns = 100);
}

/* ---- what it was ---- */

/* One letter for each kind. */
static const char letters[] = "TZCPFSWUR.";

/* The columns below. */
enum { NO_REGION, ANON, STACK_OF_THREAD, OF_FILE, OF_SHARED_FILE, OF_SHMEM, SPECIAL, COLUMNS };

static const struct {
	struct region region;
	enum region_class class;
} columns[COLUMNS] = {
	{ { 0 }, REGION_UNKNOWN },
	{ { .anonymous = true }, REGION_HEAP },
	{ { .anonymous = true, .stack_top = UINT64_MAX }, REGION_THREAD_STACK },
	{ { 0 }, REGION_FILE },
	{ { .shared = true }, REGION_SHARED_FILE },
	{ { .shared = true }, REGION_SHARED_MEMORY },
	{ { .anonymous = true }, REGION_SPECIAL },
};

/* History of the address space, and who lives in it. */
#define KNOWN 1	  /* nothing but its own */
#define FORKED 2  /* its pages were once shared by a fork */
#define UNTOLD 4  /* what was mapped in it was not told of */
#define CROWDED 8 /* KNOWN, with two live tasks */
#define ANY 15

static struct space space_with(unsigned int history)
{
	return (struct space){ .live = history == CROWDED ? 2 : 1,
			       .history_known = history != UNTOLD,
			       .forked = history == FORKED };
}

static const struct {
	uint16_t flags;
	unsigned int histories;
	char kinds[COLUMNS + 1]; /* no region, anonymous, thread stack, file, shared, shmem, vvar */
} signatures[] = {
	/* the counters that moved tell */
	{ FAULT_ANON | FAULT_WRITE, ANY, "TTTPPPT" },
	{ FAULT_ANON | FAULT_WRITE | FAULT_PRESENT, ANY, "TTTPPPT" },
	{ FAULT_ANON | FAULT_WRITE | FAULT_NO_PRESENT, ANY, "TTTPPPT" },
	{ FAULT_ANON | FAULT_WRITE | FAULT_HUGE, ANY, "TTTPPPT" },
	{ FAULT_ANON, ANY, "...PPP." },
	{ FAULT_ANON | FAULT_FILE | FAULT_WRITE | FAULT_PRESENT, ANY, "PPPPPPP" },
	{ FAULT_ANON | FAULT_SHMEM | FAULT_WRITE, ANY, "PPPPPPP" },
	{ FAULT_FILE, ANY, "FFFFFFF" },
	{ FAULT_FILE | FAULT_WRITE, ANY, "FFFFFFF" },
	{ FAULT_FILE | FAULT_FETCH | FAULT_MAJOR, ANY, "FFFFFFF" },
	{ FAULT_SHMEM, ANY, "SSSSSSS" },
	{ FAULT_SHMEM | FAULT_WRITE, ANY, "SSSSSSS" },
	{ FAULT_SWAP | FAULT_ANON, ANY, "WWWWWWW" },
	{ FAULT_SWAP | FAULT_ANON | FAULT_WRITE | FAULT_MAJOR, ANY, "WWWWWWW" },
	/* a write to what was there, and none moved */
	{ FAULT_WRITE | FAULT_PRESENT, KNOWN | CROWDED, "UUUUFSU" },
	{ FAULT_WRITE | FAULT_PRESENT, FORKED | UNTOLD, "UCCCFSC" },
	{ FAULT_WRITE | FAULT_NO_PRESENT, KNOWN | CROWDED, "UUUUFSU" },
	{ FAULT_WRITE | FAULT_NO_PRESENT, FORKED | UNTOLD, "UCCCFSC" },
	/* a page that was not there, and none moved */
	{ 0, KNOWN | FORKED | UNTOLD, "ZZZ...." },
	{ 0, CROWDED, "ZZZRRR." },
	{ FAULT_NO_PRESENT, KNOWN | FORKED | UNTOLD, "ZZZ...." },
	{ FAULT_WRITE, KNOWN | FORKED | UNTOLD, "......." },
	{ FAULT_WRITE, CROWDED, "RRRRRR." },
	/* a page that was there for whom did not write */
	{ FAULT_PRESENT, KNOWN | FORKED | UNTOLD, "......." },
	{ FAULT_PRESENT, CROWDED, "RRRRRR." },
	/* what moved is not known: the error code and the region */
	{ FAULT_NO_CHANGED, ANY, ".ZZFFS." },
	{ FAULT_NO_CHANGED | FAULT_FETCH, ANY, ".ZZFFS." },
	{ FAULT_NO_CHANGED | FAULT_NO_PRESENT, ANY, ".ZZFFS." },
	{ FAULT_NO_CHANGED | FAULT_WRITE, ANY, ".TTPFS." },
	{ FAULT_NO_CHANGED | FAULT_WRITE | FAULT_NO_PRESENT, ANY, ".TTPFS." },
	{ FAULT_NO_CHANGED | FAULT_WRITE | FAULT_PRESENT, KNOWN | CROWDED, ".UUPFS." },
	{ FAULT_NO_CHANGED | FAULT_WRITE | FAULT_PRESENT, FORKED | UNTOLD, ".CCPFS." },
	/* nothing is known */
	{ FAULT_NO_CHANGED | FAULT_NO_CODE, ANY, "......." },
	{ FAULT_NO_CODE, ANY, "......." },
};

static void test_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
		for (unsigned int bit = 0; bit < 8; bit++) {
			unsigned int history = signatures[i].histories & 1u << (bit / 2);
			struct space space = space_with(history);
			uint16_t flags = signatures[i].flags;

			if (!history)
				continue;
			flags |= bit & 1 ? FAULT_USER : 0; /* the mode says nothing of the kind */
			for (int column = 0; column < COLUMNS; column++) {
				enum fault_kind kind = fault_kind_of(
					flags, column ? &columns[column].region : NULL,
					columns[column].class, &space);

				if (letters[kind] != signatures[i].kinds[column])
					fail_msg("signature %zu, history %u, column %d: %s", i,
						 history, column, fault_kind_name(kind));
			}
		}
	}
}

/* With several tasks, and forked. */
static void test_a_server_that_forks(void **state)
{
	const struct space space = { .live = 9, .history_known = true, .forked = true };
	const struct region heap = { .anonymous = true };

	(void)state;
	assert_int_equal(fault_kind_of(PROTECTED, &heap, REGION_HEAP, &space), FAULT_COW_FORK);
	assert_int_equal(fault_kind_of(RACED, &heap, REGION_HEAP, &space), FAULT_RACED);
	assert_int_equal(fault_kind_of(FIRST_TOUCH, &heap, REGION_HEAP, &space), FAULT_FIRST_TOUCH);
}

static void test_names_of_words(void **state)
{
	(void)state;
	for (int i = 0; i < FAULT_KINDS; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(fault_kind_name(i), fault_kind_name(j));
	for (int i = 0; i < REGION_CLASSES; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(region_class_name(i), region_class_name(j));
	assert_string_equal(fault_cause_name(CAUSE_PROCESS), "process");
	assert_string_equal(fault_cause_name(CAUSE_THREAD), "thread");
	assert_string_equal(fault_cause_name(CAUSE_WORK), "work");
	assert_string_equal(fault_cause_name(CAUSE_UNKNOWN), "unknown");
}

/* ---- why it happened, and where ---- */

static void test_causes_by_region(void **state)
{
	static const struct {
		uint64_t address;
		uint16_t flags;
		enum fault_cause cause;
		enum fault_kind kind;
		enum region_class class;
		const char *name;
	} one[] = {
		{ PROGRAM, FILE_READ, CAUSE_PROCESS, FAULT_OF_FILE, REGION_PROGRAM, "/bin/server" },
		{ DATA, FILE_COPY, CAUSE_PROCESS, FAULT_COW_FILE, REGION_PROGRAM, "/bin/server" },
		{ BSS, FIRST_TOUCH, CAUSE_PROCESS, FAULT_FIRST_TOUCH, REGION_PROGRAM,
		  "/bin/server" },
		{ STACK, ZERO_READ, CAUSE_PROCESS, FAULT_ZERO_READ, REGION_STACK, "" },
		{ VVAR, ZERO_READ, CAUSE_PROCESS, FAULT_OTHER, REGION_SPECIAL, "" },
		{ HEAP, FIRST_TOUCH, CAUSE_WORK, FAULT_FIRST_TOUCH, REGION_HEAP, "" },
		{ ANONYMOUS, ZERO_READ, CAUSE_WORK, FAULT_ZERO_READ, REGION_ANONYMOUS, "" },
		{ ANONYMOUS, PROTECTED, CAUSE_WORK, FAULT_WRITE_PROTECT, REGION_ANONYMOUS, "" },
		{ FILE_PRIVATE, FILE_COPY, CAUSE_WORK, FAULT_COW_FILE, REGION_FILE, "/data/p" },
		{ FILE_SHARED, FILE_READ, CAUSE_WORK, FAULT_OF_FILE, REGION_SHARED_FILE,
		  "/data/s" },
		{ FILE_SHARED, PROTECTED, CAUSE_WORK, FAULT_OF_FILE, REGION_SHARED_FILE,
		  "/data/s" },
		{ SHARED_MEMORY, SHMEM_READ, CAUSE_WORK, FAULT_OF_SHMEM, REGION_SHARED_MEMORY, "" },
		{ NOWHERE, FIRST_TOUCH, CAUSE_UNKNOWN, FAULT_FIRST_TOUCH, REGION_UNKNOWN, "" },
		{ NOWHERE, PROTECTED, CAUSE_UNKNOWN, FAULT_WRITE_PROTECT, REGION_UNKNOWN, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++) {
		const struct region_row *region;
		struct stream s;

		start_root(&s);
		fault(&s, 10, A, one[i].address + 5, one[i].flags);
		stream_end(&s, 20, A, 0);
		stream_finish(&s);
		expect_faults(&s, one[i].cause, one[i].kind, 1);
		assert_int_equal(s.report->faults, 1);
		assert_int_equal(s.report->region_count, 1);
		region = stream_region(&s, one[i].class, one[i].name);
		assert_non_null(region);
		assert_int_equal(region->count, 1);
		assert_int_equal(region->time_ns, 100);
		assert_int_equal(s.report->tax.faulting_by_cause[one[i].cause], 100);
		assert_int_equal(s.report->tax.faulting_ns, 100);
		assert_true(s.report->reconcile.ok);
		stream_close(&s);
	}
}

/* Pages set aside are in none of the counters that tell the kind: the error code does, and the region. */
static void test_hugetlb(void **state)
{
	const uint64_t at = MAPPED_LATER, huge_file = MAPPED_LATER + REGION;
	struct stream s;

	(void)state;
	start_root(&s);
	stream_map(&s, 9, PID_A, at, at + REGION, RW, MAP_PRIVATE, "/anon_hugepage (deleted)");
	stream_map(&s, 9, PID_A, huge_file, huge_file + REGION, RW, MAP_SHARED | MAP_HUGETLB,
		   "/huge/f");
	fault(&s, 10, A, at, FAULT_USER | FAULT_WRITE);
	fault(&s, 11, A, at + 8, FAULT_USER);
	fault(&s, 12, A, huge_file, FAULT_USER | FAULT_WRITE);
	stream_map(&s, 13, PID_A, at, at + REGION, RW, MAP_SHARED, "/anon_hugepage (deleted)");
	fault(&s, 14, A, at, FAULT_USER | FAULT_WRITE);
	stream_map(&s, 15, PID_A, at, at + REGION, RW, MAP_PRIVATE, "//anon"); /* no more */
	fault(&s, 16, A, at, FAULT_USER | FAULT_WRITE);
	stream_finish(&s);
	expect_faults(&s, CAUSE_WORK, FAULT_FIRST_TOUCH, 1);
	expect_faults(&s, CAUSE_WORK, FAULT_ZERO_READ, 1);
	expect_faults(&s, CAUSE_WORK, FAULT_OF_FILE, 1);
	expect_faults(&s, CAUSE_WORK, FAULT_OF_SHMEM, 1);
	expect_faults(&s, CAUSE_WORK, FAULT_OTHER, 1);
	for (unsigned int i = 0; i < s.report->fault_row_count; i++)
		assert_int_equal(s.report->fault_rows[i].huge,
				 s.report->fault_rows[i].kind != FAULT_OTHER);
	stream_close(&s);
}

/* Its stack and what lies above the thread pointer are a thread's, the rest of the mapping is not. */
static void test_thread_stack(void **state)
{
	struct stream s;

	(void)state;
	start_root(&s);
	fault(&s, 9, A, THREAD_STACK, FIRST_TOUCH); /* not yet */
	NEWTASK(&s, 10, "worker", .task = B, .parent = A, .pid = 102, .tgid = PID_A,
		.local_tgid = PID_A, .mm = 2, .clone_flags = PTHREAD,
		.stack = THREAD_STACK + 0x8000 - 0x340, .tls = THREAD_STACK + 0x8000);
	fault(&s, 11, B, THREAD_STACK + 0x7ff0, FIRST_TOUCH);
	fault(&s, 12, B, THREAD_STACK, FIRST_TOUCH);
	fault(&s, 13, B, THREAD_STACK + 0x8900, ZERO_READ);   /* struct pthread */
	fault(&s, 14, A, THREAD_STACK + 0x4000, FIRST_TOUCH); /* whoever touches it */
	fault(&s, 15, B, THREAD_STACK + 0xf000, FIRST_TOUCH);
	fault(&s, 16, B, ANONYMOUS, FIRST_TOUCH);
	stream_finish(&s);
	expect_faults(&s, CAUSE_THREAD, FAULT_FIRST_TOUCH, 3);
	expect_faults(&s, CAUSE_THREAD, FAULT_ZERO_READ, 1);
	expect_faults(&s, CAUSE_WORK, FAULT_FIRST_TOUCH, 3);
	assert_int_equal(stream_region(&s, REGION_THREAD_STACK, "")->count, 4);
	assert_int_equal(stream_region(&s, REGION_ANONYMOUS, "")->count, 3);
	stream_close(&s);
}

/* A page that another thread mapped first; alone, nobody can have done that. */
static void test_raced(void **state)
{
	struct stream s;

	(void)state;
	start_root(&s);
	fault(&s, 9, A, HEAP, RACED);
	stream_thread(&s, 10, B, A, 2, "worker");
	fault(&s, 11, A, HEAP, RACED);
	fault(&s, 12, B, FILE_SHARED, FAULT_USER);
	stream_exit(&s, 13, B, 0, 0);
	fault(&s, 14, A, HEAP, RACED);
	stream_finish(&s);
	expect_faults(&s, CAUSE_THREAD, FAULT_RACED, 2);
	expect_faults(&s, CAUSE_WORK, FAULT_OTHER, 2);
	stream_close(&s);
}

static uint64_t many(const struct stream *s, bool many)
{
	uint64_t count = 0;

	for (unsigned int i = 0; i < s->report->fault_row_count; i++)
		if (s->report->fault_rows[i].many == many)
			count += s->report->fault_rows[i].count;
	return count;
}

/* One live task or several, by births and exits; a process of its own is another address space. */
static void test_mm_tasks(void **state)
{
	struct stream s;

	(void)state;
	start_root(&s);
	fault(&s, 10, A, HEAP, FIRST_TOUCH); /* one */
	stream_thread(&s, 11, B, A, 2, "worker");
	fault(&s, 12, A, HEAP, FIRST_TOUCH);
	stream_thread(&s, 13, C, A, 2, "worker");
	fault(&s, 14, C, HEAP, FIRST_TOUCH);
	stream_fork(&s, 15, D, B, "child");
	fault(&s, 16, D, HEAP, FIRST_TOUCH); /* one */
	stream_exit(&s, 17, B, 0, 0);
	stream_exit(&s, 17, B, 0, 0); /* said twice, still one */
	fault(&s, 18, A, HEAP, FIRST_TOUCH);
	stream_exit(&s, 19, C, 0, 0);
	fault(&s, 20, A, HEAP, FIRST_TOUCH); /* one */
	stream_finish(&s);
	assert_int_equal(many(&s, false), 3);
	assert_int_equal(many(&s, true), 3);
	stream_close(&s);
}

/* Severity, mode, huge, copied and time off the CPU: rows of their own, or figures of the row. */
static void test_figures_of_a_row(void **state)
{
	struct stream s;
	const struct fault_row *row;

	(void)state;
	start_root(&s);
	FAULT(&s, 10, A, FILE_SHARED, FILE_READ | FAULT_MAJOR, .time_ns = 90000, .off_ns = 80000);
	FAULT(&s, 11, A, FILE_SHARED, FILE_READ | FAULT_MAJOR, .time_ns = 50000, .off_ns = 50001);
	FAULT(&s, 12, A, FILE_SHARED, FILE_READ, .time_ns = 500);
	FAULT(&s, 13, A, FILE_SHARED, FAULT_FILE, .time_ns = 600); /* in the kernel */
	FAULT(&s, 14, A, HEAP, FIRST_TOUCH | FAULT_HUGE | FAULT_ALLOC, .time_ns = 700);
	stream_end(&s, 20, A, 0);
	stream_finish(&s);
	assert_int_equal(s.report->fault_row_count, 4);
	row = &s.report->fault_rows[0]; /* the most frequent first */
	assert_true(row->major && !row->kernel && row->count == 2);
	assert_int_equal(row->off_ns, 130001);
	assert_int_equal(row->time.count, 2);
	assert_int_equal(row->time.max, 90000);
	row = &s.report->fault_rows[1]; /* of equals, by kind, severity and mode */
	assert_int_equal(row->kind, FAULT_FIRST_TOUCH);
	assert_true(row->huge == 1 && row->copied == 1);
	assert_true(!s.report->fault_rows[2].major && !s.report->fault_rows[2].kernel);
	assert_true(!s.report->fault_rows[3].major && s.report->fault_rows[3].kernel);
	/* on the CPU: never below nothing */
	assert_int_equal(s.report->tax.faulting_ns, 10000 + 0 + 500 + 600 + 700);
	assert_int_equal(s.report->tasks[A].figures.fault_ns, 11800);
	assert_int_equal(s.report->tasks[A].figures.minor, 3);
	assert_int_equal(s.report->tasks[A].figures.major, 2);
	assert_int_equal(stream_process(&s, A)->figures.fault_ns, 11800);
	assert_int_equal(stream_region(&s, REGION_SHARED_FILE, "/data/s")->major, 2);
	stream_close(&s);
}

/* Its start or its end was not seen: counted, in no sum of times. */
static void test_untimed(void **state)
{
	struct stream s;

	(void)state;
	start_root(&s);
	FAULT(&s, 10, A, HEAP, FIRST_TOUCH, .time_ns = 300);
	FAULT(&s, 11, A, HEAP, FIRST_TOUCH, .time_ns = NS_UNKNOWN, .off_ns = 50);
	FAULT(&s, 12, A, HEAP, FAULT_NO_CODE | FAULT_NO_CHANGED | FAULT_USER,
	      .time_ns = NS_UNKNOWN);
	stream_finish(&s);
	assert_int_equal(s.report->faults, 3);
	assert_int_equal(s.report->fault_row_count, 2);
	assert_int_equal(s.report->fault_rows[0].count, 2);
	assert_int_equal(s.report->fault_rows[0].untimed, 1);
	assert_int_equal(s.report->fault_rows[0].time.count, 1);
	assert_int_equal(s.report->fault_rows[0].off_ns, 0);
	assert_int_equal(s.report->fault_rows[1].kind, FAULT_OTHER);
	assert_int_equal(s.report->tax.faulting_ns, 300);
	stream_close(&s);
}

/* Without an end there is no time at all, and no part of the tax. */
static void test_faults_without_time(void **state)
{
	struct stream s;

	(void)state;
	start_root(&s);
	s.context.fault_end = NULL;
	SWITCH(&s, 5, IDLE, A, RESUME(IDLE), 0);
	FAULT(&s, 10, A, HEAP, FIRST_TOUCH, .time_ns = NS_UNKNOWN);
	SWITCH(&s, 105, A, IDLE, VOLUNTARY, 20);
	stream_finish(&s);
	assert_true(s.report->tax.faulting_ns == NS_UNKNOWN);
	assert_true(fabs(s.report->tax.share - 20.0 / 100) < 1e-9);
	assert_int_equal(s.report->faults, 1);
	stream_close(&s);
}

static void test_share_of_the_tax(void **state)
{
	struct stream s;

	(void)state;
	start_root(&s);
	SWITCH(&s, 5, IDLE, A, RESUME(IDLE), 10);
	FAULT(&s, 50, A, HEAP, FIRST_TOUCH, .time_ns = 30, .off_ns = 5);
	SWITCH(&s, 105, A, IDLE, VOLUNTARY, 15);
	stream_finish(&s);
	assert_int_equal(s.report->tax.switching_ns, 25);
	assert_int_equal(s.report->tax.faulting_ns, 25);
	assert_true(fabs(s.report->tax.share - 50.0 / 100) < 1e-9);
	stream_close(&s);
}

/* By time, then by count; a file's name is told, memory has none. */
static void test_order_of_regions(void **state)
{
	struct stream s;

	(void)state;
	start_root(&s);
	for (uint64_t i = 0; i < 5; i++)
		FAULT(&s, 10 + i, A, HEAP + i, FIRST_TOUCH, .time_ns = 10);
	FAULT(&s, 20, A, FILE_PRIVATE, FILE_READ, .time_ns = 1000);
	FAULT(&s, 21, A, FILE_SHARED, FILE_READ, .time_ns = 50);
	stream_finish(&s);
	assert_int_equal(s.report->region_count, 3);
	assert_string_equal(s.report->regions[0].name, "/data/p");
	assert_int_equal(s.report->regions[1].class, REGION_HEAP);
	assert_string_equal(s.report->regions[1].name, "");
	assert_string_equal(s.report->regions[2].name, "/data/s");
	stream_close(&s);
}

/* ---- fork debt ---- */

/* Writes to what was shared, and minor faults on what the parent had mapped; not what is the child's own. */
static void test_debt_of_a_child(void **state)
{
	struct stream s;

	(void)state;
	start_root(&s);
	fault(&s, 8, A, HEAP, PROTECTED); /* nobody has forked: not known why it was protected */
	stream_fork(&s, 10, B, A, "child");
	stream_map(&s, 11, PID_B, MAPPED_LATER, MAPPED_LATER + REGION, RW, MAP_SHARED, "/data/new");
	fault(&s, 12, B, HEAP, PROTECTED);
	fault(&s, 13, B, ANONYMOUS, PROTECTED | FAULT_ALLOC);
	fault(&s, 14, B, PROGRAM, FILE_READ);
	fault(&s, 15, B, FILE_SHARED, PROTECTED);
	fault(&s, 16, B, SHARED_MEMORY, SHMEM_READ);
	fault(&s, 17, B, FILE_SHARED, FILE_READ | FAULT_MAJOR); /* the page was not there */
	fault(&s, 18, B, MAPPED_LATER, FILE_READ);
	fault(&s, 19, B, HEAP, FIRST_TOUCH);
	fault(&s, 20, B, NOWHERE, FILE_READ);
	stream_finish(&s);
	expect_debt(&s.report->debt_children, 2, 3);
	expect_debt(&stream_process(&s, B)->debt_own, 2, 3);
	assert_int_equal(s.report->debt_children.cow_copied, 1);
	expect_debt(&stream_process(&s, A)->debt_own, 0, 0);
	expect_debt(&stream_process(&s, B)->debt_parent, 0, 0);
	expect_debt(&s.report->debt_parents, 0, 0);
	expect_faults(&s, CAUSE_PROCESS, FAULT_COW_FORK, 2);
	expect_faults(&s, CAUSE_PROCESS, FAULT_OF_FILE, 2);
	expect_faults(&s, CAUSE_PROCESS, FAULT_OF_SHMEM, 1);
	expect_faults(&s, CAUSE_WORK, FAULT_OF_FILE, 2);
	expect_faults(&s, CAUSE_UNKNOWN, FAULT_OF_FILE, 1);
	expect_faults(&s, CAUSE_WORK, FAULT_WRITE_PROTECT, 1);
	stream_close(&s);
}

/* Told of again (mprotect), a mapping keeps its age; another file over it is younger than the fork. */
static void test_debt_and_age(void **state)
{
	struct stream s;

	(void)state;
	start_root(&s);
	stream_fork(&s, 10, B, A, "child");
	stream_map(&s, 11, PID_B, FILE_SHARED, FILE_SHARED + REGION, PROT_READ, MAP_SHARED,
		   "/data/s");
	fault(&s, 12, B, FILE_SHARED, FILE_READ);
	stream_map(&s, 13, PID_B, FILE_SHARED, FILE_SHARED + REGION, RW, MAP_SHARED, "/data/t");
	fault(&s, 14, B, FILE_SHARED, FILE_READ);
	stream_finish(&s);
	expect_debt(&s.report->debt_children, 0, 1);
	stream_close(&s);
}

/* A server with helper threads and BGSAVE: the parent pays, charged to its latest fork. */
static void test_debt_of_a_parent(void **state)
{
	struct stream s;

	(void)state;
	start_root(&s);
	stream_thread(&s, 9, D, A, 2, "helper");
	stream_fork(&s, 10, B, A, "saver");
	fault(&s, 11, A, HEAP, PROTECTED | FAULT_ALLOC);
	fault(&s, 12, D, HEAP, PROTECTED | FAULT_ALLOC);
	fault(&s, 13, A, FILE_SHARED, FILE_READ); /* parents have no refaults */
	stream_exit(&s, 14, B, 0, EXIT_GROUP_DEAD);
	fault(&s, 15, A, ANONYMOUS, PROTECTED); /* still protected after its end */
	stream_fork(&s, 16, C, A, "saver");
	fault(&s, 17, A, ANONYMOUS, PROTECTED);
	stream_finish(&s);
	expect_debt(&s.report->debt_parents, 4, 0);
	expect_debt(&s.report->debt_children, 0, 0);
	expect_debt(&stream_process(&s, B)->debt_parent, 3, 0);
	expect_debt(&stream_process(&s, C)->debt_parent, 1, 0);
	assert_int_equal(stream_process(&s, B)->debt_parent.cow_copied, 2);
	expect_debt(&stream_process(&s, A)->debt_own, 0, 0);
	expect_faults(&s, CAUSE_PROCESS, FAULT_COW_FORK, 4);
	expect_faults(&s, CAUSE_WORK, FAULT_OF_FILE, 1);
	stream_close(&s);
}

/* A forks B forks C: what B copies is for being forked until it forks itself, its refaults always. */
static void test_debt_of_a_child_that_forks(void **state)
{
	struct stream s;

	(void)state;
	start_root(&s);
	stream_fork(&s, 10, B, A, "middle");
	fault(&s, 11, B, HEAP, PROTECTED);
	stream_fork(&s, 12, C, B, "leaf");
	fault(&s, 13, B, HEAP, PROTECTED);
	fault(&s, 14, B, PROGRAM, FILE_READ);
	fault(&s, 15, C, HEAP, PROTECTED);
	fault(&s, 16, A, HEAP, PROTECTED);
	stream_finish(&s);
	expect_debt(&stream_process(&s, B)->debt_own, 1, 1);
	expect_debt(&stream_process(&s, C)->debt_parent, 1, 0);
	expect_debt(&stream_process(&s, C)->debt_own, 1, 0);
	expect_debt(&stream_process(&s, B)->debt_parent, 1, 0);
	expect_debt(&s.report->debt_children, 2, 1);
	expect_debt(&s.report->debt_parents, 2, 0);
	stream_close(&s);
}

/* Whose creation was not seen; his child is a child all the same. */
static void test_debt_of_an_unknown_parent(void **state)
{
	struct stream s;

	(void)state;
	start(&s);
	stream_fork(&s, 10, B, A, "child");
	stream_map(&s, 11, PID_B, HEAP, HEAP + REGION, RW, MAP_PRIVATE, "[heap]");
	fault(&s, 12, B, HEAP, PROTECTED);
	stream_finish(&s);
	expect_debt(&stream_process(&s, B)->debt_own, 1, 0);
	expect_debt(&s.report->debt_children, 1, 0);
	stream_close(&s);
}

/* An exec ends it, for child and parent alike. */
static void test_an_exec_ends_debt(void **state)
{
	struct stream s;

	(void)state;
	start_root(&s);
	stream_fork(&s, 10, B, A, "sh");
	fault(&s, 11, B, HEAP, PROTECTED);
	fault(&s, 12, A, HEAP, PROTECTED);
	for (uint32_t i = A; i <= B; i++) {
		stream_image(&s, 20, 100 + i);
		EXEC(&s, 21, "ls", .task = i, .mm = 2 + i, .pid = 100 + i, .old_pid = 100 + i);
		map_all(&s, 22, 100 + i);
		fault(&s, 23, i, HEAP, PROTECTED);
		fault(&s, 24, i, SHARED_MEMORY, SHMEM_READ);
	}
	stream_finish(&s);
	expect_debt(&s.report->debt_children, 1, 0);
	expect_debt(&s.report->debt_parents, 1, 0);
	expect_faults(&s, CAUSE_WORK, FAULT_WRITE_PROTECT, 2);
	expect_faults(&s, CAUSE_WORK, FAULT_OF_SHMEM, 2);
	stream_close(&s);
}

/* ---- address spaces ---- */

/* It uses its parent's, and what is mapped there, until it executes something. */
static void test_vfork(void **state)
{
	struct stream s;

	(void)state;
	start_root(&s);
	stream_vfork(&s, 10, B, A, 2, "make");
	fault(&s, 11, B, HEAP, FIRST_TOUCH);
	stream_map(&s, 12, PID_B, MAPPED_LATER, MAPPED_LATER + REGION, RW, MAP_PRIVATE, "/data/v");
	fault(&s, 13, A, MAPPED_LATER, FILE_READ); /* the child mapped it for both */
	assert_int_equal(model_live_tasks(s.model), 2);
	stream_image(&s, 20, PID_B);
	EXEC(&s, 21, "cc", .task = B, .mm = 3, .pid = PID_B, .old_pid = PID_B);
	fault(&s, 22, B, HEAP, ZERO_READ); /* nothing is mapped there */
	fault(&s, 23, A, HEAP, FIRST_TOUCH);
	stream_exit(&s, 24, B, 0, EXIT_GROUP_DEAD);
	fault(&s, 25, A, HEAP, FIRST_TOUCH);
	stream_finish(&s);
	assert_int_equal(stream_region(&s, REGION_HEAP, "")->count, 3);
	assert_int_equal(stream_region(&s, REGION_FILE, "/data/v")->count, 1);
	assert_int_equal(stream_region(&s, REGION_UNKNOWN, "")->count, 1);
	assert_int_equal(many(&s, true), 2); /* those before the exec */
	expect_debt(&s.report->debt_children, 0, 0);
	stream_close(&s);
}

/* It ends without having executed anything. */
static void test_vfork_that_exits(void **state)
{
	struct stream s;

	(void)state;
	start_root(&s);
	stream_vfork(&s, 10, B, A, 2, "make");
	stream_exit(&s, 11, B, 0, EXIT_GROUP_DEAD);
	fault(&s, 12, A, HEAP, FIRST_TOUCH);
	stream_fork(&s, 13, C, A, "child"); /* takes no place of one that is in use */
	fault(&s, 14, A, HEAP, PROTECTED);
	fault(&s, 15, C, HEAP, PROTECTED);
	stream_finish(&s);
	assert_int_equal(stream_region(&s, REGION_HEAP, "")->count, 3);
	assert_int_equal(many(&s, true), 0);
	expect_debt(&s.report->debt_children, 1, 0);
	expect_debt(&s.report->debt_parents, 1, 0);
	stream_close(&s);
}

/* The new space is there from EVENT_IMAGE on; EVENT_EXEC after it makes no other. */
static void test_exec(void **state)
{
	struct stream s;

	(void)state;
	start_root(&s);
	stream_image(&s, 10, PID_A);
	fault(&s, 11, A, HEAP, ZERO_READ); /* what was mapped is gone */
	stream_map(&s, 12, PID_A, STACK, STACK + REGION, RW, MAP_PRIVATE, "[stack]");
	EXEC(&s, 13, "ls", .task = A, .mm = 3, .pid = PID_A, .old_pid = PID_A);
	fault(&s, 14, A, STACK, FIRST_TOUCH);
	stream_finish(&s);
	assert_int_equal(stream_region(&s, REGION_UNKNOWN, "")->count, 1);
	assert_int_equal(stream_region(&s, REGION_STACK, "")->count, 1);
	stream_close(&s);
}

/* Its EVENT_IMAGE was lost: a new space, about which not everything was told. */
static void test_exec_without_image(void **state)
{
	struct stream s;

	(void)state;
	start_root(&s);
	EXEC(&s, 10, "ls", .task = A, .mm = 3, .pid = PID_A, .old_pid = PID_A);
	fault(&s, 11, A, HEAP, ZERO_READ);
	stream_map(&s, 12, PID_A, HEAP, HEAP + REGION, RW, MAP_PRIVATE, "[heap]");
	fault(&s, 13, A, HEAP, PROTECTED); /* by whatever fork */
	/* the next one is whole again */
	stream_image(&s, 20, PID_A);
	EXEC(&s, 21, "ls", .task = A, .mm = 4, .pid = PID_A, .old_pid = PID_A);
	stream_map(&s, 22, PID_A, HEAP, HEAP + REGION, RW, MAP_PRIVATE, "[heap]");
	fault(&s, 23, A, HEAP, PROTECTED);
	stream_finish(&s);
	assert_int_equal(stream_region(&s, REGION_UNKNOWN, "")->count, 1);
	expect_faults(&s, CAUSE_PROCESS, FAULT_COW_FORK, 1);
	expect_faults(&s, CAUSE_WORK, FAULT_WRITE_PROTECT, 1);
	expect_debt(&s.report->debt_children, 0, 0); /* of no fork that was seen */
	stream_close(&s);
}

/* Until the root executes the command, it runs the loader's code: the start of a process. */
static void test_root_before_its_exec(void **state)
{
	struct stream s;

	(void)state;
	start(&s);
	stream_root(&s, 1, "tasktax");
	fault(&s, 2, A, HEAP, FIRST_TOUCH);
	stream_image(&s, 3, PID_A);
	EXEC(&s, 4, "server", .task = A, .mm = 2, .pid = PID_A, .old_pid = PID_A);
	fault(&s, 5, A, HEAP, FIRST_TOUCH);
	stream_finish(&s);
	expect_faults(&s, CAUSE_PROCESS, FAULT_FIRST_TOUCH, 1);
	expect_faults(&s, CAUSE_UNKNOWN, FAULT_FIRST_TOUCH, 1);
	stream_close(&s);
}

/* Whoever executes is alone afterwards, also if he was a thread. */
static void test_exec_of_a_thread(void **state)
{
	struct stream s;

	(void)state;
	start_root(&s);
	stream_thread(&s, 10, B, A, 2, "worker");
	stream_exit(&s, 11, A, 0, 0);
	stream_image(&s, 12, PID_A);
	EXEC(&s, 13, "ls", .task = B, .mm = 3, .pid = PID_A, .old_pid = 102);
	map_all(&s, 14, PID_A);
	fault(&s, 15, B, HEAP, FIRST_TOUCH);
	stream_exit(&s, 16, B, 0, EXIT_GROUP_DEAD);
	fault(&s, 17, B, HEAP, FIRST_TOUCH); /* late: its space is no more */
	stream_finish(&s);
	assert_int_equal(many(&s, true), 0);
	assert_int_equal(stream_region(&s, REGION_HEAP, "")->count, 1);
	assert_int_equal(stream_region(&s, REGION_UNKNOWN, "")->count, 1);
	stream_close(&s);
}

/* The maps are one until one of both changes; then each has its own. */
static void test_fork_copies_the_map(void **state)
{
	struct stream s;

	(void)state;
	start_root(&s);
	stream_fork(&s, 10, B, A, "child");
	stream_map(&s, 11, PID_A, MAPPED_LATER, MAPPED_LATER + REGION, RW, MAP_PRIVATE, "/data/a");
	stream_map(&s, 12, PID_B, MAPPED_LATER, MAPPED_LATER + REGION, RW, MAP_PRIVATE, "/data/b");
	stream_map(&s, 13, PID_B, HEAP, HEAP + REGION, RW, MAP_PRIVATE, "/data/b");
	fault(&s, 14, A, MAPPED_LATER, FILE_READ);
	fault(&s, 15, A, HEAP, FIRST_TOUCH);
	fault(&s, 16, B, MAPPED_LATER, FILE_READ);
	fault(&s, 17, B, HEAP, FILE_READ);
	fault(&s, 18, B, ANONYMOUS, FIRST_TOUCH);
	stream_exit(&s, 19, A, 0, EXIT_GROUP_DEAD);
	fault(&s, 20, B, ANONYMOUS, FIRST_TOUCH); /* the parent's end takes nothing with it */
	stream_finish(&s);
	assert_int_equal(stream_region(&s, REGION_FILE, "/data/a")->count, 1);
	assert_int_equal(stream_region(&s, REGION_FILE, "/data/b")->count, 2);
	assert_int_equal(stream_region(&s, REGION_HEAP, "")->count, 1);
	assert_int_equal(stream_region(&s, REGION_ANONYMOUS, "")->count, 2);
	stream_close(&s);
}

/* Many generations: the table of spaces is used again, and grows. */
static void test_many_processes(void **state)
{
	struct stream s;
	uint64_t ts = 10;

	(void)state;
	start_root(&s);
	for (uint32_t i = 0; i < 300; i++) { /* all at once */
		stream_fork(&s, ts++, 10 + i, A, "child");
		fault(&s, ts++, 10 + i, HEAP, PROTECTED);
	}
	for (uint32_t i = 0; i < 300; i++)
		stream_exit(&s, ts++, 10 + i, 0, EXIT_GROUP_DEAD);
	for (uint32_t i = 0; i < 150; i++) { /* one after the other */
		stream_fork(&s, ts++, 320 + i, A, "child");
		fault(&s, ts++, 320 + i, ANONYMOUS, PROTECTED);
		stream_exit(&s, ts++, 320 + i, 0, EXIT_GROUP_DEAD);
	}
	stream_finish(&s);
	expect_debt(&s.report->debt_children, 450, 0);
	for (uint32_t i = 10; i < 470; i++)
		if (i < 310 || i >= 320)
			expect_debt(&stream_process(&s, i)->debt_own, 1, 0);
	stream_close(&s);
}

/* A thread of a process that was not seen to begin has an address space, but not that of all such. */
static void test_threads_of_unknown_parents(void **state)
{
	struct stream s;

	(void)state;
	start(&s);
	NEWTASK(&s, 1, "one", .task = C, .parent = A, .pid = 103, .tgid = PID_A,
		.local_tgid = PID_A, .mm = 1, .clone_flags = PTHREAD);
	NEWTASK(&s, 2, "two", .task = D, .parent = B, .pid = 104, .tgid = PID_B,
		.local_tgid = PID_B, .mm = 2, .clone_flags = PTHREAD);
	stream_map(&s, 3, PID_A, HEAP, HEAP + REGION, RW, MAP_PRIVATE, "[heap]");
	fault(&s, 4, C, HEAP, FIRST_TOUCH);
	fault(&s, 5, D, HEAP, FIRST_TOUCH);
	fault(&s, 6, 9, HEAP, FIRST_TOUCH); /* of whom nothing at all is known */
	stream_finish(&s);
	assert_int_equal(many(&s, true), 0);
	assert_int_equal(stream_region(&s, REGION_HEAP, "")->count, 1);
	assert_int_equal(stream_region(&s, REGION_UNKNOWN, "")->count, 2);
	stream_close(&s);
}

/* ---- who is asked for his mappings when nobody tells of them ---- */

static void expect_unmapped(const struct stream *s, uint32_t task, uint64_t address, uint32_t pid)
{
	const struct event_fault event = {
		.h = { 50, EVENT_FAULT, sizeof(event), 0, FIRST_TOUCH },
		.task = task,
		.mm = 7,
		.address = address,
	};
	const struct unmapped unmapped = model_unmapped(s->model, &event.h);

	assert_int_equal(unmapped.pid, pid);
	assert_int_equal(unmapped.mm, pid ? 7 : 0);
}

static void test_unmapped(void **state)
{
	struct event_newtask thread = { .h = { 50, EVENT_NEWTASK, sizeof(thread), 0, 0 },
					.task = D,
					.parent = A,
					.mm = 2,
					.clone_flags = PTHREAD,
					.stack = THREAD_STACK + 0x8000 };
	struct stream s;

	(void)state;
	start(&s);
	stream_root(&s, 1, "tasktax");
	expect_unmapped(&s, A, HEAP, 0); /* its faults are of the start in any case */
	EXEC(&s, 2, "server", .task = A, .mm = 2, .pid = PID_A, .old_pid = PID_A);
	expect_unmapped(&s, A, HEAP, PID_A);
	assert_int_equal(model_unmapped(s.model, &thread.h).pid, PID_A);
	assert_int_equal(model_unmapped(s.model, &thread.h).mm, 2);
	stream_map(&s, 3, PID_A, HEAP, HEAP + REGION, RW, MAP_PRIVATE, "[heap]");
	stream_map(&s, 3, PID_A, THREAD_STACK, THREAD_STACK + 0x8000, RW, MAP_PRIVATE, "");
	expect_unmapped(&s, A, HEAP, 0);
	expect_unmapped(&s, A, HEAP + REGION, PID_A);
	/* the stack ends where the mapping does */
	assert_int_equal(model_unmapped(s.model, &thread.h).pid, 0);
	stream_fork(&s, 4, B, A, "child");
	expect_unmapped(&s, B, HEAP, 0); /* as its parent's */
	expect_unmapped(&s, B, NOWHERE, PID_B);
	stream_thread(&s, 5, C, B, 3, "thread");
	expect_unmapped(&s, C, NOWHERE, PID_B); /* the process, by whatever thread */
	stream_exit(&s, 6, C, 0, 0);
	stream_exit(&s, 7, B, 0, EXIT_GROUP_DEAD);
	expect_unmapped(&s, B, NOWHERE, 0); /* gone */
	expect_unmapped(&s, 9, NOWHERE, 0); /* of whom nothing is known */
	thread.h.size--;
	assert_int_equal(model_unmapped(s.model, &thread.h).pid, 0);
	stream_finish(&s);
	stream_close(&s);
}

/* ---- the side band ---- */

/* It tells of the whole host: what is no target's is no record of ours. */
static void test_strangers(void **state)
{
	struct stream s;

	(void)state;
	start(&s);
	stream_image(&s, 1, PID_A); /* the root is not known yet */
	stream_map(&s, 1, PID_A, HEAP, HEAP + REGION, RW, MAP_PRIVATE, "[heap]");
	stream_root(&s, 2, "server");
	stream_image(&s, 3, 4711);
	stream_map(&s, 4, 4711, HEAP, HEAP + REGION, RW, MAP_PRIVATE, "[heap]");
	stream_map(&s, 5, 0, HEAP, HEAP + REGION, RW, MAP_PRIVATE, "[heap]");
	stream_map(&s, UINT64_MAX, 4711, HEAP, HEAP + REGION, RW, MAP_PRIVATE, "[heap]");
	fault(&s, 6, A, HEAP, FIRST_TOUCH);
	stream_finish(&s);
	assert_int_equal(s.report->received, 2);
	assert_int_equal(s.report->late, 0); /* a stranger's stamp means nothing */
	assert_int_equal(s.report->lost.unknown, 0);
	assert_non_null(stream_region(&s, REGION_UNKNOWN, ""));
	stream_close(&s);
}

/* A process that our pid namespace does not show has no tgid there; 0 is nobody. */
static void test_process_without_local_tgid(void **state)
{
	struct stream s;

	(void)state;
	start(&s);
	NEWTASK(&s, 1, "server", .task = A, .pid = PID_A, .tgid = PID_A, .mm = 1);
	stream_map(&s, 2, PID_A, HEAP, HEAP + REGION, RW, MAP_PRIVATE, "[heap]");
	stream_map(&s, 3, 0, HEAP, HEAP + REGION, RW, MAP_PRIVATE, "[heap]");
	fault(&s, 4, A, HEAP, FIRST_TOUCH);
	stream_finish(&s);
	assert_int_equal(s.report->received, 2);
	assert_non_null(stream_region(&s, REGION_UNKNOWN, ""));
	stream_close(&s);
}

/* A pid that is used again: by a stranger first, then by a process of ours. */
static void test_reused_pid(void **state)
{
	struct stream s;

	(void)state;
	start_root(&s);
	stream_fork(&s, 10, B, A, "first");
	stream_exit(&s, 11, B, 0, EXIT_GROUP_DEAD);
	stream_map(&s, 12, PID_B, HEAP, HEAP + REGION, RW, MAP_PRIVATE, "/data/stranger");
	NEWTASK(&s, 13, "second", .task = C, .parent = A, .pid = PID_B, .tgid = PID_B,
		.local_tgid = PID_B, .mm = 4, .clone_flags = FORK);
	stream_map(&s, 14, PID_B, MAPPED_LATER, MAPPED_LATER + REGION, RW, MAP_PRIVATE, "/data/c");
	fault(&s, 15, C, HEAP, PROTECTED);
	fault(&s, 16, C, MAPPED_LATER, FILE_READ);
	stream_finish(&s);
	assert_null(stream_region(&s, REGION_FILE, "/data/stranger"));
	assert_int_equal(stream_region(&s, REGION_FILE, "/data/c")->count, 1);
	expect_debt(&stream_process(&s, C)->debt_own, 1, 0);
	expect_debt(&stream_process(&s, B)->debt_own, 0, 0);
	stream_close(&s);
}

/* Names that do not end and ranges that are none. */
static void test_damaged_mappings(void **state)
{
	struct {
		struct event_mapping e;
		char name[16];
	} record = { .e = { .tgid = PID_A, .start = HEAP, .end = HEAP + REGION } };
	struct stream s;

	(void)state;
	start_root(&s);
	stream_send(&s, 10, &record, EVENT_MAPPING, sizeof(record.e)); /* no name */
	memset(record.name, 'x', sizeof(record.name));
	stream_send(&s, 11, &record, EVENT_MAPPING, sizeof(record)); /* without end */
	stream_send(&s, 12, &record, EVENT_MAPPING, 8);
	stream_send(&s, 13, &record, EVENT_IMAGE, 16);
	stream_send(&s, 14, &record, EVENT_FAULT, sizeof(struct event_fault) + 8);
	stream_map(&s, 15, PID_A, HEAP + REGION, HEAP, RW, MAP_PRIVATE, "/data/x");
	stream_map(&s, 16, PID_A, HEAP, HEAP, RW, MAP_PRIVATE, "/data/x");
	fault(&s, 17, A, HEAP, FIRST_TOUCH);
	stream_finish(&s);
	assert_int_equal(s.report->lost.unknown, 5);
	assert_non_null(stream_region(&s, REGION_HEAP, ""));
	stream_close(&s);
}

/* ---- against the kernel's counters ---- */

static void test_reconciled(void **state)
{
	const struct reconciliation *r;
	struct stream s;

	(void)state;
	start_root(&s);
	fault(&s, 10, A, HEAP, FIRST_TOUCH);
	fault(&s, 11, A, HEAP + 1, FIRST_TOUCH);
	fault(&s, 12, A, FILE_SHARED, FILE_READ | FAULT_MAJOR);
	stream_lose_fault(&s, A, 0);
	stream_lose_fault(&s, A, FAULT_MAJOR);
	stream_lose_fault(&s, A, FAULT_MAJOR);
	stream_book_fault(&s, A, 0); /* get_user_pages: no event */
	s.task[A].account.unraised_minor = 1;
	s.task[A].account.unfinished = 4;
	stream_end(&s, 20, A, 0);
	stream_finish(&s);
	r = &s.report->reconcile;
	assert_true(r->minor.balance.known && r->major.balance.known);
	assert_int_equal(r->minor.balance.seen, 2);
	assert_int_equal(r->minor.balance.lost, 1);
	assert_int_equal(r->minor.balance.kernel, 4);
	assert_int_equal(r->minor.no_event, 1);
	assert_int_equal(r->minor.unraised, 1);
	assert_int_equal(r->major.balance.seen, 1);
	assert_int_equal(r->major.balance.lost, 2);
	assert_int_equal(r->major.balance.kernel, 3);
	assert_int_equal(r->major.no_event, 0);
	assert_int_equal(r->unfinished, 4);
	assert_true(r->ok);
	assert_false(s.report->complete);
	stream_close(&s);
}

/* No loss of ours explains what was seen and not counted. */
static void test_more_seen_than_counted(void **state)
{
	(void)state;
	for (int major = 0; major < 2; major++) {
		struct task_counters *last;
		struct stream s;

		start_root(&s);
		last = &s.task[A].account.last;
		for (uint64_t i = 0; i < 3; i++) {
			FAULT(&s, 10 + i, A, HEAP, FIRST_TOUCH | (major ? FAULT_MAJOR : 0));
			/* as if the kernel had not counted the first */
			if (!i && major)
				last->maj_flt--;
			else if (!i)
				last->min_flt--;
		}
		stream_end(&s, 20, A, 0);
		stream_finish(&s);
		assert_false(s.report->reconcile.ok);
		assert_int_equal(s.report->reconcile.tasks_off, 1);
		assert_int_equal(major ? s.report->reconcile.major.no_event :
					 s.report->reconcile.minor.no_event,
				 -1);
		stream_close(&s);
	}
}

/* Of a task that lives on, its counters were read before its latest faults: their records tell. */
static void test_a_task_that_lives_on(void **state)
{
	struct stream s;

	(void)state;
	start_root(&s);
	fault(&s, 10, A, HEAP, FIRST_TOUCH);
	stream_end(&s, 11, A, END_CLOSED);
	fault(&s, 12, A, HEAP + 1, FIRST_TOUCH);
	fault(&s, 13, A, FILE_SHARED, FILE_READ | FAULT_MAJOR);
	stream_finish(&s);
	assert_int_equal(s.report->reconcile.minor.balance.kernel, 2);
	assert_int_equal(s.report->reconcile.major.balance.kernel, 1);
	assert_int_equal(s.report->reconcile.minor.no_event, 0);
	assert_true(s.report->reconcile.ok);
	stream_close(&s);
}

/* The same when the records of two CPUs come in the wrong order. */
static void test_late_records(void **state)
{
	struct event_fault first = { .h.flags = FIRST_TOUCH, .task = A, .min_flt = 51 };
	struct event_fault second = { .h.flags = FIRST_TOUCH, .task = A, .min_flt = 52 };
	struct stream s;

	(void)state;
	start_root(&s);
	s.task[A].account.base.min_flt = s.task[A].account.last.min_flt = 50;
	stream_end(&s, 9, A, END_CLOSED);
	stream_send(&s, 12, &second, EVENT_FAULT, sizeof(second));
	stream_send(&s, 11, &first, EVENT_FAULT, sizeof(first));
	stream_finish(&s);
	assert_int_equal(s.report->late, 1);
	assert_int_equal(s.report->reconcile.minor.balance.kernel, 2);
	assert_true(s.report->reconcile.ok);
	stream_close(&s);
}

/* A task whose counters never came says so, also if it never left the CPU. */
static void test_unread(void **state)
{
	struct stream s;

	(void)state;
	start_root(&s);
	fault(&s, 10, A, HEAP, FIRST_TOUCH);
	stream_finish(&s);
	assert_int_equal(s.report->reconcile.tasks_unread, 1);
	assert_false(s.report->reconcile.ok);
	assert_false(s.report->reconcile.minor.balance.known);
	stream_close(&s);
}

/* Without their records, the kernel's counts of faults are compared with nothing. */
static void test_not_measured(void **state)
{
	struct stream s;

	(void)state;
	start_root(&s);
	s.context.faults_measured = false;
	stream_book_fault(&s, A, 0);
	stream_end(&s, 10, A, 0);
	stream_finish(&s);
	assert_false(s.report->reconcile.minor.balance.known);
	assert_true(s.report->reconcile.ok);
	assert_true(s.report->tax.faulting_ns == NS_UNKNOWN);
	assert_int_equal(s.report->fault_row_count, 0);
	stream_close(&s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_a_server_that_forks),
		cmocka_unit_test(test_names_of_words),
		cmocka_unit_test(test_causes_by_region),
		cmocka_unit_test(test_hugetlb),
		cmocka_unit_test(test_thread_stack),
		cmocka_unit_test(test_raced),
		cmocka_unit_test(test_mm_tasks),
		cmocka_unit_test(test_figures_of_a_row),
		cmocka_unit_test(test_untimed),
		cmocka_unit_test(test_faults_without_time),
		cmocka_unit_test(test_share_of_the_tax),
		cmocka_unit_test(test_order_of_regions),
		cmocka_unit_test(test_debt_of_a_child),
		cmocka_unit_test(test_debt_and_age),
		cmocka_unit_test(test_debt_of_a_parent),
		cmocka_unit_test(test_debt_of_a_child_that_forks),
		cmocka_unit_test(test_debt_of_an_unknown_parent),
		cmocka_unit_test(test_an_exec_ends_debt),
		cmocka_unit_test(test_vfork),
		cmocka_unit_test(test_vfork_that_exits),
		cmocka_unit_test(test_exec),
		cmocka_unit_test(test_exec_without_image),
		cmocka_unit_test(test_root_before_its_exec),
		cmocka_unit_test(test_exec_of_a_thread),
		cmocka_unit_test(test_fork_copies_the_map),
		cmocka_unit_test(test_many_processes),
		cmocka_unit_test(test_threads_of_unknown_parents),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_unmapped),
		cmocka_unit_test(test_process_without_local_tgid),
		cmocka_unit_test(test_reused_pid),
		cmocka_unit_test(test_damaged_mappings),
		cmocka_unit_test(test_reconciled),
		cmocka_unit_test(test_more_seen_than_counted),
		cmocka_unit_test(test_a_task_that_lives_on),
		cmocka_unit_test(test_late_records),
		cmocka_unit_test(test_unread),
		cmocka_unit_test(test_not_measured),
	};

	return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
