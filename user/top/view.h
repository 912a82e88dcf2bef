/* SPDX-License-Identifier: GPL-2.0 */
/*
 * view.h - what the user of top has chosen to see, and what each key changes about it. Pure: no terminal, no clock.
 * Called by screen.c, top.c and the tests.
 */
#ifndef TASKTAX_TOP_VIEW_H
#define TASKTAX_TOP_VIEW_H

#include <stdbool.h>

#include "top/columns.h"

#define VIEW_TYPED 48
#define VIEW_SECONDS_LEAST 0.1
#define VIEW_SECONDS_MOST 3600.0

/* Keys that are no character. Characters come as they are, bytes of UTF-8 one by one. */
enum view_key {
	VIEW_KEY_UP = 0x100,
	VIEW_KEY_DOWN,
	VIEW_KEY_LEFT,
	VIEW_KEY_RIGHT,
	VIEW_KEY_PAGE_UP,
	VIEW_KEY_PAGE_DOWN,
	VIEW_KEY_HOME,
	VIEW_KEY_END,
	VIEW_KEY_BACKSPACE,
	VIEW_KEY_F1,
	VIEW_KEY_F4,
	VIEW_KEY_F5,
	VIEW_KEY_F6,
	VIEW_KEY_F10,
};

enum view_mode {
	VIEW_TABLE,
	VIEW_HELP,
	VIEW_FILTERING, /* what is typed is the filter */
	VIEW_TIMING,	/* what is typed is the interval */
};

struct view {
	enum view_mode mode;
	enum column sort;
	bool reversed, tree, threads, kinds, frozen;
	bool can_threads;	 /* they are counted */
	char filter[VIEW_TYPED]; /* "": none */
	char typed[VIEW_TYPED];	 /* so far, of an interval; the filter that was, to go back to */
	double interval;	 /* seconds */
	unsigned int shift;	 /* figures passed over */
	unsigned int first, page, rows; /* the row on top; how many fit; how many there are */
	bool quit, redraw;		/* wanted: the end; the whole screen anew */
	const char *message;		/* until the next key; a constant */
};

/* The key was pressed. */
void view_key(struct view *view, int key);

/* How many rows there are, and how many the screen holds: brings `first` within them. */
void view_fit(struct view *view, unsigned int rows, unsigned int page);

/* Whether a row passes the filter: its name has it, in either case, or its pid or tid begins so. */
bool view_passes(const struct view *view, const struct rates_row *row);

/* 0, or -EINVAL: not a number of seconds in its bounds. */
int view_parse_seconds(const char *text, double *seconds);

#endif
