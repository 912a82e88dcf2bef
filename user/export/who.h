/* SPDX-License-Identifier: GPL-2.0 */
/*
 * who.h - who a task reference is, as known by now: of targets by the model, of others by the names that the
 * recording has told so far. Called by the files of export/.
 */
#ifndef TASKTAX_EXPORT_WHO_H
#define TASKTAX_EXPORT_WHO_H

#include "model/model.h"

#define WHO_CLASSES 4

/* Names of tasks that are no targets, by pid. All zero: none. */
struct who_names {
	char (*chunk[4096])[EVENT_COMM_LEN + 1];
};

struct who {
	enum task_class class;
	uint32_t serial;  /* of a target; 0: none */
	uint32_t tid;	  /* 0: not known, or idle */
	uint32_t pid;	  /* of its process; 0: not known */
	const char *comm; /* NULL: not known; valid until the next event */
};

int who_learn(struct who_names *names, const struct event_name *event); /* 0 or -ENOMEM */
void who_free(struct who_names *names);

struct who who_is(const struct who_names *names, const struct model *model, uint32_t ref);

const char *who_class_name(enum task_class class); /* "target", ... */

#endif
