// SPDX-License-Identifier: GPL-2.0
/* test_text.c - the text report of hand-made models: layout, loss, the unknown, hostile names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "output/text.h"

#define ROWS 8
#define FAULT_ROWS 8
#define REGIONS 20
#define TASKS 64

/* A report and all that it points to. */
struct sample {
	struct report report;
	struct switch_row rows[ROWS];
	struct task_entry tasks[TASKS];
	struct process_entry processes[TASKS];
	uint32_t process_order[TASKS], task_order[TASKS];
	struct name_pair pairs[4];
	struct wake_pair wakes[2];
	struct fault_row faults[FAULT_ROWS];
	struct region_row regions[REGIONS];
	const char *command[6], *hooks[4], *off[3], *why[3];
};

static void set_comm(char comm[EVENT_COMM_LEN + 1], const char *name)
{
	snprintf(comm, EVENT_COMM_LEN + 1, "%s", name);
}

static void fill(struct histogram *histogram, uint64_t median, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		assert_int_equal(
			histogram_record(histogram, median - 20 + i % 41 + (i % 97 ? 0 : 1000)), 0);
}

static struct switch_row *add_row(struct sample *s, enum row_level level, int via, uint64_t count,
				  uint64_t direct)
{
	struct switch_row *row = &s->rows[s->report.row_count++];

	row->level = level;
	row->via = via;
	row->count = count;
	row->voluntary = count - count / 20;
	row->preempted = count / 20;
	fill(&row->direct, direct, direct ? 1000 : 0);
	if (level < ROW_WITH_VIA)
		fill(&row->wait, 5000, 1000);
	s->report.switches += count;
	return row;
}

static uint32_t add_process(struct sample *s, uint32_t tgid, uint32_t parent, const char *comm)
{
	uint32_t at = 1 + s->report.process_count;
	struct process_entry *process = &s->processes[at];

	process->tgid = tgid;
	process->parent = parent ? parent : at;
	process->level = "single";
	process->exited = true;
	set_comm(process->comm, comm);
	s->process_order[s->report.process_count++] = at;
	return at;
}

static struct task_entry *add_task(struct sample *s, uint32_t pid, uint32_t process,
				   const char *comm, uint64_t switches)
{
	uint32_t at = 1 + s->report.thread_count;
	struct task_entry *task = &s->tasks[at];
	struct process_entry *of = &s->processes[process];

	*task = (struct task_entry){ .id = at, .pid = pid, .process = process, .known = true };
	set_comm(task->comm, comm);
	task->figures.in[ROW_PROCESS] = switches;
	task->figures.voluntary = switches - switches / 20;
	task->figures.preempted = switches / 20;
	task->figures.run_ns = switches * 2500;
	task->figures.wait_ns = switches * 900;
	task->figures.direct_ns = switches * 375;
	task->figures.direct_count = switches;
	task->figures.minor = switches / 4;
	task->figures.fault_ns = switches * 300;
	of->threads++;
	of->figures.minor += task->figures.minor;
	of->figures.fault_ns += task->figures.fault_ns;
	of->figures.in[ROW_PROCESS] += switches;
	of->figures.voluntary += task->figures.voluntary;
	of->figures.preempted += task->figures.preempted;
	of->figures.run_ns += task->figures.run_ns;
	of->figures.wait_ns += task->figures.wait_ns;
	of->figures.direct_ns += task->figures.direct_ns;
	of->figures.direct_count += switches;
	s->task_order[s->report.thread_count++] = at;
	return task;
}

static struct sample *sample_empty(void)
{
	struct sample *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->report.rows = s->rows;
	s->report.tasks = s->tasks;
	s->report.task_count = TASKS;
	s->report.processes = s->processes;
	s->report.processes_by_switches = s->process_order;
	s->report.tasks_by_switches = s->task_order;
	s->report.name_pairs = s->pairs;
	s->report.wake_pairs = s->wakes;
	s->report.fault_rows = s->faults;
	s->report.regions = s->regions;
	s->report.tax.faulting_ns = NS_UNKNOWN;
	s->report.complete = true;
	s->report.context.command = s->command;
	s->report.context.hooks = s->hooks;
	s->report.context.hooks_off = s->off;
	s->report.context.hooks_off_why = s->why;
	return s;
}

static void sample_free(struct sample *s)
{
	for (unsigned int i = 0; i < ROWS; i++) {
		histogram_free(&s->rows[i].direct);
		histogram_free(&s->rows[i].pick);
		histogram_free(&s->rows[i].wait);
	}
	for (unsigned int i = 0; i < FAULT_ROWS; i++)
		histogram_free(&s->faults[i].time);
	free(s);
}

static void set_context(struct sample *s)
{
	struct run_context *context = &s->report.context;

	s->command[0] = "pgbench";
	s->command[1] = "-c";
	s->command[2] = "4";
	s->command[3] = "it's here";
	s->hooks[0] = "sched_switch";
	s->hooks[1] = "sched_exit_tp";
	s->off[0] = "sched_entry_tp";
	s->why[0] = "not on this kernel";
	context->tool_version = "0.1.0";
	context->kernel = "6.12.9-amd64";
	context->arch = "x86_64";
	context->cpu_model = "AMD EPYC 7763 64-Core Processor";
	context->cpus = 16;
	context->duration_ns = 2412345678;
	context->mode = "stream";
	context->direct_end = "sched_exit_tp";
	context->wait_known = true;
	context->faults_measured = true;
	context->fault_start = "the exception";
	context->fault_end = "perf's page-faults";
	context->huge_known = true;
	context->probe_ns = 90;
	context->loader_cpu_ns = 21000000;
}

