// SPDX-License-Identifier: GPL-2.0
/* run_report.c - see run_report.h. */
#include "run_report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/exits.h"
#include "base/quote.h"
#include "compare/figures.h"
#include "output/json.h"
#include "replay.h"

/* The report's text, which the caller frees. */
static int write_out(const struct report *report, char **text, size_t *size)
{
	FILE *out = open_memstream(text, size);
	int err = out ? json_write(report, out) : -ENOMEM;

	if (out && fclose(out))
		err = -ENOMEM;
	return err;
}

/* By way of its text: a recording and its report are then the same by construction. */
static int read_recording(const char *path, json_t **report, struct fail *fail)
{
	const struct replay_part all = { 0 };
	struct replay replay;
	char *text = NULL;
	size_t size = 0;
	int status = replay_run(&replay, path, &all, fail);

	if (status)
		return status;
	if (!write_out(replay.report, &text, &size))
		*report = json_loadb(text, size, 0, NULL);
	replay_free(&replay);
	free(text);
	if (*report)
		return 0;
	fail_set(fail, -ENOMEM, "%s: no memory for its report", quote_string(path).text);
	return EXITS_FAILURE;
}

static int read_file(const char *path, json_t **report, struct fail *fail)
{
	bool standard = !strcmp(path, "-");
	FILE *file = standard ? stdin : fopen(path, "re");
	json_error_t error;

	if (!file) {
		fail_set(fail, -errno, "cannot open %s: %s", quote_string(path).text,
			 strerror(errno));
		return EXITS_USAGE;
	}
	*report = json_loadf(file, 0, &error);
	if (!standard)
		fclose(file);
	if (*report)
		return 0;
	fail_set(fail, -EINVAL, "%s is neither a recording nor a report as JSON: line %d: %s",
		 quote_string(path).text, error.line, quote_string(error.text).text);
	return EXITS_USAGE;
}

static bool is_directory(const char *path)
{
	struct stat status;

	return !stat(path, &status) && S_ISDIR(status.st_mode);
}

int run_report_read(const char *path, json_t **report, struct fail *fail)
{
	static const char *const lists[] = { "processes", "pairs",    "wakers",
					     "regions",	  "timeline", "aggregate" };
	const char *refused;
	int status;

	*report = NULL;
	status = is_directory(path) ? read_recording(path, report, fail) :
				      read_file(path, report, fail);
	if (status)
		return status;
	refused = compare_refuses(*report);
	if (refused) {
		json_decref(*report);
		*report = NULL;
		fail_set(fail, -EINVAL, "%s cannot be compared: %s", quote_string(path).text,
			 refused);
		return EXITS_USAGE;
	}
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		json_object_del(*report, lists[i]);
	return 0;
}
