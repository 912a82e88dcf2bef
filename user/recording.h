/* SPDX-License-Identifier: GPL-2.0 */
/*
 * recording.h - a traced run being recorded: hands the record writer what the session knows beside its events.
 * Called by run.c.
 */
#ifndef TASKTAX_RECORDING_H
#define TASKTAX_RECORDING_H

#include "model/report.h"
#include "record/writer.h"
#include "trace/session.h"

#define RECORDING_DEFAULT "tasktax.rec"

/* What is to be kept, and where. */
struct recording_options {
	const char *directory;
	bool replace; /* a recording that is there */
};

/* Before the first event. 0 or a negative errno with the reason. */
int recording_open(struct record_writer **writer, const struct recording_options *options,
		   const struct run_context *context, struct fail *fail);

/* Now and then: tells the writer what was lost, and the time. */
void recording_tick(struct record_writer *writer, const struct session *session);

/* With the report of all that was taken. 0, or a negative errno with the reason, also of what failed before. */
int recording_close(struct record_writer *writer, const struct session *session,
		    const struct report *report, uint64_t armed_ns, struct record_size *size,
		    struct fail *fail);

#endif
