// SPDX-License-Identifier: GPL-2.0
/*
 * test_session.c - trace/session: every choice of hooks that trace/hooks can make is loaded, attached
 * and armed around a real program, whose switches must come out as the kernel counts them.
 *
 * Choices that this kernel does not have are skipped, naming what is missing: another kernel has them
 * (tests/vm). With the argument "brief" what is beside the mode and the end is tried all off and all on
 * only, with "load" or "spin" this is the traced program itself; another argument is a pattern: only the
 * tests of such names are run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "config.h"
#include "held.h"
#include "model/model.h"
#include "tasktax.skel.h"
#include "trace/session.h"
#include "trace/target.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PATIENCE_NS 20000000000ull /* only a failure takes that long */
#define RING_SIZE ((size_t)256 << 10)
#define NAME "test load"

/* --- the traced program: all that a task can do to the tables, then it stays --- */

/* Sleeps this often. A nap during which its time ran out before it was asleep is none. */
static void nap(int times)
{
	const struct timespec time = { .tv_nsec = 20000 };
	struct rusage usage;
	long slept;

	getrusage(RUSAGE_THREAD, &usage);
	slept = usage.ru_nvcsw + times;
	while (usage.ru_nvcsw < slept) {
		nanosleep(&time, NULL);
		getrusage(RUSAGE_THREAD, &usage);
	}
}

static void *in_thread(void *unused)
{
	nap(5);
	return unused;
}

/* A frame of its own: what the child must not clobber is not in it. */
static __attribute__((noinline)) pid_t vforked(void)
{
	pid_t pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork): it is tested */

	if (!pid)
		_exit(0);
	return pid;
}

static volatile sig_atomic_t go_on;

static void on_signal(int number)
{
	(void)number;
	go_on = 1;
}

/* Says that it runs, and stays on its CPU until it gets the signal. */
static int spin(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	if (sigaction(SIGUSR1, &action, NULL) || write(STDOUT_FILENO, "", 1) != 1)
		return 1;
	while (!go_on)
		;
	return 0;
}

static int load(void)
{
	pthread_t thread;
	pid_t pid;

	prctl(PR_SET_NAME, NAME);
	if (pthread_create(&thread, NULL, in_thread, NULL) || pthread_join(thread, NULL))
		return 1;
	pid = fork();
	if (!pid) {
		nap(5);
		_exit(0);
	}
	if (waitpid(pid, NULL, 0) != pid)
		return 1;
	pid = vforked();
	if (waitpid(pid, NULL, 0) != pid)
		return 1;
	nap(10);
	if (write(STDOUT_FILENO, "", 1) != 1)
		return 1;
	for (;;)
		pause();
}

/* --- what hooks.c is to choose --- */

struct choice {
	bool typed;
	enum switch_end end;
	bool pick, waking, rename, iter;
};

static const char *choice_name(const struct choice *choice)
{
	static const char *const ends[] = { "none", "by tracepoint", "by kprobe" };
	static char name[128];

	snprintf(name, sizeof(name), "%s, end %s%s%s%s%s", choice->typed ? "typed" : "raw",
		 ends[choice->end], choice->pick ? ", pick" : "", choice->waking ? ", waking" : "",
		 choice->rename ? ", rename" : "", choice->iter ? ", iter" : "");
	return name;
}

/* What to leave out of the features, so that hooks.c comes to this choice. */
static size_t choice_without(const struct choice *choice, const char **without)
{
	size_t count = 0;

	if (!choice->typed)
		without[count++] = "task_storage"; /* sched_entry_tp has no raw variant and stays */
	if (choice->end != SWITCH_END_TRACEPOINT) {
		without[count++] = "sched_exit_tp";
		without[count++] = "sched_exit_tp_raw";
	}
	if (choice->end == SWITCH_END_NONE)
		without[count++] = "finish_task_switch";
	if (!choice->rename) {
		without[count++] = "task_rename";
		without[count++] = "task_rename_raw";
	}
	if (!choice->iter)
		without[count++] = "iter_task";
	return count;
}

