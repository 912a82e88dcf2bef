// SPDX-License-Identifier: GPL-2.0
/*
 * test_session.c - trace/session: every choice of hooks that trace/hooks can make is loaded, attached
 * and armed around a real program, whose switches and page faults must come out as the kernel counts them.
 *
 * Choices that this kernel does not have are skipped, naming what is missing: another kernel has them
 * (tests/vm). With the argument "brief" what is beside the mode and the end is tried all off and all on
 * only, and of the choices for faults the first of each kind; with "load" or "spin" this is the traced program
 * itself; another argument is a pattern: only the tests of such names are run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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
#include "trace/seeding.h"
#include "trace/session.h"
#include "trace/tally.h"
#include "trace/target.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PATIENCE_NS 20000000000ull /* only a failure takes that long */
#define RING_SIZE ((size_t)256 << 10)
#define NAME "test load"
#define PAGES 64   /* that each of three tasks touches first */
#define FLUSHES 20 /* of the TLB, while another CPU runs the address space */

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

/* Who touches pages, each at an address of its own. */
enum toucher { MAIN, THREAD, CHILD, TOUCHERS };

static const uint64_t touched_at[TOUCHERS] = { 0x200000000000, 0x210000000000, 0x220000000000 };

static uint64_t touched_bytes(void)
{
	return PAGES * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Each page once: as many faults of the kind first-touch. */
static void touch(enum toucher toucher)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *at = mmap((void *)(uintptr_t)touched_at[toucher], PAGES * page,
			PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
			-1, 0);

	if (at == MAP_FAILED)
		_exit(1);
	madvise(at, PAGES * page, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < PAGES; i++)
		*(volatile char *)(at + i * page) = 1;
}

/* The TLB is flushed while the other thread runs, on another CPU. */
static bool flush; /* asked for */
static unsigned int spins, flushed;

/* The n-th CPU that this program may use, or false. */
static bool stay_on(int n)
{
	cpu_set_t may, one;
	int cpu = 0;

	CPU_ZERO(&one);
	if (sched_getaffinity(0, sizeof(may), &may) || CPU_COUNT(&may) <= n)
		return false;
	while (!CPU_ISSET(cpu, &may) || n--)
		cpu++;
	CPU_SET(cpu, &one);
	return !sched_setaffinity(0, sizeof(one), &one);
}

/* An emulator that runs one CPU at a time then runs another. */
static void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static void be_shot_at(void)
{
	if (!flush || !stay_on(1))
		return;
	while (!__atomic_load_n(&flushed, __ATOMIC_RELAXED)) {
		__atomic_add_fetch(&spins, 1, __ATOMIC_RELAXED);
		relax();
	}
}

/* Takes a page of its own the right to be written, again and again. */
static void shoot(void)
{
	volatile char *page;
	cpu_set_t may;

	if (!flush || sched_getaffinity(0, sizeof(may), &may) || CPU_COUNT(&may) < 2)
		return;
	stay_on(0);
	page = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < FLUSHES; i++) {
		unsigned int before = __atomic_load_n(&spins, __ATOMIC_RELAXED);

		*page = 1;
		while (__atomic_load_n(&spins, __ATOMIC_RELAXED) - before < 10)
			relax();
		mprotect((void *)(uintptr_t)page, 1, PROT_READ);
		mprotect((void *)(uintptr_t)page, 1, PROT_READ | PROT_WRITE);
	}
	__atomic_store_n(&flushed, 1, __ATOMIC_RELAXED);
	sched_setaffinity(0, sizeof(may), &may);
}

