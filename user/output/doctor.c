// SPDX-License-Identifier: GPL-2.0
/* doctor.c - a struct features as text and as JSON; see doctor.h. */
#include "output/doctor.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <string.h>

#include "base/quote.h"

#define WIDTH 80
#define LABEL 14 /* columns of a label of the host's part */
#define NAME 24	 /* columns of a feature's name, its state, and both */
#define STATE 10
#define TEXT (NAME + STATE)

static const char *const state_names[] = {
	[FEATURE_UNPROBED] = "unprobed",
	[FEATURE_ON] = "ok",
	[FEATURE_OFF] = "off",
	[FEATURE_EXCLUDED] = "excluded",
};

static const char *const state_colours[] = {
	[FEATURE_UNPROBED] = "",
	[FEATURE_ON] = "\033[32m",
	[FEATURE_OFF] = "\033[31m",
	[FEATURE_EXCLUDED] = "\033[33m",
};

#define BOLD "\033[1m"
#define PLAIN "\033[0m"

/* Which of the capabilities that tasktax has a use for are held, or are not. */
static uint64_t listed(const struct features *features, bool held)
{
	uint64_t list = 0;

	for (size_t i = 0; i < PRIVILEGE_COUNT; i++)
		if (privilege_holds(&features->privilege, privilege_uses[i].capability) == held)
			list |= PRIVILEGE_BIT(privilege_uses[i].capability);
	return list;
}

/* What a run would show. */
static char *coverage(const struct hooks *hooks, char *text, size_t size)
{
	char direct[64] = "";

	if (hooks->end != SWITCH_END_NONE)
		snprintf(direct, sizeof(direct), ", direct cost (%s)", hooks->direct_end);
	snprintf(text, size, "level%s%s%s%s", direct, hooks->run_delay ? ", wait" : "",
		 hooks->end == SWITCH_END_NONE ? "; no direct cost" : "",
		 hooks->run_delay ? "" : "; no wait");
	return text;
}

/* --- text --- */

/* Writes the words of a text from this column on, later lines indented, and ends the line. */
static void wrap(FILE *stream, size_t column, size_t indent, const char *text)
{
	bool first = true;

	while (*text) {
		size_t length = strcspn(text, " ");

		if (!first && column + 1 + length > WIDTH) {
			fprintf(stream, "\n%*s", (int)indent, "");
			column = indent;
		} else if (!first) {
			fputc(' ', stream);
			column++;
		}
		fwrite(text, 1, length, stream);
		column += length;
		text += length;
		text += strspn(text, " ");
		first = false;
	}
	fputc('\n', stream);
}

