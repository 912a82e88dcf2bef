// SPDX-License-Identifier: GPL-2.0
/* fields.c - the tables; see fields.h. */
#include "record/fields.h"

#include <string.h>

#include "record/format.h"

#define AT(type, member) offsetof(struct type, member), sizeof(((struct type *)0)->member)
#define NUMBER(type, member)                                        \
	{                                                           \
#member, AT(type, member), FIELD_UNSIGNED, 0, false \
	}
#define NAMED(name, type, member)                                \
	{                                                        \
		name, AT(type, member), FIELD_UNSIGNED, 0, false \
	}
#define MAYBE(type, member, nothing)                                     \
	{                                                                \
#member, AT(type, member), FIELD_UNSIGNED, nothing, true \
	}
#define SIGNED(type, member)                                      \
	{                                                         \
#member, AT(type, member), FIELD_SIGNED, 0, false \
	}
#define HEX(type, member)                                      \
	{                                                      \
#member, AT(type, member), FIELD_HEX, 0, false \
	}
#define TASK(type, member)                                      \
	{                                                       \
#member, AT(type, member), FIELD_TASK, 0, false \
	}
#define COMM(type)                                           \
	{                                                    \
		"comm", AT(type, comm), FIELD_COMM, 0, false \
	}
#define RESERVED(type)                                                   \
	{                                                                \
		"reserved", AT(type, reserved), FIELD_RESERVED, 0, false \
	}
#define END       \
	{         \
		0 \
	}

static const struct field of_switch[] = {
	TASK(event_switch, prev),
	TASK(event_switch, next),
	TASK(event_switch, last_user),
	NUMBER(event_switch, next_mm),
	NUMBER(event_switch, last_mm),
	MAYBE(event_switch, direct_ns, SWITCH_NS_UNKNOWN),
	NUMBER(event_switch, pick_ns),
	NUMBER(event_switch, wait_ns),
	END,
};

static const struct field of_waking[] = {
	TASK(event_waking, waker),
	TASK(event_waking, wakee),
	END,
};

static const struct field of_shootdown[] = {
	TASK(event_shootdown, task),	  NUMBER(event_shootdown, to),
	NUMBER(event_shootdown, call),	  NUMBER(event_shootdown, pages),
	NUMBER(event_shootdown, took_ns), END,
};

static const struct field of_newtask[] = {
	TASK(event_newtask, task),
	TASK(event_newtask, parent),
	NUMBER(event_newtask, pid),
	NUMBER(event_newtask, tgid),
	NUMBER(event_newtask, mm),
	NUMBER(event_newtask, local_tgid),
	HEX(event_newtask, clone_flags),
	HEX(event_newtask, stack),
	HEX(event_newtask, tls),
	COMM(event_newtask),
	NUMBER(event_newtask, local_pid),
	NUMBER(event_newtask, group),
	END,
};

static const struct field of_exec[] = {
	TASK(event_exec, task),
	NUMBER(event_exec, mm),
	NUMBER(event_exec, pid),
	NUMBER(event_exec, old_pid),
	COMM(event_exec),
	NUMBER(event_exec, most_pages),
	END,
};

static const struct field of_rename[] = {
	TASK(event_rename, task),
	RESERVED(event_rename),
	COMM(event_rename),
	END,
};

static const struct field of_exit[] = {
	TASK(event_exit, task),
	NUMBER(event_exit, code),
	NUMBER(event_exit, peak_pages),
	NUMBER(event_exit, most_pages),
	END,
};

#define COUNTER(prefix, where, member) NAMED(prefix "_" #member, event_end, account.where.member)
#define COUNTERS(prefix, where)                                                      \
	COUNTER(prefix, where, nvcsw), COUNTER(prefix, where, nivcsw),               \
		COUNTER(prefix, where, run_delay), COUNTER(prefix, where, sum_exec), \
		COUNTER(prefix, where, min_flt), COUNTER(prefix, where, maj_flt)
#define ACCOUNT(member) NAMED(#member, event_end, account.member)
#define TLB(member) NAMED("tlb_" #member, event_end, account.tlb.member)

static const struct field of_end[] = {
	TASK(event_end, task),
	NUMBER(event_end, at),
	COUNTERS("base", base),
	COUNTERS("last", last),
	ACCOUNT(outs_voluntary),
	ACCOUNT(outs_preempted),
	ACCOUNT(lost_minor),
	ACCOUNT(lost_major),
	ACCOUNT(unfinished),
	ACCOUNT(unraised_minor),
	ACCOUNT(unraised_major),
	TLB(sent),
	TLB(sent_all),
	TLB(sent_pages),
	TLB(received),
	TLB(received_ns),
	END,
};

static const struct field of_name[] = {
	TASK(event_name, task),
	RESERVED(event_name),
	COMM(event_name),
	END,
};

static const struct field of_missed[] = {
	TASK(event_missed, task),
	RESERVED(event_missed),
	NUMBER(event_missed, wait_ns),
	END,
};

