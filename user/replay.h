/* SPDX-License-Identifier: GPL-2.0 */
/*
 * replay.h - a recording, or a part of it, read back through the model: the report that was, or could have been,
 * shown when it was made. Called by the commands.
 */
#ifndef TASKTAX_REPLAY_H
#define TASKTAX_REPLAY_H

#include "model/model.h"
#include "record/narrow.h"
#include "record/reader.h"

struct replay;

/* Who is told of each event of the part after the model took it, and can ask the model what it made of it. */
struct replay_tap {
	int (*begin)(void *context, const struct replay *replay); /* before the first */
	int (*event)(void *context, const struct event_header *event);
	void *context;
};

/* Which part. All zero: all of it. */
struct replay_part {
	uint64_t from_ns, to_ns; /* since recording began; to_ns 0: to the end */
	const uint32_t *pid;	 /* these processes alone; borrowed */
	size_t pids;
	const struct replay_tap
		*tap; /* NULL: nobody; what it returns that is not 0 ends the reading */
};

struct replay {
	struct record_reader *reader; /* owns the context's strings */
	struct model *model;	      /* owns the report */
	struct narrow *narrow;	      /* NULL: all processes */
	const struct report *report;
	const struct replay_tap *tap;
	uint64_t from_ns, to_ns; /* CLOCK_MONOTONIC */
	bool begun;		 /* what comes now is in the part */
	char part[256];		 /* in words */
};

/* 0, or an enum exit_status with the reason; then there is nothing to free. */
int replay_run(struct replay *replay, const char *directory, const struct replay_part *part,
	       struct fail *fail);
void replay_free(struct replay *replay);

#endif
