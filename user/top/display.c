// SPDX-License-Identifier: GPL-2.0
/* display.c - see display.h. */
#include "top/display.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/quote.h"

#define TARGETS_MOST 30			       /* columns */
enum { FIRST_OUT = ROW_WITH_VIA * VIA_COUNT }; /* to idle; then to the kernel */

/* A short figure by value, for one line_add(). */
struct shorter {
	char text[COLUMN_TEXT];
};

static struct shorter a_second(uint64_t count, const struct rates_view *rates)
{
	struct shorter figure = { "" };

	short_count(figure.text, sizeof(figure.text), (double)count / rates->seconds);
	return figure;
}

static struct shorter in_ns(uint64_t ns)
{
	struct shorter figure = { "" };

	short_ns(figure.text, sizeof(figure.text), ns);
	return figure;
}

static struct shorter in_percent(double percent)
{
	struct shorter figure = { "" };

	short_percent(figure.text, sizeof(figure.text), percent);
	return figure;
}

static struct shorter in_bytes(uint64_t bytes)
{
	struct shorter figure = { "" };

	short_bytes(figure.text, sizeof(figure.text), bytes);
	return figure;
}

/* --- the summary --- */

static uint32_t processes_of(const struct rates_view *rates)
{
	uint32_t count = 0;

	for (size_t i = 0; i < rates->count; i++)
		count += rates->row[i].kind == RATES_PROCESS;
	return count;
}

static void summary_who(struct line *line, const struct view *view, const struct rates_view *rates,
			const struct display_facts *facts)
{
	uint64_t seconds = (rates->at_ns - rates->since_ns) / 1000000000;

	line_add(line, STYLE_BOLD, "tasktax top ");
	if (facts->clock)
		line_add(line, STYLE_PLAIN, "%s ", facts->clock);
	line_name(line, STYLE_PLAIN, facts->targets, TARGETS_MOST);
	line_add(line, STYLE_PLAIN, ": %u processes, %u tasks; ", processes_of(rates),
		 facts->tasks);
	line_add(line, STYLE_PLAIN, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, seconds / 3600,
		 seconds / 60 % 60, seconds % 60);
	if (view->frozen)
		line_add(line, STYLE_WARN, " FROZEN");
}

static void summary_switches(struct line *line, const struct rates_view *rates)
{
	const struct rates_row *total = &rates->total;
	const struct row_counts *out = &total->counts.row[FIRST_OUT];

	line_add(line, STYLE_PLAIN,
		 "Switches/s: in %s: ", a_second(rates_all_switch_ins(total), rates).text);
	line_add(line, STYLE_THREAD, "thread %s, ",
		 a_second(rates_switch_ins(total, ROW_THREAD), rates).text);
	line_add(line, STYLE_PROCESS, "process %s, ",
		 a_second(rates_switch_ins(total, ROW_PROCESS), rates).text);
	line_add(line, STYLE_PLAIN, "resume %s; to idle %s, kernel %s ",
		 a_second(rates_switch_ins(total, ROW_RESUME), rates).text,
		 a_second(out[0].count, rates).text, a_second(out[1].count, rates).text);
}

static void summary_tax(struct line *line, const struct rates_view *rates)
{
	const struct rates_row *total = &rates->total;
	const struct run_context *context = rates->context;

	line_add(line, STYLE_PLAIN, "Tax: switching %s (%s), ",
		 in_percent(rates_switching_tax(total, context)).text,
		 in_ns(rates_direct_mean(total, context)).text);
	line_add(line, STYLE_PLAIN, "faulting %s; ",
		 in_percent(rates_faulting_tax(total, context)).text);
	line_add(line, STYLE_PLAIN, "wait p99 %s", in_ns(total->wait_p99).text);
	if (context->faults_measured)
		line_add(line, STYLE_PLAIN, "; flt/s %s",
			 a_second(census_faults(&total->counts, false) +
					  census_faults(&total->counts, true),
				  rates)
				 .text);
	if (context->faults_measured)
		line_add(line, STYLE_PROCESS, ", debt %s",
			 a_second(rates_fork_debt(total), rates).text);
}

/* All that was meant to be counted and was not. */
static uint64_t losses_of(const struct losses *lost)
{
	return lost->switches + lost->waking + lost->faults + lost->mappings + lost->lifecycle +
	       lost->untracked + lost->shootdowns + lost->recursion + lost->unknown;
}

