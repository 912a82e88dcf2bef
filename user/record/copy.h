/* SPDX-License-Identifier: GPL-2.0 */
/*
 * copy.h - a recording once more, as far as it is sound: its metadata, and of each stream the packets that pass every
 * check of packet.h, byte for byte. Called by export/ctf.c.
 */
#ifndef TASKTAX_RECORD_COPY_H
#define TASKTAX_RECORD_COPY_H

#include "record/reader.h"

struct record_copied {
	uint64_t packets, bytes;
	uint64_t left_out; /* packets: damaged, or cut off */
};

/* Into a directory that is open and empty. 0, or a negative errno with the reason. */
int record_copy(const struct record_reader *reader, int directory, struct record_copied *copied,
		struct fail *fail);

#endif
