// SPDX-License-Identifier: GPL-2.0
/* formats.c - the formats that there are; see export.h. */
#include "export/formats.h"

static const struct export_format formats[] = {
	{ .name = "ndjson",
	  .help = "one JSON object a line: scripts, jq, data frames",
	  .begin = ndjson_begin,
	  .event = ndjson_event,
	  .end = ndjson_end },
	{ .name = "csv",
	  .help = "a table, one event a row: SQL, spreadsheets",
	  .begin = csv_begin,
	  .event = csv_event,
	  .end = csv_end },
	{ .name = "folded",
	  .help = "stacks for flame graphs; --folded chooses which",
	  .begin = folded_begin,
	  .event = folded_event,
	  .end = folded_end,
	  .free = folded_free },
	{ .name = "perfetto",
	  .help = "tracks and slices: ui.perfetto.dev, trace_processor",
	  .binary = true,
	  .begin = perfetto_begin,
	  .event = perfetto_event,
	  .end = perfetto_end,
	  .free = perfetto_free },
	{ .name = "ctf",
	  .help = "a verified copy, a directory: babeltrace2, Trace Compass",
	  .copy = ctf_copy },
	{ .name = NULL },
};

const struct export_format *export_formats(void)
{
	return formats;
}
