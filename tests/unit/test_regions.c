// SPDX-License-Identifier: GPL-2.0
/*
 * test_regions.c - maps of address spaces: mappings over others, maps that are shared, what a region is,
 * names, and random mappings against a naive array of pages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "model/regions.h"

#define PAGE ((uint64_t)4096)

struct fixture {
	struct region_names names;
	struct region_map *map;
	uint64_t ts;  /* of the latest mapping */
	bool started; /* the exec is over */
};

static void start(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->map = region_map_new();
	assert_non_null(f->map);
}

static void stop(struct fixture *f)
{
	region_map_drop(f->map);
	region_names_free(&f->names);
}

/* Pages from `start` up to `end`. */
static void add_to(struct fixture *f, struct region_map **map, uint64_t start, uint64_t end,
		   uint32_t prot, uint32_t flags, const char *name)
{
	union {
		struct event_mapping e;
		char room[sizeof(struct event_mapping) + 64];
	} record;

	memset(&record, 0, sizeof(record));
	record.e.h.ts = ++f->ts;
	record.e.prot = prot;
	record.e.map = flags;
	record.e.start = start * PAGE;
	record.e.end = end * PAGE;
	snprintf(record.e.name, 64, "%s", name);
	assert_int_equal(region_map_add(map, &f->names, &record.e, !f->started), 0);
}

static void add(struct fixture *f, uint64_t start, uint64_t end, const char *name)
{
	add_to(f, &f->map, start, end, PROT_READ | PROT_WRITE, MAP_PRIVATE, name);
}

static void add_shared(struct fixture *f, uint64_t start, uint64_t end, const char *name)
{
	add_to(f, &f->map, start, end, PROT_READ | PROT_WRITE, MAP_SHARED, name);
}

static void add_code(struct fixture *f, uint64_t start, uint64_t end, const char *name)
{
	add_to(f, &f->map, start, end, PROT_READ | PROT_EXEC, MAP_PRIVATE, name);
}

static const struct region *find(const struct fixture *f, uint64_t page)
{
	return region_map_find(f->map, &f->names, page * PAGE + 7);
}

static const char *name_at(const struct fixture *f, const struct region_map *map, uint64_t page)
{
	const struct region *region = region_map_find(map, &f->names, page * PAGE);

	return region ? f->names.name[region->name].text : "-";
}

static enum region_class class_at(const struct fixture *f, uint64_t page)
{
	return region_class_of(find(f, page), &f->names, page * PAGE + 7);
}

/* The regions of a map, as "name:start-end" one after the other. */
static void expect_map(const struct fixture *f, const struct region_map *map, const char *wanted)
{
	char text[512] = "";
	size_t used = 0;

	for (uint32_t i = 0; i < map->count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s:%d-%d",
					 i ? " " : "", f->names.name[map->region[i].name].text,
					 (int)(map->region[i].start / PAGE),
					 (int)(map->region[i].end / PAGE));
	assert_string_equal(text, wanted);
}

/* ---- over, inside and across others ---- */

static void test_apart(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	assert_null(find(&f, 1));
	add(&f, 10, 20, "/b");
	add(&f, 30, 40, "/c");
	add(&f, 1, 2, "/a");
	add(&f, 20, 30, "/d"); /* touches both its neighbours */
	expect_map(&f, f.map, "/a:1-2 /b:10-20 /d:20-30 /c:30-40");
	assert_null(find(&f, 0));
	assert_null(find(&f, 2));
	assert_null(find(&f, 40));
	assert_string_equal(name_at(&f, f.map, 10), "/b");
	assert_string_equal(name_at(&f, f.map, 19), "/b");
	assert_string_equal(name_at(&f, f.map, 39), "/c");
	stop(&f);
}

