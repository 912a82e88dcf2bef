// SPDX-License-Identifier: GPL-2.0
/* section_times.c - distributions: of the direct cost and of the wait by level, of the faults' time by cause. */
#include "html/distribution.h"
#include "html/sections.h"
#include "output/text_sections.h"

const char *level_colour(enum row_level level)
{
	static const char *const colour[ROW_LEVELS] = { "resume", "thread", "process", "exiting",
							"idle",	  "kernel", "foreign", "other" };

	return colour[level];
}

/*
 * Thread and process level by their switches via direct, where both have enough: what ran in between would hide the
 * difference that the address space makes.
 */
void section_direct(struct html *html, const struct report *report)
{
	bool alone = text_direct_costs(report, ROW_THREAD) &&
		     text_direct_costs(report, ROW_PROCESS);
	struct distributions all = {
		.title = "What a switch costs, by level.",
		.axis = "direct cost",
		.of = "share of the switches",
		.words = alone ? "Only switches straight from one task to the next (via direct); "
				 "the lines mark the medians. The slowest 1 % is beyond the edge." :
				 "Whatever ran in between; the lines mark the medians. The slowest "
				 "1 % is beyond the edge.",
		.coarse = report->context.no_records,
	};

	if (!report->context.direct_end)
		return;
	for (int level = 0; level < ROW_WITH_VIA; level++) {
		const struct histogram *direct = text_direct_costs(report, (enum row_level)level);

		if (alone && !direct)
			continue;
		distributions_add(&all, row_level_name((enum row_level)level),
				  level_colour((enum row_level)level),
				  alone ? direct : &report->levels[level].direct);
	}
	distributions_put(html, &all);
}

void section_waits(struct html *html, const struct report *report)
{
	struct distributions all = {
		.title = "How long a task waited for a CPU, by the level of its switch-in.",
		.axis = "wait in the run queue",
		.of = "share of the switch-ins",
		.words = "The lines mark the medians. The longest 1 % is beyond the edge.",
		.coarse = report->context.no_records,
	};

	if (!report->context.wait_known)
		return;
	for (int level = 0; level < ROW_WITH_VIA; level++)
		distributions_add(&all, row_level_name((enum row_level)level),
				  level_colour((enum row_level)level), &report->levels[level].wait);
	distributions_put(html, &all);
}

static void faults_by_cause(struct distributions *all, struct histogram *sums,
			    const struct report *report)
{
	static const char *const colour[CAUSES] = { [CAUSE_PROCESS] = "process",
						    [CAUSE_THREAD] = "thread",
						    [CAUSE_WORK] = "work",
						    [CAUSE_UNKNOWN] = "other" };

	for (unsigned int i = 0; i < report->fault_row_count; i++)
		if (histogram_merge(&sums[report->fault_rows[i].cause],
				    &report->fault_rows[i].time))
			return;
	for (int cause = 0; cause < CAUSES; cause++)
		distributions_add(all, fault_cause_name((enum fault_cause)cause), colour[cause],
				  &sums[cause]);
}

void section_fault_time(struct html *html, const struct report *report)
{
	struct histogram sums[CAUSES] = { { 0 } };
	struct distributions all = {
		.title = "How long a fault took.",
		.axis = "time of a fault",
		.of = "share of the faults",
		.words = "By its cause; the lines mark the medians. The longest 1 % is beyond the "
			 "edge.",
		.coarse = report->context.no_records,
	};

	if (!report->context.fault_end)
		return;
	if (report->context.no_records) {
		all.words = "The lines mark the medians. The longest 1 % is beyond the edge.";
		distributions_add(&all, "minor", "work", &report->fault_times[0]);
		distributions_add(&all, "major", "process", &report->fault_times[1]);
	} else {
		faults_by_cause(&all, sums, report);
	}
	distributions_put(html, &all);
	for (int cause = 0; cause < CAUSES; cause++)
		histogram_free(&sums[cause]);
}