static void set_balance(struct balance *balance, uint64_t seen, uint64_t lost, uint64_t kernel)
{
	*balance = (struct balance){ seen, lost, kernel, true };
}

static void set_reconciled(struct sample *s)
{
	struct reconciliation *r = &s->report.reconcile;

	set_balance(&r->switches, 400012, 0, 400012);
	set_balance(&r->voluntary, 399800, 0, 399800);
	set_balance(&r->preempted, 212, 0, 212);
	r->wait_seen_ns = r->wait_kernel_ns = 1920000001;
	r->run_seen_ns = 2380000000;
	r->run_kernel_ns = 2350000000;
	r->tasks_checked = 6;
	set_balance(&r->minor.balance, 128990, 0, 128992);
	set_balance(&r->major.balance, 10, 0, 10);
	r->minor.no_event = 2;
	r->ok = true;
}

static struct fault_row *add_faults(struct sample *s, enum fault_cause cause, enum fault_kind kind,
				    uint64_t count, uint64_t time)
{
	struct fault_row *row = &s->faults[s->report.fault_row_count++];

	row->cause = cause;
	row->kind = kind;
	row->count = count;
	fill(&row->time, time, 1000);
	s->report.faults += count;
	return row;
}

static void add_region(struct sample *s, enum region_class class, const char *name, uint64_t count,
		       uint64_t time)
{
	s->regions[s->report.region_count++] = (struct region_row){ class, name, count, 0, time };
}

/* Each process of the server has forked, and the client has a thread. */
static void set_faults(struct sample *s)
{
	struct report *report = &s->report;

	add_faults(s, CAUSE_PROCESS, FAULT_COW_FORK, 8000, 1900);
	add_faults(s, CAUSE_PROCESS, FAULT_OF_FILE, 900, 700);
	add_faults(s, CAUSE_PROCESS, FAULT_OF_FILE, 60, 800)->kernel = true;
	add_faults(s, CAUSE_THREAD, FAULT_FIRST_TOUCH, 30, 1300)->many = true;
	add_faults(s, CAUSE_WORK, FAULT_FIRST_TOUCH, 120000, 1200);
	add_faults(s, CAUSE_WORK, FAULT_OF_FILE, 10, 90000)->major = true;
	s->faults[5].off_ns = 800000;
	add_region(s, REGION_ANONYMOUS, "", 120000, 144000000);
	add_region(s, REGION_HEAP, "", 8000, 15200000);
	add_region(s, REGION_PROGRAM, "/usr/lib/postgresql/15/bin/postgres", 960, 672000);
	add_region(s, REGION_FILE, "/var/lib/data", 10, 100000);
	add_region(s, REGION_THREAD_STACK, "", 30, 39000);
	s->regions[3].major = 10;
	report->debt_children = (struct fork_debt){ 7000, 6400, 900, 14000000 };
	report->debt_parents = (struct fork_debt){ 1000, 600, 0, 1900000 };
	report->tax.faulting_ns = 160000000;
	report->tax.faulting_by_cause[CAUSE_PROCESS] = 15900000;
	report->tax.faulting_by_cause[CAUSE_THREAD] = 39000;
	report->tax.faulting_by_cause[CAUSE_WORK] = 144061000;
	report->tax.share += 160.0 / 2380;
}

/* A server with four workers and a client with two threads. */
static struct sample *sample_server(void)
{
	struct sample *s = sample_empty();
	struct report *report = &s->report;
	uint32_t root, client;

	set_context(s);
	set_reconciled(s);
	report->received = 412345;
	add_row(s, ROW_RESUME, SWITCH_VIA_IDLE, 1200, 280);
	add_row(s, ROW_THREAD, SWITCH_VIA_DIRECT, 100000, 300);
	add_row(s, ROW_PROCESS, SWITCH_VIA_DIRECT, 290000, 375);
	add_row(s, ROW_PROCESS, SWITCH_VIA_KERNEL, 812, 900);
	add_row(s, ROW_IDLE, -1, 7000, 310);
	add_row(s, ROW_FOREIGN, -1, 1000, 500);
	root = add_process(s, 4000, 0, "postgres");
	add_task(s, 4000, root, "postgres", 900);
	for (uint32_t i = 1; i <= 4; i++)
		add_task(s, 4000 + i, add_process(s, 4000 + i, root, "postgres"), "postgres",
			 60000 + i);
	client = add_process(s, 4100, root, "pgbench");
	s->processes[client].level = "thread-level";
	add_task(s, 4100, client, "pgbench", 80000);
	add_task(s, 4101, client, "pgbench-w", 79000);
	report->peak_tasks = 7;
	report->created[CREATED_PROCESS] = 5;
	report->created[CREATED_THREAD] = 1;
	report->execs = 2;
	report->exits = 7;
	report->workload = WORKLOAD_HYBRID;
	snprintf(report->reasons[0], sizeof(report->reasons[0]),
		 "6 tasks in 5 address spaces count");
	report->reason_count = 1;
	report->tax.run_ns = 2380000000;
	report->tax.switching_ns = 150000000;
	report->tax.switching_by_level[ROW_THREAD] = 30000000;
	report->tax.switching_by_level[ROW_PROCESS] = 120000000;
	report->tax.waiting_ns = 1920000001;
	report->tax.share = 150.0 / 2380;
	set_faults(s);
	s->pairs[0] = (struct name_pair){ "pgbench", "postgres", false, ROW_PROCESS, 290000, 4 };
	s->pairs[1] = (struct name_pair){ "cron", "postgres", true, ROW_PROCESS, 812, 2 };
	report->name_pair_count = 2;
	return s;
}

