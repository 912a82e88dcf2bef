// SPDX-License-Identifier: GPL-2.0
/* test_memory_room.c - base/memory_room: files as the kernel writes them, of both versions of control groups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory_room.h"

#define GIB ((uint64_t)1 << 30)
#define MIB ((uint64_t)1 << 20)

static char folder[] = "/tmp/memory_room.XXXXXX", proc[64], cgroups[64];

/* A file in the folder, and the folders on its way. */
static void put(const char *name, const char *content)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	for (char *at = path + strlen(folder) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		mkdir(path, 0755);
		*at = '/';
	}
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(content, file);
	fclose(file);
}

static int setup(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/memory_room.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(proc, sizeof(proc), "%s/proc", folder);
	snprintf(cgroups, sizeof(cgroups), "%s/cgroup", folder);
	put("proc/meminfo", "MemTotal:       16777216 kB\nMemFree:         1048576 kB\n"
			    "MemAvailable:    8388608 kB\nCommitLimit:     4194304 kB\n"
			    "Committed_AS:    3145728 kB\n");
	put("proc/sys/vm/overcommit_memory", "0\n");
	return 0;
}

static int discard(const char *path, const struct stat *status, int type, struct FTW *at)
{
	(void)status;
	(void)type;
	(void)at;
	return remove(path);
}

static int teardown(void **state)
{
	(void)state;
	return nftw(folder, discard, 8, FTW_DEPTH | FTW_PHYS);
}

static void test_host(void **state)
{
	(void)state;
	assert_int_equal(memory_room_bytes(proc, cgroups), 8 * GIB);
	put("proc/sys/vm/overcommit_memory", "1\n");
	assert_int_equal(memory_room_bytes(proc, cgroups), 8 * GIB);
	put("proc/sys/vm/overcommit_memory", "2\n");
	assert_int_equal(memory_room_bytes(proc, cgroups), 1 * GIB);
	put("proc/meminfo", "MemTotal: 1 kB\n");
	put("proc/sys/vm/overcommit_memory", "0\n");
	assert_int_equal(memory_room_bytes(proc, cgroups), 0);
	assert_int_equal(memory_room_bytes("/nowhere", cgroups), 0);
}

static void test_version_2(void **state)
{
	(void)state;
	put("proc/self/cgroup", "0::/outer/inner\n");
	put("cgroup/outer/inner/memory.max", "max\n");
	put("cgroup/outer/inner/memory.current", "4096\n");
	assert_int_equal(memory_room_bytes(proc, cgroups), 8 * GIB);
	/* 1 GiB, of which 768 MiB are used, 256 of them by page cache that can go */
	put("cgroup/outer/memory.max", "1073741824\n");
	put("cgroup/outer/memory.current", "805306368\n");
	put("cgroup/outer/memory.stat", "anon 100\ninactive_file 268435456\nactive_file 7\n");
	assert_int_equal(memory_room_bytes(proc, cgroups), 512 * MIB);
	put("cgroup/outer/inner/memory.max", "104857600\n");
	assert_int_equal(memory_room_bytes(proc, cgroups), 100 * MIB - 4096);
	/* full: nothing is left, which is not "not known" */
	put("cgroup/outer/inner/memory.current", "104857600\n");
	assert_int_equal(memory_room_bytes(proc, cgroups), 1);
}

static void test_version_1(void **state)
{
	(void)state;
	put("proc/self/cgroup", "5:cpu,cpuacct:/b\n4:memory:/a\n1:name=systemd:/memory\n0::/\n");
	put("cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
	put("cgroup/memory/memory.usage_in_bytes", "12345678\n");
	assert_int_equal(memory_room_bytes(proc, cgroups), 8 * GIB);
	put("cgroup/memory/a/memory.limit_in_bytes", "209715200\n");
	put("cgroup/memory/a/memory.usage_in_bytes", "104857600\n");
	put("cgroup/memory/a/memory.stat",
	    "cache 1\ninactive_file 5\ntotal_inactive_file 1048576\n");
	assert_int_equal(memory_room_bytes(proc, cgroups), 101 * MIB);
}

/* The mount shows the container's own group as its root, the path is the host's. */
static void test_container(void **state)
{
	(void)state;
	put("proc/self/cgroup", "0::/docker/0123abc\n");
	put("cgroup/memory.max", "536870912\n");
	put("cgroup/memory.current", "0\n");
	assert_int_equal(memory_room_bytes(proc, cgroups), 512 * MIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_host, setup, teardown),
		cmocka_unit_test_setup_teardown(test_version_2, setup, teardown),
		cmocka_unit_test_setup_teardown(test_version_1, setup, teardown),
		cmocka_unit_test_setup_teardown(test_container, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