static void *in_thread(void *unused)
{
	touch(THREAD);
	nap(5);
	be_shot_at();
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
	touch(MAIN);
	if (pthread_create(&thread, NULL, in_thread, NULL))
		return 1;
	shoot();
	if (pthread_join(thread, NULL))
		return 1;
	pid = fork();
	if (!pid) {
		touch(CHILD);
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

static struct features kernel; /* all that this one has */

struct choice {
	bool typed;
	enum switch_end end;
	bool pick, waking, rename, iter;
	bool want_faults;
	enum fault_end faults;
	bool rss_stat, cow_detail, mappings, unraised;
	bool shootdowns, shot_time, tlb_switch;
	bool aggregate; /* counted besides */
};

static const char *choice_name(const struct choice *choice)
{
	static const char *const ends[] = { "none", "by tracepoint", "by kprobe" };
	static const char *const faults[] = { "unseen", "by perf", "by fexit", "by counters" };
	static char name[256];
	const struct {
		bool on;
		const char *name;
	} rest[] = {
		{ choice->pick, "pick" },
		{ choice->waking, "waking" },
		{ choice->rename, "rename" },
		{ choice->iter, "iter" },
		{ choice->want_faults, "faults" },
		{ choice->want_faults, faults[choice->faults] },
		{ choice->rss_stat, "rss_stat" },
		{ choice->cow_detail, "cow_detail" },
		{ choice->mappings, "mappings" },
		{ choice->unraised, "unraised" },
		{ choice->shootdowns, "shootdowns" },
		{ choice->shot_time, "shot_time" },
		{ choice->tlb_switch, "tlb_switch" },
		{ choice->aggregate, "aggregate" },
	};
	size_t length;

	snprintf(name, sizeof(name), "%s, end %s", choice->typed ? "typed" : "raw",
		 ends[choice->end]);
	for (size_t i = 0; i < COUNT(rest); i++) {
		length = strlen(name);
		if (rest[i].on)
			snprintf(name + length, sizeof(name) - length, ", %s", rest[i].name);
	}
	return name;
}

/* What to leave out of the features, so that hooks.c comes to this choice. */
static size_t choice_without(const struct choice *choice, const char **without)
{
	bool start = choice->faults == FAULT_END_PERF || choice->faults == FAULT_END_COUNTER;
	const struct {
		bool out;
		const char *name;
	} features[] = {
		{ !choice->typed,
		  "task_storage" }, /* sched_entry_tp has no raw variant: it stays */
		{ choice->end != SWITCH_END_TRACEPOINT, "sched_exit_tp" },
		{ choice->end != SWITCH_END_TRACEPOINT, "sched_exit_tp_raw" },
		{ choice->end == SWITCH_END_NONE, "finish_task_switch" },
		{ !choice->rename, "task_rename" },
		{ !choice->rename, "task_rename_raw" },
		{ !choice->iter, "iter_task" },
		{ choice->faults != FAULT_END_PERF, "perf_fault_min" },
		{ choice->faults == FAULT_END_COUNTER || choice->faults == FAULT_END_NONE,
		  "fentry" },
		{ !start, "page_fault_user" },
		{ !start, "page_fault_user_raw" },
		{ !choice->rss_stat, "rss_stat" },
		{ !choice->mappings, "perf_mappings" },
		{ !choice->unraised, "handle_mm_fault" },
		{ !choice->shot_time, "csd_function_exit" },
	};
	size_t count = 0;

	for (size_t i = 0; i < COUNT(features); i++)
		if (features[i].out)
			without[count++] = features[i].name;
	return count;
}

static struct hooks choose(const struct choice *choice, struct features *features)
{
	const struct wanted wanted = {
		.counting = { .aggregate = choice->aggregate, .by = GROUP_BY_THREAD },
		.pick = choice->pick,
		.wakers = choice->waking,
		.faults = choice->want_faults,
		.cow_detail = choice->cow_detail,
		.unraised = choice->unraised,
		.shootdowns = choice->shootdowns,
		.tlb_switch = choice->tlb_switch,
	};
	const char *without[FEATURE_COUNT];
	size_t count = choice_without(choice, without);
	struct fail fail = { 0 };
	struct hooks hooks;

	if (features_probe(features, hooks_features(&wanted), without, count, &fail) ||
	    hooks_choose(&hooks, features, &wanted, &fail))
		fail_msg("%s: %s", choice_name(choice), fail.text);
	return hooks;
}

static bool same_faults(const struct hooks *hooks, const struct choice *choice)
{
	return hooks->faults == choice->faults && hooks->rss_stat == choice->rss_stat &&
	       hooks->cow_detail == choice->cow_detail && hooks->mappings == choice->mappings &&
	       hooks->unraised == choice->unraised;
}

static bool same(const struct hooks *hooks, const struct choice *choice)
{
	return hooks->typed == choice->typed && hooks->end == choice->end &&
	       hooks->pick == choice->pick && hooks->waking == choice->waking &&
	       hooks->rename == choice->rename && hooks->iter == choice->iter &&
	       same_faults(hooks, choice) && hooks->shootdowns == choice->shootdowns &&
	       hooks->shot_time == choice->shot_time && hooks->tlb_switch == choice->tlb_switch;
}

/* --- one session, from open to free --- */

/* What came of the pages that one of them touches. */
struct touches {
	uint64_t faults, timed, mapped;
	u32 task, mm; /* of the first fault */
	u16 flags;
	uint64_t others;  /* of another task, or with other flags */
	uint64_t unknown; /* with the same but for what has changed */
};

/* What came out of the rings, before the model made anything of it. */
struct records {
	uint64_t kind[EVENT_MAPPING + 1];
	uint64_t priced, picked, waits, waits_of_prev;
	uint64_t flushed_or_reused; /* switches that say so */
	uint64_t minor, timed, wrong_time;
	u32 fault_flags; /* of any */
	struct touches touches[TOUCHERS];
	uint64_t mappings, images; /* of the traced program's first process */
};

struct trial {
	const struct choice *choice;
	bool running; /* the program runs already when recording starts; else its exec is recorded */
	struct hooks hooks;
	struct session *session;
	struct consumer *consumer;
	struct model *model;
	struct tally *tally; /* NULL: nothing is counted besides */
	struct census census;
	const struct report *report;
	struct records records;
	struct target target;
	int out; /* the traced program says here that it has done all */
	struct held before, held;
	struct tlb_reason reasons[TLB_REASONS];
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

static void take_switch(struct records *records, const struct event_switch *record)
{
	u16 flags = record->h.flags;

	records->priced += record->direct_ns != SWITCH_NS_UNKNOWN;
	records->picked += record->pick_ns && !(flags & SWITCH_WAIT_WIDE);
	records->waits += !!(flags & SWITCH_WAIT);
	records->waits_of_prev += !!(flags & SWITCH_WAIT_PREV);
	records->flushed_or_reused += !!(flags & (SWITCH_TLB_FLUSHED | SWITCH_TLB_REUSED));
}

static struct touches *touches_at(struct records *records, uint64_t address)
{
	for (int i = 0; i < TOUCHERS; i++)
		if (address - touched_at[i] < touched_bytes())
			return &records->touches[i];
	return NULL;
}

static void take_fault(struct records *records, const struct event_fault *record)
{
	struct touches *touches = touches_at(records, record->address);
	bool timed = record->time_ns != NS_UNKNOWN;

	records->minor += !(record->h.flags & FAULT_MAJOR);
	records->fault_flags |= record->h.flags;
	records->timed += timed;
	records->wrong_time += timed && (!record->time_ns || record->off_ns > record->time_ns);
	if (!touches)
		return;
	if (!touches->faults++) {
		touches->task = record->task;
		touches->mm = record->mm;
		touches->flags = record->h.flags;
	}
	if (record->h.flags == ((touches->flags & ~FAULT_ANON) | FAULT_NO_CHANGED))
		touches->unknown++;
	else
		touches->others += record->task != touches->task || record->mm != touches->mm ||
				   record->h.flags != touches->flags;
	touches->timed += timed;
}

static void take_mapping(struct trial *trial, const struct event_mapping *record)
{
	struct touches *touches = touches_at(&trial->records, record->start);

	trial->records.mappings += record->tgid == (u32)trial->target.pid;
	if (touches && record->end - record->start == touched_bytes())
		touches->mapped++;
}

static int take(void *context, const struct event_header *event)
{
	struct trial *trial = context;
	struct records *records = &trial->records;
	const struct event_image *image = (const void *)event;

	assert_true(event->kind <= EVENT_MAPPING);
	records->kind[event->kind]++;
	if (event->kind == EVENT_SWITCH)
		take_switch(records, (const void *)event);
	if (event->kind == EVENT_FAULT)
		take_fault(records, (const void *)event);
	if (event->kind == EVENT_MAPPING)
		take_mapping(trial, (const void *)event);
	if (event->kind == EVENT_IMAGE)
		records->images += image->tgid == (u32)trial->target.pid;
	if (trial->tally && tally_event(trial->tally, event))
		return -ENOMEM;
	return model_event(trial->model, event);
}

static void start_target(struct trial *trial)
{
	char *const argv[] = { "/proc/self/exe", trial->running ? "spin" : "load",
			       trial->choice->shootdowns || trial->choice->tlb_switch ? "flush" :
											NULL,
			       NULL };
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
	uint64_t probe, tlb_probe;

	*trial = (struct trial){ .choice = choice, .hooks = *hooks, .running = running };
	trial->before = held_now();
	trial->session = session_open(hooks, RING_SIZE, &fail);
	if (!trial->session)
		fail_msg("%s: %s", choice_name(choice), fail.text);
	probe = session_calibrate(trial->session, &why);
	check(trial, (probe == NS_UNKNOWN) == (choice->end == SWITCH_END_NONE));
	check(trial, (why != NULL) == (choice->end == SWITCH_END_NONE));
	tlb_probe = session_calibrate_tlb(trial->session, probe);
	check(trial,
	      (tlb_probe == NS_UNKNOWN) == (!choice->tlb_switch || choice->end == SWITCH_END_NONE));
	trial->model = model_new(probe, tlb_probe);
	assert_non_null(trial->model);
	if (choice->aggregate) {
		trial->tally = tally_new(trial->session, probe, &fail);
		if (!trial->tally)
			fail_msg("%s: %s", choice_name(choice), fail.text);
	}
	trial->consumer = session_consumer(trial->session, take, trial);
	assert_non_null(trial->consumer);
	start_target(trial);
	if ((!hooks->attach && session_mark_root(trial->session, trial->target.pid, &fail)) ||
	    session_attach(trial->session, &fail))
		fail_msg("%s: %s", choice_name(choice), fail.text);
	trial->held = held_now();
	note_loaded(&trial->held);
}

/* The first that is found gets the serials of a root: one task in one address space, here. */
static void seed(const struct trial *trial)
{
	const uint32_t pid = (uint32_t)trial->target.pid;
	const struct selection selection = { .pid = &pid, .pids = 1 };
	struct fail fail = { 0 };

	if (seeding_run(trial->session, &selection, &fail))
		fail_msg("%s", fail.text);
	assert_int_equal(consumer_drain(trial->consumer, true), 0);
	assert_int_equal(model_live_tasks(trial->model), 1);
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
	if (trial->hooks.attach)
		seed(trial);
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
		.h = { clock_now_ns(), EVENT_NEWTASK, sizeof(root), 0, 0 },
		.task = ROOT_TASK,
		.pid = (u32)trial->target.pid,
		.tgid = (u32)trial->target.pid,
		.mm = ROOT_MM,
		.local_tgid = (u32)trial->target.pid,
		.group = session_root_group(trial->session),
	};

	if (!trial->hooks.attach) {
		assert_int_equal(model_event(trial->model, &root.h), 0);
		if (trial->tally)
			assert_int_equal(tally_event(trial->tally, &root.h), 0);
	}
	arm(trial);
	while (poll(&done, 1, 1) == 0 && clock_now_ns() < patience)
		assert_int_equal(consumer_drain(trial->consumer, false), 0);
	check(trial, done.revents == POLLIN);
	while (trial->records.kind[EVENT_END] < 3 && clock_now_ns() < patience)
		assert_int_equal(consumer_drain(trial->consumer, true), 0);
}

/* What /proc says of a task that sleeps, and so does not change. */
struct kernel_view {
	uint64_t voluntary, involuntary, sum_exec, run_delay, min_flt;
};

/* The counter of the one task: that of its process in /proc/PID/stat has those of its threads. */
static uint64_t minor_faults(pid_t pid)
{
	char path[64], line[512];
	const char *at;
	uint64_t minor = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, pid);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	fclose(file);
	at = strrchr(line, ')');
	for (int field = 2; at && field < 10; field++)
		at = strchr(at + 1, ' ');
	assert_true(number_after(at ?: "", " ", &minor));
	return minor;
}

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
	view->min_flt = minor_faults(pid);
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
		.faults_measured = trial->hooks.faults != FAULT_END_NONE,
		.fault_start = trial->hooks.fault_start,
		.fault_end = trial->hooks.fault_end,
		.cow_detail = trial->hooks.cow_detail,
		.shootdowns_measured = trial->hooks.shootdowns,
		.shot_time = trial->hooks.shot_time,
		.tlb_switch = trial->hooks.tlb_switch,
	};

	session_disarm(trial->session);
	assert_int_equal(consumer_drain(trial->consumer, true), 0);
	if (trial->tally) {
		tally_close(trial->tally);
		assert_int_equal(tally_reap(trial->tally), 0);
		assert_int_equal(tally_read(trial->tally, &trial->census), 0);
	}
	assert_int_equal(session_close(trial->session, take, trial), 0);
	lost = session_losses(trial->session);
	lost.unknown += consumer_bad_records(trial->consumer);
	session_tlb_reasons(trial->session, trial->reasons);
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
	tally_free(trial->tally);
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
	check(&was, after.programs == 0 && after.links == 0 && after.perf_events == 0);
	check(&was, after.descriptors == was.before.descriptors);
	check(&was, held_left_at_last(&was.held) == 0);
}

