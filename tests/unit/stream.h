/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stream.h - builds the event streams that the model's tests drive it with.
 *
 * Each switch is also booked as the kernel and the hook book it (counters, queued time), so that
 * the END record of a task agrees with its stream unless a test bends it. Included by the test
 * programs only.
 */
#ifndef TASKTAX_TESTS_STREAM_H
#define TASKTAX_TESTS_STREAM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#include "model/model.h"

#define STREAM_TASKS 512 /* serials that are booked */

/* Of a task reference. A target's is its serial. */
#define IDLE TASK_REF(TASK_IDLE, 0)
#define KERNEL(pid) TASK_REF(TASK_KERNEL, pid)
#define FOREIGN(pid) TASK_REF(TASK_FOREIGN, pid)

/* flags of a switch to a target */
#define RESUME(via) SWITCH_FLAGS(SWITCH_LEVEL_RESUME, SWITCH_VIA_##via)
#define THREAD(via) SWITCH_FLAGS(SWITCH_LEVEL_THREAD, SWITCH_VIA_##via)
#define PROCESS(via) SWITCH_FLAGS(SWITCH_LEVEL_PROCESS, SWITCH_VIA_##via)
#define EXITING(via) SWITCH_FLAGS(SWITCH_LEVEL_EXITING, SWITCH_VIA_##via)
#define VOLUNTARY SWITCH_VOLUNTARY /* else preempted, of a target prev */
#define NONE 0
#define UNKNOWN SWITCH_NS_UNKNOWN

/* A task as the kernel knows it. */
struct stream_task {
	struct task_account account;
	uint64_t in_ns, queued_ns; /* the stint: its start, and the queued time before it */
};

struct stream {
	struct model *model;
	const struct report *report; /* after stream_finish() */
	struct run_context context;
	struct losses lost;
	uint16_t cpu; /* of the records to come */
	struct stream_task task[STREAM_TASKS];
};

static inline void stream_open(struct stream *stream, uint64_t probe_ns)
{
	memset(stream, 0, sizeof(*stream));
	stream->model = model_new(probe_ns, NS_UNKNOWN);
	assert_non_null(stream->model);
	stream->context.direct_end = "sched_exit_tp";
	stream->context.wait_known = true;
	/* The counters do not start at zero: the difference is what matters. */
	for (uint32_t i = 0; i < STREAM_TASKS; i++) {
		struct task_account *account = &stream->task[i].account;

		account->base = (struct task_counters){ 1000 + i,    2000 + i, 3000000 + i,
							4000000 + i, 50,       5 };
		account->last = account->base;
	}
}

static inline void stream_close(struct stream *stream)
{
	model_free(stream->model);
}

static inline const struct report *stream_finish(struct stream *stream)
{
	stream->report = model_finish(stream->model, &stream->context, &stream->lost);
	assert_non_null(stream->report);
	return stream->report;
}

/* Fills the header and hands the record to the model. */
static inline void stream_send(struct stream *stream, uint64_t ts, void *record, uint16_t kind,
			       uint16_t size)
{
	struct event_header *h = record;

	h->ts = ts;
	h->size = size;
	h->kind = kind;
	h->cpu = stream->cpu;
	assert_int_equal(model_event(stream->model, h), 0);
}

/* ---- switches ---- */

static inline bool stream_is_target(uint32_t ref)
{
	return TASK_CLASS(ref) == TASK_TARGET && ref && ref < STREAM_TASKS;
}

static inline uint64_t stream_wait(const struct event_switch *e)
{
	return e->h.flags & SWITCH_WAIT_WIDE ? (uint64_t)e->pick_ns << 32 | e->wait_ns : e->wait_ns;
}

/* What the kernel's counters and the hook's make of a switch, recorded or lost. */
static inline void stream_book(struct stream *stream, uint64_t ts, const struct event_switch *e)
{
	bool of_prev = e->h.flags & SWITCH_WAIT_PREV;

	if (stream_is_target(e->prev)) {
		struct stream_task *prev = &stream->task[e->prev];

		if (e->h.flags & SWITCH_VOLUNTARY) {
			prev->account.last.nvcsw++;
			prev->account.outs_voluntary++;
		} else {
			prev->account.last.nivcsw++;
			prev->account.outs_preempted++;
		}
		prev->account.last.run_delay += of_prev ? stream_wait(e) : prev->queued_ns;
		prev->account.last.sum_exec += prev->in_ns ? ts - prev->in_ns : 0;
		prev->queued_ns = prev->in_ns = 0;
	}
	if (stream_is_target(e->next)) {
		stream->task[e->next].in_ns = ts;
		stream->task[e->next].queued_ns = of_prev ? 0 : stream_wait(e);
	}
}

static inline void stream_switch(struct stream *stream, uint64_t ts, struct event_switch e)
{
	stream_book(stream, ts, &e);
	stream_send(stream, ts, &e, EVENT_SWITCH, sizeof(e));
}

