/* SPDX-License-Identifier: GPL-2.0 */
/*
 * privilege.h - what this process may do, in the kernel's words, and giving up what it no longer
 * needs.
 *
 * Tracing needs CAP_BPF (maps, programs) and CAP_PERFMON (tracing programs, kernel memory, perf
 * events of every CPU), or CAP_SYS_ADMIN, which stands for both and is the only one before Linux
 * 5.8. Nothing else is needed to read: /sys/kernel/btf/vmlinux and the names in /proc/kallsyms are
 * open to everybody (the kernel resolves kprobes by name, so the addresses that CAP_SYSLOG shows
 * are not), the kprobe PMU replaces tracefs, and /proc/PID/comm and stat are world-readable. Under
 * kernel.perf_event_paranoid and kernel.unprivileged_bpf_disabled of any value the two suffice.
 *
 * A process with file capabilities is not dumpable, so its /proc/self files belong to root; reading
 * them still works, since the kernel asks no more of a task that reads about itself. CAP_SYS_PTRACE
 * and the CAP_DAC_ ones would be needed only for /proc/PID/{maps,mem,smaps} of others.
 *
 * Includes libcap-ng and base/. Called by features.c, the session and the commands. capset(2)
 * changes the calling thread only: give up capabilities before starting threads.
 */
#ifndef TASKTAX_TRACE_PRIVILEGE_H
#define TASKTAX_TRACE_PRIVILEGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

#define PRIVILEGE_BIT(capability) (UINT64_C(1) << (capability))
#define PRIVILEGE_COUNT 8

struct privilege {
	uint64_t
		effective; /* PRIVILEGE_BIT(CAP_...) of those that count in the initial namespace */
	bool split;	   /* the kernel has CAP_BPF and CAP_PERFMON (5.8) */
	bool user_namespace; /* not the initial one: capabilities here do not count for BPF */
	bool set_id;	     /* the real user or group is another than the effective one */
	bool file_caps;	     /* gained by exec from the file's capabilities */
};

/* A capability that some part of tasktax uses. */
struct privilege_use {
	unsigned int capability;
	const char *name, *use;
};

extern const struct privilege_use privilege_uses[PRIVILEGE_COUNT];

/* What this thread has. 0, or -EIO with the reason when the kernel does not say. */
int privilege_read(struct privilege *privilege, struct fail *fail);

bool privilege_holds(const struct privilege *privilege, unsigned int capability);

/* The capabilities that tracing needs and this process lacks; 0: enough. */
uint64_t privilege_missing(const struct privilege *privilege);

/*
 * 0, or -EPERM with what is missing and what to do, as one line without "tasktax: COMMAND:": "need
 * CAP_BPF and CAP_PERFMON to load BPF programs (missing: CAP_PERFMON); run it with sudo, or ..."
 */
int privilege_check(const struct privilege *privilege, struct fail *fail);

/* The names of these capabilities, "CAP_BPF and CAP_PERFMON"; returns text. */
char *privilege_names(char *text, size_t size, uint64_t capabilities);

/*
 * Gives up everything but what tracing needs and `extra` (PRIVILEGE_BIT()s: CAP_KILL to pass
 * signals on to a command of another user, CAP_DAC_OVERRIDE to create outputs in others'
 * directories, and so on). The command must have been forked before: it keeps the caller's
 * capabilities. 0, or a negative errno with the reason.
 */
int privilege_keep_tracing(uint64_t extra, struct fail *fail);

/*
 * Gives up every capability for good, but those of `keep` that it has: what is attached stays attached, mapped rings
 * and maps stay readable, no more can be loaded or attached. no_new_privs makes it final even for root, whose next
 * exec would give all back, so never call it in a process that will exec the command. 0, or a negative errno with
 * the reason.
 */
int privilege_drop(uint64_t keep, struct fail *fail);

/*
 * Whether bpf(2) still looks into maps and programs without any. Before Linux 5.19 (c8644cd0efe7) no call of it works
 * where kernel.unprivileged_bpf_disabled is set.
 */
bool privilege_can_be_dropped(void);

#endif
