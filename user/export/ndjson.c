// SPDX-License-Identifier: GPL-2.0
/*
 * ndjson.c - the events as JSON, one object a line: a header, the events, a trailer. The schema is
 * user/output/events.schema.json; a test holds them together.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "export/formats.h"
#include "export/view.h"
#include "output/json_values.h"

#define FORMAT "tasktax.events"
#define VERSION 1

/* A line that comes but once is made by the library. */
static int put_object(struct export *export, json_t *object)
{
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

	json_decref(object);
	if (!text)
		return -ENOMEM;
	buffer_text(export->out, text);
	buffer_put(export->out, "\n", 1);
	free(text);
	return 0;
}

static json_t *list(const char *const *strings)
{
	json_t *array = strings ? json_array() : json_null();

	for (; strings && *strings; strings++)
		value_append(&array, value_text(*strings));
	return array;
}

static json_t *options_of(const struct run_context *context)
{
	return json_pack("{s:b, s:b, s:b, s:b, s:b, s:b, s:b}", "faults", context->faults_measured,
			 "tlb", context->shootdowns_measured, "memory", context->memory_sampled,
			 "tlb_switch", context->tlb_switch, "cow_detail", context->cow_detail,
			 "pick", context->pick_measured, "wakers", context->waking_measured);
}

int ndjson_begin(struct export *export)
{
	const struct run_context *context = record_reader_context(export->reader);
	json_t *host = json_pack("{s:o, s:o, s:i, s:o}", "kernel", value_text(context->kernel),
				 "arch", value_text(context->arch), "cpus", (int)context->cpus,
				 "cpu_model", value_text(context->cpu_model));
	json_t *clock = json_pack("{s:s, s:I, s:I}", "name", "CLOCK_MONOTONIC", "began_ns",
				  (json_int_t)record_reader_began(export->reader),
				  "realtime_offset_ns",
				  (json_int_t)record_reader_clock_offset(export->reader));
	json_t *features = json_pack(
		"{s:o, s:o, s:o, s:o, s:o, s:b}", "hooks", list(context->hooks), "hooks_off",
		list(context->hooks_off), "direct_end", value_text(context->direct_end),
		"fault_end", value_text(context->fault_end), "probe_ns",
		context->probe_ns == NS_UNKNOWN ? json_null() : value_count(context->probe_ns),
		"wait", context->wait_known);

	return put_object(export,
			  json_pack("{s:s, s:s, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "event",
				    "header", "format", FORMAT, "version", VERSION, "tool_version",
				    value_text(context->tool_version), "command",
				    list(context->command), "attached_to",
				    value_text(context->attached_to), "host", host, "clock", clock,
				    "options", options_of(context), "features", features));
}

static void put_value(struct buffer *out, const struct view_value *value)
{
	switch (value->form) {
	case VALUE_NUMBER:
		buffer_u64(out, value->number);
		break;
	case VALUE_HEX:
		buffer_put(out, "\"", 1);
		buffer_hex(out, value->number);
		buffer_put(out, "\"", 1);
		break;
	case VALUE_BOOL:
		buffer_text(out, value->number ? "true" : "false");
		break;
	case VALUE_WORD:
		buffer_put(out, "\"", 1);
		buffer_text(out, value->text);
		buffer_put(out, "\"", 1);
		break;
	case VALUE_STRING:
		buffer_json(out, value->text);
		break;
	default:
		buffer_put(out, "null", 4);
	}
}

int ndjson_event(struct export *export, const struct event_header *event)
{
	struct buffer *out = export->out;
	struct view view;

	view_event(&view, export, event);
	for (unsigned int i = 0; i < view.count; i++) {
		buffer_put(out, i ? ",\"" : "{\"", 2);
		buffer_text(out, view_column_name(view.value[i].column));
		buffer_put(out, "\":", 2);
		put_value(out, &view.value[i]);
	}
	buffer_put(out, "}\n", 2);
	return out->err;
}

/* --- the trailer --- */

static json_t *switches_of(const struct report *report)
{
	json_t *object = json_object();
	uint64_t sum[ROW_LEVELS] = { 0 };

	for (unsigned int i = 0; i < report->row_count; i++)
		sum[report->rows[i].level] += report->rows[i].count;
	for (int level = 0; level < ROW_LEVELS; level++)
		if (sum[level])
			value_set(&object, row_level_name(level), value_count(sum[level]));
	return object;
}

static json_t *created_of(const struct report *report)
{
	json_t *object = json_object();

	for (int kind = 0; kind < CREATED_KINDS; kind++)
		value_set(&object, created_as_name(kind), value_count(report->created[kind]));
	return object;
}

int ndjson_end(struct export *export, const struct report *report)
{
	const struct run_context *context = &report->context;
	const struct record_state *state = record_reader_state(export->reader);
	const struct losses *lost = &report->lost;
	json_t *classes = json_pack(
		"{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "switch",
		value_count(lost->switches), "shootdown", value_count(lost->shootdowns), "waking",
		value_count(lost->waking), "fault", value_count(lost->faults), "mapping",
		value_count(lost->mappings), "lifecycle", value_count(lost->lifecycle), "untracked",
		value_count(lost->untracked), "recursion", value_count(lost->recursion), "unknown",
		value_count(lost->unknown));
	json_t *damaged = json_pack("{s:o, s:o, s:o}", "packets",
				    value_count(state->damaged_packets), "events",
				    value_count(state->damaged_events), "first",
				    value_text(state->first[0] ? state->first : NULL));
	json_t *totals = json_pack("{s:o, s:o, s:o, s:o, s:o}", "switches", switches_of(report),
				   "faults", value_count(report->faults), "created",
				   created_of(report), "execs", value_count(report->execs), "exits",
				   value_count(report->exits));

	return put_object(
		export,
		json_pack("{s:s, s:o, s:o, s:b, s:o, s:o, s:o, s:b, s:b, s:o, s:o, s:o}", "event",
			  "trailer", "events", value_count(report->received), "totals", totals,
			  "complete", report->complete, "lost", classes, "damaged", damaged,
			  "partial_because", value_text(context->partial_why), "cut_off",
			  state->cut_off, "reconciled", report->reconcile.ok, "duration_ns",
			  value_count(context->duration_ns), "part", value_text(context->part),
			  "exit",
			  json_pack("{s:o, s:o}", "code",
				    context->exit_code < 0 ? json_null() :
							     json_integer(context->exit_code),
				    "signal",
				    context->exit_signal ? json_integer(context->exit_signal) :
							   json_null())));
}
