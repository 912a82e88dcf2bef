// SPDX-License-Identifier: GPL-2.0
/* tally.c - who the groups are, what they have counted, when they are gone; see tally.h. */
#include "trace/tally.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "model/tasks.h"
#include "trace/session_internal.h"
#include "trace/tally_pool.h"
#include "trace/tally_tasks.h"

#define GROUPS_MOST 8192

/* A group that has or had a task, until its number is free again. Of GROUP_OTHERS only the sums count. */
struct group {
	uint64_t id;	/* 0: none */
	uint32_t first; /* serial of the task that it is called after */
	uint32_t pid, tid, parent;
	uint32_t processes, tasks;
	uint32_t unsettled; /* tasks whose last switch may not have been counted yet */
	bool folded;	    /* some of its counts had no room */
	bool times_refused; /* or histograms */
	char comm[EVENT_COMM_LEN + 1];
	uint64_t created[CREATED_KINDS], execs, exits, crashes;
};

/* A task has left its CPU for ever in a switch that the CPU has not counted yet. */
struct leaving {
	uint32_t group, cpu, at;
};

struct tally {
	struct tally_pool pool;
	enum group_by by;
	struct group *group; /* by number, pool.groups long */
	uint64_t last_id, folded;
	struct tally_tasks tasks;
	struct leaving *leaving;
	uint32_t leaving_count, leaving_room;
	uint32_t *empty; /* groups without a task, to be freed */
	uint32_t empty_count;
	struct census_counts departed;
	struct census_times departed_times, total_times;
	bool total_refused;	     /* histograms of groups that are no more were not complete */
	struct census_group *listed; /* the latest census */
	struct census_times *times;
	uint32_t listed_room, times_room;
	uint64_t armed_ns;
	tally_sink sink;
	void *context;
};

/* --- sizes --- */

struct sizes {
	uint32_t groups, slabs; /* slabs: of each CPU */
};

/* At most a quarter for the slots. */
static struct sizes sizes_for(uint64_t memory, unsigned int cpus)
{
	uint64_t groups = memory / 4 / (cpus * sizeof(struct group_slot) + sizeof(uint64_t));
	uint64_t left, slabs, most;

	groups = groups > GROUPS_MOST ? GROUPS_MOST : groups;
	left = memory - groups * (cpus * sizeof(struct group_slot) + sizeof(uint64_t));
	slabs = left / cpus / (sizeof(union count_slab) + sizeof(uint64_t));
	most = groups * SLAB_USES;
	return (struct sizes){ (uint32_t)groups, (uint32_t)(slabs > most ? most : slabs) };
}

static int set_map(struct bpf_map *map, bool on, uint64_t entries)
{
	int err = bpf_map__set_autocreate(map, on);

	if (err || !on)
		return err;
	if (entries > UINT32_MAX)
		return -E2BIG;
	err = bpf_map__set_max_entries(map, (uint32_t)entries);
	return err ?: bpf_map__set_map_flags(map, BPF_F_MMAPABLE);
}

int tally_configure(struct tasktax_bpf *skeleton, const struct counting *counting,
		    unsigned int cpus)
{
	struct config *conf = &skeleton->rodata->conf;
	bool on = counting->aggregate;
	struct sizes sizes = sizes_for(counting->max_memory ?: TALLY_MEMORY_DEFAULT, cpus);
	int err;

	if (on && (sizes.groups <= GROUP_ROOT || sizes.slabs < 2 * SLAB_USES))
		return -E2BIG;
	conf->aggregate = on;
	conf->group_by = counting->by == GROUP_BY_THREAD || counting->by == GROUP_BY_NONE ?
				 counting->by :
				 GROUP_BY_PROCESS;
	conf->groups = sizes.groups;
	conf->slabs = sizes.slabs;
	conf->slabs_kept = sizes.slabs / 4;
	err = set_map(skeleton->maps.slabs, on, 1 + (uint64_t)cpus * sizes.slabs);
	err = err ?: set_map(skeleton->maps.free_slabs, on, (uint64_t)cpus * sizes.slabs);
	err = err ?: set_map(skeleton->maps.group_slots, on, (uint64_t)cpus * sizes.groups);
	return err ?: set_map(skeleton->maps.free_groups, on, sizes.groups);
}

/* --- life --- */

struct tally *tally_new(struct session *session, uint64_t probe_ns, struct fail *fail)
{
	struct tally *tally = calloc(1, sizeof(*tally));

