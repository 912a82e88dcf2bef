// SPDX-License-Identifier: GPL-2.0
/* text.c - one function per section of the report, in the order of the page; see text.h. */
#include "output/text.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/quote.h"
#include "output/table.h"

#define WIDTH 80
#define WIDTH_LEAST 60
#define TOP 10
#define TOP_PAIRS 8
#define CRASHES_SHOWN 5
#define MANY_EQUALS 4	 /* of one name, that are shown as one when room is short */
#define PRICED_LEAST 100 /* switches behind a median that is put into words */

/* What every section is given. */
struct text {
	struct page page;
	const struct report *report;
	unsigned int top, top_pairs;
};

static const char *plural(uint64_t n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}

/* "3 switches" */
static struct figure counted(uint64_t n, const char *one, const char *many)
{
	struct figure figure = figure_count(n);
	size_t used = strlen(figure.text);

	snprintf(figure.text + used, sizeof(figure.text) - used, " %s", plural(n, one, many));
	return figure;
}

/* "SIGSEGV", or "signal 40" for one without a name. */
static struct figure signal_name(int number)
{
	const char *name = sigabbrev_np(number);
	struct figure figure;

	if (name)
		snprintf(figure.text, sizeof(figure.text), "SIG%s", name);
	else
		snprintf(figure.text, sizeof(figure.text), "signal %d", number);
	return figure;
}

static enum style level_style(enum row_level level)
{
	switch (level) {
	case ROW_THREAD:
		return STYLE_THREAD;
	case ROW_PROCESS:
		return STYLE_PROCESS;
	default:
		return STYLE_PLAIN;
	}
}

static enum style workload_style(enum workload_level level)
{
	static const enum style style[] = { STYLE_BOLD, STYLE_THREAD, STYLE_PROCESS, STYLE_BOLD };

	return style[level];
}

