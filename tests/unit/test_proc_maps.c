// SPDX-License-Identifier: GPL-2.0
/* test_proc_maps.c - trace/proc_maps: lines as the kernel writes them, and the file of a live process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trace/proc_maps.h"

static union {
	struct event_mapping mapping;
	char room[sizeof(struct event_mapping) + MAPPING_NAME_MAX + 8];
} parsed;

static const struct event_mapping *parse(const char *line)
{
	memset(&parsed, 0xee, sizeof(parsed));
	assert_int_equal(proc_maps_parse(line, &parsed.mapping), 0);
	assert_int_equal(parsed.mapping.h.kind, EVENT_MAPPING);
	assert_int_equal(parsed.mapping.h.size % 8, 0);
	assert_true(parsed.mapping.h.size > sizeof(parsed.mapping) + strlen(parsed.mapping.name));
	return &parsed.mapping;
}

static void test_lines(void **state)
{
	const struct event_mapping *m;

	(void)state;
	m = parse("55e8c8a00000-55e8c8a2c000 r-xp 0001f000 fe:01 131090                     "
		  "/usr/bin/two words");
	assert_int_equal(m->start, 0x55e8c8a00000);
	assert_int_equal(m->end, 0x55e8c8a2c000);
	assert_int_equal(m->offset, 0x1f000);
	assert_int_equal(m->prot, PROT_READ | PROT_EXEC);
	assert_int_equal(m->map, MAP_PRIVATE);
	assert_int_equal(m->known, 1);
	assert_string_equal(m->name, "/usr/bin/two words");
	m = parse("7f0000000000-7f0000001000 -w-s 00000000 00:01 1024       /dev/zero (deleted)");
	assert_int_equal(m->prot, PROT_WRITE);
	assert_int_equal(m->map, MAP_SHARED);
	assert_string_equal(m->name, "/dev/zero (deleted)");
	/* the kernel writes a blank after the inode also when no name follows */
	assert_string_equal(parse("7f0000000000-7f0000001000 rw-p 00000000 00:00 0 ")->name, "");
	assert_string_equal(parse("7f0000000000-7f0000001000 ---p 00000000 00:00 0")->name, "");
	assert_string_equal(parse("7f0-7f1 rw-p 00000000 00:00 0      [heap]")->name, "[heap]");
	m = parse("ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0      [vsyscall]");
	assert_int_equal(m->end, 0xffffffffff601000);
}

/* As perf tells the same mappings, so that the model takes them for the same. */
static void test_names_of_perf(void **state)
{
	(void)state;
	assert_string_equal(parse("7f0-7f1 rw-p 0 00:00 0  [anon:glibc: malloc]")->name, "");
	assert_string_equal(parse("7f0-7f1 rw-s 0 00:01 9  [anon_shmem:buffers]")->name,
			    "/dev/zero (deleted)");
	assert_string_equal(parse("7f0-7f1 rw-p 0 08:01 9  /tmp/a\\012b")->name, "/tmp/a\nb");
	assert_string_equal(parse("7f0-7f1 rw-p 0 08:01 9  /tmp/a\\01")->name, "/tmp/a\\01");
}

static void test_longest_name(void **state)
{
	char line[3 * MAPPING_NAME_MAX] = "7f0-7f1 rw-p 0 08:01 9  ";

	(void)state;
	memset(line + strlen(line), 'x', (size_t)2 * MAPPING_NAME_MAX);
	assert_int_equal(strlen(parse(line)->name), MAPPING_NAME_MAX - 1);
	assert_true(parsed.mapping.h.size <= sizeof(parsed));
}

static void test_no_lines(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"7f0",
		"7f0-",
		"7f0-7f1",
		"7f0-7f1 rw-p",
		"7f0-7f1 rw 0 00:00 0 ",
		"7f1-7f0 rw-p 0 00:00 0 ",
		"7f1-7f1 rw-p 0 00:00 0 ",
		"x-y rw-p 0 00:00 0 ",
		"7f0-7f1 rw-p 0 00:00",
		"7f0-7f1 rw-p 0 00:00 ",
		"7f0-7f1 rw-p0 00:00 0 ",
		"7f0-7f1 rw-p 0 0000 0 ",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(proc_maps_parse(bad[i], &parsed.mapping), -EINVAL);
}

struct found {
	const char *at;
	uint32_t pid;
	unsigned int records;
	struct event_mapping mapping;
};

static int find(void *context, const struct event_header *event)
{
	const struct event_mapping *mapping = (const void *)event;
	struct found *found = context;

	assert_int_equal(event->kind, EVENT_MAPPING);
	assert_int_equal(event->ts, 4711);
	assert_int_equal(mapping->tgid, found->pid);
	found->records++;
	if (mapping->start <= (uintptr_t)found->at && (uintptr_t)found->at < mapping->end)
		found->mapping = *mapping;
	return 0;
}

static int refuse(void *context, const struct event_header *event)
{
	(void)event;
	++*(int *)context;
	return -ENOMEM;
}

static void test_own_file(void **state)
{
	struct proc_maps *maps = proc_maps_new();
	struct found found = { .pid = (uint32_t)getpid() };
	int calls = 0;
	char *page = mmap(NULL, 8192, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_non_null(maps);
	assert_true(page != MAP_FAILED);
	found.at = page;
	assert_int_equal(proc_maps_read(maps, found.pid, 1, 4711, find, &found), 0);
	assert_true(found.records > 5);
	assert_int_equal(found.mapping.map, MAP_SHARED);
	assert_int_equal(found.mapping.prot, PROT_READ);
	assert_int_equal(proc_maps_read(maps, found.pid, 2, 4711, refuse, &calls), -ENOMEM);
	assert_int_equal(calls, 1);
	munmap(page, 8192);
	proc_maps_free(maps);
}

/* At once again it is not read, of another address space it is, and later it is again. */
static void test_pace(void **state)
{
	struct proc_maps *maps = proc_maps_new();
	struct found found = { .pid = (uint32_t)getpid() };
	unsigned int once;

	(void)state;
	assert_non_null(maps);
	assert_int_equal(proc_maps_read(maps, found.pid, 1, 4711, find, &found), 0);
	once = found.records;
	assert_true(once);
	for (int i = 0; i < 10; i++)
		assert_int_equal(proc_maps_read(maps, found.pid, 1, 4711, find, &found), 0);
	assert_int_equal(found.records, once);
	assert_int_equal(proc_maps_read(maps, found.pid, 2, 4711, find, &found), 0);
	assert_in_range(found.records, 2 * once, 2 * once + 2);
	usleep(200000);
	once = found.records;
	assert_int_equal(proc_maps_read(maps, found.pid, 1, 4711, find, &found), 0);
	assert_true(found.records > once);
	proc_maps_free(maps);
}

static void test_gone(void **state)
{
	struct proc_maps *maps = proc_maps_new();
	struct found found = { 0 };
	pid_t child = fork();

	(void)state;
	if (!child)
		_exit(0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	found.pid = (uint32_t)child;
	assert_non_null(maps);
	assert_int_equal(proc_maps_read(maps, found.pid, 1, 4711, find, &found), 0);
	assert_int_equal(found.records, 0);
	proc_maps_free(maps);
	proc_maps_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),	     cmocka_unit_test(test_names_of_perf),
		cmocka_unit_test(test_longest_name), cmocka_unit_test(test_no_lines),
		cmocka_unit_test(test_own_file),     cmocka_unit_test(test_pace),
		cmocka_unit_test(test_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
