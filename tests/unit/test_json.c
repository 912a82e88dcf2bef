// SPDX-License-Identifier: GPL-2.0
/*
 * test_json.c - the JSON report of hand-made models: what is there, what is null, hostile names.
 *
 * `test_json --print [plain|lossy|unknown|hostile|faultless|empty]` writes one, for the schema.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output/json.h"

/* A process of two threads, its child, a task whose creation nobody saw; and all they point to. */
struct sample {
	struct report report;
	struct switch_row rows[3];
	struct task_entry tasks[5];
	struct process_entry processes[3];
	uint32_t process_order[3], task_order[4];
	struct switch_pair pairs[2];
	struct wake_pair wakes[1];
	struct fault_row faults[3];
	struct region_row regions[3];
	struct foreign_name names[1];
	const char *command[3], *hooks[2], *off[2], *why[2];
};

static void set_context(struct sample *s)
{
	struct run_context *context = &s->report.context;

	s->command[0] = "server";
	s->command[1] = "--listen";
	s->hooks[0] = "sched_switch";
	s->off[0] = "sched_entry_tp";
	s->why[0] = "not asked for";
	*context = (struct run_context){
		.tool_version = "0.1.0",
		.command = s->command,
		.kernel = "6.12.9-amd64",
		.arch = "x86_64",
		.cpu_model = "a CPU",
		.cpus = 2,
		.duration_ns = 1500000000,
		.mode = "stream",
		.direct_end = "sched_exit_tp",
		.wait_known = true,
		.faults_measured = true,
		.fault_start = "the exception",
		.fault_end = "perf's page-faults",
		.huge_known = true,
		.probe_ns = 90,
		.loader_cpu_ns = 5000000,
		.hooks = s->hooks,
		.hooks_off = s->off,
		.hooks_off_why = s->why,
	};
}

static void set_rows(struct sample *s)
{
	static const struct {
		enum row_level level;
		int via;
	} kind[] = { { ROW_THREAD, SWITCH_VIA_DIRECT },
		     { ROW_PROCESS, SWITCH_VIA_KERNEL },
		     { ROW_IDLE, -1 } };

	for (unsigned int i = 0; i < 3; i++) {
		struct switch_row *row = &s->rows[i];

		row->level = kind[i].level;
		row->via = kind[i].via;
		row->count = 100;
		row->voluntary = 90;
		row->preempted = 10;
		row->migrated = 1;
		for (uint64_t ns = 1; ns <= 100; ns++) {
			assert_int_equal(histogram_record(&row->direct, ns), 0);
			if (i < 2)
				assert_int_equal(histogram_record(&row->wait, 10 * ns), 0);
		}
	}
	s->report.rows = s->rows;
	s->report.row_count = 3;
	s->report.switches = 300;
	s->report.first_switches = 2;
}

static void set_tasks(struct sample *s)
{
	const struct task_figures figures = {
		.in = { 1, 2, 3, 4 },
		.voluntary = 8,
		.preempted = 2,
		.migrated = 1,
		.run_ns = 5000,
		.off_ns = 6000,
		.wait_ns = 700,
		.direct_ns = 3000,
		.direct_count = 10,
		.minor = 11,
		.major = 1,
		.fault_ns = 1100,
	};

	for (uint32_t i = 1; i < 5; i++) {
		s->tasks[i] = (struct task_entry){ .id = i,
						   .pid = 99 + i,
						   .process = 1,
						   .mm = 1,
						   .known = true,
						   .exited = true,
						   .ended = true,
						   .comm = "server",
						   .figures = figures };
		s->tasks[i].account.base.nvcsw = 1000;
		s->tasks[i].account.last.nvcsw = 1008;
		s->tasks[i].account.last.nivcsw = 2;
		s->task_order[i - 1] = i;
	}
	s->tasks[2].created = CREATED_THREAD;
	s->tasks[3].created = CREATED_PROCESS;
	s->tasks[3].process = 2;
	s->tasks[3].mm = 2;
	s->tasks[3].exit_code = SIGSEGV;
	s->tasks[4] = (struct task_entry){ .id = 4, .process = 0, .figures = figures };
	s->processes[0] =
		(struct process_entry){ .level = "single", .threads = 1, .figures = figures };
	s->processes[1] = (struct process_entry){ .tgid = 100,
						  .parent = 1,
						  .mm = 1,
						  .threads = 2,
						  .exited = true,
						  .level = "thread-level",
						  .comm = "server",
						  .figures = figures };
	s->processes[2] = (struct process_entry){ .tgid = 102,
						  .parent = 1,
						  .mm = 2,
						  .threads = 1,
						  .crashed_by = SIGSEGV,
						  .exited = true,
						  .created = CREATED_PROCESS,
						  .level = "single",
						  .comm = "server",
						  .figures = figures };
	for (uint32_t i = 0; i < 3; i++)
		s->process_order[i] = (i + 1) % 3; /* the unknown one last */
	s->report.tasks = s->tasks;
	s->report.task_count = 5;
	s->report.tasks_by_switches = s->task_order;
	s->report.thread_count = 4;
	s->report.processes = s->processes;
	s->report.processes_by_switches = s->process_order;
	s->report.process_count = 3;
	s->report.peak_tasks = 3;
	s->report.created[CREATED_ROOT] = s->report.created[CREATED_PROCESS] = 1;
	s->report.created[CREATED_THREAD] = 1;
	s->report.exits = 3;
}

