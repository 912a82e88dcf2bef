// SPDX-License-Identifier: GPL-2.0
/* tasks.c - the task and process tables; see tasks.h. */
#include "model/tasks.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* Beyond this a serial can only come from a damaged record. */
#define SERIAL_MAX (1u << 28)

void comm_copy(char to[EVENT_COMM_LEN + 1], const uint8_t from[EVENT_COMM_LEN])
{
	memcpy(to, from, EVENT_COMM_LEN);
	to[EVENT_COMM_LEN] = '\0';
}

static int process_new(struct tasks *tasks, uint32_t *index)
{
	/* three arrays of one room: it is kept when all have grown */
	uint32_t room = tasks->process_room, room2 = room, room3 = room;
	uint32_t at = tasks->process_count;

	if (array_grow(tasks->leader, room2, at) || array_grow(tasks->signal_deaths, room3, at) ||
	    array_grow(tasks->process, room, at))
		return -ENOMEM;
	tasks->process_room = room;
	tasks->process[at].parent = at;
	tasks->process_count++;
	*index = at;
	return 0;
}

int tasks_init(struct tasks *tasks)
{
	uint32_t index;

	memset(tasks, 0, sizeof(*tasks));
	if (process_new(tasks, &index) || !tasks_get(tasks, 0)) {
		tasks_free(tasks);
		return -ENOMEM;
	}
	return 0;
}

void tasks_free(struct tasks *tasks)
{
	free(tasks->task);
	free(tasks->process);
	free(tasks->leader);
	free(tasks->signal_deaths);
	memset(tasks, 0, sizeof(*tasks));
}

struct task_entry *tasks_get(struct tasks *tasks, uint32_t serial)
{
	if (serial >= SERIAL_MAX || array_grow(tasks->task, tasks->task_room, serial))
		return NULL;
	for (; tasks->task_count <= serial; tasks->task_count++) {
		tasks->task[tasks->task_count].id = tasks->task_count;
		tasks->task[tasks->task_count].in_row = -1;
	}
	return &tasks->task[serial];
}

static enum created_as creation_kind(const struct event_newtask *event)
{
	if (event->h.flags & NEWTASK_SEEDED)
		return CREATED_BEFORE;
	if (!event->parent)
		return CREATED_ROOT;
	if (event->clone_flags & CLONE_THREAD)
		return CREATED_THREAD;
	return event->clone_flags & CLONE_VM ? CREATED_VFORK : CREATED_PROCESS;
}

/* The process of a new task: its creator's for a thread, else one of its own. */
static int process_of_new(struct tasks *tasks, const struct event_newtask *event,
			  enum created_as created, uint32_t *index)
{
	const struct task_entry *parent = tasks_get(tasks, event->parent);
	bool thread = event->parent && event->clone_flags & CLONE_THREAD;
	uint32_t parent_process;
	int err;

	if (!parent)
		return -ENOMEM;
	parent_process = parent->process;
	if (thread && parent->known) {
		*index = parent_process;
		return 0;
	}
	err = process_new(tasks, index);
	if (err)
		return err;
	tasks->process[*index].tgid = event->local_tgid ?: event->tgid;
	tasks->process[*index].kernel_tgid = event->tgid;
	tasks->process[*index].created = created;
	if (event->parent)
		tasks->process[*index].parent = parent_process;
	tasks->leader[*index] = event->task;
	return 0;
}

int tasks_newtask(struct tasks *tasks, const struct event_newtask *event)
{
	enum created_as created = creation_kind(event);
	struct process_entry *process;
	struct task_entry *task;
	uint32_t index;

	if (process_of_new(tasks, event, created, &index))
		return -ENOMEM;
	task = tasks_get(tasks, event->task);
	if (!task)
		return -ENOMEM;
	task->known = true;
	task->pid = event->local_pid ?: event->pid;
	task->kernel_pid = event->pid;
	task->tgid = tasks->process[index].tgid;
	task->process = index;
	task->parent = event->parent;
	task->created = created;
	task->born_ns = event->h.ts;
	if (!task->mm)
		task->mm = event->mm;
	comm_copy(task->comm, event->comm);

	process = &tasks->process[index];
	process->mm = task->mm;
	if (tasks->leader[index] == event->task)
		comm_copy(process->comm, event->comm);
	task->aside = event->h.flags & NEWTASK_ASIDE;
	if (task->aside)
		return 0;
	process->threads++;
	tasks->created[created]++;
	if (++tasks->live > tasks->peak)
		tasks->peak = tasks->live;
	return 0;
}