static struct hooks choose(const struct choice *choice, struct features *features)
{
	const struct wanted wanted = { .pick = choice->pick, .wakers = choice->waking };
	const char *without[FEATURE_COUNT];
	size_t count = choice_without(choice, without);
	struct fail fail = { 0 };
	struct hooks hooks;

	if (features_probe(features, hooks_features(&wanted), without, count, &fail) ||
	    hooks_choose(&hooks, features, &wanted, &fail))
		fail_msg("%s: %s", choice_name(choice), fail.text);
	return hooks;
}

static bool same(const struct hooks *hooks, const struct choice *choice)
{
	return hooks->typed == choice->typed && hooks->end == choice->end &&
	       hooks->pick == choice->pick && hooks->waking == choice->waking &&
	       hooks->rename == choice->rename && hooks->iter == choice->iter;
}

/* --- one session, from open to free --- */

/* What came out of the rings, before the model made anything of it. */
struct records {
	uint64_t kind[EVENT_MISSED + 1];
	uint64_t priced, picked, waits, waits_of_prev;
};

struct trial {
	const struct choice *choice;
	bool running; /* the program runs already when recording starts; else its exec is recorded */
	struct hooks hooks;
	struct session *session;
	struct consumer *consumer;
	struct model *model;
	const struct report *report;
	struct records records;
	struct target target;
	int out; /* the traced program says here that it has done all */
	struct held held;
};

static struct trial trial_under_way;

/* Every program that a session has loaded, by name: what the last test looks at. */
static char loaded[64][64];
static size_t loaded_count;

static void note_loaded(const struct held *held)
{
	for (unsigned int i = 0; i < held->programs; i++) {
		bool known = false;
		char name[64];

		assert_true(held_name(held->program[i], name, sizeof(name)));
		for (size_t k = 0; k < loaded_count; k++)
			known |= !strcmp(loaded[k], name);
		assert_true(known || loaded_count < COUNT(loaded));
		if (!known)
			memcpy(loaded[loaded_count++], name, sizeof(name));
	}
}

