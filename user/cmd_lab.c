// SPDX-License-Identifier: GPL-2.0
/*
 * cmd_lab.c - `tasktax lab`: options in, lab_run() for each experiment, output/lab.c out. Called by
 * main.c.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arguments.h"
#include "base/exits.h"
#include "base/log.h"
#include "base/memory_room.h"
#include "base/quote.h"
#include "base/terminal.h"
#include "base/units.h"
#include "cmd.h"
#include "html/lab_page.h"
#include "lab/lab.h"
#include "lab/place.h"
#include "lab/stop.h"
#include "output/lab.h"
#include "outputs.h"
#include "version.h"

#define ROUNDS 11
#define ROUNDS_QUICK \
	7 /* the fewest that can decide three steps together: 3 * 2 / 2^7 is below 5 % */
#define ROUNDS_MOST 1000
#define LAPS_MOST 100000000
#define SEED 1
#define NAMES_MOST 16

enum option_key {
	KEY_QUICK = 'q',
	KEY_ROUNDS = 'r',
	KEY_LIST = 'l',
	KEY_SEED = 's',
	KEY_CPU = 256,
	KEY_LAPS,
	KEY_WITHOUT,
	KEY_SAME,
};

static const struct argp_option option_list[] = {
	{ "list", KEY_LIST, NULL, 0, "List the experiments and what each puts to the test", 1 },
	{ "quick", KEY_QUICK, NULL, 0, "7 rounds, not 11, and fewer steps of what is swept", 1 },
	{ "rounds", KEY_ROUNDS, "N", 0, "N rounds", 1 },
	{ "cpu", KEY_CPU, "N", 0, "Pin the work to CPU N (default: the last one allowed)", 3 },
	{ "laps", KEY_LAPS, "N", 0, "Laps of one run (default: each experiment's own)", 3 },
	{ "seed", KEY_SEED, "N", 0, "Seed of the order inside a round (default 1)", 3 },
	{ "same", KEY_SAME, "FORM", 0,
	  "Test of the lab itself: both sides are FORM (process or thread), so that there is no "
	  "difference to be "
	  "seen",
	  4 },
	{ "without", KEY_WITHOUT, "HOOK", 0,
	  "Do as if this kernel had no HOOK (`tasktax doctor` lists them); may be repeated", 4 },
	{ 0 },
};

static const char doc[] =
	"Puts claims about processes and threads to the test on this machine: runs the same work "
	"as processes and as threads, under the tracer and without it, in interleaved rounds, and "
	"says with a confidence interval which costs more, by how much, and why."
	"\v"
	"Without a NAME all experiments are run. Without the privilege to trace, the lab goes by "
	"clocks alone and says what is missing. Ctrl-C ends it: what was measured is reported.\n"
	"\n"
	"The exit status is 0 when all rounds were run, whatever the verdict; 128+N when signal N "
	"ended the lab, 127 when tasktax-demo was not found, 120 on a usage error, 123 when the "
	"report could not be written, 124 when the system refused an experiment its memory, tasks "
	"or descriptors, 125 when a run failed otherwise.\n"
	"\n"
	"Examples:\n"
	"  sudo tasktax lab\n"
	"  sudo tasktax lab ring --quick --cpu 0 --json=ring.json\n";

struct lab_arguments {
	struct lab_settings settings;
	const struct experiment *experiment[NAMES_MOST];
	size_t experiments;
	bool list;
	struct outputs outputs;
	const char *without[FEATURE_COUNT];
	size_t without_count;
};

static uint64_t number(struct argp_state *state, const char *option, const char *text,
		       uint64_t least, uint64_t most)
{
	uint64_t value = least;

	if (parse_u64_range(text, least, most, &value))
		arguments_error(state, "%s %s: not a whole number from %llu to %llu", option,
				quote_string(text).text, (unsigned long long)least,
				(unsigned long long)most);
	return value;
}

static void add_name(struct lab_arguments *arguments, struct argp_state *state, const char *name)
{
	const struct experiment *experiment = experiment_find(name);

	if (!experiment)
		arguments_error(state, "%s is not an experiment; --list shows them",
				quote_string(name).text);
	else if (arguments->experiments == NAMES_MOST)
		arguments_error(state, "more than %d experiments", NAMES_MOST);
	else
		arguments->experiment[arguments->experiments++] = experiment;
}