	if (!tally) {
		fail_set(fail, -ENOMEM, "no memory");
		return NULL;
	}
	session->skeleton->bss->probe_ns = probe_ns == NS_UNKNOWN ? 0 : (uint32_t)probe_ns;
	if (tally_pool_open(&tally->pool, session, fail)) {
		tally_free(tally);
		return NULL;
	}
	tally->by = session->hooks.counting.by;
	tally->group = calloc(tally->pool.groups, sizeof(*tally->group));
	tally->empty = calloc(tally->pool.groups, sizeof(*tally->empty));
	if (!tally->group || !tally->empty) {
		fail_set(fail, -ENOMEM, "no memory");
		tally_free(tally);
		return NULL;
	}
	return tally;
}

void tally_free(struct tally *tally)
{
	if (!tally)
		return;
	tally_pool_close(&tally->pool);
	tally_tasks_free(&tally->tasks);
	free(tally->group);
	free(tally->leaving);
	free(tally->empty);
	free(tally->listed);
	free(tally->times);
	free(tally);
}

void tally_on_departure(struct tally *tally, tally_sink sink, void *context)
{
	tally->sink = sink;
	tally->context = context;
}

void tally_armed(struct tally *tally, uint64_t at_ns)
{
	tally->armed_ns = at_ns;
}

/* --- events --- */

/* What a record says that it cannot say counts for nobody in particular. */
static struct group *group_at(struct tally *tally, uint32_t number)
{
	return &tally->group[number < tally->pool.groups ? number : GROUP_OTHERS];
}

static struct group *group_of(struct tally *tally, uint32_t serial)
{
	const struct tally_task *task = tally_tasks_find(&tally->tasks, serial);

	return group_at(tally, task ? task->group : GROUP_OTHERS);
}

static enum created_as created_as(const struct event_newtask *event)
{
	if (!event->parent)
		return CREATED_ROOT;
	if (event->clone_flags & CLONE_THREAD)
		return CREATED_THREAD;
	return event->clone_flags & CLONE_VM ? CREATED_VFORK : CREATED_PROCESS;
}

static void begin_group(struct tally *tally, struct group *group, const struct event_newtask *event,
			uint32_t pid, uint32_t parent)
{
	*group = (struct group){
		.id = ++tally->last_id, .first = event->task, .pid = pid, .parent = parent
	};
	if (tally->by == GROUP_BY_THREAD)
		group->tid = event->clone_flags & CLONE_THREAD ? event->pid : pid;
	comm_copy(group->comm, event->comm);
}

/* A creation is counted for the creator, and that of the root for the root. */
static int on_newtask(struct tally *tally, const struct event_newtask *event)
{
	const struct tally_task *parent = tally_tasks_find(&tally->tasks, event->parent);
	bool thread = event->clone_flags & CLONE_THREAD;
	struct tally_task task = { event->task, event->group, event->local_tgid };
	struct group *group = group_at(tally, event->group), *creator;
	uint32_t parent_pid = parent ? parent->pid : 0;

	if (thread)
		task.pid = parent_pid;
	if (event->group && !group->id)
		begin_group(tally, group, event, task.pid, thread ? 0 : parent_pid);
	creator = parent ? group_at(tally, parent->group) : group;
	creator->created[created_as(event)]++;
	group->tasks++;
	group->processes += !thread;
	return tally_tasks_put(&tally->tasks, &task);
}

static void on_exec(struct tally *tally, const struct event_exec *event)
{
	struct group *group = group_of(tally, event->task);

	group->execs++;
	if (tally->by == GROUP_BY_THREAD && group->tid)
		group->tid = group->pid; /* whoever executes becomes the leader */
	else
		group->first = event->task;
	comm_copy(group->comm, event->comm);
}

static void on_rename(struct tally *tally, const struct event_rename *event)
{
	struct group *group = group_of(tally, event->task);

	if (group->first == event->task)
		comm_copy(group->comm, event->comm);
}

/* Signals that dump core unless they are handled: signal(7). */
static bool is_crash(unsigned int signal)
{
	switch (signal) {
	case SIGQUIT:
	case SIGILL:
	case SIGTRAP:
	case SIGABRT:
	case SIGBUS:
	case SIGFPE:
	case SIGSEGV:
	case SIGXCPU:
	case SIGXFSZ:
	case SIGSYS:
		return true;
	default:
		return false;
	}
}

static void on_exit_of(struct tally *tally, const struct event_exit *event)
{
	struct group *group = group_of(tally, event->task);

	group->exits++;
	if (!(event->h.flags & EXIT_GROUP_DEAD))
		return;
	group->processes -= group->processes != 0;
	group->crashes += is_crash(event->code & 0x7f);
}