/* Our own words joined by commas. */
struct list {
	char text[768];
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void list_add(struct list *list, const char *format,
							   ...)
{
	va_list arguments;
	int length;

	if (list->used)
		list->used += (size_t)snprintf(list->text + list->used,
					       sizeof(list->text) - list->used, ", ");
	va_start(arguments, format);
	length = vsnprintf(list->text + list->used, sizeof(list->text) - list->used, format,
			   arguments);
	va_end(arguments);
	list->used += length > 0 ? (size_t)length : 0;
	if (list->used > sizeof(list->text) - 8) /* the next comma must still fit */
		list->used = sizeof(list->text) - 8;
}

/* --- what ran --- */

#define COMMAND_MOST 400 /* bytes */

static bool is_plain(const char *word)
{
	return *word && !word[strspn(word, "abcdefghijklmnopqrstuvwxyz"
					   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-")];
}

/* Whether quote_terminal() had to escape more than backslashes. */
static bool has_hidden(const char *quoted)
{
	for (; *quoted; quoted++) {
		if (*quoted == '\\' && quoted[1] != '\\')
			return true;
		quoted += *quoted == '\\';
	}
	return false;
}

/* As it can be given to a shell: plain, '...', or $'...' where something in it cannot be shown. */
static void put_word(FILE *out, const char *word)
{
	size_t size = QUOTE_TERMINAL_SIZE(strlen(word));
	char *quoted = malloc(size);
	bool hidden;

	if (!quoted)
		return;
	quote_terminal(quoted, size, word, strlen(word));
	hidden = has_hidden(quoted);
	fputs(hidden ? "$'" : is_plain(word) ? "" : "'", out);
	for (const char *at = hidden ? quoted : word; *at; at++) {
		if (*at == '\'')
			fputs(hidden ? "\\'" : "'\\''", out);
		else
			fputc(*at, out);
	}
	fputs(hidden || !is_plain(word) ? "'" : "", out);
	free(quoted);
}

/* The command line, cut when it is very long. The caller frees it; NULL: no memory. */
static char *shell_line(const char *const *command)
{
	char *line = NULL;
	size_t size = 0, cut = COMMAND_MOST;
	FILE *out = open_memstream(&line, &size);

	if (!out)
		return NULL;
	for (size_t i = 0; command && command[i]; i++) {
		fputs(i ? " " : "", out);
		put_word(out, command[i]);
	}
	if (fclose(out)) {
		free(line);
		return NULL;
	}
	if (size > COMMAND_MOST + 3) {
		while (((unsigned char)line[cut] & 0xc0) == 0x80)
			cut--;
		memcpy(line + cut, "\xe2\x80\xa6", sizeof("\xe2\x80\xa6"));
	}
	return line;
}

static void what_ran(struct text *text)
{
	const struct run_context *context = &text->report->context;
	char *line = shell_line(context->command);
	char end[64] = "still running";

	text->page.failed |= !line;
	if (context->exit_signal)
		snprintf(end, sizeof(end), "killed by %.40s",
			 signal_name(context->exit_signal).text);
	else if (context->exit_code >= 0)
		snprintf(end, sizeof(end), "exit status %d", context->exit_code);
	page_heading(&text->page, "tasktax:", STYLE_BOLD, "%s", line ? line : "");
	page_text(&text->page, STYLE_PLAIN, 2, 2, "%s after %s on Linux %s %s, %s, %s", end,
		  figure_ns(context->duration_ns).text, quote_string(context->kernel).text,
		  quote_string(context->arch).text, counted(context->cpus, "CPU", "CPUs").text,
		  quote_string(context->cpu_model).text);
	free(line);
}

/* --- completeness --- */

static struct list losses(const struct losses *lost)
{
	struct list list = { .used = 0 };

	if (lost->switches)
		list_add(&list, "%s (ring full: raise --ring-size)",
			 counted(lost->switches, "switch", "switches").text);
	if (lost->waking)
		list_add(&list, "%s (ring full)",
			 counted(lost->waking, "wake-up", "wake-ups").text);
	if (lost->lifecycle)
		list_add(&list, "%s (ring full)",
			 counted(lost->lifecycle, "lifecycle record", "lifecycle records").text);
	if (lost->untracked)
		list_add(&list, "%s that could not be followed",
			 counted(lost->untracked, "new task", "new tasks").text);
	if (lost->recursion)
		list_add(&list, "%s that the kernel skipped",
			 counted(lost->recursion, "program run", "program runs").text);
	if (lost->unknown)
		list_add(&list, "%s not understood",
			 counted(lost->unknown, "record", "records").text);
	return list;
}

/* kernel - seen - lost: what nobody can account for. */
static int64_t difference(const struct balance *balance)
{
	return (int64_t)(balance->kernel - balance->seen - balance->lost);
}

static const char *sign_of(int64_t value)
{
	if (!value)
		return "";
	return value < 0 ? "-" : "+";
}

static void balance_row(struct table *table, const char *name, const struct balance *balance)
{
	int64_t off = difference(balance);
	uint64_t magnitude = off < 0 ? 0 - (uint64_t)off : (uint64_t)off;

	table_row(table);
	table_cell(table, STYLE_PLAIN, "%s", name);
	table_cell(table, STYLE_PLAIN, "%s", figure_count(balance->seen).text);
	table_cell(table, balance->lost ? STYLE_BAD : STYLE_PLAIN, "%s",
		   figure_count(balance->lost).text);
	table_cell(table, STYLE_PLAIN, "%s", figure_count(balance->kernel).text);
	table_cell(table, off ? STYLE_BAD : STYLE_GOOD, "%s%s", sign_of(off),
		   figure_count(magnitude).text);
}

static void wait_row(struct table *table, const struct reconciliation *r)
{
	int64_t off = (int64_t)(r->wait_kernel_ns - r->wait_seen_ns);
	struct figure figure;

	table_row(table);
	table_cell(table, STYLE_PLAIN, "waited (run_delay)");
	table_cell(table, STYLE_PLAIN, "%s", figure_ns(r->wait_seen_ns).text);
	table_cell(table, STYLE_PLAIN, "%s", "");
	table_cell(table, STYLE_PLAIN, "%s", figure_ns(r->wait_kernel_ns).text);
	table_cell(table, off ? STYLE_WARN : STYLE_GOOD, "%s",
		   format_ns_signed(figure.text, sizeof(figure.text), off));
}

static void balance_table(struct text *text)
{
	static const struct table_column columns[] = {
		{ .title = "of traced tasks", .left = true },
		{ .title = "seen" },
		{ .title = "lost" },
		{ .title = "kernel" },
		{ .title = "difference" },
	};
	const struct reconciliation *r = &text->report->reconcile;
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));

	balance_row(table, "switches", &r->switches);
	balance_row(table, "  voluntary", &r->voluntary);
	balance_row(table, "  preempted", &r->preempted);
	if (r->wait_seen_ns != NS_UNKNOWN)
		wait_row(table, r);
	table_print(table, &text->page);
}

/* All agrees: in words. */
static void balance_words(struct text *text)
{
	const struct reconciliation *r = &text->report->reconcile;

	page_text(&text->page, STYLE_PLAIN, 2, 4,
		  "switches seen %s = kernel %s (voluntary %s, preempted %s)",
		  figure_count(r->switches.seen).text, figure_count(r->switches.kernel).text,
		  figure_count(r->voluntary.seen).text, figure_count(r->preempted.seen).text);
	if (r->wait_seen_ns != NS_UNKNOWN && r->wait_seen_ns == r->wait_kernel_ns)
		page_text(&text->page, STYLE_PLAIN, 2, 4,
			  "waited %s = kernel's run_delay, to the nanosecond",
			  figure_ns(r->wait_seen_ns).text);
	else if (r->wait_seen_ns != NS_UNKNOWN)
		page_text(&text->page, STYLE_WARN, 2, 4, "waited %s, kernel's run_delay %s",
			  figure_ns(r->wait_seen_ns).text, figure_ns(r->wait_kernel_ns).text);
}

static void run_time(struct text *text)
{
	const struct reconciliation *r = &text->report->reconcile;
	int64_t off = (int64_t)(r->run_seen_ns - r->run_kernel_ns);
	struct figure figure, share;
	const char *why = "";

	if (r->run_seen_ns == NS_UNKNOWN || r->run_kernel_ns == NS_UNKNOWN)
		return;
	format_percent(share.text, sizeof(share.text),
		       r->run_kernel_ns ? 100 * (double)off / (double)r->run_kernel_ns : NAN);
	if (text->report->lost.switches)
		why = " (part of it was lost)";
	else if (off > 0)
		why = " (steal, interrupts)";
	page_text(&text->page, STYLE_PLAIN, 2, 4, "ran %s; sum_exec_runtime %s: %s, %s%s",
		  figure_ns(r->run_seen_ns).text, figure_ns(r->run_kernel_ns).text,
		  format_ns_signed(figure.text, sizeof(figure.text), off), share.text, why);
}

static void differences(struct text *text)
{
	const struct reconciliation *r = &text->report->reconcile;

	if (r->tasks_off)
		page_text(&text->page, STYLE_BAD, 2, 4, "%s of %s from the kernel's counters",
			  figure_count(r->tasks_off).text,
			  r->tasks_off == 1 ?
				  counted(r->tasks_checked, "task differs", "tasks differs").text :
				  counted(r->tasks_checked, "task differ", "tasks differ").text);
	if (r->tasks_unread)
		page_text(&text->page, STYLE_BAD, 2, 4, "the counters of %s were never read",
			  counted(r->tasks_unread, "task", "tasks").text);
}

/* What is no loss of ours, and explains a figure below. */
static void oddities(struct text *text)
{
	const struct report *report = text->report;

	if (report->lost.unseen || report->missed_ins)
		page_text(&text->page, STYLE_DIM, 2, 4,
			  "unseen switches (the kernel ran no program): %s; %s to traced tasks, in "
			  "no row",
			  figure_count(report->lost.unseen).text,
			  figure_count(report->missed_ins).text);
	if (report->late)
		page_text(&text->page, STYLE_DIM, 2, 4, "%s out of order, counted all the same",
			  counted(report->late, "record came", "records came").text);
}

static void verdict(struct text *text)
{
	const struct report *report = text->report;
	const struct reconciliation *r = &report->reconcile;
	struct figure received = counted(report->received, "record", "records");

	if (!report->complete)
		page_heading(&text->page, "AT LEAST:", STYLE_BAD,
			     "%s received, lost %s; every count is at least what is shown",
			     received.text, losses(&report->lost).text);
	else if (!r->switches.known)
		page_heading(&text->page, "complete:", STYLE_GOOD,
			     "%s, 0 lost; the kernel's counters " DASH "%s", received.text,
			     page_note(&text->page, "they were read for no task").text);
	else if (!r->ok)
		page_heading(&text->page, "DOES NOT ADD UP:", STYLE_BAD,
			     "%s, 0 lost, yet:", received.text);
	else
		page_heading(&text->page, "complete:", STYLE_GOOD, "%s, 0 lost; %s with the kernel",
			     received.text,
			     r->tasks_checked == 1 ?
				     "the task agrees" :
				     counted(r->tasks_checked, "", "tasks agree").text);
}

static void completeness(struct text *text)
{
	const struct report *report = text->report;
	bool known = report->reconcile.switches.known;

	verdict(text);
	if (known && report->complete && report->reconcile.ok)
		balance_words(text);
	else if (known)
		balance_table(text);
	differences(text);
	oddities(text);
	if (known)
		run_time(text);
	page_notes(&text->page);
}

/* --- workload --- */

/* Processes of one name that died of one signal. */
struct crash {
	const struct process_entry *first;
	uint32_t count, tasks_lost;
};

static struct crash *crash_like(struct crash *crash, size_t count,
				const struct process_entry *process)
{
	for (size_t i = 0; i < count; i++)
		if (crash[i].first->crashed_by == process->crashed_by &&
		    !strcmp(crash[i].first->comm, process->comm))
			return &crash[i];
	return NULL;
}

static void crash_line(struct text *text, const struct crash *crash)
{
	char which[32];

	if (crash->count > 1)
		snprintf(which, sizeof(which), "\xc3\x97%" PRIu32, crash->count);
	else
		snprintf(which, sizeof(which), "(pid %" PRIu32 ")", crash->first->tgid);
	page_text(&text->page, STYLE_WARN, 2, 4, "killed by %s: %s %s%s%s",
		  signal_name((int)crash->first->crashed_by).text,
		  quote_string(crash->first->comm).text, which, crash->tasks_lost ? ", and " : "",
		  crash->tasks_lost ?
			  counted(crash->tasks_lost, "task with it", "tasks with it").text :
			  "");
}

static void crashes(struct text *text)
{
	const struct report *report = text->report;
	struct crash crash[CRASHES_SHOWN], *like;
	uint32_t count = 0, more = 0;

	for (uint32_t i = 0; i < report->process_count; i++) {
		const struct process_entry *process =
			&report->processes[report->processes_by_switches[i]];

		if (!process->crashed_by)
			continue;
		like = crash_like(crash, count, process);
		if (like) {
			like->count++;
			like->tasks_lost += process->tasks_lost;
		} else if (count < CRASHES_SHOWN) {
			crash[count++] = (struct crash){ process, 1, process->tasks_lost };
		} else {
			more++;
		}
	}
	for (uint32_t i = 0; i < count; i++)
		crash_line(text, &crash[i]);
	if (more)
		page_text(&text->page, STYLE_WARN, 2, 4, "killed by a signal: %s",
			  counted(more, "more process", "more processes").text);
}

static void population(struct text *text)
{
	const struct report *report = text->report;
	struct list created = { .used = 0 };

	if (report->created[CREATED_PROCESS])
		list_add(&created, "%s",
			 counted(report->created[CREATED_PROCESS], "process", "processes").text);
	if (report->created[CREATED_THREAD])
		list_add(&created, "%s",
			 counted(report->created[CREATED_THREAD], "thread", "threads").text);
	if (report->created[CREATED_VFORK])
		list_add(&created, "%s",
			 counted(report->created[CREATED_VFORK], "vfork child", "vfork children")
				 .text);
	page_text(&text->page, STYLE_PLAIN, 2, 4, "%s, %s, at most %s at once; created %s; %s, %s",
		  counted(report->process_count, "process", "processes").text,
		  counted(report->thread_count, "task", "tasks").text,
		  figure_count(report->peak_tasks).text, created.used ? created.text : "none",
		  counted(report->execs, "exec", "execs").text,
		  counted(report->exits, "exit", "exits").text);
}

static void workload(struct text *text)
{
	const struct report *report = text->report;
	char title[40];

	snprintf(title, sizeof(title), "workload: %s", workload_level_name(report->workload));
	page_heading(&text->page, title, workload_style(report->workload), "%s", "");
	for (unsigned int i = 0; i < report->reason_count; i++)
		page_text(&text->page, STYLE_PLAIN, 2, 4, "%s",
			  quote_string(report->reasons[i]).text);
	population(text);
	crashes(text);
}

/* --- the switch table --- */

/* A percentile in plain ns (the column says so), or a dash with the reason why there is none. */
static void cost_cell(struct text *text, struct table *table, const struct histogram *histogram,
		      double percent)
{
	uint64_t ns;

	if (!histogram_percentile(histogram, percent, &ns))
		table_cell(table, STYLE_PLAIN, "%s", figure_count(ns).text);
	else if (!text->report->context.direct_end)
		table_cell(table, STYLE_DIM, DASH); /* the column's title has the mark */
	else
		table_cell(table, STYLE_DIM, DASH "%s",
			   page_note(&text->page, "the end of these switches was not seen").text);
}

static void wait_cell(struct text *text, struct table *table, const struct switch_row *row,
		      double percent)
{
	uint64_t ns;

	if (row->level >= ROW_WITH_VIA)
		table_cell(table, STYLE_PLAIN, "%s", ""); /* nobody of ours waited */
	else if (!histogram_percentile(&row->wait, percent, &ns))
		table_cell(table, STYLE_PLAIN, "%s", figure_ns(ns).text);
	else if (!text->report->context.wait_known)
		table_cell(table, STYLE_DIM, DASH);
	else
		table_cell(table, STYLE_DIM, DASH "%s",
			   page_note(&text->page, "no wait of these switch-ins is known").text);
}

/* A zero is there, but does not ask for attention. */
static void count_cell(struct table *table, uint64_t count)
{
	table_count(table, count ? STYLE_PLAIN : STYLE_DIM, "", count);
}

static void row_label(struct table *table, const struct switch_row *row)
{
	if (row->level < ROW_WITH_VIA)
		table_cell(table, level_style(row->level), "%-8s %s", row_level_name(row->level),
			   switch_via_name(row->via) ?: "");
	else if (row->level == ROW_OTHER)
		table_cell(table, STYLE_PLAIN, "neither traced");
	else
		table_cell(table, STYLE_PLAIN, "to %s", row_level_name(row->level));
}

static void switch_row(struct text *text, struct table *table, const struct switch_row *row)
{
	const struct report *report = text->report;
	const char *least = report->complete ? "" : "\xe2\x89\xa5";

	table_row(table);
	row_label(table, row);
	table_count(table, STYLE_BOLD, least, row->count);
	table_cell(table, STYLE_PLAIN, "%s",
		   figure_percent((double)row->count, (double)report->switches).text);
	count_cell(table, row->voluntary);
	count_cell(table, row->preempted);
	cost_cell(text, table, &row->direct, 50);
	cost_cell(text, table, &row->direct, 90);
	cost_cell(text, table, &row->direct, 99);
	wait_cell(text, table, row, 50);
	wait_cell(text, table, row, 99);
	if (report->context.pick_measured)
		cost_cell(text, table, &row->pick, 50);
}

static void total_row(struct text *text, struct table *table)
{
	const struct report *report = text->report;
	uint64_t voluntary = 0, preempted = 0;

	for (unsigned int i = 0; i < report->row_count; i++) {
		voluntary += report->rows[i].voluntary;
		preempted += report->rows[i].preempted;
	}
	table_rule(table);
	table_row(table);
	table_cell(table, STYLE_PLAIN, "all");
	table_count(table, STYLE_BOLD, report->complete ? "" : "\xe2\x89\xa5", report->switches);
	table_cell(table, STYLE_PLAIN, "%s", report->switches ? "100.0 %" : "");
	table_count(table, STYLE_PLAIN, "", voluntary);
	table_count(table, STYLE_PLAIN, "", preempted);
}

/* A column's or a group's title, with the footnote when the whole of it is unknown. */
static void title_with(struct text *text, char *title, size_t size, const char *words,
		       const char *unknown_because)
{
	snprintf(title, size, "%s%s", words,
		 unknown_because ? page_note(&text->page, "%s", unknown_because).text : "");
}

static const char *direct_unknown(const struct text *text)
{
	const struct run_context *context = &text->report->context;

	return context->direct_end ? NULL : context->direct_why ?: "the direct cost is not known";
}

static const char *wait_unknown(const struct text *text)
{
	const struct run_context *context = &text->report->context;

	return context->wait_known ? NULL : context->wait_why ?: "the waiting time is not known";
}

static void switch_key(struct text *text)
{
	const struct report *report = text->report;

	page_text(&text->page, STYLE_DIM, 2, 4,
		  "resume: same task again \xc2\xb7 thread: same address space \xc2\xb7 process: "
		  "another one");
	page_text(&text->page, STYLE_DIM, 2, 4,
		  "via: what ran in between \xc2\xb7 vol./pre.: prev blocked / was preempted");
	for (unsigned int i = 0; i < report->row_count; i++) {
		if (report->rows[i].level != ROW_EXITING)
			continue;
		page_text(&text->page, STYLE_DIM, 2, 4,
			  "exiting: a task that had already given up its address space");
		break;
	}
	if (report->first_switches)
		page_text(&text->page, STYLE_DIM, 2, 4,
			  "%s first on a CPU, or after an unseen switch: a resume cannot be told "
			  "there",
			  counted(report->first_switches, "switch-in was", "switch-ins were").text);
}

/* ", 42,773 a second" */
static struct figure rate(const struct report *report)
{
	double seconds = (double)report->context.duration_ns / 1e9;
	struct figure figure = { "" }, count;

