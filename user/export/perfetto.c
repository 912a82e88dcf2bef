// SPDX-License-Identifier: GPL-2.0
/*
 * perfetto.c - the events as a Perfetto trace (perfetto_packets.h), for ui.perfetto.dev and trace_processor.
 *
 * A track for each CPU: who runs, in the category of the level at which it came, and within that what the switch itself
 * took. A track for each task, of its process: waiting, running (named by the level), what it created and who woke it as
 * arrows, and beneath it its page faults. Counters from the model's timeline. Shootdowns are arrows where each was recorded
 * (--shootdowns); their sums stand where a task ends. Memory is bounded by tasks and CPUs.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "export/formats.h"
#include "export/perfetto_packets.h"
#include "model/timeline.h"

/* --- tracks --- */

enum track_kind {
	TRACK_FIXED,
	TRACK_CPU,
	TRACK_TASK,
	TRACK_FAULTS,
	TRACK_PROCESS,
	TRACK_RSS,
	TRACK_PSS,
};

enum fixed_track {
	FIXED_CPUS = 1,
	FIXED_TASKTAX,
	FIXED_TAX,
	FIXED_FAULTS,
	FIXED_SWITCHES, /* and one for each level after it */
};

static uint64_t track_of(enum track_kind kind, uint64_t id)
{
	return id << 3 | kind;
}

/* --- arrows: numbers of their own for each kind --- */

#define FLOW_CREATED (1ull << 32) /* with the serial of what was created */
#define FLOW_WOKEN (2ull << 32)	  /* counted */
#define FLOW_SHOT (1ull << 62)	  /* with the number of the call */

/* --- what is known meanwhile --- */

struct task_state {
	bool described, faults_described, running;
	uint64_t name;	   /* of its slices on the CPUs' tracks */
	uint64_t left_ns;  /* when it last left a CPU; 0: not yet */
	uint64_t woken_by; /* an arrow that waits for it to run; 0: none */
};

struct cpu_state {
	bool described, busy; /* a slice is open */
};

enum note {
	NOTE_VIA,
	NOTE_DIRECT,
	NOTE_WAIT,
	NOTE_TASK,
	NOTE_CPU,
	NOTE_SEVERITY,
	NOTE_MODE,
	NOTE_REGION,
	NOTE_FILE,
	NOTE_ADDRESS,
	NOTE_OFF,
	NOTE_CODE,
	NOTE_SIGNAL,
	NOTE_TO_CPU,
	NOTE_PAGES,
	NOTE_SENT,
	NOTE_RECEIVED,
	NOTE_RECEIVED_NS,
	NOTE_COMMAND,
	NOTE_KERNEL,
	NOTE_MODEL,
	NOTE_VERSION,
	NOTE_LOST,
	NOTE_LOST_SWITCHES,
	NOTE_LOST_FAULTS,
	NOTE_LOST_LIFECYCLE,
	NOTE_PARTIAL,
	NOTES,
};

static const char *const note_name[NOTES] = {
	"via",
	"direct_ns",
	"wait_ns",
	"task",
	"cpu",
	"severity",
	"mode",
	"region",
	"file",
	"address",
	"off_cpu_ns",
	"exit_code",
	"exit_signal",
	"to_cpu",
	"pages",
	"sent",
	"received",
	"received_ns",
	"command",
	"kernel",
	"cpu_model",
	"tasktax",
	"lost",
	"lost_switches",
	"lost_faults",
	"lost_lifecycle",
	"partial_because",
};

enum word {
	WORD_SWITCH, /* the switch itself */
	WORD_WAITING,
	WORD_CREATES,
	WORD_CREATED,
	WORD_WAKES,
	WORD_EXEC,
	WORD_EXIT,
	WORD_SHOOTDOWNS,
	WORD_SHOOTS,
	WORD_IS_SHOT,
	WORD_RECORDING,
	WORD_LOST,
	WORDS,
};

static const char *const word_name[WORDS] = {
	"switch",
	"waiting for a CPU",
	"creates",
	"is created",
	"wakes",
	"exec",
	"exit",
	"TLB shootdowns",
	"asks to flush",
	"TLB shootdown",
	"recording begins",
	"events were lost",
};

