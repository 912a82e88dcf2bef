// SPDX-License-Identifier: GPL-2.0
/* text_tasks.c - the busiest processes and tasks. */
#include "output/text_sections.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MANY_EQUALS 4 /* of one name, that are shown as one when room is short */

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
	task_figures_add(&sum->figures, &one->figures);
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

/* How many lines there are when many equals are one. */
static size_t grouped(const struct line *lines, size_t count)
{
	size_t kept = 0, equals;

	for (size_t i = 0; i < count; i += equals) {
		equals = equals_from(lines, count, i);
		kept += equals < MANY_EQUALS ? equals : 1;
	}
	return kept;
}

/*
 * More lines than there is room for: many equals become one, but not when that would leave no more
 * than `known` lines, which say nothing new. Returns how many lines there are then, busiest first.
 */
static size_t group_equals(struct line *lines, size_t count, size_t room, size_t known)
{
	size_t kept = 0, equals;

	if (count <= room)
		return count;
	qsort(lines, count, sizeof(*lines), by_name);
	if (grouped(lines, count) <= known) {
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
#define FIGURE_COLUMNS 10

/* Returns how many there are: those of faults only where they are traced. */
static size_t figure_columns(const struct text *text, struct table_column *columns,
			     const char *direct, const char *wait)
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
		{ .group = "faults", .title = "count", .drop = 1 },
		{ .group = "faults", .title = "time", .drop = 6 },
	};
	size_t count = FIGURE_COLUMNS - (text->report->context.faults_measured ? 0 : 2);

	memcpy(columns, figures, count * sizeof(*columns));
	return count;
}

static void level_cell(struct table *table, const struct task_figures *figures,
		       enum row_level level)
{
	table_count(table, figures->in[level] ? text_level_style(level) : STYLE_DIM, "",
		    figures->in[level]);
}

static void figure_cells(struct text *text, struct table *table, const struct task_figures *figures)
{
	level_cell(table, figures, ROW_RESUME);
	level_cell(table, figures, ROW_THREAD);
	level_cell(table, figures, ROW_PROCESS);
	text_count_cell(table, figures->voluntary);
	text_count_cell(table, figures->preempted);
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
	if (!text->report->context.faults_measured)
		return;
	text_count_cell(table, figures->minor + figures->major);
	if (text->report->context.fault_end)
		table_cell(table, STYLE_PLAIN, "%s", figure_ns(figures->fault_ns).text);
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
	table_cell(table, STYLE_DIM, "%s", text_counted(rest.members, one, many).text);
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
	char direct[32] = "", wait[32] = "";
	struct table_column columns[PROCESS_COLUMNS + FIGURE_COLUMNS] = {
		{ .title = "pid" },
		{ .title = "process", .left = true, .most = 24, .least = 11 },
		{ .title = "parent", .drop = 9 },
		{ .title = "level", .left = true, .drop = 8 },
		{ .title = "tasks", .drop = have_threads(lines, count) ? 6 : 10 },
	};
	size_t figures = figure_columns(text, columns + PROCESS_COLUMNS, direct, wait);
	struct table *table = table_new(columns, PROCESS_COLUMNS + figures);

	text_title(text, direct, sizeof(direct), "direct", text_direct_unknown(text));
	text_title(text, wait, sizeof(wait), "wait", text_wait_unknown(text));
	for (size_t i = 0; i < count && i < text->top; i++)
		process_cells(text, table, &lines[i]);
	if (count > text->top)
		rest_cells(text, table, lines + text->top, count - text->top, "other", "others", 3);
	table_print(table, &text->page);
}

void text_processes(struct text *text)
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
	count = group_equals(lines, count, text->top, 1);
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
	char direct[32] = "", wait[32] = "";
	struct table_column columns[TASK_COLUMNS + FIGURE_COLUMNS] = {
		{ .title = "pid" },
		{ .title = "task", .left = true, .most = 24, .least = 11 },
		{ .title = "of process", .left = true, .most = 24, .least = 14, .drop = 8 },
		{ .title = "migrated", .drop = 9 },
	};
	size_t figures = figure_columns(text, columns + TASK_COLUMNS, direct, wait);
	struct table *table = table_new(columns, TASK_COLUMNS + figures);

	text_title(text, direct, sizeof(direct), "direct", text_direct_unknown(text));
	text_title(text, wait, sizeof(wait), "wait", text_wait_unknown(text));
	for (size_t i = 0; i < count && i < text->top; i++)
		task_cells(text, table, &lines[i]);
	if (count > text->top)
		rest_cells(text, table, lines + text->top, count - text->top, "other", "others", 2);
	table_print(table, &text->page);
}

/* Only where there are threads: else it would say again what the processes said. */
void text_tasks(struct text *text)
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
	count = group_equals(lines, count, text->top, report->process_count);
	page_heading(&text->page, "busiest tasks", STYLE_BOLD, "%s",
		     report->complete ? "" : "(at least)");
	task_table(text, lines, count);
	page_notes(&text->page);
	free(lines);
}
