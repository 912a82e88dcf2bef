/* SPDX-License-Identifier: GPL-2.0 */
/*
 * event_form.h - whether a record can be what it says: long enough for its kind, and terminated where it must be.
 * Includes event.h only. Called by the model, and by the reader of recordings before anything looks into a record.
 */
#ifndef TASKTAX_BASE_EVENT_FORM_H
#define TASKTAX_BASE_EVENT_FORM_H

#include <stdbool.h>

#include "event.h"

/* `size` bytes of the record must be readable. */
bool event_is_well_formed(const struct event_header *event);

#endif
