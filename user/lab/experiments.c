// SPDX-License-Identifier: GPL-2.0
/*
 * experiments.c - the list of experiments, and what they share. Includes experiment.h. Called by
 * cmd_lab.c and by the experiments.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lab/experiment.h"

static const struct experiment *const experiments[] = {
	&experiment_ring,
};

#define EXPERIMENTS (sizeof(experiments) / sizeof(experiments[0]))

const struct experiment *experiment_at(size_t index)
{
	return index < EXPERIMENTS ? experiments[index] : NULL;
}

const struct experiment *experiment_find(const char *name)
{
	for (size_t i = 0; i < EXPERIMENTS; i++)
		if (!strcmp(experiments[i]->name, name))
			return experiments[i];
	return NULL;
}

void lab_word(struct lab_command *command, const char *format, ...)
{
	va_list arguments;
	size_t at = 1; /* argv[0] is the program */

	while (at < LAB_WORDS - 1 && command->argv[at])
		at++;
	if (at == LAB_WORDS - 1)
		return;
	va_start(arguments, format);
	vsnprintf(command->text[at], sizeof(command->text[at]), format, arguments);
	va_end(arguments);
	command->argv[at] = command->text[at];
}
