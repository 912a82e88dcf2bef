// SPDX-License-Identifier: GPL-2.0
/* recording.c - between session and record writer; see recording.h. */
#include "recording.h"

#include <signal.h>
#include <string.h>

#include "base/clock.h"

static void nothing(int signal)
{
	(void)signal;
}

/*
 * A limit on the size of files (ulimit -f) is an error of write(2), EFBIG, for whoever does not die of SIGXFSZ. A
 * handler, not SIG_IGN, which the command would inherit.
 */
static void outlive_file_limit(void)
{
	const struct sigaction action = { .sa_handler = nothing };

	sigaction(SIGXFSZ, &action, NULL);
}

int recording_open(struct record_writer **writer, const struct recording_options *options,
		   const struct run_context *context, struct fail *fail)
{
	outlive_file_limit();
	return record_writer_open(writer, options->directory, options->replace, context, fail);
}

static void tell_losses(struct record_writer *writer, const struct session *session,
			unsigned int cpus)
{
	for (unsigned int i = 0; i < cpus; i++)
		record_writer_lost(writer, i, session_lost_on(session, i));
}

void recording_tick(struct record_writer *writer, const struct session *session)
{
	tell_losses(writer, session, session_cpus(session));
	record_writer_tick(writer, clock_now_ns());
}

int recording_close(struct record_writer *writer, const struct session *session,
		    const struct report *report, uint64_t armed_ns, struct record_size *size,
		    struct fail *fail)
{
	const struct run_context *context = &report->context;
	struct event_closing closing = {
		.armed_ns = armed_ns,
		.disarmed_ns = armed_ns + context->duration_ns,
		.loader_cpu_ns = context->loader_cpu_ns,
		.memory_cost_ns = context->memory_cost_ns,
		.exit_code = context->exit_code,
		.exit_signal = context->exit_signal,
		.lost = report->lost,
	};

	memcpy(closing.tlb_reasons, context->tlb_reasons, sizeof(closing.tlb_reasons));
	tell_losses(writer, session, session_cpus(session));
	return record_writer_close(writer, &closing, size, fail);
}
