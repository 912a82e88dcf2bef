// SPDX-License-Identifier: GPL-2.0
/* columns.c - see columns.h. */
#include "top/columns.h"

#include <math.h>
#include <string.h>

#define FIGURE_WIDTH 5
#define PID_WIDTH 7
#define NAME_LEAST 15
#define NAME_GOOD 20 /* before the minute has room */
#define NAME_OF_TREE 32
#define NAME_MOST 24
#define MINUTE_LEAST 11
#define MINUTE_MOST 30

/* drop: which is left out first where room is short, the highest; 0: never. */
static const struct {
	const char *name, *title;
	unsigned int width, drop;
} columns[COLUMNS] = {
	[COLUMN_PID] = { "pid", "PID", PID_WIDTH, 0 },
	[COLUMN_NAME] = { "name", "NAME", NAME_LEAST, 0 },
	[COLUMN_SWITCHES] = { "switches", "CSW/s", FIGURE_WIDTH, 0 },
	[COLUMN_THREAD] = { "thread", "THR/s", FIGURE_WIDTH, 1 },
	[COLUMN_PROCESS] = { "process", "PRC/s", FIGURE_WIDTH, 2 },
	[COLUMN_RESUME] = { "resume", "RES/s", FIGURE_WIDTH, 8 },
	[COLUMN_COST] = { "cost", "COST", FIGURE_WIDTH, 4 },
	[COLUMN_TAX] = { "tax", "TAX", FIGURE_WIDTH, 3 },
	[COLUMN_WAIT] = { "wait", "WAIT99", FIGURE_WIDTH + 1, 5 },
	[COLUMN_FAULTS] = { "faults", "FLT/s", FIGURE_WIDTH, 6 },
	[COLUMN_DEBT] = { "debt", "DEBT", FIGURE_WIDTH, 7 },
	[COLUMN_SENT] = { "sent", "SHOOT", FIGURE_WIDTH, 9 },
	[COLUMN_RECEIVED] = { "received", "SHOT", FIGURE_WIDTH, 10 },
	[COLUMN_RSS] = { "rss", "RSS", FIGURE_WIDTH, 6 },
	[COLUMN_PSS] = { "pss", "PSS", FIGURE_WIDTH, 11 },
	[COLUMN_FAULT_TAX] = { "faulttax", "FTAX", FIGURE_WIDTH, 2 },
	[COLUMN_MAJOR] = { "major", "MAJOR", FIGURE_WIDTH, 1 },
	[COLUMN_KIND + FAULT_FIRST_TOUCH] = { "first-touch", "TOUCH", FIGURE_WIDTH, 3 },
	[COLUMN_KIND + FAULT_ZERO_READ] = { "zero-read", "ZERO", FIGURE_WIDTH, 8 },
	[COLUMN_KIND + FAULT_COW_FORK] = { "cow-fork", "COWFK", FIGURE_WIDTH, 10 },
	[COLUMN_KIND + FAULT_COW_FILE] = { "cow-file", "COWFL", FIGURE_WIDTH, 7 },
	[COLUMN_KIND + FAULT_OF_FILE] = { "file", "FILE", FIGURE_WIDTH, 4 },
	[COLUMN_KIND + FAULT_OF_SHMEM] = { "shmem", "SHMEM", FIGURE_WIDTH, 6 },
	[COLUMN_KIND + FAULT_SWAP_IN] = { "swap-in", "SWAP", FIGURE_WIDTH, 9 },
	[COLUMN_KIND + FAULT_WRITE_PROTECT] = { "write-protect", "WPROT", FIGURE_WIDTH, 5 },
	[COLUMN_KIND + FAULT_RACED] = { "raced", "RACED", FIGURE_WIDTH, 5 },
	[COLUMN_KIND + FAULT_OTHER] = { "other", "OTHER", FIGURE_WIDTH, 11 },
	[COLUMN_MINUTE] = { "minute", "LAST MINUTE", MINUTE_LEAST, 12 },
};

