// SPDX-License-Identifier: GPL-2.0
/* reporting.c - the outputs of a report; see reporting.h. */
#include "reporting.h"

#include "base/terminal.h"
#include "html/report_page.h"
#include "output/json.h"
#include "output/text.h"

enum reporting_key {
	KEY_THREADS = 1536, /* clear of the commands' own, and of tracing.c's */
};

static const struct argp_option option_list[] = {
	{ "threads", KEY_THREADS, NULL, 0, "Show every task, not the busiest only", 1 },
	{ 0 },
};

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct reporting *reporting = state->input;

	(void)text;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &reporting->outputs;
		break;
	case KEY_THREADS:
		reporting->threads = true;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_child children[] = { { .argp = &outputs_argp }, { 0 } };

const struct argp reporting_argp = { .options = option_list,
				     .parser = parse,
				     .children = children };

int reporting_open(struct reporting *reporting, struct fail *fail)
{
	return outputs_open(&reporting->outputs, fail);
}

void reporting_abort(struct reporting *reporting)
{
	outputs_abort(&reporting->outputs);
}

/* --- what is written --- */

struct writing {
	const struct reporting *reporting;
	const struct report *report;
};

/* On standard error the report follows what the command and others wrote there. */
static int text(void *context, struct sink *sink)
{
	const struct writing *writing = context;
	const struct outputs *outputs = &writing->reporting->outputs;
	struct terminal terminal = terminal_of(sink->fd);
	struct text_options look = { .colour = terminal.colour,
				     .width = terminal.width,
				     .threads = writing->reporting->threads,
				     .apart = !outputs->output && !outputs->to_stdout };

	return text_write(writing->report, sink->stream, &look);
}

static int json(void *context, FILE *out)
{
	return json_write(((const struct writing *)context)->report, out);
}

static int html(void *context, FILE *out)
{
	return html_report(((const struct writing *)context)->report, out);
}

int reporting_write(struct reporting *reporting, const struct report *report, struct fail *fail)
{
	struct writing writing = { reporting, report };
	const struct outputs_writer writer = { text, json, html, &writing };

	return outputs_write(&reporting->outputs, &writer, fail);
}
