// SPDX-License-Identifier: GPL-2.0
/* view.c - the keys; see view.h. */
#include "top/view.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ESCAPE 0x1b
#define ENTER '\r'
#define CONTROL(letter) ((letter)&0x1f)

int view_parse_seconds(const char *text, double *seconds)
{
	char *end;
	double value = strtod(text, &end);

	if ((*text < '0' || *text > '9') && *text != '.')
		return -EINVAL; /* strtod() takes blanks, signs and words */
	if (end == text || *end || !isfinite(value) || value < VIEW_SECONDS_LEAST ||
	    value > VIEW_SECONDS_MOST)
		return -EINVAL;
	*seconds = value;
	return 0;
}

/* --- what is typed --- */

static void type(char text[VIEW_TYPED], int key)
{
	size_t length = strlen(text);

	if ((key == VIEW_KEY_BACKSPACE || key == CONTROL('h') || key == 0x7f) && length) {
		/* a character's bytes go together */
		length--;
		while (length && (text[length] & 0xc0) == 0x80)
			length--;
		text[length] = '\0';
	} else if (key == CONTROL('u')) {
		*text = '\0';
	} else if (key >= ' ' && key < 0x100 && key != 0x7f && length + 1 < VIEW_TYPED) {
		text[length] = (char)key;
		text[length + 1] = '\0';
	}
}

static void key_filtering(struct view *view, int key)
{
	if (key == ESCAPE)
		memcpy(view->filter, view->typed, sizeof(view->filter));
	else
		type(view->filter, key);
	if (key == ESCAPE || key == ENTER || key == '\n')
		view->mode = VIEW_TABLE;
	view->first = 0;
}

static void key_timing(struct view *view, int key)
{
	type(view->typed, key);
	if (key == ESCAPE || key == ENTER || key == '\n')
		view->mode = VIEW_TABLE;
	if ((key == ENTER || key == '\n') && *view->typed &&
	    view_parse_seconds(view->typed, &view->interval))
		view->message = "not a number of seconds from 0.1 to 3600";
}

static void begin(struct view *view, enum view_mode mode)
{
	view->mode = mode;
	if (mode == VIEW_FILTERING)
		memcpy(view->typed, view->filter, sizeof(view->typed));
	else
		*view->typed = '\0';
}

/* --- order --- */

static void sort_by(struct view *view, enum column column)
{
	view->sort = column;
	view->reversed = false;
	view->first = 0;
}

static bool is_shown(const struct view *view, enum column column)
{
	if (column == COLUMN_PID || column == COLUMN_NAME || column == COLUMN_FAULTS ||
	    column == COLUMN_DEBT)
		return true;
	return view->kinds == (column >= COLUMN_FAULT_TAX);
}

/* To the next column on this side, round and round. */
static void sort_beside(struct view *view, unsigned int step)
{
	enum column column = view->sort;

	do
		column = (column + step) % COLUMN_MINUTE;
	while (!is_shown(view, column));
	sort_by(view, column);
}

