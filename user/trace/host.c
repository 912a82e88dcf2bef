// SPDX-License-Identifier: GPL-2.0
/* host.c - reads /proc, /sys and uname; see host.h. */
#include "trace/host.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#define SECURITYFS "/sys/kernel/security"
#define SECURITYFS_MAGIC 0x73636673

bool host_read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	bool ok = file && fgets(line, (int)size, file);

	if (file)
		fclose(file);
	if (ok)
		line[strcspn(line, "\n")] = '\0';
	return ok;
}

int host_read_number(const char *path, int otherwise)
{
	char line[32], *end;
	long number;

	if (!host_read_line(path, line, sizeof(line)))
		return otherwise;
	number = strtol(line, &end, 10);
	return end == line ? otherwise : (int)number;
}

/* The address in a line of kallsyms (address, type, name, perhaps a module) that is of this name, else 0. */
static uint64_t address_of(const char *line, const char *name)
{
	size_t length = strlen(name);
	uint64_t address;
	char *at;

	address = strtoull(line, &at, 16);
	if (at == line || at[0] != ' ' || !at[1] || at[2] != ' ')
		return 0;
	at += 3;
	if (strncmp(at, name, length) != 0 || !strchr(" \t\n", at[length]))
		return 0;
	return address;
}

uint64_t host_symbol(const char *name)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	uint64_t address = 0;
	char line[512];

	while (file && !address && fgets(line, sizeof(line), file))
		address = address_of(line, name);
	if (file)
		fclose(file);
	return address;
}

bool features_lockdown_mode(const char *text, char *mode, size_t size)
{
	const char *from = strchr(text, '['), *to = from ? strchr(from, ']') : NULL;

	if (!to || to == from + 1)
		return false;
	snprintf(mode, size, "%.*s", (int)(to - from - 1), from + 1);
	return true;
}

static void read_lockdown(char *mode, size_t size)
{
	struct statfs fs;
	char line[128];

	if (host_read_line(SECURITYFS "/lockdown", line, sizeof(line))) {
		if (!features_lockdown_mode(line, mode, size))
			snprintf(mode, size, "unknown (not understood)");
	} else if (errno == EACCES) {
		snprintf(mode, size, "unknown (not readable)");
	} else if (statfs(SECURITYFS, &fs) || fs.f_type != SECURITYFS_MAGIC) {
		snprintf(mode, size, "unknown (securityfs not mounted)");
	} else {
		snprintf(mode, size, "none (not built in)");
	}
}

/* x86 says "model name"; arm64 says nothing that people would know. */
static void read_cpu_model(char *model, size_t size)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[256];

	snprintf(model, size, "unknown");
	while (file && fgets(line, sizeof(line), file)) {
		const char *value = strchr(line, ':');

		if (!value || strncmp(line, "model name", strlen("model name")) != 0)
			continue;
		value += 1 + strspn(value + 1, " \t");
		snprintf(model, size, "%.*s", (int)strcspn(value, "\n"), value);
		break;
	}
	if (file)
		fclose(file);
}

int host_read(struct features *features, struct fail *fail)
{
	int possible = libbpf_num_possible_cpus();
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	struct utsname name;
	char line[128];

	if (uname(&name))
		return fail_set(fail, -errno, "cannot ask for the kernel's name: %s",
				strerror(errno));
	snprintf(features->release, sizeof(features->release), "%s", name.release);
	snprintf(features->arch, sizeof(features->arch), "%s", name.machine);
	features->cpus_online = online > 0 ? (unsigned int)online : 1;
	features->cpus_possible = possible > 0 ? (unsigned int)possible : features->cpus_online;
	features->btf = !access(VMLINUX_BTF, R_OK);
	features->kallsyms = host_read_line("/proc/kallsyms", line, sizeof(line));
	features->unprivileged_bpf =
		host_read_number("/proc/sys/kernel/unprivileged_bpf_disabled", -1);
	features->perf_event_paranoid =
		host_read_number("/proc/sys/kernel/perf_event_paranoid", INT_MIN);
	read_cpu_model(features->cpu_model, sizeof(features->cpu_model));
	read_lockdown(features->lockdown, sizeof(features->lockdown));
	return privilege_read(&features->privilege, fail);
}
