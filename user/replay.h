/* SPDX-License-Identifier: GPL-2.0 */
/*
 * replay.h - a recording read back through the model: the report that was, or could have been, shown when it was
 * made. Called by the commands.
 */
#ifndef TASKTAX_REPLAY_H
#define TASKTAX_REPLAY_H

#include "model/model.h"
#include "record/reader.h"

struct replay {
	struct record_reader *reader; /* owns the context's strings */
	struct model *model;	      /* owns the report */
	const struct report *report;
};

/* 0, or an enum exit_status with the reason; then there is nothing to free. */
int replay_run(struct replay *replay, const char *directory, struct fail *fail);
void replay_free(struct replay *replay);

#endif
