// SPDX-License-Identifier: GPL-2.0
/* strangers.c - names of tasks that are no targets; see strangers.h. */
#include "model/strangers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/tasks.h"

static int by_ref_then_order(const void *a, const void *b)
{
	const struct foreign_name *x = a, *y = b;

	if (x->ref != y->ref)
		return x->ref < y->ref ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

void strangers_fold(struct strangers *strangers)
{
	struct foreign_name *name = strangers->name;
	size_t kept = 0;

	if (!strangers->count)
		return;
	qsort(name, strangers->count, sizeof(*name), by_ref_then_order);
	for (size_t i = 0; i < strangers->count; i++) {
		if (kept && name[kept - 1].ref == name[i].ref)
			kept--;
		name[kept++] = name[i];
	}
	strangers->count = kept;
}

/* Folds first: the reader names the same ones again when its memory is short, and that is no growth. */
static int make_room(struct strangers *strangers)
{
	struct foreign_name *bigger;
	size_t room;

	strangers_fold(strangers);
	if (strangers->room && strangers->count <= strangers->room / 2)
		return 0;
	room = strangers->room ? strangers->room * 2 : 64;
	bigger = realloc(strangers->name, room * sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	strangers->name = bigger;
	strangers->room = room;
	return 0;
}

int strangers_add(struct strangers *strangers, const struct event_name *event)
{
	struct foreign_name *name;

	if (strangers->count == strangers->room && make_room(strangers))
		return -ENOMEM;
	name = &strangers->name[strangers->count++];
	name->ref = event->task;
	name->order = strangers->added++;
	comm_copy(name->comm, event->comm);
	return 0;
}

void strangers_free(struct strangers *strangers)
{
	free(strangers->name);
	memset(strangers, 0, sizeof(*strangers));
}
