// SPDX-License-Identifier: GPL-2.0
/* main.c - `tasktax-demo EXPERIMENT ...`: finds the experiment and runs it, nothing else. */
#include <argp.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/exits.h"
#include "base/log.h"
#include "base/quote.h"
#include "experiment.h"
#include "version.h"

static const struct experiment experiments[] = {
	{ "ring", "a token goes round a ring of tasks: what a switch costs", ring_run },
	{ "ipc", "messages from one task to another: what passing data costs", ipc_run },
	{ "oversubscribe", "a computation split over more tasks than CPUs", oversubscribe_run },
	{ "spawn", "tasks come and go: what creation costs", spawn_run },
	{ "cow", "memory is rewritten after a fork: what copying on write costs", cow_run },
	{ "touch", "tasks touch fresh memory: what a page fault costs", touch_run },
	{ "memory", "tasks share memory: how much there is", memory_run },
	{ "shootdown", "one task unmaps while others compute: whose TLBs are flushed",
	  shootdown_run },
	{ "race", "tasks count up one counter: what is lost without care", race_run },
	{ "crash", "one task fails: who survives, and how soon it is replaced", crash_run },
	{ "server", "requests served by workers, a task per connection, or one event loop",
	  server_run },
	{ "responsive", "a tick as of a user interface, beside work in the background",
	  responsive_run },
};

#define EXPERIMENTS (sizeof(experiments) / sizeof(experiments[0]))

static void usage(FILE *out)
{
	fputs("usage: tasktax-demo EXPERIMENT --as FORM [OPTION]...\n"
	      "\n"
	      "Runs the same work as processes or as threads, for `tasktax run` to trace, and\n"
	      "prints what it did as one line of JSON.\n"
	      "\n"
	      "The experiments are:\n",
	      out);
	for (size_t i = 0; i < EXPERIMENTS; i++)
		fprintf(out, "   %-13s %s\n", experiments[i].name, experiments[i].summary);
	fputs("\n"
	      "   --version       print the version\n"
	      "   --help          print this\n"
	      "\n"
	      "`tasktax-demo EXPERIMENT --help` shows the options of an experiment.\n",
	      out);
}

static const struct experiment *find(const char *name)
{
	for (size_t i = 0; i < EXPERIMENTS; i++)
		if (!strcmp(experiments[i].name, name))
			return &experiments[i];
	return NULL;
}

/*
 * A standard descriptor that the caller closed would be taken by a pipe of the experiment, and the
 * result written into it. Read-only, so that writing the result fails as it should.
 */
static void fill_standard_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static int printed(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return EXITS_OK;
	log_error("cannot write to the standard output: %m");
	return EXITS_OUTPUT;
}

static int run(const struct experiment *experiment, int argc, char **argv)
{
	char name[64];

	snprintf(name, sizeof(name), "tasktax-demo %s", experiment->name);
	argv[0] = name;
	return experiment->run(argc, argv);
}

int main(int argc, char **argv)
{
	const struct experiment *experiment;

	fill_standard_descriptors();
	argp_err_exit_status = EXITS_USAGE;
	if (argc > 1 && (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))) {
		printf("tasktax-demo %s\n", TASKTAX_VERSION);
		return printed();
	}
	if (argc > 1 &&
	    (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))) {
		usage(stdout);
		return printed();
	}
	if (argc < 2) {
		log_error("tasktax-demo needs an experiment; `tasktax-demo --help` lists them");
		return EXITS_USAGE;
	}
	experiment = find(argv[1]);
	if (!experiment) {
		log_error("%s is not an experiment; `tasktax-demo --help` lists them",
			  quote_string(argv[1]).text);
		return EXITS_USAGE;
	}
	return run(experiment, argc - 1, argv + 1);
}
