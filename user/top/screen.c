// SPDX-License-Identifier: GPL-2.0
/* screen.c - ncurses; see screen.h. */
#include "top/screen.h"

#include <curses.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>

#include "base/exits.h"
#include "base/quote.h"

#define ESCAPE_MS 25
/* Smaller ones show less, and say so; below the least there is no table. */
#define GOOD_WIDTH 80
#define GOOD_HEIGHT 24
#define LEAST_WIDTH 40
#define LEAST_HEIGHT 9

enum pair {
	PAIR_GOOD = 1,
	PAIR_WARN,
	PAIR_BAD,
	PAIR_THREAD,
	PAIR_PROCESS,
};

struct screen {
	SCREEN *terminal;
	bool colour, utf8;
	struct line line; /* being drawn; each is a few thousand bytes */
	struct line summary[DISPLAY_SUMMARY];
};

/* --- beginning and end --- */

static void begin_colours(struct screen *screen)
{
	if (!screen->colour || !has_colors() || start_color() == ERR) {
		screen->colour = false;
		return;
	}
	use_default_colors();
	init_pair(PAIR_GOOD, COLOR_GREEN, -1);
	init_pair(PAIR_WARN, COLOR_YELLOW, -1);
	init_pair(PAIR_BAD, COLOR_RED, -1);
	init_pair(PAIR_THREAD, COLOR_CYAN, -1);
	init_pair(PAIR_PROCESS, COLOR_MAGENTA, -1);
}

struct screen *screen_open(bool colour, struct fail *fail)
{
	struct screen *screen = calloc(1, sizeof(*screen));
	const char *type = getenv("TERM");

	if (!screen) {
		fail_set(fail, EXITS_FAILURE, "no memory");
		return NULL;
	}
	screen->colour = colour;
	screen->utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	screen->terminal = newterm(NULL, stdout, stdin);
	if (!screen->terminal) {
		fail_set(fail, EXITS_USAGE,
			 "the terminal %s cannot be drawn on: set TERM to what it is, or take -b",
			 quote_string(type ?: "").text);
		free(screen);
		return NULL;
	}
	begin_colours(screen);
	cbreak();
	noecho();
	nonl();
	curs_set(0);
	set_escdelay(ESCAPE_MS);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	return screen;
}

void screen_close(struct screen *screen)
{
	if (!screen)
		return;
	endwin();
	delscreen(screen->terminal);
	free(screen);
}

/* --- keys --- */

int screen_key(struct screen *screen, bool *resized)
{
	static const struct {
		int curses, key;
	} keys[] = {
		{ KEY_UP, VIEW_KEY_UP },
		{ KEY_DOWN, VIEW_KEY_DOWN },
		{ KEY_LEFT, VIEW_KEY_LEFT },
		{ KEY_RIGHT, VIEW_KEY_RIGHT },
		{ KEY_PPAGE, VIEW_KEY_PAGE_UP },
		{ KEY_NPAGE, VIEW_KEY_PAGE_DOWN },
		{ KEY_HOME, VIEW_KEY_HOME },
		{ KEY_END, VIEW_KEY_END },
		{ KEY_BACKSPACE, VIEW_KEY_BACKSPACE },
		{ KEY_ENTER, '\r' },
		{ KEY_F(1), VIEW_KEY_F1 },
		{ KEY_F(4), VIEW_KEY_F4 },
		{ KEY_F(5), VIEW_KEY_F5 },
		{ KEY_F(6), VIEW_KEY_F6 },
		{ KEY_F(10), VIEW_KEY_F10 },
	};
	int key;

	(void)screen;
	while ((key = getch()) != ERR) {
		if (key == KEY_RESIZE)
			*resized = true;
		else if (key < 0x100)
			return key;
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			if (key == keys[i].curses)
				return keys[i].key;
	}
	return -1;
}

/* --- drawing --- */

