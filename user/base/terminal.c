// SPDX-License-Identifier: GPL-2.0
/* terminal.c - asks the environment and the terminal; see terminal.h. */
#include "base/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_LEAST 60
#define WIDTH_MOST 120
#define WIDTH_UNKNOWN 80

struct terminal terminal_of(int fd)
{
	const char *type = getenv("TERM"), *no_colour = getenv("NO_COLOR");
	struct terminal terminal = { .width = WIDTH_UNKNOWN };
	struct winsize size;

	terminal.is = type && strcmp(type, "dumb") != 0 && isatty(fd);
	terminal.colour = terminal.is && !(no_colour && *no_colour);
	if (!ioctl(fd, TIOCGWINSZ, &size) && size.ws_col) {
		terminal.width = size.ws_col < WIDTH_MOST ? size.ws_col : WIDTH_MOST;
		if (terminal.width < WIDTH_LEAST)
			terminal.width = WIDTH_LEAST;
	}
	return terminal;
}
