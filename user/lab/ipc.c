// SPDX-License-Identifier: GPL-2.0
/*
 * ipc.c - the experiment `ipc`: one task makes messages and another reads them, as processes through a
 * pipe and as threads by handing over a pointer; beside it, both forms by the same way.
 *
 * Implements experiment.h. Both tasks are on one CPU, and their CPU time is what is compared. Called by
 * lab.c through experiments.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "lab/readings.h"

#define KIB ((uint64_t)1 << 10)
#define MIB ((uint64_t)1 << 20)
/* MiB of a run, in the steps that have few calls for each of them; fewer where messages are small. */
#define LAPS 256
#define MESSAGES_MOST_PER_LAP 256
#define MESSAGES_LEAST 4

enum ipc_figure {
	CLOCK,
	SWITCHES,
	DIRECT,
	FAULTS,
	CLOCK_TRACED,
	ADDED,
	WALL, /* from here on raw only */
	IPC_FIGURES,
};

static const struct lab_figure ipc_figures[IPC_FIGURES] = {
	[CLOCK] = { "ns_per_mib", "time per MiB, untraced", LAB_NS, false },
	[SWITCHES] = { "switches_per_mib", "switches per MiB", LAB_COUNT, true, true },
	[DIRECT] = { "direct_p50_ns", "direct cost of a switch, p50", LAB_NS, true },
	[FAULTS] = { "faults_per_mib", "page faults per MiB", LAB_COUNT, false, true },
	[CLOCK_TRACED] = { "ns_per_mib_traced", "time per MiB, traced", LAB_NS, true },
	[ADDED] = { "tracing_adds_ns", "tracing adds per MiB", LAB_NS_SIGNED, true, true },
	[WALL] = { "wall_ns_per_mib", NULL, LAB_NS, false },
};

/* ---- what is varied ---- */

struct exchange {
	const char *label;
	uint64_t bytes;
	const char *via[LAB_FORMS];
	bool aside, quick;
};

/* The same way on both sides tells what the form does, apart from the way. */
static const struct exchange exchanges[] = {
	{ "64 B", 64, { "pipe", "pointer" }, false, true },
	{ "4 KiB", 4 * KIB, { "pipe", "pointer" }, false, true },
	{ "64 KiB", 64 * KIB, { "pipe", "pointer" }, false, false },
	{ "1 MiB", MIB, { "pipe", "pointer" }, false, false },
	{ "4 KiB", 4 * KIB, { "pipe", "pipe" }, true, false },
	{ "4 KiB", 4 * KIB, { "shared", "shared" }, true, true },
};

#define EXCHANGES (sizeof(exchanges) / sizeof(exchanges[0]))

static size_t ipc_steps(const struct lab_settings *settings, struct lab_step *steps)
{
	size_t count = 0;

	for (size_t i = 0; i < EXCHANGES; i++) {
		struct lab_step *step = &steps[count];

		if (settings->quick && !exchanges[i].quick)
			continue;
		snprintf(step->label, sizeof(step->label), "%s", exchanges[i].label);
		memcpy(step->side, exchanges[i].via, sizeof(step->side));
		step->at = i;
		step->aside = exchanges[i].aside;
		count++;
	}
	return count;
}

static uint64_t messages_of(const struct lab_settings *settings, uint64_t bytes)
{
	uint64_t per_lap = MIB / bytes;
	uint64_t messages = settings->laps *
			    (per_lap < MESSAGES_MOST_PER_LAP ? per_lap : MESSAGES_MOST_PER_LAP);

	return messages < MESSAGES_LEAST ? MESSAGES_LEAST : messages;
}

static void ipc_command(const struct lab_settings *settings, const struct lab_step *step,
			enum lab_form form, struct lab_command *command)
{
	const struct exchange *exchange = &exchanges[step->at];