	if (report->context.duration_ns == NS_UNKNOWN || seconds <= 0)
		return figure;
	count = figure_count((uint64_t)((double)report->switches / seconds));
	snprintf(figure.text, sizeof(figure.text), ", %.40s a second", count.text);
	return figure;
}

static void switches(struct text *text)
{
	const struct report *report = text->report;
	char direct[48], wait[48];
	const struct table_column columns[] = {
		{ .title = "level    via", .left = true },
		{ .title = "count" },
		{ .title = "share", .drop = 9 },
		{ .group = "switched out", .title = "vol.", .drop = 3 },
		{ .group = "switched out", .title = "pre.", .drop = 4 },
		{ .group = direct, .title = "p50" },
		{ .group = direct, .title = "p90", .drop = 7 },
		{ .group = direct, .title = "p99", .drop = 2 },
		{ .group = wait, .title = "p50", .drop = 6 },
		{ .group = wait, .title = "p99", .drop = 5 },
		{ .group = "pick, ns", .title = "p50", .drop = 8 },
	};
	size_t count = sizeof(columns) / sizeof(columns[0]) - !report->context.pick_measured;
	struct table *table = table_new(columns, count);

	title_with(text, direct, sizeof(direct), "direct cost, ns", direct_unknown(text));
	title_with(text, wait, sizeof(wait), "wait", wait_unknown(text));
	page_heading(&text->page, "context switches:", STYLE_BOLD, "%s%s%s",
		     report->complete ? "" : "at least ", figure_count(report->switches).text,
		     rate(report).text);
	for (unsigned int i = 0; i < report->row_count; i++) {
		if (report->rows[i].level >= ROW_WITH_VIA && i &&
		    report->rows[i - 1].level < ROW_WITH_VIA)
			table_rule(table);
		switch_row(text, table, &report->rows[i]);
	}
	total_row(text, table);
	table_print(table, &text->page);
	switch_key(text);
	page_notes(&text->page);
}

/* --- the price of an address space --- */

static const struct histogram *direct_costs(const struct report *report, enum row_level level)
{
	for (unsigned int i = 0; i < report->row_count; i++)
		if (report->rows[i].level == level && report->rows[i].via == SWITCH_VIA_DIRECT &&
		    report->rows[i].direct.count >= PRICED_LEAST)
			return &report->rows[i].direct;
	return NULL;
}

/* Two medians differ when their intervals, the histogram's error added, do not touch. */
static bool apart(const struct interval *a, const struct interval *b)
{
	const double error = 1.0 / 128;

	return a->low * (1 - error) > b->high * (1 + error) ||
	       b->low * (1 - error) > a->high * (1 + error);
}

static void price(struct text *text)
{
	const struct histogram *process = direct_costs(text->report, ROW_PROCESS);
	const struct histogram *thread = direct_costs(text->report, ROW_THREAD);
	struct interval by_process, by_thread;

	if (text->report->lost.switches) /* what is left is no fair sample */
		return;
	if (!process || !thread || histogram_median_interval(process, &by_process) ||
	    histogram_median_interval(thread, &by_thread) || by_thread.point <= 0)
		return;
	page_blank(&text->page);
	if (apart(&by_process, &by_thread))
		page_text(&text->page, STYLE_BOLD, 2, 2,
			  "A process-level switch costs %.2f \xc3\x97 a thread-level one here: "
			  "%s against %s (medians, via direct).",
			  by_process.point / by_thread.point,
			  figure_ns((uint64_t)by_process.point).text,
			  figure_ns((uint64_t)by_thread.point).text);
	else
		page_text(&text->page, STYLE_BOLD, 2, 2,
			  "No difference seen between a process-level switch, %s, and a "
			  "thread-level one, %s (medians, via direct).",
			  figure_ns((uint64_t)by_process.point).text,
			  figure_ns((uint64_t)by_thread.point).text);
}

/* --- tax --- */

/* The levels that cost something, the dearest first. */
static void tax_by_level(struct text *text)
{
	uint64_t left[ROW_LEVELS];
	struct list list = { .used = 0 };

	memcpy(left, text->report->tax.switching_by_level, sizeof(left));
	for (;;) {
		int most = 0;

		for (int level = 1; level < ROW_LEVELS; level++)
			if (left[level] > left[most])
				most = level;
		if (!left[most])
			break;
		list_add(&list, "%s%s %s", most >= ROW_IDLE && most != ROW_OTHER ? "to " : "",
			 row_level_name(most), figure_ns(left[most]).text);
		left[most] = 0;
	}
	if (list.used)
		page_text(&text->page, STYLE_PLAIN, 2, 4, "%s", list.text);
}

/* "51.3 % of", or when it is many times as much, "67.8 x". */
static struct figure relation(double part, double whole)
{
	struct figure figure, share = figure_percent(part, whole);

