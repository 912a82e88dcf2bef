// SPDX-License-Identifier: GPL-2.0
/* text_memory.c - what memory the tree used, counted once and counted by process, and who used most. */
#include "output/text_sections.h"

#include <stdlib.h>
#include <string.h>

/* The sum of RSS counts much again: it is so many times that of PSS, and by more than a few libraries. */
#define MUCH_MORE 1.5
#define MORE_LEAST (16u << 20)

/* A process, or several of one name that stand together: then each figure is the sum of those known. */
struct line {
	struct text_line head;
	uint32_t peaks, sampled,
		denied; /* members whose figures are known; that could not be read */
	uint64_t peak_rss, samples;
	struct memory_sample most;
};

static int by_size(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	if (x->most.pss != y->most.pss)
		return x->most.pss > y->most.pss ? -1 : 1;
	if (x->peak_rss != y->peak_rss)
		return x->peak_rss > y->peak_rss ? -1 : 1;
	return x->head.index < y->head.index ? -1 : x->head.index > y->head.index;
}

static void add_figures(void *sum, const void *one)
{
	struct line *to = sum;
	const struct line *from = one;

	to->peaks += from->peaks;
	to->sampled += from->sampled;
	to->denied += from->denied;
	to->peak_rss += from->peak_rss;
	to->samples += from->samples;
	to->most.rss += from->most.rss;
	to->most.pss += from->most.pss;
	to->most.shared += from->most.shared;
	to->most.private += from->most.private;
	to->most.swap += from->most.swap;
}

static struct line line_of(const struct report *report, const struct process_memory *memory)
{
	const struct process_entry *process = &report->processes[memory->process];
	bool is_root = process->parent == memory->process; /* no equal of those it created */
	struct line line = {
		.head = { process->comm, is_root ? UINT32_MAX : process->parent, memory->process,
			  1 },
		.peaks = memory->peak_rss != 0,
		.sampled = memory->samples != 0,
		.denied = memory->denied,
		.peak_rss = memory->peak_rss,
		.samples = memory->samples,
	};

	if (memory->samples)
		line.most = memory->most;
	return line;
}

/* Known of all members, of some (then it is at least so much), or of none. */
static void bytes_cell(struct text *text, struct table *table, const struct line *line,
		       uint32_t known, uint64_t bytes, const char *unknown_because)
{
	if (known)
		table_cell(table, STYLE_PLAIN, "%s%s",
			   known < line->head.members ? "\xe2\x89\xa5" : "",
			   figure_bytes(bytes).text);
	else
		table_cell(table, STYLE_DIM, DASH "%s",
			   page_note(&text->page, "%s", unknown_because).text);
}

/* The four figures of a sample, in the order of the columns. */
static void sample_cells(struct text *text, struct table *table, const struct line *line)
{
	const struct run_context *context = &text->report->context;
	const uint64_t figure[] = { line->most.rss, line->most.pss, line->most.private,
				    line->most.shared };
	const char *why = line->denied ? "reading another user's memory takes CAP_SYS_PTRACE" :
					 "no sample fell into so short a life";

	for (size_t i = 0; context->memory_sampled && i < sizeof(figure) / sizeof(figure[0]); i++)
		bytes_cell(text, table, line, line->sampled, figure[i], why);
}

static void figure_cells(struct text *text, struct table *table, const struct line *line)
{
	bytes_cell(text, table, line, line->peaks, line->peak_rss,
		   "it lives on, or its address space was gone before its end was seen");
	sample_cells(text, table, line);
}

/* The lines beyond the last that is shown, in one. */
static void rest_cells(struct text *text, struct table *table, const struct text_lines *lines)
{
	const struct line *line = lines->line;
	struct line rest = { .peaks = 0 };

	for (size_t i = text->top; i < lines->count; i++)
		text_line_add(lines, &rest, &line[i]);
	table_row(table);
	table_cell(table, STYLE_PLAIN, "%s", "");
	table_cell(table, STYLE_DIM, "%s", text_counted(rest.head.members, "other", "others").text);
	figure_cells(text, table, &rest);
}

