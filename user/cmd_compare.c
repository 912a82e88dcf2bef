// SPDX-License-Identifier: GPL-2.0
/* cmd_compare.c - `tasktax compare`: runs side by side. */
#include <errno.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/arguments.h"
#include "base/exits.h"
#include "base/log.h"
#include "base/quote.h"
#include "base/terminal.h"
#include "cmd.h"
#include "compare/comparison.h"
#include "html/compare_page.h"
#include "output/compare.h"
#include "outputs.h"
#include "run_report.h"
#include "version.h"

enum option_key {
	KEY_SIDE = 's',
};

static const struct argp_option option_list[] = {
	{ "side", KEY_SIDE, "NAME", 0,
	  "The runs that follow are those of one side, of this name; without it each run is a side",
	  2 },
	{ 0 },
};

static const char doc[] =
	"Shows runs side by side, figure by figure, with the ratio of each to the first. A RUN is "
	"a "
	"directory that `tasktax record` has made, or a file with a report as JSON."
	"\v"
	"Where each side has 4 runs or more (or 3 and 5), a ratio has a 95 % interval, and is said "
	"to "
	"be higher or lower only where that excludes 1. At most 8 sides.\n"
	"\n"
	"Exit status: 0; 120 usage, or what is no run; 123 output, 125 other failures.\n"
	"\n"
	"Examples:\n"
	"  tasktax compare before.rec after.rec\n"
	"  tasktax compare --html=ab.html --side prefork p*.json --side event e*.json\n";

struct compare_arguments {
	struct outputs outputs;
	struct compare compare;
	struct compare_side *side; /* that runs go to; NULL: each to its own */
	const char *named;	   /* a side without a run yet; NULL: none */
};

/* --- options --- */

/* The last folder or file of a path: what people call the run. */
static char *name_of(const char *path)
{
	char *copy = strdup(path), *name;

	if (!copy)
		return NULL;
	name = strdup(basename(copy));
	free(copy);
	return name;
}

static struct compare_side *add_side(struct compare_arguments *arguments, const char *name,
				     const struct argp_state *state)
{
	struct compare_side *side = name ? compare_add_side(&arguments->compare, name) : NULL;

	if (!side && arguments->compare.sides == COMPARE_SIDES)
		arguments_error(state, "more than %d sides; --side NAME puts several runs on one",
				COMPARE_SIDES);
	if (!side)
		arguments_error(state, "no memory");
	return side;
}

static void begin_side(struct compare_arguments *arguments, const char *name,
		       const struct argp_state *state)
{
	if (arguments->named)
		arguments_error(state, "--side %s: no run follows",
				quote_string(arguments->named).text);
	arguments->side = add_side(arguments, name, state);
	arguments->named = name;
}

static void add_run(struct compare_arguments *arguments, const char *path,
		    const struct argp_state *state)
{
	struct compare_side *side = arguments->side;
	json_t *report;
	struct fail fail = { 0 };
	char *name;
	int status = run_report_read(path, &report, &fail);

	if (status) {
		log_error("compare: %s", fail.text);
		exit(status);
	}
	if (!side) {
		name = name_of(path);
		side = add_side(arguments, name, state);
		free(name);
	}
	arguments->named = NULL;
	if (compare_add_run(side, path, report))
		arguments_error(state, "%s: more than %d runs of a side, or no memory",
				quote_string(path).text, COMPARE_RUNS);
}

static void check(const struct compare_arguments *arguments, const struct argp_state *state)
{
	if (arguments->named)
		arguments_error(state, "--side %s: no run follows",
				quote_string(arguments->named).text);
	if (arguments->compare.sides < 2)
		arguments_error(state, "two sides are needed: recordings, or reports as JSON");
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct compare_arguments *arguments = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->outputs;
		break;
	case KEY_SIDE:
		begin_side(arguments, text, state);
		break;
	case ARGP_KEY_ARG:
		add_run(arguments, text, state);
		break;
	case ARGP_KEY_END:
		check(arguments, state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* --- outputs --- */

static int text(void *context, struct sink *sink)
{
	struct terminal terminal = terminal_of(sink->fd);

	return compare_text(context, sink->stream, terminal.width ? terminal.width : 80,
			    terminal.colour);
}

static int json(void *context, FILE *out)
{
	json_t *root = compare_json(context, TASKTAX_VERSION);

	if (!root)
		return -ENOMEM;
	/* a failed write is told by the sink, which looks at the stream's error flag */
	json_dumpf(root, out, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
	fputc('\n', out);
	json_decref(root);
	return 0;
}

static int html(void *context, FILE *out)
{
	return html_compare(context, out);
}

static int compare_and_write(struct compare_arguments *arguments, struct fail *fail)
{
	const struct outputs_writer writer = { text, json, html, &arguments->compare };

	if (outputs_open(&arguments->outputs, fail))
		return EXITS_OUTPUT;
	if (compare_make(&arguments->compare)) {
		outputs_abort(&arguments->outputs);
		fail_set(fail, -ENOMEM, "no memory");
		return EXITS_FAILURE;
	}
	signal(SIGPIPE, SIG_IGN); /* a reader that went away is a write error */
	return outputs_write(&arguments->outputs, &writer, fail) ? EXITS_OUTPUT : 0;
}

int cmd_compare(int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &outputs_argp }, { 0 } };
	static const struct argp argp = {
		.options = option_list,
		.parser = parse,
		.args_doc = "RUN RUN...\n--side NAME RUN... --side NAME RUN...",
		.doc = doc,
		.children = children
	};
	struct compare_arguments *arguments = calloc(1, sizeof(*arguments));
	struct fail fail = { 0 };
	int status;

	if (!arguments) {
		log_error("compare: no memory");
		return EXITS_FAILURE;
	}
	arguments->outputs.to_stdout = true;
	/* in order: a run belongs to the side that is named before it */
	arguments_parse(&argp, "compare", argc, argv, ARGP_IN_ORDER, arguments);
	status = compare_and_write(arguments, &fail);
	if (status && fail.text[0])
		log_error("compare: %s", fail.text);
	compare_free(&arguments->compare);
	free(arguments);
	return status;
}