static void test_replacements(void **state)
{
	static const struct {
		uint64_t start, end;
		const char *wanted;
	} one[] = {
		{ 10, 20, "/x:10-20 /b:20-30 /c:40-50" },		    /* the same place */
		{ 5, 25, "/x:5-25 /b:25-30 /c:40-50" },			    /* one and a half */
		{ 5, 60, "/x:5-60" },					    /* all */
		{ 13, 17, "/a:10-13 /x:13-17 /a:17-20 /b:20-30 /c:40-50" }, /* inside */
		{ 10, 15, "/x:10-15 /a:15-20 /b:20-30 /c:40-50" },
		{ 15, 20, "/a:10-15 /x:15-20 /b:20-30 /c:40-50" },
		{ 15, 25, "/a:10-15 /x:15-25 /b:25-30 /c:40-50" },
		{ 15, 45, "/a:10-15 /x:15-45 /c:45-50" },
		{ 20, 30, "/a:10-20 /x:20-30 /c:40-50" },
		{ 30, 40, "/a:10-20 /b:20-30 /x:30-40 /c:40-50" },
		{ 35, 36, "/a:10-20 /b:20-30 /x:35-36 /c:40-50" },
		{ 0, 10, "/x:0-10 /a:10-20 /b:20-30 /c:40-50" },
		{ 0, 5, "/x:0-5 /a:10-20 /b:20-30 /c:40-50" },
		{ 50, 51, "/a:10-20 /b:20-30 /c:40-50 /x:50-51" },
		{ 49, 51, "/a:10-20 /b:20-30 /c:40-49 /x:49-51" },
		{ 7, 7, "/a:10-20 /b:20-30 /c:40-50" },	  /* nothing */
		{ 15, 12, "/a:10-20 /b:20-30 /c:40-50" }, /* less than nothing */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++) {
		struct fixture f;

		start(&f);
		add(&f, 10, 20, "/a");
		add(&f, 20, 30, "/b");
		add(&f, 40, 50, "/c");
		add(&f, one[i].start, one[i].end, "/x");
		expect_map(&f, f.map, one[i].wanted);
		stop(&f);
	}
}

/* To the very ends of what an address can be. */
static void test_ends_of_the_world(void **state)
{
	const uint64_t last = UINT64_MAX / PAGE;
	struct fixture f;

	(void)state;
	start(&f);
	add(&f, 0, 1, "//anon");
	add(&f, last - 1, last, "[vsyscall]");
	assert_non_null(find(&f, 0));
	assert_non_null(find(&f, last - 1));
	assert_null(find(&f, last));
	assert_null(find(&f, 1));
	stop(&f);
}

static void test_many(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	for (uint64_t i = 0; i < 2000; i++)
		add(&f, 10 * (i * 7 % 2000), 10 * (i * 7 % 2000) + 5, i % 2 ? "/odd" : "/even");
	assert_int_equal(f.map->count, 2000);
	for (uint32_t i = 1; i < 2000; i++)
		assert_true(f.map->region[i - 1].end <= f.map->region[i].start);
	add(&f, 0, 20000, "/all");
	assert_int_equal(f.map->count, 1);
	stop(&f);
}

/* ---- shared maps ---- */

/* The other user's map stays as it was. */
static void test_copied_when_shared(void **state)
{
	struct region_map *other;
	struct fixture f;

	(void)state;
	start(&f);
	add(&f, 10, 20, "/a");
	other = region_map_share(f.map);
	assert_ptr_equal(other, f.map);
	add(&f, 12, 15, "/x");
	assert_ptr_not_equal(other, f.map);
	expect_map(&f, f.map, "/a:10-12 /x:12-15 /a:15-20");
	expect_map(&f, other, "/a:10-20");
	assert_int_equal(f.map->users, 1);
	assert_int_equal(other->users, 1);
	add_to(&f, &other, 30, 31, PROT_READ, MAP_PRIVATE, "/y"); /* its own by now: in place */
	expect_map(&f, other, "/a:10-20 /y:30-31");
	expect_map(&f, f.map, "/a:10-12 /x:12-15 /a:15-20");
	region_map_drop(other);
	region_map_drop(NULL);
	stop(&f);
}

static void test_shared_by_three(void **state)
{
	struct region_map *second, *third;
	struct fixture f;

	(void)state;
	start(&f);
	for (uint64_t i = 0; i < 32; i++) /* as many as there is room for */
		add(&f, 2 * i, 2 * i + 1, "/a");
	second = region_map_share(f.map);
	third = region_map_share(f.map);
	assert_int_equal(f.map->users, 3);
	add_to(&f, &second, 100, 101, PROT_READ, MAP_PRIVATE, "/b");
	assert_int_equal(f.map->users, 2);
	assert_int_equal(second->count, 33);
	assert_int_equal(f.map->count, 32);
	region_map_drop(third);
	assert_int_equal(f.map->users, 1);
	region_map_drop(second);
	stop(&f);
}