static void make_lossy(struct sample *s)
{
	struct reconciliation *r = &s->report.reconcile;

	s->report.complete = false;
	s->report.lost.switches = 3210;
	s->report.lost.untracked = 1;
	set_balance(&r->switches, 396802, 3210, 400012);
	set_balance(&r->voluntary, 396600, 3200, 399800);
	set_balance(&r->preempted, 202, 10, 212);
	r->wait_seen_ns = 1900000000;
	s->report.lost.faults = 77;
	s->report.lost.mappings = 5;
	set_balance(&r->minor.balance, 128913, 77, 128992);
}

static void make_unknown(struct sample *s)
{
	struct report *report = &s->report;

	report->context.direct_end = NULL;
	report->context.direct_why = "no hook at the end of a switch can be used here";
	report->context.wait_known = false;
	report->context.wait_why = "CONFIG_SCHED_INFO is off";
	report->context.probe_ns = NS_UNKNOWN;
	report->context.fault_end = NULL;
	report->context.fault_why = "no event at the end of a fault can be used here";
	report->tax.faulting_ns = NS_UNKNOWN;
	for (unsigned int i = 0; i < report->fault_row_count; i++)
		histogram_free(&s->faults[i].time);
	for (unsigned int i = 0; i < report->row_count; i++) {
		histogram_free(&s->rows[i].direct);
		histogram_free(&s->rows[i].wait);
	}
	for (unsigned int i = 0; i < TASKS; i++)
		s->processes[i].figures.direct_count = s->tasks[i].figures.direct_count = 0;
	report->tax.switching_ns = report->tax.waiting_ns = NS_UNKNOWN;
	memset(&report->reconcile, 0, sizeof(report->reconcile));
	report->reconcile.wait_seen_ns = report->reconcile.wait_kernel_ns = NS_UNKNOWN;
}

/* With --no-faults. */
static void make_without_faults(struct sample *s)
{
	struct report *report = &s->report;

	report->context.faults_measured = false;
	report->context.fault_start = report->context.fault_end = NULL;
	report->fault_row_count = 0;
	report->faults = 0;
	report->region_count = 0;
	report->tax.faulting_ns = NS_UNKNOWN;
	memset(&report->reconcile.minor, 0, sizeof(report->reconcile.minor));
	memset(&report->reconcile.major, 0, sizeof(report->reconcile.major));
}

/* Terminal escapes, invalid UTF-8, a right-to-left override, wide characters. */
static const char *const hostile[] = {
	"\033]0;owned\a\033[2J",
	"\xff\xfe\x80\xc0\xaf\xed\xa0\x80",
	"a\nb\r\tc\x7f\x9b",
	"\xe2\x80\xaetxt.exe",
	"\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97",
	"\\x41'$(id)",
};

#define HOSTILE (sizeof(hostile) / sizeof(hostile[0]))

static void make_hostile(struct sample *s)
{
	struct report *report = &s->report;

	for (unsigned int i = 1; i < TASKS; i++) {
		set_comm(s->processes[i].comm, hostile[i % HOSTILE]);
		set_comm(s->tasks[i].comm, hostile[i % HOSTILE]);
	}
	for (size_t i = 0; i < report->name_pair_count; i++) {
		set_comm(s->pairs[i].prev, hostile[i]);
		set_comm(s->pairs[i].next, hostile[i + 1]);
	}
	set_comm(s->wakes[0].waker, hostile[2]);
	set_comm(s->wakes[0].wakee, hostile[3]);
	s->wakes[0].waker_class = TASK_KERNEL;
	s->wakes[0].count = UINT64_MAX;
	report->wake_pair_count = 1;
	report->context.waking_measured = true;
	for (size_t i = 0; i < report->region_count; i++)
		s->regions[i].name = hostile[i % HOSTILE];
	for (size_t i = 0; i < 4; i++)
		s->command[i] = hostile[i];
	report->context.kernel = hostile[0];
	report->context.cpu_model = hostile[1];
	s->processes[1].crashed_by = SIGSEGV;
	s->processes[1].tasks_lost = 3;
}

/* Every figure as large as it can be. */
static void make_huge(struct sample *s)
{
	struct task_figures huge;

	memset(&huge, 0xfe, sizeof(huge));
	for (unsigned int i = 0; i < s->report.row_count; i++) {
		s->rows[i].count = s->rows[i].voluntary = s->rows[i].preempted = UINT64_MAX / 2;
		histogram_record(&s->rows[i].direct, UINT64_MAX - 1);
		histogram_record(&s->rows[i].wait, UINT64_MAX - 1);
	}
	for (unsigned int i = 1; i < TASKS; i++)
		s->processes[i].figures = s->tasks[i].figures = huge;
	for (unsigned int i = 1; i < TASKS; i++)
		s->processes[i].tgid = s->tasks[i].pid = UINT32_MAX;
	for (unsigned int i = 0; i < s->report.fault_row_count; i++) {
		struct fault_row *row = &s->faults[i];

		row->count = row->huge = row->copied = row->untimed = UINT64_MAX / 8;
		histogram_record(&row->time, UINT64_MAX - 1);
	}
	for (size_t i = 0; i < s->report.region_count; i++)
		s->regions[i] = (struct region_row){ REGION_SHARED_MEMORY, "/a/name", UINT64_MAX,
						     UINT64_MAX, UINT64_MAX - 1 };
	s->report.faults = UINT64_MAX;
	memset(&s->report.debt_children, 0xe0, sizeof(s->report.debt_children));
	s->report.debt_parents = s->report.debt_children;
	s->report.context.cow_detail = true;
	s->pairs[0].count = UINT64_MAX / 4;
	s->report.received = UINT64_MAX;
}