#define check(trial, condition)                                                               \
	do {                                                                                  \
		if (!(condition))                                                             \
			fail_msg("%s: not so: %s", choice_name((trial)->choice), #condition); \
	} while (0)

static int take(void *context, const struct event_header *event)
{
	struct trial *trial = context;
	struct records *records = &trial->records;
	const struct event_switch *record = (const void *)event;

	if (event->kind <= EVENT_MISSED)
		records->kind[event->kind]++;
	if (event->kind == EVENT_SWITCH) {
		records->priced += record->direct_ns != SWITCH_NS_UNKNOWN;
		records->picked += record->pick_ns && !(event->flags & SWITCH_WAIT_WIDE);
		records->waits += !!(event->flags & SWITCH_WAIT);
		records->waits_of_prev += !!(event->flags & SWITCH_WAIT_PREV);
	}
	return model_event(trial->model, event);
}

static void start_target(struct trial *trial)
{
	char *const argv[] = { "/proc/self/exe", trial->running ? "spin" : "load", NULL };
	struct fail fail = { 0 };
	struct launch launch = { .argv = argv };
	sigset_t mask;
	int pipes[2];

	sigemptyset(&mask);
	launch.mask = &mask;
	assert_int_equal(pipe(pipes), 0);
	trial->out = pipes[0];
	launch.stdout_fd = pipes[1];
	if (target_hold(&trial->target, &launch, &fail))
		fail_msg("%s", fail.text);
	close(pipes[1]);
}

static void open_trial(struct trial *trial, const struct choice *choice, const struct hooks *hooks,
		       bool running)
{
	struct fail fail = { 0 };
	const char *why;
	uint64_t probe;

	*trial = (struct trial){ .choice = choice, .hooks = *hooks, .running = running };
	trial->session = session_open(hooks, RING_SIZE, &fail);
	if (!trial->session)
		fail_msg("%s: %s", choice_name(choice), fail.text);
	probe = session_calibrate(trial->session, &why);
	check(trial, (probe == NS_UNKNOWN) == (choice->end == SWITCH_END_NONE));
	check(trial, (why != NULL) == (choice->end == SWITCH_END_NONE));
	trial->model = model_new(probe, NS_UNKNOWN);
	assert_non_null(trial->model);
	trial->consumer = session_consumer(trial->session, take, trial);
	assert_non_null(trial->consumer);
	start_target(trial);
	if (session_mark_root(trial->session, trial->target.pid, &fail) ||
	    session_attach(trial->session, &fail))
		fail_msg("%s: %s", choice_name(choice), fail.text);
	trial->held = held_now();
	note_loaded(&trial->held);
}

/* Recording starts before the program's exec, or while it spins. */
static void arm(struct trial *trial)
{
	struct fail fail = { 0 };
	char byte;

	if (trial->running) {
		assert_int_equal(target_release(&trial->target, &fail), 0);
		assert_int_equal(read(trial->out, &byte, 1), 1);
	}
	session_arm(trial->session);
	if (trial->running)
		assert_int_equal(kill(trial->target.pid, SIGUSR1), 0);
	else
		assert_int_equal(target_release(&trial->target, &fail), 0);
}

/* Until the program has done all and sleeps for good, and everybody who has exited is accounted for. */
static void run_load(struct trial *trial)
{
	uint64_t patience = clock_now_ns() + PATIENCE_NS;
	struct pollfd done = { .fd = trial->out, .events = POLLIN };
	struct event_newtask root = {
		.h = { clock_now_ns(), sizeof(root), EVENT_NEWTASK, 0, 0 },
		.task = ROOT_TASK,
		.pid = (u32)trial->target.pid,
		.tgid = (u32)trial->target.pid,
		.mm = ROOT_MM,
	};

	assert_int_equal(model_event(trial->model, &root.h), 0);
	arm(trial);
	while (poll(&done, 1, 1) == 0 && clock_now_ns() < patience)
		assert_int_equal(consumer_drain(trial->consumer, false), 0);
	check(trial, done.revents == POLLIN);
	while (trial->records.kind[EVENT_END] < 3 && clock_now_ns() < patience)
		assert_int_equal(consumer_drain(trial->consumer, true), 0);
}

/* What /proc says of a task that sleeps, and so does not change. */
struct kernel_view {
	uint64_t voluntary, involuntary, sum_exec, run_delay;
};

static char sleep_state(pid_t pid, struct kernel_view *view)
{
	char path[64], line[256], state = '?';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, "State:\t", 7))
			state = line[7];
		number_after(line, "voluntary_ctxt_switches:", &view->voluntary);
		number_after(line, "nonvoluntary_ctxt_switches:", &view->involuntary);
	}
	fclose(file);
	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	fclose(file);
	assert_true(number_after(line, "", &view->sum_exec));
	assert_true(number_after(strchr(line, ' '), " ", &view->run_delay));
	return state;
}

/* Asleep in pause(), and so off its CPU for good: the state alone is set before the switch-out. */
static void wait_for_sleep(const struct trial *trial, struct kernel_view *view)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	uint64_t patience = clock_now_ns() + PATIENCE_NS;
	struct kernel_view before = { 0 };
	int calm = 0;

	while (calm < 3 && clock_now_ns() < patience) {
		calm = sleep_state(trial->target.pid, view) == 'S' &&
				       !memcmp(view, &before, sizeof(before)) ?
			       calm + 1 :
			       0;
		before = *view;
		nanosleep(&moment, NULL);
	}
	check(trial, calm == 3);
}

