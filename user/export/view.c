// SPDX-License-Identifier: GPL-2.0
/* view.c - kind by kind; see view.h. */
#include "export/view.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "record/fields.h"

const char *view_column_name(enum column column)
{
	static const char *const names[COLUMNS] = {
#define COLUMN_NAME(id, name) [COLUMN_##id] = (name),
		VIEW_COLUMNS(COLUMN_NAME)
#undef COLUMN_NAME
	};

	return names[column];
}

/* --- values --- */

static void add(struct view *view, enum column column, enum value_form form, uint64_t number,
		const char *text)
{
	view->value[view->count++] = (struct view_value){ column, form, number, text };
}

void view_number(struct view *view, enum column column, uint64_t number)
{
	add(view, column, VALUE_NUMBER, number, NULL);
}

/* 0 is nobody. */
static void add_id(struct view *view, enum column column, uint32_t id)
{
	add(view, column, id ? VALUE_NUMBER : VALUE_NULL, id, NULL);
}

static void add_ns(struct view *view, enum column column, uint64_t ns)
{
	add(view, column, ns != NS_UNKNOWN ? VALUE_NUMBER : VALUE_NULL, ns, NULL);
}

static void add_hex(struct view *view, enum column column, uint64_t number)
{
	add(view, column, VALUE_HEX, number, NULL);
}

static void add_bool(struct view *view, enum column column, bool yes)
{
	add(view, column, VALUE_BOOL, yes, NULL);
}

void view_word(struct view *view, enum column column, const char *word)
{
	add(view, column, word ? VALUE_WORD : VALUE_NULL, 0, word);
}

void view_string(struct view *view, enum column column, const char *string)
{
	add(view, column, string ? VALUE_STRING : VALUE_NULL, 0, string);
}

/* The five columns from `first` on. */
static void add_who(struct view *view, const struct export *export, enum column first, uint32_t ref)
{
	struct who who = who_is(&export->names, export->model, ref);

	view_word(view, first, ref ? who_class_name(who.class) : NULL);
	add_id(view, first + 1, who.serial);
	add(view, first + 2, who.tid || who.class == TASK_IDLE ? VALUE_NUMBER : VALUE_NULL, who.tid,
	    NULL);
	add_id(view, first + 3, who.pid);
	view_string(view, first + 4, who.comm);
}

/* --- kinds --- */

static void see_switch(struct view *view, const struct export *export,
		       const struct event_switch *event)
{
	struct switch_meaning meaning = model_switch(export->model, event);
	uint16_t flags = event->h.flags;

	view_word(view, COLUMN_LEVEL, row_level_name(meaning.level));
	view_word(view, COLUMN_VIA, switch_via_name(meaning.via));
	add_bool(view, COLUMN_VOLUNTARY, flags & SWITCH_VOLUNTARY);
	add_bool(view, COLUMN_MIGRATED, flags & SWITCH_MIGRATED);
	add_bool(view, COLUMN_FIRST, flags & SWITCH_FIRST);
	add_bool(view, COLUMN_DEAD, flags & SWITCH_PREV_DEAD);
	view_word(view, COLUMN_TLB,
		  flags & SWITCH_TLB_FLUSHED ? "flushed" :
		  flags & SWITCH_TLB_REUSED  ? "reused" :
					       NULL);
	add_ns(view, COLUMN_DIRECT, meaning.direct_ns);
	add_ns(view, COLUMN_DIRECT_RAW,
	       event->direct_ns == SWITCH_NS_UNKNOWN ? NS_UNKNOWN : event->direct_ns);
	add_ns(view, COLUMN_PICK, meaning.pick_ns);
	add_ns(view, COLUMN_WAIT, meaning.wait_ns);
	view_word(view, COLUMN_WAIT_OF,
		  meaning.wait_ns == NS_UNKNOWN ? NULL :
		  flags & SWITCH_WAIT_PREV	? "prev" :
						  "next");
	add_who(view, export, COLUMN_PREV_CLASS, event->prev);
	add_who(view, export, COLUMN_NEXT_CLASS, event->next);
	add_who(view, export, COLUMN_LAST_CLASS, event->last_user);
	add_id(view, COLUMN_NEXT_MM, event->next_mm);
	add_id(view, COLUMN_LAST_MM, event->last_mm);
}

static void see_waking(struct view *view, const struct export *export,
		       const struct event_waking *event)
{
	add_who(view, export, COLUMN_WAKER_CLASS, event->waker);
	add_who(view, export, COLUMN_WAKEE_CLASS, event->wakee);
}

static void see_missed(struct view *view, const struct export *export,
		       const struct event_missed *event)
{
	add_who(view, export, COLUMN_SELF_CLASS, event->task);
	view_number(view, COLUMN_WAIT, event->wait_ns);
}