	if (whole > 0 && part / whole >= 10)
		snprintf(figure.text, sizeof(figure.text), "%.1f \xc3\x97", part / whole);
	else
		snprintf(figure.text, sizeof(figure.text), "%.40s of", share.text);
	return figure;
}

static void waiting(struct text *text)
{
	const struct tax *tax = &text->report->tax;

	if (tax->waiting_ns == NS_UNKNOWN)
		page_text(&text->page, STYLE_PLAIN, 2, 4, "beside it: waiting " DASH "%s",
			  page_note(&text->page, "%s", wait_unknown(text) ?: "not known").text);
	else if (tax->run_ns)
		page_text(&text->page, STYLE_PLAIN, 2, 4,
			  "beside it: %s waiting in run queues, %s the run time",
			  figure_ns(tax->waiting_ns).text,
			  relation((double)tax->waiting_ns, (double)tax->run_ns).text);
	else
		page_text(&text->page, STYLE_PLAIN, 2, 4, "beside it: %s waiting in run queues",
			  figure_ns(tax->waiting_ns).text);
}

static void tax(struct text *text)
{
	const struct tax *tax = &text->report->tax;
	const char *unknown = direct_unknown(text);

	if (tax->switching_ns == NS_UNKNOWN) {
		page_heading(&text->page, "tax:", STYLE_BOLD, DASH "%s of %s run time",
			     page_note(&text->page, "%s", unknown ?: "not known").text,
			     figure_ns(tax->run_ns).text);
	} else {
		page_heading(&text->page, "tax:", STYLE_BOLD,
			     "%s of the run time: switching %s of %s",
			     figure_percent((double)tax->switching_ns, (double)tax->run_ns).text,
			     figure_ns(tax->switching_ns).text, figure_ns(tax->run_ns).text);
		tax_by_level(text);
		if (tax->unpriced)
			page_text(
				&text->page, STYLE_DIM, 2, 4, "%s a price: not in it",
				counted(tax->unpriced, "switch is without", "switches are without")
					.text);
	}
	waiting(text);
	page_notes(&text->page);
}

/* --- who is busiest --- */

/* A process, a task, or several of one name that stand together. */
struct line {
	const char *comm;
	uint32_t group; /* only lines of the same group and comm are put together */
	uint32_t index; /* of the process, or of the task */
	uint32_t members, threads;
	struct task_figures figures;
};

static uint64_t outs(const struct line *line)
{
	return line->figures.voluntary + line->figures.preempted;
}

static int by_name(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	return strcmp(x->comm, y->comm);
}

static int by_switches(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	if (outs(x) != outs(y))
		return outs(x) > outs(y) ? -1 : 1;
	if (x->figures.run_ns != y->figures.run_ns)
		return x->figures.run_ns > y->figures.run_ns ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static void add_line(struct line *sum, const struct line *one)
{
	for (int level = 0; level < ROW_WITH_VIA; level++)
		sum->figures.in[level] += one->figures.in[level];
	sum->figures.voluntary += one->figures.voluntary;
	sum->figures.preempted += one->figures.preempted;
	sum->figures.migrated += one->figures.migrated;
	sum->figures.run_ns += one->figures.run_ns;
	sum->figures.off_ns += one->figures.off_ns;
	sum->figures.wait_ns += one->figures.wait_ns;
	sum->figures.direct_ns += one->figures.direct_ns;
	sum->figures.direct_count += one->figures.direct_count;
	sum->members += one->members;
	sum->threads += one->threads;
}

/* The lines from `from` on that have the same name and group. */
static size_t equals_from(const struct line *lines, size_t count, size_t from)
{
	size_t to = from + 1;

	while (to < count && !by_name(&lines[from], &lines[to]))
		to++;
	return to - from;
}

/*
 * More lines than there is room for: many equals become one, but not when that would leave nothing
 * else to see. Returns how many lines there are then, busiest first.
 */
static size_t group_equals(struct line *lines, size_t count, size_t room)
{
	size_t kept = 0, equals;

	if (count <= room)
		return count;
	qsort(lines, count, sizeof(*lines), by_name);
	if (equals_from(lines, count, 0) == count) {
		qsort(lines, count, sizeof(*lines), by_switches);
		return count;
	}
	for (size_t i = 0; i < count; i += equals) {
		equals = equals_from(lines, count, i);
		if (equals < MANY_EQUALS) {
			memmove(&lines[kept], &lines[i], equals * sizeof(*lines));
			kept += equals;
			continue;
		}
		lines[kept] = lines[i];
		for (size_t j = 1; j < equals; j++)
			add_line(&lines[kept], &lines[i + j]);
		kept++;
	}
	qsort(lines, kept, sizeof(*lines), by_switches);
	return kept;
}

/* What a process and a task have in common; two of the titles may carry a footnote. */
#define FIGURE_COLUMNS 8

static void figure_columns(struct table_column *columns, const char *direct, const char *wait)
{
	const struct table_column figures[FIGURE_COLUMNS] = {
		{ .group = "switched in", .title = "resume", .drop = 5 },
		{ .group = "switched in", .title = "thread" },
		{ .group = "switched in", .title = "process" },
		{ .group = "out", .title = "vol.", .drop = 7 },
		{ .group = "out", .title = "pre.", .drop = 2 },
		{ .group = "time", .title = "run" },
		{ .group = "time", .title = direct, .drop = 4 },
		{ .group = "time", .title = wait, .drop = 3 },
	};

	memcpy(columns, figures, sizeof(figures));
}

static void level_cell(struct table *table, const struct task_figures *figures,
		       enum row_level level)
{
	table_count(table, figures->in[level] ? level_style(level) : STYLE_DIM, "",
		    figures->in[level]);
}

static void figure_cells(struct text *text, struct table *table, const struct task_figures *figures)
{
	level_cell(table, figures, ROW_RESUME);
	level_cell(table, figures, ROW_THREAD);
	level_cell(table, figures, ROW_PROCESS);
	count_cell(table, figures->voluntary);
	count_cell(table, figures->preempted);
	table_cell(table, STYLE_PLAIN, "%s", figure_ns(figures->run_ns).text);
	if (figures->direct_count)
		table_cell(table, STYLE_PLAIN, "%s", figure_ns(figures->direct_ns).text);
	else if (!text->report->context.direct_end)
		table_cell(table, STYLE_DIM, DASH);
	else
		table_cell(table, STYLE_DIM, DASH "%s",
			   page_note(&text->page, "the end of these switches was not seen").text);
	if (text->report->context.wait_known)
		table_cell(table, STYLE_PLAIN, "%s", figure_ns(figures->wait_ns).text);
	else
		table_cell(table, STYLE_DIM, DASH);
}

/* The pid, that of the whole when there are several (0: they have none in common), and the name. */
static void name_cells(struct text *text, struct table *table, const struct line *line,
		       uint32_t pid, uint32_t pid_of_all)
{
	char suffix[24] = "";

	if (line->members > 1)
		snprintf(suffix, sizeof(suffix), " \xc3\x97%" PRIu32, line->members);
	if (line->members > 1 && !pid_of_all) {
		table_cell(table, STYLE_PLAIN, "%s", "");
	} else if (line->members > 1) {
		table_cell(table, STYLE_DIM, "%" PRIu32, pid_of_all);
	} else if (pid) {
		table_cell(table, STYLE_PLAIN, "%" PRIu32, pid);
	} else {
		table_cell(table, STYLE_DIM, DASH "%s",
			   page_note(&text->page, "its creation was not seen").text);
	}
	table_name(table, STYLE_BOLD, line->comm[0] ? line->comm : "?", suffix);
}

/* The lines beyond the last that is shown, in one. */
static void rest_cells(struct text *text, struct table *table, const struct line *lines,
		       size_t count, const char *one, const char *many, size_t skip)
{
	struct line rest = { .comm = "" };

	for (size_t i = 0; i < count; i++)
		add_line(&rest, &lines[i]);
	table_row(table);
	table_cell(table, STYLE_PLAIN, "%s", "");
	table_cell(table, STYLE_DIM, "%s", counted(rest.members, one, many).text);
	while (skip--)
		table_cell(table, STYLE_PLAIN, "%s", "");
	figure_cells(text, table, &rest.figures);
}

static void process_cells(struct text *text, struct table *table, const struct line *line)
{
	const struct process_entry *processes = text->report->processes;
	const struct process_entry *process = &processes[line->index];
	uint32_t parent = processes[process->parent].tgid;

	table_row(table);
	name_cells(text, table, line, process->tgid, 0);
	if (process->parent == line->index || !parent)
		table_cell(table, STYLE_PLAIN, "%s", "");
	else
		table_cell(table, STYLE_PLAIN, "%" PRIu32, parent);
	table_cell(table, STYLE_PLAIN, "%s", line->threads > line->members ? "thread" : "single");
	table_count(table, STYLE_PLAIN, "", line->threads);
	figure_cells(text, table, &line->figures);
}

/* Whether any of these processes ever had more than one task. */
static bool have_threads(const struct line *lines, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (lines[i].threads > lines[i].members)
			return true;
	return false;
}

#define PROCESS_COLUMNS 5

static void process_table(struct text *text, struct line *lines, size_t count)
{
	char direct[32], wait[32];
	struct table_column columns[PROCESS_COLUMNS + FIGURE_COLUMNS] = {
		{ .title = "pid" },
		{ .title = "process", .left = true, .most = 24, .least = 11 },
		{ .title = "parent", .drop = 9 },
		{ .title = "level", .left = true, .drop = 8 },
		{ .title = "tasks", .drop = have_threads(lines, count) ? 6 : 10 },
	};
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));