static void summary_self(struct line *line, const struct rates_view *rates,
			 const struct display_facts *facts)
{
	uint64_t lost = losses_of(&rates->lost), unseen = rates->lost.unseen;

	line_add(line, STYLE_PLAIN, "Itself: %s of a CPU, %s; ",
		 in_percent(100 * facts->own_cpu).text, in_bytes(facts->own_rss).text);
	line_add(line, lost ? STYLE_BAD : STYLE_PLAIN, "lost %" PRIu64 "%s", lost,
		 lost ? ": the counts are at least" : "");
	if (unseen)
		line_add(line, STYLE_WARN, ", unseen %" PRIu64, unseen);
	if (rates->folded)
		line_add(line, STYLE_WARN, ", no room for %" PRIu64 " (--max-memory)",
			 rates->folded);
	line_add(line, STYLE_PLAIN, "; programs %s",
		 isnan(facts->programs) ? "not timed (--bpf-stats)" :
					  in_percent(100 * facts->programs).text);
}

void display_summary(struct line lines[DISPLAY_SUMMARY], const struct view *view,
		     const struct rates_view *rates, const struct display_facts *facts,
		     unsigned int width)
{
	for (unsigned int i = 0; i < DISPLAY_SUMMARY; i++)
		line_clear(&lines[i]);
	if (rates->seconds <= 0) {
		line_add(&lines[0], STYLE_BOLD, "tasktax top ");
		line_name(&lines[0], STYLE_PLAIN, facts->targets, TARGETS_MOST);
		line_add(&lines[1], STYLE_PLAIN, "The first figures come in %.1f s.",
			 view->interval);
	} else {
		summary_who(&lines[0], view, rates, facts);
		summary_switches(&lines[1], rates);
		summary_tax(&lines[2], rates);
		summary_self(&lines[3], rates, facts);
	}
	for (unsigned int i = 0; i < DISPLAY_SUMMARY; i++)
		line_cut(&lines[i], width);
}

/* --- the table --- */

static void pad(struct line *line, bool left, const char *text, enum style style,
		unsigned int width)
{
	unsigned int used = (unsigned int)quote_columns(text);
	int blanks = used < width ? (int)(width - used) : 0;

	line_add(line, style, "%*s%s%*s", left ? 0 : blanks, "", text, left ? blanks : 0, "");
}

void display_heading(struct line *line, const struct view *view, const struct layout *layout)
{
	line_clear(line);
	for (unsigned int i = 0; i < layout->count; i++) {
		enum column column = layout->at[i].column;

		if (i)
			line_add(line, STYLE_PLAIN, " ");
		pad(line, column_is_left(column), column_title(column),
		    column == view->sort ? STYLE_BOLD : STYLE_PLAIN, layout->at[i].width);
	}
}

/* Its place in the tree, the innermost parts where not all have room. */
static void branches(struct line *line, const struct order_line *row, unsigned int columns)
{
	unsigned int depth = row->depth < ORDER_DEEP ? row->depth : ORDER_DEEP, from = 0;

	if (!row->depth)
		return;
	while (2 * (depth - from) > columns)
		from++;
	for (; from + 1 < depth; from++)
		line_add(line, STYLE_DIM, "%s", row->rails >> from & 1 ? "\xe2\x94\x82 " : "  ");
	if (from < depth)
		line_add(line, STYLE_DIM, "%s", row->last ? "\xe2\x94\x94 " : "\xe2\x94\x9c ");
}

static void add_name(struct line *line, const struct order_line *order, unsigned int width)
{
	const struct rates_row *row = order->row;
	unsigned int end = line->columns + width;
	const char *name = row->comm[0] ? row->comm : "?";

	branches(line, order, width > 10 ? width - 10 : 0);
	if (row->kind == RATES_REST)
		name = "(in no row)";
	if (line->columns < end)
		line_name(line, row->kind == RATES_THREAD ? STYLE_THREAD : STYLE_BOLD, name,
			  end - line->columns - row->partial);
	if (row->partial)
		line_add(line, STYLE_WARN, "+");
	line_fill(line, end);
}

