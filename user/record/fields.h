/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fields.h - the records of event.h and format.h as data: each kind's name, and its fields with name, place and
 * form. The one description that the CTF metadata, the NDJSON and the CSV are made from; a test holds that it
 * covers every byte. Pure. Called by record/ and export/.
 */
#ifndef TASKTAX_RECORD_FIELDS_H
#define TASKTAX_RECORD_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"

enum field_form {
	FIELD_UNSIGNED,
	FIELD_SIGNED,
	FIELD_HEX,	/* unsigned: flags, addresses */
	FIELD_TASK,	/* unsigned: a task reference */
	FIELD_COMM,	/* EVENT_COMM_LEN bytes */
	FIELD_STRING,	/* terminated, at the end, zeros up to a multiple of 8 */
	FIELD_BYTES,	/* at the end, as many as the field `length` says */
	FIELD_RESERVED, /* unsigned, zero */
};

struct field {
	const char *name;  /* an identifier of C, CTF and SQL */
	uint16_t at, size; /* bytes; size 0: to the end of the record */
	enum field_form form;
	uint64_t unknown; /* with has_unknown: the value that means "not known" */
	bool has_unknown;
};

struct record_kind_info {
	uint16_t kind;
	const char *name;
	uint16_t size;		    /* of the fixed part, header included */
	const struct field *fields; /* after the header, in order, up to a NULL name */
};

/* All kinds, ascending, up to a NULL name. */
const struct record_kind_info *record_kinds(void);

/* NULL: no such kind. */
const struct record_kind_info *record_kind_of(unsigned int kind);

/* The value of an integer field. */
uint64_t field_value(const struct field *field, const struct event_header *event);

#endif