/* --- what must come of it --- */

/* Those that are attached to something else than perf events. */
static unsigned int hooks_of(const struct choice *choice)
{
	unsigned int switches = 4 + (choice->end != SWITCH_END_NONE) + choice->pick +
				choice->waking + choice->rename;
	unsigned int faults = 2 * (choice->faults != FAULT_END_NONE) + choice->rss_stat +
			      choice->cow_detail + choice->unraised;

	return switches + faults + 2 * choice->shootdowns + choice->shot_time + choice->tlb_switch;
}

/* A link for each hook; the kernel gives kprobes through the perf PMU one only since 5.15, and perf events. */
static void check_held(const struct trial *trial)
{
	const struct choice *choice = trial->choice;
	bool end = choice->end != SWITCH_END_NONE, perf = choice->faults == FAULT_END_PERF;
	unsigned int cpus = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
	unsigned int hooks = hooks_of(choice);
	unsigned int calibration = end ? 2 + choice->tlb_switch : 0;
	unsigned int kprobes = choice->end == SWITCH_END_KPROBE;

	check(trial, trial->held.links == hooks + 2 * perf * cpus);
	check(trial, trial->held.programs ==
			     hooks + 2 * perf + calibration + choice->iter + trial->hooks.attach);
	check(trial, trial->held.perf_events == kprobes + (2 * perf + choice->mappings) * cpus);
}