static void set_balance(struct balance *balance, uint64_t seen, uint64_t lost)
{
	*balance = (struct balance){ seen, lost, seen + lost, true };
}

static void set_faults(struct sample *s)
{
	static const struct fault_row rows[] = {
		{ .cause = CAUSE_PROCESS, .kind = FAULT_COW_FORK, .count = 20, .copied = 15 },
		{ .cause = CAUSE_THREAD,
		  .many = true,
		  .kind = FAULT_FIRST_TOUCH,
		  .count = 9,
		  .huge = 1 },
		{ .cause = CAUSE_WORK,
		  .kind = FAULT_OF_FILE,
		  .major = true,
		  .kernel = true,
		  .count = 4,
		  .untimed = 1,
		  .off_ns = 900 },
	};

	memcpy(s->faults, rows, sizeof(rows));
	for (unsigned int i = 0; i < 3; i++)
		for (uint64_t n = s->faults[i].untimed; n < s->faults[i].count; n++)
			assert_int_equal(histogram_record(&s->faults[i].time, 100), 0);
	s->regions[0] = (struct region_row){ REGION_HEAP, "", 20, 0, 2000 };
	s->regions[1] = (struct region_row){ REGION_THREAD_STACK, "", 9, 0, 900 };
	s->regions[2] = (struct region_row){ REGION_FILE, "/data", 4, 4, 300 };
	s->report.fault_rows = s->faults;
	s->report.fault_row_count = 3;
	s->report.faults = 33;
	s->report.regions = s->regions;
	s->report.region_count = 3;
	s->report.debt_children = s->processes[2].debt_own = (struct fork_debt){ 12, 10, 3, 1500 };
	s->report.debt_parents = s->processes[2].debt_parent = (struct fork_debt){ 8, 5, 0, 800 };
}

static void set_sums(struct sample *s)
{
	struct reconciliation *r = &s->report.reconcile;

	s->report.received = 345;
	s->report.complete = true;
	set_balance(&r->switches, 30, 0);
	set_balance(&r->voluntary, 24, 0);
	set_balance(&r->preempted, 6, 0);
	r->wait_seen_ns = r->wait_kernel_ns = 2100;
	r->run_seen_ns = 15000;
	r->run_kernel_ns = 14900;
	r->tasks_checked = 3;
	set_balance(&r->minor.balance, 29, 0);
	set_balance(&r->major.balance, 4, 0);
	r->minor.balance.kernel += 2;
	r->minor.no_event = 2;
	r->unfinished = 1;
	r->ok = true;
	s->report.workload = WORKLOAD_HYBRID;
	snprintf(s->report.reasons[0], sizeof(s->report.reasons[0]),
		 "3 tasks in 2 address spaces count");
	s->report.reason_count = 1;
	s->report.tax.run_ns = 20000;
	s->report.tax.switching_ns = 9000;
	s->report.tax.switching_by_level[ROW_THREAD] = 9000;
	s->report.tax.waiting_ns = 2100;
	s->report.tax.faulting_ns = 3200;
	s->report.tax.faulting_by_cause[CAUSE_PROCESS] = 2000;
	s->report.tax.faulting_by_cause[CAUSE_THREAD] = 900;
	s->report.tax.faulting_by_cause[CAUSE_WORK] = 300;
	s->report.tax.share = 0.61;
	s->pairs[0] = (struct switch_pair){ 1, 2, ROW_THREAD, 60 };
	s->pairs[1] = (struct switch_pair){ TASK_REF(TASK_FOREIGN, 77), 4, ROW_PROCESS, 40 };
	s->report.pairs = s->pairs;
	s->report.pair_count = 2;
	s->report.pairs_folded = 5;
	s->names[0] = (struct foreign_name){ .ref = TASK_REF(TASK_FOREIGN, 77), .comm = "cron" };
	s->report.names = s->names;
	s->report.name_count = 1;
	s->report.wake_pairs = s->wakes;
}