/* An empty map may be shared as well. */
static void test_empty_and_shared(void **state)
{
	struct region_map *other;
	struct fixture f;

	(void)state;
	start(&f);
	other = region_map_share(f.map);
	add(&f, 1, 2, "/a");
	assert_int_equal(other->count, 0);
	assert_null(region_map_find(other, &f.names, PAGE));
	region_map_drop(other);
	stop(&f);
}

/* A thread that begins changes the map, too. */
static void test_mark_when_shared(void **state)
{
	struct region_map *other;
	struct fixture f;

	(void)state;
	start(&f);
	add(&f, 10, 20, "//anon");
	other = region_map_share(f.map);
	assert_int_equal(region_map_mark_stack(&f.map, 15 * PAGE, 0), 0);
	assert_int_equal(class_at(&f, 12), REGION_THREAD_STACK);
	assert_int_equal(
		region_class_of(region_map_find(other, &f.names, 12 * PAGE), &f.names, 12 * PAGE),
		REGION_ANONYMOUS);
	region_map_drop(other);
	stop(&f);
}

/* ---- age ---- */

/* mprotect of all or of a part, and growth: it is the same mapping. */
static void test_age_is_kept(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	add(&f, 10, 20, "[heap]"); /* at 1 */
	add(&f, 30, 40, "/a");	   /* at 2 */
	add(&f, 10, 25, "[heap]"); /* brk: what is new is younger */
	assert_int_equal(find(&f, 19)->born_ns, 1);
	assert_int_equal(find(&f, 24)->born_ns, 3);
	assert_int_equal(f.map->count, 3);
	add_code(&f, 33, 35, "/a"); /* mprotect */
	assert_int_equal(f.map->count, 5);
	assert_int_equal(find(&f, 34)->born_ns, 2);
	assert_int_equal(find(&f, 30)->born_ns, 2);
	assert_int_equal(find(&f, 36)->born_ns, 2);
	stop(&f);
}

static void test_age_of_another(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	add(&f, 10, 20, "/a");	      /* at 1 */
	add_shared(&f, 10, 20, "/a"); /* at 2: the file again, but shared */
	assert_int_equal(find(&f, 10)->born_ns, 2);
	add(&f, 10, 20, "/b"); /* at 3 */
	assert_int_equal(find(&f, 10)->born_ns, 3);
	add(&f, 9, 20, "/b"); /* at 4: begins before it, so that was joined */
	assert_int_equal(find(&f, 9)->born_ns, 4);
	assert_int_equal(find(&f, 10)->born_ns, 3);
	add(&f, 20, 30, "/b"); /* at 5: behind it */
	assert_int_equal(find(&f, 20)->born_ns, 5);
	stop(&f);
}

/* A thread's stack: mapped without access, then made writable but for the guard. */
static void test_stack_is_kept(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	add_to(&f, &f.map, 100, 200, PROT_NONE, MAP_PRIVATE, "//anon");
	add(&f, 101, 200, "//anon");
	assert_int_equal(region_map_mark_stack(&f.map, 198 * PAGE, 0), 0);
	add(&f, 101, 200, ""); /* as /proc names it: nothing else */
	assert_int_equal(class_at(&f, 150), REGION_THREAD_STACK);
	assert_int_equal(class_at(&f, 100), REGION_ANONYMOUS);
	assert_int_equal(find(&f, 150)->born_ns, 1);
	stop(&f);
}

/* ---- what a region is ---- */

