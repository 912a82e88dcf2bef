// SPDX-License-Identifier: GPL-2.0
/* replay.c - reader to model; see replay.h. */
#include "replay.h"

#include <errno.h>
#include <string.h>

#include "base/exits.h"
#include "base/quote.h"

static int to_model(void *context, const struct event_header *event)
{
	return model_event(context, event);
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

static int run(struct replay *replay, const char *directory, struct fail *fail)
{
	const struct run_context *context = record_reader_context(replay->reader);
	struct losses lost;
	int err;

	replay->model = model_new(context->probe_ns, context->tlb_probe_ns);
	if (!replay->model)
		return fail_set(fail, -ENOMEM, "no memory for the model");
	err = record_reader_run(replay->reader, to_model, replay->model);
	if (err)
		return fail_set(fail, err, "cannot read %s to its end: %s",
				quote_string(directory).text, strerror(-err));
	lost = losses_of(replay->reader);
	replay->report = model_finish(replay->model, context, &lost);
	return replay->report ? 0 : fail_set(fail, -ENOMEM, "no memory for the report");
}

int replay_run(struct replay *replay, const char *directory, struct fail *fail)
{
	int err;

	memset(replay, 0, sizeof(*replay));
	err = record_reader_open(&replay->reader, directory, fail);
	if (!err)
		err = run(replay, directory, fail);
	if (!err)
		return 0;
	replay_free(replay);
	return err == -ENOMEM || err == -EIO ? EXITS_FAILURE : EXITS_USAGE;
}

void replay_free(struct replay *replay)
{
	model_free(replay->model);
	record_reader_free(replay->reader);
	memset(replay, 0, sizeof(*replay));
}