static struct sample *sample_plain(void)
{
	struct sample *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	set_context(s);
	set_rows(s);
	set_tasks(s);
	set_sums(s);
	set_faults(s);
	return s;
}

static void sample_free(struct sample *s)
{
	for (unsigned int i = 0; i < 3; i++) {
		histogram_free(&s->rows[i].direct);
		histogram_free(&s->rows[i].pick);
		histogram_free(&s->rows[i].wait);
		histogram_free(&s->faults[i].time);
	}
	free(s);
}

static void make_lossy(struct sample *s)
{
	s->report.complete = false;
	s->report.lost.switches = 12;
	s->report.lost.faults = 5;
	s->report.lost.mappings = 6;
	set_balance(&s->report.reconcile.minor.balance, 29, 5);
	set_balance(&s->report.reconcile.switches, 30, 12);
	set_balance(&s->report.reconcile.voluntary, 24, 12);
	s->tasks[1].lost_switches = 12;
}

static void make_unknown(struct sample *s)
{
	struct run_context *context = &s->report.context;
	struct reconciliation *r = &s->report.reconcile;

	context->direct_end = NULL;
	context->direct_why = "no hook";
	context->wait_known = false;
	context->probe_ns = NS_UNKNOWN;
	context->probe_why = "no direct cost";
	context->fault_end = NULL;
	context->fault_why = "no event";
	context->exit_code = -1;
	context->cpu_model = NULL;
	for (unsigned int i = 0; i < 3; i++) {
		histogram_free(&s->rows[i].direct);
		histogram_free(&s->rows[i].wait);
		histogram_free(&s->faults[i].time);
		s->processes[i].figures.direct_count = 0;
	}
	for (unsigned int i = 0; i < 5; i++) {
		s->tasks[i].figures.direct_count = 0;
		s->tasks[i].exited = s->tasks[i].ended = false;
	}
	memset(r, 0, sizeof(*r));
	r->wait_seen_ns = r->wait_kernel_ns = r->run_seen_ns = r->run_kernel_ns = NS_UNKNOWN;
	s->report.tax.switching_ns = s->report.tax.waiting_ns = NS_UNKNOWN;
	s->report.tax.faulting_ns = NS_UNKNOWN;
	s->report.tax.share = NAN;
}

static void make_hostile(struct sample *s)
{
	static const char name[] = "\033]0;x\a\xff\x80\"\\\n";

	memcpy(s->tasks[1].comm, name, sizeof(name));
	memcpy(s->processes[1].comm, name, sizeof(name));
	memcpy(s->names[0].comm, name, sizeof(name));
	memcpy(s->wakes[0].waker, name, sizeof(name));
	memcpy(s->wakes[0].wakee, name, sizeof(name));
	s->wakes[0].waker_class = TASK_FOREIGN;
	s->wakes[0].count = 1;
	s->report.wake_pair_count = 1;
	s->report.context.waking_measured = true;
	s->regions[2].name = name;
	s->command[1] = name;
	s->report.context.kernel = s->report.context.cpu_model = name;
}

