/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* vmlinux.h for x86_64, Linux 6.18: the common types and this architecture's registers. */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct pt_regs {
	unsigned long r15, r14, r13, r12;
	unsigned long bp, bx;
	unsigned long r11, r10, r9, r8;
	unsigned long ax, cx, dx, si, di;
	unsigned long orig_ax;
	unsigned long ip;
	unsigned long cs;
	unsigned long flags;
	unsigned long sp;
	unsigned long ss;
};

struct thread_struct {
	unsigned long fsbase; /* the thread pointer */
};

#pragma clang attribute pop

#include "../types.h"

#endif