static void test_classes(void **state)
{
	static const struct {
		const char *name;
		uint32_t prot, flags;
		enum region_class class;
	} one[] = {
		{ "//anon", PROT_READ, MAP_PRIVATE, REGION_ANONYMOUS },
		{ "", PROT_READ, MAP_PRIVATE, REGION_ANONYMOUS },
		{ "//anon", PROT_EXEC, MAP_PRIVATE, REGION_ANONYMOUS }, /* JIT */
		{ "/dev/zero", PROT_READ, MAP_PRIVATE, REGION_ANONYMOUS },
		{ "/anon_hugepage (deleted)", PROT_READ, MAP_PRIVATE, REGION_ANONYMOUS },
		{ "/anon_hugepage (deleted)", PROT_READ, MAP_SHARED, REGION_SHARED_MEMORY },
		{ "[anon:arena]", PROT_READ, MAP_PRIVATE, REGION_ANONYMOUS },
		{ "[anon_shmem:arena]", PROT_READ, MAP_SHARED, REGION_ANONYMOUS },
		{ "[heap]", PROT_READ, MAP_PRIVATE, REGION_HEAP },
		{ "[stack]", PROT_READ, MAP_PRIVATE, REGION_STACK },
		{ "[vdso]", PROT_EXEC, MAP_PRIVATE, REGION_SPECIAL },
		{ "[vvar]", PROT_READ, MAP_PRIVATE, REGION_SPECIAL },
		{ "[uprobes]", PROT_EXEC, MAP_PRIVATE, REGION_SPECIAL },
		{ "/data", PROT_READ, MAP_PRIVATE, REGION_FILE },
		{ "/data", PROT_READ, MAP_SHARED, REGION_SHARED_FILE },
		{ "/lib.so", PROT_EXEC, MAP_PRIVATE, REGION_PROGRAM },
		{ "/lib.so", PROT_EXEC, MAP_SHARED, REGION_PROGRAM },
		{ "/dev/zero (deleted)", PROT_READ, MAP_SHARED, REGION_SHARED_MEMORY },
		{ "/dev/shm/x", PROT_READ, MAP_SHARED, REGION_SHARED_MEMORY },
		{ "/memfd:x (deleted)", PROT_READ, MAP_SHARED, REGION_SHARED_MEMORY },
		{ "/SYSV00000000 (deleted)", PROT_READ, MAP_SHARED, REGION_SHARED_MEMORY },
		{ "/dev/shm/x", PROT_READ, MAP_PRIVATE, REGION_FILE },
		{ "/memfd:jit (deleted)", PROT_EXEC, MAP_PRIVATE, REGION_PROGRAM },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++) {
		struct fixture f;

		start(&f);
		add_to(&f, &f.map, 10, 20, one[i].prot, one[i].flags, one[i].name);
		if (class_at(&f, 15) != one[i].class)
			fail_msg("%s is %s, not %s", one[i].name,
				 region_class_name(class_at(&f, 15)),
				 region_class_name(one[i].class));
		assert_int_equal(class_at(&f, 25), REGION_UNKNOWN);
		stop(&f);
	}
}

/* A file that is executed somewhere is a program with all its parts. */
static void test_parts_of_a_program(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	add(&f, 10, 11, "/bin/x"); /* headers, read only */
	assert_int_equal(class_at(&f, 10), REGION_FILE);
	add_code(&f, 11, 20, "/bin/x");
	add(&f, 20, 21, "/bin/x");
	assert_int_equal(class_at(&f, 10), REGION_PROGRAM);
	assert_int_equal(class_at(&f, 11), REGION_PROGRAM);
	assert_int_equal(class_at(&f, 20), REGION_PROGRAM);
	stop(&f);
}

/* As the kernel and as ld.so map it, the latter over a mapping of the whole file. */
static void test_bss(void **state)
{
	struct fixture f;

	(void)state;
	for (int over = 0; over < 2; over++) {
		start(&f);
		if (over)
			add_to(&f, &f.map, 10, 40, PROT_READ, MAP_PRIVATE, "/lib.so");
		add_code(&f, 11, 20, "/lib.so");
		add(&f, 20, 30, "/lib.so");
		add(&f, 30, 40, "//anon");
		assert_int_equal(class_at(&f, 35), REGION_PROGRAM);
		assert_string_equal(name_at(&f, f.map, 35), "/lib.so");
		assert_true(find(&f, 35)->bss && find(&f, 35)->anonymous);
		add(&f, 30, 40, "//anon"); /* told of again, as a whole and in parts */
		assert_int_equal(class_at(&f, 35), REGION_PROGRAM);
		add(&f, 33, 36, "//anon");
		assert_int_equal(class_at(&f, 34), REGION_PROGRAM);
		assert_int_equal(class_at(&f, 38), REGION_PROGRAM);
		assert_int_equal(find(&f, 34)->born_ns, find(&f, 38)->born_ns);
		/* the file over its bss is a file again */
		add(&f, 30, 40, "/lib.so");
		assert_false(find(&f, 35)->bss);
		stop(&f);
	}
}

