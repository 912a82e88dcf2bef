/* SPDX-License-Identifier: GPL-2.0 */
/* report_page.h - the report as one page of HTML. Called by reporting.c. */
#ifndef TASKTAX_HTML_REPORT_PAGE_H
#define TASKTAX_HTML_REPORT_PAGE_H

#include <stdio.h>

#include "model/report.h"

/* 0, -ENOMEM or -EIO. */
int html_report(const struct report *report, FILE *out);

#endif