/* With --no-faults. */
static void make_without_faults(struct sample *s)
{
	struct reconciliation *r = &s->report.reconcile;

	s->report.context.faults_measured = false;
	s->report.context.fault_start = s->report.context.fault_end = NULL;
	s->report.fault_row_count = 0;
	s->report.region_count = 0;
	s->report.tax.faulting_ns = NS_UNKNOWN;
	memset(&r->minor, 0, sizeof(r->minor));
	memset(&r->major, 0, sizeof(r->major));
}

/* Nothing ran, nothing was seen. */
static void make_empty(struct sample *s)
{
	const struct report *report = &s->report;
	const struct run_context context = report->context;

	for (unsigned int i = 0; i < 3; i++) {
		histogram_free(&s->rows[i].direct);
		histogram_free(&s->rows[i].wait);
		histogram_free(&s->faults[i].time);
	}
	memset(&s->report, 0, sizeof(s->report));
	s->report.context = context;
	s->report.tax.share = NAN;
}

/* Written and read back: the caller releases it. */
static json_t *through_text(const struct sample *s)
{
	char *text = NULL;
	size_t size = 0;
	json_error_t error;
	json_t *value;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(json_write(&s->report, out), 0);
	fclose(out);
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)text[i] < ' ' && text[i] != '\n')
			fail_msg("a raw control character at %zu", i);
	assert_int_equal(text[size - 1], '\n');
	value = json_loadb(text, size, 0, &error);
	if (!value)
		fail_msg("line %d: %s", error.line, error.text);
	free(text);
	return value;
}

/* The value at a path such as "switches.0.direct_ns.p50". */
static json_t *at(json_t *value, const char *path)
{
	char key[64];

	while (*path) {
		size_t length = strcspn(path, ".");

		memcpy(key, path, length);
		key[length] = '\0';
		value = json_is_array(value) ? json_array_get(value, strtoul(key, NULL, 10)) :
					       json_object_get(value, key);
		if (!value)
			fail_msg("there is no %s", path);
		path += length + (path[length] == '.');
	}
	return value;
}

static void assert_number(json_t *root, const char *path, json_int_t wanted)
{
	json_t *value = at(root, path);

	if (!json_is_integer(value) || json_integer_value(value) != wanted)
		fail_msg("%s is not %lld", path, (long long)wanted);
}

static void assert_text(json_t *root, const char *path, const char *wanted)
{
	const char *text = json_string_value(at(root, path));

	if (!text || strcmp(text, wanted) != 0)
		fail_msg("%s is not %s but %s", path, wanted, text ? text : "no string");
}

static void assert_nulls(json_t *root, const char *const *paths)
{
	for (; *paths; paths++)
		if (!json_is_null(at(root, *paths)))
			fail_msg("%s is not null", *paths);
}

static void the_run(void **state)
{
	struct sample *s = sample_plain();
	json_t *root = through_text(s);

	(void)state;
	assert_text(root, "schema", "tasktax.report/1");
	assert_text(root, "tool.version", "0.1.0");
	assert_text(root, "command.1", "--listen");
	assert_int_equal(json_array_size(at(root, "command")), 2);
	assert_number(root, "exit.code", 0);
	assert_true(json_is_null(at(root, "exit.signal")));
	assert_number(root, "host.cpus", 2);
	assert_number(root, "duration_ns", 1500000000);
	assert_text(root, "mode", "stream");
	assert_text(root, "features.attached.0", "sched_switch");
	assert_text(root, "features.off.sched_entry_tp", "not asked for");
	assert_text(root, "direct_end", "sched_exit_tp");
	assert_number(root, "overhead.probe_ns", 90);
	assert_number(root, "overhead.loader_cpu_ns", 5000000);
	json_decref(root);
	sample_free(s);
}