static void check_records(const struct trial *trial)
{
	const struct choice *choice = trial->choice;
	const struct records *records = &trial->records;
	const uint64_t *kind = records->kind;

	check(trial, kind[EVENT_SWITCH] >= 40); /* 20 naps, each out and in */
	check(trial, kind[EVENT_NEWTASK] == 3u + trial->hooks.attach && kind[EVENT_EXIT] == 3);
	check(trial, kind[EVENT_EXEC] == !trial->running);
	check(trial, (kind[EVENT_RENAME] > 0) == choice->rename);
	check(trial, (kind[EVENT_WAKING] >= 20) == choice->waking);
	check(trial, (records->priced > 0) == (choice->end != SWITCH_END_NONE));
	check(trial, (records->picked > 0) == choice->pick);
	check(trial, records->waits > 0);
	check(trial, (records->waits_of_prev > 0) == (choice->end == SWITCH_END_NONE));
}

/* The kernel's counts are what the records add up to, in every row. */
static void check_counts(const struct trial *trial)
{
	const struct report *report = trial->report;
	const struct census_counts *counts = &trial->census.total.counts;
	uint64_t waited = trial->census.missed_wait_ns;

	if (!trial->tally)
		return;
	for (unsigned int i = 0; i < report->row_count; i++) {
		const struct switch_row *row = &report->rows[i];
		unsigned int at = row->level < ROW_WITH_VIA ?
					  row->level * VIA_COUNT + (unsigned int)row->via :
					  row->level + ROW_WITH_VIA * (VIA_COUNT - 1);

		check(trial, counts->row[at].count == row->count);
		check(trial, counts->row[at].voluntary == row->voluntary);
		check(trial, counts->row[at].preempted == row->preempted);
		check(trial, counts->row[at].migrated == row->migrated);
		check(trial, counts->row[at].direct_count == row->direct.count);
		check(trial, counts->row[at].wait_ns == histogram_sum(&row->wait));
		waited += counts->row[at].wait_ns;
	}
	if (!trial->choice->typed || trial->choice->iter) /* else the root is not in the balance */
		check(trial, waited - trial->census.open_wait_ns == report->reconcile.wait_seen_ns);
	check(trial, trial->census.switches == report->switches);
	check(trial, counts->run_ns == report->tax.run_ns);
	check(trial, census_faults(counts, false) + census_faults(counts, true) == report->faults);
	check(trial,
	      counts->tlb.sent == report->tlb.sent && counts->tlb.received == report->tlb.received);
	check(trial, counts->exits == report->exits && counts->execs == report->execs);
	check(trial, trial->census.folded == 0 && trial->census.total.times);
	check(trial, trial->census.count == 1); /* who sleeps; the others' groups are no more */
}

