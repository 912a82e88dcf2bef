// SPDX-License-Identifier: GPL-2.0
/* run.c - the course of one traced run; see run.h. */
#include "run.h"

#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exits.h"
#include "trace/memory.h"
#include "trace/proc_maps.h"
#include "trace/seeding.h"
#include "trace/session.h"
#include "trace/tally.h"
#include "trace/target.h"
#include "version.h"

#define TIMER_MS 100		/* between two drains when no ring fills */
#define HURRY_MS 10		/* while mappings must be read before their process is gone */
#define SETTLE_NS 1000000000ull /* patience for the last switch-outs of the dead */
#define SETTLE_STEP_NS 1000000

/* All that a run holds while it is under way. */
struct course {
	const struct run_options *options;
	struct session *session;
	struct consumer *consumer;
	struct tally *tally; /* NULL: nothing is counted in the kernel */
	bool no_records;     /* everything is, and nothing else is known */
	struct model *model;
	struct sampler *sampler; /* NULL: memory is not sampled */
	const char *sampler_why;
	struct proc_maps *maps;	      /* NULL: perf tells what is mapped, or nobody */
	struct record_writer *writer; /* NULL: nothing is recorded */
	struct target target;
	sigset_t blocked, before;
	int signals;  /* signalfd */
	bool stopped; /* by a signal, after the command's end */
	int signal;   /* the first that came, SIGCHLD apart */
	bool met;     /* a target has been seen */
	bool hurry;   /* maps must be read before their process is gone */
	uint64_t armed_ns, disarmed_ns;
	uint64_t cpu_before_ns;
	uint64_t probe_ns, tlb_probe_ns;
	const char *probe_why;
	bool record_refused; /* the recording could not be begun */
};

int run_exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int run_features(struct features *features, const struct wanted *wanted, const char *const *without,
		 size_t without_count, struct fail *fail)
{
	struct privilege privilege;
	int err;

	err = privilege_read(&privilege, fail);
	if (err)
		return EXITS_FAILURE;
	err = features_probe(features, hooks_features(wanted), without, without_count, fail);
	if (err)
		return err == -EINVAL ? EXITS_USAGE : EXITS_FAILURE;
	if (privilege_check(&privilege, fail)) {
		features_free(features);
		return EXITS_PRIVILEGE;
	}
	return 0;
}

static uint64_t own_cpu_ns(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000ull +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000ull;
}

static int to_model(void *context, const struct event_header *event)
{
	struct course *course = context;
	int err = 0;

	if (course->writer && model_wants(course->model, event))
		err = record_writer_event(course->writer, event);
	return err ?: model_event(course->model, event);
}

static int take_event(void *context, const struct event_header *event)
{
	struct course *course = context;
	int err = course->sampler ? sampler_note(course->sampler, event) : 0;
	struct unmapped unmapped = { 0 };

	if (course->tally && !err)
		err = tally_event(course->tally, event);
	if (course->maps && !err)
		unmapped = model_unmapped(course->model, event);
	if (unmapped.pid)
		err = proc_maps_read(course->maps, unmapped.pid, unmapped.mm, event->ts, to_model,
				     course);
	return err ?: to_model(course, event);
}

/* Signals come through a descriptor: none is lost, none interrupts a drain. */
static int take_signals(struct course *course, struct fail *fail)
{
	static const int taken[] = {
		SIGCHLD, SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2,
	};

	sigemptyset(&course->blocked);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		sigaddset(&course->blocked, taken[i]);
	sigprocmask(SIG_BLOCK, &course->blocked, &course->before);
	course->signals = signalfd(-1, &course->blocked, SFD_CLOEXEC | SFD_NONBLOCK);
	if (course->signals < 0)
		return fail_set(fail, -errno, "cannot open a signalfd: %s", strerror(errno));
	return 0;
}

static bool is_attached(const struct course *course)
{
	return !course->options->argv;
}

/*
 * A key (Ctrl-C, Ctrl-\, hang-up) reaches the whole foreground group, the command among it; what
 * was sent to the loader alone is passed on. When the command has ended, and its descendants are
 * followed, either ends the tracing, as it does when nothing was started. SIGCHLD only wakes the loop.
 */
