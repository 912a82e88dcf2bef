/* SPDX-License-Identifier: GPL-2.0 */
/* batch.h - top's lines as plain text, for scripts. Called by top.c. */
#ifndef TASKTAX_TOP_BATCH_H
#define TASKTAX_TOP_BATCH_H

#include <stdio.h>

#include "top/display.h"

/* One update: the summary, the table, an empty line. 0 or a negative errno. */
int batch_write(FILE *out, const struct view *view, const struct rates_view *rates,
		const struct order *order, const struct display_facts *facts, unsigned int width);

#endif
