// SPDX-License-Identifier: GPL-2.0
/*
 * folded.c - stacks for flame graphs, as flamegraph.pl and speedscope read them: frames between semicolons, a space, a
 * number; see examples/export/README.md. Memory is bounded by the different stacks: by names, not by tasks.
 */
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "export/formats.h"

#define FRAMES_MOST 5

/* A stack and its sum, in a tree by its text. */
struct stack {
	uint64_t sum;
	char text[];
};

struct folded {
	void *tree;
	char *text; /* of the stack at hand */
	size_t room;
};

static const struct {
	const char *name, *help;
} whats[FOLDED_WHATS] = {
	[FOLDED_SWITCHES] = { "switches", "who;level via;to whom: switches (the default)" },
	[FOLDED_DIRECT] = { "direct", "the same: direct cost, ns" },
	[FOLDED_WAIT] = { "wait", "who;level via, or switched out: waiting for a CPU, ns" },
	[FOLDED_FAULTS] = { "faults", "who;cause;kind;region;file: page faults" },
	[FOLDED_FAULT_TIME] = { "fault-time", "the same: their time on the CPU, ns" },
};

const char *folded_name(enum folded_what what)
{
	return what < FOLDED_WHATS ? whats[what].name : NULL;
}

const char *folded_help(enum folded_what what)
{
	return what < FOLDED_WHATS ? whats[what].help : NULL;
}

int folded_begin(struct export *export)
{
	export->state = calloc(1, sizeof(struct folded));
	return export->state ? 0 : -ENOMEM;
}

void folded_free(struct export *export)
{
	struct folded *folded = export->state;

	if (!folded)
		return;
	tdestroy(folded->tree, free);
	free(folded->text);
	free(folded);
	export->state = NULL;
}

/* --- adding --- */

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct stack *)a)->text, ((const struct stack *)b)->text);
}

/* The frames that are not NULL, after a struct stack's head. Returns their length, negative: errno. */
static ssize_t spell(struct folded *folded, const char *const frame[FRAMES_MOST])
{
	size_t need = sizeof(struct stack) + 1, at = sizeof(struct stack);

	for (int i = 0; i < FRAMES_MOST; i++)
		need += frame[i] ? BUFFER_FRAME_SIZE(strlen(frame[i])) + 1 : 0;
	if (need > folded->room) {
		char *larger = realloc(folded->text, need);

		if (!larger)
			return -ENOMEM;
		folded->text = larger;
		folded->room = need;
	}
	for (int i = 0; i < FRAMES_MOST; i++) {
		if (!frame[i])
			continue;
		if (at > sizeof(struct stack))
			folded->text[at++] = ';';
		at += buffer_frame(folded->text + at, frame[i]);
	}
	folded->text[at] = 0;
	return (ssize_t)at;
}

static int add(struct folded *folded, const char *const frame[FRAMES_MOST], uint64_t number)
{
	ssize_t length = spell(folded, frame);
	struct stack **found, *made;

	if (length < 0)
		return (int)length;
	found = tfind(folded->text, &folded->tree, compare);
	if (found) {
		(*found)->sum += number;
		return 0;
	}
	made = malloc((size_t)length + 1);
	if (!made)
		return -ENOMEM;
	memcpy(made, folded->text, (size_t)length + 1);
	made->sum = number;
	if (tsearch(made, &folded->tree, compare))
		return 0;
	free(made);
	return -ENOMEM;
}

/* --- from events --- */

static const char *name_of(const struct export *export, uint32_t ref)
{
	struct who who = who_is(&export->names, export->model, ref);

	return who.comm ? who.comm : "(unnamed)";
}

static int add_switch(struct export *export, const struct event_switch *event)
{
	struct switch_meaning meaning = model_switch(export->model, event);
	enum folded_what what = export->options->folded;
	uint64_t number = what == FOLDED_DIRECT ? meaning.direct_ns :
			  what == FOLDED_WAIT	? meaning.wait_ns :
						  1;
	const char *via = switch_via_name(meaning.via);
	char how[64];

	if (number == NS_UNKNOWN)
		return 0;
	snprintf(how, sizeof(how), "%s%s%s", row_level_name(meaning.level), via ? " via " : "",
		 via ? via : "");
	if (what == FOLDED_WAIT) {
		bool of_prev = event->h.flags & SWITCH_WAIT_PREV;

		return add(export->state,
			   (const char *const[FRAMES_MOST]){
				   name_of(export, of_prev ? event->prev : event->next),
				   of_prev ? "switched out" : how },
			   number);
	}
	return add(export->state,
		   (const char *const[FRAMES_MOST]){ name_of(export, event->prev), how,
						     name_of(export, event->next) },
		   number);
}

static int add_fault(struct export *export, const struct event_fault *event)
{
	struct fault_meaning meaning = model_fault(export->model);
	uint64_t number = 1;

	if (export->options->folded == FOLDED_FAULT_TIME) {
		if (event->time_ns == NS_UNKNOWN)
			return 0;
		number = event->time_ns > event->off_ns ? event->time_ns - event->off_ns : 0;
	}
	return add(export->state,
		   (const char *const[FRAMES_MOST]){
			   name_of(export, event->task), fault_cause_name(meaning.row->cause),
			   fault_kind_name(meaning.row->kind), region_class_name(meaning.region),
			   meaning.name },
		   number);
}

int folded_event(struct export *export, const struct event_header *event)
{
	enum folded_what what = export->options->folded;
	bool faults = what == FOLDED_FAULTS || what == FOLDED_FAULT_TIME;

	if (event->kind == EVENT_SWITCH && !faults)
		return add_switch(export, (const void *)event);
	if (event->kind == EVENT_FAULT && faults)
		return add_fault(export, (const void *)event);
	return 0;
}

/* --- out --- */

static void put(const void *node, VISIT visit, void *context)
{
	const struct stack *stack = *(const struct stack *const *)node;
	struct buffer *out = context;

	if (visit != postorder && visit != leaf)
		return;
	buffer_text(out, stack->text);
	buffer_put(out, " ", 1);
	buffer_u64(out, stack->sum);
	buffer_put(out, "\n", 1);
}

/* The form has no place for what was lost: cmd_export.c says it aloud. */
int folded_end(struct export *export, const struct report *report)
{
	const struct folded *folded = export->state;

	(void)report;
	twalk_r(folded->tree, put, export->out);
	return export->out->err;
}
