// SPDX-License-Identifier: GPL-2.0
/* reading.c - the line of progress; see reading.h. */
#include "reading.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/terminal.h"

#define PATIENCE_NS UINT64_C(1000000000)
#define STEP_NS UINT64_C(200000000)

/* One write, so that nothing comes between; what cannot be shown is not worth an error. */
static void put(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		return;
}

static void watch(void *context, uint64_t done, uint64_t all)
{
	struct reading *reading = context;
	uint64_t now = clock_now_ns();
	char line[48];

	if (now < reading->next_ns || !all)
		return;
	snprintf(line, sizeof(line), "\r\033[Kreading: %u %%",
		 (unsigned int)(100.0 * (double)done / (double)all));
	put(line);
	reading->shown = true;
	reading->next_ns = now + STEP_NS;
}

void reading_begin(struct reading *reading, struct record_reader *reader)
{
	*reading = (struct reading){ .next_ns = clock_now_ns() + PATIENCE_NS };
	if (terminal_of(STDERR_FILENO).is)
		record_reader_watch(reader, watch, reading);
}

void reading_end(const struct reading *reading)
{
	if (reading->shown)
		put("\r\033[K");
}
