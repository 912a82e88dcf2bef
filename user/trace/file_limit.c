// SPDX-License-Identifier: GPL-2.0
/* file_limit.c - RLIMIT_NOFILE; see file_limit.h. */
#include "trace/file_limit.h"

#include <stdbool.h>
#include <sys/resource.h>

static struct rlimit before;
static bool raised;

void file_limit_raise(unsigned int descriptors)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= descriptors ||
	    limit.rlim_cur >= limit.rlim_max)
		return;
	if (!raised)
		before = limit;
	limit.rlim_cur = limit.rlim_max;
	if (!setrlimit(RLIMIT_NOFILE, &limit))
		raised = true;
}

void file_limit_restore(void)
{
	if (raised)
		setrlimit(RLIMIT_NOFILE, &before);
}