/* The caller frees it. */
static char *render(const struct sample *s, struct text_options options)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(text_write(&s->report, out, &options), 0);
	fclose(out);
	assert_int_equal(strlen(text), size); /* no NUL inside */
	return text;
}

/* Columns of one line as a terminal counts them; -1 when it is no clean UTF-8. */
static int columns_of(const char *line, size_t length)
{
	mbstate_t state = { 0 };
	int columns = 0;

	for (size_t i = 0; i < length;) {
		wchar_t wide;
		size_t taken = mbrtowc(&wide, line + i, length - i, &state);

		if (!taken || taken > length - i || wcwidth(wide) < 0)
			return -1;
		columns += wcwidth(wide);
		i += taken;
	}
	return columns;
}

static void assert_fits(const char *text, int width)
{
	while (*text) {
		size_t length = strcspn(text, "\n");
		int columns = columns_of(text, length);

		if (columns < 0 || columns > width)
			fail_msg("%d columns of %d: %.*s", columns, width, (int)length, text);
		if (length && text[length - 1] == ' ')
			fail_msg("space at the end of: %.*s", (int)length, text);
		text += length + (text[length] == '\n');
	}
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" is in:\n%s", part, text);
}

static void assert_fits_everywhere(const struct sample *s)
{
	static const unsigned int widths[] = { 60, 72, 80, 100, 120, 200 };

	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		char *text = render(s, (struct text_options){ .width = widths[i] });

		assert_fits(text, (int)widths[i]);
		free(text);
	}
}

static void a_complete_run(void **state)
{
	struct sample *s = sample_server();
	char *text = render(s, (struct text_options){ 0 });

	(void)state;
	assert_fits(text, 80);
	assert_has(text, "tasktax: pgbench -c 4 'it'\\''s here'\n");
	assert_has(text, "exit status 0 after 2.41 s on Linux 6.12.9-amd64 x86_64, 16 CPUs");
	assert_has(text, "complete: 412,345 records, 0 lost; 6 tasks agree with the kernel\n");
	assert_has(text, "switches seen 400,012 = kernel 400,012 (voluntary 399,800, preempted "
			 "212)\n");
	assert_has(text, "waited 1.92 s = kernel's run_delay, to the nanosecond\n");
	assert_has(text, "ran 2.38 s; sum_exec_runtime 2.35 s: +30.0 ms, 1.3 %");
	assert_has(text, "workload: hybrid\n");
	assert_has(text, "6 processes, 7 tasks, at most 7 at once; created 5 processes, 1 thread;");
	assert_has(text, "  process  direct 290,000");
	assert_has(text,
		   "A process-level switch costs 1.24 \xc3\x97 a thread-level one here: 373 ns "
		   "against\n  301 ns (medians, via direct).\n");
	assert_has(text, "minor faults seen 128,990 + 2 without an event = kernel 128,992\n");
	assert_has(text, "major faults seen 10 = kernel 10\n");
	assert_has(text,
		   "tax: 13.0 % of the run time: switching 150 ms + faulting 160 ms of 2.38 s\n");
	assert_has(text, "process 120 ms, thread 30.0 ms\n");
	assert_has(text, "faulting: process 15.9 ms, thread 39.0 us, work 144 ms\n");
	assert_has(text, "beside it: 1.92 s waiting in run queues, 80.7 % of the run time\n");
	assert_has(text, "pgbench-w");
	assert_has(text, "cron (foreign)");
	assert_has(text, "less 90 ns for the probes");
	assert_has(text, "not used: sched_entry_tp (not on this kernel)");
	assert_lacks(text, "\xe2\x80\x93"); /* nothing is unknown */
	assert_lacks(text, "\033");
	assert_lacks(text, "least");
	free(text);
	assert_fits_everywhere(s);
	sample_free(s);
}

/* Completeness stands before every figure. */
static void completeness_comes_first(void **state)
{
	struct sample *s = sample_server();
	char *text = render(s, (struct text_options){ 0 });

	(void)state;
	assert_true(strstr(text, "complete:") < strstr(text, "workload:"));
	assert_true(strstr(text, "workload:") < strstr(text, "context switches"));
	assert_true(strstr(text, "context switches") < strstr(text, "memory faults"));
	assert_true(strstr(text, "memory faults") < strstr(text, "where it faulted"));
	assert_true(strstr(text, "where it faulted") < strstr(text, "\ntax:"));
	assert_true(strstr(text, "\ntax:") < strstr(text, "busiest processes"));
	free(text);
	sample_free(s);
}

/* Every escape sequence out: what is left must be the text without colour. */
static void strip(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (*from == '\033')
			from = strchr(from, 'm');
		else
			*to++ = *from;
	}
	*to = '\0';
}

static void colour_adds_nothing_else(void **state)
{
	struct sample *s = sample_server();
	char *plain = render(s, (struct text_options){ .width = 80 });
	char *coloured = render(s, (struct text_options){ .width = 80, .colour = true });

	(void)state;
	assert_has(coloured, "\033[1m\033[1;32mcomplete:\033[0m");
	strip(coloured);
	assert_string_equal(coloured, plain);
	free(plain);
	free(coloured);
	sample_free(s);
}

/* Whatever is shown, no escape sequence of ours is left open, nor one of others let through. */
static void colours_do_not_leak(void **state)
{
	static void (*const make[])(struct sample *) = { make_lossy, make_unknown, make_hostile,
							 make_huge, make_without_faults };

	(void)state;
	for (size_t i = 0; i < sizeof(make) / sizeof(make[0]); i++) {
		struct sample *s = sample_server();
		char *plain, *coloured;

		make[i](s);
		plain = render(s, (struct text_options){ .width = 80 });
		coloured = render(s, (struct text_options){ .width = 80, .colour = true });
		assert_lacks(plain, "\033");
		for (const char *line = coloured; *line; line += strcspn(line, "\n") + 1) {
			const char *last = NULL;

			for (const char *at = line; *at != '\n'; at++)
				last = *at == '\033' ? at : last;
			assert_true(!last || !strncmp(last, "\033[0m", 4));
		}
		strip(coloured);
		assert_string_equal(coloured, plain);
		free(plain);
		free(coloured);
		sample_free(s);
	}
}