	title_with(text, direct, sizeof(direct), "direct", direct_unknown(text));
	title_with(text, wait, sizeof(wait), "wait", wait_unknown(text));
	figure_columns(columns + PROCESS_COLUMNS, direct, wait);
	for (size_t i = 0; i < count && i < text->top; i++)
		process_cells(text, table, &lines[i]);
	if (count > text->top)
		rest_cells(text, table, lines + text->top, count - text->top, "other", "others", 3);
	table_print(table, &text->page);
}

static void processes(struct text *text)
{
	const struct report *report = text->report;
	struct line *lines = calloc(report->process_count + 1, sizeof(*lines));
	size_t count = 0;

	if (!lines) {
		text->page.failed = true;
		return;
	}
	for (uint32_t i = 0; i < report->process_count; i++) {
		uint32_t index = report->processes_by_switches[i];
		const struct process_entry *process = &report->processes[index];

		lines[count++] = (struct line){ process->comm,	  process->parent, index, 1,
						process->threads, process->figures };
	}
	count = group_equals(lines, count, text->top);
	page_heading(&text->page, "busiest processes", STYLE_BOLD, "%s",
		     report->complete ? "" : "(at least)");
	process_table(text, lines, count);
	page_notes(&text->page);
	free(lines);
}

static void task_cells(struct text *text, struct table *table, const struct line *line)
{
	const struct task_entry *task = &text->report->tasks[line->index];
	const struct process_entry *process = &text->report->processes[task->process];
	char pid[16];

	snprintf(pid, sizeof(pid), " %" PRIu32, process->tgid);
	table_row(table);
	name_cells(text, table, line, task->pid, process->tgid);
	table_name(table, STYLE_PLAIN, process->comm[0] ? process->comm : "?", pid);
	table_count(table, STYLE_PLAIN, "", line->figures.migrated);
	figure_cells(text, table, &line->figures);
}