static const struct field of_fault[] = {
	TASK(event_fault, task),      NUMBER(event_fault, mm),
	HEX(event_fault, address),    MAYBE(event_fault, time_ns, NS_UNKNOWN),
	NUMBER(event_fault, off_ns),  NUMBER(event_fault, min_flt),
	NUMBER(event_fault, maj_flt), END,
};

static const struct field of_image[] = {
	NUMBER(event_image, tgid),
	RESERVED(event_image),
	END,
};

static const struct field of_mapping[] = {
	NUMBER(event_mapping, tgid),
	NUMBER(event_mapping, prot),
	HEX(event_mapping, map),
	NUMBER(event_mapping, known),
	HEX(event_mapping, start),
	HEX(event_mapping, end),
	HEX(event_mapping, offset),
	{ "name", offsetof(struct event_mapping, name), 0, FIELD_STRING, 0, false },
	END,
};

static const struct field of_memory[] = {
	TASK(event_memory, task),   NUMBER(event_memory, round),    NUMBER(event_memory, rss),
	NUMBER(event_memory, pss),  NUMBER(event_memory, shared),   NUMBER(event_memory, private),
	NUMBER(event_memory, swap), NUMBER(event_memory, swap_pss), END,
};

static const struct field of_late[] = {
	NUMBER(event_late, length),
	RESERVED(event_late),
	{ "record", offsetof(struct event_late, record), 0, FIELD_BYTES, 0, false },
	END,
};

#define LOST(member) NAMED("lost_" #member, event_closing, lost.member)
#define REASON(i)                                                                 \
	NAMED("tlb_reason" #i, event_closing, tlb_reasons[i].count),              \
		NAMED("tlb_reason" #i "_all", event_closing, tlb_reasons[i].all), \
		NAMED("tlb_reason" #i "_pages", event_closing, tlb_reasons[i].pages)

static const struct field of_closing[] = {
	NUMBER(event_closing, armed_ns),
	NUMBER(event_closing, disarmed_ns),
	NUMBER(event_closing, loader_cpu_ns),
	NUMBER(event_closing, memory_cost_ns),
	SIGNED(event_closing, exit_code),
	SIGNED(event_closing, exit_signal),
	NUMBER(event_closing, error),
	RESERVED(event_closing),
	NUMBER(event_closing, unwritten),
	LOST(switches),
	LOST(waking),
	LOST(shootdowns),
	LOST(faults),
	LOST(mappings),
	LOST(lifecycle),
	LOST(untracked),
	LOST(unseen),
	LOST(unseen_faults),
	LOST(recursion),
	LOST(unknown),
	REASON(0),
	REASON(1),
	REASON(2),
	REASON(3),
	REASON(4),
	REASON(5),
	REASON(6),
	REASON(7),
	END,
};

static const struct record_kind_info kinds[] = {
	{ EVENT_SWITCH, "switch", sizeof(struct event_switch), of_switch },
	{ EVENT_WAKING, "waking", sizeof(struct event_waking), of_waking },
	{ EVENT_NEWTASK, "newtask", sizeof(struct event_newtask), of_newtask },
	{ EVENT_EXEC, "exec", sizeof(struct event_exec), of_exec },
	{ EVENT_RENAME, "rename", sizeof(struct event_rename), of_rename },
	{ EVENT_EXIT, "exit", sizeof(struct event_exit), of_exit },
	{ EVENT_END, "end", sizeof(struct event_end), of_end },
	{ EVENT_NAME, "name", sizeof(struct event_name), of_name },
	{ EVENT_MISSED, "missed", sizeof(struct event_missed), of_missed },
	{ EVENT_FAULT, "fault", sizeof(struct event_fault), of_fault },
	{ EVENT_IMAGE, "image", sizeof(struct event_image), of_image },
	{ EVENT_MAPPING, "mapping", sizeof(struct event_mapping), of_mapping },
	{ EVENT_MEMORY, "memory", sizeof(struct event_memory), of_memory },
	{ EVENT_SHOOTDOWN, "shootdown", sizeof(struct event_shootdown), of_shootdown },
	{ RECORD_LATE, "late", sizeof(struct event_late), of_late },
	{ RECORD_CLOSING, "closing", sizeof(struct event_closing), of_closing },
	{ 0 },
};

const struct record_kind_info *record_kinds(void)
{
	return kinds;
}

const struct record_kind_info *record_kind_of(unsigned int kind)
{
	if (kind >= EVENT_SWITCH && kind <= EVENT_SHOOTDOWN)
		return &kinds[kind - EVENT_SWITCH];
	for (const struct record_kind_info *info = &kinds[EVENT_SHOOTDOWN]; info->name; info++)
		if (info->kind == kind)
			return info;
	return NULL;
}

uint64_t field_value(const struct field *field, const struct event_header *event)
{
	const char *at = (const char *)event + field->at;
	uint16_t two;
	uint32_t four;
	uint64_t eight;

	switch (field->size) {
	case sizeof(two):
		memcpy(&two, at, sizeof(two));
		return two;
	case sizeof(four):
		memcpy(&four, at, sizeof(four));
		return field->form == FIELD_SIGNED ? (uint64_t)(int64_t)(int32_t)four : four;
	default:
		memcpy(&eight, at, sizeof(eight));
		return eight;
	}
}
