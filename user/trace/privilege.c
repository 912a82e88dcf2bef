// SPDX-License-Identifier: GPL-2.0
/* privilege.c - capabilities: held, missing, given up; see privilege.h. */
#include "trace/privilege.h"

#include <cap-ng.h>
#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/quote.h"
#include "trace/host.h"

/* The inode of the initial user namespace, fixed by the kernel (PROC_USER_INIT_INO). */
#define INITIAL_USER_NAMESPACE "user:[4026531837]"

const struct privilege_use privilege_uses[PRIVILEGE_COUNT] = {
	{ CAP_BPF, "CAP_BPF", "load BPF programs and maps" },
	{ CAP_PERFMON, "CAP_PERFMON", "trace the kernel, open perf events" },
	{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "do both before Linux 5.8, and for --bpf-stats" },
	{ CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE", "raise RLIMIT_MEMLOCK before Linux 5.11" },
	{ CAP_SYS_PTRACE, "CAP_SYS_PTRACE", "read memory maps of other users' processes" },
	{ CAP_SETUID, "CAP_SETUID", "run the command as another user" },
	{ CAP_SETGID, "CAP_SETGID", "run the command as another user" },
	{ CAP_KILL, "CAP_KILL", "pass signals on to another user's command" },
};

static bool in_user_namespace(void)
{
	char name[64];
	ssize_t length = readlink("/proc/self/ns/user", name, sizeof(name) - 1);

	if (length < 0)
		return false;
	name[length] = '\0';
	return strcmp(name, INITIAL_USER_NAMESPACE) != 0;
}

int privilege_read(struct privilege *privilege, struct fail *fail)
{
	bool secure = getauxval(AT_SECURE) != 0;

	memset(privilege, 0, sizeof(*privilege));
	if (capng_get_caps_process())
		return fail_set(fail, -EIO, "cannot read this process's capabilities");
	privilege->split = prctl(PR_CAPBSET_READ, CAP_BPF, 0, 0, 0) >= 0;
	privilege->user_namespace = in_user_namespace();
	privilege->set_id = getuid() != geteuid() || getgid() != getegid();
	privilege->file_caps = secure && !privilege->set_id;
	for (unsigned int i = 0; i < 64; i++)
		if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0 &&
		    capng_have_capability(CAPNG_EFFECTIVE, i))
			privilege->effective |= PRIVILEGE_BIT(i);
	if (privilege->user_namespace)
		privilege->effective = 0;
	return 0;
}

bool privilege_holds(const struct privilege *privilege, unsigned int capability)
{
	return privilege->effective & PRIVILEGE_BIT(capability);
}

uint64_t privilege_missing(const struct privilege *privilege)
{
	uint64_t need = PRIVILEGE_BIT(CAP_BPF) | PRIVILEGE_BIT(CAP_PERFMON);

	if (privilege_holds(privilege, CAP_SYS_ADMIN))
		return 0;
	return privilege->split ? need & ~privilege->effective : PRIVILEGE_BIT(CAP_SYS_ADMIN);
}

char *privilege_names(char *text, size_t size, uint64_t capabilities)
{
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < PRIVILEGE_COUNT && length < size; i++) {
		if (!(capabilities & PRIVILEGE_BIT(privilege_uses[i].capability)))
			continue;
		capabilities &= ~PRIVILEGE_BIT(privilege_uses[i].capability);
		length += (size_t)snprintf(text + length, size - length, "%s%s",
					   !length	? "" :
					   capabilities ? ", " :
							  " and ",
					   privilege_uses[i].name);
	}
	return text;
}

int privilege_check(const struct privilege *privilege, struct fail *fail)
{
	uint64_t missing = privilege_missing(privilege);
	char program[PATH_MAX] = "tasktax", names[64];
	ssize_t length;

	if (!missing)
		return 0;
	privilege_names(names, sizeof(names), missing);
	if (privilege->user_namespace)
		return fail_set(fail, -EPERM,
				"need %s to load BPF programs (missing: those of a user namespace "
				"do not count); run it outside the container, or in one that uses "
				"the host's user namespace and adds these capabilities",
				names);
	if (!privilege->split)
		return fail_set(fail, -EPERM,
				"need %s to load BPF programs on this kernel (missing: %s); run it "
				"with sudo",
				names, names);
	length = readlink("/proc/self/exe", program, sizeof(program) - 1);
	if (length > 0)
		program[length] = '\0';
	return fail_set(fail, -EPERM,
			"need CAP_BPF and CAP_PERFMON to load BPF programs (missing: %s); run it "
			"with sudo, or once: sudo setcap cap_bpf,cap_perfmon+ep %s",
			names, quote_string(program).text);
}

/* Leaves exactly these capabilities, effective and permitted. */
static int leave(uint64_t capabilities, struct fail *fail)
{
	if (capng_get_caps_process())
		return fail_set(fail, -EIO, "cannot read this process's capabilities");
	capng_clear(CAPNG_SELECT_CAPS);
	for (unsigned int i = 0; i < 64; i++)
		if (capabilities & PRIVILEGE_BIT(i))
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, i);
	if (capng_apply(CAPNG_SELECT_CAPS))
		return fail_set(fail, -EPERM, "cannot give up capabilities");
	return 0;
}

int privilege_keep_tracing(uint64_t extra, struct fail *fail)
{
	uint64_t keep = PRIVILEGE_BIT(CAP_BPF) | PRIVILEGE_BIT(CAP_PERFMON);
	struct privilege now;
	int err = privilege_read(&now, fail);

	if (err)
		return err;
	if ((now.effective & keep) != keep)
		keep = PRIVILEGE_BIT(CAP_SYS_ADMIN);
	return leave((keep | extra) & now.effective, fail);
}

int privilege_drop(uint64_t keep, struct fail *fail)
{
	struct privilege now;
	int err = privilege_read(&now, fail);

	if (err)
		return err;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return fail_set(fail, -errno, "cannot set no_new_privs: %s", strerror(errno));
	return leave(keep & now.effective, fail);
}

bool privilege_can_be_dropped(void)
{
	unsigned long major, minor;
	struct utsname name;
	char *end;

	if (host_read_number("/proc/sys/kernel/unprivileged_bpf_disabled", 1) == 0)
		return true;
	if (uname(&name))
		return false;
	major = strtoul(name.release, &end, 10);
	minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
	return major > 5 || (major == 5 && minor >= 19);
}
