// SPDX-License-Identifier: GPL-2.0
/* metadata.c - writes the description of a trace, and reads back what is its own; see metadata.h. */
#include "record/metadata.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "record/environment.h"
#include "record/fields.h"

#define NS_PER_S 1000000000

/* --- writing --- */

static void write_uuid(FILE *out, const uint8_t uuid[CTF_UUID_BYTES])
{
	putc('"', out);
	for (int i = 0; i < CTF_UUID_BYTES; i++)
		fprintf(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
	putc('"', out);
}

static const char types[] =
	"typealias integer { size = 8; align = 8; signed = false; } := u8;\n"
	"typealias integer { size = 8; align = 8; signed = false; encoding = UTF8; } := char8;\n"
	"typealias integer { size = 16; align = 16; signed = false; } := u16;\n"
	"typealias integer { size = 32; align = 32; signed = false; } := u32;\n"
	"typealias integer { size = 32; align = 32; signed = true; } := s32;\n"
	"typealias integer { size = 64; align = 64; signed = false; } := u64;\n"
	"typealias integer { size = 16; align = 16; signed = false; base = 16; } := x16;\n"
	"typealias integer { size = 32; align = 32; signed = false; base = 16; } := x32;\n"
	"typealias integer { size = 64; align = 64; signed = false; base = 16; } := x64;\n"
	"\n";

static const char packet_header[] = "\tpacket.header := struct {\n"
				    "\t\tu32 magic;\n"
				    "\t\tu32 stream_id;\n"
				    "\t\tu8 uuid[16];\n"
				    "\t} align(64);\n";

/* Both classes have the same, so that one struct is the head of every packet. */
static const char stream_layout[] = "\tpacket.context := struct {\n"
				    "\t\tclock_ns timestamp_begin;\n"
				    "\t\tclock_ns timestamp_end;\n"
				    "\t\tu64 content_size;\n"
				    "\t\tu64 packet_size;\n"
				    "\t\tu64 packet_seq_num;\n"
				    "\t\tu64 events_discarded;\n"
				    "\t\tu32 cpu_id;\n"
				    "\t\tu32 events;\n"
				    "\t\tx32 checksum;\n"
				    "\t\tu32 reserved;\n"
				    "\t} align(64);\n"
				    "\tevent.header := struct {\n"
				    "\t\tclock_ns timestamp;\n"
				    "\t\tu16 id;\n"
				    "\t} align(64);\n"
				    "\tevent.context := struct {\n"
				    "\t\tu16 _size;\n"
				    "\t\tu16 _cpu;\n"
				    "\t\tx16 _flags;\n"
				    "\t};\n";

static void write_clock(FILE *out, int64_t offset_ns)
{
	int64_t seconds = offset_ns / NS_PER_S, rest = offset_ns % NS_PER_S;

	if (rest < 0) { /* the clock was set to before the epoch */
		seconds--;
		rest += NS_PER_S;
	}
	fprintf(out,
		"clock {\n"
		"\tname = monotonic;\n"
		"\tdescription = \"CLOCK_MONOTONIC; its offset is CLOCK_REALTIME's when recording "
		"began\";\n"
		"\tfreq = %d;\n"
		"\toffset_s = %" PRId64 ";\n"
		"\toffset = %" PRId64 ";\n"
		"};\n\n"
		"typealias integer {\n"
		"\tsize = 64; align = 64; signed = false; map = clock.monotonic.value;\n"
		"} := clock_ns;\n\n",
		NS_PER_S, seconds, rest);
}

static void write_field(FILE *out, const struct field *field)
{
	bool hex = field->form == FIELD_HEX || field->form == FIELD_TASK;

	switch (field->form) {
	case FIELD_COMM:
		fprintf(out, "\t\tchar8 _%s[%d];\n", field->name, EVENT_COMM_LEN);
		break;
	case FIELD_STRING:
		fprintf(out, "\t\tstring _%s;\n", field->name);
		break;
	case FIELD_BYTES:
		fprintf(out, "\t\tu8 _%s[_length];\n", field->name);
		break;
	case FIELD_SIGNED:
		fprintf(out, "\t\ts%d _%s;\n", 8 * field->size, field->name);
		break;
	default:
		fprintf(out, "\t\t%c%d _%s;\n", hex ? 'x' : 'u', 8 * field->size, field->name);
	}
}

/* Names are escaped by an underscore, as LTTng does it: "event", "struct" and such are words of the language. */
static void write_event(FILE *out, const struct record_kind_info *kind, enum stream_class stream)
{
	fprintf(out,
		"event {\n\tname = \"%s\";\n\tid = %u;\n\tstream_id = %d;\n\tfields := struct {\n",
		kind->name, kind->kind, stream);
	for (const struct field *field = kind->fields; field->name; field++)
		write_field(out, field);
	fputs("\t} align(64);\n};\n\n", out);
}

static void write_environment(FILE *out, const struct run_context *context)
{
	struct utsname host;

	fprintf(out,
		"env {\n\ttracer_name = \"tasktax\";\n\ttasktax_recording = %d;\n\ttasktax_events "
		"= %d;\n",
		RECORD_VERSION, EVENT_ABI);
	if (!uname(&host) && !strpbrk(host.nodename, "\"\\\n"))
		fprintf(out, "\thostname = \"%s\";\n", host.nodename);
	environment_write(out, context);
	fputs("};\n\n", out);
}

void metadata_write(FILE *out, const uint8_t uuid[CTF_UUID_BYTES], int64_t clock_offset_ns,
		    const struct run_context *context)
{
	fprintf(out, "/* CTF 1.8 */\n\n%s", types);
	fputs("trace {\n\tmajor = 1;\n\tminor = 8;\n\tuuid = ", out);
	write_uuid(out, uuid);
	fprintf(out, ";\n\tbyte_order = le;\n%s};\n\n", packet_header);
	write_environment(out, context);
	write_clock(out, clock_offset_ns);
	fprintf(out, "stream {\n\tid = %d;\n%s};\n\n", STREAM_CPU, stream_layout);
	fprintf(out, "stream {\n\tid = %d;\n%s};\n\n", STREAM_END, stream_layout);
	for (const struct record_kind_info *kind = record_kinds(); kind->name; kind++)
		write_event(out, kind, kind->kind == RECORD_CLOSING ? STREAM_END : STREAM_CPU);
}

/* --- reading --- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_uuid(const char *text, uint8_t uuid[CTF_UUID_BYTES])
{
	for (int i = 0; i < CTF_UUID_BYTES; i++) {
		int high, low;

		if (*text == '-')
			text++;
		high = hex_digit(text[0]);
		low = high < 0 ? -1 : hex_digit(text[1]);
		if (low < 0)
			return false;
		uuid[i] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	return !*text;
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* "...", in place: the text without its quotes and escapes; NULL: it is none. */
static char *read_text(char *text)
{
	char *from = text + 1, *to = text;

	if (*text != '"')
		return NULL;
	while (*from != '"') {
		if (!*from)
			return NULL;
		if (*from != '\\') {
			*to++ = *from++;
			continue;
		}
		if (!is_octal(from[1]) || !is_octal(from[2]) || !is_octal(from[3]))
			return NULL;
		*to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
		if (!*to++)
			return NULL;
		from += 4;
	}
	if (from[1])
		return NULL;
	*to = '\0';
	return text;
}

static bool read_number(const char *text, int64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoll(text, &end, 10);
	return end != text && !*end && !errno;
}

/* What has been read so far. */
struct reading {
	struct metadata *metadata;
	enum { OUTSIDE, IN_TRACE, IN_ENV, IN_CLOCK } block;
	int64_t version, events, offset_s, offset;
	bool ours, has_uuid, has_clock;
	struct fail *fail;
};

static int take_environment(struct reading *reading, const char *key, char *value)
{
	const char *text = read_text(value);
	int64_t number = 0;
	int err;

	if (!text && !read_number(value, &number))
		return -EINVAL;
	if (!strcmp(key, "tracer_name"))
		reading->ours = text && !strcmp(text, "tasktax");
	else if (!strcmp(key, "tasktax_recording"))
		reading->version = number;
	else if (!strcmp(key, "tasktax_events"))
		reading->events = number;
	else if ((err = environment_take(reading->metadata->environment, key, text, number)))
		return err;
	return 0;
}

/* "\tkey = value;" of a block that matters. Others, and what spans lines, is only description. */
static int take_line(struct reading *reading, char *line)
{
	char *equals = strstr(line, " = "), *value = equals ? equals + 3 : NULL;
	size_t length = value ? strlen(value) : 0;

	if (*line != '\t' || !length || value[length - 1] != ';')
		return reading->block == IN_ENV ? -EINVAL : 0;
	value[length - 1] = *equals = '\0';
	line++;
	if (reading->block == IN_ENV)
		return take_environment(reading, line, value);
	if (reading->block == IN_TRACE && !strcmp(line, "uuid")) {
		value = read_text(value);
		reading->has_uuid = value && read_uuid(value, reading->metadata->uuid);
	} else if (reading->block == IN_CLOCK && !strcmp(line, "offset_s")) {
		reading->has_clock = read_number(value, &reading->offset_s) &&
				     reading->offset_s > INT64_MIN / NS_PER_S &&
				     reading->offset_s < INT64_MAX / NS_PER_S;
	} else if (reading->block == IN_CLOCK && !strcmp(line, "offset")) {
		if (!read_number(value, &reading->offset) || reading->offset < 0 ||
		    reading->offset >= NS_PER_S)
			return -EINVAL;
	}
	return 0;
}

static int read_lines(struct reading *reading, char *text)
{
	char *rest = text, *line;
	int err = 0;

	while (!err && (line = strsep(&rest, "\n"))) {
		if (!strcmp(line, "trace {"))
			reading->block = IN_TRACE;
		else if (!strcmp(line, "env {"))
			reading->block = IN_ENV;
		else if (!strcmp(line, "clock {"))
			reading->block = IN_CLOCK;
		else if (!strcmp(line, "};"))
			reading->block = OUTSIDE;
		else if (reading->block != OUTSIDE)
			err = take_line(reading, line);
	}
	return err;
}

static int judge(const struct reading *reading)
{
	if (!reading->ours)
		return fail_set(reading->fail, -EINVAL, "it is no recording of tasktax's");
	if (reading->version > RECORD_VERSION || reading->events > EVENT_ABI)
		return fail_set(reading->fail, -ENOTSUP,
				"it was made by a newer tasktax (format %" PRId64 ".%" PRId64
				"; this one reads %d.%d)",
				reading->version, reading->events, RECORD_VERSION, EVENT_ABI);
	if (reading->version != RECORD_VERSION || reading->events != EVENT_ABI)
		return fail_set(reading->fail, -ENOTSUP,
				"it was made by an older tasktax (format %" PRId64 ".%" PRId64
				"; this one reads %d.%d)",
				reading->version, reading->events, RECORD_VERSION, EVENT_ABI);
	if (!reading->has_uuid || !reading->has_clock ||
	    !environment_context(reading->metadata->environment))
		return fail_set(reading->fail, -EINVAL,
				"its metadata is damaged: something is missing");
	return 0;
}

int metadata_read(struct metadata *metadata, char *text, struct fail *fail)
{
	struct reading reading = { .metadata = metadata, .fail = fail };
	int err;

	memset(metadata, 0, sizeof(*metadata));
	metadata->environment = environment_new();
	if (!metadata->environment)
		return fail_set(fail, -ENOMEM, "no memory");
	err = read_lines(&reading, text);
	if (err == -EINVAL && reading.ours && reading.version == RECORD_VERSION)
		fail_set(fail, err, "its metadata is damaged");
	else if (err == -ENOMEM)
		fail_set(fail, err, "no memory");
	else
		err = judge(&reading);
	metadata->clock_offset_ns = reading.offset_s * NS_PER_S + reading.offset;
	if (err) {
		environment_free(metadata->environment);
		metadata->environment = NULL;
	}
	return err;
}
