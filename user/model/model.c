// SPDX-License-Identifier: GPL-2.0
/* model.c - owns the tables, hands each event to the one that wants it; see model.h. */
#include "model/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/event_form.h"
#include "model/attribution.h"
#include "model/model_internal.h"
#include "model/reconcile.h"
#include "model/tally_report.h"
#include "model/workload.h"

struct model *model_new(uint64_t probe_ns, uint64_t tlb_ns)
{
	struct model *model = calloc(1, sizeof(*model));

	if (!model)
		return NULL;
	attribution_init(&model->attribution, probe_ns == NS_UNKNOWN ? 0 : probe_ns,
			 tlb_ns == NS_UNKNOWN ? 0 : tlb_ns);
	faults_init(&model->faults);
	if (tasks_init(&model->tasks) || spaces_init(&model->spaces)) {
		model_free(model);
		return NULL;
	}
	return model;
}

void model_free(struct model *model)
{
	if (!model)
		return;
	summary_free(model);
	tasks_free(&model->tasks);
	attribution_free(&model->attribution);
	strangers_free(&model->strangers);
	spaces_free(&model->spaces);
	faults_free(&model->faults);
	memory_free(&model->memory);
	free(model);
}

/* The side band tells of every process of the host. */
static bool is_of_stranger(const struct model *model, const struct event_header *event)
{
	const void *e = event;

	if (event->kind == EVENT_MAPPING)
		return !spaces_knows(&model->spaces, &model->tasks,
				     ((const struct event_mapping *)e)->tgid);
	if (event->kind == EVENT_IMAGE)
		return !spaces_knows(&model->spaces, &model->tasks,
				     ((const struct event_image *)e)->tgid);
	return false;
}

static int take_switch(struct model *model, const struct event_switch *event)
{
	struct attribution *attribution = &model->attribution;
	int err = attribution_switch(attribution, &model->tasks, event);

	if (!err)
		timeline_switch(&model->timeline, event->h.ts, attribution->latest->level,
				attribution_direct(attribution, event), attribution->stint_ns);
	return err;
}

static int take_fault(struct model *model, const struct event_fault *event)
{
	int err = faults_add(&model->faults, &model->tasks, &model->spaces, event);

	if (!err)
		timeline_fault(&model->timeline, event->h.ts, model->faults.latest.on_cpu_ns);
	return err;
}

static int dispatch(struct model *model, const struct event_header *event)
{
	const void *e = event;
	int err;

	switch (event->kind) {
	case EVENT_SWITCH:
		return take_switch(model, e);
	case EVENT_WAKING:
		return attribution_waking(&model->attribution, e);
	case EVENT_MISSED:
		return attribution_missed(&model->attribution, &model->tasks, e);
	case EVENT_FAULT:
		return take_fault(model, e);
	case EVENT_NEWTASK:
		return tasks_newtask(&model->tasks, e) ?:
			       spaces_newtask(&model->spaces, &model->tasks, e);
	case EVENT_EXEC:
		return tasks_exec(&model->tasks, e)			     ?:
			       spaces_exec(&model->spaces, &model->tasks, e) ?:
			       memory_exec(&model->memory, &model->tasks, e);
	case EVENT_IMAGE:
		return spaces_image(&model->spaces, &model->tasks, e);
	case EVENT_MAPPING:
		return spaces_mapping(&model->spaces, &model->tasks, e);
	case EVENT_RENAME:
		return tasks_rename(&model->tasks, e);
	case EVENT_EXIT:
		spaces_exit(&model->spaces, &model->tasks, e);
		err = tasks_exit(&model->tasks, e);
		model->exits_seen += !err && !(event->flags & EXIT_UNRECORDED);
		return err ?: memory_exit(&model->memory, &model->tasks, e);
	case EVENT_SHOOTDOWN: /* its task counts it, and says so at its end */
		return 0;
	case EVENT_MEMORY:
		return memory_sample(&model->memory, &model->tasks, e);
	case EVENT_END:
		err = tasks_end(&model->tasks, e);
		model->ends_seen += !err && !(event->flags & END_CLOSED);
		return err;
	default:
		return strangers_add(&model->strangers, e);
	}
}

