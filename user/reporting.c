// SPDX-License-Identifier: GPL-2.0
/* reporting.c - the outputs of a report; see reporting.h. */
#include "reporting.h"

#include <errno.h>
#include <string.h>

#include "base/terminal.h"
#include "html/report_page.h"
#include "output/json.h"
#include "output/text.h"

enum reporting_key {
	KEY_JSON = 'j',
	KEY_OUTPUT = 'o',
	KEY_HTML = 1535,
	KEY_THREADS = 1536, /* clear of the commands' own, and of tracing.c's */
};

static const struct argp_option option_list[] = {
	{ "json", KEY_JSON, "FILE", OPTION_ARG_OPTIONAL,
	  "Write the report as JSON: in place of the text, or into FILE beside it", 1 },
	{ "html", KEY_HTML, "FILE", 0, "Write the report as one page of HTML into FILE", 1 },
	{ "output", KEY_OUTPUT, "FILE", 0, "Write the report into FILE (-: standard output)", 1 },
	{ "threads", KEY_THREADS, NULL, 0, "Show every task, not the busiest only", 1 },
	{ 0 },
};

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct reporting *reporting = state->input;

	switch (key) {
	case KEY_JSON:
		reporting->json_file = text;
		reporting->json = !text;
		break;
	case KEY_HTML:
		reporting->html_file = text;
		break;
	case KEY_OUTPUT:
		reporting->output = text;
		break;
	case KEY_THREADS:
		reporting->threads = true;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

const struct argp reporting_argp = { .options = option_list, .parser = parse };

int reporting_open(struct reporting *reporting, struct fail *fail)
{
	const char *output = reporting->output ?: reporting->to_stdout ? "-" : NULL;
	int err = 0;

	if (!reporting->no_text)
		err = sink_open(&reporting->report, output, fail);
	if (!err && reporting->json_file)
		err = sink_open(&reporting->json_to, reporting->json_file, fail);
	if (!err && reporting->html_file)
		err = sink_open(&reporting->html_to, reporting->html_file, fail);
	if (err)
		reporting_abort(reporting);
	return err;
}

void reporting_abort(struct reporting *reporting)
{
	sink_abort(&reporting->report);
	sink_abort(&reporting->json_to);
	sink_abort(&reporting->html_to);
}

/* On standard error the report follows what the command and others wrote there. */
static struct text_options look_of(const struct reporting *reporting)
{
	struct terminal terminal = terminal_of(reporting->report.fd);

	return (struct text_options){ .colour = terminal.colour,
				      .width = terminal.width,
				      .threads = reporting->threads,
				      .apart = !reporting->output && !reporting->to_stdout };
}

/* Completes an output, or withdraws one that memory did not suffice for. */
static int complete(struct sink *sink, int err, struct fail *fail)
{
	if (err != -ENOMEM)
		return sink_commit(sink, fail) ?: err; /* it looks at the stream's errors */
	sink_abort(sink);
	return fail_set(fail, err, "cannot write the report: no memory");
}

static int write_main(struct reporting *reporting, const struct report *report, struct fail *fail)
{
	struct text_options look = look_of(reporting);
	FILE *stream = reporting->report.stream;
	int err = complete(&reporting->report,
			   reporting->json ? json_write(report, stream) :
					     text_write(report, stream, &look),
			   fail);

	if (err && !fail->text[0])
		fail_set(fail, err, "cannot write the report: %s", strerror(-err));
	return err;
}

/* Those beside the main one: each is tried, and the first reason is kept. */
static int write_beside(struct reporting *reporting, const struct report *report, struct fail *fail)
{
	struct fail second = { 0 };
	int err = 0, err2 = 0;

	if (reporting->json_to.stream)
		err = complete(&reporting->json_to, json_write(report, reporting->json_to.stream),
			       fail);
	if (reporting->html_to.stream)
		err2 = complete(&reporting->html_to, html_report(report, reporting->html_to.stream),
				&second);
	if (err2 && !err)
		*fail = second;
	return err ?: err2;
}

int reporting_write(struct reporting *reporting, const struct report *report, struct fail *fail)
{
	struct fail second = { 0 };
	int err = 0, err2 = write_beside(reporting, report, &second);

	if (reporting->report.stream)
		err = write_main(reporting, report, fail);
	if (err2 && !err)
		*fail = second;
	return err ?: err2;
}
