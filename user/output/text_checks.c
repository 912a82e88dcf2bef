// SPDX-License-Identifier: GPL-2.0
/* text_checks.c - whether the figures are complete and agree with the kernel's own. */
#include "base/quote.h"
#include "output/text_sections.h"

#include <math.h>

static struct list losses(const struct losses *lost)
{
	struct list list = { .used = 0 };

	if (lost->switches)
		list_add(&list, "%s (ring full: raise --ring-size)",
			 text_counted(lost->switches, "switch", "switches").text);
	if (lost->waking)
		list_add(&list, "%s (ring full)",
			 text_counted(lost->waking, "wake-up", "wake-ups").text);
	if (lost->shootdowns)
		list_add(&list, "%s (ring full)",
			 text_counted(lost->shootdowns, "shootdown record", "shootdown records")
				 .text);
	if (lost->faults)
		list_add(&list, "%s (ring full: raise --ring-size)",
			 text_counted(lost->faults, "fault", "faults").text);
	if (lost->lifecycle)
		list_add(&list, "%s (ring full)",
			 text_counted(lost->lifecycle, "lifecycle record", "lifecycle records")
				 .text);
	if (lost->untracked)
		list_add(&list, "%s that could not be followed",
			 text_counted(lost->untracked, "new task", "new tasks").text);
	if (lost->recursion)
		list_add(&list, "%s that the kernel skipped",
			 text_counted(lost->recursion, "program run", "program runs").text);
	if (lost->unknown)
		list_add(&list, "%s not understood",
			 text_counted(lost->unknown, "record", "records").text);
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

/* What the kernel counted without an event stands with what it counted. */
static void fault_row(struct table *table, const char *name, const struct fault_balance *faults)
{
	struct balance balance = faults->balance;

	if (faults->no_event > 0)
		balance.kernel -= (uint64_t)faults->no_event;
	balance_row(table, name, &balance);
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
	if (r->minor.balance.known) {
		fault_row(table, "minor faults", &r->minor);
		fault_row(table, "major faults", &r->major);
	}
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

/* Of one severity, "seen 1,234 + 2 without an event = kernel 1,236". */
static void fault_words(struct text *text, const char *name, const struct fault_balance *faults)
{
	struct figure between = { "" };

	if (faults->no_event > 0)
		snprintf(between.text, sizeof(between.text), " + %.30s without an event",
			 figure_count((uint64_t)faults->no_event).text);
	page_text(&text->page, STYLE_PLAIN, 2, 4, "%s seen %s%s = kernel %s", name,
		  figure_count(faults->balance.seen).text, between.text,
		  figure_count(faults->balance.kernel).text);
}

static void fault_oddities(struct text *text)
{
	const struct reconciliation *r = &text->report->reconcile;
	int64_t no_event = (int64_t)((uint64_t)r->minor.no_event + (uint64_t)r->major.no_event);
	uint64_t unraised = r->minor.unraised + r->major.unraised;

	if (no_event > 0)
		page_text(&text->page, STYLE_DIM, 2, 4,
			  "without an event: faults that the kernel took for a task itself "
			  "(arguments "
			  "of an exec, populate)%s",
			  !unraised			 ? "" :
			  unraised == (uint64_t)no_event ? ", each of them seen" :
							   ", not all of them seen");
	if (text->report->lost.unseen_faults)
		page_text(
			&text->page, STYLE_DIM, 2, 4,
			"%s of the host unseen (the kernel ran no program); those of traced tasks "
			"count as without an event",
			text_counted(text->report->lost.unseen_faults, "fault", "faults").text);
	if (r->unfinished)
		page_text(&text->page, STYLE_DIM, 2, 4,
			  "%s accounted: a bad address, a signal, or not to be taken "
			  "just then (within an atomic copy)",
			  text_counted(r->unfinished, "fault began and was not",
				       "faults began and were not")
				  .text);
}

static void run_time(struct text *text)
{
	const struct reconciliation *r = &text->report->reconcile;
	int64_t off = (int64_t)(r->run_seen_ns - r->run_kernel_ns);
	struct figure figure, share;
	const char *why = "";

	if (r->run_seen_ns == NS_UNKNOWN || r->run_kernel_ns == NS_UNKNOWN ||
	    !(r->run_seen_ns | r->run_kernel_ns))
		return;
	format_percent(share.text, sizeof(share.text),
		       r->run_kernel_ns ? 100 * (double)off / (double)r->run_kernel_ns : NAN);
	if (text->report->lost.switches)
		why = " (part of it was lost)";
	else if (off > 0)
		why = " (steal, interrupts)";
	else if (off < 0)
		why = " (it counts from the wake-up, not the switch)";
	page_text(&text->page, STYLE_PLAIN, 2, 4, "ran %s; sum_exec_runtime %s: %s, %s%s",
		  figure_ns(r->run_seen_ns).text, figure_ns(r->run_kernel_ns).text,
		  format_ns_signed(figure.text, sizeof(figure.text), off), share.text, why);
}

static void differences(struct text *text)
{
	const struct reconciliation *r = &text->report->reconcile;

	if (r->tasks_off)
		page_text(
			&text->page, STYLE_BAD, 2, 4, "%s of %s from the kernel's counters",
			figure_count(r->tasks_off).text,
			r->tasks_off == 1 ?
				text_counted(r->tasks_checked, "task differs", "tasks differs")
					.text :
				text_counted(r->tasks_checked, "task differ", "tasks differ").text);
	if (r->tasks_unread)
		page_text(&text->page, STYLE_BAD, 2, 4, "the counters of %s were never read",
			  text_counted(r->tasks_unread, "task", "tasks").text);
	if (r->contradictions)
		page_text(&text->page, STYLE_BAD, 2, 4,
			  "the stream contradicts itself in %s: a task left the CPU that had not "
			  "come, or came and had not left",
			  text_counted(r->contradictions, "place", "places").text);
}

/* What is no loss of ours, and explains a figure below. */
static void oddities(struct text *text)
{
	const struct report *report = text->report;

	if (report->lost.unseen || report->missed_ins)
		page_text(&text->page, STYLE_DIM, 2, 4,
			  "%s unseen (the kernel ran no program); %s to traced tasks, in "
			  "no row",
			  text_counted(report->lost.unseen, "switch", "switches").text,
			  figure_count(report->missed_ins).text);
	if (report->late)
		page_text(&text->page, STYLE_DIM, 2, 4, "%s out of order, counted all the same",
			  text_counted(report->late, "record came", "records came").text);
}

static void verdict(struct text *text)
{
	const struct report *report = text->report;
	const struct reconciliation *r = &report->reconcile;
	struct figure received =
		report->context.no_records ?
			text_counted(report->received, "event counted", "events counted") :
			text_counted(report->received, "record", "records");

	if (!report->complete)
		page_heading(&text->page, "AT LEAST:", STYLE_BAD,
			     "%s received, lost %s; every count is at least what is shown",
			     received.text, losses(&report->lost).text);
	else if (!r->switches.known)
		page_heading(&text->page, "complete:", STYLE_GOOD,
			     "%s, 0 lost; the kernel's counters " DASH "%s", received.text,
			     page_note(&text->page, "%s",
				       report->context.part_of_time ?
					       "none of its tasks was born and ended in this part" :
					       "they were read for no task")
				     .text);
	else if (!r->ok)
		page_heading(&text->page, "DOES NOT ADD UP:", STYLE_BAD,
			     "%s, 0 lost, yet:", received.text);
	else
		page_heading(&text->page, "complete:", STYLE_GOOD, "%s, 0 lost; %s with the kernel",
			     received.text,
			     r->tasks_checked == 1 ?
				     "the task agrees" :
				     text_counted(r->tasks_checked, "", "tasks agree").text);
}

/* Aggregate mode keeps no record of a task's latest fault, which would tell what the kernel had counted then. */
static void faults_unchecked(struct text *text)
{
	const struct reconciliation *r = &text->report->reconcile;

	if (!text->report->context.faults_measured || r->minor.balance.known || !r->switches.known)
		return;
	page_text(&text->page, STYLE_PLAIN, 2, 4,
		  "faults seen: %s minor, %s major; what the kernel counted of tasks that live on "
		  "is not "
		  "known in aggregate mode",
		  figure_count(r->minor.balance.seen).text,
		  figure_count(r->major.balance.seen).text);
}

void text_completeness(struct text *text)
{
	const struct report *report = text->report;
	bool known = report->reconcile.switches.known;

	verdict(text);
	if (report->context.partial_why)
		page_text(&text->page, STYLE_BAD, 2, 4, "%s",
			  quote_string(report->context.partial_why).text);
	if (known && report->complete && report->reconcile.ok) {
		balance_words(text);
		if (report->reconcile.minor.balance.known) {
			fault_words(text, "minor faults", &report->reconcile.minor);
			fault_words(text, "major faults", &report->reconcile.major);
		}
	} else if (known) {
		balance_table(text);
	}
	faults_unchecked(text);
	differences(text);
	oddities(text);
	fault_oddities(text);
	if (known)
		run_time(text);
	page_notes(&text->page);
}