static attr_t attributes(const struct screen *screen, enum style style)
{
	static const struct {
		attr_t attributes;
		short pair;
	} styles[STYLES] = {
		[STYLE_BOLD] = { A_BOLD, 0 },
		[STYLE_DIM] = { A_DIM, 0 },
		[STYLE_GOOD] = { A_NORMAL, PAIR_GOOD },
		[STYLE_WARN] = { A_BOLD, PAIR_WARN },
		[STYLE_BAD] = { A_BOLD, PAIR_BAD },
		[STYLE_THREAD] = { A_NORMAL, PAIR_THREAD },
		[STYLE_PROCESS] = { A_NORMAL, PAIR_PROCESS },
	};

	return styles[style].attributes |
	       (screen->colour ? (attr_t)COLOR_PAIR(styles[style].pair) : A_NORMAL);
}

static void put(struct screen *screen, int y, struct line *line, bool bar)
{
	move(y, 0);
	clrtoeol();
	line_cut(line, (unsigned int)COLS);
	if (bar)
		line_fill(line, (unsigned int)COLS);
	for (unsigned int i = 0; i < line->pieces; i++) {
		attr_t wanted = attributes(screen, line->piece[i].style);

		/* on a bar what is emphasized is the other way round */
		if (bar)
			wanted = line->piece[i].style == STYLE_BOLD ? A_BOLD | A_UNDERLINE :
								      A_REVERSE;
		if (!screen->utf8)
			line_ascii(line->piece[i].text);
		attrset(wanted);
		addstr(line->piece[i].text);
	}
	attrset(A_NORMAL);
}

static void draw_help(struct screen *screen)
{
	const char *text;

	erase();
	line_clear(&screen->line);
	line_add(&screen->line, STYLE_PLAIN, "tasktax top: help - any key goes back");
	put(screen, 0, &screen->line, true);
	for (unsigned int i = 0; (text = display_help(i)) && (int)i + 2 < LINES; i++) {
		line_clear(&screen->line);
		line_add(&screen->line, STYLE_PLAIN, "%s", text);
		put(screen, (int)i + 2, &screen->line, false);
	}
}

static void draw_table(struct screen *screen, const struct view *view,
		       const struct rates_view *rates, const struct order *order)
{
	struct layout layout =
		columns_layout((unsigned int)COLS, view->kinds, view->tree, view->shift);
	int y = DISPLAY_SUMMARY + 1;

	display_heading(&screen->line, view, &layout);
	put(screen, y++, &screen->line, true);
	for (uint32_t i = view->first; i < order->count && i < view->first + view->page; i++) {
		display_row(&screen->line, &order->line[i], rates, &layout);
		put(screen, y++, &screen->line, false);
	}
}

static void draw_bottom(struct screen *screen, const struct view *view)
{
	display_keys(&screen->line, view, (unsigned int)COLS);
	if (COLS < GOOD_WIDTH || LINES < GOOD_HEIGHT) {
		line_clear(&screen->line);
		line_add(&screen->line, STYLE_PLAIN, "%dx%d: too small to show all, %dx%d does",
			 COLS, LINES, GOOD_WIDTH, GOOD_HEIGHT);
	}
	put(screen, LINES - 1, &screen->line, true);
}

static void draw_all(struct screen *screen, struct view *view, const struct rates_view *rates,
		     const struct order *order, const struct display_facts *facts)
{
	view_fit(view, order->count, (unsigned int)LINES - DISPLAY_SUMMARY - 3);
	display_summary(screen->summary, view, rates, facts, (unsigned int)COLS);
	for (int i = 0; i < DISPLAY_SUMMARY; i++)
		put(screen, i, &screen->summary[i], false);
	display_prompt(&screen->line, view, rates, order, (unsigned int)COLS);
	put(screen, DISPLAY_SUMMARY, &screen->line, false);
	draw_table(screen, view, rates, order);
	draw_bottom(screen, view);
}

void screen_draw(struct screen *screen, struct view *view, const struct rates_view *rates,
		 const struct order *order, const struct display_facts *facts)
{
	if (view->redraw)
		clearok(stdscr, TRUE);
	view->redraw = false;
	erase();
	if (COLS < LEAST_WIDTH || LINES < LEAST_HEIGHT)
		mvprintw(0, 0, "%dx%d: too small for top, 80x24 shows all", COLS, LINES);
	else if (view->mode == VIEW_HELP)
		draw_help(screen);
	else
		draw_all(screen, view, rates, order, facts);
	refresh();
}
