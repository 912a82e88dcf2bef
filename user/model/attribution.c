// SPDX-License-Identifier: GPL-2.0
/* attribution.c - rows, prices and task figures of switch records; see attribution.h. */
#include "model/attribution.h"

#include <errno.h>
#include <string.h>

static unsigned int row_index(enum row_level level, int via)
{
	if (level < ROW_WITH_VIA)
		return level * VIA_COUNT + (unsigned int)via;
	return ROW_WITH_VIA * VIA_COUNT + (level - ROW_WITH_VIA);
}

void attribution_init(struct attribution *attribution, uint64_t probe_ns, uint64_t tlb_ns)
{
	memset(attribution, 0, sizeof(*attribution));
	attribution->probe_ns = probe_ns;
	attribution->tlb_ns = tlb_ns;
	for (int level = 0; level < ROW_LEVELS; level++) {
		for (int via = 0; via < (level < ROW_WITH_VIA ? VIA_COUNT : 1); via++) {
			struct switch_row *row = &attribution->row[row_index(level, via)];

			row->level = level;
			row->via = level < ROW_WITH_VIA ? via : -1;
			histogram_init(&row->direct);
			histogram_init(&row->pick);
			histogram_init(&row->wait);
		}
	}
}

void attribution_free(struct attribution *attribution)
{
	for (unsigned int i = 0; i < ROW_TABLE; i++) {
		histogram_free(&attribution->row[i].direct);
		histogram_free(&attribution->row[i].pick);
		histogram_free(&attribution->row[i].wait);
	}
	pairs_free(&attribution->pairs);
	pairs_free(&attribution->wakes);
}

static bool is_target(uint32_t ref)
{
	return TASK_CLASS(ref) == TASK_TARGET && TASK_ID(ref);
}

static enum row_level row_of(const struct event_switch *event)
{
	if (is_target(event->next)) {
		switch (SWITCH_LEVEL(event->h.flags)) {
		case SWITCH_LEVEL_RESUME:
			return ROW_RESUME;
		case SWITCH_LEVEL_THREAD:
			return ROW_THREAD;
		case SWITCH_LEVEL_EXITING:
			return ROW_EXITING;
		default:
			return ROW_PROCESS;
		}
	}
	if (!is_target(event->prev))
		return ROW_OTHER;
	switch (TASK_CLASS(event->next)) {
	case TASK_IDLE:
		return ROW_IDLE;
	case TASK_KERNEL:
		return ROW_KERNEL;
	default:
		return ROW_FOREIGN;
	}
}

uint64_t attribution_wait(const struct event_switch *event)
{
	uint64_t wait = event->wait_ns;

	if (!(event->h.flags & SWITCH_WAIT))
		return NS_UNKNOWN;
	if (event->h.flags & SWITCH_WAIT_WIDE)
		wait |= (uint64_t)event->pick_ns << 32;
	return wait;
}

uint64_t attribution_direct(const struct attribution *attribution, const struct event_switch *event)
{
	uint64_t probes = attribution->probe_ns;

	if (event->direct_ns == SWITCH_NS_UNKNOWN)
		return NS_UNKNOWN;
	if (event->h.flags & (SWITCH_TLB_FLUSHED | SWITCH_TLB_REUSED))
		probes += attribution->tlb_ns;
	return event->direct_ns > probes ? event->direct_ns - probes : 0;
}

uint64_t attribution_pick(const struct event_switch *event)
{
	bool known = event->pick_ns && !(event->h.flags & SWITCH_WAIT_WIDE);

	return known ? event->pick_ns : NS_UNKNOWN;
}

static int price(struct attribution *attribution, struct switch_row *row,
		 const struct event_switch *event)
{
	uint64_t direct = attribution_direct(attribution, event), pick = attribution_pick(event);

	if (direct != NS_UNKNOWN) {
		attribution->priced++;
		attribution->direct_by_level[row->level] += direct;
		if (histogram_record(&row->direct, direct))
			return -ENOMEM;
	} else {
		attribution->unpriced++;
	}
	if (pick != NS_UNKNOWN)
		return histogram_record(&row->pick, pick) ? -ENOMEM : 0;
	return 0;
}

/* The wait of a stint belongs to the row of the switch-in that began it. */
static int wait_for(struct attribution *attribution, struct task_entry *task, uint64_t wait)
{
	task->figures.wait_ns += wait;
	task->stint_wait_ns = wait;
	if (task->in_row < 0)
		return 0;
	return histogram_record(&attribution->row[task->in_row].wait, wait) ? -ENOMEM : 0;
}