static void a_run_with_losses(void **state)
{
	struct sample *s = sample_server();
	char *text;

	(void)state;
	make_lossy(s);
	text = render(s, (struct text_options){ 0 });
	assert_fits(text, 80);
	assert_has(text, "AT LEAST: 412,345 records received, lost 3,210 switches (ring full: ");
	assert_has(text, "1 new task");
	assert_has(text, "at least");
	assert_has(text, "  switches            396,802  3,210  400,012           0\n");
	assert_has(text, "    preempted             202     10      212           0\n");
	assert_has(text, "+20.0 ms\n"); /* run_delay of what was lost */
	assert_has(text, "\xe2\x89\xa5"
			 "290,000");
	assert_has(text, "busiest processes (at least)");
	assert_has(text, "77 faults (ring full");
	assert_has(text, "  minor faults        128,913     77  128,990           0\n");
	assert_has(text, "memory faults: at least 129,000");
	assert_has(text, "\xe2\x89\xa5"
			 "8,000");
	assert_has(text, "fork debt: at least 8,900 faults");
	assert_has(text, "where it faulted (at least)\n");
	assert_has(text, "5 mapping records were lost (perf's ring full): some regions may be");
	assert_lacks(text, "complete:");
	assert_lacks(text, "A process-level switch costs"); /* no fair sample */
	free(text);
	assert_fits_everywhere(s);
	sample_free(s);
}

static void what_does_not_add_up_is_said(void **state)
{
	struct sample *s = sample_server();
	struct reconciliation *r = &s->report.reconcile;
	char *text;

	(void)state;
	r->ok = false;
	r->tasks_off = 1;
	r->switches.seen -= 3;
	r->voluntary.seen -= 3;
	text = render(s, (struct text_options){ 0 });
	assert_fits(text, 80);
	assert_has(text, "DOES NOT ADD UP: 412,345 records, 0 lost, yet:\n");
	assert_has(text, "+3\n");
	assert_has(text, "1 of 6 tasks differs from the kernel's counters\n");
	assert_lacks(text, "complete:");
	free(text);
	sample_free(s);
}

static void the_unknown_is_a_dash_with_a_reason(void **state)
{
	struct sample *s = sample_server();
	char *text;

	(void)state;
	make_unknown(s);
	text = render(s, (struct text_options){ 0 });
	assert_fits(text, 80);
	assert_has(text, "complete: 412,345 records, 0 lost; the kernel's counters "
			 "\xe2\x80\x93\xc2\xb9\n");
	assert_has(text, "\xc2\xb9 they were read for no task\n");
	assert_has(text, "direct cost, ns\xc2\xb2");
	assert_has(text, "\xc2\xb2 no hook at the end of a switch can be used here\n");
	assert_has(text, "wait\xc2\xb3");
	assert_has(text, "\xc2\xb3 CONFIG_SCHED_INFO is off\n");
	assert_has(text, "tax: \xe2\x80\x93\xc2\xb2 of 2.38 s run time\n");
	assert_has(text, "beside it: waiting \xe2\x80\x93\xc2\xb3\n");
	assert_lacks(text, " 0 ns");
	assert_lacks(text, " 0.0 %");
	/* each reason once */
	assert_null(strstr(strstr(text, "CONFIG_SCHED_INFO") + 1, "CONFIG_SCHED_INFO"));
	free(text);
	assert_fits_everywhere(s);
	sample_free(s);
}

/* One row without a price among rows that have one. */
static void a_single_unknown_has_its_own_footnote(void **state)
{
	struct sample *s = sample_server();
	char *text;

	(void)state;
	histogram_free(&s->rows[3].direct);
	text = render(s, (struct text_options){ 0 });
	assert_fits(text, 80);
	assert_has(text, "\xe2\x80\x93\xc2\xb9");
	assert_has(text, "\xc2\xb9 the end of these switches was not seen\n");
	free(text);
	sample_free(s);
}

static void hostile_names_stay_names(void **state)
{
	struct sample *s = sample_server();
	char *text;

	(void)state;
	make_hostile(s);
	text = render(s, (struct text_options){ 0 });
	assert_fits(text, 80); /* which also refuses control characters and invalid UTF-8 */
	assert_has(text, "$'\\x1b]0;owned\\x07\\x1b[2J'"); /* the command, for a shell */
	assert_has(text, "\\xff\\xfe");
	assert_has(text, "who woke whom");
	assert_has(text, "killed by SIGSEGV: ");
	assert_lacks(text, "\xe2\x80\xae");
	free(text);
	assert_fits_everywhere(s);
	sample_free(s);
}

static void huge_figures_fit(void **state)
{
	struct sample *s = sample_server();

	(void)state;
	make_huge(s);
	s->report.context.pick_measured = true;
	assert_fits_everywhere(s);
	make_hostile(s);
	assert_fits_everywhere(s);
	sample_free(s);
}

/* Nothing ran, nothing was seen. */
static void an_empty_report(void **state)
{
	struct sample *s = sample_empty();
	char *text;

	(void)state;
	s->report.context.exit_code = -1;
	s->report.context.exit_signal = SIGKILL;
	s->report.context.direct_end = "finish_task_switch";
	s->report.context.probe_ns = NS_UNKNOWN;
	s->report.context.probe_why = "too few samples";
	text = render(s, (struct text_options){ 0 });
	assert_fits(text, 80);
	assert_has(text, "killed by SIGKILL");
	assert_has(text, "too few samples");
	assert_lacks(text, "nan");
	assert_lacks(text, "who switches");
	free(text);
	sample_free(s);
}

