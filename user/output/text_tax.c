// SPDX-License-Identifier: GPL-2.0
/* text_tax.c - what the switches cost: of another address space, and of the run time. */
#include "output/text_sections.h"

#include <string.h>

#define PRICED_LEAST 100 /* switches behind a median that stands for a level */

const struct histogram *text_direct_costs(const struct report *report, enum row_level level)
{
	for (unsigned int i = 0; i < report->row_count; i++)
		if (report->rows[i].level == level && report->rows[i].via == SWITCH_VIA_DIRECT &&
		    report->rows[i].direct.count >= PRICED_LEAST)
			return &report->rows[i].direct;
	return NULL;
}

/*
 * Two medians differ when their intervals, the histogram's error and the clock's step added, do not
 * touch. The clock of some processors moves by 10 ns at a time.
 */
static bool below(const struct interval *a, const struct interval *b)
{
	const double error = 1.0 / 128, step = 10;

	return a->high * (1 + error) + step < b->low * (1 - error);
}

void text_price(struct text *text)
{
	const struct histogram *process = text_direct_costs(text->report, ROW_PROCESS);
	const struct histogram *thread = text_direct_costs(text->report, ROW_THREAD);
	struct interval by_process, by_thread;

	if (text->report->lost.switches) /* what is left is no fair sample */
		return;
	if (!process || !thread || histogram_median_interval(process, &by_process) ||
	    histogram_median_interval(thread, &by_thread) || by_thread.point <= 0)
		return;
	page_blank(&text->page);
	if (below(&by_thread, &by_process) || below(&by_process, &by_thread))
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
		list_add(&list, "%s%s" KEEP "%s",
			 most >= ROW_IDLE && most != ROW_OTHER ? "to" KEEP : "",
			 row_level_name(most), figure_ns(left[most]).text);
		left[most] = 0;
	}
	if (list.used)
		page_text(&text->page, STYLE_PLAIN, 2, 4, "switching: %s", list.text);
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
		page_text(
			&text->page, STYLE_PLAIN, 2, 4, "beside it: waiting " DASH "%s",
			page_note(&text->page, "%s", text_wait_unknown(text) ?: "not known").text);
	else if (tax->run_ns)
		page_text(&text->page, STYLE_PLAIN, 2, 4,
			  "beside it: %s waiting in run queues, %s the run time",
			  figure_ns(tax->waiting_ns).text,
			  relation((double)tax->waiting_ns, (double)tax->run_ns).text);
	else
		page_text(&text->page, STYLE_PLAIN, 2, 4, "beside it: %s waiting in run queues",
			  figure_ns(tax->waiting_ns).text);
}

/* Where the faults' time went, by cause; or that it is missing. */
static void tax_by_cause(struct text *text)
{
	const struct tax *tax = &text->report->tax;
	const char *unknown = text_fault_unknown(text);
	struct list list = { .used = 0 };

	if (unknown)
		page_text(&text->page, STYLE_PLAIN, 2, 4, "faulting: " DASH "%s%s",
			  page_note(&text->page, "%s", unknown).text,
			  tax->switching_ns == NS_UNKNOWN ? "" : ", not in it");
	if (tax->faulting_ns == NS_UNKNOWN || !tax->faulting_ns)
		return;
	for (int cause = 0; cause < CAUSES; cause++)
		if (tax->faulting_by_cause[cause])
			list_add(&list, "%s" KEEP "%s", fault_cause_name(cause),
				 figure_ns(tax->faulting_by_cause[cause]).text);
	page_text(&text->page, STYLE_PLAIN, 2, 4, "faulting: %s", list.text);
}

static void heading(struct text *text)
{
	const struct tax *tax = &text->report->tax;
	bool faulting = tax->faulting_ns != NS_UNKNOWN;
	uint64_t sum = tax->switching_ns + (faulting ? tax->faulting_ns : 0);
	struct figure and = { "" };

	if (faulting)
		snprintf(and.text, sizeof(and.text), " + faulting %.40s",
			 figure_ns(tax->faulting_ns).text);
	page_heading(&text->page, "tax:", STYLE_BOLD, "%s of the run time: switching %s%s of %s",
		     figure_percent((double)sum, (double)tax->run_ns).text,
		     figure_ns(tax->switching_ns).text, and.text, figure_ns(tax->run_ns).text);
}

void text_tax(struct text *text)
{
	const struct tax *tax = &text->report->tax;
	const char *unknown = text_direct_unknown(text);

	if (tax->switching_ns == NS_UNKNOWN) {
		page_heading(&text->page, "tax:", STYLE_BOLD, DASH "%s of %s run time",
			     page_note(&text->page, "%s", unknown ?: "not known").text,
			     figure_ns(tax->run_ns).text);
	} else {
		heading(text);
		tax_by_level(text);
		if (tax->unpriced)
			page_text(&text->page, STYLE_DIM, 2, 4, "%s a price: not in it",
				  text_counted(tax->unpriced, "switch is without",
					       "switches are without")
					  .text);
	}
	tax_by_cause(text);
	waiting(text);
	page_notes(&text->page);
}
