// SPDX-License-Identifier: GPL-2.0
/* section_memory.c - RSS against PSS: what sharing saves, for the tree and for its largest processes. */
#include <inttypes.h>
#include <math.h>

#include "html/chart.h"
#include "html/sections.h"

#define SHOWN 12

static void put_bytes(struct html *html, bool known, uint64_t bytes)
{
	chart_value(html, known ? (double)bytes : NAN, known ? figure_bytes(bytes).text : DASH);
}

static void put_process(struct html *html, const struct report *report,
			const struct process_memory *memory)
{
	const struct process_entry *process = &report->processes[memory->process];
	char pid[16];

	snprintf(pid, sizeof(pid), " %" PRIu32, process->tgid);
	chart_row_name(html, process->comm[0] ? process->comm : "?", pid);
	put_bytes(html, true, memory->most.rss);
	put_bytes(html, true, memory->most.pss);
}

void section_memory_bars(struct html *html, const struct report *report)
{
	static const struct chart_column columns[] = {
		{ .title = "process" },
		{ .title = "RSS", .colour = "process", .unit = CHART_BYTES },
		{ .title = "PSS", .colour = "thread", .unit = CHART_BYTES },
	};
	static const struct chart chart = { .kind = CHART_BARS,
					    .title = "Memory, counted by process (RSS) and once "
						     "(PSS).",
					    .columns = columns,
					    .count = 3 };
	const struct memory_summary *memory = &report->memory;
	unsigned int shown = 0;

	if (!memory->rounds || memory->pss == BYTES_UNKNOWN)
		return;
	chart_begin(html, &chart,
		    "A page that several processes share is in the RSS of each; PSS divides it "
		    "among them.");
	chart_row_name(html, "", "all together");
	put_bytes(html, memory->rss != BYTES_UNKNOWN, memory->rss);
	put_bytes(html, true, memory->pss);
	for (uint32_t i = 0; i < report->process_memory_count && shown < SHOWN; i++) {
		if (!report->process_memory[i].samples)
			continue;
		put_process(html, report, &report->process_memory[i]);
		shown++;
	}
	chart_end(html);
}
