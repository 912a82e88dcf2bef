/* SPDX-License-Identifier: GPL-2.0 */
/* table_form.h - the tables of the form of html.h. Called by html.c. */
#ifndef TASKTAX_HTML_TABLE_FORM_H
#define TASKTAX_HTML_TABLE_FORM_H

#include "output/form.h"

void html_table(struct page *page, const struct table *table);

#endif
