/* SPDX-License-Identifier: GPL-2.0 */
/* exporting.h - a recording, or a part of it, through the model and into a format. Called by cmd_export.c and the fuzzer. */
#ifndef TASKTAX_EXPORTING_H
#define TASKTAX_EXPORTING_H

#include "export/export.h"
#include "replay.h"

/*
 * Reads all of it, and hands each event to the format after the model has taken it; what is written is flushed. A tap in
 * `part` is not called. 0, and the replay with its report is the caller's to free; else an enum exit_status with the
 * reason, and there is nothing to free. What went wrong with the output is in out->err.
 */
int export_run(struct replay *replay, const char *directory, const struct replay_part *part,
	       const struct export_format *format, const struct export_options *options,
	       struct buffer *out, struct fail *fail);

#endif
