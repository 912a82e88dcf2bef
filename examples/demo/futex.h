/* SPDX-License-Identifier: GPL-2.0 */
/*
 * futex.h - the futex system call, which has no wrapper in the C library.
 *
 * Never FUTEX_PRIVATE_FLAG: the words lie in memory that processes may share, and the work must be
 * the same in every form.
 */
#ifndef DEMO_FUTEX_H
#define DEMO_FUTEX_H

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef _Atomic uint32_t futex_word;

/* Sleeps while *word is value. 0 (look again: it may be value still) or -errno. */
static inline int futex_wait(futex_word *word, uint32_t value)
{
	if (syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0) < 0 && errno != EAGAIN &&
	    errno != EINTR)
		return -errno;
	return 0;
}

/* Wakes at most count sleepers (INT_MAX: all). 0 or -errno. */
static inline int futex_wake(futex_word *word, int count)
{
	return syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0) < 0 ? -errno : 0;
}

/* A gate that stays shut (0) until it is opened once, for all. */
static inline int gate_wait(futex_word *gate)
{
	while (!atomic_load(gate)) {
		int err = futex_wait(gate, 0);

		if (err)
			return err;
	}
	return 0;
}

static inline int gate_open(futex_word *gate)
{
	atomic_store(gate, 1);
	return futex_wake(gate, INT_MAX);
}

#endif