/* Without rss_stat, before 6.2: the kernel keeps a task's changes where programs can look them up. */
static bool has_rss_cache(void)
{
	const struct feature *rss_stat = &kernel.feature[FEATURE_RSS_STAT];

	return rss_stat->state == FEATURE_OFF && !rss_stat->error;
}

static u16 first_touch_flags(const struct choice *choice)
{
	u16 flags = FAULT_WRITE | FAULT_USER;

	flags |= choice->rss_stat || has_rss_cache() ? FAULT_ANON : FAULT_NO_CHANGED;
	if (choice->faults == FAULT_END_FEXIT)
		flags |= FAULT_NO_PRESENT;
	if (choice->cow_detail)
		flags |= FAULT_ALLOC;
	return flags;
}

/* As many as it touched pages, each what it is. */
static void check_touches(const struct trial *trial)
{
	const struct touches *touches = trial->records.touches;
	bool timed = trial->choice->faults != FAULT_END_COUNTER;
	/* without another fault behind it, it is known to have ended when the task has no memory any more */
	bool late = !timed && has_rss_cache();
	u16 flags = first_touch_flags(trial->choice);

	for (int i = 0; i < TOUCHERS; i++) {
		check(trial, touches[i].faults == PAGES && touches[i].others == 0);
		check(trial, touches[i].flags == flags);
		check(trial, flags & FAULT_NO_CHANGED || touches[i].unknown <= late);
		check(trial, touches[i].timed == (timed ? PAGES : 0));
	}
	check(trial, touches[MAIN].task == ROOT_TASK && touches[THREAD].task != ROOT_TASK);
	check(trial, touches[CHILD].task != ROOT_TASK);
	check(trial, touches[CHILD].task != touches[THREAD].task);
	check(trial, touches[MAIN].mm == touches[THREAD].mm);
	check(trial, touches[MAIN].mm != touches[CHILD].mm);
}

static void check_faults(const struct trial *trial)
{
	const struct choice *choice = trial->choice;
	const struct records *records = &trial->records;

	if (choice->faults == FAULT_END_NONE) {
		check(trial, records->kind[EVENT_FAULT] == 0);
		return;
	}
	check_touches(trial);
	check(trial, !(records->fault_flags & FAULT_NO_CODE));
	check(trial, records->wrong_time == 0);
	check(trial,
	      records->timed ==
		      (choice->faults == FAULT_END_COUNTER ? 0 : records->kind[EVENT_FAULT]));
}

/* perf tells of the whole host, but not of what these are. */
static void check_mappings(const struct trial *trial)
{
	const struct records *records = &trial->records;
	bool mappings = trial->choice->mappings;

	check(trial, (records->kind[EVENT_MAPPING] > 0) == mappings);
	check(trial, records->images == mappings);	    /* its exec */
	check(trial, (records->mappings >= 4) == mappings); /* its parts, its linker, its stack */
	for (int i = 0; i < TOUCHERS; i++)
		check(trial, records->touches[i].mapped == mappings);
}

