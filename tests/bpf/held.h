/* SPDX-License-Identifier: GPL-2.0 */
/*
 * held.h - which BPF programs and links this process holds, and whether the kernel has let go of them; and
 * how many perf events and other descriptors.
 * Included by the test programs here only.
 */
#ifndef TASKTAX_TESTS_HELD_H
#define TASKTAX_TESTS_HELD_H

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HELD_MAX 4096 /* two links per CPU and more */

struct held {
	uint32_t program[HELD_MAX], link[HELD_MAX]; /* ids */
	unsigned int programs, links;
	unsigned int perf_events; /* those of links as well */
	unsigned int descriptors; /* of any kind */
};

/* The number behind this label at the start of a line of /proc. */
static inline bool number_after(const char *line, const char *label, uint64_t *number)
{
	size_t length = strlen(label);
	char *end;

	if (strncmp(line, label, length) != 0)
		return false;
	*number = strtoull(line + length, &end, 10);
	return end != line + length;
}

static inline void held_add(uint32_t *ids, unsigned int *count, uint32_t id)
{
	for (unsigned int i = 0; i < *count; i++)
		if (ids[i] == id)
			return;
	if (*count < HELD_MAX)
		ids[(*count)++] = id;
}

/* A link's descriptor tells its own id and its program's. */
static inline void held_read(struct held *held, const char *descriptor)
{
	char path[300], line[256];
	FILE *file;
	uint64_t id;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%s", descriptor);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (number_after(line, "prog_id:", &id))
			held_add(held->program, &held->programs, (uint32_t)id);
		else if (number_after(line, "link_id:", &id))
			held_add(held->link, &held->links, (uint32_t)id);
	}
	if (file)
		fclose(file);
}

static inline bool held_is_perf_event(const char *descriptor)
{
	char path[300], is[64];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/self/fd/%s", descriptor);
	length = readlink(path, is, sizeof(is) - 1);
	if (length < 0)
		return false;
	is[length] = '\0';
	return !strcmp(is, "anon_inode:[perf_event]");
}

static inline struct held held_now(void)
{
	DIR *folder = opendir("/proc/self/fdinfo");
	struct held held = { .programs = 0 };
	struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		held_read(&held, entry->d_name);
		held.perf_events += held_is_perf_event(entry->d_name);
		held.descriptors++;
	}
	if (folder)
		closedir(folder);
	return held;
}

static inline bool held_exists(int (*open_by_id)(uint32_t), uint32_t id)
{
	int fd = open_by_id(id);

	if (fd >= 0)
		close(fd);
	return fd != -ENOENT;
}

static inline unsigned int held_left(const struct held *held)
{
	unsigned int left = 0;

	for (unsigned int i = 0; i < held->programs; i++)
		left += held_exists(bpf_prog_get_fd_by_id, held->program[i]);
	for (unsigned int i = 0; i < held->links; i++)
		left += held_exists(bpf_link_get_fd_by_id, held->link[i]);
	return left;
}

/* How many of them the kernel still has. It frees some after an RCU grace period: 10 s are for that. */
static inline unsigned int held_left_at_last(const struct held *held)
{
	const struct timespec step = { .tv_nsec = 1000000 };
	unsigned int left = held_left(held);

	for (int i = 0; left && i < 10000; i++) {
		nanosleep(&step, NULL);
		left = held_left(held);
	}
	return left;
}

/* The program's whole name: bpf_prog_info has only 15 bytes of it, its BTF all. */
static inline bool held_name(uint32_t program, char *name, size_t size)
{
	struct bpf_func_info function = { 0 };
	struct bpf_prog_info info = {
		.nr_func_info = 1,
		.func_info_rec_size = sizeof(function),
		.func_info = (uint64_t)(uintptr_t)&function,
	};
	uint32_t length = sizeof(info);
	const struct btf_type *type;
	int fd = bpf_prog_get_fd_by_id(program);
	struct btf *btf;

	if (fd < 0)
		return false;
	if (bpf_obj_get_info_by_fd(fd, &info, &length) || !info.nr_func_info)
		info.btf_id = 0;
	close(fd);
	btf = info.btf_id ? btf__load_from_kernel_by_id(info.btf_id) : NULL;
	type = libbpf_get_error(btf) ? NULL : btf__type_by_id(btf, function.type_id);
	if (type)
		snprintf(name, size, "%s", btf__name_by_offset(btf, type->name_off));
	btf__free(btf);
	return type;
}

#endif
