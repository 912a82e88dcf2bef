/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* vmlinux.h for arm64, Linux 6.12: the common types and this architecture's registers. */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#include "../types.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct user_pt_regs {
	__u64 regs[31];
	__u64 sp;
	__u64 pc;
	__u64 pstate;
};

struct pt_regs {
	struct user_pt_regs user_regs;
};

#pragma clang attribute pop

#endif