/* Whether a CPU has counted the switch that a task left in. */
static bool is_settled(const struct tally *tally, uint32_t cpu, uint32_t at)
{
	const struct cpu_state *state = &tally->pool.cpu[cpu];

	return (int32_t)((uint32_t)__atomic_load_n(&state->tally.counted, __ATOMIC_ACQUIRE) - at) >
	       0;
}

/* A group is empty once, since only its tasks bear tasks into it. */
static void note_empty(struct tally *tally, uint32_t number)
{
	const struct group *group = &tally->group[number];

	if (number && !group->tasks && !group->unsettled)
		tally->empty[tally->empty_count++] = number;
}

static int on_end(struct tally *tally, const struct event_end *event)
{
	const struct tally_task *task = tally_tasks_find(&tally->tasks, event->task);
	struct leaving left = { .cpu = event->h.cpu, .at = event->at };
	struct group *group;

	if (!task || (event->h.flags & END_CLOSED))
		return 0;
	left.group = task->group < tally->pool.groups ? task->group : GROUP_OTHERS;
	group = &tally->group[left.group];
	tally_tasks_remove(&tally->tasks, event->task);
	group->tasks -= group->tasks != 0;
	if (left.group && left.cpu < tally->pool.cpus && !is_settled(tally, left.cpu, left.at)) {
		if (array_grow(tally->leaving, tally->leaving_room, tally->leaving_count))
			return -ENOMEM;
		tally->leaving[tally->leaving_count++] = left;
		group->unsettled++;
	}
	note_empty(tally, left.group);
	return 0;
}

int tally_event(struct tally *tally, const struct event_header *event)
{
	const void *e = event;

	switch (event->kind) {
	case EVENT_NEWTASK:
		return on_newtask(tally, e);
	case EVENT_EXEC:
		on_exec(tally, e);
		return 0;
	case EVENT_RENAME:
		on_rename(tally, e);
		return 0;
	case EVENT_EXIT:
		on_exit_of(tally, e);
		return 0;
	case EVENT_END:
		return on_end(tally, e);
	default:
		return 0;
	}
}

int tally_processes(const struct tally *tally, struct chosen *to)
{
	for (uint32_t i = 0; i < tally->tasks.room; i++)
		if (tally->tasks.task[i].serial && chosen_append(to, tally->tasks.task[i].pid))
			return -ENOMEM;
	return 0;
}

/* --- what a group has counted --- */

static void add_lives(struct census_counts *counts, const struct group *group)
{
	for (int i = 0; i < CREATED_KINDS; i++)
		counts->created[i] += group->created[i];
	counts->execs += group->execs;
	counts->exits += group->exits;
	counts->crashes += group->crashes;
}

/* Histograms are added to `times`, which is empty or NULL. */
static struct tally_found describe(struct tally *tally, uint32_t number, struct census_group *to,
				   struct census_times *times)
{
	struct group *group = &tally->group[number];
	struct tally_found found;

	*to = (struct census_group){ .id = group->id,
				     .pid = group->pid,
				     .tid = group->tid,
				     .parent = group->parent,
				     .processes = group->processes,
				     .tasks = group->tasks,
				     .rss = BYTES_UNKNOWN,
				     .pss = BYTES_UNKNOWN };
	memcpy(to->comm, group->comm, sizeof(to->comm));
	add_lives(&to->counts, group);
	found = tally_pool_add(&tally->pool, number, &to->counts, times);
	group->times_refused |= found.refused;
	tally->folded += found.shared && !group->folded;
	group->folded |= found.shared;
	to->partial = group->folded;
	if (times && found.times && !group->times_refused)
		to->times = times;
	return found;
}

/* --- groups that are no more --- */

static void settle(struct tally *tally)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < tally->leaving_count; i++) {
		struct leaving *left = &tally->leaving[i];

		if (!is_settled(tally, left->cpu, left->at)) {
			tally->leaving[kept++] = *left;
			continue;
		}
		tally->group[left->group].unsettled--;
		note_empty(tally, left->group);
	}
	tally->leaving_count = kept;
}

static int depart(struct tally *tally, uint32_t number)
{
	struct group *group = &tally->group[number];
	struct census_group last;
	struct census_times times = { 0 };
	uint32_t first = group->first;

	describe(tally, number, &last, &times);
	census_counts_add(&tally->departed, &last.counts);
	census_times_add(&tally->departed_times, &times);
	tally->total_refused |= group->times_refused;
	tally_pool_give_back(&tally->pool, number);
	memset(group, 0, sizeof(*group));
	return tally->sink ? tally->sink(tally->context, &last, first) : 0;
}