static bool key_sorts(struct view *view, int key)
{
	static const struct {
		int key;
		enum column column;
	} keys[] = {
		{ 'N', COLUMN_PID },  { 'S', COLUMN_SWITCHES }, { 'C', COLUMN_COST },
		{ 'T', COLUMN_TAX },  { 'W', COLUMN_WAIT },	{ 'F', COLUMN_FAULTS },
		{ 'D', COLUMN_DEBT }, { 'M', COLUMN_RSS },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (key == keys[i].key) {
			sort_by(view, keys[i].column);
			return true;
		}
	if (key == '>' || key == VIEW_KEY_F6)
		sort_beside(view, 1);
	else if (key == '<')
		sort_beside(view, COLUMN_MINUTE - 1);
	else if (key == 'R' || key == 'I')
		view->reversed = !view->reversed;
	else
		return false;
	return true;
}

/* --- moving --- */

static void move_to(struct view *view, long row)
{
	long last = view->rows > view->page ? (long)(view->rows - view->page) : 0;

	view->first = (unsigned int)(row < 0 ? 0 : row > last ? last : row);
}

static bool key_moves(struct view *view, int key)
{
	long at = view->first, page = view->page > 1 ? (long)view->page - 1 : 1;

	switch (key) {
	case VIEW_KEY_UP:
	case 'k':
		move_to(view, at - 1);
		return true;
	case VIEW_KEY_DOWN:
	case 'j':
		move_to(view, at + 1);
		return true;
	case VIEW_KEY_PAGE_UP:
		move_to(view, at - page);
		return true;
	case VIEW_KEY_PAGE_DOWN:
		move_to(view, at + page);
		return true;
	case VIEW_KEY_HOME:
		move_to(view, 0);
		return true;
	case VIEW_KEY_END:
		move_to(view, view->rows);
		return true;
	case VIEW_KEY_LEFT:
		view->shift -= view->shift != 0;
		return true;
	case VIEW_KEY_RIGHT:
		view->shift += view->shift < columns_most_shift(view->kinds);
		return true;
	default:
		return false;
	}
}

/* --- all --- */

static void toggle_threads(struct view *view)
{
	if (view->can_threads)
		view->threads = !view->threads;
	else
		view->message = "threads are not counted: start with --threads";
}

static void toggle_kinds(struct view *view)
{
	view->kinds = !view->kinds;
	view->shift = 0;
	if (!is_shown(view, view->sort))
		sort_by(view, view->kinds ? COLUMN_FAULTS : COLUMN_SWITCHES);
}

/* What the next keys are for. */
static bool key_begins(struct view *view, int key)
{
	switch (key) {
	case 'h':
	case '?':
	case VIEW_KEY_F1:
		view->mode = VIEW_HELP;
		return true;
	case '/':
	case '\\':
	case VIEW_KEY_F4:
		begin(view, VIEW_FILTERING);
		return true;
	case 'd':
	case 's':
		begin(view, VIEW_TIMING);
		return true;
	default:
		return false;
	}
}

static void key_of_table(struct view *view, int key)
{
	switch (key) {
	case 'q':
	case VIEW_KEY_F10:
		view->quit = true;
		return;
	case ' ':
		view->frozen = !view->frozen;
		return;
	case 't':
	case VIEW_KEY_F5:
		view->tree = !view->tree;
		return;
	case 'H':
		toggle_threads(view);
		return;
	case 'f':
		toggle_kinds(view);
		return;
	case ESCAPE:
		*view->filter = '\0';
		return;
	case CONTROL('l'):
		view->redraw = true;
		return;
	default:
		if (!key_begins(view, key) && !key_sorts(view, key))
			key_moves(view, key);
	}
}

void view_key(struct view *view, int key)
{
	view->message = NULL;
	switch (view->mode) {
	case VIEW_HELP:
		view->mode = VIEW_TABLE; /* any key; q as well leaves the help only */
		break;
	case VIEW_FILTERING:
		key_filtering(view, key);
		break;
	case VIEW_TIMING:
		key_timing(view, key);
		break;
	default:
		key_of_table(view, key);
	}
}

void view_fit(struct view *view, unsigned int rows, unsigned int page)
{
	view->rows = rows;
	view->page = page;
	move_to(view, view->first);
}

/* --- the filter --- */

static bool begins_with(uint32_t number, const char *text)
{
	char digits[16];

	snprintf(digits, sizeof(digits), "%u", number);
	return !strncmp(digits, text, strlen(text));
}

bool view_passes(const struct view *view, const struct rates_row *row)
{
	if (!*view->filter)
		return true;
	return strcasestr(row->comm, view->filter) ||
	       (row->pid && begins_with(row->pid, view->filter)) ||
	       (row->tid && begins_with(row->tid, view->filter));
}