#define TASK_COLUMNS 4

static void task_table(struct text *text, struct line *lines, size_t count)
{
	char direct[32], wait[32];
	struct table_column columns[TASK_COLUMNS + FIGURE_COLUMNS] = {
		{ .title = "pid" },
		{ .title = "task", .left = true, .most = 24, .least = 11 },
		{ .title = "of process", .left = true, .most = 24, .least = 14, .drop = 8 },
		{ .title = "migrated", .drop = 9 },
	};
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));

	title_with(text, direct, sizeof(direct), "direct", direct_unknown(text));
	title_with(text, wait, sizeof(wait), "wait", wait_unknown(text));
	figure_columns(columns + TASK_COLUMNS, direct, wait);
	for (size_t i = 0; i < count && i < text->top; i++)
		task_cells(text, table, &lines[i]);
	if (count > text->top)
		rest_cells(text, table, lines + text->top, count - text->top, "other", "others", 2);
	table_print(table, &text->page);
}

/* Only where there are threads: else it would say again what the processes said. */
static void tasks(struct text *text)
{
	const struct report *report = text->report;
	struct line *lines;
	size_t count = 0;

	if (report->thread_count <= report->process_count)
		return;
	lines = calloc(report->thread_count, sizeof(*lines));
	if (!lines) {
		text->page.failed = true;
		return;
	}
	for (uint32_t i = 0; i < report->thread_count; i++) {
		uint32_t index = report->tasks_by_switches[i];
		const struct task_entry *task = &report->tasks[index];

		lines[count++] =
			(struct line){ task->comm, task->process, index, 1, 1, task->figures };
	}
	count = group_equals(lines, count, text->top);
	page_heading(&text->page, "busiest tasks", STYLE_BOLD, "%s",
		     report->complete ? "" : "(at least)");
	task_table(text, lines, count);
	page_notes(&text->page);
	free(lines);
}

