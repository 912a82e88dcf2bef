// SPDX-License-Identifier: GPL-2.0
/* outputs.c - see outputs.h. */
#include "outputs.h"

#include <errno.h>
#include <string.h>

enum outputs_key {
	KEY_JSON = 'j',
	KEY_OUTPUT = 'o',
	KEY_HTML = 1535, /* clear of the commands' own, and of tracing.c's */
};

static const struct argp_option option_list[] = {
	{ "json", KEY_JSON, "FILE", OPTION_ARG_OPTIONAL,
	  "Write JSON: in place of the text, or into FILE beside it", 1 },
	{ "html", KEY_HTML, "FILE", 0, "Write one page of HTML into FILE, with pictures", 1 },
	{ "output", KEY_OUTPUT, "FILE", 0, "Write the report into FILE (-: standard output)", 1 },
	{ 0 },
};

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct outputs *outputs = state->input;

	switch (key) {
	case KEY_JSON:
		outputs->json_file = text;
		outputs->json = !text;
		break;
	case KEY_HTML:
		outputs->html_file = text;
		break;
	case KEY_OUTPUT:
		outputs->output = text;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

const struct argp outputs_argp = { .options = option_list, .parser = parse };

int outputs_open(struct outputs *outputs, struct fail *fail)
{
	const char *output = outputs->output ?: outputs->to_stdout ? "-" : NULL;
	int err = 0;

	if (!outputs->no_main)
		err = sink_open(&outputs->main, output, fail);
	if (!err && outputs->json_file)
		err = sink_open(&outputs->json_to, outputs->json_file, fail);
	if (!err && outputs->html_file)
		err = sink_open(&outputs->html_to, outputs->html_file, fail);
	if (err)
		outputs_abort(outputs);
	return err;
}

void outputs_abort(struct outputs *outputs)
{
	sink_abort(&outputs->main);
	sink_abort(&outputs->json_to);
	sink_abort(&outputs->html_to);
}

/* Completes an output, or withdraws one that memory did not suffice for. The first reason of several is kept. */
static int complete(struct sink *sink, int err, int before, struct fail *fail)
{
	struct fail own = { 0 };

	if (err == -ENOMEM) {
		sink_abort(sink);
		fail_set(&own, err, "cannot write the report: no memory");
	} else {
		err = sink_commit(sink, &own) ?: err; /* it looks at the stream's errors */
	}
	if (err && !own.text[0])
		fail_set(&own, err, "cannot write the report: %s", strerror(-err));
	if (err && !before)
		*fail = own;
	return before ?: err;
}

int outputs_write(struct outputs *outputs, const struct outputs_writer *writer, struct fail *fail)
{
	struct sink *main = &outputs->main;
	int err = 0;

	if (main->stream && outputs->json)
		err = complete(main, writer->json(writer->context, main->stream), err, fail);
	else if (main->stream)
		err = complete(main, writer->text(writer->context, main), err, fail);
	if (outputs->json_to.stream)
		err = complete(&outputs->json_to,
			       writer->json(writer->context, outputs->json_to.stream), err, fail);
	if (outputs->html_to.stream)
		err = complete(&outputs->html_to,
			       writer->html(writer->context, outputs->html_to.stream), err, fail);
	return err;
}