static void the_sums(void **state)
{
	struct sample *s = sample_plain();
	json_t *root = through_text(s);

	(void)state;
	assert_number(root, "events.received", 345);
	assert_true(json_is_true(at(root, "events.complete")));
	assert_number(root, "reconcile.switches.seen", 30);
	assert_number(root, "reconcile.switches.kernel", 30);
	assert_number(root, "reconcile.wait_ns.kernel", 2100);
	assert_number(root, "reconcile.run_ns.seen", 15000);
	assert_true(json_is_true(at(root, "reconcile.ok")));
	assert_number(root, "tasks.processes", 3);
	assert_number(root, "tasks.threads", 4);
	assert_number(root, "tasks.created.thread", 1);
	assert_number(root, "tasks.crashed.0.pid", 102);
	assert_number(root, "tasks.crashed.0.signal", SIGSEGV);
	assert_text(root, "workload.level", "hybrid");
	assert_int_equal(json_array_size(at(root, "workload.reasons")), 1);
	assert_number(root, "tax.switching_by_level_ns.thread", 9000);
	assert_true(json_real_value(at(root, "tax.share")) == 0.61);
	assert_number(root, "pairs_total.switches", 105);
	assert_number(root, "pairs_total.folded", 5);
	json_decref(root);
	sample_free(s);
}

static void the_rows(void **state)
{
	struct sample *s = sample_plain();
	json_t *root = through_text(s);

	(void)state;
	assert_int_equal(json_array_size(at(root, "switches")), 3);
	assert_text(root, "switches.0.level", "thread");
	assert_text(root, "switches.0.via", "direct");
	assert_number(root, "switches.0.count", 100);
	assert_number(root, "switches.0.voluntary", 90);
	assert_number(root, "switches.0.direct_ns.count", 100);
	assert_number(root, "switches.0.direct_ns.p50", 50);
	assert_number(root, "switches.0.direct_ns.p90", 90);
	assert_number(root, "switches.0.direct_ns.p99", 99);
	assert_number(root, "switches.0.direct_ns.max", 100);
	assert_true(json_real_value(at(root, "switches.0.direct_ns.mean")) == 50.5);
	assert_true(json_is_null(at(root, "switches.0.pick_ns"))); /* not measured */
	assert_text(root, "switches.2.level", "idle");
	assert_true(json_is_null(at(root, "switches.2.via")));
	assert_number(root, "switches.2.wait_ns.count", 0);
	assert_true(json_is_null(at(root, "switches.2.wait_ns.p50")));
	json_decref(root);
	sample_free(s);
}

static void processes_hold_their_tasks(void **state)
{
	struct sample *s = sample_plain();
	json_t *root = through_text(s);

	(void)state;
	assert_int_equal(json_array_size(at(root, "processes")), 3);
	assert_number(root, "processes.0.pid", 100);
	assert_true(json_is_null(at(root, "processes.0.parent")));
	assert_text(root, "processes.0.created", "root");
	assert_text(root, "processes.0.level", "thread-level");
	assert_int_equal(json_array_size(at(root, "processes.0.tasks")), 2);
	assert_number(root, "processes.0.tasks.1.pid", 101);
	assert_text(root, "processes.0.tasks.1.created", "thread");
	assert_number(root, "processes.0.tasks.1.switches.process", 3);
	assert_number(root, "processes.0.tasks.1.voluntary", 8);
	assert_number(root, "processes.0.tasks.1.direct_ns.sum", 3000);
	assert_number(root, "processes.0.tasks.1.reconcile.kernel_voluntary", 8);
	assert_number(root, "processes.0.tasks.1.address_space", 1);
	assert_number(root, "processes.1.parent", 100);
	assert_number(root, "processes.1.tasks.0.exit_status", SIGSEGV);
	/* a task whose creation was not seen has no pid, and is not pid 0 */
	assert_true(json_is_null(at(root, "processes.2.pid")));
	assert_text(root, "processes.2.created", "unknown");
	assert_text(root, "processes.2.tasks.0.created", "unknown");
	json_decref(root);
	sample_free(s);
}

static void pairs_name_both_sides(void **state)
{
	struct sample *s = sample_plain();
	json_t *root = through_text(s);

	(void)state;
	assert_number(root, "pairs.0.prev.pid", 100);
	assert_text(root, "pairs.0.prev.class", "target");
	assert_number(root, "pairs.0.next.pid", 101);
	assert_text(root, "pairs.0.level", "thread");
	assert_number(root, "pairs.1.prev.pid", 77);
	assert_text(root, "pairs.1.prev.comm", "cron");
	assert_text(root, "pairs.1.prev.class", "foreign");
	assert_true(json_is_null(at(root, "pairs.1.next.pid")));
	assert_true(json_is_null(at(root, "wakers")));
	json_decref(root);
	sample_free(s);
}

