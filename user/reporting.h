/* SPDX-License-Identifier: GPL-2.0 */
/*
 * reporting.h - where a report goes, and in which forms: the options that the commands with a report have in common
 * (run, attach, record, report), and the way from the finished model to the outputs.
 */
#ifndef TASKTAX_REPORTING_H
#define TASKTAX_REPORTING_H

#include <argp.h>
#include <stdbool.h>

#include "base/log.h"
#include "model/report.h"
#include "output/sink.h"

/* All zero: the text, to standard error. */
struct reporting {
	const char *output, *json_file, *html_file;
	bool json;	     /* in place of the text */
	bool threads;	     /* show them one by one, however many processes there are */
	bool no_text;	     /* nothing but json_file and html_file */
	bool to_stdout;	     /* where no output is named */
	struct sink report;  /* text, or JSON in its place */
	struct sink json_to; /* JSON beside the text, */
	struct sink html_to; /* and a page of HTML */
};

/* A child of the command's parser; its input is the struct reporting. */
extern const struct argp reporting_argp;

/*
 * Opens the outputs: before anything is started, so that what cannot be written is known at once. 0 or a negative
 * errno with the reason.
 */
int reporting_open(struct reporting *reporting, struct fail *fail);

/* Writes and completes them. 0 or a negative errno with the reason. */
int reporting_write(struct reporting *reporting, const struct report *report, struct fail *fail);

/* Withdraws those that are open. */
void reporting_abort(struct reporting *reporting);

#endif