/* --- who with whom --- */

static void pair_row(struct table *table, const struct name_pair *pair, uint64_t all)
{
	table_row(table);
	table_count(table, STYLE_BOLD, "", pair->count);
	table_cell(table, STYLE_PLAIN, "%s", figure_percent((double)pair->count, (double)all).text);
	table_cell(table, level_style(pair->level), "%s", row_level_name(pair->level));
	table_name(table, pair->prev_foreign ? STYLE_DIM : STYLE_PLAIN, pair->prev,
		   pair->prev_foreign ? " (foreign)" : "");
	table_cell(table, STYLE_DIM, "\xe2\x86\x92");
	table_name(table, STYLE_PLAIN, pair->next, "");
	table_count(table, STYLE_PLAIN, "", pair->pairs);
}

static void rest_of_pairs(struct table *table, uint64_t rest, uint64_t all)
{
	if (!rest)
		return;
	table_row(table);
	table_count(table, STYLE_PLAIN, "", rest);
	table_cell(table, STYLE_PLAIN, "%s", figure_percent((double)rest, (double)all).text);
	table_cell(table, STYLE_PLAIN, "%s", "");
	table_cell(table, STYLE_DIM, "others");
}

static void pairs(struct text *text)
{
	static const struct table_column columns[] = {
		{ .title = "count" },
		{ .title = "share", .drop = 1 },
		{ .title = "level", .left = true },
		{ .title = "from", .left = true, .most = 27, .least = 8 },
		{ .title = "", .left = true },
		{ .title = "to", .left = true, .most = 20, .least = 8 },
		{ .title = "task pairs", .drop = 8 },
	};
	const struct report *report = text->report;
	uint64_t all = report->pairs_folded, shown = 0;
	struct table *table;

	for (size_t i = 0; i < report->name_pair_count; i++)
		all += report->name_pairs[i].count;
	if (!all)
		return;
	table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	page_heading(&text->page, "who switches with whom", STYLE_BOLD,
		     "(the CPU's last user task, any via, resume left out)");
	for (size_t i = 0; i < report->name_pair_count && i < text->top_pairs; i++) {
		pair_row(table, &report->name_pairs[i], all);
		shown += report->name_pairs[i].count;
	}
	rest_of_pairs(table, all - shown, all);
	table_print(table, &text->page);
}