static void close_trial(struct trial *trial)
{
	struct losses lost;
	struct run_context context = {
		.wait_known = trial->hooks.run_delay,
		.direct_end = trial->hooks.direct_end,
		.pick_measured = trial->hooks.pick,
		.waking_measured = trial->hooks.waking,
	};

	session_disarm(trial->session);
	assert_int_equal(consumer_drain(trial->consumer, true), 0);
	assert_int_equal(session_close(trial->session, take, trial), 0);
	lost = session_losses(trial->session);
	lost.unknown += consumer_bad_records(trial->consumer);
	trial->report = model_finish(trial->model, &context, &lost);
	assert_non_null(trial->report);
}

/* Whatever there is of a trial: it may have failed anywhere. */
static void release(struct trial *trial)
{
	if (trial->target.pid > 0) {
		kill(trial->target.pid, SIGKILL);
		waitpid(trial->target.pid, NULL, 0);
		target_close(&trial->target);
		close(trial->out);
	}
	consumer_free(trial->consumer);
	session_free(trial->session);
	model_free(trial->model);
}

static void free_trial(struct trial *trial)
{
	struct trial was = *trial;
	struct held after;

	release(trial);
	*trial = (struct trial){ 0 };
	after = held_now();
	check(&was, after.programs == 0 && after.links == 0);
	check(&was, held_left_at_last(&was.held) == 0);
}

/* --- what must come of it --- */

/* A link for each hook; the kernel gives kprobes through the perf PMU one only since 5.15. */
static void check_held(const struct trial *trial)
{
	const struct choice *choice = trial->choice;
	unsigned int hooks = 4 + (choice->end != SWITCH_END_NONE) + choice->pick + choice->waking +
			     choice->rename;
	unsigned int calibration = choice->end != SWITCH_END_NONE ? 2 : 0;

	check(trial, trial->held.links == hooks);
	check(trial, trial->held.programs == hooks + calibration + choice->iter);
}

static void check_records(const struct trial *trial)
{
	const struct choice *choice = trial->choice;
	const struct records *records = &trial->records;
	const uint64_t *kind = records->kind;

	check(trial, kind[EVENT_SWITCH] >= 40); /* 20 naps, each out and in */
	check(trial, kind[EVENT_NEWTASK] == 3 && kind[EVENT_EXIT] == 3);
	check(trial, kind[EVENT_EXEC] == !trial->running);
	check(trial, (kind[EVENT_RENAME] > 0) == choice->rename);
	check(trial, (kind[EVENT_WAKING] >= 20) == choice->waking);
	check(trial, (records->priced > 0) == (choice->end != SWITCH_END_NONE));
	check(trial, (records->picked > 0) == choice->pick);
	check(trial, records->waits > 0);
	check(trial, (records->waits_of_prev > 0) == (choice->end == SWITCH_END_NONE));
}

static void check_losses(const struct trial *trial)
{
	const struct losses *lost = &trial->report->lost;

	check(trial, lost->switches == 0 && lost->waking == 0);
	check(trial, lost->lifecycle == 0 && lost->untracked == 0);
	check(trial, lost->recursion == 0 && lost->unknown == 0);
	check(trial, trial->report->complete);
}

static void check_root(const struct trial *trial, const struct kernel_view *kernel)
{
	const struct task_entry *root = &trial->report->tasks[ROOT_TASK];
	const struct task_counters *last = &root->account.last;
	const char *comm = trial->choice->rename ? NAME : trial->running ? "" : "exe";

	check(trial, root->pid == (uint32_t)trial->target.pid);
	check(trial, !strcmp(root->comm, comm));
	if (trial->choice->typed && !trial->choice->iter) {
		check(trial, !root->ended);
		return;
	}
	check(trial, root->ended && root->closed);
	check(trial, last->nvcsw == kernel->voluntary);
	check(trial, last->nivcsw == kernel->involuntary);
	check(trial, last->sum_exec == kernel->sum_exec);
	check(trial, last->run_delay == kernel->run_delay);
}