static void price_needs_both_levels_and_a_difference(void **state)
{
	struct sample *s = sample_server();
	char *text;

	(void)state;
	for (unsigned int off = 0; off <= 10; off += 10) { /* one step of the clock is none */
		histogram_free(&s->rows[2].direct);
		fill(&s->rows[2].direct, 300 + off, 1000);
		text = render(s, (struct text_options){ 0 });
		assert_has(text, "No difference seen between a process-level switch, 3");
		free(text);
	}
	histogram_free(&s->rows[2].direct);
	fill(&s->rows[2].direct, 330, 1000);
	text = render(s, (struct text_options){ 0 });
	assert_has(text, "A process-level switch costs 1.09 \xc3\x97 a thread-level one here");
	free(text);
	histogram_free(&s->rows[2].direct);
	fill(&s->rows[2].direct, 375, 99);
	text = render(s, (struct text_options){ 0 });
	assert_lacks(text, "process-level switch");
	free(text);
	sample_free(s);
}

/* Many equals share a line; what has no room is summed up. */
static void many_equals_are_one_line(void **state)
{
	struct sample *s = sample_server();
	char *text;

	(void)state;
	for (uint32_t i = 0; i < 40; i++)
		add_task(s, 5000 + i, add_process(s, 5000 + i, 1, "worker"), "worker", 100);
	text = render(s, (struct text_options){ 0 });
	assert_fits(text, 80);
	assert_has(text, "worker \xc3\x97"
			 "40");
	free(text);
	text = render(s, (struct text_options){ .top = 2 });
	assert_fits(text, 80);
	assert_has(text, " others");
	free(text);
	sample_free(s);
}

static void threads_get_a_table_of_their_own(void **state)
{
	struct sample *s = sample_empty();
	uint32_t process;
	char *text;

	(void)state;
	set_context(s);
	process = add_process(s, 10, 0, "java");
	add_task(s, 10, process, "java", 10);
	text = render(s, (struct text_options){ 0 });
	assert_lacks(text, "busiest tasks");
	free(text);
	for (uint32_t i = 0; i < 30; i++)
		add_task(s, 11 + i, process, "java", 100 + i);
	text = render(s, (struct text_options){ 0 });
	assert_fits(text, 80);
	assert_has(text, "busiest tasks");
	assert_has(text, "21 others"); /* all of one name: the ten first stay apart */
	free(text);
	sample_free(s);
}

/* Servers of many equal threads: their processes were told already. */
static void equal_threads_of_several_processes_stay_apart(void **state)
{
	struct sample *s = sample_empty();
	char *text;

	(void)state;
	set_context(s);
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t process = add_process(s, 10 + 100 * i, 0, "apache2");

		for (uint32_t j = 0; j < 8; j++)
			add_task(s, 10 + 100 * i + j, process, "apache2", 100 + j);
	}
	text = render(s, (struct text_options){ .width = 120 });
	assert_has(text, "  117  apache2");
	assert_has(text, "6 others");
	assert_lacks(text, "apache2 \xc3\x97");
	free(text);
	set_comm(s->tasks[1].comm, "listener");
	text = render(s, (struct text_options){ 0 });
	assert_has(text, "apache2 \xc3\x97"
			 "7");
	free(text);
	sample_free(s);
}

/* All of them one, with the reason. */
static void names_that_are_not_known(void **state)
{
	struct sample *s = sample_server();
	char *text;

	(void)state;
	set_comm(s->pairs[1].prev, "");
	set_comm(s->wakes[0].wakee, "postgres");
	s->wakes[0].waker_class = TASK_KERNEL;
	s->wakes[0].count = 12;
	s->report.wake_pair_count = 1;
	s->report.context.waking_measured = true;
	text = render(s, (struct text_options){ 0 });
	assert_has(text, "\xe2\x80\x93\xc2\xb9 (foreign)  ");
	assert_has(text, "\xe2\x80\x93\xc2\xb9 (kernel)  ");
	assert_has(text, "\xc2\xb9 ended before their names could be read\n");
	free(text);
	assert_fits_everywhere(s);
	sample_free(s);
}

/* An item of the list by level is not torn: each with its "to", its name and its time. */
static void items_are_not_torn(void **state)
{
	struct sample *s = sample_server();
	char *text;

	(void)state;
	for (unsigned int level = 0; level < ROW_LEVELS; level++)
		s->report.tax.switching_by_level[level] = 100000001 + level * 1000000;
	for (unsigned int width = 60; width < 110; width++) {
		text = render(s, (struct text_options){ .width = width });
		assert_fits(text, (int)width);
		assert_has(text, "to kernel 105 ms");
		assert_has(text, "to foreign 106 ms");
		assert_has(text, "exiting 103 ms");
		free(text);
	}
	sample_free(s);
}

