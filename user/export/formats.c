// SPDX-License-Identifier: GPL-2.0
/* formats.c - the formats that there are; see export.h. */
#include "export/formats.h"

static const struct export_format formats[] = {
	{ .name = "ndjson",
	  .help = "one JSON object a line: scripts, jq, data frames",
	  .begin = ndjson_begin,
	  .event = ndjson_event,
	  .end = ndjson_end },
	{ .name = NULL },
};

const struct export_format *export_formats(void)
{
	return formats;
}