struct perfetto {
	struct packets packets;
	struct task_state *task; /* by serial */
	struct cpu_state *cpu;
	bool *process; /* described; by index */
	uint32_t task_room, cpu_room, process_room;
	uint64_t wakings; /* arrows so far */
	uint64_t latest_ns;

	/* numbers of names that are known from the start */
	uint64_t level_name[ROW_LEVELS], level_category[ROW_LEVELS];
	uint64_t kind_name[FAULT_KINDS], cause_category[CAUSES];
	uint64_t word[WORDS], note[NOTES];
	uint64_t in_cost, in_task; /* categories */
};

static void send_words(struct perfetto *perfetto)
{
	struct packets *packets = &perfetto->packets;
	char text[64];

	for (int level = 0; level < ROW_LEVELS; level++) {
		const char *name = row_level_name((enum row_level)level);

		snprintf(text, sizeof(text), level < ROW_WITH_VIA ? "%s" : "to %s", name);
		perfetto->level_name[level] = packets_name(packets, text);
		snprintf(text, sizeof(text), "switch-%s", name);
		perfetto->level_category[level] = packets_category(packets, text);
	}
	for (int kind = 0; kind < FAULT_KINDS; kind++)
		perfetto->kind_name[kind] =
			packets_name(packets, fault_kind_name((enum fault_kind)kind));
	for (int cause = 0; cause < CAUSES; cause++) {
		snprintf(text, sizeof(text), "fault-%s", fault_cause_name((enum fault_cause)cause));
		perfetto->cause_category[cause] = packets_category(packets, text);
	}
	for (int word = 0; word < WORDS; word++)
		perfetto->word[word] = packets_name(packets, word_name[word]);
	for (int note = 0; note < NOTES; note++)
		perfetto->note[note] = packets_note_name(packets, note_name[note]);
	perfetto->in_cost = packets_category(packets, "cost");
	perfetto->in_task = packets_category(packets, "task");
}

/* --- notes --- */

static void note_number(const struct perfetto *perfetto, struct packets_event *event,
			enum note note, uint64_t number)
{
	if (event->notes < PACKETS_NOTES && number != NS_UNKNOWN)
		event->note[event->notes++] =
			(struct packets_note){ .name = perfetto->note[note], .number = number };
}

static void note_text(const struct perfetto *perfetto, struct packets_event *event, enum note note,
		      const char *text)
{
	if (event->notes < PACKETS_NOTES && text)
		event->note[event->notes++] =
			(struct packets_note){ .name = perfetto->note[note], .text = text };
}

/* --- who --- */

static const char *comm_of(const struct task_entry *task)
{
	return task->comm[0] ? task->comm : "(unnamed)";
}

static int describe_process(struct perfetto *perfetto, const struct task_entry *task)
{
	if (array_grow(perfetto->process, perfetto->process_room, task->process))
		return -ENOMEM;
	if (perfetto->process[task->process] && task->pid != task->tgid)
		return 0;
	perfetto->process[task->process] = true;
	packets_process(&perfetto->packets, track_of(TRACK_PROCESS, task->process), task->tgid,
			comm_of(task));
	return 0;
}

/* Sends who it is: the first time, and when its name has changed. */
static int describe_task(struct perfetto *perfetto, uint32_t serial, const struct task_entry *task)
{
	struct task_state *state = &perfetto->task[serial];
	char name[EVENT_COMM_LEN + 32];
	int err = describe_process(perfetto, task);

	packets_thread(&perfetto->packets, track_of(TRACK_TASK, serial),
		       track_of(TRACK_PROCESS, task->process), task->tgid, task->pid,
		       comm_of(task));
	snprintf(name, sizeof(name), "%s %u", comm_of(task), task->pid);
	state->name = packets_name(&perfetto->packets, name);
	state->described = true;
	return err;
}