static void the_faults(void **state)
{
	struct sample *s = sample_plain();
	json_t *root = through_text(s);

	(void)state;
	assert_text(root, "fault_end", "perf's page-faults");
	assert_true(json_is_null(at(root, "fault_unknown_because")));
	assert_int_equal(json_array_size(at(root, "faults")), 3);
	assert_text(root, "faults.0.level", "process");
	assert_text(root, "faults.0.mm_tasks", "one");
	assert_text(root, "faults.0.kind", "cow-fork");
	assert_text(root, "faults.0.severity", "minor");
	assert_text(root, "faults.0.mode", "user");
	assert_number(root, "faults.0.count", 20);
	assert_number(root, "faults.0.time_ns.count", 20);
	assert_number(root, "faults.0.time_ns.p50", 100);
	assert_true(json_is_null(at(root, "faults.0.copied"))); /* no --cow-detail */
	assert_text(root, "faults.1.mm_tasks", "many");
	assert_number(root, "faults.1.huge", 1);
	assert_text(root, "faults.2.severity", "major");
	assert_text(root, "faults.2.mode", "kernel");
	assert_number(root, "faults.2.untimed", 1);
	assert_number(root, "faults.2.off_cpu_ns", 900);
	assert_number(root, "reconcile.minor_faults.seen", 29);
	assert_number(root, "reconcile.minor_faults.no_event", 2);
	assert_number(root, "reconcile.minor_faults.kernel", 31);
	assert_number(root, "reconcile.major_faults.kernel", 4);
	assert_number(root, "reconcile.unfinished_faults", 1);
	assert_number(root, "tax.faulting_ns", 3200);
	assert_number(root, "tax.faulting_by_level_ns.process", 2000);
	assert_number(root, "tax.faulting_by_level_ns.thread", 900);
	assert_number(root, "tax.faulting_by_level_ns.work", 300);
	assert_number(root, "processes.0.minor_faults", 11);
	assert_number(root, "processes.0.major_faults", 1);
	assert_number(root, "processes.0.tasks.1.minor_faults", 11);
	assert_number(root, "processes.0.tasks.1.fault_ns", 1100);
	json_decref(root);
	sample_free(s);
}

static void fork_debt_and_regions(void **state)
{
	struct sample *s = sample_plain();
	json_t *root = through_text(s);

	(void)state;
	assert_number(root, "fork_debt.faults", 23);
	assert_number(root, "fork_debt.time_ns", 2300);
	assert_number(root, "fork_debt.children.cow", 12);
	assert_number(root, "fork_debt.children.refaults", 3);
	assert_true(json_is_null(at(root, "fork_debt.children.copies")));
	assert_true(json_is_null(at(root, "fork_debt.children.reuses")));
	assert_number(root, "fork_debt.parents.cow", 8);
	assert_number(root, "processes.1.fork_debt.cow", 12);
	assert_number(root, "processes.1.fork_debt_of_parent.time_ns", 800);
	assert_number(root, "processes.0.fork_debt.cow", 0);
	assert_text(root, "regions.0.region", "heap");
	assert_true(json_is_null(at(root, "regions.0.name")));
	assert_number(root, "regions.0.time_ns", 2000);
	assert_text(root, "regions.2.name", "/data");
	assert_number(root, "regions.2.major", 4);
	assert_text(root, "regions_by", "perf's mappings");
	json_decref(root);
	s->report.context.cow_detail = true;
	root = through_text(s);
	assert_number(root, "faults.0.copied", 15);
	assert_number(root, "fork_debt.children.copies", 10);
	assert_number(root, "fork_debt.children.reuses", 2);
	assert_number(root, "processes.1.fork_debt.copies", 10);
	json_decref(root);
	sample_free(s);
}

