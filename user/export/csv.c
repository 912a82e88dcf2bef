// SPDX-License-Identifier: GPL-2.0
/*
 * csv.c - the events as a table (RFC 4180), one a row, for SQL and data frames. Empty is not known, or not of this kind
 * of event. What was lost, and why more may be missing, stands in rows at the end: event is lost, or partial.
 */
#include "export/formats.h"
#include "export/view.h"

static void end_row(struct buffer *out)
{
	buffer_put(out, "\r\n", 2);
}

int csv_begin(struct export *export)
{
	for (enum column column = 0; column < COLUMN_CSV; column++) {
		buffer_put(export->out, ",", !!column);
		buffer_text(export->out, view_column_name(column));
	}
	end_row(export->out);
	return 0;
}

static void put_value(struct buffer *out, const struct view_value *value)
{
	switch (value->form) {
	case VALUE_NUMBER:
	case VALUE_BOOL:
		buffer_u64(out, value->number);
		break;
	case VALUE_HEX:
		buffer_hex(out, value->number);
		break;
	case VALUE_WORD:
		buffer_text(out, value->text);
		break;
	case VALUE_STRING:
		buffer_csv(out, value->text);
		break;
	default:
		break;
	}
}

static void put_row(struct buffer *out, const struct view *view)
{
	const struct view_value *at[COLUMN_CSV] = { 0 };

	for (unsigned int i = 0; i < view->count; i++)
		if (view->value[i].column < COLUMN_CSV)
			at[view->value[i].column] = &view->value[i];
	for (int column = 0; column < COLUMN_CSV; column++) {
		buffer_put(out, ",", !!column);
		if (at[column])
			put_value(out, at[column]);
	}
	end_row(out);
}

int csv_event(struct export *export, const struct event_header *event)
{
	struct view view;

	view_event(&view, export, event);
	put_row(export->out, &view);
	return export->out->err;
}

/* --- the rows at the end --- */

static void put_lost(struct buffer *out, const char *class, uint64_t count)
{
	struct view view = { 0 };

	if (!count)
		return;
	view_word(&view, COLUMN_EVENT, "lost");
	view_word(&view, COLUMN_KIND, class);
	view_number(&view, COLUMN_COUNT, count);
	put_row(out, &view);
}

static void put_partial(struct buffer *out, const char *why)
{
	struct view view = { 0 };

	if (!why)
		return;
	view_word(&view, COLUMN_EVENT, "partial");
	view_string(&view, COLUMN_NAME, why);
	put_row(out, &view);
}

int csv_end(struct export *export, const struct report *report)
{
	const struct losses *lost = &report->lost;

	put_lost(export->out, "switch", lost->switches);
	put_lost(export->out, "waking", lost->waking);
	put_lost(export->out, "shootdown", lost->shootdowns);
	put_lost(export->out, "fault", lost->faults);
	put_lost(export->out, "mapping", lost->mappings);
	put_lost(export->out, "lifecycle", lost->lifecycle);
	put_lost(export->out, "untracked", lost->untracked);
	put_lost(export->out, "recursion", lost->recursion);
	put_lost(export->out, "unknown", lost->unknown);
	put_partial(export->out, report->context.partial_why);
	return export->out->err;
}
