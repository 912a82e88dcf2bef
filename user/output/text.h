/* SPDX-License-Identifier: GPL-2.0 */
/*
 * text.h - the report as text for people.
 *
 * What ran, whether the figures are complete, then the figures. Unknown is a dash with a footnote
 * why. Includes model/report.h and base/. Called by the commands.
 */
#ifndef TASKTAX_OUTPUT_TEXT_H
#define TASKTAX_OUTPUT_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "model/report.h"

struct text_options {
	bool colour;	    /* the caller knows the terminal and NO_COLOR */
	bool apart;	    /* begins with an empty line: others write to the same place */
	unsigned int width; /* columns; 0: 80. Lines keep to it, from 60 on */
	unsigned int top;   /* rows of the lists; 0: 10, and 8 pairs */
	bool threads;	    /* every task that there is has a row of its own */
};

/* 0, -ENOMEM (something is missing from the text) or -EIO. */
int text_write(const struct report *report, FILE *out, const struct text_options *options);

#endif