static void add_without(struct lab_arguments *arguments, struct argp_state *state, const char *name)
{
	if (arguments->without_count == FEATURE_COUNT)
		arguments_error(state, "more than %d times --without", FEATURE_COUNT);
	else
		arguments->without[arguments->without_count++] = name;
}

static void parse_same(struct lab_settings *settings, struct argp_state *state, const char *text)
{
	settings->same = true;
	if (!strcmp(text, lab_form_name(LAB_PROCESS)))
		settings->same_as = LAB_PROCESS;
	else if (!strcmp(text, lab_form_name(LAB_THREAD)))
		settings->same_as = LAB_THREAD;
	else
		arguments_error(state, "--same %s: neither process nor thread",
				quote_string(text).text);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct lab_arguments *arguments = state->input;
	struct lab_settings *settings = &arguments->settings;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->outputs;
		break;
	case KEY_LIST:
		arguments->list = true;
		break;
	case KEY_QUICK:
		settings->quick = true;
		break;
	case KEY_ROUNDS:
		settings->rounds =
			(unsigned int)number(state, "--rounds", text, LAB_FEWEST, ROUNDS_MOST);
		break;
	case KEY_CPU:
		settings->cpu = (int)number(state, "--cpu", text, 0, INT32_MAX);
		break;
	case KEY_LAPS:
		settings->laps = number(state, "--laps", text, 1, LAPS_MOST);
		break;
	case KEY_SEED:
		settings->seed = number(state, "--seed", text, 0, INT64_MAX);
		break;
	case KEY_SAME:
		parse_same(settings, state, text);
		break;
	case KEY_WITHOUT:
		add_without(arguments, state, text);
		break;
	case ARGP_KEY_ARG:
		add_name(arguments, state, text);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static void complete(struct lab_arguments *arguments)
{
	const struct experiment *experiment;

	if (!arguments->settings.rounds)
		arguments->settings.rounds = arguments->settings.quick ? ROUNDS_QUICK : ROUNDS;
	if (arguments->experiments)
		return;
	for (size_t i = 0; (experiment = experiment_at(i)) && i < NAMES_MOST; i++)
		arguments->experiment[arguments->experiments++] = experiment;
}

static int list(void)
{
	const struct experiment *experiment;

	for (size_t i = 0; (experiment = experiment_at(i)); i++)
		printf("%-14s %s\n", experiment->name, experiment->claim);
	if (fflush(stdout)) {
		log_error("lab: cannot write the list: %s", strerror(errno));
		return EXITS_OUTPUT;
	}
	return EXITS_OK;
}

/* ---- outputs ---- */

static int write_text(const struct lab_result *result, const struct features *host,
		      struct sink *sink)
{
	struct terminal terminal = terminal_of(sink->fd);
	sighandler_t before;
	int err;

	before = signal(SIGPIPE, SIG_IGN); /* a reader that went away is a write error */
	err = lab_text(result, host, sink->stream, terminal.width < 80 ? terminal.width : 80,
		       terminal.colour);
	if (!err)
		err = sink_flush(sink);
	signal(SIGPIPE, before); /* the workloads inherit what is ignored */
	return err;
}

/* What the outputs are made of at the end. */
struct writing {
	const struct lab_result *results;
	size_t count;
	const struct features *host;
};

/* The text is there: each experiment was shown as soon as it was done. */
static int text(void *context, struct sink *sink)
{
	(void)context;
	(void)sink;
	return 0;
}

static int json(void *context, FILE *out)
{
	const struct writing *writing = context;
	json_t *root = lab_json(writing->results, writing->count, writing->host, TASKTAX_VERSION);

	if (!root)
		return -ENOMEM;
	/* a failed write is told by the sink, which looks at the stream's error flag */
	json_dumpf(root, out, JSON_INDENT(1));
	fputc('\n', out);
	json_decref(root);
	return 0;
}

static int html(void *context, FILE *out)
{
	const struct writing *writing = context;

	return html_lab(writing->results, writing->count, writing->host, out);
}

/* ---- the course of the command ---- */

/* Runs the experiments one after the other, each shown as soon as it is done. */
static int run_all(const struct lab_arguments *arguments, const struct lab_settings *chosen,
		   const struct lab_tracer *tracer, struct outputs *outputs,
		   struct lab_result *results, size_t *count, struct fail *fail)
{
	struct lab_settings settings = *chosen;
	int status = 0, failed;

	for (size_t i = 0; !stop_signal() && i < arguments->experiments; i++) {
		const struct experiment *experiment = arguments->experiment[i];

		settings.laps = chosen->laps ?: experiment->laps;
		failed = lab_run(experiment, &settings, tracer, &results[i], fail);
		*count = i + 1;
		if (failed) { /* the others may do better */
			log_error("lab: %s: %s", experiment->name, fail->text);
			fail->text[0] = '\0';
			status = status ?: failed;
		}
		if (outputs->json || results[i].sweep.done < LAB_FEWEST)
			continue;
		if (i)
			fputc('\n', outputs->main.stream);
		if (write_text(&results[i], &tracer->features, &outputs->main))
			break; /* the sink tells */
	}
	return status;
}

/* Whether anything was measured that is worth a report. */
static bool is_worth_it(const struct lab_result *results, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (results[i].sweep.done >= LAB_FEWEST)
			return true;
	return false;
}

static int report(const struct lab_tracer *tracer, struct outputs *outputs,
		  const struct lab_result *results, size_t count, struct fail *fail)
{
	struct writing writing = { results, count, &tracer->features };
	const struct outputs_writer writer = { text, json, html, &writing };

	if (is_worth_it(results, count))
		return outputs_write(outputs, &writer, fail) ? EXITS_OUTPUT : 0;
	outputs_abort(outputs);
	if (stop_signal())
		log_note("lab: stopped before %d rounds were done: nothing to report", LAB_FEWEST);
	return 0;
}

static int measure(const struct lab_arguments *arguments, const struct lab_settings *settings,
		   const struct lab_tracer *tracer, struct fail *fail)
{
	struct lab_result results[NAMES_MOST] = { 0 };
	struct outputs outputs = arguments->outputs;
	struct fail output_fail = { 0 };
	size_t count = 0;
	int status, written;

	if (outputs_open(&outputs, fail))
		return EXITS_OUTPUT;
	stop_install();
	status = run_all(arguments, settings, tracer, &outputs, results, &count, fail);
	signal(SIGPIPE, SIG_IGN);
	written = report(tracer, &outputs, results, count, &output_fail);
	for (size_t i = 0; i < count; i++)
		lab_result_free(&results[i]);
	if (!status && stop_signal())
		status = 128 + stop_signal();
	if (written && !status)
		*fail = output_fail;
	else if (written)
		log_error("lab: %s", output_fail.text);
	return status ?: written;
}

/* What is not known from the command line: where, and whether and how it is traced. */
static int prepare_and_measure(const struct lab_arguments *arguments, struct fail *fail)
{
	struct lab_settings settings = arguments->settings;
	struct lab_tracer tracer;
	char *demo;
	int err, status;

	err = place_cpu(&settings.cpu, &settings.cpus, fail);
	if (err)
		return err == -EINVAL ? EXITS_USAGE : EXITS_FAILURE;
	demo = place_find_demo(fail);
	if (!demo)
		return EXITS_NOT_FOUND;
	settings.demo = demo;
	settings.memory_bytes = memory_room_bytes("/proc", "/sys/fs/cgroup");
	settings.l2_bytes = place_l2_bytes(settings.cpu);
	status = lab_tracer_open(&tracer, arguments->without, arguments->without_count, fail);
	if (!status) {
		if (!tracer.on) {
			log_warning("lab: by clocks alone: %s", tracer.why.text);
			settings.no_trace = tracer.why.text;
		}
		settings.no_direct = tracer.direct_why;
		status = measure(arguments, &settings, &tracer, fail);
		lab_tracer_close(&tracer);
	}
	free(demo);
	return status;
}

int cmd_lab(int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &outputs_argp }, { 0 } };
	static const struct argp argp = { .options = option_list,
					  .parser = parse,
					  .args_doc = "[NAME]...",
					  .doc = doc,
					  .children = children };
	struct lab_arguments arguments = { .settings = { .seed = SEED, .cpu = PLACE_LAST_CPU },
					   .outputs.to_stdout = true };
	struct fail fail = { 0 };
	int status;

	arguments_parse(&argp, "lab", argc, argv, 0, &arguments);
	if (arguments.list)
		return list();
	complete(&arguments);
	status = prepare_and_measure(&arguments, &fail);
	if (status && fail.text[0])
		log_error("lab: %s", fail.text);
	return status;
}