static inline void stream_lose(struct stream *stream, uint64_t ts, struct event_switch e)
{
	stream_book(stream, ts, &e);
	stream->lost.switches++;
}

#define STREAM_RECORD(from, to, bits, direct, ...)     \
	((struct event_switch){ .h.flags = (bits),     \
				.prev = (from),        \
				.next = (to),          \
				.direct_ns = (direct), \
				__VA_ARGS__ })

/* SWITCH(stream, ts, prev, next, flags, direct, .field = ...): one record. LOSE: the ring was full. */
#define SWITCH(stream, ts, ...) stream_switch(stream, ts, STREAM_RECORD(__VA_ARGS__))
#define LOSE(stream, ts, ...) stream_lose(stream, ts, STREAM_RECORD(__VA_ARGS__))

/* A switch-in that no hook saw; its wait is the kernel's all the same. */
static inline void stream_missed(struct stream *stream, uint64_t ts, uint32_t task, uint64_t wait)
{
	struct event_missed e = { .task = task, .wait_ns = wait };

	stream->task[task].account.last.run_delay += wait;
	stream_send(stream, ts, &e, EVENT_MISSED, sizeof(e));
}

static inline void stream_waking(struct stream *stream, uint64_t ts, uint32_t waker, uint32_t wakee)
{
	struct event_waking e = { .waker = waker, .wakee = wakee };

	stream_send(stream, ts, &e, EVENT_WAKING, sizeof(e));
}

/* ---- lifecycle ---- */

/* A comm of up to 16 bytes, not terminated when it has 16. */
static inline void stream_comm(uint8_t to[EVENT_COMM_LEN], const char *comm)
{
	size_t length = strnlen(comm, EVENT_COMM_LEN);

	memset(to, 0, EVENT_COMM_LEN);
	memcpy(to, comm, length);
}

#define FORK 0
#define PTHREAD (CLONE_VM | CLONE_THREAD | CLONE_SIGHAND)
#define VFORK (CLONE_VM | CLONE_VFORK)

static inline void stream_new(struct stream *stream, uint64_t ts, struct event_newtask e,
			      const char *comm)
{
	stream_comm(e.comm, comm);
	stream_send(stream, ts, &e, EVENT_NEWTASK, sizeof(e));
}

/* NEWTASK(stream, ts, comm, .task = ..., .parent = ..., ...) */
#define NEWTASK(stream, ts, comm, ...) \
	stream_new(stream, ts, (struct event_newtask){ __VA_ARGS__ }, comm)

/* The root: task 1, pid 101, mm 1. */
static inline void stream_root(struct stream *stream, uint64_t ts, const char *comm)
{
	NEWTASK(stream, ts, comm, .task = 1, .pid = 101, .tgid = 101, .local_tgid = 101, .mm = 1);
}

/* A child by fork (its own mm, numbered as it is) and a thread of process `tgid` in `mm`. */
static inline void stream_fork(struct stream *stream, uint64_t ts, uint32_t task, uint32_t parent,
			       const char *comm)
{
	NEWTASK(stream, ts, comm, .task = task, .parent = parent, .pid = 100 + task,
		.tgid = 100 + task, .local_tgid = 100 + task, .mm = task, .clone_flags = FORK);
}

/* A child that uses its parent's `mm` until it executes something. */
static inline void stream_vfork(struct stream *stream, uint64_t ts, uint32_t task, uint32_t parent,
				uint32_t mm, const char *comm)
{
	NEWTASK(stream, ts, comm, .task = task, .parent = parent, .pid = 100 + task,
		.tgid = 100 + task, .local_tgid = 100 + task, .mm = mm, .clone_flags = VFORK);
}

static inline void stream_thread(struct stream *stream, uint64_t ts, uint32_t task, uint32_t parent,
				 uint32_t mm, const char *comm)
{
	NEWTASK(stream, ts, comm, .task = task, .parent = parent, .pid = 100 + task,
		.tgid = 100 + parent, .local_tgid = 100 + parent, .mm = mm, .clone_flags = PTHREAD);
}

static inline void stream_exec(struct stream *stream, uint64_t ts, struct event_exec e,
			       const char *comm)
{
	stream_comm(e.comm, comm);
	stream_send(stream, ts, &e, EVENT_EXEC, sizeof(e));
}

#define EXEC(stream, ts, comm, ...) \
	stream_exec(stream, ts, (struct event_exec){ __VA_ARGS__ }, comm)

static inline void stream_rename(struct stream *stream, uint64_t ts, uint32_t task,
				 const char *comm)
{
	struct event_rename e = { .task = task };

	stream_comm(e.comm, comm);
	stream_send(stream, ts, &e, EVENT_RENAME, sizeof(e));
}

static inline void stream_name(struct stream *stream, uint64_t ts, uint32_t ref, const char *comm)
{
	struct event_name e = { .task = ref };

	stream_comm(e.comm, comm);
	stream_send(stream, ts, &e, EVENT_NAME, sizeof(e));
}

