// SPDX-License-Identifier: GPL-2.0
/* text_workload.c - the workload's shape, its population and its crashes. */
#include "output/text_sections.h"

#include <inttypes.h>
#include <string.h>

#include "base/quote.h"

#define CRASHES_SHOWN 5

static enum style workload_style(enum workload_level level)
{
	static const enum style style[] = { STYLE_BOLD, STYLE_THREAD, STYLE_PROCESS, STYLE_BOLD,
					    STYLE_BOLD };

	return style[level];
}

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
		  text_signal((int)crash->first->crashed_by).text,
		  quote_string(crash->first->comm).text, which, crash->tasks_lost ? ", and " : "",
		  crash->tasks_lost ?
			  text_counted(crash->tasks_lost, "task with it", "tasks with it").text :
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
			  text_counted(more, "more process", "more processes").text);
}

static void population(struct text *text)
{
	const struct report *report = text->report;
	struct list created = { .used = 0 };
	struct list before = { .used = 0 };

	if (report->created[CREATED_BEFORE])
		list_add(&before, ", %s of them there before",
			 figure_count(report->created[CREATED_BEFORE]).text);
	if (report->created[CREATED_PROCESS])
		list_add(&created, "%s",
			 text_counted(report->created[CREATED_PROCESS], "process", "processes")
				 .text);
	if (report->created[CREATED_THREAD])
		list_add(&created, "%s",
			 text_counted(report->created[CREATED_THREAD], "thread", "threads").text);
	if (report->created[CREATED_VFORK])
		list_add(&created, "%s",
			 text_counted(report->created[CREATED_VFORK], "vfork child",
				      "vfork children")
				 .text);
	page_text(&text->page, STYLE_PLAIN, 2, 4,
		  "%s, %s%s, at most %s at once; created %s; %s, %s",
		  text_counted(report->process_count, "process", "processes").text,
		  text_counted(report->thread_count, "task", "tasks").text,
		  before.used ? before.text : "", figure_count(report->peak_tasks).text,
		  created.used ? created.text : "none",
		  text_counted(report->execs, "exec", "execs").text,
		  text_counted(report->exits, "exit", "exits").text);
}

void text_workload(struct text *text)
{
	const struct report *report = text->report;
	char title[40];

	snprintf(title, sizeof(title), "workload: %s",
		 workload_level_name(report->workload) ?: DASH);
	page_heading(&text->page, title, workload_style(report->workload), "%s", "");
	for (unsigned int i = 0; i < report->reason_count; i++)
		page_text(&text->page, STYLE_PLAIN, 2, 4, "%s",
			  quote_string(report->reasons[i]).text);
	if (report->workload != WORKLOAD_UNKNOWN)
		page_text(&text->page, STYLE_DIM, 2, 4,
			  "a task counts from 5 %% of the switches or run time on; small equals "
			  "together");
	population(text);
	crashes(text);
}
