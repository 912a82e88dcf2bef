// SPDX-License-Identifier: GPL-2.0
/* options.c - the options that every experiment has, errors in one line; see options.h. */
#include "options.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "base/quote.h"
#include "base/units.h"
#include "cpus.h"
#include "forms.h"

enum option_key {
	KEY_AS = 256,
	KEY_TASKS,
	KEY_CPU,
};

static const struct argp_option option_list[] = {
	{ "as", KEY_AS, "FORM", 0, "What the tasks are: " FORM_NAMES, 1 },
	{ "tasks", KEY_TASKS, "N", 0, "Number of tasks", 1 },
	{ "cpu", KEY_CPU, "CPU", 0,
	  "Pin all tasks to this CPU, or to the last allowed one (auto), or each to the next one "
	  "(spread); "
	  "default: not pinned",
	  1 },
	{ 0 },
};

error_t options_number(const char *option, const char *text, uint64_t min, uint64_t max,
		       uint64_t *value)
{
	if (!parse_u64_range(text, min, max, value))
		return 0;
	log_error("%s %s: not a number from %" PRIu64 " to %" PRIu64, option,
		  quote_string(text).text, min, max);
	return EINVAL;
}

error_t options_size(const char *option, const char *text, uint64_t min, uint64_t max,
		     uint64_t *bytes)
{
	uint64_t size;

	if (!parse_size(text, &size) && size >= min && size <= max) {
		*bytes = size;
		return 0;
	}
	log_error("%s %s: not a size from %" PRIu64 " to %" PRIu64 " bytes (as 4096, 64K, 1M)",
		  option, quote_string(text).text, min, max);
	return EINVAL;
}

static error_t parse_as(const char *text, struct workload *workload)
{
	if (!form_parse(text, &workload->form))
		return 0;
	log_error("--as %s: the form is " FORM_NAMES, quote_string(text).text);
	return EINVAL;
}

static error_t parse_tasks(const char *text, struct workload *workload)
{
	uint64_t tasks;

	if (options_number("--tasks", text, 1, TASKS_MAX, &tasks))
		return EINVAL;
	workload->tasks = (unsigned int)tasks;
	return 0;
}

static error_t parse_cpu(const char *text, struct workload *workload)
{
	struct fail fail = { 0 };
	uint64_t cpu;

	if (!strcmp(text, "auto")) {
		workload->cpu = cpus_last(&fail);
	} else if (!strcmp(text, "spread")) {
		workload->cpu = CPU_SPREAD;
	} else if (parse_u64_range(text, 0, CPU_LIMIT - 1, &cpu)) {
		fail_set(&fail, -EINVAL, "neither a CPU's number nor auto nor spread");
	} else if (!cpus_check((unsigned int)cpu, &fail)) {
		workload->cpu = (int)cpu;
	}
	if (!fail.code)
		return 0;
	log_error("--cpu %s: %s", quote_string(text).text, fail.text);
	return EINVAL;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct workload *workload = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		workload->form = (enum form) - 1;
		state->err_stream = NULL; /* no "Try --help" after the line that says it */
		return 0;
	case KEY_AS:
		return parse_as(text, workload);
	case KEY_TASKS:
		return parse_tasks(text, workload);
	case KEY_CPU:
		return parse_cpu(text, workload);
	case ARGP_KEY_ARG:
		log_error("%s: not an option; `%s --help` lists them", quote_string(text).text,
			  state->name);
		return EINVAL;
	case ARGP_KEY_END:
		if (workload->form != (enum form) - 1)
			return 0;
		log_error("--as is missing: name the form, " FORM_NAMES);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp options_common = { .options = option_list, .parser = parse };

int options_parse(const struct argp *argp, int argc, char **argv, void *input)
{
	return argp_parse(argp, argc, argv, 0, NULL, input) ? -EINVAL : 0;
}
