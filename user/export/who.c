// SPDX-License-Identifier: GPL-2.0
/* who.c - see who.h. */
#include "export/who.h"

#include <errno.h>
#include <stdlib.h>

#include "model/tasks.h"

#define CHUNK 1024u
#define CHUNKS (sizeof(((struct who_names *)0)->chunk) / sizeof(((struct who_names *)0)->chunk[0]))

/* Beyond the kernel's largest pid (2^22) a reference can only be damaged: it has no name. */
int who_learn(struct who_names *names, const struct event_name *event)
{
	uint32_t pid = TASK_ID(event->task), at = pid / CHUNK;

	if (at >= CHUNKS)
		return 0;
	if (!names->chunk[at])
		names->chunk[at] = calloc(CHUNK, sizeof(*names->chunk[at]));
	if (!names->chunk[at])
		return -ENOMEM;
	comm_copy(names->chunk[at][pid % CHUNK], event->comm);
	return 0;
}

void who_free(struct who_names *names)
{
	for (size_t i = 0; i < CHUNKS; i++)
		free(names->chunk[i]);
}

static const char *name_of(const struct who_names *names, uint32_t pid)
{
	uint32_t at = pid / CHUNK;
	const char *comm = at < CHUNKS && names->chunk[at] ? names->chunk[at][pid % CHUNK] : "";

	return *comm ? comm : NULL;
}

struct who who_is(const struct who_names *names, const struct model *model, uint32_t ref)
{
	const struct task_entry *task = model_task(model, ref);
	struct who who = { .class = TASK_CLASS(ref) };

	switch (who.class) {
	case TASK_TARGET:
		who.serial = TASK_ID(ref);
		if (!task)
			break;
		who.tid = task->pid;
		who.pid = task->tgid;
		who.comm = task->comm[0] ? task->comm : NULL;
		break;
	case TASK_IDLE:
		who.comm = "idle";
		break;
	default:
		who.tid = TASK_ID(ref);
		who.comm = name_of(names, who.tid);
	}
	return who;
}

const char *who_class_name(enum task_class class)
{
	static const char *const names[WHO_CLASSES] = { "target", "foreign", "kernel", "idle" };

	return names[class];
}
