/* SPDX-License-Identifier: GPL-2.0 */
/*
 * export.h - a recording in the form of another tool: what a format is, and what it is handed.
 *
 * A format takes the events in the order in which the model took them, each after the model has taken it, so that it
 * can ask the model what it made of it (model.h). A new one is a file with a struct export_format, and a line in
 * formats.c. Called by cmd_export.c.
 */
#ifndef TASKTAX_EXPORT_EXPORT_H
#define TASKTAX_EXPORT_EXPORT_H

#include "export/buffer.h"
#include "export/who.h"
#include "record/reader.h"

/* Which stacks, and what their number is. */
enum folded_what {
	FOLDED_SWITCHES,   /* who switches to whom: count */
	FOLDED_DIRECT,	   /* the same: ns */
	FOLDED_WAIT,	   /* who waited for a CPU: ns */
	FOLDED_FAULTS,	   /* by process, cause, kind and region: count */
	FOLDED_FAULT_TIME, /* the same: ns on the CPU */
	FOLDED_WHATS,
};

const char *folded_name(enum folded_what what); /* NULL beyond the last */
const char *folded_help(enum folded_what what);

struct export_options {
	enum folded_what folded;
};

/* What is known while it runs. */
struct export
{
	const struct export_options *options;
	const struct record_reader *reader; /* clocks, host, command: record_reader_context() */
	const struct model *model;
	struct buffer *out;
	struct who_names names;
	void *state; /* the format's own */
};

/* Each function: 0 or a negative errno; what went wrong with `out` is kept there and need not be returned. */
struct export_format {
	const char *name, *help;
	bool binary; /* not for a terminal */
	int (*begin)(struct export *export);
	int (*event)(struct export *export, const struct event_header *event);
	int (*end)(struct export *export, const struct report *report);
	void (*free)(struct export *export); /* NULL: it has nothing to free */

	/*
	 * In place of these: makes the directory `output` of the recording at `directory`. 0 or an enum exit_status with the
	 * reason.
	 */
	int (*copy)(const char *directory, const char *output, bool replace, struct fail *fail);
};

/* By name, up to a NULL name. */
const struct export_format *export_formats(void);

#endif