/* A program maps memory by itself, and it happens to come behind a library. */
static void test_neighbour_of_file(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	add_to(&f, &f.map, 10, 40, PROT_READ, MAP_PRIVATE, "/lib.so");
	add_code(&f, 11, 20, "/lib.so");
	add(&f, 20, 30, "/lib.so");
	f.started = true;
	add(&f, 30, 40, "//anon");
	assert_int_equal(class_at(&f, 35), REGION_PROGRAM); /* ld.so's, over the file */
	add(&f, 40, 41, "//anon");
	assert_int_equal(class_at(&f, 40), REGION_ANONYMOUS);
	stop(&f);
}

/* Not behind a file, behind what is shared, or the heap. */
static void test_no_bss(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	add_code(&f, 10, 20, "/bin/x");
	add(&f, 21, 30, "//anon");
	assert_int_equal(class_at(&f, 25), REGION_ANONYMOUS);
	add(&f, 20, 21, "[heap]");
	assert_int_equal(class_at(&f, 20), REGION_HEAP);
	add_shared(&f, 40, 50, "/data");
	add(&f, 50, 60, "//anon");
	assert_int_equal(class_at(&f, 55), REGION_ANONYMOUS);
	add(&f, 70, 80, "//anon");
	add(&f, 80, 90, "//anon"); /* behind anonymous memory */
	assert_int_equal(class_at(&f, 85), REGION_ANONYMOUS);
	add(&f, 15, 17, "//anon"); /* in the middle of a file */
	assert_int_equal(class_at(&f, 15), REGION_ANONYMOUS);
	add(&f, 100, 110, "/data.bin"); /* no program: no program's memory */
	add(&f, 110, 120, "//anon");
	assert_int_equal(class_at(&f, 115), REGION_ANONYMOUS);
	add(&f, 0, 1, "//anon");
	assert_int_equal(class_at(&f, 0), REGION_ANONYMOUS);
	stop(&f);
}

/* It grows down, and nobody tells; far below there may be anything. */
static void test_growing_stack(void **state)
{
	const uint64_t top = 0x7ff00000000 / PAGE, most = ((uint64_t)1 << 30) / PAGE;
	struct fixture f;

	(void)state;
	start(&f);
	add(&f, top, top + 33, "[stack]");
	assert_int_equal(class_at(&f, top - 1), REGION_STACK);
	assert_int_equal(class_at(&f, top - most), REGION_STACK);
	assert_int_equal(class_at(&f, top - most - 1), REGION_UNKNOWN);
	assert_int_equal(class_at(&f, top + 33), REGION_UNKNOWN);
	add(&f, top - 100, top - 50, "/lib.so"); /* nor does it grow through others */
	assert_int_equal(class_at(&f, top - 1), REGION_STACK);
	assert_int_equal(class_at(&f, top - 60), REGION_FILE);
	assert_int_equal(class_at(&f, top - 101), REGION_UNKNOWN);
	stop(&f);
}

static void test_thread_stacks(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	add(&f, 100, 200, "//anon");
	assert_int_equal(region_map_mark_stack(&f.map, 0, 150 * PAGE), 0); /* not known */
	assert_int_equal(region_map_mark_stack(&f.map, 300 * PAGE, 0), 0); /* not mapped */
	assert_int_equal(region_map_mark_stack(&f.map, 100 * PAGE, 0), 0); /* ends below it */
	assert_int_equal(class_at(&f, 100), REGION_ANONYMOUS);
	assert_int_equal(region_map_mark_stack(&f.map, 140 * PAGE, 0), 0);
	assert_int_equal(class_at(&f, 100), REGION_THREAD_STACK);
	assert_int_equal(class_at(&f, 141), REGION_THREAD_STACK); /* what lies above it at once */
	assert_int_equal(class_at(&f, 142), REGION_ANONYMOUS);
	/* the thread pointer lies above the stack pointer, in the same mapping */
	assert_int_equal(region_map_mark_stack(&f.map, 140 * PAGE, 150 * PAGE + 64), 0);
	assert_int_equal(class_at(&f, 152), REGION_THREAD_STACK);
	assert_int_equal(class_at(&f, 153), REGION_ANONYMOUS);
	assert_int_equal(region_map_mark_stack(&f.map, 140 * PAGE, 199 * PAGE), 0);
	assert_int_equal(region_map_mark_stack(&f.map, 120 * PAGE, 500 * PAGE), 0);
	assert_int_equal(class_at(&f, 199), REGION_THREAD_STACK); /* the highest of all */
	stop(&f);
}

