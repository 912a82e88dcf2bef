// SPDX-License-Identifier: GPL-2.0
/* progress.c - the progress line; see progress.h. */
#include "lab/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/terminal.h"

#define BAR 30	/* columns, of one character each, */
#define BLOCK 3 /* which has so many bytes */
#define ERASE "\r\033[K"
#define LINE_SIZE 256

void progress_start(struct progress *progress, const char *name, unsigned int rounds, size_t steps)
{
	struct terminal terminal = terminal_of(STDERR_FILENO);

	*progress = (struct progress){
		.on = terminal.is,
		.colour = terminal.colour,
		.name = name,
		.rounds = rounds,
		.steps = steps,
		.started_ns = clock_now_ns(),
	};
}

/* "", " 7 s left", " 2 min 05 s left" */
static void time_left(const struct progress *progress, uint64_t elapsed_ns, char *text, size_t size)
{
	double left;
	unsigned int seconds;

	text[0] = '\0';
	if (!progress->done)
		return;
	left = (double)elapsed_ns / (double)progress->done *
	       (double)(progress->steps - progress->done) / 1e9;
	seconds = (unsigned int)(left + 0.999);
	if (seconds < 60)
		snprintf(text, size, "  %2u s left", seconds);
	else
		snprintf(text, size, "  %u min %02u s left", seconds / 60, seconds % 60);
}

char *progress_line(const struct progress *progress, unsigned int round, uint64_t elapsed_ns,
		    char *text, size_t size)
{
	size_t full = progress->steps ? BAR * progress->done / progress->steps : 0;
	char bar[BAR * BLOCK + 1] = "", left[48], where[48];

	for (size_t i = 0; i < BAR; i++)
		snprintf(bar + i * BLOCK, BLOCK + 1, "%s", i < full ? "█" : "░");
	if (round)
		snprintf(where, sizeof(where), "round %u of %u", round, progress->rounds);
	else
		snprintf(where, sizeof(where), "warm-up");
	time_left(progress, elapsed_ns, left, sizeof(left));
	snprintf(text, size, "%-8s %s  %-16s%s", progress->name, bar, where, left);
	return text;
}

/* One write, so that nothing comes between; what cannot be shown is not worth an error. */
static void put(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		return;
}

void progress_show(const struct progress *progress, unsigned int round)
{
	char line[LINE_SIZE], shown[LINE_SIZE + 32];

	if (!progress->on)
		return;
	progress_line(progress, round, clock_now_ns() - progress->started_ns, line, sizeof(line));
	snprintf(shown, sizeof(shown), ERASE "%s%s%s", progress->colour ? "\033[36m" : "", line,
		 progress->colour ? "\033[0m" : "");
	put(shown);
}

void progress_step(struct progress *progress)
{
	progress->done++;
}

void progress_left(struct progress *progress, size_t steps)
{
	progress->steps = progress->done + steps;
}

void progress_end(const struct progress *progress)
{
	if (progress->on)
		put(ERASE);
}