static void wakers(struct text *text)
{
	static const struct table_column columns[] = {
		{ .title = "count" },
		{ .title = "waker", .left = true, .most = 27, .least = 8 },
		{ .title = "", .left = true },
		{ .title = "woken", .left = true, .most = 20, .least = 8 },
	};
	static const char *const suffix[] = { "", " (foreign)", " (kernel)", "" };
	const struct report *report = text->report;
	struct table *table;

	if (!report->context.waking_measured || !report->wake_pair_count)
		return;
	table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	page_heading(&text->page, "who woke whom", STYLE_BOLD, "%s", "");
	for (size_t i = 0; i < report->wake_pair_count && i < text->top_pairs; i++) {
		const struct wake_pair *pair = &report->wake_pairs[i];

		table_row(table);
		table_count(table, STYLE_BOLD, "", pair->count);
		table_name(table, STYLE_PLAIN, pair->waker, suffix[pair->waker_class & 3]);
		table_cell(table, STYLE_DIM, "\xe2\x86\x92");
		table_name(table, STYLE_PLAIN, pair->wakee, "");
	}
	table_print(table, &text->page);
}

/* --- what it cost to know --- */

static void hooks(struct text *text)
{
	const struct run_context *context = &text->report->context;
	struct list list = { .used = 0 };

	for (size_t i = 0; context->hooks && context->hooks[i]; i++)
		list_add(&list, "%s", quote_string(context->hooks[i]).text);
	if (list.used)
		page_text(&text->page, STYLE_PLAIN, 2, 4, "hooks: %s", list.text);
	for (size_t i = 0; context->hooks_off && context->hooks_off[i]; i++)
		page_text(&text->page, STYLE_DIM, 2, 4, "not used: %s (%s)",
			  quote_string(context->hooks_off[i]).text,
			  quote_string(context->hooks_off_why[i]).text);
}

static void overhead(struct text *text)
{
	const struct run_context *context = &text->report->context;
	const char *why = context->probe_why ?: "it was not measured";

	page_heading(&text->page, "overhead of tasktax", STYLE_BOLD, "%s",
		     quote_string(context->tool_version).text);
	if (context->direct_end && context->probe_ns != NS_UNKNOWN)
		page_text(&text->page, STYLE_PLAIN, 2, 4,
			  "direct cost: from sched_switch to %s, less %s for the probes",
			  context->direct_end, figure_ns(context->probe_ns).text);
	else if (context->direct_end)
		page_text(&text->page, STYLE_WARN, 2, 4,
			  "direct cost: from sched_switch to %s, the probes' " DASH "%s included",
			  context->direct_end, page_note(&text->page, "%s", why).text);
	page_text(&text->page, STYLE_PLAIN, 2, 4, "the loader used %s of CPU time while tracing",
		  figure_ns(context->loader_cpu_ns).text);
	hooks(text);
	page_notes(&text->page);
}

int text_write(const struct report *report, FILE *out, const struct text_options *options)
{
	struct text text = { .report = report };
	unsigned int width = options->width ? options->width : WIDTH;

	text.top = options->top ? options->top : TOP;
	text.top_pairs = options->top ? options->top : TOP_PAIRS;
	page_init(&text.page, out, width < WIDTH_LEAST ? WIDTH_LEAST : width, options->colour);
	if (options->apart)
		page_blank(&text.page);
	what_ran(&text);
	completeness(&text);
	workload(&text);
	switches(&text);
	price(&text);
	tax(&text);
	processes(&text);
	tasks(&text);
	pairs(&text);
	wakers(&text);
	overhead(&text);
	return page_finish(&text.page);
}