	lab_word(command, "ipc");
	lab_word(command, "--as");
	lab_word(command, "%s", lab_form_name(form));
	lab_word(command, "--via");
	lab_word(command, "%s", exchange->via[form]);
	lab_word(command, "--size");
	lab_word(command, "%" PRIu64, exchange->bytes);
	lab_word(command, "--messages");
	lab_word(command, "%" PRIu64, messages_of(settings, exchange->bytes));
	lab_word(command, "--cpu");
	lab_word(command, "%d", settings->cpu);
}

/* ---- one run ---- */

/* The trace has the warm-up too. */
static int take_trace(const struct lab_run *run, struct lab_round *round, struct fail *fail)
{
	const struct switch_row *row =
		lab_switch_row(run->report, lab_level_of(run->form), SWITCH_VIA_DIRECT);
	double messages = 0, warm_up = 0, bytes = 0, expected = 0;
	struct lab_truth *truth = &round->truth[run->form];

	if (lab_number(run->truth, "messages", &messages, fail) ||
	    lab_number(run->truth, "warm_up_messages", &warm_up, fail) ||
	    lab_number(run->truth, "size_bytes", &bytes, fail) ||
	    lab_number(run->truth, "expected_switches_at_least", &expected, fail))
		return fail->code;
	*truth = lab_truth_of(run->report, expected);
	lab_count_switches(run, truth);
	round->value[run->form][SWITCHES] =
		(double)truth->seen * MIB / ((messages + warm_up) * bytes);
	/* Promised are those without which the channel cannot be filled and emptied; not how many more. */
	if (truth->seen > truth->expected)
		truth->seen = truth->expected;
	if (row)
		round->value[run->form][DIRECT] = lab_percentile(&row->direct, 50);
	return 0;
}

static int ipc_read(const struct lab_run *run, struct lab_round *round, struct fail *fail)
{
	double *value = round->value[run->form];
	double clock = 0, faults = 0, speed = 0;

	if (lab_number(run->truth, "cpu_ns_per_mib", &clock, fail) ||
	    lab_number(run->truth, "faults_per_mib", &faults, fail) ||
	    lab_number(run->truth, "bytes_per_second", &speed, fail))
		return fail->code;
	if (!json_is_true(json_object_get(run->truth, "checksum_ok")))
		return fail_set(fail, -EPROTO, "tasktax-demo ipc read other bytes than it sent");
	if (run->report) {
		value[CLOCK_TRACED] = clock;
		return take_trace(run, round, fail);
	}
	value[CLOCK] = clock;
	value[FAULTS] = faults;
	value[WALL] = 1e9 * MIB / speed;
	return 0;
}

static void ipc_derive(struct lab_round *round)
{
	for (int form = 0; form < LAB_FORMS; form++)
		round->value[form][ADDED] =
			round->value[form][CLOCK_TRACED] - round->value[form][CLOCK];
}

/* ---- in words ---- */

static void ipc_setup(const struct lab_settings *settings, char *text, size_t size)
{
	snprintf(text, size,
		 "One task writes messages and another reads all of each, both on CPU %d; "
		 "processes send them through a pipe, threads hand over a pointer under a mutex, "
		 "and aside both do the same. Times are CPU time of both tasks for 1 MiB of "
		 "messages",
		 settings->cpu);
}

static void ipc_outcome(const struct lab_sweep *sweep, const struct lab_settings *settings,
			char *text, size_t size)
{
	lab_outcome(sweep, &experiment_ipc.rules, settings, "passing 1 MiB", text, size);
}

/* The step with this way on the process's side and that one on the thread's; NULL: not measured. */
static const struct lab_series *find(const struct lab_sweep *sweep, const char *process,
				     const char *thread)
{
	for (size_t i = 0; i < sweep->steps; i++) {
		const struct exchange *exchange = &exchanges[sweep->series[i].step.at];

		if (!strcmp(exchange->via[LAB_PROCESS], process) &&
		    !strcmp(exchange->via[LAB_THREAD], thread) &&
		    sweep->series[i].comparison.row[CLOCK].rounds)
			return &sweep->series[i];
	}
	return NULL;
}

