/* SPDX-License-Identifier: GPL-2.0 */
/*
 * outputs.h - the outputs of a command: a main one, as text or as JSON in its place, and JSON and a page of HTML beside
 * it. Their options, and the way to open and to complete them. Called by reporting.c, cmd_lab.c and cmd_compare.c.
 */
#ifndef TASKTAX_OUTPUTS_H
#define TASKTAX_OUTPUTS_H

#include <argp.h>
#include <stdbool.h>

#include "base/log.h"
#include "output/sink.h"

/* All zero: the text, to standard error. */
struct outputs {
	const char *output, *json_file, *html_file;
	bool json;	     /* in place of the text */
	bool no_main;	     /* nothing but json_file and html_file */
	bool to_stdout;	     /* where no output is named */
	struct sink main;    /* text, or JSON in its place */
	struct sink json_to; /* JSON beside the text, */
	struct sink html_to; /* and a page of HTML */
};

/* A child of the command's parser; its input is the struct outputs. */
extern const struct argp outputs_argp;

/* What writes each of them to its sink's stream. 0, -EIO or -ENOMEM: the output is then withdrawn. */
struct outputs_writer {
	int (*text)(void *context, struct sink *sink);
	int (*json)(void *context, FILE *out);
	int (*html)(void *context, FILE *out);
	void *context;
};

/*
 * Opens them: before anything is started, so that what cannot be written is known at once. 0 or a negative errno with
 * the reason.
 */
int outputs_open(struct outputs *outputs, struct fail *fail);

/* Writes and completes those that are open: each is tried. 0, or the first negative errno with its reason. */
int outputs_write(struct outputs *outputs, const struct outputs_writer *writer, struct fail *fail);

/* Withdraws those that are open. */
void outputs_abort(struct outputs *outputs);

#endif