/* The state of a target, described; NULL: it is none (then *err is 0), or no memory. */
static struct task_state *target(struct export *export, uint32_t ref, int *err)
{
	struct perfetto *perfetto = export->state;
	const struct task_entry *task = model_task(export->model, ref);
	uint32_t serial = TASK_ID(ref);

	*err = 0;
	if (!task)
		return NULL;
	if (array_grow(perfetto->task, perfetto->task_room, serial))
		*err = -ENOMEM;
	else if (!perfetto->task[serial].described)
		*err = describe_task(perfetto, serial, task);
	return *err ? NULL : &perfetto->task[serial];
}

static struct cpu_state *cpu_of(struct perfetto *perfetto, uint32_t cpu)
{
	char name[32];

	if (array_grow(perfetto->cpu, perfetto->cpu_room, cpu))
		return NULL;
	if (!perfetto->cpu[cpu].described) {
		snprintf(name, sizeof(name), "CPU %u", cpu);
		packets_track(&perfetto->packets, track_of(TRACK_CPU, cpu),
			      track_of(TRACK_FIXED, FIXED_CPUS), name);
		perfetto->cpu[cpu].described = true;
	}
	return &perfetto->cpu[cpu];
}

/* --- switches --- */

/* From when it was queued, but not before it had left the CPU. */
static void put_wait(struct perfetto *perfetto, const struct task_state *state, uint64_t track,
		     uint64_t ts, uint64_t wait_ns)
{
	uint64_t from = wait_ns < ts ? ts - wait_ns : 0;
	struct packets_event event = { .track = track,
				       .name = perfetto->word[WORD_WAITING],
				       .category = perfetto->in_task };

	event.ts = from > state->left_ns ? from : state->left_ns;
	if (!wait_ns || wait_ns == NS_UNKNOWN || event.ts >= ts)
		return;
	packets_slice(&perfetto->packets, &event);
	packets_slice_end(&perfetto->packets, track, ts);
}

static void put_running(struct perfetto *perfetto, struct task_state *state,
			const struct event_switch *event, const struct switch_meaning *meaning)
{
	uint64_t track = track_of(TRACK_TASK, TASK_ID(event->next));
	struct packets_event slice = { .ts = event->h.ts,
				       .track = track,
				       .name = perfetto->level_name[meaning->level],
				       .category = perfetto->in_task,
				       .flow_end = state->woken_by };

	if (state->running) /* its switch-out is missing */
		packets_slice_end(&perfetto->packets, track, event->h.ts);
	else if (!(event->h.flags & SWITCH_WAIT_PREV))
		put_wait(perfetto, state, track, event->h.ts, meaning->wait_ns);
	note_number(perfetto, &slice, NOTE_CPU, event->h.cpu);
	note_number(perfetto, &slice, NOTE_WAIT, meaning->wait_ns);
	packets_slice(&perfetto->packets, &slice);
	state->running = true;
	state->woken_by = 0;
}

/* Who runs, and within that the switch itself. */
static void put_on_cpu(struct perfetto *perfetto, struct cpu_state *cpu, uint64_t name,
		       const struct event_switch *event, const struct switch_meaning *meaning)
{
	struct packets_event slice = { .ts = event->h.ts,
				       .track = track_of(TRACK_CPU, event->h.cpu),
				       .name = name,
				       .category = perfetto->level_category[meaning->level] };

	note_text(perfetto, &slice, NOTE_VIA, switch_via_name(meaning->via));
	note_number(perfetto, &slice, NOTE_DIRECT, meaning->direct_ns);
	packets_slice(&perfetto->packets, &slice);
	cpu->busy = true;
	if (!meaning->direct_ns || meaning->direct_ns == NS_UNKNOWN)
		return;
	slice.name = perfetto->word[WORD_SWITCH];
	slice.category = perfetto->in_cost;
	slice.notes = 0;
	packets_slice(&perfetto->packets, &slice);
	packets_slice_end(&perfetto->packets, slice.track, event->h.ts + meaning->direct_ns);
}