int tasks_exec(struct tasks *tasks, const struct event_exec *event)
{
	struct task_entry *task = tasks_get(tasks, event->task);
	struct process_entry *process;

	if (!task)
		return -ENOMEM;
	tasks->execs += !task->aside;
	task->mm = event->mm;
	if (event->pid != task->kernel_pid) /* de_thread() has given it the leader's */
		task->pid = task->process != PROCESS_UNKNOWN ? task->tgid : event->pid;
	task->kernel_pid = event->pid;
	comm_copy(task->comm, event->comm);
	process = &tasks->process[task->process];
	process->mm = event->mm;
	if (task->process != PROCESS_UNKNOWN) {
		/* de_thread(): whoever executes becomes the leader */
		tasks->leader[task->process] = event->task;
		process->kernel_tgid = event->pid;
		comm_copy(process->comm, event->comm);
	}
	return 0;
}

int tasks_rename(struct tasks *tasks, const struct event_rename *event)
{
	struct task_entry *task = tasks_get(tasks, event->task);

	if (!task)
		return -ENOMEM;
	comm_copy(task->comm, event->comm);
	if (task->process != PROCESS_UNKNOWN && tasks->leader[task->process] == event->task)
		comm_copy(tasks->process[task->process].comm, event->comm);
	return 0;
}

int tasks_exit(struct tasks *tasks, const struct event_exit *event)
{
	struct task_entry *task = tasks_get(tasks, event->task);
	int signal = (int)(event->code & 0x7f);
	struct process_entry *process;

	if (!task)
		return -ENOMEM;
	tasks->exits += !task->aside;
	if (task->known && !task->aside && !task->exited && tasks->live)
		tasks->live--;
	task->exited = true;
	task->exit_code = (int)event->code;
	task->died_ns = event->h.ts;
	process = &tasks->process[task->process];
	if (signal)
		tasks->signal_deaths[task->process]++;
	if (event->h.flags & EXIT_GROUP_DEAD) {
		process->exited = true;
		if (signal && !task->aside) {
			process->crashed_by = (uint32_t)signal;
			process->tasks_lost = tasks->signal_deaths[task->process] - 1;
		}
	}
	return 0;
}

int tasks_end(struct tasks *tasks, const struct event_end *event)
{
	struct task_entry *task = tasks_get(tasks, event->task);

	if (!task)
		return -ENOMEM;
	task->ended = true;
	task->closed = event->h.flags & END_CLOSED;
	if (!task->closed && !task->exited) {
		/* it had passed its exit when it was found, or the record of that was lost */
		task->exited = true;
		task->died_ns = event->h.ts;
		if (task->known && tasks->live)
			tasks->live--;
	}
	task->account = event->account;
	return 0;
}

/* Processes whose tasks are all gone have no threads, which is how the report knows them. */
void tasks_begin(struct tasks *tasks, uint64_t ts)
{
	for (uint32_t i = 0; i < tasks->process_count; i++)
		tasks->process[i].threads = tasks->process[i].crashed_by = 0;
	memset(tasks->created, 0, sizeof(tasks->created));
	memset(tasks->signal_deaths, 0, tasks->process_count * sizeof(*tasks->signal_deaths));
	tasks->execs = tasks->exits = 0;
	for (uint32_t i = 1; i < tasks->task_count; i++) {
		struct task_entry *task = &tasks->task[i];

		task->past = true;
		if (!task->known || task->exited || task->aside) {
			task->known = task->aside;
			continue;
		}
		task->created = CREATED_BEFORE;
		task->born_ns = ts;
		tasks->created[CREATED_BEFORE]++;
		tasks->process[task->process].threads++;
		tasks->process[task->process].created = CREATED_BEFORE;
	}
	tasks->peak = tasks->live;
}
