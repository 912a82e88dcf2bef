// SPDX-License-Identifier: GPL-2.0
/* main.c - `tasktax COMMAND ...`: finds the sub-command and calls it, nothing else. */
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/exits.h"
#include "base/log.h"
#include "base/quote.h"
#include "cmd.h"
#include "version.h"

struct command {
	const char *name, *summary;
	int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
	{ "run", "trace a command from its first instruction to its end", cmd_run },
	{ "attach", "trace processes that run already", cmd_attach },
	{ "record", "trace, and keep every event in a directory", cmd_record },
	{ "report", "show the report of a recording", cmd_report },
	{ "compare", "show runs side by side, with ratios", cmd_compare },
	{ "export", "write a recording in the form of another tool", cmd_export },
	{ "top", "watch what it costs, as it runs", cmd_top },
	{ "serve", "serve what it costs on this host to Prometheus", cmd_serve },
	{ "lab", "measure processes against threads on this machine", cmd_lab },
	{ "doctor", "show what this kernel lets tasktax see, and what not", cmd_doctor },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *out)
{
	fputs("usage: tasktax [-v] COMMAND [OPTION]... [ARG]...\n"
	      "\n"
	      "Shows what processes and threads really cost a program: classifies every\n"
	      "context switch, prices it, and reconciles the result with the kernel.\n"
	      "\n"
	      "The commands are:\n",
	      out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "   %-10s %s\n", commands[i].name, commands[i].summary);
	fputs("\n"
	      "   -v, --verbose   also what libbpf and the verifier say\n"
	      "   --version       print the version\n"
	      "   --help          print this\n"
	      "\n"
	      "`tasktax COMMAND --help` shows the options of a command.\n",
	      out);
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

/*
 * A standard descriptor that the caller closed would be taken by the next file we open, and the
 * report written into it. The wrong way round, so that to use it is the error that it was; and
 * close-on-exec, so that the traced command finds it closed.
 */
static void fill_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", (fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC) < 0)
			return;
}

int main(int argc, char **argv)
{
	const struct command *command;
	int at = 1;

	fill_standard_descriptors();
	setlocale(LC_CTYPE, "");
	while (at < argc && (!strcmp(argv[at], "-v") || !strcmp(argv[at], "--verbose"))) {
		log_set_level(LOG_LEVEL_DEBUG);
		at++;
	}
	if (at < argc && (!strcmp(argv[at], "--version") || !strcmp(argv[at], "-V"))) {
		printf("tasktax %s\n", TASKTAX_VERSION);
		return fflush(stdout) ? EXITS_OUTPUT : EXITS_OK;
	}
	if (at < argc &&
	    (!strcmp(argv[at], "--help") || !strcmp(argv[at], "-h") || !strcmp(argv[at], "help"))) {
		usage(stdout);
		return fflush(stdout) ? EXITS_OUTPUT : EXITS_OK;
	}
	if (at == argc) {
		usage(stderr);
		return EXITS_USAGE;
	}
	command = find(argv[at]);
	if (!command) {
		log_error("%s is not a tasktax command; `tasktax --help` lists them",
			  quote_string(argv[at]).text);
		return EXITS_USAGE;
	}
	return command->run(argc - at, argv + at);
}