static void host_row(FILE *stream, const char *label, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void host_row(FILE *stream, const char *label, const char *format, ...)
{
	va_list arguments;
	char text[1024];

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	fprintf(stream, "%-*s", LABEL, label);
	wrap(stream, LABEL, LABEL, text);
}

static void capability_rows(const struct features *features, FILE *stream)
{
	const struct privilege *privilege = &features->privilege;
	uint64_t needed = privilege_missing(privilege), missing = listed(features, false);
	char text[1024] = "";
	size_t length = 0;

	privilege_names(text, sizeof(text), listed(features, true));
	host_row(stream, "Capabilities", "%s%s%s", text[0] ? text : "none",
		 privilege->file_caps ? ", from the file's capabilities" : "",
		 privilege->user_namespace ? ": those of a user namespace do not count" : "");
	text[0] = '\0';
	for (size_t i = 0; i < PRIVILEGE_COUNT && length < sizeof(text); i++) {
		const struct privilege_use *use = &privilege_uses[i];
		uint64_t bit = PRIVILEGE_BIT(use->capability);

		if (missing & bit)
			length += (size_t)snprintf(text + length, sizeof(text) - length,
						   "%s%s (%sto %s)", length ? ", " : "", use->name,
						   needed & bit ? "needed " : "", use->use);
	}
	host_row(stream, "  missing", "%s", text[0] ? text : "none");
}

static void host_part(const struct features *features, FILE *stream)
{
	host_row(stream, "Kernel", "%s %s", quote_string(features->release).text, features->arch);
	host_row(stream, "CPU", "%s, %u of %u online", quote_string(features->cpu_model).text,
		 features->cpus_online, features->cpus_possible);
	host_row(stream, "BTF", "%s",
		 features->btf ? "/sys/kernel/btf/vmlinux" :
				 "none: /sys/kernel/btf/vmlinux is missing or not readable");
	host_row(stream, "Lockdown", "%s", features->lockdown);
	if (features->pmu_error)
		host_row(stream, "PMU", "no hardware counters (%s); nothing here needs them",
			 strerrorname_np(features->pmu_error) ?: "unknown error");
	else
		host_row(stream, "PMU", "yes");
	capability_rows(features, stream);
	if (features->unprivileged_bpf >= 0)
		host_row(stream, "Sysctls", "kernel.unprivileged_bpf_disabled %d",
			 features->unprivileged_bpf);
	if (features->perf_event_paranoid != INT_MIN)
		host_row(stream, features->unprivileged_bpf >= 0 ? "" : "Sysctls",
			 "kernel.perf_event_paranoid %d", features->perf_event_paranoid);
	host_row(stream, "Kallsyms", "%s", features->kallsyms ? "readable" : "not readable");
}

static void consequence(FILE *stream, const char *label, const char *text)
{
	fprintf(stream, "%*s%s: ", TEXT, "", label);
	wrap(stream, TEXT + strlen(label) + 2, TEXT + 2, text);
}

static void feature_row(const struct feature *feature, FILE *stream, bool colour)
{
	bool on = feature->state == FEATURE_ON;
	char text[256];

	fprintf(stream, "%-*s%s%-*s%s", NAME, feature->name,
		colour ? state_colours[feature->state] : "", STATE, state_names[feature->state],
		colour ? PLAIN : "");
	snprintf(text, sizeof(text), on && feature->why[0] ? "%s (%s)" : "%s",
		 on ? feature->need : feature->why, feature->why);
	wrap(stream, TEXT, TEXT, text);
	if (feature->instead)
		consequence(stream, "instead", feature->instead);
	if (feature->state == FEATURE_OFF || feature->state == FEATURE_EXCLUDED)
		consequence(stream, "loses", feature->loses ?: "nothing");
}

static void verdict(const struct doctor *doctor, FILE *stream, bool colour)
{
	const char *start = "`tasktax run` will work:";
	char what[128], text[1024];

	if (!doctor->hooks)
		start = "`tasktax run` will not work:";
	snprintf(text, sizeof(text), doctor->hooks ? "%s %s." : "%s %s", start,
		 doctor->hooks ? coverage(doctor->hooks, what, sizeof(what)) : doctor->reason);
	fputs(colour ? BOLD : "", stream);
	wrap(stream, 0, 0, text);
	fputs(colour ? PLAIN : "", stream);
}

void doctor_text(const struct doctor *doctor, FILE *stream, bool colour)
{
	host_part(doctor->features, stream);
	fprintf(stream, "\n%s%-*s%-*s%s%s\n", colour ? BOLD : "", NAME, "HOOK", STATE, "STATE",
		"USED FOR, OR WHY NOT", colour ? PLAIN : "");
	for (int id = 0; id < FEATURE_COUNT; id++)
		feature_row(&doctor->features->feature[id], stream, colour);
	fputc('\n', stream);
	verdict(doctor, stream, colour);
}

/* --- JSON --- */

/* A string, valid whatever is in it; NULL and "" give null. */
static json_t *string_or_null(const char *string)
{
	char text[QUOTE_UTF8_SIZE(sizeof(((struct fail *)NULL)->text))];

	if (!string || !*string)
		return json_null();
	quote_utf8(text, sizeof(text), string, strlen(string));
	return json_string(text);
}

/* "integrity"; null when it is "unknown (reason)". */
static json_t *lockdown_mode(const char *lockdown)
{
	size_t length = strcspn(lockdown, " ");

	if (!strncmp(lockdown, "unknown", length))
		return json_null();
	return json_stringn(lockdown, length);
}

/* Whether hardware counters are there; null: this process may not even ask. */
static json_t *pmu(int error)
{
	return error == EACCES || error == EPERM ? json_null() : json_boolean(!error);
}

static json_t *number_or_null(int number, int none)
{
	return number == none ? json_null() : json_integer(number);
}

static json_t *host(const struct features *features)
{
	const char *model = features->cpu_model;

	return json_pack(
		"{s:o, s:s, s:i, s:i, s:o, s:b, s:o, s:s, s:b, s:o, s:o, s:o, s:b, s:b}", "kernel",
		string_or_null(features->release), "arch", features->arch, "cpus",
		(int)features->cpus_online, "cpus_possible", (int)features->cpus_possible, "model",
		strcmp(model, "unknown") != 0 ? string_or_null(model) : json_null(), "btf",
		features->btf, "lockdown", lockdown_mode(features->lockdown), "lockdown_text",
		features->lockdown, "programs_read_kernel", features->reads_kernel, "pmu",
		pmu(features->pmu_error), "unprivileged_bpf_disabled",
		number_or_null(features->unprivileged_bpf, -1), "perf_event_paranoid",
		number_or_null(features->perf_event_paranoid, INT_MIN), "kallsyms",
		features->kallsyms, "user_namespace", features->privilege.user_namespace);
}

static json_t *capability_list(uint64_t capabilities)
{
	json_t *list = json_array();

	for (size_t i = 0; i < PRIVILEGE_COUNT; i++)
		if (capabilities & PRIVILEGE_BIT(privilege_uses[i].capability))
			json_array_append_new(list, json_string(privilege_uses[i].name));
	return list;
}

static json_t *feature_list(const struct features *features)
{
	json_t *list = json_array();

	for (int id = 0; id < FEATURE_COUNT; id++) {
		const struct feature *feature = &features->feature[id];

		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:o, s:s?, s:s?}", "name", feature->name,
					"state", state_names[feature->state], "need", feature->need,
					"why", string_or_null(feature->why), "instead",
					feature->instead, "loses", feature->loses));
	}
	return list;
}

int doctor_json(const struct doctor *doctor, FILE *stream)
{
	const struct features *features = doctor->features;
	char what[128];
	json_t *root;

	root = json_pack(
		"{s:s, s:{s:s}, s:o, s:{s:o, s:o}, s:o, s:{s:b, s:o}}", "schema",
		"tasktax.doctor/1", "tool", "version", doctor->version, "host", host(features),
		"capabilities", "held", capability_list(listed(features, true)), "missing",
		capability_list(listed(features, false)), "features", feature_list(features),
		"verdict", "run", doctor->hooks != NULL, "reason",
		string_or_null(doctor->hooks ? coverage(doctor->hooks, what, sizeof(what)) :
					       doctor->reason));
	if (!root)
		return -ENOMEM;
	json_dumpf(root, stream, JSON_INDENT(2));
	fputc('\n', stream);
	json_decref(root);
	return 0;
}