/* By snapshots, where a fault was may be unknown; without them it is of every fault. */
static void regions_by_less(void **state)
{
	struct sample *s = sample_plain();
	json_t *root;

	(void)state;
	s->faults[1].cause = CAUSE_UNKNOWN;
	s->report.tax.faulting_by_cause[CAUSE_UNKNOWN] = 40;
	s->report.context.snapshots_why = "refused";
	root = through_text(s);
	assert_text(root, "regions_by", "/proc/PID/maps");
	assert_text(root, "faults.0.level", "process");
	assert_true(json_is_null(at(root, "faults.1.level")));
	assert_number(root, "tax.faulting_by_level_ns.unknown", 40);
	assert_number(root, "fork_debt.faults", 23);
	json_decref(root);
	s->report.context.regions_why = "refused";
	s->report.context.snapshots_why = NULL;
	root = through_text(s);
	assert_true(json_is_null(at(root, "regions_by")));
	assert_true(json_is_null(at(root, "regions")));
	assert_true(json_is_null(at(root, "fork_debt")));
	assert_true(json_is_null(at(root, "processes.1.fork_debt")));
	assert_number(root, "faults.0.count", 20);
	json_decref(root);
	sample_free(s);
}

static void without_faults(void **state)
{
	static const char *const paths[] = { "fault_end",
					     "fault_unknown_because",
					     "regions_by",
					     "faults",
					     "fork_debt",
					     "regions",
					     "reconcile.minor_faults",
					     "reconcile.major_faults",
					     "reconcile.unfinished_faults",
					     "processes.0.minor_faults",
					     "processes.0.major_faults",
					     "processes.0.fault_ns",
					     "processes.0.fork_debt",
					     "processes.0.fork_debt_of_parent",
					     "processes.0.tasks.0.minor_faults",
					     "processes.0.tasks.0.fault_ns",
					     "tax.faulting_ns",
					     "tax.faulting_by_level_ns.work",
					     NULL };
	struct sample *s = sample_plain();
	json_t *root;

	(void)state;
	make_without_faults(s);
	root = through_text(s);
	assert_nulls(root, paths);
	json_decref(root);
	sample_free(s);
}

static void losses_are_counted(void **state)
{
	struct sample *s = sample_plain();
	json_t *root;

	(void)state;
	make_lossy(s);
	root = through_text(s);
	assert_true(json_is_false(at(root, "events.complete")));
	assert_number(root, "events.lost.switch", 12);
	assert_number(root, "events.lost.lifecycle", 0);
	assert_number(root, "events.lost.fault", 5);
	assert_number(root, "events.lost.mapping", 6);
	assert_number(root, "reconcile.minor_faults.lost", 5);
	assert_number(root, "reconcile.minor_faults.kernel", 34);
	assert_number(root, "reconcile.switches.lost", 12);
	assert_number(root, "reconcile.switches.kernel", 42);
	assert_number(root, "processes.0.tasks.0.reconcile.lost", 12);
	json_decref(root);
	sample_free(s);
}

static void the_unknown_is_null(void **state)
{
	static const char *const paths[] = { "direct_end",
					     "exit.code",
					     "host.model",
					     "switches.0.direct_ns.p50",
					     "switches.0.direct_ns.mean",
					     "switches.0.direct_ns.max",
					     "switches.0.wait_ns",
					     "reconcile.switches.kernel",
					     "reconcile.wait_ns.seen",
					     "reconcile.run_ns.kernel",
					     "processes.0.wait_ns",
					     "processes.0.direct_ns.sum",
					     "processes.0.tasks.0.reconcile",
					     "processes.0.tasks.0.exit_status",
					     "tax.switching_ns",
					     "tax.switching_by_level_ns.thread",
					     "tax.waiting_ns",
					     "fault_end",
					     "faults.0.time_ns.p50",
					     "faults.2.off_cpu_ns",
					     "fork_debt.time_ns",
					     "fork_debt.parents.time_ns",
					     "regions.0.time_ns",
					     "reconcile.minor_faults.kernel",
					     "reconcile.minor_faults.no_event",
					     "processes.0.fault_ns",
					     "processes.0.fork_debt.time_ns",
					     "processes.0.tasks.0.fault_ns",
					     "tax.faulting_ns",
					     "tax.faulting_by_level_ns.process",
					     "tax.share",
					     "overhead.probe_ns",
					     "overhead.bpf_ns",
					     NULL };
	struct sample *s = sample_plain();
	json_t *root;

	(void)state;
	make_unknown(s);
	root = through_text(s);
	assert_nulls(root, paths);
	assert_text(root, "direct_unknown_because", "no hook");
	assert_text(root, "fault_unknown_because", "no event");
	assert_number(root, "faults.0.count", 20); /* what is known stays */
	assert_number(root, "fork_debt.faults", 23);
	assert_number(root, "processes.0.minor_faults", 11);
	assert_text(root, "overhead.probe_unknown_because", "no direct cost");
	json_decref(root);
	sample_free(s);
}