static void check_tlb(const struct trial *trial)
{
	const struct choice *choice = trial->choice;
	const struct task_tlb *tlb = &trial->report->tlb;
	bool shot = choice->shootdowns && sysconf(_SC_NPROCESSORS_ONLN) > 1;
	uint64_t flushes = 0;

	for (int i = 0; i < TLB_REASONS; i++)
		flushes += trial->reasons[i].count;
	check(trial, (flushes > 0) == choice->tlb_switch);
	check(trial, (trial->records.flushed_or_reused > 0) == choice->tlb_switch);
	check(trial, (tlb->sent >= FLUSHES / 2) == shot);
	check(trial, (tlb->sent_pages >= FLUSHES / 2) == shot);
	check(trial, (tlb->received >= FLUSHES / 2) == shot);
	check(trial, (tlb->received_ns > 0) == (shot && choice->shot_time));
	if (!choice->shootdowns)
		check(trial, tlb->sent == 0 && tlb->received == 0);
}

static void check_losses(const struct trial *trial)
{
	const struct losses *lost = &trial->report->lost;

	check(trial, lost->switches == 0 && lost->waking == 0);
	check(trial, lost->lifecycle == 0 && lost->untracked == 0);
	check(trial, lost->faults == 0 && lost->unseen_faults == 0 && lost->mappings == 0);
	check(trial, lost->recursion == 0 && lost->unknown == 0);
	check(trial, trial->report->complete);
}

static void check_root(const struct trial *trial, const struct kernel_view *kernel)
{
	const struct task_entry *root = &trial->report->tasks[ROOT_TASK];
	const struct task_counters *last = &root->account.last;
	bool nameless = trial->running && !trial->hooks.attach;
	const char *comm = trial->choice->rename ? NAME : nameless ? "" : "exe";

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

/* At its exec the kernel writes to the new stack for it, without an event. */
static void check_faults_balance(const struct trial *trial, const struct kernel_view *kernel)
{
	const struct choice *choice = trial->choice;
	const struct fault_balance *minor = &trial->report->reconcile.minor;
	const struct fault_balance *major = &trial->report->reconcile.major;
	uint64_t latest = trial->report->tasks[ROOT_TASK].min_flt;
	bool open = choice->faults ==
		    FAULT_END_COUNTER; /* the root's last has no other behind it */
	bool unraised = choice->unraised || choice->faults == FAULT_END_FEXIT;

	check(trial, minor->balance.known == (choice->faults != FAULT_END_NONE));
	if (!minor->balance.known)
		return;
	check(trial, minor->balance.seen == trial->records.minor);
	check(trial, minor->balance.seen >= (uint64_t)TOUCHERS * PAGES);
	check(trial, minor->balance.lost == 0 && major->balance.lost == 0);
	check(trial, minor->balance.seen + (uint64_t)minor->no_event == minor->balance.kernel);
	check(trial, (minor->no_event > 0) == !trial->running);
	check(trial, minor->no_event <= 16); /* pages of arguments and environment */
	check(trial, major->no_event == 0 && major->balance.seen == major->balance.kernel);
	check(trial, minor->unraised == (unraised ? (uint64_t)minor->no_event : 0));
	check(trial, trial->report->reconcile.unfinished == 0);
	check(trial, latest + open == kernel->min_flt);
}

static void try_once(const struct choice *choice, const struct hooks *hooks, bool running,
		     struct kernel_view *kernel)
{
	struct trial *trial = &trial_under_way;

	open_trial(trial, choice, hooks, running);
	run_load(trial);
	wait_for_sleep(trial, kernel);
	close_trial(trial);
}

/*
 * perf runs no program while its CPU is in the middle of a map system call, of anybody. That is counted, and
 * here it is no failure: then all is done once more.
 */
static void try(const struct choice *choice, const struct hooks *hooks, bool running)
{
	struct trial *trial = &trial_under_way;
	struct kernel_view kernel = { 0 };
	int times = 0;

	try_once(choice, hooks, running, &kernel);
	while (trial->report->lost.unseen_faults && times++ < 5) {
		free_trial(trial);
		try_once(choice, hooks, running, &kernel);
	}
	check_held(trial);
	check_losses(trial);
	check_records(trial);
	check_counts(trial);
	check_faults(trial);
	check_mappings(trial);
	check_tlb(trial);
	check_root(trial, &kernel);
	check_report(trial);
	check_faults_balance(trial, &kernel);
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
		choice.aggregate = bits & 1;
		choice.rename = bits & 2;
		choice.iter = iter && choice.typed;
		choice.pick = pick && features_has(&kernel, FEATURE_SCHED_ENTRY_TP);
		if (!brief && (choice.iter != iter || choice.pick != pick))
			continue; /* cannot be on here; it has been tried off */
		hooks = choose(&choice, &features);
		if (!same(&hooks, &choice))
			fail_msg("%s: not what hooks_choose() chose", choice_name(&choice));
		try(&choice, &hooks, false);
	}
}

/* The kernel's own word on why faults cannot be had by this end, or NULL. */
static const char *missing_faults(const struct choice *choice, struct features *features)
{
	enum feature_id start = choice->typed ? FEATURE_PAGE_FAULT_USER :
						FEATURE_PAGE_FAULT_USER_RAW;
	struct hooks hooks = choose(choice, features);

	if (hooks.faults == choice->faults)
		return NULL;
	if (choice->faults == FAULT_END_FEXIT)
		return features->feature[FEATURE_FENTRY].why;
	return features->feature[start].why;
}

