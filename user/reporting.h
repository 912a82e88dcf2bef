/* SPDX-License-Identifier: GPL-2.0 */
/*
 * reporting.h - where a report goes, and in which forms: the options that the commands with a report have in common
 * (run, attach, record, report), and the way from the finished model to the outputs.
 */
#ifndef TASKTAX_REPORTING_H
#define TASKTAX_REPORTING_H

#include "model/report.h"
#include "outputs.h"

/* All zero: the text, to standard error. */
struct reporting {
	struct outputs outputs;
	bool threads; /* show them one by one, however many processes there are */
};

/* A child of the command's parser; its input is the struct reporting. */
extern const struct argp reporting_argp;

/* As outputs_open(). */
int reporting_open(struct reporting *reporting, struct fail *fail);

/* Writes and completes them. 0 or a negative errno with the reason. */
int reporting_write(struct reporting *reporting, const struct report *report, struct fail *fail);

/* Withdraws those that are open. */
void reporting_abort(struct reporting *reporting);

#endif
