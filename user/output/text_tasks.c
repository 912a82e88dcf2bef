// SPDX-License-Identifier: GPL-2.0
/* text_tasks.c - the busiest processes and tasks. */
#include "model/census.h"
#include "output/text_sections.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A process, a task, or several of one name that stand together. */
struct line {
	struct text_line head;
	uint32_t threads;
	struct task_figures figures;
};

static uint64_t outs(const struct line *line)
{
	return line->figures.voluntary + line->figures.preempted;
}

static int by_switches(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	if (outs(x) != outs(y))
		return outs(x) > outs(y) ? -1 : 1;
	if (x->figures.run_ns != y->figures.run_ns)
		return x->figures.run_ns > y->figures.run_ns ? -1 : 1;
	return x->head.index < y->head.index ? -1 : x->head.index > y->head.index;
}

static void add_figures(void *sum, const void *one)
{
	struct line *to = sum;
	const struct line *from = one;

	task_figures_add(&to->figures, &from->figures);
	to->threads += from->threads;
}

/* With room for so many. */
static struct text_lines lines_new(size_t room)
{
	return (struct text_lines){
		.line = calloc(room + 1, sizeof(struct line)),
		.size = sizeof(struct line),
		.by_rank = by_switches,
		.add = add_figures,
	};
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

/* The lines beyond the last that is shown, in one. */
static void rest_cells(struct text *text, struct table *table, const struct text_lines *lines,
		       const char *one, const char *many, size_t skip)
{
	const struct line *line = lines->line;
	struct line rest = { .threads = 0 };

	for (size_t i = text->top; i < lines->count; i++)
		text_line_add(lines, &rest, &line[i]);
	table_row(table);
	table_cell(table, STYLE_PLAIN, "%s", "");
	table_cell(table, STYLE_DIM, "%s", text_counted(rest.head.members, one, many).text);
	while (skip--)
		table_cell(table, STYLE_PLAIN, "%s", "");
	figure_cells(text, table, &rest.figures);
}

static void process_cells(struct text *text, struct table *table, const struct line *line)
{
	const struct process_entry *processes = text->report->processes;
	const struct process_entry *process = &processes[line->head.index];
	uint32_t parent = processes[process->parent].tgid;

	table_row(table);
	text_name_cells(text, table, &line->head, process->tgid, process->kernel_tgid, 0);
	if (process->parent == line->head.index || !parent)
		table_cell(table, STYLE_PLAIN, "%s", "");
	else
		table_cell(table, STYLE_PLAIN, "%" PRIu32, parent);
	table_cell(table, STYLE_PLAIN, "%s",
		   line->threads > line->head.members ? "thread" : "single");
	table_count(table, STYLE_PLAIN, "", line->threads);
	figure_cells(text, table, &line->figures);
}

/* Whether any of these processes ever had more than one task. */
static bool have_threads(const struct text_lines *lines)
{
	const struct line *line = lines->line;

	for (size_t i = 0; i < lines->count; i++)
		if (line[i].threads > line[i].head.members)
			return true;
	return false;
}

#define PROCESS_COLUMNS 5

static void process_table(struct text *text, const struct text_lines *lines)
{
	const struct line *line = lines->line;
	char direct[32] = "", wait[32] = "";
	struct table_column columns[PROCESS_COLUMNS + FIGURE_COLUMNS] = {
		{ .title = "pid" },
		{ .title = "process", .left = true, .most = 24, .least = 11 },
		{ .title = "parent", .drop = 9 },
		{ .title = "level", .left = true, .drop = 8 },
		{ .title = "tasks", .drop = have_threads(lines) ? 6 : 10 },
	};
	size_t figures = figure_columns(text, columns + PROCESS_COLUMNS, direct, wait);
	struct table *table = table_new(columns, PROCESS_COLUMNS + figures);

	text_title(text, direct, sizeof(direct), "direct", text_direct_unknown(text));
	text_title(text, wait, sizeof(wait), "wait", text_wait_unknown(text));
	for (size_t i = 0; i < lines->count && i < text->top; i++)
		process_cells(text, table, &line[i]);
	if (lines->count > text->top)
		rest_cells(text, table, lines, "other", "others", 3);
	table_print(table, &text->page);
}

/* Counted in the kernel by process: what one of its threads did is not known. */
static bool by_process(const struct report *report)
{
	return report->context.no_records && report->census->by == GROUP_BY_PROCESS;
}

static void say_uncounted(struct text *text, uint64_t uncounted)
{
	if (uncounted)
		page_text(&text->page, STYLE_WARN, 2, 4,
			  "%s found no room to be counted alone (raise --max-memory): in the sums, "
			  "not here",
			  text_counted(uncounted, "more", "more").text);
}

void text_processes(struct text *text)
{
	const struct report *report = text->report;
	struct text_lines lines = lines_new(report->process_count);
	struct line *line = lines.line;
	uint64_t uncounted = 0;

	if (!line) {
		text->page.failed = true;
		return;
	}
	for (uint32_t i = 0; i < report->process_count; i++) {
		uint32_t index = report->processes_by_switches[i];
		const struct process_entry *process = &report->processes[index];

		if (process->uncounted) {
			uncounted++;
			continue;
		}
		line[lines.count++] = (struct line){ { process->comm, process->parent, index, 1 },
						     process->threads,
						     process->figures };
	}
	text_group_equals(&lines, text->top, 1);
	page_heading(&text->page, "busiest processes", STYLE_BOLD, "%s",
		     report->complete ? "" : "(at least)");
	process_table(text, &lines);
	say_uncounted(text, uncounted);
	page_notes(&text->page);
	free(line);
}

static void task_cells(struct text *text, struct table *table, const struct line *line)
{
	const struct task_entry *task = &text->report->tasks[line->head.index];
	const struct process_entry *process = &text->report->processes[task->process];
	char pid[16];

	snprintf(pid, sizeof(pid), " %" PRIu32, process->tgid);
	table_row(table);
	text_name_cells(text, table, &line->head, task->pid, task->kernel_pid, process->tgid);
	table_name(table, STYLE_PLAIN, process->comm[0] ? process->comm : "?", pid);
	table_count(table, STYLE_PLAIN, "", line->figures.migrated);
	figure_cells(text, table, &line->figures);
}

#define TASK_COLUMNS 4

static void task_table(struct text *text, const struct text_lines *lines)
{
	const struct line *line = lines->line;
	char direct[32] = "", wait[32] = "";
	struct table_column columns[TASK_COLUMNS + FIGURE_COLUMNS] = {
		{ .title = "pid" },
		{ .title = "task", .left = true, .most = 24, .least = 11 },
		{ .title = "of process", .left = true, .most = 24, .least = 14, .drop = 8 },
		{ .title = "migrated", .drop = 9 },
	};
	size_t figures = figure_columns(text, columns + TASK_COLUMNS, direct, wait);
	size_t most = text->threads ? lines->count : text->top;
	struct table *table = table_new(columns, TASK_COLUMNS + figures);

	text_title(text, direct, sizeof(direct), "direct", text_direct_unknown(text));
	text_title(text, wait, sizeof(wait), "wait", text_wait_unknown(text));
	for (size_t i = 0; i < lines->count && i < most; i++)
		task_cells(text, table, &line[i]);
	if (lines->count > most)
		rest_cells(text, table, lines, "other", "others", 2);
	table_print(table, &text->page);
}

/* Only where there are threads: else it would say again what the processes said. */
void text_tasks(struct text *text)
{
	const struct report *report = text->report;
	struct text_lines lines = { .line = NULL };
	uint64_t uncounted = 0;
	struct line *line;

	if ((report->thread_count <= report->process_count && !text->threads) || by_process(report))
		return;
	lines = lines_new(report->thread_count);
	line = lines.line;
	if (!line) {
		text->page.failed = true;
		return;
	}
	for (uint32_t i = 0; i < report->thread_count; i++) {
		uint32_t index = report->tasks_by_switches[i];
		const struct task_entry *task = &report->tasks[index];

		if (task->uncounted) {
			uncounted++;
			continue;
		}
		line[lines.count++] =
			(struct line){ { task->comm, task->process, index, 1 }, 1, task->figures };
	}
	if (!text->threads)
		text_group_equals(&lines, text->top, report->process_count);
	page_heading(&text->page, text->threads ? "tasks" : "busiest tasks", STYLE_BOLD, "%s",
		     report->complete ? "" : "(at least)");
	task_table(text, &lines);
	say_uncounted(text, uncounted);
	page_notes(&text->page);
	free(line);
}
