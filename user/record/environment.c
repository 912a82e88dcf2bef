// SPDX-License-Identifier: GPL-2.0
/* environment.c - the table of keys, and both ways through it; see environment.h. */
#include "record/environment.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

enum form {
	FORM_TEXT,  /* const char *, may be NULL */
	FORM_TEXTS, /* const char *const *, NULL-terminated, may be NULL: key_0, key_1, ... */
	FORM_COUNT, /* unsigned int */
	FORM_BYTES, /* uint64_t */
	FORM_NS,    /* uint64_t, may be NS_UNKNOWN */
	FORM_YES,   /* bool */
};

struct key {
	const char *name;
	enum form form;
	size_t at;
	bool required;
};

#define KEY(form, member)                                                  \
	{                                                                  \
#member, form, offsetof(struct run_context, member), false \
	}
#define REQUIRED(form, member)                                            \
	{                                                                 \
#member, form, offsetof(struct run_context, member), true \
	}

static const struct key keys[] = {
	REQUIRED(FORM_TEXT, tool_version), KEY(FORM_TEXTS, command),
	KEY(FORM_TEXT, attached_to),	   REQUIRED(FORM_TEXT, kernel),
	REQUIRED(FORM_TEXT, arch),	   REQUIRED(FORM_TEXT, cpu_model),
	REQUIRED(FORM_COUNT, cpus),	   REQUIRED(FORM_TEXT, mode),
	KEY(FORM_TEXT, direct_end),	   KEY(FORM_TEXT, direct_why),
	KEY(FORM_YES, wait_known),	   KEY(FORM_TEXT, wait_why),
	KEY(FORM_YES, faults_measured),	   KEY(FORM_TEXT, fault_start),
	KEY(FORM_TEXT, fault_end),	   KEY(FORM_TEXT, fault_why),
	KEY(FORM_TEXT, regions_why),	   KEY(FORM_TEXT, snapshots_why),
	KEY(FORM_YES, huge_known),	   KEY(FORM_YES, shootdowns_measured),
	KEY(FORM_YES, shot_time),	   KEY(FORM_YES, each_shootdown),
	KEY(FORM_TEXT, shootdown_why),	   KEY(FORM_YES, tlb_switch),
	KEY(FORM_NS, tlb_probe_ns),	   KEY(FORM_YES, cow_detail),
	KEY(FORM_YES, pick_measured),	   KEY(FORM_YES, waking_measured),
	KEY(FORM_YES, memory_sampled),	   KEY(FORM_TEXT, memory_why),
	KEY(FORM_BYTES, page_size),	   KEY(FORM_NS, probe_ns),
	KEY(FORM_TEXT, probe_why),	   KEY(FORM_TEXTS, hooks),
	KEY(FORM_TEXTS, hooks_off),	   KEY(FORM_TEXTS, hooks_off_why),
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

/* --- writing --- */

/* Every byte that a TSDL string, a terminal or an editor could take for something else as three octal digits. */
static void write_text(FILE *out, const char *text)
{
	putc('"', out);
	for (const unsigned char *c = (const void *)text; *c; c++) {
		if (*c >= ' ' && *c < 0x7f && *c != '"' && *c != '\\')
			putc(*c, out);
		else
			fprintf(out, "\\%03o", *c);
	}
	putc('"', out);
}

static void write_texts(FILE *out, const char *name, const char *const *texts)
{
	for (size_t i = 0; texts && texts[i]; i++) {
		fprintf(out, "\t%s_%zu = ", name, i);
		write_text(out, texts[i]);
		fputs(";\n", out);
	}
}

static void write_number(FILE *out, const char *name, uint64_t number)
{
	if (number <= INT64_MAX)
		fprintf(out, "\t%s = %" PRIu64 ";\n", name, number);
}

void environment_write(FILE *out, const struct run_context *context)
{
	for (size_t i = 0; i < KEYS; i++) {
		const void *value = (const char *)context + keys[i].at;

		switch (keys[i].form) {
		case FORM_TEXT:
			if (!*(const char *const *)value)
				break;
			fprintf(out, "\t%s = ", keys[i].name);
			write_text(out, *(const char *const *)value);
			fputs(";\n", out);
			break;
		case FORM_TEXTS:
			write_texts(out, keys[i].name, *(const char *const *const *)value);
			break;
		case FORM_COUNT:
			write_number(out, keys[i].name, *(const unsigned int *)value);
			break;
		case FORM_YES:
			write_number(out, keys[i].name, *(const bool *)value);
			break;
		default:
			write_number(out, keys[i].name, *(const uint64_t *)value);
		}
	}
}

/* --- reading --- */

struct texts {
	char **text; /* NULL-terminated */
	uint32_t count, room;
};

struct environment {
	struct run_context context;
	struct texts texts[KEYS]; /* those of FORM_TEXT have at most one */
	bool taken[KEYS];
};

struct environment *environment_new(void)
{
	struct environment *environment = calloc(1, sizeof(*environment));

	if (environment)
		environment->context.probe_ns = environment->context.tlb_probe_ns = NS_UNKNOWN;
	return environment;
}

void environment_free(struct environment *environment)
{
	if (!environment)
		return;
	for (size_t i = 0; i < KEYS; i++) {
		for (uint32_t j = 0; j < environment->texts[i].count; j++)
			free(environment->texts[i].text[j]);
		free(environment->texts[i].text);
	}
	free(environment);
}

static int add_text(struct texts *texts, const char *text)
{
	char *copy;

	if (array_grow(texts->text, texts->room, texts->count + 1))
		return -ENOMEM;
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	texts->text[texts->count++] = copy;
	return 0;
}

/* The place in the list, of "command_12" in the list "command": 12; -1: it is of no such list. */
static int64_t place_in(const char *list, const char *key)
{
	size_t length = strlen(list);
	char *end;
	int64_t place;

	if (strncmp(key, list, length) != 0 || key[length] != '_' || key[length + 1] < '0' ||
	    key[length + 1] > '9')
		return -1;
	errno = 0;
	place = strtoll(key + length + 1, &end, 10);
	return *end || errno ? -1 : place;
}

static int take_number(struct environment *environment, const struct key *key, int64_t number)
{
	void *value = (char *)&environment->context + key->at;

	if (number < 0)
		return -EINVAL;
	switch (key->form) {
	case FORM_COUNT:
		if (number > UINT32_MAX)
			return -EINVAL;
		*(unsigned int *)value = (unsigned int)number;
		return 0;
	case FORM_YES:
		*(bool *)value = number;
		return 0;
	case FORM_BYTES:
	case FORM_NS:
		*(uint64_t *)value = (uint64_t)number;
		return 0;
	default:
		return -EINVAL;
	}
}

static int take_text(struct environment *environment, size_t i, const char *text)
{
	int err = add_text(&environment->texts[i], text);

	if (!err)
		*(const char **)((char *)&environment->context + keys[i].at) =
			environment->texts[i].text[0];
	return err;
}

static int take_of_list(struct environment *environment, size_t i, const char *text, int64_t place)
{
	struct texts *texts = &environment->texts[i];

	if (!text || place != texts->count)
		return -EINVAL;
	if (add_text(texts, text))
		return -ENOMEM;
	*(char ***)((char *)&environment->context + keys[i].at) = texts->text;
	return 0;
}

int environment_take(struct environment *environment, const char *key, const char *text,
		     int64_t number)
{
	for (size_t i = 0; i < KEYS; i++) {
		if (keys[i].form == FORM_TEXTS) {
			int64_t place = place_in(keys[i].name, key);

			if (place >= 0)
				return take_of_list(environment, i, text, place);
			continue;
		}
		if (strcmp(keys[i].name, key) != 0)
			continue;
		if (environment->taken[i])
			return -EINVAL;
		environment->taken[i] = true;
		if (keys[i].form != FORM_TEXT)
			return text ? -EINVAL : take_number(environment, &keys[i], number);
		return text ? take_text(environment, i, text) : -EINVAL;
	}
	return 0;
}

static size_t length_of(const char *const *list)
{
	size_t length = 0;

	while (list && list[length])
		length++;
	return length;
}

const struct run_context *environment_context(const struct environment *environment)
{
	const struct run_context *context = &environment->context;

	for (size_t i = 0; i < KEYS; i++)
		if (keys[i].required && !environment->taken[i])
			return NULL;
	if (length_of(context->hooks_off) != length_of(context->hooks_off_why) ||
	    (!context->command && !context->attached_to))
		return NULL;
	return context;
}