/* To who is no target: what runs then is not recorded. */
static void put_leaving(struct export *export, const struct event_switch *event,
			const struct switch_meaning *meaning)
{
	struct perfetto *perfetto = export->state;
	struct packets_event instant = { .ts = event->h.ts,
					 .track = track_of(TRACK_CPU, event->h.cpu),
					 .name = perfetto->level_name[meaning->level],
					 .category = perfetto->level_category[meaning->level] };

	note_text(perfetto, &instant, NOTE_TASK,
		  who_is(&export->names, export->model, event->next).comm);
	note_number(perfetto, &instant, NOTE_DIRECT, meaning->direct_ns);
	packets_instant(&perfetto->packets, &instant);
}

static int put_switch(struct export *export, const struct event_switch *event)
{
	struct perfetto *perfetto = export->state;
	struct switch_meaning meaning = model_switch(export->model, event);
	struct cpu_state *cpu = cpu_of(perfetto, event->h.cpu);
	struct task_state *state;
	int err;

	if (!cpu)
		return -ENOMEM;
	state = target(export, event->prev, &err);
	if (err)
		return err;
	if (cpu->busy)
		packets_slice_end(&perfetto->packets, track_of(TRACK_CPU, event->h.cpu),
				  event->h.ts);
	cpu->busy = false;
	if (state && state->running)
		packets_slice_end(&perfetto->packets, track_of(TRACK_TASK, TASK_ID(event->prev)),
				  event->h.ts);
	if (state) {
		state->running = false;
		state->left_ns = event->h.ts;
	}
	state = target(export, event->next, &err); /* what was prev's state may have moved */
	if (err)
		return err;
	if (!state) {
		put_leaving(export, event, &meaning);
		return 0;
	}
	put_running(perfetto, state, event, &meaning);
	put_on_cpu(perfetto, cpu, state->name, event, &meaning);
	return 0;
}

/* --- faults --- */

static int put_fault(struct export *export, const struct event_fault *event)
{
	struct perfetto *perfetto = export->state;
	struct fault_meaning meaning = model_fault(export->model);
	uint64_t track = track_of(TRACK_FAULTS, TASK_ID(event->task));
	bool timed = event->time_ns != NS_UNKNOWN && event->time_ns <= event->h.ts;
	struct packets_event slice = { .ts = event->h.ts - (timed ? event->time_ns : 0),
				       .track = track,
				       .name = perfetto->kind_name[meaning.row->kind],
				       .category = perfetto->cause_category[meaning.row->cause] };
	int err;
	struct task_state *state = target(export, event->task, &err);

	if (!state)
		return err;
	if (!state->faults_described)
		packets_track(&perfetto->packets, track, track_of(TRACK_TASK, TASK_ID(event->task)),
			      "page faults");
	state->faults_described = true;
	note_text(perfetto, &slice, NOTE_SEVERITY, meaning.row->major ? "major" : "minor");
	note_text(perfetto, &slice, NOTE_MODE, meaning.row->kernel ? "kernel" : "user");
	note_text(perfetto, &slice, NOTE_REGION, region_class_name(meaning.region));
	note_text(perfetto, &slice, NOTE_FILE, meaning.name);
	note_number(perfetto, &slice, NOTE_ADDRESS, event->address);
	if (!timed) {
		packets_instant(&perfetto->packets, &slice);
		return 0;
	}
	if (event->off_ns)
		note_number(perfetto, &slice, NOTE_OFF, event->off_ns);
	packets_slice(&perfetto->packets, &slice);
	packets_slice_end(&perfetto->packets, track, event->h.ts);
	return 0;
}

/* --- lives --- */

static struct packets_event instant_of(const struct perfetto *perfetto, uint32_t ref, uint64_t ts,
				       enum word word)
{
	return (struct packets_event){ .ts = ts,
				       .track = track_of(TRACK_TASK, TASK_ID(ref)),
				       .name = perfetto->word[word],
				       .category = perfetto->in_task };
}

