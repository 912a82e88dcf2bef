/* SPDX-License-Identifier: GPL-2.0 */
/* formats.h - the functions of each format, for the table in formats.c; see export.h for what they do. */
#ifndef TASKTAX_EXPORT_FORMATS_H
#define TASKTAX_EXPORT_FORMATS_H

#include "export/export.h"

int ndjson_begin(struct export *export);
int ndjson_event(struct export *export, const struct event_header *event);
int ndjson_end(struct export *export, const struct report *report);

int csv_begin(struct export *export);
int csv_event(struct export *export, const struct event_header *event);
int csv_end(struct export *export, const struct report *report);

int folded_begin(struct export *export);
int folded_event(struct export *export, const struct event_header *event);
int folded_end(struct export *export, const struct report *report);
void folded_free(struct export *export);

int perfetto_begin(struct export *export);
int perfetto_event(struct export *export, const struct event_header *event);
int perfetto_end(struct export *export, const struct report *report);
void perfetto_free(struct export *export);

int ctf_copy(const char *directory, const char *output, bool replace, struct fail *fail);

#endif