static void memory_table(struct text *text, const struct text_lines *lines)
{
	static const struct table_column columns[] = {
		{ .title = "pid" },
		{ .title = "process", .left = true, .most = 24, .least = 11 },
		{ .title = "peak RSS" },
		{ .group = "when its PSS was highest", .title = "RSS" },
		{ .group = "when its PSS was highest", .title = "PSS" },
		{ .group = "when its PSS was highest", .title = "private", .drop = 2 },
		{ .group = "when its PSS was highest", .title = "shared", .drop = 1 },
	};
	bool sampled = text->report->context.memory_sampled;
	const struct line *line = lines->line;
	struct table *table = table_new(columns, sampled ? 7 : 3);

	for (size_t i = 0; i < lines->count && i < text->top; i++) {
		uint32_t pid = text->report->processes[line[i].head.index].tgid;

		table_row(table);
		text_name_cells(text, table, &line[i].head, pid, 0, 0);
		figure_cells(text, table, &line[i]);
	}
	if (lines->count > text->top)
		rest_cells(text, table, lines);
	table_print(table, &text->page);
}

static void heading(struct text *text)
{
	const struct memory_summary *sum = &text->report->memory;
	const struct run_context *context = &text->report->context;

	if (sum->rounds)
		page_heading(&text->page, "memory:", STYLE_BOLD, "%s at most, counted once (PSS)",
			     figure_bytes(sum->pss).text);
	else if (context->memory_sampled)
		page_heading(&text->page, "memory:", STYLE_BOLD, DASH "%s",
			     page_note(&text->page, "no sample fell into so short a run").text);
	else
		page_heading(&text->page, "memory:", STYLE_BOLD, DASH "%s",
			     page_note(&text->page, "not sampled: %s",
				       context->memory_why ?: "--no-memory")
				     .text);
}

static void sums(struct text *text)
{
	const struct memory_summary *sum = &text->report->memory;
	bool much_more = (double)sum->rss > MUCH_MORE * (double)sum->pss &&
			 sum->rss - sum->pss > MORE_LEAST;

	if (sum->rounds && much_more)
		page_text(&text->page, STYLE_PROCESS, 2, 4,
			  "these processes share memory: counted once, they use %s; the sum of RSS "
			  "says %s",
			  figure_bytes(sum->pss).text, figure_bytes(sum->rss).text);
	else if (sum->rounds)
		page_text(&text->page, STYLE_PLAIN, 2, 4, "sum of RSS, at most: %s",
			  figure_bytes(sum->rss).text);
	if (sum->peak_rss != BYTES_UNKNOWN)
		page_text(&text->page, STYLE_PLAIN, 2, 4,
			  "sum of the peaks, whenever each was: %s%s",
			  sum->peaks_unknown ? "at least " : "", figure_bytes(sum->peak_rss).text);
	if (sum->rounds)
		page_text(&text->page, STYLE_DIM, 2, 4, "%s of samples, which took %s of CPU time",
			  text_counted(sum->rounds, "round", "rounds").text,
			  figure_ns(text->report->context.memory_cost_ns).text);
}

void text_memory(struct text *text)
{
	const struct report *report = text->report;
	struct text_lines lines = {
		.line = calloc(report->process_memory_count + 1, sizeof(struct line)),
		.size = sizeof(struct line),
		.by_rank = by_size,
		.add = add_figures,
	};
	struct line *line = lines.line;

	if (!line) {
		text->page.failed = true;
		return;
	}
	for (uint32_t i = 0; i < report->process_memory_count; i++)
		line[lines.count++] = line_of(report, &report->process_memory[i]);
	text_group_equals(&lines, text->top, 1);
	if (lines.count) {
		heading(text);
		memory_table(text, &lines);
		sums(text);
	}
	page_notes(&text->page);
	free(line);
}