static void check_report(const struct trial *trial)
{
	const struct report *report = trial->report;
	const struct reconciliation *sum = &report->reconcile;
	bool all = !trial->choice->typed || trial->choice->iter; /* else not the root's account */
	uint64_t checked = all ? 4 : 3, naps = all ? 20 : 10;

	check(trial, report->thread_count == 4 && report->process_count == 3);
	check(trial, report->created[CREATED_THREAD] == 1);
	check(trial, report->created[CREATED_PROCESS] == 1);
	check(trial, report->created[CREATED_VFORK] == 1);
	check(trial, sum->tasks_off == 0);
	check(trial, sum->tasks_checked == checked && sum->tasks_unread == !all);
	check(trial, sum->ok == all);
	check(trial, sum->switches.seen == sum->switches.kernel);
	check(trial, sum->switches.seen >= naps);
	check(trial, sum->wait_seen_ns == sum->wait_kernel_ns);
}

static void try(const struct choice *choice, const struct hooks *hooks, bool running)
{
	struct trial *trial = &trial_under_way;
	struct kernel_view kernel = { 0 };

	open_trial(trial, choice, hooks, running);
	run_load(trial);
	wait_for_sleep(trial, &kernel);
	close_trial(trial);
	check_held(trial);
	check_records(trial);
	check_losses(trial);
	check_root(trial, &kernel);
	check_report(trial);
	free_trial(trial);
}

/* After a failed test: the next one starts with nothing attached. */
static int clean_up(void **state)
{
	(void)state;
	release(&trial_under_way);
	trial_under_way = (struct trial){ 0 };
	return 0;
}

/* --- the tests --- */

/* The kernel's own word on why a choice cannot be had, or NULL. */
static const char *missing(const struct choice *choice, struct features *features)
{
	enum feature_id end[] = {
		[SWITCH_END_TRACEPOINT] = choice->typed ? FEATURE_SCHED_EXIT_TP :
							  FEATURE_SCHED_EXIT_TP_RAW,
		[SWITCH_END_KPROBE] = FEATURE_FINISH_TASK_SWITCH,
	};
	struct hooks hooks = choose(choice, features);

	if (choice->end != SWITCH_END_NONE && hooks.end != choice->end)
		return features->feature[end[choice->end]].why;
	return NULL;
}

#define OPTIONAL 4
#define ALL_ON ((1 << OPTIONAL) - 1)

static bool brief;

/* All that can be on or off beside the mode and the end, which the test's state gives. */
static void every_choice(void **state)
{
	const struct choice *given = *state;
	static struct features features;

	if (missing(given, &features))
		skip();
	for (int bits = 0; bits <= ALL_ON; bits += brief ? ALL_ON : 1) {
		bool iter = bits & 4, pick = bits & 8;
		struct choice choice = *given;
		struct hooks hooks;

		choice.waking = bits & 1;
		choice.rename = bits & 2;
		choice.iter = iter && choice.typed;
		choice.pick = pick;
		hooks = choose(&choice, &features);
		choice.pick = pick && features_has(&features, FEATURE_SCHED_ENTRY_TP);
		if (!brief && (choice.iter != iter || choice.pick != pick))
			continue; /* cannot be on here; it has been tried off */
		if (!same(&hooks, &choice))
			fail_msg("%s: not what hooks_choose() chose", choice_name(&choice));
		try(&choice, &hooks, false);
	}
}

/* The first that is seen of the root is that it leaves its CPU. */
static void running_at_the_start(void **state)
{
	static const struct choice choices[] = {
		{ .typed = true, .end = SWITCH_END_NONE, .iter = true },
		{ .typed = false, .end = SWITCH_END_NONE },
		{ .typed = true, .end = SWITCH_END_TRACEPOINT, .iter = true },
		{ .typed = false, .end = SWITCH_END_TRACEPOINT },
	};
	static struct features features;

	(void)state;
	for (size_t i = 0; i < COUNT(choices); i++) {
		struct hooks hooks = choose(&choices[i], &features);

		if (same(&hooks, &choices[i]))
			try(&choices[i], &hooks, true);
	}
}

