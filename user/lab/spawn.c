// SPDX-License-Identifier: GPL-2.0
/*
 * spawn.c - the experiment `spawn`: a task is created, runs, ends and is waited for, from a process with more
 * and more memory; by fork and by other ways against a thread.
 *
 * Implements experiment.h. The clock gives the price, the trace how many tasks of which kind were made
 * and the faults that each owes to its creation. Called by lab.c through experiments.c.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "lab/readings.h"

#define LAPS 100 /* tasks of a run; fewer where each takes long */
#define MIB ((uint64_t)1 << 20)
#define GROWS 2 /* times, over the sweep, that is called growing */

enum spawn_figure {
	LIFE,
	CREATE,
	LIFE_TRACED,
	DEBT,
	ADDED, /* from here on raw only */
	P99,
	SPAWN_FIGURES,
};

static const struct lab_figure spawn_figures[SPAWN_FIGURES] = {
	[LIFE] = { "life_ns", "creation to join, untraced", LAB_NS, false },
	[CREATE] = { "create_ns", "of it, until the creating call returned", LAB_NS, false },
	[DEBT] = { "debt_faults_per_task", "faults owed to the fork, per task", LAB_COUNT, true,
		   true },
	[ADDED] = { "tracing_adds_ns", NULL, LAB_NS_SIGNED, true, true },
	[LIFE_TRACED] = { "life_traced_ns", "creation to join, traced", LAB_NS, true },
	[P99] = { "life_p99_ns", NULL, LAB_NS, false },
};

/* ---- what is varied ---- */

enum { IN_FULL = 1, IN_QUICK = 2 };

struct way {
	const char *how;
	uint64_t mib;	  /* that the creator has written */
	uint64_t divisor; /* of the number of laps, so that a run takes at most 0.3 s */
	int in;
	bool aside;
	bool huge; /* huge pages were asked for */
};

