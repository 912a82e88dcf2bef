// SPDX-License-Identifier: GPL-2.0
/*
 * server.c - the experiment `server`: the same requests answered by a server of processes and by one
 * of threads: by workers that are there already, and by a task for each connection.
 *
 * Implements experiment.h. All runs on one CPU, the clients too, so that the time per request is what
 * a request costs in all, and no more is done at once in one form than in the other. A single task
 * with an event loop stands beside: the same in both forms but for whose memory it is in. Called by
 * lab.c through experiments.c.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "lab/readings.h"

#define REQUESTS 4000
#define CLIENTS 8
#define PER_CONNECTION 10

/* One line of the experiment: a model of a server. */
struct way {
	const char *label, *model, *over;
	bool quick, aside;
};

static const struct way ways[] = {
	{ "workers", "workers", "unix", true, false },
	{ "workers, TCP", "workers", "tcp", false, false },
	{ "per connection", "per-connection", "unix", true, false },
	{ "per connection, TCP", "per-connection", "tcp", false, false },
	{ "one loop", "epoll", "unix", true, true },
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

enum server_figure {
	REQUEST,
	REQUEST_TRACED,
	ADDED,
	LATENCY_P50,
	LATENCY_P99,
	SWITCHES,
	FAULTS,
	SWITCHING,
	FAULTING,
	DIRECT,
	PSS,
	DEBT, /* from here on raw only */
	LATENCY_TRACED_P50,
	PEAK_RSS,
	DIRECT_COUNT,
	SERVER_FIGURES,
};

static const struct lab_figure server_figures[SERVER_FIGURES] = {
	[REQUEST] = { "request_ns", "time per request, untraced", LAB_NS, false },
	[REQUEST_TRACED] = { "request_traced_ns", "time per request, traced", LAB_NS, true },
	[ADDED] = { "tracing_adds_ns", "tracing adds per request", LAB_NS_SIGNED, true },
	[LATENCY_P50] = { "latency_p50_ns", "latency, p50", LAB_NS, false },
	[LATENCY_P99] = { "latency_p99_ns", "latency, p99", LAB_NS, false },
	[SWITCHES] = { "server_switches_per_1000_requests",
		       "switches of the server per 1,000 requests", LAB_COUNT, false },
	[FAULTS] = { "server_faults_per_1000_requests", "faults of the server per 1,000 requests",
		     LAB_COUNT, false, true },
	[SWITCHING] = { "switching_per_request_ns",
			"switching of the server per request (direct cost)", LAB_NS, true },
	[FAULTING] = { "faulting_per_request_ns", "faulting of the server per request", LAB_NS,
		       true, true },
	[DIRECT] = { "direct_p50_ns", "direct cost of a switch at the server's level, p50", LAB_NS,
		     true },
	[PSS] = { "server_pss_bytes", "memory of the server (PSS)", LAB_BYTES, false },
	[DEBT] = { "fork_debt_per_request_ns", NULL, LAB_NS, true, true },
	[LATENCY_TRACED_P50] = { "latency_traced_p50_ns", NULL, LAB_NS, true },
	[PEAK_RSS] = { "largest_peak_rss_bytes", NULL, LAB_BYTES, false },
	[DIRECT_COUNT] = { "direct_count", NULL, LAB_COUNT, true },
};

/* ---- what is run ---- */

static size_t server_steps(const struct lab_settings *settings, struct lab_step *steps)
{
	size_t count = 0;

	for (size_t i = 0; i < WAYS; i++) {
		struct lab_step *step = &steps[count];

		if (settings->quick && !ways[i].quick)
			continue;
		snprintf(step->label, sizeof(step->label), "%s", ways[i].label);
		step->at = i;
		step->aside = ways[i].aside;
		count++;
	}
	return count;
}

static void server_command(const struct lab_settings *settings, const struct lab_step *step,
			   enum lab_form form, struct lab_command *command)
{
	lab_word(command, "server");
	lab_word(command, "--as");
	lab_word(command, "%s", lab_form_name(form));
	lab_word(command, "--model");
	lab_word(command, "%s", ways[step->at].model);
	lab_word(command, "--over");
	lab_word(command, "%s", ways[step->at].over);
	lab_word(command, "--clients");
	lab_word(command, "%d", CLIENTS);
	lab_word(command, "--requests");
	lab_word(command, "%" PRIu64, settings->laps);
	lab_word(command, "--cpu");
	lab_word(command, "%d", settings->cpu);
}

static void server_setup(const struct lab_settings *settings, char *text, size_t size)
{
	char requests[UNITS_TEXT_SIZE];

	snprintf(
		text, size,
		"%d clients, played by one more process, send %s requests a run to a server on the "
		"same CPU %d: of workers that are there before (prefork, or a pool of threads), or "
		"of a task for each connection of %d requests (fork, or a thread)",
		CLIENTS, format_count(requests, sizeof(requests), settings->laps), settings->cpu,
		PER_CONNECTION);
}

/* ---- what the trace says ---- */

/* What the workload says of the worker of this tid; NULL: it is none. */
static const json_t *worker_of(const json_t *truth, uint32_t tid)
{
	const json_t *workers = json_object_get(truth, "workers");

	for (size_t i = 0; i < json_array_size(workers); i++) {
		const json_t *worker = json_array_get(workers, i);

		if (json_integer_value(json_object_get(worker, "tid")) == (json_int_t)tid)
			return worker;
	}
	return NULL;
}

/* The task of a connection: a worker created it. */
static bool is_of_connection(const struct report *report, const json_t *truth,
			     const struct task_entry *task)
{
	return task->parent && task->parent < report->task_count &&
	       lab_is_worker(truth, report->tasks[task->parent].pid);
}

/* Not the main task and the clients. */
static bool is_of_server(const struct report *report, const json_t *truth,
			 const struct task_entry *task)
{
	return lab_is_worker(truth, task->pid) || is_of_connection(report, truth, task);
}

static double least(double a, double b)
{
	return a < b ? a : b;
}

/*
 * Creations are exact, of each kind. The workload counts the switches and faults of its timed span
 * and of the lives of the tasks of connections; the trace has the start and the end of the workers as
 * well, and so at least as many: what it has beyond is not looked at.
 */
static int take_truth(const struct lab_run *run, double switches, double faults,
		      struct lab_round *round, struct fail *fail)
{
	const struct report *report = run->report;
	double processes = 0, threads = 0, switched = 0, faulted = 0, created;
	struct lab_truth *truth = &round->truth[run->form];
	int err = lab_number(run->truth, "expected_created_processes", &processes, fail);

	if (!err)
		err = lab_number(run->truth, "expected_created_threads", &threads, fail);
	if (err)
		return err;
	for (uint32_t id = 1; id < report->task_count; id++) {
		const struct task_entry *task = &report->tasks[id];
		const struct task_figures *figures = &task->figures;

		if (!is_of_server(report, run->truth, task))
			continue;
		switched += (double)(figures->voluntary + figures->preempted);
		faulted += (double)(figures->minor + figures->major);
	}
	created = (double)(report->created[CREATED_PROCESS] + report->created[CREATED_THREAD] +
			   report->created[CREATED_VFORK]);
	*truth = lab_truth_of(report, processes + threads + switches + faults);
	truth->seen =
		(uint64_t)llround(created + least(switched, switches) + least(faulted, faults));
	truth->wrong_level =
		(uint64_t)llround(fabs((double)report->created[CREATED_PROCESS] - processes) +
				  fabs((double)report->created[CREATED_THREAD] - threads));
	return 0;
}

/* At which the server's tasks follow each other; that of a single task follows the client's process. */
static enum row_level level_of(const struct lab_run *run)
{
	bool alone = ways[run->step->at].aside;

	return run->form == LAB_PROCESS || alone ? ROW_PROCESS : ROW_THREAD;
}

/*
 * Time of a task's faults that are of serving: of a task of a connection all, of a worker as much as
 * the share of its faults that were in the timed span.
 */
static double faulting_of(const struct lab_run *run, const struct task_entry *task)
{
	const json_t *worker = worker_of(run->truth, task->pid);
	const struct task_figures *figures = &task->figures;
	const json_t *span = json_object_get(worker, "span");
	double in_span = json_number_value(json_object_get(span, "minflt"));

	if (!worker)
		return (double)figures->fault_ns;
	return figures->minor ? (double)figures->fault_ns * in_span / (double)figures->minor : 0;
}

/* Time of the faults that exist only because a worker forked, in the child and in the worker. */
static double fork_debt(const struct lab_run *run)
{
	const struct report *report = run->report;
	double ns = 0;

	for (uint32_t i = 0; i < report->process_count; i++) {
		const struct process_entry *process = &report->processes[i];
		uint32_t parent = process->parent;

		if (parent != i && parent < report->process_count &&
		    lab_is_worker(run->truth, report->processes[parent].tgid))
			ns += (double)(process->debt_own.time_ns + process->debt_parent.time_ns);
	}
	return ns;
}

static void take_costs(const struct lab_run *run, double requests, double *value)
{
	const struct report *report = run->report;
	const struct switch_row *row = lab_switch_row(report, level_of(run), SWITCH_VIA_DIRECT);
	double switching = 0, faulting = 0;

	for (uint32_t id = 1; id < report->task_count; id++) {
		const struct task_entry *task = &report->tasks[id];

		if (!is_of_server(report, run->truth, task))
			continue;
		switching += (double)task->figures.direct_ns;
		faulting += faulting_of(run, task);
	}
	if (report->tax.switching_ns != NS_UNKNOWN)
		value[SWITCHING] = switching / requests;
	if (report->tax.faulting_ns != NS_UNKNOWN) {
		value[FAULTING] = faulting / requests;
		value[DEBT] = fork_debt(run) / requests;
	}
	if (!row)
		return;
	value[DIRECT] = lab_percentile(&row->direct, 50);
	value[DIRECT_COUNT] = (double)row->direct.count;
}

/* ---- a run ---- */

struct printed {
	double requests, load_ns, p50, p99, switches, faults, pss, peak_rss;
	double nvcsw, nivcsw, minflt, majflt; /* of the server */
};

static int read_printed(const json_t *truth, struct printed *printed, struct fail *fail)
{
	const struct {
		const char *key;
		double *value;
		bool may_be_null;
	} numbers[] = {
		{ "requests", &printed->requests, false },
		{ "load_ns", &printed->load_ns, false },
		{ "latency_p50_ns", &printed->p50, false },
		{ "latency_p99_ns", &printed->p99, false },
		{ "server_switches_per_1000_requests", &printed->switches, false },
		{ "server_faults_per_1000_requests", &printed->faults, false },
		{ "pss_sum_bytes", &printed->pss, true },
		{ "peak_rss_largest_bytes", &printed->peak_rss, true },
		{ "server.nvcsw", &printed->nvcsw, false },
		{ "server.nivcsw", &printed->nivcsw, false },
		{ "server.minflt", &printed->minflt, false },
		{ "server.majflt", &printed->majflt, false },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		int err =
			numbers[i].may_be_null ?
				lab_number_or_null(truth, numbers[i].key, numbers[i].value, fail) :
				lab_number(truth, numbers[i].key, numbers[i].value, fail);

		if (err)
			return err;
	}
	return 0;
}

static int server_read(const struct lab_run *run, struct lab_round *round, struct fail *fail)
{
	double *value = round->value[run->form];
	struct printed printed;
	int err = read_printed(run->truth, &printed, fail);

	if (err)
		return err;
	if (run->report) {
		value[REQUEST_TRACED] = printed.load_ns / printed.requests;
		value[LATENCY_TRACED_P50] = printed.p50;
		take_costs(run, printed.requests, value);
		return take_truth(run, printed.nvcsw + printed.nivcsw,
				  printed.minflt + printed.majflt, round, fail);
	}
	value[REQUEST] = printed.load_ns / printed.requests;
	value[LATENCY_P50] = printed.p50;
	value[LATENCY_P99] = printed.p99;
	value[SWITCHES] = printed.switches;
	value[FAULTS] = printed.faults;
	value[PSS] = printed.pss;
	value[PEAK_RSS] = printed.peak_rss;
	return 0;
}

static void server_derive(struct lab_round *round)
{
	for (int form = 0; form < LAB_FORMS; form++)
		round->value[form][ADDED] =
			round->value[form][REQUEST_TRACED] - round->value[form][REQUEST];
}

/* ---- in words ---- */

static void server_outcome(const struct lab_sweep *sweep, const struct lab_settings *settings,
			   char *text, size_t size)
{
	lab_outcome(sweep, &experiment_server.rules, settings, "the time per request", text, size);
}

/* Process - thread of a figure, at the median of the rounds; whether it is known. */
static bool gap_of(const struct lab_series *series, size_t figure, double *gap)
{
	*gap = series->comparison.row[figure].difference.point;
	return isfinite(*gap);
}

static const char *more_or_less(double gap)
{
	return gap < 0 ? "less" : "more";
}

/* What the trace has of the difference. */
static void why_gap(const struct lab_series *series, char *text, size_t size)
{
	double faulting, switching, debt = lab_point(series, LAB_PROCESS, DEBT);
	char faults[UNITS_TEXT_SIZE], switches[UNITS_TEXT_SIZE], of_fork[UNITS_TEXT_SIZE];
	char fork[96] = "";

	text[0] = '\0';
	if (!gap_of(series, SWITCHING, &switching))
		return;
	if (debt >= 1)
		snprintf(fork, sizeof(fork), " (%s are for memory shared by a fork)",
			 lab_ns_words(debt, of_fork, sizeof(of_fork)));
	lab_ns_words(switching, switches, sizeof(switches));
	if (gap_of(series, FAULTING, &faulting) && fabs(faulting) >= 1)
		snprintf(text, size, ": page faults take %s %s%s, switches %s %s",
			 lab_ns_words(faulting, faults, sizeof(faults)), more_or_less(faulting),
			 fork, switches, more_or_less(switching));
	else
		snprintf(text, size, ": switches take %s %s", switches, more_or_less(switching));
}

static void why_faults(const struct lab_series *series, char *text, size_t size)
{
	double process = lab_point(series, LAB_PROCESS, FAULTS) / 1000;
	double thread = lab_point(series, LAB_THREAD, FAULTS) / 1000;

	if (process > 0 || thread > 0)
		snprintf(text, size, "has %.2f page faults against %.2f", process, thread);
	else
		snprintf(text, size, "has no page fault in either form");
}

/* "each, fork : thread: a request takes 10.1 µs more with processes: page faults take ..." */
static void why_step(const struct lab_series *series, char *text, size_t size)
{
	enum lab_verdict verdict = series->comparison.verdict;
	char by[UNITS_TEXT_SIZE], gap_text[240], faults[80];
	double gap;

	if (!gap_of(series, REQUEST, &gap)) {
		snprintf(text, size, "%s was not timed. ", series->step.label);
		return;
	}
	why_gap(series, gap_text, sizeof(gap_text));
	why_faults(series, faults, sizeof(faults));
	snprintf(text, size,
		 "With \"%s\" a request takes %s %s in processes%s%s; the server switches %.2f "
		 "times a request against %.2f, and %s. ",
		 series->step.label, lab_ns_words(gap, by, sizeof(by)), more_or_less(gap),
		 verdict == LAB_NOT_SEEN ? ", within what the rounds differ by" : "", gap_text,
		 lab_point(series, LAB_PROCESS, SWITCHES) / 1000,
		 lab_point(series, LAB_THREAD, SWITCHES) / 1000, faults);
}

static const struct lab_series *aside_of(const struct lab_sweep *sweep)
{
	for (size_t i = 0; i < sweep->steps; i++)
		if (sweep->series[i].step.aside)
			return &sweep->series[i];
	return NULL;
}

/* The same task in both forms: whatever it shows is not what the claim speaks of. */
static void why_control(const struct lab_series *series, char *text, size_t size)
{
	const struct comparison *c = &series->comparison.row[REQUEST].comparison;
	char bound[UNITS_TEXT_SIZE];

	switch (c->verdict) {
	case VERDICT_NO_DIFFERENCE:
		snprintf(text, size,
			 "One loop, a single task in both forms, shows no difference (at most %s).",
			 format_percent(bound, sizeof(bound), c->bound_percent));
		break;
	case VERDICT_HIGHER:
	case VERDICT_LOWER:
		snprintf(text, size,
			 "One loop, a single task in both forms, takes %.1f %% %s time as a "
			 "process: so much has other reasons than many tasks.",
			 100 * fabs(c->ratio.point - 1), more_or_less(c->ratio.point - 1));
		break;
	case VERDICT_UNKNOWN:
		text[0] = '\0';
		break;
	}
}

static const char *why_begin(enum lab_verdict verdict)
{
	switch (verdict) {
	case LAB_UNKNOWN:
		return "This takes more rounds to say; so far: ";
	case LAB_NOT_SEEN:
		return "Nothing stands out from what the rounds differ by. ";
	case LAB_MIXED:
		return "It depends on how the server is built. ";
	case LAB_SUPPORTED:
	case LAB_CONTRADICTED:
		break;
	}
	return "";
}

static void server_why(const struct lab_sweep *sweep, const struct lab_settings *settings,
		       char *text, size_t size)
{
	const struct lab_series *most = lab_extreme(sweep, REQUEST, true);
	const struct lab_series *fewest = lab_extreme(sweep, REQUEST, false);
	const struct lab_series *control = aside_of(sweep);
	char first[480] = "", second[480] = "", last[200] = "";

	if (!most) {
		snprintf(text, size, "No request was timed in both forms.");
		return;
	}
	why_step(most, first, sizeof(first));
	if (fewest != most)
		why_step(fewest, second, sizeof(second));
	if (control)
		why_control(control, last, sizeof(last));
	snprintf(text, size, "%s%s%s%s%s", why_begin(sweep->verdict), first, second,
		 settings->no_trace ?
			 "What switches and faults cost is not known without a trace. " :
			 "The trace does not price the rest: system calls, those that "
			 "create, end and wait for tasks among them, caches, other "
			 "programs. ",
		 last);
	text[strlen(text) - (text[strlen(text) - 1] == ' ')] = '\0';
}

const struct experiment experiment_server = {
	.name = "server",
	.claim = "multi-threaded servers serve requests for less than multi-process ones",
	.rules = { .figures = server_figures,
		   .figure_count = SERVER_FIGURES,
		   .headline = REQUEST,
		   .sense = LAB_PROCESS_HIGHER },
	.trace = { .faults = true },
	.laps = REQUESTS,
	.events = "creations, switches and faults of the server",
	.steps = server_steps,
	.command = server_command,
	.read = server_read,
	.derive = server_derive,
	.setup = server_setup,
	.outcome = server_outcome,
	.why = server_why,
};
