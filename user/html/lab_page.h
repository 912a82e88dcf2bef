/* SPDX-License-Identifier: GPL-2.0 */
/* lab_page.h - what the lab measured as one page of HTML. Called by cmd_lab.c. */
#ifndef TASKTAX_HTML_LAB_PAGE_H
#define TASKTAX_HTML_LAB_PAGE_H

#include <stdio.h>

#include "lab/lab.h"

/* All experiments. 0, -ENOMEM or -EIO. */
int html_lab(const struct lab_result *results, size_t count, const struct features *host,
	     FILE *out);

#endif