/* Copying page tables is what the claim is about: ways that do without it, and are processes too, stand aside. */
static const struct way ways[] = {
	{ "fork", 4, 1, IN_FULL | IN_QUICK, false, false },
	{ "fork", 64, 5, IN_FULL, false, false },
	{ "fork", 128, 10, IN_QUICK, false, false },
	{ "fork", 512, 33, IN_FULL, false, false },
	{ "fork", 2048, 50, IN_FULL, false, false },
	{ "fork", 512, 4, IN_FULL, true, true },
	{ "posix_spawn", 4, 4, IN_FULL, true, false },
	{ "posix_spawn", 128, 4, IN_QUICK, true, false },
	{ "posix_spawn", 512, 4, IN_FULL, true, false },
	{ "vfork", 64, 1, IN_FULL, true, false },
	{ "clone_vm", 64, 1, IN_FULL, true, false },
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

static size_t spawn_steps(const struct lab_settings *settings, struct lab_step *steps)
{
	size_t count = 0;

	for (size_t i = 0; i < WAYS; i++) {
		struct lab_step *step = &steps[count];
		char mib[UNITS_TEXT_SIZE];

		if (!(ways[i].in & (settings->quick ? IN_QUICK : IN_FULL)))
			continue;
		snprintf(step->label, sizeof(step->label), "%s, %s%s", ways[i].how,
			 lab_mib_words(ways[i].mib, mib, sizeof(mib)),
			 ways[i].huge ? ", huge" : "");
		step->at = i;
		step->aside = ways[i].aside;
		/* a quarter more, for the page tables of two processes and what is there besides */
		lab_need_memory(step, settings, ways[i].mib * MIB / 4 * 5);
		count++;
	}
	return count;
}

/* Creating a thread takes the same time at any size, and little. */
static uint64_t count_of(const struct lab_settings *settings, const struct way *way,
			 enum lab_form form)
{
	uint64_t count = settings->laps / (form == LAB_THREAD ? 1 : way->divisor);

	return count ? count : 1;
}

static void spawn_command(const struct lab_settings *settings, const struct lab_step *step,
			  enum lab_form form, struct lab_command *command)
{
	const struct way *way = &ways[step->at];

	lab_word(command, "spawn");
	lab_word(command, "--how");
	lab_word(command, "%s", form == LAB_THREAD ? "thread" : way->how);
	lab_word(command, "--rss");
	lab_word(command, "%" PRIu64 "M", way->mib);
	if (way->huge)
		lab_word(command, "--huge");
	lab_word(command, "--count");
	lab_word(command, "%" PRIu64, count_of(settings, way, form));
	lab_word(command, "--cpu");
	lab_word(command, "%d", settings->cpu);
}

/* ---- what a run shows ---- */

/* Every task that was created, and no other; each of the kind that the workload says. */
static int take_truth(const struct lab_run *run, struct lab_truth *truth, struct fail *fail)
{
	static const struct {
		const char *key;
		enum created_as kind;
	} kinds[] = {
		{ "expected_creations.process", CREATED_PROCESS },
		{ "expected_creations.thread", CREATED_THREAD },
		{ "expected_creations.vfork", CREATED_VFORK },
	};
	double expected[3], all = 0;
	int err = 0;

	for (size_t i = 0; !err && i < 3; i++) {
		err = lab_number(run->truth, kinds[i].key, &expected[i], fail);
		all += expected[i];
	}
	if (err)
		return err;
	*truth = lab_truth_of(run->report, all);
	for (size_t i = 0; i < 3; i++) {
		uint64_t created = run->report->created[kinds[i].kind];

		if (expected[i] > 0)
			truth->seen += created;
		else
			truth->wrong_level += created;
	}
	return 0;
}

static double debt(const struct report *report)
{
	const struct fork_debt *children = &report->debt_children, *parents = &report->debt_parents;

	return (double)(children->cow + children->refaults + parents->cow + parents->refaults);
}

static int take_trace(const struct lab_run *run, double *value, struct lab_truth *truth,
		      struct fail *fail)
{
	int err = take_truth(run, truth, fail);

	if (!err && run->report->context.faults_measured && truth->expected)
		value[DEBT] = debt(run->report) / (double)truth->expected;
	return err;
}

static int spawn_read(const struct lab_run *run, struct lab_round *round, struct fail *fail)
{
	double *value = round->value[run->form];
	double life = 0, create = 0, p99 = 0;
	int err = lab_number(run->truth, "median_ns", &life, fail);

	if (!err)
		err = lab_number(run->truth, "create_median_ns", &create, fail);
	if (!err)
		err = lab_number(run->truth, "p99_ns", &p99, fail);
	if (err)
		return err;
	if (run->report) {
		value[LIFE_TRACED] = life;
		return take_trace(run, value, &round->truth[run->form], fail);
	}
	value[LIFE] = life;
	value[CREATE] = create;
	value[P99] = p99;
	return 0;
}

static void spawn_derive(struct lab_round *round)
{
	for (int form = 0; form < LAB_FORMS; form++)
		round->value[form][ADDED] =
			round->value[form][LIFE_TRACED] - round->value[form][LIFE];
}

/* ---- in words ---- */

static void spawn_setup(const struct lab_settings *settings, char *text, size_t size)
{
	char laps[UNITS_TEXT_SIZE];

	snprintf(
		text, size,
		"A process that has written so much memory creates a task that ends at once, and "
		"waits for it, on CPU %d; %s times a run, fewer where each takes long; median of a "
		"run",
		settings->cpu, format_count(laps, sizeof(laps), settings->laps));
}

static void spawn_outcome(const struct lab_sweep *sweep, const struct lab_settings *settings,
			  char *text, size_t size)
{
	lab_outcome(sweep, &experiment_spawn.rules, settings, "a task from creation to join", text,
		    size);
}

static char *size_of(const struct lab_series *series, char *text, size_t size)
{
	return lab_mib_words(ways[series->step.at].mib, text, size);
}

/* The step of this way with the least or the most memory in small pages, that was measured. NULL: none was. */
static const struct lab_series *end_of(const struct lab_sweep *sweep, const char *how, bool most)
{
	const struct lab_series *found = NULL;

	for (size_t i = 0; i < sweep->steps; i++) {
		const struct lab_series *series = &sweep->series[i];

		if (!isfinite(lab_point(series, LAB_PROCESS, LIFE)) || ways[series->step.at].huge ||
		    strcmp(ways[series->step.at].how, how) != 0)
			continue;
		if (!found || (ways[series->step.at].mib > ways[found->step.at].mib) == most)
			found = series;
	}
	return found;
}

/* "0.24 ms at 4 MiB and 87.5 ms at 2 GiB" */
static void from_to(const struct lab_series *least, const struct lab_series *most,
		    enum lab_form form, char *text, size_t size)
{
	char low[UNITS_TEXT_SIZE], high[UNITS_TEXT_SIZE];
	char small[UNITS_TEXT_SIZE], large[UNITS_TEXT_SIZE];

	snprintf(text, size, "%s at %s and %s at %s",
		 lab_ns_words(lab_point(least, form, LIFE), low, sizeof(low)),
		 size_of(least, small, sizeof(small)),
		 lab_ns_words(lab_point(most, form, LIFE), high, sizeof(high)),
		 size_of(most, large, sizeof(large)));
}

/* How often it costs at most memory what it costs at least. */
static double growth(const struct lab_series *least, const struct lab_series *most,
		     enum lab_form form)
{
	return lab_point(most, form, LIFE) / lab_point(least, form, LIFE);
}

/* The same in words; where these begin is a matter of wording, no verdict. */
static const char *shape(const struct lab_series *least, const struct lab_series *most,
			 enum lab_form form)
{
	double times = growth(least, most, form);

	return times > GROWS ? "grows with the memory" :
	       times > 1.5   ? "grows a little with the memory" :
	       times > 0.67  ? "stays about the same" :
			       "falls";
}

/* What copying the page tables costs: it is all that grows. */
static void why_fork(const struct lab_series *least, const struct lab_series *most, char *text,
		     size_t size)
{
	double mib = (double)(ways[most->step.at].mib - ways[least->step.at].mib);
	double more = lab_point(most, LAB_PROCESS, LIFE) - lab_point(least, LAB_PROCESS, LIFE);
	char range[96], each[UNITS_TEXT_SIZE], create[UNITS_TEXT_SIZE];
	char at[UNITS_TEXT_SIZE];

	from_to(least, most, LAB_PROCESS, range, sizeof(range));
	if (growth(least, most, LAB_PROCESS) > GROWS)
		snprintf(
			text, size,
			"Fork takes longer the more memory its caller has: %s, %s for each MiB "
			"more. What grows is the page tables, which fork copies (%s at %s until it "
			"returned) and the child's end takes down",
			range, lab_ns_words(more / mib, each, sizeof(each)),
			lab_ns_words(lab_point(most, LAB_PROCESS, CREATE), create, sizeof(create)),
			size_of(most, at, sizeof(at)));
	else
		snprintf(text, size, "What fork costs %s: %s", shape(least, most, LAB_PROCESS),
			 range);
}

/* Of the same memory, in pages 512 times as large. */
static void why_huge(const struct lab_sweep *sweep, char *text, size_t size)
{
	char huge[UNITS_TEXT_SIZE], small[UNITS_TEXT_SIZE], at[UNITS_TEXT_SIZE];
	const struct lab_series *in_huge = NULL, *in_small = NULL;

	text[0] = '\0';
	for (size_t i = 0; i < sweep->steps; i++) {
		const struct lab_series *series = &sweep->series[i];

		if (ways[series->step.at].huge && isfinite(lab_point(series, LAB_PROCESS, LIFE)))
			in_huge = series;
	}
	for (size_t i = 0; in_huge && i < sweep->steps; i++) {
		const struct way *way = &ways[sweep->series[i].step.at];

		if (!way->huge && !strcmp(way->how, "fork") &&
		    way->mib == ways[in_huge->step.at].mib)
			in_small = &sweep->series[i];
	}
	if (in_small && isfinite(lab_point(in_small, LAB_PROCESS, LIFE)))
		snprintf(
			text, size,
			". Huge pages need fewer of them: with these asked for, fork at %s takes "
			"%s, "
			"not %s",
			size_of(in_huge, at, sizeof(at)),
			lab_ns_words(lab_point(in_huge, LAB_PROCESS, LIFE), huge, sizeof(huge)),
			lab_ns_words(lab_point(in_small, LAB_PROCESS, LIFE), small, sizeof(small)));
}

static void why_thread(const struct lab_series *least, const struct lab_series *most, char *text,
		       size_t size)
{
	char range[96];

	from_to(least, most, LAB_THREAD, range, sizeof(range));
	snprintf(text, size,
		 ". A thread uses the page tables that are there, and what it costs %s: %s",
		 shape(least, most, LAB_THREAD), range);
}

/* A process too, but one whose creation copies nothing. */
static void why_spawn(const struct lab_sweep *sweep, char *text, size_t size)
{
	const struct lab_series *least = end_of(sweep, "posix_spawn", false);
	const struct lab_series *most = end_of(sweep, "posix_spawn", true);
	const struct lab_series *clone_vm = end_of(sweep, "clone_vm", true);
	char range[96], ns[UNITS_TEXT_SIZE], at[UNITS_TEXT_SIZE];
	size_t used = 0;

	text[0] = '\0';
	if (least && least != most) {
		from_to(least, most, LAB_PROCESS, range, sizeof(range));
		used = (size_t)snprintf(
			text, size,
			". posix_spawn makes a process as well and copies no page tables: what it "
			"costs %s, %s, with the start of a program in it",
			shape(least, most, LAB_PROCESS), range);
	} else if (least) {
		used = (size_t)snprintf(
			text, size,
			". posix_spawn makes a process as well and copies no page tables: %s at "
			"%s, with the start of a program in it",
			lab_ns_words(lab_point(least, LAB_PROCESS, LIFE), ns, sizeof(ns)),
			size_of(least, at, sizeof(at)));
	}
	if (clone_vm && used < size)
		snprintf(text + used, size - used,
			 "; clone_vm makes one in the address space of its parent: %s",
			 lab_ns_words(lab_point(clone_vm, LAB_PROCESS, LIFE), ns, sizeof(ns)));
}

/* Faults that come after the call has returned. */
static void why_debt(const struct lab_series *most, const struct lab_settings *settings, char *text,
		     size_t size)
{
	const struct lab_row *row = &most->comparison.row[DEBT];
	char process[UNITS_TEXT_SIZE], thread[UNITS_TEXT_SIZE];

	if (!row->rounds)
		snprintf(text, size, ". %s",
			 settings->no_trace ?
				 "Without a trace the faults that follow a fork are not known" :
				 "The faults that follow a fork were not measured");
	else
		snprintf(
			text, size,
			". The trace saw %s faults for each fork that only the fork has caused, in "
			"parent and child, and %s for each thread",
			lab_value_words(LAB_COUNT, row->form[LAB_PROCESS].point, process,
					sizeof(process)),
			lab_value_words(LAB_COUNT, row->form[LAB_THREAD].point, thread,
					sizeof(thread)));
}

static const char *lead(enum lab_verdict verdict)
{
	switch (verdict) {
	case LAB_NOT_SEEN:
		return "No difference was seen that chance would not make. ";
	case LAB_CONTRADICTED:
		return "Here it is the thread that costs more. ";
	case LAB_MIXED:
		return "It depends on the memory of the caller. ";
	case LAB_UNKNOWN:
		return "So far: ";
	case LAB_SUPPORTED:
		break;
	}
	return "";
}

static void spawn_why(const struct lab_sweep *sweep, const struct lab_settings *settings,
		      char *text, size_t size)
{
	const struct lab_series *least = end_of(sweep, "fork", false);
	const struct lab_series *most = end_of(sweep, "fork", true);
	char fork[400], huge[200], thread[256], spawn[400], debts[256];

	if (!least || least == most) {
		snprintf(text, size, "It takes two sizes to say what creation goes with.");
		return;
	}
	why_fork(least, most, fork, sizeof(fork));
	why_huge(sweep, huge, sizeof(huge));
	why_thread(least, most, thread, sizeof(thread));
	why_spawn(sweep, spawn, sizeof(spawn));
	why_debt(most, settings, debts, sizeof(debts));
	snprintf(text, size, "%s%s%s%s%s%s.", lead(sweep->verdict), fork, huge, thread, spawn,
		 debts);
}

const struct experiment experiment_spawn = {
	.name = "spawn",
	.claim = "creating a process is heavyweight, creating a thread is light",
	.rules = { .figures = spawn_figures,
		   .figure_count = SPAWN_FIGURES,
		   .headline = LIFE,
		   .sense = LAB_PROCESS_HIGHER },
	.trace = { .faults = true },
	.laps = LAPS,
	.events = "tasks created",
	.steps = spawn_steps,
	.command = spawn_command,
	.read = spawn_read,
	.derive = spawn_derive,
	.setup = spawn_setup,
	.outcome = spawn_outcome,
	.why = spawn_why,
};
