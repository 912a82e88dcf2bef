/* SPDX-License-Identifier: GPL-2.0 */
/*
 * text_sections.h - the sections of the text report, one function each, and what they share.
 *
 * Each prints its section, or nothing when there is nothing to say. Called by text.c in the order of
 * the page, and by html/report_page.c in that of its own; included by these and the text_*.c files only.
 */
#ifndef TASKTAX_OUTPUT_TEXT_SECTIONS_H
#define TASKTAX_OUTPUT_TEXT_SECTIONS_H

#include "model/report.h"
#include "output/table.h"

/* What every section is given. */
struct text {
	struct page page;
	const struct report *report;
	unsigned int top, top_pairs; /* rows of the lists */
	bool threads;		     /* of the list of tasks: all of them */
};

void text_what_ran(struct text *text);	   /* text.c */
void text_completeness(struct text *text); /* text_checks.c */
void text_workload(struct text *text);	   /* text_workload.c */
void text_switches(struct text *text);	   /* text_switches.c */
void text_faults(struct text *text);	   /* text_faults.c */
void text_regions(struct text *text);	   /* text_faults.c */
void text_tlb(struct text *text);	   /* text_tlb.c */
void text_memory(struct text *text);	   /* text_memory.c */
void text_price(struct text *text);	/* text_tax.c: what another address space adds, in words */
void text_tax(struct text *text);	/* text_tax.c */
void text_processes(struct text *text); /* text_tasks.c */
void text_tasks(struct text *text);	/* text_tasks.c */
void text_pairs(struct text *text);	/* text_pairs.c */
void text_wakers(struct text *text);	/* text_pairs.c */
void text_overhead(struct text *text);	/* text.c */

/* --- text_equals.c: tables of processes and tasks, in which one line may stand for several --- */

/* The first member of a line. */
struct text_line {
	const char *comm;
	uint32_t group; /* only lines of the same group and comm are put together */
	uint32_t index; /* of the process, or of the task */
	uint32_t members;
};

struct text_lines {
	void *line;
	size_t size, count; /* bytes of each */
	int (*by_rank)(const void *a, const void *b);
	void (*add)(void *sum, const void *one); /* what stands after its struct text_line */
};

/*
 * More lines than there is room for: many equals become one, but not when that would leave no more than
 * `known` lines, which say nothing new. The first by rank then stand first.
 */
void text_group_equals(struct text_lines *lines, size_t room, size_t known);

void text_line_add(const struct text_lines *lines, void *sum, const void *one);

/*
 * The pid, that of the whole when there are several (0: they have none in common), and the name. The kernel's
 * pid stands beside it where it differs (0: not to be shown): the loader is in a pid namespace.
 */
void text_name_cells(struct text *text, struct table *table, const struct text_line *line,
		     uint32_t pid, uint32_t kernel_pid, uint32_t pid_of_all);

/* --- text_words.c: words and styles that several sections use --- */

const char *text_plural(uint64_t n, const char *one, const char *many);
struct figure text_counted(uint64_t n, const char *one, const char *many); /* "3 switches" */
struct figure text_signal(int number); /* "SIGSEGV", or "signal 40" for one without a name */
enum style text_level_style(enum row_level level);

/* Why these columns are unknown as a whole; NULL: they are not. */
const char *text_direct_unknown(const struct text *text);
const char *text_wait_unknown(const struct text *text);
const char *text_fault_unknown(const struct text *text); /* NULL too: they were not asked for */

/* What the switches of a level via direct cost; NULL: too few for them to stand for the level. */
const struct histogram *text_direct_costs(const struct report *report, enum row_level level);

/* A zero is there, but does not ask for attention. */
void text_count_cell(struct table *table, uint64_t count);

/* A column's or a group's title, with the footnote when the whole of it is unknown. */
void text_title(struct text *text, char *title, size_t size, const char *words,
		const char *unknown_because);

/* Our own words joined by commas. */
struct list {
	char text[768];
	size_t used;
};

void list_add(struct list *list, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
