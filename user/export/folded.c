// SPDX-License-Identifier: GPL-2.0
/* folded.c - stacks for flame graphs; see examples/export/README.md. */
#include "export/formats.h"

static const struct {
	const char *name, *help;
} whats[FOLDED_WHATS] = {
	[FOLDED_SWITCHES] = { "switches", "who;level via;to whom: switches (the default)" },
	[FOLDED_DIRECT] = { "direct", "the same: direct cost, ns" },
	[FOLDED_WAIT] = { "wait", "process;thread;level via: waiting for a CPU, ns" },
	[FOLDED_FAULTS] = { "faults", "process;cause;kind;region;file: page faults" },
	[FOLDED_FAULT_TIME] = { "fault-time", "the same: their time on the CPU, ns" },
};

const char *folded_name(enum folded_what what)
{
	return what < FOLDED_WHATS ? whats[what].name : NULL;
}

const char *folded_help(enum folded_what what)
{
	return what < FOLDED_WHATS ? whats[what].help : NULL;
}