static const enum column main_set[] = {
	COLUMN_SWITCHES, COLUMN_THREAD, COLUMN_PROCESS, COLUMN_RESUME, COLUMN_COST,
	COLUMN_TAX,	 COLUMN_WAIT,	COLUMN_FAULTS,	COLUMN_DEBT,   COLUMN_SENT,
	COLUMN_RECEIVED, COLUMN_RSS,	COLUMN_PSS,
};

static const enum column kinds_set[] = {
	COLUMN_FAULTS,
	COLUMN_MAJOR,
	COLUMN_FAULT_TAX,
	COLUMN_DEBT,
	COLUMN_KIND + FAULT_FIRST_TOUCH,
	COLUMN_KIND + FAULT_ZERO_READ,
	COLUMN_KIND + FAULT_COW_FORK,
	COLUMN_KIND + FAULT_COW_FILE,
	COLUMN_KIND + FAULT_OF_FILE,
	COLUMN_KIND + FAULT_OF_SHMEM,
	COLUMN_KIND + FAULT_SWAP_IN,
	COLUMN_KIND + FAULT_WRITE_PROTECT,
	COLUMN_KIND + FAULT_RACED,
	COLUMN_KIND + FAULT_OTHER,
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum column column_named(const char *name)
{
	for (enum column column = 0; column < COLUMN_MINUTE; column++)
		if (!strcmp(name, columns[column].name))
			return column;
	return COLUMNS;
}

const char *column_name(enum column column)
{
	return columns[column].name;
}

const char *column_title(enum column column)
{
	return columns[column].title;
}

bool column_is_left(enum column column)
{
	return column == COLUMN_NAME || column == COLUMN_MINUTE;
}

/* --- which have room --- */

unsigned int columns_most_shift(bool kinds)
{
	return (unsigned int)(kinds ? COUNT(kinds_set) : COUNT(main_set)) - 1;
}

static unsigned int width_of(const struct layout *layout)
{
	unsigned int width = layout->count ? layout->count - 1 : 0;

	for (unsigned int i = 0; i < layout->count; i++)
		width += layout->at[i].width;
	return width;
}

static void append(struct layout *layout, enum column column)
{
	layout->at[layout->count].column = column;
	layout->at[layout->count++].width = columns[column].width;
}

/* The column that is missed least; false: none can be spared. */
static bool drop_one(struct layout *layout)
{
	unsigned int least = 0;

	for (unsigned int i = 1; i < layout->count; i++)
		if (columns[layout->at[i].column].drop >= columns[layout->at[least].column].drop)
			least = i;
	if (!columns[layout->at[least].column].drop)
		return false;
	layout->count--;
	for (unsigned int i = least; i < layout->count; i++)
		layout->at[i] = layout->at[i + 1];
	layout->left_out++;
	return true;
}

/* Returns how much of the room it takes. */
static unsigned int widen(struct layout *layout, unsigned int at, unsigned int most,
			  unsigned int room)
{
	unsigned int more = most > layout->at[at].width ? most - layout->at[at].width : 0;

	if (more > room)
		more = room;
	layout->at[at].width += more;
	return more;
}

struct layout columns_layout(unsigned int width, bool kinds, bool tree, unsigned int shift)
{
	const enum column *set = kinds ? kinds_set : main_set;
	unsigned int count = columns_most_shift(kinds) + 1, room;
	struct layout layout = { 0 };

	append(&layout, COLUMN_PID);
	append(&layout, COLUMN_NAME);
	for (unsigned int i = shift < count ? shift : count - 1; i < count; i++)
		append(&layout, set[i]);
	while (width_of(&layout) > width)
		if (!drop_one(&layout))
			break;
	room = width > width_of(&layout) ? width - width_of(&layout) : 0;
	room -= widen(&layout, 1, tree ? NAME_OF_TREE : NAME_GOOD, room);
	if (!kinds && room > MINUTE_LEAST) {
		append(&layout, COLUMN_MINUTE);
		room -= MINUTE_LEAST + 1;
		room -= widen(&layout, layout.count - 1, MINUTE_MOST, room);
	}
	widen(&layout, 1, NAME_MOST, room);
	return layout;
}

/* --- short figures --- */

/* Three digits and a unit; `text` never is longer than FIGURE_WIDTH, but for 1000 of the largest unit. */
static void scaled(char *text, size_t size, double value, double step, const char *const *units)
{
	while (units[1] && value >= step - 0.5) {
		value /= step;
		units++;
	}
	snprintf(text, size, value < 9.95 && **units ? "%.1f%s" : "%.0f%s", value, *units);
}

char *short_count(char *text, size_t size, double count)
{
	static const char *const units[] = { "", "k", "M", "G", "T", NULL };

	if (isnan(count))
		snprintf(text, size, DASH);
	else if (count > 0 && count < 0.05)
		snprintf(text, size, "<0.1");
	else if (count > 0 && count < 9.95)
		snprintf(text, size, "%.1f", count);
	else
		scaled(text, size, count, 1000, units);
	return text;
}

char *short_ns(char *text, size_t size, uint64_t ns)
{
	static const char *const units[] = { "ns", "us", "ms", "s", NULL };
	double value = (double)ns;
	size_t unit = 0;

	if (ns == NS_UNKNOWN) {
		snprintf(text, size, DASH);
		return text;
	}
	for (; units[unit + 1] && value >= 999.5; unit++)
		value /= 1000;
	if (value >= 99999.5)
		snprintf(text, size, ">27h");
	else
		snprintf(text, size, unit && value < 9.95 ? "%.1f%s" : "%.0f%s", value,
			 value >= 9999.5 ? "" : units[unit]);
	return text;
}

char *short_bytes(char *text, size_t size, uint64_t bytes)
{
	static const char *const units[] = { "K", "M", "G", "T", "P", NULL };

	if (bytes == BYTES_UNKNOWN)
		snprintf(text, size, DASH);
	else if (!bytes)
		snprintf(text, size, "0");
	else
		scaled(text, size, (double)bytes / 1024, 1024, units);
	return text;
}

char *short_percent(char *text, size_t size, double percent)
{
	if (isnan(percent))
		snprintf(text, size, DASH);
	else if (percent > 0 && percent < 0.05)
		snprintf(text, size, "<0.1%%");
	else if (percent < 99.95)
		snprintf(text, size, "%.1f%%", percent);
	else
		snprintf(text, size, percent < 9999.5 ? "%.0f%%" : ">9999", percent);
	return text;
}

void spark_line(char *text, size_t size, const struct history *history, unsigned int columns_wide)
{
	static const char *const bars[] = { "\xe2\x96\x81", "\xe2\x96\x82", "\xe2\x96\x83",
					    "\xe2\x96\x84", "\xe2\x96\x85", "\xe2\x96\x86",
					    "\xe2\x96\x87", "\xe2\x96\x88" };
	double value[HISTORY_SECONDS], most = 0;
	size_t used = 0;

	if (columns_wide > HISTORY_SECONDS)
		columns_wide = HISTORY_SECONDS;
	history_columns(history, columns_wide, value);
	for (unsigned int i = 0; i < columns_wide; i++)
		if (value[i] > most)
			most = value[i];
	*text = '\0';
	for (unsigned int i = 0; i < columns_wide && used + 4 < size; i++) {
		size_t bar = most > 0 && !isnan(value[i]) ? (size_t)(value[i] / most * 7.999) : 0;

		used += (size_t)snprintf(text + used, size - used, "%s",
					 isnan(value[i]) ? " " : bars[bar]);
	}
}

/* --- figures --- */

static double per_second(uint64_t count, const struct rates_view *rates)
{
	return (double)count / rates->seconds;
}

static double faults_of(enum column column, const struct rates_row *row,
			const struct rates_view *rates)
{
	if (!rates->context->faults_measured)
		return NAN;
	if (column == COLUMN_FAULTS)
		return per_second(census_faults(&row->counts, false) +
					  census_faults(&row->counts, true),
				  rates);
	if (column == COLUMN_MAJOR)
		return per_second(census_faults(&row->counts, true), rates);
	if (column == COLUMN_DEBT)
		return per_second(rates_fork_debt(row), rates);
	return per_second(rates_faults(row, (enum fault_kind)(column - COLUMN_KIND)), rates);
}

static double shootdowns_of(enum column column, const struct rates_row *row,
			    const struct rates_view *rates)
{
	if (!rates->context->shootdowns_measured)
		return NAN;
	return per_second(column == COLUMN_SENT ? row->counts.tlb.sent : row->counts.tlb.received,
			  rates);
}

static double known(uint64_t value)
{
	return value == UINT64_MAX ? NAN : (double)value;
}

_Static_assert(NS_UNKNOWN == UINT64_MAX && BYTES_UNKNOWN == UINT64_MAX, "known() asks for both");

/* NAN: not known. */
static double value_of(enum column column, const struct rates_row *row,
		       const struct rates_view *rates)
{
	switch (column) {
	case COLUMN_PID:
	case COLUMN_NAME:
		return row->kind == RATES_THREAD ? row->tid : row->pid;
	case COLUMN_SWITCHES:
	case COLUMN_MINUTE:
		return per_second(rates_all_switch_ins(row), rates);
	case COLUMN_THREAD:
		return per_second(rates_switch_ins(row, ROW_THREAD), rates);
	case COLUMN_PROCESS:
		return per_second(rates_switch_ins(row, ROW_PROCESS), rates);
	case COLUMN_RESUME:
		return per_second(rates_switch_ins(row, ROW_RESUME), rates);
	case COLUMN_COST:
		return known(rates_direct_mean(row, rates->context));
	case COLUMN_TAX:
		return rates_switching_tax(row, rates->context);
	case COLUMN_FAULT_TAX:
		return rates_faulting_tax(row, rates->context);
	case COLUMN_WAIT:
		return known(row->wait_p99);
	case COLUMN_SENT:
	case COLUMN_RECEIVED:
		return shootdowns_of(column, row, rates);
	case COLUMN_RSS:
		return known(row->rss);
	case COLUMN_PSS:
		return known(row->pss);
	default:
		return faults_of(column, row, rates);
	}
}

static void format(enum column column, double value, char text[COLUMN_TEXT])
{
	switch (column) {
	case COLUMN_PID:
		snprintf(text, COLUMN_TEXT, "%.0f", value);
		break;
	case COLUMN_COST:
	case COLUMN_WAIT:
		short_ns(text, COLUMN_TEXT, isnan(value) ? NS_UNKNOWN : (uint64_t)value);
		break;
	case COLUMN_RSS:
	case COLUMN_PSS:
		short_bytes(text, COLUMN_TEXT, isnan(value) ? BYTES_UNKNOWN : (uint64_t)value);
		break;
	case COLUMN_TAX:
	case COLUMN_FAULT_TAX:
		short_percent(text, COLUMN_TEXT, value);
		break;
	default:
		short_count(text, COLUMN_TEXT, value);
	}
}

enum style column_text(enum column column, const struct rates_row *row,
		       const struct rates_view *rates, char text[COLUMN_TEXT])
{
	double value = value_of(column, row, rates);

	if (column == COLUMN_PID && (row->kind == RATES_REST || row->kind == RATES_TOTAL)) {
		*text = '\0';
		return STYLE_PLAIN;
	}
	format(column, value, text);
	if (isnan(value) || value == 0)
		return STYLE_DIM;
	if (column == COLUMN_THREAD)
		return STYLE_THREAD;
	return column == COLUMN_PROCESS || column == COLUMN_DEBT ? STYLE_PROCESS : STYLE_PLAIN;
}

static int ascending(double left, double right)
{
	return left < right ? -1 : left > right;
}

int column_compare(enum column column, const struct rates_row *left, const struct rates_row *right,
		   const struct rates_view *rates)
{
	double a = value_of(column, left, rates), b = value_of(column, right, rates);

	if (column == COLUMN_NAME && strcmp(left->comm, right->comm) != 0)
		return strcmp(left->comm, right->comm) < 0 ? -1 : 1;
	if (column == COLUMN_PID || column == COLUMN_NAME)
		return ascending(a, b);
	if (isnan(a) || isnan(b))
		return isnan(a) - isnan(b);
	return ascending(b, a);
}