static int put_newtask(struct export *export, const struct event_newtask *event)
{
	struct perfetto *perfetto = export->state;
	struct packets_event child = instant_of(perfetto, event->task, event->h.ts, WORD_CREATED);
	struct packets_event parent =
		instant_of(perfetto, event->parent, event->h.ts, WORD_CREATES);
	const struct task_entry *task;
	int err;

	if (!target(export, event->task, &err) || event->h.flags & NEWTASK_SEEDED)
		return err;
	task = model_task(export->model, event->task);
	note_text(perfetto, &child, NOTE_MODE, created_as_name(task->created));
	if (event->parent && target(export, event->parent, &err)) {
		parent.flow = child.flow_end = FLOW_CREATED | TASK_ID(event->task);
		note_text(perfetto, &parent, NOTE_MODE, created_as_name(task->created));
		packets_instant(&perfetto->packets, &parent);
	}
	packets_instant(&perfetto->packets, &child);
	return err;
}

/* Its name may be another one from now on. */
static int rename_task(struct export *export, uint32_t ref)
{
	const struct task_entry *task = model_task(export->model, ref);
	int err;

	if (!target(export, ref, &err))
		return err;
	return describe_task(export->state, TASK_ID(ref), task);
}

static int put_exec(struct export *export, const struct event_exec *event)
{
	struct perfetto *perfetto = export->state;
	struct packets_event instant = instant_of(perfetto, event->task, event->h.ts, WORD_EXEC);
	const struct task_entry *task = model_task(export->model, event->task);
	int err = rename_task(export, event->task);

	if (err || !task)
		return err;
	note_text(perfetto, &instant, NOTE_TASK, comm_of(task));
	packets_instant(&perfetto->packets, &instant);
	return 0;
}

static int put_exit(struct export *export, const struct event_exit *event)
{
	struct perfetto *perfetto = export->state;
	struct packets_event instant = instant_of(perfetto, event->task, event->h.ts, WORD_EXIT);
	int err;

	if (!target(export, event->task, &err))
		return err;
	note_number(perfetto, &instant, NOTE_CODE, event->code >> 8 & 0xff);
	if (event->code & 0x7f)
		note_number(perfetto, &instant, NOTE_SIGNAL, event->code & 0x7f);
	packets_instant(&perfetto->packets, &instant);
	return 0;
}

static int put_end(struct export *export, const struct event_end *event)
{
	struct perfetto *perfetto = export->state;
	const struct task_tlb *tlb = &event->account.tlb;
	struct packets_event instant =
		instant_of(perfetto, event->task, event->h.ts, WORD_SHOOTDOWNS);
	int err;

	if (!target(export, event->task, &err) || !(tlb->sent | tlb->received))
		return err;
	note_number(perfetto, &instant, NOTE_SENT, tlb->sent);
	note_number(perfetto, &instant, NOTE_RECEIVED, tlb->received);
	note_number(perfetto, &instant, NOTE_RECEIVED_NS, tlb->received_ns);
	packets_instant(&perfetto->packets, &instant);
	return 0;
}

/* From who asked to who was interrupted, if both are targets. */
static int put_shootdown(struct export *export, const struct event_shootdown *event)
{
	struct perfetto *perfetto = export->state;
	bool received = event->h.flags & SHOOTDOWN_RECEIVED;
	struct packets_event what = instant_of(perfetto, event->task, event->h.ts,
					       received ? WORD_IS_SHOT : WORD_SHOOTS);
	uint64_t arrow = event->call ? FLOW_SHOT | event->call : 0;
	int err;

	if (!target(export, event->task, &err))
		return err;
	if (received) {
		what.ts -= event->took_ns < what.ts ? event->took_ns : 0;
		what.flow_end = arrow;
		packets_slice(&perfetto->packets, &what);
		packets_slice_end(&perfetto->packets, what.track, event->h.ts);
		return 0;
	}
	what.flow = arrow;
	note_number(perfetto, &what, NOTE_TO_CPU, event->to);
	if (!(event->h.flags & SHOOTDOWN_ALL))
		note_number(perfetto, &what, NOTE_PAGES, event->pages);
	packets_instant(&perfetto->packets, &what);
	return 0;
}