static void pass_signals_on(struct course *course)
{
	struct signalfd_siginfo info;

	while (read(course->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			continue;
		if (!course->signal)
			course->signal = (int)info.ssi_signo;
		if (course->target.reaped || is_attached(course))
			course->stopped = true;
		else if (info.ssi_code != SI_KERNEL)
			kill(course->target.pid, (int)info.ssi_signo);
	}
}

/* The command's first task, as the record of its birth would say it. */
static int announce_root(struct course *course)
{
	struct event_newtask root = {
		.h = { clock_now_ns(), EVENT_NEWTASK, sizeof(root), 0, 0 },
		.task = ROOT_TASK,
		.pid = (u32)course->target.pid,
		.tgid = (u32)course->target.pid,
		.mm = ROOT_MM,
		.local_tgid = (u32)course->target.pid,
		.group = session_root_group(course->session),
	};

	memcpy(root.comm, "tasktax", sizeof("tasktax"));
	return take_event(course, &root.h);
}

static int to_model_counted(void *context, const struct census_group *group, uint32_t first_task)
{
	struct course *course = context;

	if (!course->no_records) /* each of them has told the model already */
		return 0;
	return model_count_group(course->model, first_task, group);
}

static int open_tally(struct course *course, const struct hooks *hooks, struct fail *fail)
{
	if (!hooks->counting.aggregate)
		return 0;
	course->no_records = hooks->counting.no_records;
	course->tally = tally_new(course->session, course->probe_ns, fail);
	if (!course->tally)
		return fail->code;
	tally_on_departure(course->tally, to_model_counted, course);
	return 0;
}

/* Takes what the hooks have told so far. */
static int drain(struct course *course, bool everything)
{
	int err = consumer_drain(course->consumer, everything);

	return err ?: course->tally ? tally_reap(course->tally) : 0;
}

/* What is known before anything is recorded. */
static void describe(const struct course *course, const struct features *features,
		     const struct hooks *hooks, struct run_context *context)
{
	*context = (struct run_context){
		.tool_version = TASKTAX_VERSION,
		.command = (const char *const *)course->options->argv,
		.attached_to = course->options->attached_to,
		.exit_code = -1,
		.kernel = features->release,
		.arch = features->arch,
		.cpu_model = features->cpu_model,
		.cpus = features->cpus_online,
		.mode = hooks->counting.no_records ? "aggregate" : "stream",
		.no_records = hooks->counting.no_records,
		.direct_end = hooks->direct_end,
		.direct_why = hooks->direct_why,
		.wait_known = hooks->run_delay,
		.wait_why = hooks->wait_why,
		.faults_measured = hooks->faults != FAULT_END_NONE,
		.fault_start = hooks->fault_start,
		.fault_end = hooks->fault_end,
		.fault_why = hooks->fault_why,
		.regions_why = hooks->regions_why,
		.snapshots_why = hooks->snapshots_why,
		.huge_known = session_tells_huge(course->session),
		.shootdowns_measured = hooks->shootdowns,
		.shot_time = hooks->shot_time,
		.each_shootdown = hooks->each_shootdown,
		.shootdown_why = hooks->shootdown_why,
		.tlb_switch = hooks->tlb_switch,
		.tlb_probe_ns = course->tlb_probe_ns,
		.cow_detail = hooks->cow_detail,
		.pick_measured = hooks->pick,
		.waking_measured = hooks->waking,
		.memory_sampled = course->sampler,
		.memory_why = course->sampler_why,
		.page_size = (uint64_t)sysconf(_SC_PAGESIZE),
		.probe_ns = course->probe_ns,
		.probe_why = course->probe_why,
		.hooks = hooks->attached,
		.hooks_off = hooks->off,
		.hooks_off_why = hooks->off_why,
	};
}

/* And what at the end. */
static void describe_end(const struct course *course, struct run_context *context)
{
	int status = course->target.status;
	bool ended = course->target.reaped;

	if (ended && WIFEXITED(status))
		context->exit_code = WEXITSTATUS(status);
	if (ended && WIFSIGNALED(status))
		context->exit_signal = WTERMSIG(status);
	context->duration_ns = course->disarmed_ns - course->armed_ns;
	context->memory_cost_ns = course->sampler ? sampler_cost_ns(course->sampler) : 0;
	context->loader_cpu_ns = own_cpu_ns() - course->cpu_before_ns;
	session_tlb_reasons(course->session, context->tlb_reasons);
}

static int open_recording(struct course *course, const struct features *features,
			  const struct hooks *hooks, struct fail *fail)
{
	struct run_context context;
	int err;

	describe(course, features, hooks, &context);
	err = recording_open(&course->writer, course->options->recording, &context, fail);
	course->record_refused = err != 0;
	return err;
}

static int prepare(struct course *course, const struct features *features,
		   const struct hooks *hooks, struct fail *fail)
{
	const struct launch launch = {
		.argv = course->options->argv,
		.user = course->options->user,
		.mask = &course->before,
		.stdout_fd = course->options->stdout_fd,
	};
	int err;

	course->session = session_open(hooks, course->options->ring_size, fail);
	if (!course->session)
		return fail->code;
	course->probe_ns = session_calibrate(course->session, &course->probe_why);
	course->tlb_probe_ns = session_calibrate_tlb(course->session, course->probe_ns);
	course->model = model_new(course->probe_ns, course->tlb_probe_ns);
	if (!course->model)
		return fail_set(fail, -ENOMEM, "no memory for the model");
	err = open_tally(course, hooks, fail);
	if (err)
		return err;
	course->consumer = session_consumer(course->session, take_event, course);
	if (!course->consumer)
		return fail_set(fail, -errno, "cannot read the ring buffers: %s", strerror(errno));
	/* what was mapped before nobody but /proc tells */
	course->hurry = hooks->proc_maps;
	if (hooks->proc_maps || (hooks->attach && hooks->mappings)) {
		course->maps = proc_maps_new();
		if (!course->maps)
			return fail_set(fail, -ENOMEM, "no memory for the mappings");
	}
	if (course->options->memory)
		course->sampler = sampler_new(&course->sampler_why);
	if (course->sampler)
		consumer_add_sampler(course->consumer, course->sampler);
	err = take_signals(course, fail);
	if (!err && !is_attached(course))
		err = target_hold(&course->target, &launch, fail) ?:
			      session_mark_root(course->session, course->target.pid, fail);
	if (!err)
		err = session_attach(course->session, fail);
	if (!err && course->options->recording)
		err = open_recording(course, features, hooks, fail);
	return err;
}

static bool is_over(struct course *course)
{
	uint64_t most = course->options->duration_ns;
	uint32_t live;

	if (is_attached(course)) {
		live = model_live_tasks(course->model);
		course->met |= live > 0; /* without the iterator nobody is known yet */
		return course->stopped || (course->met && !live) ||
		       (most && clock_now_ns() - course->armed_ns >= most);
	}
	if (!target_ended(&course->target))
		return false;
	return !course->options->follow_all || course->stopped || !model_live_tasks(course->model);
}

/* How long to wait for a ring that fills, ms. */
static int wait_ms(const struct course *course)
{
	uint64_t due = course->sampler ? sampler_due(course->sampler) : UINT64_MAX;
	uint64_t now = clock_now_ns(), end = course->armed_ns + course->options->duration_ns;
	int most = course->hurry ? HURRY_MS : TIMER_MS;

	if (course->options->duration_ns && end < due)
		due = end;

	if (due <= now)
		return 0;
	due = (due - now + 999999) / 1000000;
	return due < (uint64_t)most ? (int)due : most;
}

/* What the disk refuses ends the tracing, not the command. */
static bool cannot_record(const struct course *course)
{
	return course->writer && record_writer_error(course->writer, NULL);
}

static int trace(struct course *course)
{
	struct pollfd fds[] = {
		{ .fd = consumer_fd(course->consumer), .events = POLLIN },
		{ .fd = course->signals, .events = POLLIN },
	};
	int err = 0;

	while (!err && !is_over(course) && !cannot_record(course)) {
		poll(fds, 2, wait_ms(course));
		pass_signals_on(course);
		err = drain(course, false);
		if (!err && course->sampler)
			err = sampler_run(course->sampler);
		if (course->writer)
			recording_tick(course->writer, course->session);
	}
	return err;
}

/*
 * The command is reaped before its last switch-out: wait for those of all who have exited, so that
 * their final counters are in.
 */
static int settle(struct course *course)
{
	const struct timespec step = { .tv_nsec = SETTLE_STEP_NS };
	uint64_t patience = clock_now_ns() + SETTLE_NS;
	int err = drain(course, true);

	while (!err && clock_now_ns() < patience &&
	       !((is_attached(course) || model_has_exited(course->model, ROOT_TASK)) &&
		 model_settled(course->model))) {
		nanosleep(&step, NULL);
		err = drain(course, true);
	}
	return err;
}

static void arm(struct course *course)
{
	course->armed_ns = session_arm(course->session);
	if (course->tally)
		tally_armed(course->tally, course->armed_ns);
}

/* The command, held until now, is let go. */
static int begin_command(struct course *course, struct fail *fail)
{
	int err;

	arm(course);
	err = announce_root(course);
	/* what came while it was held comes before its first instruction */
	pass_signals_on(course);
	return err ?: target_release(&course->target, fail);
}

/*
 * Nothing more will be loaded or attached. What remains is to look into others' /proc/PID/maps and smaps, and to write the
 * report where the user may.
 */
static int give_up_privilege(struct fail *fail)
{
	if (!privilege_can_be_dropped())
		return 0;
	return privilege_drop(PRIVILEGE_BIT(CAP_SYS_PTRACE) | PRIVILEGE_BIT(CAP_DAC_OVERRIDE),
			      fail);
}

/* Who the targets are is known before anything of them is recorded. */
static int begin_attached(struct course *course, struct fail *fail)
{
	int err = seeding_run(course->session, course->options->selection, fail);

	if (!err)
		err = drain(course, true);
	if (err)
		return err;
	arm(course);
	return give_up_privilege(fail);
}

static int trace_to_the_end(struct course *course, struct fail *fail)
{
	int err;

	course->cpu_before_ns = own_cpu_ns();
	err = is_attached(course) ? begin_attached(course, fail) : begin_command(course, fail);
	if (err)
		return err;
	err = trace(course);
	if (!err)
		err = settle(course);
	course->disarmed_ns = session_disarm(course->session);
	if (!err)
		err = drain(course, true);
	if (course->tally)
		tally_close(course->tally);
	if (!err)
		err = session_close(course->session, take_event, course);
	if (!err) /* the counters of those who died meanwhile */
		err = drain(course, true);
	return err ? fail_set(fail, err, "the trace could not be taken to its end: %s",
			      strerror(-err)) :
		     0;
}

/* What the kernel has counted, for the model; it stays the result's. */
static int take_census(struct course *course, struct run_result *result)
{
	int err = tally_read(course->tally, &result->census);

	if (!err)
		err = tally_each(course->tally, &result->census, to_model_counted, course);
	if (err)
		return err;
	model_count(course->model, &result->census, result->hooks.counting.no_records);
	result->tally = course->tally;
	course->tally = NULL;
	return 0;
}

/*
 * A command whose recording ended before its time goes on, without tracer: only its status is of interest, and the
 * signals for it are passed on.
 */
static void outlast_command(struct course *course)
{
	struct pollfd fd = { .fd = course->signals, .events = POLLIN };

	consumer_free(course->consumer);
	session_free(course->session);
	course->consumer = NULL;
	course->session = NULL;
	while (!target_ended(&course->target)) {
		poll(&fd, 1, TIMER_MS);
		pass_signals_on(course);
	}
}

static void close_recording(struct course *course, struct run_result *result)
{
	struct fail fail = { 0 };

	if (course->writer && recording_close(course->writer, course->session, result->report,
					      course->armed_ns, &result->recorded, &fail)) {
		log_error("record: %s", fail.text);
		result->record_failed = true;
		if (!is_attached(course) && !target_ended(&course->target))
			outlast_command(course);
	}
	result->status = course->target.status;
}

static int finish(struct course *course, const struct features *features, struct run_result *result,
		  struct fail *fail)
{
	struct losses lost = session_losses(course->session);
	struct run_context context;

	lost.unknown += consumer_bad_records(course->consumer);
	describe(course, features, &result->hooks, &context);
	describe_end(course, &context);
	if (course->tally && take_census(course, result))
		return fail_set(fail, -ENOMEM, "no memory for the counts");
	result->report = model_finish(course->model, &context, &lost);
	if (!result->report)
		return fail_set(fail, -ENOMEM, "no memory for the report");
	result->model = course->model;
	course->model = NULL;
	close_recording(course, result);
	return 0;
}

static void clean_up(struct course *course)
{
	if (!is_attached(course))
		target_close(&course->target);
	consumer_free(course->consumer);
	tally_free(course->tally);
	session_free(course->session);
	model_free(course->model);
	sampler_free(course->sampler);
	proc_maps_free(course->maps);
	record_writer_free(course->writer);
	if (course->signals >= 0) {
		pass_signals_on(course);
		close(course->signals);
		sigprocmask(SIG_SETMASK, &course->before, NULL);
	}
}

/* Which of our exit codes a negative errno of the run is. */
static int exit_status_of(int err)
{
	if (err == -EPERM)
		return EXITS_PRIVILEGE;
	if (err == -ENOTSUP)
		return EXITS_KERNEL;
	if (err == -ESRCH)
		return EXITS_USAGE; /* -u names nobody, or no such process is there */
	return EXITS_FAILURE;
}

int run_command(const struct run_options *options, const struct features *features,
		struct run_result *result, struct fail *fail)
{
	struct course course = { .options = options, .signals = -1 };
	int err;

	memset(result, 0, sizeof(*result));
	course.target.gate = course.target.outcome = -1;
	err = hooks_choose(&result->hooks, features, &options->wanted, fail);
	if (!err)
		err = prepare(&course, features, &result->hooks, fail);
	if (!err)
		err = trace_to_the_end(&course, fail);
	if (!err)
		err = finish(&course, features, result, fail);
	if (err && course.writer && !(course.armed_ns && !course.target.refused))
		record_writer_withdraw(course.writer); /* nothing has run */
	clean_up(&course);
	result->signal = course.signal;
	if (err)
		tally_free(result->tally);
	if (err && course.record_refused)
		return EXITS_OUTPUT;
	if (err)
		return course.target.refused ?: exit_status_of(err);
	return 0;
}

void run_result_free(struct run_result *result)
{
	model_free(result->model);
	tally_free(result->tally);
	memset(result, 0, sizeof(*result));
}
