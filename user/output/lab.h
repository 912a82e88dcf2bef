/* SPDX-License-Identifier: GPL-2.0 */
/*
 * lab.h - what the lab measured, as text for people and as JSON (schema "tasktax.lab/1").
 *
 * Includes lab/ and table.h. Called by cmd_lab.c.
 */
#ifndef TASKTAX_OUTPUT_LAB_H
#define TASKTAX_OUTPUT_LAB_H

#include <jansson.h>
#include <stdio.h>

#include "lab/lab.h"
#include "output/table.h"

/* What there is to say of one experiment, onto a page of any form. */
void lab_sections(const struct lab_result *result, const struct features *host, struct page *page);

/* The same as text. 0, -ENOMEM or -EIO. */
int lab_text(const struct lab_result *result, const struct features *host, FILE *out,
	     unsigned int width, bool colour);

/*
 * All experiments, with every round's raw figures; unknown is null. Owned by the caller; NULL: no
 * memory.
 */
json_t *lab_json(const struct lab_result *results, size_t count, const struct features *host,
		 const char *version);

#endif