/* A stack that lies in the heap or in a program's own memory makes no stack of all that is below it. */
static void test_stacks_in_other_memory(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	add_code(&f, 10, 20, "/bin/x");
	add(&f, 20, 30, "//anon");
	add(&f, 30, 40, "[heap]");
	add(&f, 50, 60, "/data");
	add(&f, 70, 80, "[stack]");
	for (uint64_t page = 15; page < 80; page += 10)
		assert_int_equal(region_map_mark_stack(&f.map, page * PAGE, 0), 0);
	assert_int_equal(class_at(&f, 11), REGION_PROGRAM);
	assert_int_equal(class_at(&f, 21), REGION_PROGRAM);
	assert_int_equal(class_at(&f, 31), REGION_HEAP);
	assert_int_equal(class_at(&f, 51), REGION_FILE);
	assert_int_equal(class_at(&f, 71), REGION_STACK);
	stop(&f);
}

/* ---- names ---- */

/* Each once; beyond NAMES_MAX all are one, and none of them makes programs of the others. */
static void test_many_names(void **state)
{
	struct fixture f;
	char name[32];

	(void)state;
	start(&f);
	for (int round = 0; round < 2; round++) {
		for (uint32_t i = 2; i < NAMES_MAX + 100; i++) {
			snprintf(name, sizeof(name), "/file/%u", i);
			add(&f, 10, 20, name);
			if (i < NAMES_MAX)
				assert_int_equal(find(&f, 15)->name, i);
			else
				assert_int_equal(find(&f, 15)->name, NAME_OTHER);
		}
	}
	assert_int_equal(f.names.count, NAMES_MAX);
	assert_string_equal(name_at(&f, f.map, 15), "(others)");
	add_code(&f, 30, 40, "/file/one/more");
	assert_int_equal(find(&f, 35)->name, NAME_OTHER);
	assert_int_equal(class_at(&f, 15), REGION_FILE);
	add(&f, 50, 60, "//anon");
	assert_int_equal(find(&f, 55)->name, NAME_NONE);
	add(&f, 50, 60, "/file/4711");
	assert_string_equal(name_at(&f, f.map, 55), "/file/4711");
	stop(&f);
}

/* ---- against an array of pages ---- */

#define PAGES 96
#define MAPS 3

struct naive_page {
	uint32_t id; /* of the mapping, 0: none; two neighbours of one id are one region */
	uint64_t born, stack_top;
	const char *name;
	bool shared, anonymous, bss;
};

struct naive {
	struct naive_page page[PAGES];
};

static const struct {
	const char *name;
	uint32_t flags;
	bool anonymous;
} kind[] = {
	{ "", MAP_PRIVATE, true },	   { "", MAP_PRIVATE, true },
	{ "/lib.so", MAP_PRIVATE, false }, { "/a", MAP_SHARED, false },
	{ "/a", MAP_PRIVATE, false },	   { "[heap]", MAP_PRIVATE, true },
};

static bool naive_same(const struct naive_page *old, uint32_t of)
{
	return old->id && old->shared == !!(kind[of].flags & MAP_SHARED) &&
	       old->anonymous == kind[of].anonymous &&
	       (!strcmp(old->name, kind[of].name) || (old->bss && !*kind[of].name));
}

static void naive_add(struct naive *naive, uint32_t id, uint32_t first, uint32_t last, uint32_t of)
{
	struct naive_page new = { 0 };
	bool begun = false;

	for (uint32_t i = first; i < last; i++) {
		const struct naive_page *before = i ? &naive->page[i - 1] : NULL;
		struct naive_page *page = &naive->page[i];

		if (naive_same(page, of)) {
			begun = false;
			continue;
		}
		if (!begun) {
			new = (struct naive_page){ PAGES * id + i,
						   id,
						   0,
						   kind[of].name,
						   kind[of].flags & MAP_SHARED,
						   kind[of].anonymous,
						   false };
			if (!*new.name && before && before->id && before->id != page->id &&
			    !before->shared && (!before->anonymous || before->bss)) {
				new.name = before->name;
				new.bss = true;
			}
			begun = true;
		}
		*page = new;
	}
}

