// SPDX-License-Identifier: GPL-2.0
/* report.c - what an experiment did, as one line of JSON on the standard output; see report.h. */
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/exits.h"
#include "base/log.h"
#include "cpus.h"
#include "forms.h"

void report_begin(const char *experiment, const struct workload *workload)
{
	printf("{\"experiment\":\"%s\",\"as\":\"%s\",\"tasks\":%u", experiment,
	       form_name(workload->form), workload->tasks);
	if (workload->cpu == CPU_NONE)
		printf(",\"cpu\":null");
	else if (workload->cpu == CPU_SPREAD)
		printf(",\"cpu\":\"spread\"");
	else
		printf(",\"cpu\":%d", workload->cpu);
}

static void print_usage(const struct usage *usage)
{
	printf("\"nvcsw\":%ld,\"nivcsw\":%ld,\"minflt\":%ld,\"majflt\":%ld", usage->nvcsw,
	       usage->nivcsw, usage->minflt, usage->majflt);
}

static void print_workers(const struct workload *workload, const struct result *result)
{
	printf(",\"workers\":[");
	for (unsigned int i = 0; i < workload->tasks; i++) {
		const struct worker *worker = &result->workers[i];

		printf("%s{\"tid\":%d,", i ? "," : "", worker->tid);
		print_usage(&worker->life);
		printf(",\"span\":{");
		print_usage(&worker->span);
		printf("}}");
	}
	printf("]");
}

int report_end(const struct workload *workload, const struct result *result)
{
	printf(",\"elapsed_ns\":%" PRIu64 ",\"self\":{", result->elapsed_ns);
	print_usage(&result->all);
	printf("}");
	print_workers(workload, result);
	printf("}\n");
	if (!fflush(stdout) && !ferror(stdout))
		return EXITS_OK;
	log_error("cannot write the result to the standard output: %m");
	return EXITS_OUTPUT;
}

/* Whether the system refused what a smaller run might get. */
static bool is_refused(int code)
{
	return code == -ENOMEM || code == -EAGAIN || code == -EMFILE || code == -ENFILE;
}

void report_failure(const char *experiment, const struct fail *fail)
{
	log_error("%s: %s", experiment, fail->text);
	exit(is_refused(fail->code) ? EXITS_RESOURCES : EXITS_FAILURE);
}