/* flags: EXIT_GROUP_DEAD or 0 */
static inline void stream_exit(struct stream *stream, uint64_t ts, uint32_t task, uint32_t code,
			       uint16_t flags)
{
	struct event_exit e = { .h.flags = flags, .task = task, .code = code };

	stream_send(stream, ts, &e, EVENT_EXIT, sizeof(e));
}

/* flags: END_CLOSED or 0 */
static inline void stream_end(struct stream *stream, uint64_t ts, uint32_t task, uint16_t flags)
{
	struct event_end e = {
		.h.flags = flags,
		.task = task,
		.account = stream->task[task].account,
	};

	stream_send(stream, ts, &e, EVENT_END, sizeof(e));
}

/* ---- address spaces and faults ---- */

/* A mapping as perf's side band tells of it, with a name of any length. */
static inline void stream_map(struct stream *stream, uint64_t ts, uint32_t tgid, uint64_t start,
			      uint64_t end, uint32_t prot, uint32_t map, const char *name)
{
	union {
		struct event_mapping e;
		char room[sizeof(struct event_mapping) + MAPPING_NAME_MAX + 8];
	} record;
	size_t length = strlen(name);

	assert_true(length < MAPPING_NAME_MAX);
	memset(&record, 0, sizeof(record));
	record.e.tgid = tgid;
	record.e.prot = prot;
	record.e.map = map;
	record.e.known = 1;
	record.e.start = start;
	record.e.end = end;
	memcpy(record.e.name, name, length);
	stream_send(stream, ts, &record, EVENT_MAPPING,
		    (uint16_t)((sizeof(record.e) + length + 1 + 7) / 8 * 8));
}

/* A process begins to execute something. */
static inline void stream_image(struct stream *stream, uint64_t ts, uint32_t tgid)
{
	struct event_image e = { .tgid = tgid };

	stream_send(stream, ts, &e, EVENT_IMAGE, sizeof(e));
}

/* What the kernel counts of a fault. */
static inline void stream_book_fault(struct stream *stream, uint32_t task, uint16_t flags)
{
	struct task_counters *last = &stream->task[task].account.last;

	if (flags & FAULT_MAJOR)
		last->maj_flt++;
	else
		last->min_flt++;
}

/* FAULT(stream, ts, task, address, flags, .time_ns = ..., ...): one record. */
#define FAULT(stream, ts, who, at, bits, ...) \
	stream_fault(stream, ts,              \
		     (struct event_fault){    \
			     .h.flags = (bits), .task = (who), .address = (at), __VA_ARGS__ })

static inline void stream_fault(struct stream *stream, uint64_t ts, struct event_fault e)
{
	stream_book_fault(stream, e.task, e.h.flags);
	e.min_flt = stream->task[e.task].account.last.min_flt;
	e.maj_flt = stream->task[e.task].account.last.maj_flt;
	stream_send(stream, ts, &e, EVENT_FAULT, sizeof(e));
}

/* One whose record found no room. */
static inline void stream_lose_fault(struct stream *stream, uint32_t task, uint16_t flags)
{
	stream_book_fault(stream, task, flags);
	if (flags & FAULT_MAJOR)
		stream->task[task].account.lost_major++;
	else
		stream->task[task].account.lost_minor++;
	stream->lost.faults++;
}

/* ---- looking at the report ---- */

static inline const struct switch_row *stream_row(const struct stream *stream, enum row_level level,
						  int via)
{
	for (unsigned int i = 0; i < stream->report->row_count; i++) {
		const struct switch_row *row = &stream->report->rows[i];

		if (row->level == level && row->via == via)
			return row;
	}
	return NULL;
}

static inline void stream_expect_row(const struct stream *stream, enum row_level level, int via,
				     uint64_t count, uint64_t voluntary, uint64_t preempted)
{
	const struct switch_row *row = stream_row(stream, level, via);

	assert_non_null(row);
	assert_int_equal(row->count, count);
	assert_int_equal(row->voluntary, voluntary);
	assert_int_equal(row->preempted, preempted);
}

/* The faults of these rows: any severity, mode and number of live tasks. */
static inline uint64_t stream_faults(const struct stream *stream, enum fault_cause cause,
				     enum fault_kind kind)
{
	uint64_t count = 0;

	for (unsigned int i = 0; i < stream->report->fault_row_count; i++) {
		const struct fault_row *row = &stream->report->fault_rows[i];

		if (row->cause == cause && row->kind == kind)
			count += row->count;
	}
	return count;
}

static inline const struct region_row *stream_region(const struct stream *stream,
						     enum region_class class, const char *name)
{
	for (size_t i = 0; i < stream->report->region_count; i++) {
		const struct region_row *row = &stream->report->regions[i];

		if (row->class == class && !strcmp(row->name, name))
			return row;
	}
	return NULL;
}

/* The process of a task. */
static inline const struct process_entry *stream_process(const struct stream *stream, uint32_t task)
{
	return &stream->report->processes[stream->report->tasks[task].process];
}

#endif