static void naive_mark(struct naive *naive, uint32_t at)
{
	struct naive_page *page = &naive->page[at - 1];
	uint32_t first = at - 1, last = first, id = page->id;

	if (!id || !page->anonymous || page->bss || *page->name)
		return;
	while (first && naive->page[first - 1].id == id)
		first--;
	while (last + 1 < PAGES && naive->page[last + 1].id == id)
		last++;
	for (uint32_t i = first; i <= last; i++)
		if (naive->page[i].stack_top < (at + 2) * PAGE)
			naive->page[i].stack_top = (uint64_t)(at + 2) * PAGE;
}

static void expect_equal(const struct fixture *f, const struct region_map *map,
			 const struct naive *naive)
{
	for (uint32_t i = 0; i < map->count; i++) {
		assert_true(map->region[i].start < map->region[i].end);
		assert_true(!i || map->region[i - 1].end <= map->region[i].start);
	}
	for (uint32_t i = 0; i < PAGES; i++) {
		const struct region *region = region_map_find(map, &f->names, (uint64_t)i * PAGE);
		const struct naive_page *page = &naive->page[i];

		if (!page->id) {
			assert_null(region);
			continue;
		}
		assert_non_null(region);
		assert_string_equal(f->names.name[region->name].text, page->name);
		assert_int_equal(region->born_ns, page->born);
		assert_int_equal(region->stack_top, page->stack_top);
		assert_int_equal(region->shared, page->shared);
		assert_int_equal(region->anonymous, page->anonymous);
		assert_int_equal(region->bss, page->bss);
	}
}

/* Several maps, which are dropped and shared with each other, as forks and exits do. */
static void test_random(void **state)
{
	struct region_map *map[MAPS];
	static struct naive naive[MAPS];
	struct fixture f;

	(void)state;
	srandom(12345);
	start(&f);
	memset(naive, 0, sizeof(naive));
	add(&f, 0, 1, "//anon"); /* so that there are names */
	for (uint32_t i = 0; i < MAPS; i++)
		map[i] = region_map_new();
	for (uint32_t step = 1; step <= 20000; step++) {
		uint32_t who = (uint32_t)random() % MAPS, other = (uint32_t)random() % MAPS;
		uint32_t first = (uint32_t)random() % PAGES;
		uint32_t last = first + 1 + (uint32_t)random() % (random() % 8 ? 12 : PAGES);
		uint32_t of = (uint32_t)random() % (sizeof(kind) / sizeof(kind[0]));

		if (random() % 16 == 0 && who != other) {
			region_map_drop(map[who]);
			map[who] = region_map_share(map[other]);
			naive[who] = naive[other];
		} else if (random() % 16 == 0) {
			assert_int_equal(
				region_map_mark_stack(&map[who], (uint64_t)(first + 1) * PAGE, 0),
				0);
			naive_mark(&naive[who], first + 1);
		} else {
			last = last < PAGES ? last : PAGES;
			f.ts = step - 1;
			add_to(&f, &map[who], first, last, PROT_READ, kind[of].flags,
			       kind[of].name);
			naive_add(&naive[who], step, first, last, of);
		}
		for (uint32_t i = 0; i < MAPS; i++)
			expect_equal(&f, map[i], &naive[i]);
	}
	for (uint32_t i = 0; i < MAPS; i++)
		region_map_drop(map[i]);
	stop(&f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_apart),
		cmocka_unit_test(test_replacements),
		cmocka_unit_test(test_ends_of_the_world),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_copied_when_shared),
		cmocka_unit_test(test_shared_by_three),
		cmocka_unit_test(test_empty_and_shared),
		cmocka_unit_test(test_mark_when_shared),
		cmocka_unit_test(test_age_is_kept),
		cmocka_unit_test(test_age_of_another),
		cmocka_unit_test(test_stack_is_kept),
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_parts_of_a_program),
		cmocka_unit_test(test_bss),
		cmocka_unit_test(test_neighbour_of_file),
		cmocka_unit_test(test_no_bss),
		cmocka_unit_test(test_growing_stack),
		cmocka_unit_test(test_thread_stacks),
		cmocka_unit_test(test_stacks_in_other_memory),
		cmocka_unit_test(test_many_names),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("regions", tests, NULL, NULL);
}
