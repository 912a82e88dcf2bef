// SPDX-License-Identifier: GPL-2.0
/*
 * experiments.c - the list of experiments. Includes experiment.h. Called by cmd_lab.c.
 */
#include <string.h>

#include "lab/experiment.h"

static const struct experiment *const experiments[] = {
	&experiment_ring, &experiment_spawn, &experiment_cow, &experiment_touch, &experiment_memory,
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