/* A CPU may not have counted yet an earlier switch, which one of its tasks has left it in. */
static bool is_awaited(const struct tally *tally, uint32_t number)
{
	for (unsigned int i = 0; i < tally->pool.cpus; i++) {
		const struct cpu_state *cpu = &tally->pool.cpu[i];

		if (__atomic_load_n(&cpu->has_pending, __ATOMIC_ACQUIRE) &&
		    (cpu->tally.prev_group == number || cpu->tally.next_group == number))
			return true;
	}
	return false;
}

int tally_reap(struct tally *tally)
{
	uint32_t kept = 0;
	int err = 0;

	settle(tally);
	for (uint32_t i = 0; i < tally->empty_count; i++) {
		uint32_t number = tally->empty[i];

		if (is_awaited(tally, number))
			tally->empty[kept++] = number;
		else
			err = depart(tally, number) ?: err;
	}
	tally->empty_count = kept;
	return err;
}

void tally_close(struct tally *tally)
{
	for (unsigned int cpu = 0; cpu < tally->pool.cpus; cpu++)
		if (tally->pool.cpu[cpu].has_pending)
			tally_pool_close_switch(&tally->pool, cpu);
}

/* --- the census --- */

static int make_room(struct tally *tally, uint32_t groups)
{
	if (array_grow(tally->listed, tally->listed_room, groups) ||
	    array_grow(tally->times, tally->times_room, groups))
		return -ENOMEM;
	return 0;
}

static uint32_t count_groups(const struct tally *tally)
{
	uint32_t count = 0;

	for (uint32_t i = 1; i < tally->pool.groups; i++)
		count += tally->group[i].id != 0;
	return count;
}

static void add_total(struct census_group *total, const struct census_group *one)
{
	total->processes += one->processes;
	total->tasks += one->tasks;
	census_counts_add(&total->counts, &one->counts);
}

static void add_cpus(const struct tally *tally, struct census *census)
{
	for (unsigned int i = 0; i < tally->pool.cpus; i++) {
		const struct cpu_tally *cpu = &tally->pool.cpu[i].tally;

		census->switches += cpu->counted;
		census->missed_ins += cpu->missed;
		census->missed_wait_ns += cpu->missed_wait_ns;
		census->open_wait_ns += cpu->run_from ? cpu->stint_wait : 0;
	}
}

/* One after another into census->group, and into the total. */
static void list_groups(struct tally *tally, struct census *census)
{
	struct census_times *times;
	bool refused = tally->total_refused;

	for (uint32_t i = 1; i < tally->pool.groups; i++) {
		if (!tally->group[i].id)
			continue;
		times = &tally->times[census->count];
		memset(times, 0, sizeof(*times));
		describe(tally, i, &tally->listed[census->count], times);
		add_total(&census->total, &tally->listed[census->count]);
		census_times_add(&tally->total_times, times);
		refused |= tally->group[i].times_refused;
		if (tally->group[i].times_refused || tally->group[i].folded)
			tally_pool_relent(&tally->pool, i);
		census->count++;
	}
	if (!refused)
		census->total.times = &tally->total_times;
}

int tally_read(struct tally *tally, struct census *census)
{
	struct census_group others;

	if (make_room(tally, count_groups(tally)))
		return -ENOMEM;
	*census = (struct census){
		.at_ns = clock_now_ns(),
		.since_ns = tally->armed_ns,
		.by = tally->by,
		.group = tally->listed,
		.total = { .rss = BYTES_UNKNOWN, .pss = BYTES_UNKNOWN, .counts = tally->departed }
	};
	tally->total_times = tally->departed_times;
	describe(tally, GROUP_OTHERS, &others, &tally->total_times);
	add_total(&census->total, &others);
	list_groups(tally, census);
	add_cpus(tally, census);
	census->folded = tally->folded + tally->pool.session->skeleton->data_groups->groups_folded;
	census->lost = session_losses(tally->pool.session);
	return 0;
}

int tally_each(const struct tally *tally, const struct census *census, tally_sink sink,
	       void *context)
{
	size_t at = 0;
	int err = 0;

	for (uint32_t i = 1; !err && i < tally->pool.groups && at < census->count; i++)
		if (tally->group[i].id == census->group[at].id)
			err = sink(context, &census->group[at++], tally->group[i].first);
	return err;
}