/* Of a task that does not count. */
static bool is_aside(const struct model *model, const struct event_header *event)
{
	const struct event_rename *e = (const void *)event;

	switch (event->kind) {
	case EVENT_NEWTASK:
		return event->flags & NEWTASK_ASIDE;
	case EVENT_EXEC:
	case EVENT_RENAME:
	case EVENT_EXIT:
		return e->task < model->tasks.task_count && model->tasks.task[e->task].aside;
	default:
		return false;
	}
}

bool model_wants(const struct model *model, const struct event_header *event)
{
	return event_is_well_formed(event) && !is_of_stranger(model, event);
}

int model_event(struct model *model, const struct event_header *event)
{
	model->counted = false;
	if (!event_is_well_formed(event)) {
		model->unknown++;
		return 0;
	}
	if (is_of_stranger(model, event))
		return 0;
	model->counted = !is_aside(model, event);
	model->received += model->counted;
	if (event->ts < model->latest_ns)
		model->late++;
	else
		model->latest_ns = event->ts;
	return dispatch(model, event);
}

bool model_tells_who(const struct event_header *event)
{
	switch (event->kind) {
	case EVENT_NEWTASK:
	case EVENT_EXEC:
	case EVENT_RENAME:
	case EVENT_EXIT:
	case EVENT_NAME:
	case EVENT_IMAGE:
	case EVENT_MAPPING:
		return true;
	default:
		return false;
	}
}

void model_begin(struct model *model, uint64_t ts)
{
	tasks_begin(&model->tasks, ts);
	model->received = model->late = model->unknown = 0;
	model->exits_seen = model->ends_seen = 0;
}

bool model_settled(const struct model *model)
{
	return model->ends_seen >= model->exits_seen;
}

bool model_has_exited(const struct model *model, uint32_t serial)
{
	return serial < model->tasks.task_count && model->tasks.task[serial].exited;
}

struct unmapped model_unmapped(const struct model *model, const struct event_header *event)
{
	const struct unmapped nothing = { 0 };

	return event_is_well_formed(event) ? spaces_unmapped(&model->spaces, &model->tasks, event) :
					     nothing;
}

uint32_t model_live_tasks(const struct model *model)
{
	return model->tasks.live;
}

int model_count_group(struct model *model, uint32_t first_task, const struct census_group *group)
{
	return tally_report_group(&model->tasks, first_task, group, model->attribution.probe_ns);
}

void model_count(struct model *model, const struct census *census, bool no_records)
{
	model->census = census;
	model->no_records = no_records;
	if (no_records)
		tally_report_fill(model, census);
}

const struct report *model_finish(struct model *model, const struct run_context *context,
				  const struct losses *lost)
{
	struct report *report = &model->report;

	report->context = *context;
	report->received = model->received;
	report->late = model->late;
	report->lost = *lost;
	report->lost.unknown += model->unknown;
	report->census = model->census;
	report->timeline = model->no_records ? NULL : &model->timeline;
	report->reconcile =
		model->no_records ?
			tally_report_reconcile(&model->tasks, context, model->census) :
			reconcile(&model->tasks, context, lost->switches || model->late);
	if (workload_judge(&model->tasks, report) || summary_make(model))
		return NULL;
	return report;
}

/* --- what it made of an event --- */

bool model_counted(const struct model *model)
{
	return model->counted;
}

struct switch_meaning model_switch(const struct model *model, const struct event_switch *event)
{
	return (struct switch_meaning){
		.level = model->attribution.latest->level,
		.via = model->attribution.latest->via,
		.direct_ns = attribution_direct(&model->attribution, event),
		.pick_ns = attribution_pick(event),
		.wait_ns = attribution_wait(event),
	};
}

struct fault_meaning model_fault(const struct model *model)
{
	const char *name = model->spaces.names.count > model->faults.latest.name ?
				   model->spaces.names.name[model->faults.latest.name].text :
				   NULL;

	return (struct fault_meaning){
		.row = model->faults.latest.row,
		.region = model->faults.latest.class,
		.name = name && *name ? name : NULL,
	};
}

const struct task_entry *model_task(const struct model *model, uint32_t ref)
{
	if (TASK_CLASS(ref) != TASK_TARGET || !ref || ref >= model->tasks.task_count)
		return NULL;
	return &model->tasks.task[ref];
}