static int put_waking(struct export *export, const struct event_waking *event)
{
	struct perfetto *perfetto = export->state;
	struct packets_event instant = instant_of(perfetto, event->waker, event->h.ts, WORD_WAKES);
	struct task_state *wakee;
	int err;

	if (!target(export, event->waker, &err))
		return err;
	wakee = target(export, event->wakee, &err);
	if (!wakee)
		return err;
	instant.flow = wakee->woken_by = FLOW_WOKEN | ++perfetto->wakings;
	packets_instant(&perfetto->packets, &instant);
	return 0;
}

static int put_memory(struct export *export, const struct event_memory *event)
{
	struct perfetto *perfetto = export->state;
	const struct task_entry *task = model_task(export->model, event->task);
	uint64_t process;
	int err;

	if (!target(export, event->task, &err) || event->h.flags & MEMORY_DENIED)
		return err;
	process = task->process;
	packets_counter_track(&perfetto->packets, track_of(TRACK_RSS, process),
			      track_of(TRACK_PROCESS, process), "RSS, bytes");
	packets_counter_track(&perfetto->packets, track_of(TRACK_PSS, process),
			      track_of(TRACK_PROCESS, process), "PSS, bytes");
	packets_count(&perfetto->packets, track_of(TRACK_RSS, process), event->h.ts,
		      (double)event->rss);
	packets_count(&perfetto->packets, track_of(TRACK_PSS, process), event->h.ts,
		      (double)event->pss);
	return 0;
}

int perfetto_event(struct export *export, const struct event_header *event)
{
	struct perfetto *perfetto = export->state;
	const void *e = event;

	if (event->ts > perfetto->latest_ns)
		perfetto->latest_ns = event->ts;
	switch (event->kind) {
	case EVENT_SWITCH:
		return put_switch(export, e);
	case EVENT_FAULT:
		return put_fault(export, e);
	case EVENT_NEWTASK:
		return put_newtask(export, e);
	case EVENT_EXEC:
		return put_exec(export, e);
	case EVENT_RENAME:
		return rename_task(export, ((const struct event_rename *)e)->task);
	case EVENT_EXIT:
		return put_exit(export, e);
	case EVENT_END:
		return put_end(export, e);
	case EVENT_SHOOTDOWN:
		return put_shootdown(export, e);
	case EVENT_WAKING:
		return put_waking(export, e);
	case EVENT_MEMORY:
		return put_memory(export, e);
	default:
		return 0;
	}
}

/* --- the whole --- */

/* What it is a trace of. */
static void put_recording(struct export *export, uint64_t ts)
{
	struct perfetto *perfetto = export->state;
	const struct run_context *context = record_reader_context(export->reader);
	struct packets_event instant = { .ts = ts,
					 .track = track_of(TRACK_FIXED, FIXED_TASKTAX),
					 .name = perfetto->word[WORD_RECORDING] };

	note_text(perfetto, &instant, NOTE_COMMAND, context->attached_to);
	for (size_t i = 0;
	     !context->attached_to && context->command && context->command[i] && i < 6; i++)
		note_text(perfetto, &instant, NOTE_COMMAND, context->command[i]);
	note_text(perfetto, &instant, NOTE_KERNEL, context->kernel);
	note_text(perfetto, &instant, NOTE_MODEL, context->cpu_model);
	note_text(perfetto, &instant, NOTE_VERSION, context->tool_version);
	packets_instant(&perfetto->packets, &instant);
}

int perfetto_begin(struct export *export)
{
	uint64_t began = record_reader_began(export->reader);
	struct perfetto *perfetto = calloc(1, sizeof(*perfetto));

	export->state = perfetto;
	if (!perfetto)
		return -ENOMEM;
	perfetto->latest_ns = began;
	packets_begin(&perfetto->packets, export->out, began,
		      record_reader_clock_offset(export->reader));
	send_words(perfetto);
	packets_track(&perfetto->packets, track_of(TRACK_FIXED, FIXED_CPUS), 0,
		      "CPUs: the traced tasks");
	packets_track(&perfetto->packets, track_of(TRACK_FIXED, FIXED_TASKTAX), 0, "tasktax");
	put_recording(export, began);
	return 0;
}