static void see_newtask(struct view *view, const struct export *export,
			const struct event_newtask *event)
{
	const struct task_entry *task = model_task(export->model, event->task);

	add_who(view, export, COLUMN_SELF_CLASS, event->task);
	add_who(view, export, COLUMN_PARENT_CLASS, event->parent);
	add_id(view, COLUMN_MM, event->mm);
	view_word(view, COLUMN_CREATED, task ? created_as_name(task->created) : NULL);
	add_hex(view, COLUMN_CLONE_FLAGS, event->clone_flags);
	add_id(view, COLUMN_KERNEL_TID, event->pid);
	add_id(view, COLUMN_KERNEL_PID, event->tgid);
	add_hex(view, COLUMN_STACK, event->stack);
	add_hex(view, COLUMN_TLS, event->tls);
	add_id(view, COLUMN_GROUP, event->group);
}

static void see_exec(struct view *view, const struct export *export, const struct event_exec *event)
{
	add_who(view, export, COLUMN_SELF_CLASS, event->task);
	add_id(view, COLUMN_MM, event->mm);
	add_id(view, COLUMN_KERNEL_TID, event->pid);
	add_id(view, COLUMN_OLD_KERNEL_TID, event->old_pid);
	view_number(view, COLUMN_MOST_PAGES, event->most_pages);
}

static void see_exit(struct view *view, const struct export *export, const struct event_exit *event)
{
	uint32_t signal = event->code & 0x7f;

	add_who(view, export, COLUMN_SELF_CLASS, event->task);
	add(view, COLUMN_EXIT_CODE, signal ? VALUE_NULL : VALUE_NUMBER, event->code >> 8 & 0xff,
	    NULL);
	add_id(view, COLUMN_EXIT_SIGNAL, signal);
	add_bool(view, COLUMN_GROUP_DEAD, event->h.flags & EXIT_GROUP_DEAD);
	view_number(view, COLUMN_PEAK_PAGES, event->peak_pages);
	view_number(view, COLUMN_MOST_PAGES, event->most_pages);
}

static void see_counters(struct view *view, enum column first, const struct task_counters *counters)
{
	view_number(view, first, counters->nvcsw);
	view_number(view, first + 1, counters->nivcsw);
	view_number(view, first + 2, counters->run_delay);
	view_number(view, first + 3, counters->sum_exec);
	view_number(view, first + 4, counters->min_flt);
	view_number(view, first + 5, counters->maj_flt);
}

static void see_end(struct view *view, const struct export *export, const struct event_end *event)
{
	const struct task_account *account = &event->account;

	add_who(view, export, COLUMN_SELF_CLASS, event->task);
	add_bool(view, COLUMN_CLOSED, event->h.flags & END_CLOSED);
	see_counters(view, COLUMN_BASE_VOLUNTARY, &account->base);
	see_counters(view, COLUMN_FINAL_VOLUNTARY, &account->last);
	view_number(view, COLUMN_OUTS_VOLUNTARY, account->outs_voluntary);
	view_number(view, COLUMN_OUTS_PREEMPTED, account->outs_preempted);
	view_number(view, COLUMN_LOST_MINOR, account->lost_minor);
	view_number(view, COLUMN_LOST_MAJOR, account->lost_major);
	view_number(view, COLUMN_UNFINISHED, account->unfinished);
	view_number(view, COLUMN_UNRAISED_MINOR, account->unraised_minor);
	view_number(view, COLUMN_UNRAISED_MAJOR, account->unraised_major);
	view_number(view, COLUMN_TLB_SENT, account->tlb.sent);
	view_number(view, COLUMN_TLB_SENT_ALL, account->tlb.sent_all);
	view_number(view, COLUMN_TLB_SENT_PAGES, account->tlb.sent_pages);
	view_number(view, COLUMN_TLB_RECEIVED, account->tlb.received);
	view_number(view, COLUMN_TLB_RECEIVED_TIME, account->tlb.received_ns);
}

static void see_fault(struct view *view, const struct export *export,
		      const struct event_fault *event)
{
	struct fault_meaning meaning = model_fault(export->model);
	bool timed = event->time_ns != NS_UNKNOWN;

	add_who(view, export, COLUMN_SELF_CLASS, event->task);
	add_id(view, COLUMN_MM, event->mm);
	view_word(view, COLUMN_KIND, fault_kind_name(meaning.row->kind));
	view_word(view, COLUMN_CAUSE,
		  meaning.row->cause == CAUSE_UNKNOWN ? NULL :
							fault_cause_name(meaning.row->cause));
	view_word(view, COLUMN_SEVERITY, meaning.row->major ? "major" : "minor");
	view_word(view, COLUMN_MODE, meaning.row->kernel ? "kernel" : "user");
	view_string(view, COLUMN_REGION,
		    meaning.region == REGION_UNKNOWN ? NULL : region_class_name(meaning.region));
	view_string(view, COLUMN_NAME, meaning.name);
	add_hex(view, COLUMN_ADDRESS, event->address);
	add_ns(view, COLUMN_TIME, event->time_ns);
	add_ns(view, COLUMN_OFF, timed ? event->off_ns : NS_UNKNOWN);
	view_number(view, COLUMN_MINOR, event->min_flt);
	view_number(view, COLUMN_MAJOR, event->maj_flt);
}

