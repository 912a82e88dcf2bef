/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* vmlinux.h for arm64, Linux 6.12: the common types and this architecture's registers. */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct user_pt_regs {
	unsigned long long regs[31];
	unsigned long long sp;
	unsigned long long pc;
	unsigned long long pstate;
};

struct pt_regs {
	struct user_pt_regs user_regs;
};

struct thread_struct {
	struct {
		unsigned long tp_value; /* the thread pointer */
	} uw;
};

#pragma clang attribute pop

#include "../types.h"

#endif