static void hostile_names_are_valid_strings(void **state)
{
	static const char wanted[] = "\033]0;x\a\xef\xbf\xbd\xef\xbf\xbd\"\\\n";
	struct sample *s = sample_plain();
	json_t *root;

	(void)state;
	make_hostile(s);
	root = through_text(s);
	assert_text(root, "command.1", wanted);
	assert_text(root, "host.kernel", wanted);
	assert_text(root, "processes.0.comm", wanted);
	assert_text(root, "processes.0.tasks.0.comm", wanted);
	assert_text(root, "pairs.0.prev.comm", wanted);
	assert_text(root, "pairs.1.prev.comm", wanted);
	assert_text(root, "wakers.0.waker", wanted);
	assert_text(root, "wakers.0.waker_class", "foreign");
	assert_text(root, "regions.2.name", wanted);
	json_decref(root);
	sample_free(s);
}

static void a_long_argument_is_whole(void **state)
{
	struct sample *s = sample_plain();
	char *word = malloc(20001);
	json_t *root;

	(void)state;
	assert_non_null(word);
	memset(word, 0xff, 20000);
	word[20000] = '\0';
	s->command[1] = word;
	root = through_text(s);
	assert_int_equal(json_string_length(at(root, "command.1")), 60000);
	json_decref(root);
	free(word);
	sample_free(s);
}

static void an_empty_report(void **state)
{
	struct sample *s = sample_plain();
	json_t *root;

	(void)state;
	make_empty(s);
	root = through_text(s);
	assert_int_equal(json_array_size(at(root, "switches")), 0);
	assert_int_equal(json_array_size(at(root, "processes")), 0);
	assert_int_equal(json_array_size(at(root, "pairs")), 0);
	assert_int_equal(json_array_size(at(root, "faults")), 0); /* none, but looked for */
	assert_int_equal(json_array_size(at(root, "regions")), 0);
	assert_number(root, "fork_debt.faults", 0);
	json_decref(root);
	sample_free(s);
}

static void a_full_disk_is_an_error(void **state)
{
	struct sample *s = sample_plain();
	FILE *out = fopen("/dev/full", "w");

	(void)state;
	if (out) {
		assert_int_equal(json_write(&s->report, out), -EIO);
		fclose(out);
	}
	sample_free(s);
}

static int print(const char *kind)
{
	struct sample *s = sample_plain();
	int err;

	if (!strcmp(kind, "lossy"))
		make_lossy(s);
	else if (!strcmp(kind, "unknown"))
		make_unknown(s);
	else if (!strcmp(kind, "hostile"))
		make_hostile(s);
	else if (!strcmp(kind, "faultless"))
		make_without_faults(s);
	else if (!strcmp(kind, "empty"))
		make_empty(s);
	err = json_write(&s->report, stdout);
	sample_free(s);
	return !!err;
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_run),
		cmocka_unit_test(the_sums),
		cmocka_unit_test(the_rows),
		cmocka_unit_test(processes_hold_their_tasks),
		cmocka_unit_test(pairs_name_both_sides),
		cmocka_unit_test(the_faults),
		cmocka_unit_test(fork_debt_and_regions),
		cmocka_unit_test(regions_by_less),
		cmocka_unit_test(without_faults),
		cmocka_unit_test(losses_are_counted),
		cmocka_unit_test(the_unknown_is_null),
		cmocka_unit_test(hostile_names_are_valid_strings),
		cmocka_unit_test(a_long_argument_is_whole),
		cmocka_unit_test(an_empty_report),
		cmocka_unit_test(a_full_disk_is_an_error),
	};

	if (argc > 1 && !strcmp(argv[1], "--print"))
		return print(argc > 2 ? argv[2] : "plain");
	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
