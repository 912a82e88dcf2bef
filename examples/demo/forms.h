/* SPDX-License-Identifier: GPL-2.0 */
/* forms.h - the forms a task can have: how it is created and how its end is seen. */
#ifndef DEMO_FORMS_H
#define DEMO_FORMS_H

#include "workload.h"

struct crew;

const char *form_name(enum form form);

/* 0 or -EINVAL. */
int form_parse(const char *name, enum form *form);

/* The names, "process or thread", for messages and help. */
#define FORM_NAMES "process or thread"

/* Creates the task of a worker, which runs worker_live(). 0 or -errno. */
int form_create(struct worker *worker, struct fail *fail);

/* Takes note of workers that have ended, without waiting. -errno when one died. */
int form_collect(struct crew *crew, struct fail *fail);

/* After the last one has ended: nothing is left of any. */
void form_join(struct crew *crew);

/* After a failure: ends those that live. Threads end with this process. */
void form_stop(struct crew *crew);

#endif
