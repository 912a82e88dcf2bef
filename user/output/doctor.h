/* SPDX-License-Identifier: GPL-2.0 */
/*
 * doctor.h - what this kernel allows, as text for people and as JSON (tasktax.doctor/1).
 *
 * Includes trace/ (features, hooks), base/ and jansson. Called by cmd_doctor.c.
 */
#ifndef TASKTAX_OUTPUT_DOCTOR_H
#define TASKTAX_OUTPUT_DOCTOR_H

#include <stdbool.h>
#include <stdio.h>

#include "trace/features.h"
#include "trace/hooks.h"

/* What is shown. Borrowed. */
struct doctor {
	const struct features *features; /* all of them probed */
	const struct hooks *hooks;	 /* what a run would attach; NULL: it would not work */
	const char *reason;		 /* then: why, and what to do */
	const char *version;
};

/*
 * The host, one row per feature, the verdict last; at most 80 columns (a longer path stays whole).
 * Failed writes are told by the stream's error flag.
 */
void doctor_text(const struct doctor *doctor, FILE *stream, bool colour);

/* 0 or -ENOMEM; failed writes are told by the stream's error flag. */
int doctor_json(const struct doctor *doctor, FILE *stream);

#endif