/* As /proc/PID/maps shows it. */
static const char *protection_of(const struct event_mapping *event)
{
	static const char *const shown[] = {
		"---p", "r--p", "-w-p", "rw-p", "--xp", "r-xp", "-wxp", "rwxp",
		"---s", "r--s", "-w-s", "rw-s", "--xs", "r-xs", "-wxs", "rwxs",
	};
	unsigned int at = 8 * !!(event->map & MAP_SHARED);

	_Static_assert(PROT_READ == 1 && PROT_WRITE == 2 && PROT_EXEC == 4, "as in the table");
	at += event->prot & (PROT_READ | PROT_WRITE | PROT_EXEC);
	return event->known ? shown[at] : NULL;
}

static void see_mapping(struct view *view, const struct event_mapping *event)
{
	add_id(view, COLUMN_SELF_PID, event->tgid);
	add_hex(view, COLUMN_START, event->start);
	add_hex(view, COLUMN_END, event->end);
	add_hex(view, COLUMN_OFFSET, event->offset);
	view_word(view, COLUMN_PROTECTION, protection_of(event));
	view_string(view, COLUMN_NAME, event->name[0] ? event->name : NULL);
}

static void see_shootdown(struct view *view, const struct export *export,
			  const struct event_shootdown *event)
{
	bool received = event->h.flags & SHOOTDOWN_RECEIVED;

	add_who(view, export, COLUMN_SELF_CLASS, event->task);
	view_word(view, COLUMN_DIRECTION, received ? "received" : "sent");
	add_hex(view, COLUMN_CALL, event->call);
	if (received) {
		add_ns(view, COLUMN_TIME, event->took_ns);
		return;
	}
	view_number(view, COLUMN_TO_CPU, event->to);
	add(view, COLUMN_PAGES, event->h.flags & SHOOTDOWN_ALL ? VALUE_NULL : VALUE_NUMBER,
	    event->pages, NULL);
}

static void see_memory(struct view *view, const struct export *export,
		       const struct event_memory *event)
{
	uint64_t number[] = { event->rss,     event->pss,  event->shared,
			      event->private, event->swap, event->swap_pss };
	bool denied = event->h.flags & MEMORY_DENIED;

	add_who(view, export, COLUMN_SELF_CLASS, event->task);
	view_number(view, COLUMN_ROUND, event->round);
	for (unsigned int i = 0; i < sizeof(number) / sizeof(number[0]); i++)
		add(view, COLUMN_RSS + i, denied ? VALUE_NULL : VALUE_NUMBER, number[i], NULL);
}

void view_event(struct view *view, const struct export *export, const struct event_header *event)
{
	const void *e = event;

	view->count = 0;
	view_number(view, COLUMN_TS, event->ts);
	view_number(view, COLUMN_CPU, event->cpu);
	view_word(view, COLUMN_EVENT, record_kind_of(event->kind)->name);
	add_hex(view, COLUMN_FLAGS, event->flags);
	switch (event->kind) {
	case EVENT_SWITCH:
		return see_switch(view, export, e);
	case EVENT_WAKING:
		return see_waking(view, export, e);
	case EVENT_MISSED:
		return see_missed(view, export, e);
	case EVENT_NEWTASK:
		return see_newtask(view, export, e);
	case EVENT_EXEC:
		return see_exec(view, export, e);
	case EVENT_EXIT:
		return see_exit(view, export, e);
	case EVENT_END:
		return see_end(view, export, e);
	case EVENT_FAULT:
		return see_fault(view, export, e);
	case EVENT_IMAGE:
		return add_id(view, COLUMN_SELF_PID, ((const struct event_image *)e)->tgid);
	case EVENT_MAPPING:
		return see_mapping(view, e);
	case EVENT_SHOOTDOWN:
		return see_shootdown(view, export, e);
	case EVENT_MEMORY:
		return see_memory(view, export, e);
	default: /* EVENT_RENAME, EVENT_NAME */
		add_who(view, export, COLUMN_SELF_CLASS, ((const struct event_rename *)e)->task);
	}
}