/* Slices that are still open end with the trace. */
static void close_slices(struct perfetto *perfetto)
{
	for (uint32_t cpu = 0; cpu < perfetto->cpu_room; cpu++)
		if (perfetto->cpu[cpu].busy)
			packets_slice_end(&perfetto->packets, track_of(TRACK_CPU, cpu),
					  perfetto->latest_ns);
	for (uint32_t serial = 0; serial < perfetto->task_room; serial++)
		if (perfetto->task[serial].running)
			packets_slice_end(&perfetto->packets, track_of(TRACK_TASK, serial),
					  perfetto->latest_ns);
}

static void counter(struct perfetto *perfetto, uint64_t fixed, const char *name)
{
	packets_counter_track(&perfetto->packets, track_of(TRACK_FIXED, fixed),
			      track_of(TRACK_FIXED, FIXED_TASKTAX), name);
}

static void put_counters(struct perfetto *perfetto, const struct report *report)
{
	const struct timeline *timeline = report->timeline;
	double seconds = (double)timeline->width_ns / 1e9;
	char name[64];

	counter(perfetto, FIXED_TAX, "tax, % of the run time");
	counter(perfetto, FIXED_FAULTS, "page faults a second");
	for (int level = 0; level < ROW_LEVELS; level++) {
		snprintf(name, sizeof(name), "switches a second: %s%s",
			 level < ROW_WITH_VIA ? "" : "to ", row_level_name((enum row_level)level));
		counter(perfetto, FIXED_SWITCHES + (uint64_t)level, name);
	}
	for (size_t i = 0; i < timeline->used; i++) {
		const struct timeline_bucket *bucket = &timeline->bucket[i];
		uint64_t ts = timeline->from_ns + i * timeline->width_ns;
		double tax = (double)(bucket->direct_ns + bucket->fault_ns);

		if (bucket->run_ns && report->context.direct_end)
			packets_count(&perfetto->packets, track_of(TRACK_FIXED, FIXED_TAX), ts,
				      100 * tax / (double)bucket->run_ns);
		packets_count(&perfetto->packets, track_of(TRACK_FIXED, FIXED_FAULTS), ts,
			      (double)bucket->faults / seconds);
		for (int level = 0; level < ROW_LEVELS; level++)
			packets_count(&perfetto->packets,
				      track_of(TRACK_FIXED, FIXED_SWITCHES + (uint64_t)level), ts,
				      (double)bucket->switches[level] / seconds);
	}
}

static void put_lost(struct perfetto *perfetto, const struct report *report)
{
	const struct losses *lost = &report->lost;
	struct packets_event instant = { .ts = perfetto->latest_ns,
					 .track = track_of(TRACK_FIXED, FIXED_TASKTAX),
					 .name = perfetto->word[WORD_LOST] };

	if (report->complete && !report->context.partial_why)
		return;
	note_number(perfetto, &instant, NOTE_LOST_SWITCHES, lost->switches);
	note_number(perfetto, &instant, NOTE_LOST_FAULTS, lost->faults);
	note_number(perfetto, &instant, NOTE_LOST_LIFECYCLE, lost->lifecycle);
	note_number(perfetto, &instant, NOTE_LOST,
		    lost->switches + lost->waking + lost->shootdowns + lost->faults +
			    lost->mappings + lost->lifecycle + lost->untracked + lost->recursion +
			    lost->unknown);
	note_text(perfetto, &instant, NOTE_PARTIAL, report->context.partial_why);
	packets_instant(&perfetto->packets, &instant);
}

int perfetto_end(struct export *export, const struct report *report)
{
	struct perfetto *perfetto = export->state;

	close_slices(perfetto);
	if (report->timeline)
		put_counters(perfetto, report);
	put_lost(perfetto, report);
	return export->out->err;
}

void perfetto_free(struct export *export)
{
	struct perfetto *perfetto = export->state;

	if (!perfetto)
		return;
	free(perfetto->task);
	free(perfetto->cpu);
	free(perfetto->process);
	free(perfetto);
	export->state = NULL;
}
