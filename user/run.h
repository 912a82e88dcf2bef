/* SPDX-License-Identifier: GPL-2.0 */
/*
 * run.h - one command traced from its first instruction, or processes that are there already, to the finished
 * report: wires target, session, consumer and model. Called by tracing.c and cmd_lab.c.
 */
#ifndef TASKTAX_RUN_H
#define TASKTAX_RUN_H

#include "model/model.h"
#include "recording.h"
#include "trace/features.h"
#include "trace/hooks.h"
#include "trace/selection.h"

struct run_options {
	char *const *argv; /* NULL-terminated; NULL: attach to `selection` */
	const struct selection *selection;
	const char *attached_to; /* the selection in words */
	uint64_t
		duration_ns; /* how long to be attached; 0: until a signal, or the last target's end */
	const char *user;    /* run it as this user; NULL: as the caller */
	int stdout_fd;	     /* the command's standard output; -1: the caller's */
	size_t ring_size;    /* bytes per CPU; 0: the default */
	struct wanted wanted;
	bool memory;				   /* sample what memory the processes use */
	bool follow_all;			   /* go on until the last descendant has ended */
	const struct recording_options *recording; /* NULL: the events are not kept */
};

struct run_result {
	struct model *model; /* owns the report */
	const struct report *report;
	struct census census;	     /* aggregate mode; the report points to it */
	struct tally *tally;	     /* owns what the census points to */
	struct hooks hooks;	     /* the report's context points into it */
	struct record_size recorded; /* of the recording */
	bool record_failed;	     /* it ended before its time; the user was told why */
	int status;		     /* of the command, as wait(2) gives it; 0 when attached */
	int signal; /* the first that came meanwhile; 0: none. It may have come too late for the command */
};

/*
 * Looks at the privileges, then at the features that a run with these wishes could use. 0, or an
 * enum exit_status with the reason in `fail`; then there is nothing to free.
 */
int run_features(struct features *features, const struct wanted *wanted, const char *const *without,
		 size_t without_count, struct fail *fail);

/*
 * Runs and traces. 0, or an enum exit_status with the reason in `fail`; then there is no result but `signal`.
 * `features` must outlive the result.
 */
int run_command(const struct run_options *options, const struct features *features,
		struct run_result *result, struct fail *fail);
void run_result_free(struct run_result *result);

/* The exit status that a shell would give for a wait(2) status. */
int run_exit_status(int status);

#endif
