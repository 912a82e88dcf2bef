// SPDX-License-Identifier: GPL-2.0
/* event_form.c - the size of each kind; see event_form.h. */
#include "base/event_form.h"

#include <string.h>

/* The size that a record of this kind has; 0: unknown kind, or one with a name at its end. */
static size_t size_of_kind(unsigned int kind)
{
	switch (kind) {
	case EVENT_SWITCH:
		return sizeof(struct event_switch);
	case EVENT_WAKING:
		return sizeof(struct event_waking);
	case EVENT_MISSED:
		return sizeof(struct event_missed);
	case EVENT_NEWTASK:
		return sizeof(struct event_newtask);
	case EVENT_EXEC:
		return sizeof(struct event_exec);
	case EVENT_RENAME:
		return sizeof(struct event_rename);
	case EVENT_EXIT:
		return sizeof(struct event_exit);
	case EVENT_END:
		return sizeof(struct event_end);
	case EVENT_NAME:
		return sizeof(struct event_name);
	case EVENT_FAULT:
		return sizeof(struct event_fault);
	case EVENT_IMAGE:
		return sizeof(struct event_image);
	case EVENT_SHOOTDOWN:
		return sizeof(struct event_shootdown);
	case EVENT_MEMORY:
		return sizeof(struct event_memory);
	default:
		return 0;
	}
}

bool event_is_well_formed(const struct event_header *event)
{
	const struct event_mapping *mapping = (const void *)event;

	if (event->kind == EVENT_MAPPING)
		return event->size > sizeof(*mapping) &&
		       memchr(mapping->name, '\0', event->size - sizeof(*mapping));
	return event->size && event->size == size_of_kind(event->kind);
}
