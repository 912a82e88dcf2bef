/* SPDX-License-Identifier: GPL-2.0 */
/*
 * screen.h - top's lines on a terminal, by ncurses, and its keys. There is one screen. Called by top.c.
 */
#ifndef TASKTAX_TOP_SCREEN_H
#define TASKTAX_TOP_SCREEN_H

#include "base/log.h"
#include "top/display.h"

struct screen;

/* NULL with the reason; its code is an enum exit_status. */
struct screen *screen_open(bool colour, struct fail *fail);
void screen_close(struct screen *screen); /* gives the terminal back; takes NULL */

/* The next key, as view_key() takes it; -1: there is none now. *resized: the window has another size. */
int screen_key(struct screen *screen, bool *resized);

/* Brings the view within the window, and shows it. */
void screen_draw(struct screen *screen, struct view *view, const struct rates_view *rates,
		 const struct order *order, const struct display_facts *facts);

#endif
