/* SPDX-License-Identifier: GPL-2.0 */
/* compare_page.h - a comparison of runs as one page of HTML. Called by cmd_compare.c. */
#ifndef TASKTAX_HTML_COMPARE_PAGE_H
#define TASKTAX_HTML_COMPARE_PAGE_H

#include <stdio.h>

#include "compare/comparison.h"

/* 0, -ENOMEM or -EIO. */
int html_compare(const struct compare *compare, FILE *out);

#endif