/* Which feature a program is for: that of its section, but for those that only calibrate another. */
static enum feature_id feature_of(const struct bpf_program *program)
{
	const char *section = bpf_program__section_name(program), *hook = strchr(section, '/');
	char name[64];

	assert_non_null(hook);
	if (!strcmp(bpf_program__name(program), "calibrate_stop"))
		return FEATURE_SCHED_EXIT_TP;
	if (!strcmp(bpf_program__name(program), "calibrate_stop_raw"))
		return FEATURE_SCHED_EXIT_TP_RAW;
	section += *section == '?';
	if (!strncmp(section, "kprobe/", 7))
		return FEATURE_FINISH_TASK_SWITCH;
	if (!strcmp(section, "iter/task"))
		return FEATURE_ITER_TASK;
	snprintf(name, sizeof(name), "%s%s", hook + 1,
		 strncmp(section, "raw_tp/", 7) ? "" : "_raw");
	return features_find(name);
}

static bool was_loaded(const char *name)
{
	for (size_t i = 0; i < loaded_count; i++)
		if (!strcmp(loaded[i], name))
			return true;
	return false;
}

/* Runs last. A program is left out only where the kernel has not what it hangs on. */
static void no_program_is_untested(void **state)
{
	struct tasktax_bpf *skeleton = tasktax_bpf__open();
	static struct features features;
	struct bpf_program *program;
	struct fail fail = { 0 };

	(void)state;
	assert_non_null(skeleton);
	assert_int_equal(features_probe(&features, FEATURES_ALL, NULL, 0, &fail), 0);
	bpf_object__for_each_program(program, skeleton->obj)
	{
		const char *name = bpf_program__name(program);
		enum feature_id feature = feature_of(program);

		if (feature == FEATURE_COUNT)
			fail_msg("%s: no feature of trace/features stands for it", name);
		if (features_has(&features, feature) && !was_loaded(name))
			fail_msg("%s: no test loads it", name);
		if (!features_has(&features, feature) && was_loaded(name))
			fail_msg("%s: loaded, though %s", name, features.feature[feature].why);
	}
	tasktax_bpf__destroy(skeleton);
}

int main(int argc, char **argv)
{
	static struct choice choices[] = {
		{ .typed = true, .end = SWITCH_END_TRACEPOINT },
		{ .typed = true, .end = SWITCH_END_KPROBE },
		{ .typed = true, .end = SWITCH_END_NONE },
		{ .typed = false, .end = SWITCH_END_TRACEPOINT },
		{ .typed = false, .end = SWITCH_END_KPROBE },
		{ .typed = false, .end = SWITCH_END_NONE },
	};
	static char names[COUNT(choices)][256];
	static struct features features;
	struct CMUnitTest tests[COUNT(choices) + 2];

	if (argc > 1 && (!strcmp(argv[1], "load") || !strcmp(argv[1], "spin")))
		return (strcmp(argv[1], "spin") ? 0 : spin()) || load();
	if (geteuid()) {
		puts("1..0 # SKIP needs root (BPF)");
		return 0;
	}
	for (size_t i = 0; i < COUNT(choices); i++) {
		const char *why = missing(&choices[i], &features);

		snprintf(names[i], sizeof(names[i]), "%s%s%s", choice_name(&choices[i]),
			 why ? ": " : "", why ?: "");
		tests[i] =
			(struct CMUnitTest){ names[i], every_choice, NULL, clean_up, &choices[i] };
	}
	tests[COUNT(choices)] =
		(struct CMUnitTest)cmocka_unit_test_teardown(running_at_the_start, clean_up);
	tests[COUNT(choices) + 1] = (struct CMUnitTest)cmocka_unit_test(no_program_is_untested);
	brief = argc > 1 && !strcmp(argv[1], "brief");
	if (argc > 1 && !brief)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
