// SPDX-License-Identifier: GPL-2.0
/*
 * report_page.c - the report as a page: the sections of the text report in its order, and between them those that a
 * terminal has no room for; see report_page.h.
 */
#include "html/report_page.h"

#include <errno.h>
#include <stdlib.h>

#include "html/html.h"
#include "html/sections.h"
#include "output/text_sections.h"

#define TOP 25
#define TITLE_MOST 100 /* bytes, about: a browser shows fewer */

static void put_switching(struct html *html, struct text *text)
{
	text_switches(text);
	text_price(text);
	section_direct(html, text->report);
	section_waits(html, text->report);
	section_over_time(html, text->report);
}

static void put_memory(struct html *html, struct text *text)
{
	text_faults(text);
	section_fault_time(html, text->report);
	text_regions(text);
	text_tlb(text);
	text_memory(text);
	section_memory_bars(html, text->report);
}

static void put_tasks(struct html *html, struct text *text)
{
	section_tree(html, text->report);
	text_tasks(text);
	text_pairs(text);
	section_heat(html, text->report);
	text_wakers(text);
}

/* "tasktax: " and the command, or what it was attached to. NULL: no memory. The caller frees it. */
static char *title_of(const struct run_context *context)
{
	char *title = NULL;
	size_t size;
	FILE *out = open_memstream(&title, &size);

	if (!out)
		return NULL;
	fputs("tasktax:", out);
	if (context->attached_to)
		fprintf(out, " %s", context->attached_to);
	for (size_t i = 0; !context->attached_to && context->command && context->command[i]; i++) {
		if (ftell(out) > TITLE_MOST)
			break;
		fprintf(out, " %.*s", TITLE_MOST, context->command[i]);
	}
	return fclose(out) ? (free(title), NULL) : title;
}

int html_report(const struct report *report, FILE *out)
{
	struct text text = { .report = report, .top = TOP, .top_pairs = TOP };
	char *title = title_of(&report->context);
	struct html html;
	int err = title ? html_begin(&html) : -ENOMEM;

	if (!err) {
		html_page(&html, &text.page);
		text_what_ran(&text);
		section_intro(&html);
		text_completeness(&text);
		text_workload(&text);
		text_tax(&text);
		put_switching(&html, &text);
		put_memory(&html, &text);
		put_tasks(&html, &text);
		text_overhead(&text);
		section_glossary(&html);
		html_finish_page(&html, &text.page);
		err = html_end(&html, out, title);
	}
	free(title);
	return err;
}
