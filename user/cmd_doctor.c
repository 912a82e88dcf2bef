// SPDX-License-Identifier: GPL-2.0
/*
 * cmd_doctor.c - `tasktax doctor`: options in, features probed, shown by output/doctor.c. Called by
 * main.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arguments.h"
#include "base/exits.h"
#include "base/log.h"
#include "base/terminal.h"
#include "cmd.h"
#include "output/doctor.h"
#include "output/sink.h"
#include "version.h"

enum option_key {
	KEY_JSON = 'j',
	KEY_WITHOUT = 256,
};

static const struct argp_option option_list[] = {
	{ "json", KEY_JSON, "FILE", OPTION_ARG_OPTIONAL,
	  "Write JSON: in place of the text, or into FILE beside it", 1 },
	{ "without", KEY_WITHOUT, "HOOK", 0,
	  "Do as if this kernel had no HOOK; may be repeated. tp_btf, kprobe, fentry and ringbuf "
	  "leave out all of their kind",
	  1 },
	{ 0 },
};

static const char doc[] =
	"Tries what this kernel lets tasktax do (every hook is loaded, attached and closed again) "
	"and "
	"shows for each hook whether it works, else why not, what is used instead, and what the "
	"report loses."
	"\v"
	"The exit status is 0 when `tasktax run` would work, 120 on a usage error, 121 when a "
	"privilege is missing, 122 when this kernel cannot be traced, 123 when the output could "
	"not "
	"be written.\n"
	"\n"
	"Examples:\n"
	"  sudo tasktax doctor\n"
	"  sudo tasktax doctor --json --without sched_exit_tp\n";

struct doctor_arguments {
	bool json;
	const char *json_file;
	const char *without[FEATURE_COUNT];
	size_t without_count;
};

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct doctor_arguments *arguments = state->input;

	switch (key) {
	case KEY_JSON:
		arguments->json_file = text;
		arguments->json = !text;
		break;
	case KEY_WITHOUT:
		if (arguments->without_count == FEATURE_COUNT)
			arguments_error(state, "more than %d times --without", FEATURE_COUNT);
		else
			arguments->without[arguments->without_count++] = text;
		break;
	case ARGP_KEY_ARG:
		arguments_error(state, "doctor takes no arguments");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* What `tasktax run` would say here. */
static int examine(struct doctor *doctor, struct hooks *hooks, struct fail *reason)
{
	static const struct wanted usual = { .faults = true, .shootdowns = true };
	const struct features *features = doctor->features;

	doctor->reason = reason->text;
	if (privilege_check(&features->privilege, reason))
		return EXITS_PRIVILEGE;
	if (hooks_choose(hooks, features, &usual, reason))
		return EXITS_KERNEL;
	doctor->hooks = hooks;
	return EXITS_OK;
}

/* NULL: the standard output. */
static int write_json(const struct doctor *doctor, const char *file, struct fail *fail)
{
	struct sink sink;
	int err = sink_open(&sink, file ?: "-", fail);

	if (err)
		return err;
	err = doctor_json(doctor, sink.stream);
	if (!err)
		return sink_commit(&sink, fail);
	sink_abort(&sink);
	return fail_set(fail, err, "cannot write JSON: %s", strerror(-err));
}

static int write_text(const struct doctor *doctor, struct fail *fail)
{
	struct sink sink;
	int err = sink_open(&sink, "-", fail);

	if (err)
		return err;
	doctor_text(doctor, sink.stream, terminal_of(sink.fd).colour);
	return sink_commit(&sink, fail);
}

static int show(const struct doctor *doctor, const struct doctor_arguments *arguments,
		struct fail *fail)
{
	int err = 0;

	if (arguments->json || arguments->json_file)
		err = write_json(doctor, arguments->json_file, fail);
	if (!err && !arguments->json)
		err = write_text(doctor, fail);
	return err;
}

int cmd_doctor(int argc, char **argv)
{
	static const struct argp argp = { .options = option_list, .parser = parse, .doc = doc };
	struct doctor_arguments arguments = { 0 };
	struct features features;
	struct doctor doctor = { .features = &features, .version = TASKTAX_VERSION };
	struct fail fail = { 0 }, reason = { 0 };
	struct hooks hooks;
	int err, status;

	arguments_parse(&argp, "doctor", argc, argv, 0, &arguments);
	err = features_probe(&features, FEATURES_ALL, arguments.without, arguments.without_count,
			     &fail);
	if (err) {
		log_error("doctor: %s", fail.text);
		return err == -EINVAL ? EXITS_USAGE : EXITS_FAILURE;
	}
	status = examine(&doctor, &hooks, &reason);
	if (show(&doctor, &arguments, &fail)) {
		log_error("doctor: %s", fail.text);
		status = EXITS_OUTPUT;
	}
	features_free(&features);
	return status;
}