/* Less what this kernel has not, with the end of a switch that it has. */
static void cut_down(struct choice *choice, const struct hooks *hooks)
{
	choice->end = hooks->end;
	choice->pick &= features_has(&kernel, FEATURE_SCHED_ENTRY_TP);
	choice->rss_stat &= features_has(&kernel, FEATURE_RSS_STAT);
	choice->cow_detail &= features_has(&kernel, FEATURE_MM_PAGE_ALLOC);
	choice->mappings &= features_has(&kernel, FEATURE_PERF_MAPPINGS);
	choice->unraised &= features_has(&kernel, FEATURE_HANDLE_MM_FAULT);
	choice->shootdowns &= features_has(&kernel, FEATURE_CSD_QUEUE_CPU);
	choice->shot_time &= features_has(&kernel, FEATURE_CSD_FUNCTION_EXIT);
	choice->tlb_switch &= features_has(&kernel, FEATURE_TLB_FLUSH);
}

/* Choices beside those of switches; the first has most, and is all that a brief test tries. */
struct group {
	const char *name;
	struct choice choices[4];
};

#define BY(mode, fault_end)                                                            \
	.typed = (mode), .end = SWITCH_END_TRACEPOINT, .rename = true, .iter = (mode), \
	.want_faults = true, .faults = (fault_end)
#define TLB .typed = true, .end = SWITCH_END_TRACEPOINT, .rename = true, .iter = true

/* clang-format off */
static struct group groups[] = {
	{ "faults by perf, typed", {
		{ BY(true, FAULT_END_PERF), .rss_stat = true, .cow_detail = true, .mappings = true,
		  .unraised = true, .waking = true, .aggregate = true },
		{ BY(true, FAULT_END_PERF), .rss_stat = true, .mappings = true },
		{ BY(true, FAULT_END_PERF), .cow_detail = true },
		{ BY(true, FAULT_END_PERF) } } },
	{ "faults by fexit", {
		{ BY(true, FAULT_END_FEXIT), .rss_stat = true, .cow_detail = true, .mappings = true,
		  .aggregate = true },
		{ BY(true, FAULT_END_FEXIT), .waking = true } } },
	{ "faults by counters, typed", {
		{ BY(true, FAULT_END_COUNTER), .rss_stat = true, .cow_detail = true,
		  .mappings = true, .aggregate = true },
		{ BY(true, FAULT_END_COUNTER) } } },
	{ "faults by perf, raw", {
		{ BY(false, FAULT_END_PERF), .mappings = true, .aggregate = true },
		{ BY(false, FAULT_END_PERF), .waking = true } } },
	{ "faults by counters, raw", {
		{ BY(false, FAULT_END_COUNTER), .mappings = true, .aggregate = true },
		{ BY(false, FAULT_END_COUNTER) } } },
	{ "faults asked for and not to be had", {
		{ BY(true, FAULT_END_NONE) },
		{ BY(false, FAULT_END_NONE) } } },
	{ "TLB", {
		{ BY(true, FAULT_END_PERF), .rss_stat = true, .mappings = true, .pick = true,
		  .shootdowns = true, .shot_time = true, .tlb_switch = true, .aggregate = true },
		{ TLB, .shootdowns = true, .shot_time = true },
		{ TLB, .shootdowns = true },
		{ TLB, .tlb_switch = true } } },
};
/* clang-format on */

static void every_choice_of_group(void **state)
{
	const struct group *group = *state;
	static struct features features;

	if (missing_faults(&group->choices[0], &features))
		skip();
	for (size_t i = 0; i < (brief ? 1 : COUNT(group->choices)); i++) {
		struct choice choice = group->choices[i];
		struct hooks hooks = choose(&choice, &features);

		if (choice.end == SWITCH_END_NONE)
			break; /* there are no more */
		cut_down(&choice, &hooks);
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
		{ .typed = false, .end = SWITCH_END_NONE, .aggregate = true },
		{ .typed = true, .end = SWITCH_END_TRACEPOINT, .iter = true, .aggregate = true },
		{ .typed = false, .end = SWITCH_END_TRACEPOINT },
		{ BY(true, FAULT_END_PERF), .rss_stat = true, .mappings = true },
		{ BY(false, FAULT_END_PERF), .mappings = true },
	};
	static struct features features;

	(void)state;
	for (size_t i = 0; i < COUNT(choices); i++) {
		struct hooks hooks = choose(&choices[i], &features);

		if (!same(&hooks, &choices[i]))
			continue;
		try(&choices[i], &hooks, true);
		hooks.attach = hooks.iter; /* the same target, found by the iterator */
		if (hooks.attach)
			try(&choices[i], &hooks, true);
	}
}

