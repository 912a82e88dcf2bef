// SPDX-License-Identifier: GPL-2.0
/* text.c - the page: what ran, the sections in their order, what it cost to know; see text.h. */
#include "output/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/quote.h"
#include "output/text_sections.h"

#define WIDTH 80
#define WIDTH_LEAST 60
#define TOP 10
#define TOP_PAIRS 8

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

static void what_was_there(struct text *text)
{
	const struct run_context *context = &text->report->context;

	page_heading(&text->page, "tasktax:", STYLE_BOLD, "attached to %s",
		     quote_string(context->attached_to).text);
	page_text(&text->page, STYLE_PLAIN, 2, 2, "for %s on Linux %s %s, %s, %s",
		  figure_ns(context->duration_ns).text, quote_string(context->kernel).text,
		  quote_string(context->arch).text, text_counted(context->cpus, "CPU", "CPUs").text,
		  quote_string(context->cpu_model).text);
}

static void what_ran(struct text *text)
{
	const struct run_context *context = &text->report->context;
	char *line = shell_line(context->command);
	char end[64] = "still running";

	text->page.failed |= !line;
	if (context->exit_signal)
		snprintf(end, sizeof(end), "killed by %.40s",
			 text_signal(context->exit_signal).text);
	else if (context->exit_code >= 0)
		snprintf(end, sizeof(end), "exit status %d", context->exit_code);
	page_heading(&text->page, "tasktax:", STYLE_BOLD, "%s", line ? line : "");
	page_text(&text->page, STYLE_PLAIN, 2, 2, "%s after %s on Linux %s %s, %s, %s", end,
		  figure_ns(context->duration_ns).text, quote_string(context->kernel).text,
		  quote_string(context->arch).text, text_counted(context->cpus, "CPU", "CPUs").text,
		  quote_string(context->cpu_model).text);
	free(line);
}

void text_what_ran(struct text *text)
{
	if (text->report->context.attached_to)
		what_was_there(text);
	else
		what_ran(text);
	if (text->report->context.part)
		page_text(&text->page, STYLE_WARN, 2, 2, "a part of it: %s",
			  quote_string(text->report->context.part).text);
}

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

void text_overhead(struct text *text)
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
	if (context->fault_end)
		page_text(&text->page, STYLE_PLAIN, 2, 4,
			  "faults: from %s to %s, the probes in between included",
			  context->fault_start, context->fault_end);
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
	text.threads = options->threads;
	page_init(&text.page, out, width < WIDTH_LEAST ? WIDTH_LEAST : width, options->colour);
	if (options->apart)
		page_blank(&text.page);
	text_what_ran(&text);
	text_completeness(&text);
	text_workload(&text);
	text_switches(&text);
	text_price(&text);
	text_faults(&text);
	text_regions(&text);
	text_tlb(&text);
	text_memory(&text);
	text_tax(&text);
	text_processes(&text);
	text_tasks(&text);
	text_pairs(&text);
	text_wakers(&text);
	text_overhead(&text);
	return page_finish(&text.page);
}
