// SPDX-License-Identifier: GPL-2.0
/* live.c - a session that counts in the kernel; see live.h. */
#include "live.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exits.h"
#include "trace/privilege.h"
#include "trace/seeding.h"
#include "trace/session.h"
#include "trace/tally.h"
#include "version.h"

#define RENEW_NS UINT64_C(1000000000)
#define RENEW_SHARE 200 /* one part in */

struct live {
	struct hooks hooks;
	struct session *session;
	struct tally *tally;
	struct consumer *consumer;
	struct run_context context; /* points into hooks and features */
	consumer_sink event;	    /* the caller's */
	void *event_context;
	uint64_t armed_ns, cpu_before_ns;
	uint32_t tasks;
	const struct selection *selection;
	uint64_t renew_ns; /* when to look for more who fit; 0: never */
	int stats;	   /* as long as it is open, the kernel times all programs; -1 */
};

static int take_event(void *context, const struct event_header *event)
{
	struct live *live = context;

	if (event->kind == EVENT_NEWTASK)
		live->tasks++;
	else if (event->kind == EVENT_EXIT && live->tasks)
		live->tasks--;
	return (live->event ? live->event(live->event_context, event) : 0) ?:
		       tally_event(live->tally, event);
}

static void describe(struct live *live, const struct live_options *options,
		     const struct features *features, uint64_t probe_ns, const char *probe_why)
{
	const struct hooks *hooks = &live->hooks;

	live->context = (struct run_context){
		.tool_version = TASKTAX_VERSION,
		.attached_to = options->attached_to,
		.exit_code = -1,
		.kernel = features->release,
		.arch = features->arch,
		.cpu_model = features->cpu_model,
		.cpus = features->cpus_online,
		.mode = "aggregate",
		.no_records = true,
		.direct_end = hooks->direct_end,
		.direct_why = hooks->direct_why,
		.wait_known = hooks->run_delay,
		.wait_why = hooks->wait_why,
		.faults_measured = hooks->faults != FAULT_END_NONE,
		.fault_start = hooks->fault_start,
		.fault_end = hooks->fault_end,
		.fault_why = hooks->fault_why,
		.regions_why = hooks->regions_why,
		.shootdowns_measured = hooks->shootdowns,
		.shot_time = hooks->shot_time,
		.shootdown_why = hooks->shootdown_why,
		.pick_measured = hooks->pick,
		.page_size = (uint64_t)sysconf(_SC_PAGESIZE),
		.probe_ns = probe_ns,
		.probe_why = probe_why,
		.hooks = hooks->attached,
		.hooks_off = hooks->off,
		.hooks_off_why = hooks->off_why,
	};
}

static int time_programs(struct live *live, struct fail *fail)
{
	live->stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (live->stats >= 0)
		return 0;
	return fail_set(fail, live->stats, "cannot have the kernel time BPF programs: %s%s",
			strerror(-live->stats),
			live->stats == -EPERM ? "; --bpf-stats takes CAP_SYS_ADMIN" : "");
}

static int open_all(struct live *live, const struct live_options *options,
		    const struct features *features, struct fail *fail)
{
	const char *probe_why = NULL;
	uint64_t probe_ns;

	live->session = session_open(&live->hooks, 0, fail);
	if (!live->session)
		return fail->code;
	probe_ns = session_calibrate(live->session, &probe_why);
	describe(live, options, features, probe_ns, probe_why);
	live->tally = tally_new(live->session, probe_ns, fail);
	if (!live->tally)
		return fail->code;
	tally_on_departure(live->tally, options->departed, options->context);
	live->consumer = session_consumer(live->session, take_event, live);
	if (!live->consumer)
		return fail_set(fail, -errno, "cannot read the ring buffers: %s", strerror(errno));
	return session_attach(live->session, fail);
}

static int begin(struct live *live, const struct live_options *options, struct fail *fail)
{
	int err = seeding_run(live->session, options->selection, fail);

	if (err)
		return err;
	err = live_drain(live);
	if (err)
		return fail_set(fail, err, "cannot take who is there: %s", strerror(-err));
	live->armed_ns = session_arm(live->session);
	tally_armed(live->tally, live->armed_ns);
	live->selection = options->selection;
	live->renew_ns = live->selection->open ? live->armed_ns + RENEW_NS : 0;
	if (options->keep_privilege || !privilege_can_be_dropped())
		return 0;
	return privilege_drop(PRIVILEGE_BIT(CAP_SYS_PTRACE), fail);
}

