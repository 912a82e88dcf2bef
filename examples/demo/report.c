// SPDX-License-Identifier: GPL-2.0
/* report.c - what an experiment did, as one line of JSON on the standard output; see report.h. */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>

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
	else
		printf(",\"cpu\":%d", workload->cpu);
}

static void print_workers(const struct workload *workload, const struct result *result)
{
	printf(",\"workers\":[");
	for (unsigned int i = 0; i < workload->tasks; i++) {
		const struct worker *worker = &result->workers[i];

		printf("%s{\"tid\":%d,\"nvcsw\":%ld,\"nivcsw\":%ld}", i ? "," : "", worker->tid,
		       worker->nvcsw, worker->nivcsw);
	}
	printf("]");
}

int report_end(const struct workload *workload, const struct result *result)
{
	printf(",\"elapsed_ns\":%" PRIu64
	       ",\"self\":{\"nvcsw\":%ld,\"nivcsw\":%ld,\"minflt\":%ld,\"majflt\":%ld}",
	       result->elapsed_ns, result->nvcsw, result->nivcsw, result->minflt, result->majflt);
	print_workers(workload, result);
	printf("}\n");
	if (!fflush(stdout) && !ferror(stdout))
		return EXITS_OK;
	log_error("cannot write the result to the standard output: %m");
	return EXITS_OUTPUT;
}
