// SPDX-License-Identifier: GPL-2.0
/* text_words.c - words and styles that several sections of the report use; see text_sections.h. */
#include "output/text_sections.h"

#include <signal.h>
#include <stdarg.h>
#include <string.h>

const char *text_plural(uint64_t n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}

struct figure text_counted(uint64_t n, const char *one, const char *many)
{
	struct figure figure = figure_count(n);
	size_t used = strlen(figure.text);

	snprintf(figure.text + used, sizeof(figure.text) - used, " %s", text_plural(n, one, many));
	return figure;
}

struct figure text_signal(int number)
{
	const char *name = sigabbrev_np(number);
	struct figure figure;

	if (name)
		snprintf(figure.text, sizeof(figure.text), "SIG%s", name);
	else
		snprintf(figure.text, sizeof(figure.text), "signal %d", number);
	return figure;
}

enum style text_level_style(enum row_level level)
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

const char *text_direct_unknown(const struct text *text)
{
	const struct run_context *context = &text->report->context;

	return context->direct_end ? NULL : context->direct_why ?: "the direct cost is not known";
}

const char *text_wait_unknown(const struct text *text)
{
	const struct run_context *context = &text->report->context;

	return context->wait_known ? NULL : context->wait_why ?: "the waiting time is not known";
}

const char *text_fault_unknown(const struct text *text)
{
	const struct run_context *context = &text->report->context;

	if (context->fault_end || !context->faults_measured)
		return context->fault_end ? NULL : context->fault_why;
	return context->fault_why ?: "nothing tells the end of a fault";
}

void list_add(struct list *list, const char *format, ...)
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

void text_count_cell(struct table *table, uint64_t count)
{
	table_count(table, count ? STYLE_PLAIN : STYLE_DIM, "", count);
}

void text_title(struct text *text, char *title, size_t size, const char *words,
		const char *unknown_because)
{
	snprintf(title, size, "%s%s", words,
		 unknown_because ? page_note(&text->page, "%s", unknown_because).text : "");
}