static int exit_status_of(int err)
{
	return err == -EPERM   ? EXITS_PRIVILEGE :
	       err == -ENOTSUP ? EXITS_KERNEL :
	       err == -ESRCH   ? EXITS_USAGE :
				 EXITS_FAILURE;
}

int live_open(struct live **opened, const struct live_options *options,
	      const struct features *features, struct fail *fail)
{
	struct live *live = calloc(1, sizeof(*live));
	struct wanted wanted = options->wanted;
	int err;

	if (!live) {
		fail_set(fail, -ENOMEM, "no memory");
		return EXITS_FAILURE;
	}
	wanted.attach = true;
	wanted.everybody = options->selection->everybody;
	wanted.counting.aggregate = wanted.counting.no_records = true;
	live->cpu_before_ns = clock_cpu_ns();
	live->event = options->event;
	live->event_context = options->context;
	live->stats = -1;
	err = hooks_choose(&live->hooks, features, &wanted, fail);
	if (!err && options->time_programs)
		err = time_programs(live, fail);
	if (!err)
		err = open_all(live, options, features, fail);
	if (!err)
		err = begin(live, options, fail);
	if (!err) {
		*opened = live;
		return 0;
	}
	live_close(live);
	return exit_status_of(err);
}

void live_close(struct live *live)
{
	if (!live)
		return;
	if (live->session && live->armed_ns)
		session_disarm(live->session);
	consumer_free(live->consumer);
	tally_free(live->tally);
	session_free(live->session);
	if (live->stats >= 0)
		close(live->stats);
	free(live);
}

int live_fd(const struct live *live)
{
	return consumer_fd(live->consumer);
}

int live_drain(struct live *live)
{
	return consumer_drain(live->consumer, true) ?: tally_reap(live->tally);
}

/* Through /proc, for which there is no event: not more often than it costs RENEW_SHARE of a CPU. */
static int renew(struct live *live, struct fail *fail)
{
	uint64_t begun = clock_now_ns(), cost;
	struct chosen known = { 0 };
	int err = tally_processes(live->tally, &known);

	if (err)
		fail_set(fail, err, "no memory for the processes");
	chosen_sort(&known);
	err = err ?: seeding_again(live->session, live->selection, &known, fail);
	chosen_free(&known);
	cost = clock_now_ns() - begun;
	live->renew_ns = begun + (cost * RENEW_SHARE > RENEW_NS ? cost * RENEW_SHARE : RENEW_NS);
	return err;
}

int live_step(struct live *live, struct fail *fail)
{
	int err = live_drain(live);

	if (err)
		return fail_set(fail, err, "cannot go on counting: %s", strerror(-err));
	return live->renew_ns && clock_now_ns() >= live->renew_ns ? renew(live, fail) : 0;
}

uint32_t live_tasks(const struct live *live)
{
	return live->tasks;
}

int live_census(struct live *live, struct census *census)
{
	int err = live_drain(live);

	if (!err)
		err = tally_read(live->tally, census);
	if (err)
		return err;
	census->at_ns = clock_now_ns();
	census->lost = session_losses(live->session);
	census->lost.unknown += consumer_bad_records(live->consumer);
	live->context.duration_ns = census->at_ns - live->armed_ns;
	live->context.loader_cpu_ns = clock_cpu_ns() - live->cpu_before_ns;
	census->context = &live->context;
	return 0;
}

int live_each(struct live *live, const struct census *census, tally_sink sink, void *context)
{
	return tally_each(live->tally, census, sink, context);
}

size_t live_programs(const struct live *live, struct live_program program[LIVE_PROGRAMS_MAX])
{
	size_t count = 0;

	for (; count < LIVE_PROGRAMS_MAX; count++)
		if (!session_program(live->session, count, &program[count].name,
				     &program[count].run_ns))
			break;
	return count;
}
