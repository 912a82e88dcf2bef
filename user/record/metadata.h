/* SPDX-License-Identifier: GPL-2.0 */
/*
 * metadata.h - the text of a trace's `metadata` file, in CTF's description language (TSDL): which bytes are what,
 * from the tables of fields.h; the clock; and the environment, as lines that environment.h makes and reads.
 * Includes the C library. Called by writer.c and reader.c.
 */
#ifndef TASKTAX_RECORD_METADATA_H
#define TASKTAX_RECORD_METADATA_H

#include <stdint.h>
#include <stdio.h>

#include "base/log.h"
#include "model/report.h"
#include "record/format.h"

struct metadata {
	uint8_t uuid[CTF_UUID_BYTES];
	int64_t clock_offset_ns; /* CLOCK_REALTIME less CLOCK_MONOTONIC */
	struct environment *environment;
};

/* The whole file. What went wrong is in the stream's error flag. */
void metadata_write(FILE *out, const uint8_t uuid[CTF_UUID_BYTES], int64_t clock_offset_ns,
		    const struct run_context *context);

/*
 * Reads what metadata_write() wrote: `text` is terminated, and is written to. 0, -EINVAL with the reason when it is no
 * recording of ours, -ENOTSUP when it is a newer one, or -ENOMEM; then there is nothing to free.
 */
int metadata_read(struct metadata *metadata, char *text, struct fail *fail);

#endif