static void the_faults(void **state)
{
	struct sample *s = sample_server();
	char *text = render(s, (struct text_options){ .width = 200 });

	(void)state;
	assert_has(text, "memory faults: 129,000, 53,474 a second\n");
	assert_has(text, "  process  cow-fork     minor    8,000   6.2 %          0          0");
	assert_has(text, "  process  file         minor      960   0.7 %         60          0");
	assert_has(text, "  thread   first-touch  minor       30  <0.1 %          0         30");
	assert_has(text, "  work     file         major       10  <0.1 %");
	assert_has(text, "in kernel: inside a system call \xc2\xb7 shared mm: in an address space");
	assert_has(text, "  800 us of the time was spent off the CPU (for a disk, a lock, a turn): "
			 "in no sum below\n");
	assert_has(text, "fork debt: 8,900 faults, 15.9 ms: in children 7,000 writes to shared "
			 "pages and 900 refaults, in parents 1,000 writes to shared pages\n");
	assert_has(text, "faults: from the exception to perf's page-faults, the probes in between");
	assert_has(text, "  thread stack                                            30      0");
	assert_lacks(text, "least");
	free(text);
	s->report.context.cow_detail = true;
	s->report.debt_parents.refaults = 0;
	s->report.debt_children.cow = s->report.debt_children.cow_copied = 1;
	text = render(s, (struct text_options){ .width = 120 });
	assert_has(text, "in children 1 write to shared pages (1 copied) and 900 refaults");
	assert_has(text, "1,000 writes to shared pages (600 copied)\n");
	free(text);
	/* a server of one task, whose faults are all its own */
	memset(&s->report.debt_children, 0, sizeof(s->report.debt_children));
	memset(&s->report.debt_parents, 0, sizeof(s->report.debt_parents));
	for (unsigned int i = 0; i < FAULT_ROWS; i++) {
		s->faults[i].kernel = s->faults[i].many = false;
		s->faults[i].off_ns = 0;
	}
	text = render(s, (struct text_options){ 0 });
	assert_lacks(text, "fork debt");
	assert_lacks(text, "shared mm: ");
	assert_lacks(text, "in kernel: ");
	assert_lacks(text, "off the CPU");
	free(text);
	assert_fits_everywhere(s);
	sample_free(s);
}

/* Nothing of them is said when nobody asked; when they are not to be had, why. */
/* Where they were is told now and then, or not at all. */
static void faults_in_unknown_places(void **state)
{
	struct sample *s = sample_server();
	char *text;

	(void)state;
	s->faults[4].cause = CAUSE_UNKNOWN;
	s->report.tax.faulting_by_cause[CAUSE_UNKNOWN] = 144000000;
	s->report.tax.faulting_by_cause[CAUSE_WORK] = 61000;
	s->report.context.snapshots_why = "by --without perf_mappings";
	text = render(s, (struct text_options){ .width = 200 });
	assert_has(text, "  work     file         major       10");
	assert_has(text, "  \xe2\x80\x93        first-touch  minor  120,000");
	assert_has(text, "from /proc/PID/maps, read now and then (perf's mappings: by --without "
			 "perf_mappings)");
	assert_has(text,
		   "faulting: process 15.9 ms, thread 39.0 us, work 61.0 us, unknown 144 ms\n");
	assert_has(text, "fork debt: 8,900 faults");
	assert_has(text, "where it faulted");
	free(text);
	assert_fits_everywhere(s);
	s->report.context.regions_why = "by --without perf_mappings";
	s->report.context.snapshots_why = NULL;
	text = render(s, (struct text_options){ .width = 200 });
	assert_has(
		text,
		"where they were is unknown (by --without perf_mappings), so what caused them is "
		"\xe2\x80\x93, and so is the fork debt\n");
	assert_lacks(text, "/proc/PID/maps");
	assert_lacks(text, "fork debt: ");
	assert_lacks(text, "where it faulted");
	free(text);
	assert_fits_everywhere(s);
	sample_free(s);
}

static void without_faults(void **state)
{
	struct sample *s = sample_server();
	char *text;

	(void)state;
	make_without_faults(s);
	text = render(s, (struct text_options){ 0 });
	assert_fits(text, 80);
	assert_lacks(text, "fault");
	assert_has(text, "tax: 6.3 % of the run time: switching 150 ms of 2.38 s\n");
	free(text);
	s->report.context.fault_why = "no hook at a fault can be used here";
	text = render(s, (struct text_options){ 0 });
	assert_fits(text, 80);
	assert_has(text, "memory faults: \xe2\x80\x93\xc2\xb9\n  \xc2\xb9 no hook at a fault");
	assert_has(text, "faulting: \xe2\x80\x93\xc2\xb9, not in it\n");
	assert_lacks(text, "where it faulted");
	assert_lacks(text, "fork debt");
	free(text);
	assert_fits_everywhere(s);
	sample_free(s);
}

/* Some of them, or all, have no time. */
static void faults_without_time(void **state)
{
	struct sample *s = sample_server();
	char *text;

	(void)state;
	histogram_free(&s->faults[3].time);
	text = render(s, (struct text_options){ 0 });
	assert_fits(text, 80);
	assert_has(text, "\xc2\xb9 their start, or a switch in them, was not seen\n");
	free(text);
	for (unsigned int i = 0; i < FAULT_ROWS; i++)
		histogram_free(&s->faults[i].time);
	s->report.context.fault_end = NULL;
	s->report.context.fault_why = "by --without perf_fault_min";
	s->report.tax.faulting_ns = NS_UNKNOWN;
	text = render(s, (struct text_options){ 0 });
	assert_fits(text, 80);
	assert_has(text, " time\xc2\xb9 ");
	assert_has(text, "\xc2\xb9 by --without perf_fault_min\n");
	assert_has(text, "fork debt: 8,900 faults: in children");
	assert_has(text, "tax: 6.3 % of the run time: switching 150 ms of 2.38 s\n");
	assert_has(text, "faulting: \xe2\x80\x93\xc2\xb9, not in it\n");
	assert_lacks(text, " 0 ns");
	free(text);
	assert_fits_everywhere(s);
	sample_free(s);
}