static char *value_words(const struct lab_series *series, enum lab_form form, size_t figure,
			 char *text)
{
	return lab_value_words(ipc_figures[figure].unit, lab_point(series, form, figure), text,
			       UNITS_TEXT_SIZE);
}

/* What switching has to do with it: how many by how much. */
static void why_switches(const struct lab_series *series, char *text, size_t size)
{
	char process[UNITS_TEXT_SIZE], thread[UNITS_TEXT_SIZE], cost[UNITS_TEXT_SIZE],
		all[UNITS_TEXT_SIZE];
	double switching =
		lab_point(series, LAB_PROCESS, SWITCHES) * lab_point(series, LAB_PROCESS, DIRECT);

	if (!series->comparison.row[SWITCHES].rounds) {
		snprintf(text, size, "How often they switched was not seen without a trace.");
		return;
	}
	snprintf(text, size,
		 "With messages of %s the trace saw %s switches per MiB between the processes and "
		 "%s "
		 "between the threads",
		 series->step.label, value_words(series, LAB_PROCESS, SWITCHES, process),
		 value_words(series, LAB_THREAD, SWITCHES, thread));
	size -= strlen(text);
	text += strlen(text);
	if (isfinite(switching))
		snprintf(text, size, "; at %s each, the processes' are %s of their %s.",
			 value_words(series, LAB_PROCESS, DIRECT, cost),
			 lab_ns_words(switching, process, sizeof(process)),
			 value_words(series, LAB_PROCESS, CLOCK, all));
	else
		snprintf(text, size, ".");
}

/* Both forms by the same way: the rest is the way's. */
static void why_same(const struct lab_series *same, char *text, size_t size)
{
	char process[UNITS_TEXT_SIZE], thread[UNITS_TEXT_SIZE];

	text[0] = '\0';
	if (!same)
		return;
	snprintf(text, size,
		 " By the same way (%s, %s) 1 MiB takes %s between processes and %s "
		 "between threads.",
		 same->step.side[LAB_PROCESS], same->step.label,
		 value_words(same, LAB_PROCESS, CLOCK, process),
		 value_words(same, LAB_THREAD, CLOCK, thread));
}

static const char *why_verdict(enum lab_verdict verdict)
{
	static const char *const words[] = {
		" What that says of the claim takes more rounds.",
		" A pipe copies each byte twice and takes system calls for each message; a pointer "
		"copies nothing. What costs is the way, not the form: processes that share memory "
		"need no pipe.",
		" Here the copies and system calls of a pipe cost too little to be told from a "
		"mutex "
		"and its wake-ups.",
		" Here the mutex of the threads and its wake-ups cost more than the copies of the "
		"pipe.",
		" It depends on the size: a pipe pays by the byte for its copies, and takes many "
		"small "
		"messages before it has to switch; a mutex pays by the message.",
	};

	return words[verdict];
}

static void ipc_why(const struct lab_sweep *sweep, const struct lab_settings *settings, char *text,
		    size_t size)
{
	const struct lab_series *series = lab_extreme(sweep, CLOCK, true);
	char switches[384] = "", shared[160], pipe[160];

	(void)settings;
	if (series)
		why_switches(series, switches, sizeof(switches));
	why_same(find(sweep, "pipe", "pipe"), pipe, sizeof(pipe));
	why_same(find(sweep, "shared", "shared"), shared, sizeof(shared));
	snprintf(text, size, "%s%s%s%s", switches, pipe, shared, why_verdict(sweep->verdict));
}

const struct experiment experiment_ipc = {
	.name = "ipc",
	.claim = "processes need IPC, which costs more than sharing by threads",
	.rules = { .figures = ipc_figures, .figure_count = IPC_FIGURES, .headline = CLOCK },
	.laps = LAPS,
	.events = "switches that the channel forces",
	.steps = ipc_steps,
	.command = ipc_command,
	.read = ipc_read,
	.derive = ipc_derive,
	.setup = ipc_setup,
	.outcome = ipc_outcome,
	.why = ipc_why,
};