static bool is_first_record(const struct task_entry *task)
{
	const struct task_figures *figures = &task->figures;
	uint64_t records = figures->voluntary + figures->preempted;

	for (int level = 0; level < ROW_WITH_VIA; level++)
		records += figures->in[level];
	return !records;
}

/* A switch-out without its switch-in: the task ran when recording began, or something is missing. */
static void note_unseen_coming(struct attribution *attribution, struct task_entry *task)
{
	if (is_first_record(task)) {
		task->began_on_cpu = true;
		attribution->began_on_cpu++;
	} else {
		task->gaps++;
	}
}

static int switch_out(struct attribution *attribution, struct task_entry *task,
		      const struct event_switch *event)
{
	uint64_t wait = attribution_wait(event);
	int err = 0;

	if (event->h.flags & SWITCH_WAIT_PREV && wait != NS_UNKNOWN)
		err = wait_for(attribution, task, wait);
	if (!task->on_cpu && !task->missed_in)
		note_unseen_coming(attribution, task);
	if (event->h.flags & SWITCH_VOLUNTARY)
		task->figures.voluntary++;
	else
		task->figures.preempted++;
	if (task->on_cpu && event->h.ts > task->switched_ns)
		attribution->stint_ns = event->h.ts - task->switched_ns;
	task->figures.run_ns += attribution->stint_ns;
	task->switched_ns = event->h.ts;
	task->on_cpu = task->missed_in = false;
	task->in_row = -1; /* that stint is over: a wait told later is not of this row */
	return err;
}

static int switch_in(struct attribution *attribution, struct task_entry *task,
		     const struct event_switch *event, const struct switch_row *row)
{
	uint64_t direct = attribution_direct(attribution, event);
	uint16_t flags = event->h.flags;

	task->gaps += task->on_cpu;
	task->figures.in[row->level]++;
	task->figures.migrated += !!(flags & SWITCH_MIGRATED);
	if (event->next_mm)
		task->mm = event->next_mm;
	if (direct != NS_UNKNOWN) {
		task->figures.direct_ns += direct;
		task->figures.direct_count++;
	}
	if (!task->on_cpu && task->switched_ns && event->h.ts > task->switched_ns)
		task->figures.off_ns += event->h.ts - task->switched_ns;
	task->switched_ns = event->h.ts;
	task->on_cpu = true;
	task->in_row = (int)(row - attribution->row);
	task->stint_wait_ns = 0;
	if ((flags & SWITCH_WAIT) && !(flags & SWITCH_WAIT_PREV))
		return wait_for(attribution, task, attribution_wait(event));
	return 0;
}

int attribution_switch(struct attribution *attribution, struct tasks *tasks,
		       const struct event_switch *event)
{
	enum row_level level = row_of(event);
	struct switch_row *row =
		&attribution->row[row_index(level, SWITCH_VIA(event->h.flags) % VIA_COUNT)];
	struct task_entry *task;
	int err;

	attribution->latest = row;
	attribution->stint_ns = 0;
	row->count++;
	row->tlb_flushed += !!(event->h.flags & SWITCH_TLB_FLUSHED);
	row->tlb_reused += !!(event->h.flags & SWITCH_TLB_REUSED);
	err = price(attribution, row, event);
	if (is_target(event->prev)) {
		task = tasks_get(tasks, TASK_ID(event->prev));
		if (!task)
			return -ENOMEM;
		if (event->h.flags & SWITCH_VOLUNTARY)
			row->voluntary++;
		else
			row->preempted++;
		err = switch_out(attribution, task, event) ?: err;
	}
	if (is_target(event->next)) {
		task = tasks_get(tasks, TASK_ID(event->next));
		if (!task)
			return -ENOMEM;
		row->migrated += !!(event->h.flags & SWITCH_MIGRATED);
		attribution->first_switches += !!(event->h.flags & SWITCH_FIRST);
		if (level != ROW_RESUME && event->last_user)
			pairs_add(&attribution->pairs, event->last_user, event->next, level);
		err = switch_in(attribution, task, event, row) ?: err;
	}
	return err;
}

int attribution_missed(struct attribution *attribution, struct tasks *tasks,
		       const struct event_missed *event)
{
	struct task_entry *task = tasks_get(tasks, TASK_ID(event->task));

	if (!task)
		return -ENOMEM;
	attribution->missed++;
	task->figures.wait_ns += event->wait_ns;
	task->missed_in = true;
	task->on_cpu = false; /* when it came is not known, nor, before that, when it left */
	task->in_row = -1;
	return 0;
}

int attribution_waking(struct attribution *attribution, const struct event_waking *event)
{
	pairs_add(&attribution->wakes, event->waker, event->wakee, 0);
	return 0;
}
