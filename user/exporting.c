// SPDX-License-Identifier: GPL-2.0
/* exporting.c - see exporting.h. */
#include "exporting.h"

#include <string.h>

#include "base/exits.h"

struct course {
	const struct export_format *format;
	struct export export;
};

static int begin(void *context, const struct replay *replay)
{
	struct course *course = context;

	course->export.reader = replay->reader;
	course->export.model = replay->model;
	return course->format->begin(&course->export);
}

static int take(void *context, const struct event_header *event)
{
	struct course *course = context;
	int err = 0;

	if (event->kind == EVENT_NAME)
		err = who_learn(&course->export.names, (const void *)event);
	return err ?: course->format->event(&course->export, event) ?: course->export.out->err;
}

/* What comes after the last event. */
static int finish(struct course *course, struct replay *replay, struct fail *fail)
{
	struct buffer *out = course->export.out;
	int err = course->format->end(&course->export, replay->report);

	buffer_flush(out);
	if (!err || out->err)
		return 0;
	replay_free(replay);
	fail_set(fail, err, "%s", strerror(-err));
	return EXITS_FAILURE;
}

int export_run(struct replay *replay, const char *directory, const struct replay_part *part,
	       const struct export_format *format, const struct export_options *options,
	       struct buffer *out, struct fail *fail)
{
	struct course course = { .format = format, .export = { .options = options, .out = out } };
	const struct replay_tap tap = { begin, take, &course };
	struct replay_part tapped = *part;
	int status;

	tapped.tap = &tap;
	status = replay_run(replay, directory, &tapped, fail) ?: finish(&course, replay, fail);
	if (format->free)
		format->free(&course.export);
	who_free(&course.export.names);
	return status;
}