/* Of a program at perf's events, which are of no use without the start of the fault; else FEATURE_COUNT. */
static enum feature_id feature_of_fault_end(const char *name)
{
	static const struct {
		const char *name;
		enum feature_id start, end;
	} ends[] = {
		{ "fault_minor", FEATURE_PAGE_FAULT_USER, FEATURE_PERF_FAULT_MIN },
		{ "fault_major", FEATURE_PAGE_FAULT_USER, FEATURE_PERF_FAULT_MAJ },
		{ "fault_minor_raw", FEATURE_PAGE_FAULT_USER_RAW, FEATURE_PERF_FAULT_MIN },
		{ "fault_major_raw", FEATURE_PAGE_FAULT_USER_RAW, FEATURE_PERF_FAULT_MAJ },
	};

	for (size_t i = 0; i < COUNT(ends); i++)
		if (!strcmp(ends[i].name, name))
			return features_has(&kernel, ends[i].start) ? ends[i].end : ends[i].start;
	return FEATURE_COUNT;
}

/* Those whose section names another feature's hook, or none. */
static enum feature_id feature_by_name(const char *name)
{
	static const struct {
		const char *name;
		enum feature_id feature;
	} programs[] = {
		{ "calibrate_stop", FEATURE_SCHED_EXIT_TP },
		{ "calibrate_stop_raw", FEATURE_SCHED_EXIT_TP_RAW },
		{ "calibrate_tlb_flush", FEATURE_TLB_FLUSH },
		{ "fault_enter", FEATURE_FENTRY },
		{ "fault_exit", FEATURE_FENTRY },
		{ "fault_unraised", FEATURE_HANDLE_MM_FAULT },
	};

	for (size_t i = 0; i < COUNT(programs); i++)
		if (!strcmp(programs[i].name, name))
			return programs[i].feature;
	return feature_of_fault_end(name);
}

/* Which feature a program is for: that of its section, but for some. */
static enum feature_id feature_of(const struct bpf_program *program)
{
	const char *section = bpf_program__section_name(program), *hook = strchr(section, '/');
	enum feature_id feature = feature_by_name(bpf_program__name(program));
	char name[64];

	if (feature != FEATURE_COUNT)
		return feature;
	assert_non_null(hook);
	section += *section == '?';
	if (!strncmp(section, "kprobe/", 7))
		return FEATURE_FINISH_TASK_SWITCH;
	if (!strcmp(section, "iter/task"))
		return FEATURE_ITER_TASK;
	snprintf(name, sizeof(name), "%s%s", hook + 1,
		 strncmp(section, "raw_tp/", 7) ? "" : "_raw");
	feature = features_find(name);
	return feature != FEATURE_COUNT ? feature : features_find(hook + 1); /* has no typed one */
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
	struct bpf_program *program;

	(void)state;
	assert_non_null(skeleton);
	bpf_object__for_each_program(program, skeleton->obj)
	{
		const char *name = bpf_program__name(program);
		enum feature_id feature = feature_of(program);

		if (feature == FEATURE_COUNT)
			fail_msg("%s: no feature of trace/features stands for it", name);
		if (features_has(&kernel, feature) && !was_loaded(name))
			fail_msg("%s: no test loads it", name);
		if (!features_has(&kernel, feature) && was_loaded(name))
			fail_msg("%s: loaded, though %s", name, kernel.feature[feature].why);
	}
	tasktax_bpf__destroy(skeleton);
}

/* A test of this name, or of why it cannot be: then it skips itself. */
static struct CMUnitTest make_test(const char *name, const char *why, CMUnitTestFunction function,
				   void *given)
{
	static char names[32][256];
	static size_t count;
	char *full = names[count++];

	assert_true(count <= COUNT(names));
	snprintf(full, sizeof(names[0]), "%s%s%s", name, why ? ": " : "", why ?: "");
	return (struct CMUnitTest){ full, function, NULL, clean_up, given };
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
	struct CMUnitTest tests[COUNT(choices) + COUNT(groups) + 2];
	static struct features features;
	struct fail fail = { 0 };
	size_t count = 0;

	flush = argc > 2 && !strcmp(argv[2], "flush");
	if (argc > 1 && (!strcmp(argv[1], "load") || !strcmp(argv[1], "spin")))
		return (strcmp(argv[1], "spin") ? 0 : spin()) || load();
	if (geteuid()) {
		puts("1..0 # SKIP needs root (BPF)");
		return 0;
	}
	if (features_probe(&kernel, FEATURES_ALL, NULL, 0, &fail)) {
		fprintf(stderr, "%s\n", fail.text);
		return 1;
	}
	for (size_t i = 0; i < COUNT(choices); i++)
		tests[count++] = make_test(choice_name(&choices[i]),
					   missing(&choices[i], &features), every_choice,
					   &choices[i]);
	for (size_t i = 0; i < COUNT(groups); i++)
		tests[count++] = make_test(groups[i].name,
					   missing_faults(&groups[i].choices[0], &features),
					   every_choice_of_group, &groups[i]);
	tests[count++] =
		(struct CMUnitTest)cmocka_unit_test_teardown(running_at_the_start, clean_up);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(no_program_is_untested);
	brief = argc > 1 && !strcmp(argv[1], "brief");
	if (argc > 1 && !brief)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
