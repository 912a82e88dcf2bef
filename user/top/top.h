/* SPDX-License-Identifier: GPL-2.0 */
/*
 * top.h - the course of `tasktax top`: a census at each interval, keys, signals, the screen or plain batches. Called by
 * cmd_top.c.
 */
#ifndef TASKTAX_TOP_TOP_H
#define TASKTAX_TOP_TOP_H

#include "top/feed.h"
#include "top/view.h"

struct top_options {
	struct feed_options feed;
	struct view view; /* as it begins; its interval */
	bool batch, colour;
	uint64_t updates;   /* so many, then the end; 0: for ever */
	unsigned int width; /* of a batch, in columns */
};

/* 0, or an enum exit_status with the reason. */
int top_run(const struct top_options *options, struct fail *fail);

#endif