/* What the faults cost stands there also when the switches have no price. */
static void faulting_without_switching(void **state)
{
	struct sample *s = sample_server();
	char *text;

	(void)state;
	s->report.context.direct_end = NULL;
	s->report.context.direct_why = "no hook";
	s->report.tax.switching_ns = NS_UNKNOWN;
	text = render(s, (struct text_options){ 0 });
	assert_has(text, "faulting: process 15.9 ms, thread 39.0 us, work 144 ms\n");
	free(text);
	sample_free(s);
}

/* A path that is too long keeps its end. */
static void long_paths_keep_their_end(void **state)
{
	struct sample *s = sample_server();
	char *text, *name = malloc(5000);

	(void)state;
	assert_non_null(name);
	text = render(s, (struct text_options){ .width = 60 });
	assert_has(text, "  program      \xe2\x80\xa6/15/bin/postgres ");
	free(text);
	memset(name, 'x', 4999);
	name[4999] = '\0';
	for (size_t i = 0; i < 4000; i += 100)
		name[i] = '/';
	s->regions[2].name = name;
	s->regions[3].name = name + 4900;
	text = render(s, (struct text_options){ 0 });
	assert_has(text, " \xe2\x80\xa6/xxx");
	assert_has(text, " xxx");
	free(text);
	assert_fits_everywhere(s);
	free(name);
	sample_free(s);
}

static void more_regions_than_room(void **state)
{
	struct sample *s = sample_server();
	char *text;

	(void)state;
	for (unsigned int i = 0; i < 12; i++)
		add_region(s, REGION_FILE, "/data/many", 5, 1000);
	text = render(s, (struct text_options){ .top = 6 });
	assert_has(text, "  and 11 more\n");
	free(text);
	sample_free(s);
}

static void crashes_are_told(void **state)
{
	struct sample *s = sample_server();
	char *text;

	(void)state;
	for (unsigned int i = 2; i <= 4; i++)
		s->processes[i].crashed_by = SIGKILL;
	s->processes[6].crashed_by = SIGSEGV;
	s->processes[6].tasks_lost = 1;
	text = render(s, (struct text_options){ 0 });
	assert_has(text, "killed by SIGKILL: postgres \xc3\x97"
			 "3\n");
	assert_has(text, "killed by SIGSEGV: pgbench (pid 4100), and 1 task with it\n");
	free(text);
	sample_free(s);
}

static void a_full_disk_is_an_error(void **state)
{
	struct text_options options = { .width = 80 };
	struct sample *s = sample_server();
	FILE *out = fopen("/dev/full", "w");

	(void)state;
	if (out) {
		assert_int_equal(text_write(&s->report, out, &options), -EIO);
		fclose(out);
	}
	sample_free(s);
}

static void many_footnotes_and_long_words(void **state)
{
	struct sample *s = sample_server();
	char *word = malloc(5000), *text;

	(void)state;
	assert_non_null(word);
	memset(word, 'x', 4999);
	word[4999] = '\0';
	s->command[3] = word;
	s->why[0] = word;
	text = render(s, (struct text_options){ .apart = true });
	assert_fits(text, 80);
	assert_int_equal(text[0], '\n');
	assert_has(text, "\xe2\x80\xa6\n"); /* the command was cut */
	free(text);
	free(word);
	sample_free(s);
}

/* For a look at it: `test_text --print [lossy|unknown|faultless|hostile|huge] [WIDTH]`. */
static int print(int argc, char **argv)
{
	const char *kind = argc > 2 ? argv[2] : "";
	struct text_options options = { .colour = true };
	struct sample *s = sample_server();
	int err;

	options.width = argc > 3 ? (unsigned int)strtoul(argv[3], NULL, 10) : 80;
	if (!strcmp(kind, "lossy"))
		make_lossy(s);
	else if (!strcmp(kind, "unknown"))
		make_unknown(s);
	else if (!strcmp(kind, "faultless"))
		make_without_faults(s);
	else if (!strcmp(kind, "hostile"))
		make_hostile(s);
	else if (!strcmp(kind, "huge"))
		make_huge(s);
	err = text_write(&s->report, stdout, &options);
	sample_free(s);
	return !!err;
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_complete_run),
		cmocka_unit_test(completeness_comes_first),
		cmocka_unit_test(colour_adds_nothing_else),
		cmocka_unit_test(colours_do_not_leak),
		cmocka_unit_test(a_run_with_losses),
		cmocka_unit_test(what_does_not_add_up_is_said),
		cmocka_unit_test(the_unknown_is_a_dash_with_a_reason),
		cmocka_unit_test(a_single_unknown_has_its_own_footnote),
		cmocka_unit_test(hostile_names_stay_names),
		cmocka_unit_test(huge_figures_fit),
		cmocka_unit_test(an_empty_report),
		cmocka_unit_test(price_needs_both_levels_and_a_difference),
		cmocka_unit_test(many_equals_are_one_line),
		cmocka_unit_test(threads_get_a_table_of_their_own),
		cmocka_unit_test(equal_threads_of_several_processes_stay_apart),
		cmocka_unit_test(names_that_are_not_known),
		cmocka_unit_test(items_are_not_torn),
		cmocka_unit_test(the_faults),
		cmocka_unit_test(faults_in_unknown_places),
		cmocka_unit_test(without_faults),
		cmocka_unit_test(faults_without_time),
		cmocka_unit_test(faulting_without_switching),
		cmocka_unit_test(long_paths_keep_their_end),
		cmocka_unit_test(more_regions_than_room),
		cmocka_unit_test(crashes_are_told),
		cmocka_unit_test(a_full_disk_is_an_error),
		cmocka_unit_test(many_footnotes_and_long_words),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		setlocale(LC_CTYPE, "");
	if (argc > 1 && !strcmp(argv[1], "--print"))
		return print(argc, argv);
	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
