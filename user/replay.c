// SPDX-License-Identifier: GPL-2.0
/* replay.c - reader to model, all or a part; see replay.h. */
#include "replay.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/exits.h"
#include "base/quote.h"
#include "base/units.h"
#include "reading.h"

#define OVER 1 /* the part's end */

static int take(const struct replay *replay, const struct event_header *event)
{
	int err = model_event(replay->model, event);

	if (err || !replay->tap || !model_counted(replay->model))
		return err;
	return replay->tap->event(replay->tap->context, event);
}

static int to_model(void *context, const struct event_header *event)
{
	struct replay *replay = context;

	if (!replay->begun) {
		if (event->ts < replay->from_ns)
			return model_tells_who(event) ? model_event(replay->model, event) : 0;
		replay->begun = true;
		model_begin(replay->model, replay->from_ns);
	}
	return take(replay, event);
}

static int to_narrow(void *context, const struct event_header *event)
{
	const struct replay *replay = context;

	if (event->ts >= replay->to_ns)
		return OVER;
	return narrow_event(replay->narrow, event);
}

static int to_end(void *context, const struct event_header *event)
{
	const struct replay *replay = context;

	return event->ts >= replay->to_ns ? OVER : to_model(context, event);
}

/* What was lost, as far as anybody knows. */
static struct losses losses_of(const struct record_reader *reader)
{
	const struct event_closing *closing = record_reader_closing(reader);
	const struct record_state *state = record_reader_state(reader);
	struct losses lost = { 0 };

	if (closing)
		lost = closing->lost;
	else /* of which class nobody could write down any more */
		lost.switches = state->discarded;
	lost.unknown += state->damaged_events + (closing ? closing->unwritten : 0);
	return lost;
}

/* --- the part --- */

static void describe_time(struct replay *replay, const struct replay_part *part)
{
	char from[UNITS_TEXT_SIZE], to[UNITS_TEXT_SIZE];

	format_ns(from, sizeof(from), part->from_ns);
	format_ns(to, sizeof(to), part->to_ns);
	snprintf(replay->part, sizeof(replay->part), "from %s to %s", from,
		 part->to_ns ? to : "its end");
}

static void describe_pids(struct replay *replay, const struct replay_part *part)
{
	size_t used = strlen(replay->part), size = sizeof(replay->part);
	int length = snprintf(replay->part + used, size - used, "%sprocess", used ? ", " : "");

	if (part->pids > 1)
		length +=
			snprintf(replay->part + used + length, size - used - (size_t)length, "es");
	used += (size_t)length;
	for (size_t i = 0; i < part->pids; i++) {
		if (used > size - 16) {
			snprintf(replay->part + used, size - used, ", ...");
			return;
		}
		used += (size_t)snprintf(replay->part + used, size - used, "%s %u", i ? "," : "",
					 part->pid[i]);
	}
}

/* What a part cannot tell is not known in its report. */
static void narrow_context(const struct replay *replay, const struct replay_part *part,
			   struct run_context *context)
{
	uint64_t end = part->to_ns && part->to_ns < context->duration_ns ? part->to_ns :
									   context->duration_ns;

	if (replay->part[0])
		context->part = replay->part;
	if (!part->from_ns && !part->to_ns)
		return;
	context->part_of_time = true;
	context->duration_ns = end > part->from_ns ? end - part->from_ns : 0;
	if (!context->shootdowns_measured && !context->tlb_switch)
		return;
	context->shootdowns_measured = context->tlb_switch = false;
	context->shootdown_why =
		"they are counted over the whole life of a task, not in a part of it";
}

static int choose(struct replay *replay, const struct replay_part *part, struct fail *fail)
{
	uint64_t began = record_reader_began(replay->reader);

	replay->from_ns = part->from_ns ? began + part->from_ns : 0;
	replay->to_ns = part->to_ns ? began + part->to_ns : UINT64_MAX;
	replay->begun = !part->from_ns;
	if (part->from_ns || part->to_ns)
		describe_time(replay, part);
	if (!part->pids)
		return 0;
	describe_pids(replay, part);
	replay->narrow = narrow_new(part->pid, part->pids, to_model, replay);
	return replay->narrow ? 0 : fail_set(fail, -ENOMEM, "no memory");
}

static int finish(struct replay *replay, const struct replay_part *part, struct fail *fail)
{
	struct losses lost = losses_of(replay->reader);
	struct run_context context = *record_reader_context(replay->reader);

	if (!replay->begun) /* the part lies behind the end */
		model_begin(replay->model, replay->from_ns);
	if (replay->narrow && !narrow_processes(replay->narrow))
		return fail_set(fail, -ESRCH, "none of these processes is in the recording");
	narrow_context(replay, part, &context);
	replay->report = model_finish(replay->model, &context, &lost);
	return replay->report ? 0 : fail_set(fail, -ENOMEM, "no memory for the report");
}

static int run(struct replay *replay, const char *directory, const struct replay_part *part,
	       struct fail *fail)
{
	const struct run_context *context = record_reader_context(replay->reader);
	int err = choose(replay, part, fail);
	struct reading reading;

	if (err)
		return err;
	replay->model = model_new(context->probe_ns, context->tlb_probe_ns);
	if (!replay->model)
		return fail_set(fail, -ENOMEM, "no memory for the model");
	replay->tap = part->tap;
	err = replay->tap ? replay->tap->begin(replay->tap->context, replay) : 0;
	if (err)
		return fail_set(fail, err, "%s", strerror(-err));
	reading_begin(&reading, replay->reader);
	err = record_reader_run(replay->reader,
				replay->narrow ? to_narrow :
				part->to_ns    ? to_end :
						 to_model,
				replay);
	reading_end(&reading);
	if (err && err != OVER)
		return fail_set(fail, err, "cannot read %s to its end: %s",
				quote_string(directory).text, strerror(-err));
	return finish(replay, part, fail);
}

int replay_run(struct replay *replay, const char *directory, const struct replay_part *part,
	       struct fail *fail)
{
	int err;

	memset(replay, 0, sizeof(*replay));
	err = record_reader_open(&replay->reader, directory, fail);
	if (!err)
		err = run(replay, directory, part, fail);
	if (!err)
		return 0;
	replay_free(replay);
	return err == -ENOMEM || err == -EIO ? EXITS_FAILURE : EXITS_USAGE;
}

void replay_free(struct replay *replay)
{
	model_free(replay->model);
	narrow_free(replay->narrow);
	record_reader_free(replay->reader);
	memset(replay, 0, sizeof(*replay));
}