void display_row(struct line *line, const struct order_line *order, const struct rates_view *rates,
		 const struct layout *layout)
{
	const struct rates_row *row = order->row;
	char text[HISTORY_SECONDS * 4];

	line_clear(line);
	for (unsigned int i = 0; i < layout->count; i++) {
		enum column column = layout->at[i].column;
		unsigned int width = layout->at[i].width;
		enum style style;

		if (i)
			line_add(line, STYLE_PLAIN, " ");
		if (column == COLUMN_NAME) {
			add_name(line, order, width);
		} else if (column == COLUMN_MINUTE) {
			*text = '\0';
			if (row->history)
				spark_line(text, sizeof(text), row->history, width);
			pad(line, true, text, STYLE_GOOD, width);
		} else {
			style = column_text(column, row, rates, text);
			pad(line, column_is_left(column), text, style, width);
		}
	}
}

/* --- below and between --- */

/* The spark line, and what its highest bar means. */
static void last_minute(struct line *line, const struct rates_view *rates, unsigned int width)
{
	unsigned int columns = width > 30 ? width - 30 : 1;
	double value[HISTORY_SECONDS], most = 0;
	char text[HISTORY_SECONDS * 4];

	if (columns > HISTORY_SECONDS)
		columns = HISTORY_SECONDS;
	history_columns(rates->total.history, columns, value);
	for (unsigned int i = 0; i < columns; i++)
		if (value[i] > most)
			most = value[i];
	spark_line(text, sizeof(text), rates->total.history, columns);
	line_add(line, STYLE_PLAIN, "Last minute ");
	line_add(line, STYLE_GOOD, "%s", text);
	short_count(text, sizeof(text), most);
	line_add(line, STYLE_PLAIN, " up to %s/s", text);
}

void display_prompt(struct line *line, const struct view *view, const struct rates_view *rates,
		    const struct order *order, unsigned int width)
{
	char filter[4 * VIEW_TYPED];

	line_clear(line);
	quote_terminal(filter, sizeof(filter), view->filter, strlen(view->filter));
	if (view->mode == VIEW_FILTERING)
		line_add(line, STYLE_WARN, "Filter (name, pid): %s_", filter);
	else if (view->mode == VIEW_TIMING)
		line_add(line, STYLE_WARN, "Seconds between updates (now %g): %s_", view->interval,
			 view->typed);
	else if (view->message)
		line_add(line, STYLE_WARN, "%s", view->message);
	else if (*view->filter && rates->seconds > 0)
		line_add(line, STYLE_WARN, "Filter: %s (Esc shows all): %u of %zu rows", filter,
			 order->count, rates->count);
	else if (rates->seconds > 0)
		last_minute(line, rates, width);
	line_cut(line, width);
}

void display_keys(struct line *line, const struct view *view, unsigned int width)
{
	line_clear(line);
	line_add(line, STYLE_PLAIN,
		 "q Quit  h Help  / Filter  Space %s  t %s  H Threads  f %s  <> Sort  R Reverse",
		 view->frozen ? "Go on" : "Freeze", view->tree ? "List" : "Tree",
		 view->kinds ? "Switches" : "Faults");
	line_cut(line, width);
}

const char *display_help(unsigned int line)
{
	static const char *const lines[] = {
		"q F10     quit                        h ? F1   this help",
		"/ F4      filter by name or pid       Esc      all again",
		"Space     freeze, and go on           d        seconds between updates",
		"t F5      tree or list                H        threads (with --threads)",
		"f         faults by kind, or switches <- ->    pass over columns",
		"< > F6    sort by the column beside   R I      the other way round",
		"S C T W   sort by switches, cost, tax, wait;   F D M N   faults, debt, RSS, pid",
		"",
		"CSW/s     times it was switched to, a second: THR/s from another thread of the",
		"          same address space, PRC/s from another one, RES/s it was there before",
		"COST      of one such switch on average, TAX all of them, in % of its run time",
		"WAIT99    99 % of its waits for a CPU, in this interval, were no longer",
		"FLT/s     page faults; DEBT those of a fork; FTAX their time, % of run",
		"SHOOT     TLB shootdowns sent, SHOT those received, a second",
		"RSS PSS   resident memory; shared pages divided (sampled, < 1 % of a CPU)",
		"\xe2\x80\x93 unknown   + and more, with no room to count   (in no row): has ended",
	};

	return line < sizeof(lines) / sizeof(lines[0]) ? lines[line] : NULL;
}
