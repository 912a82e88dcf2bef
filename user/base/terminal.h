/* SPDX-License-Identifier: GPL-2.0 */
/*
 * terminal.h - what a descriptor's terminal, if it is one, lets us do. Includes the C library only.
 * Called by the commands and by lab/progress.c.
 */
#ifndef TASKTAX_BASE_TERMINAL_H
#define TASKTAX_BASE_TERMINAL_H

#include <stdbool.h>

struct terminal {
	bool is;	    /* a terminal that can move its cursor: TERM is set and not "dumb" */
	bool colour;	    /* and NO_COLOR (https://no-color.org) is not set to anything */
	unsigned int width; /* columns, kept within 60 to 120; 80 where nobody says */
};

struct terminal terminal_of(int fd);

#endif
