// SPDX-License-Identifier: GPL-2.0
/* stop.c - the signals that end the lab; see stop.h. */
#include "lab/stop.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

/* A handler has no other way to say something than a variable of the process. */
static volatile sig_atomic_t asked_by;
static volatile pid_t lab_pid;

static const int stop_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

#define STOP_SIGNALS (sizeof(stop_signals) / sizeof(stop_signals[0]))

/*
 * A held child has this handler until its exec. There the signal must end it, as it would end the
 * command: the default action follows when the handler returns.
 */
static void on_signal(int signal_number)
{
	if (getpid() != lab_pid) {
		signal(signal_number, SIG_DFL);
		raise(signal_number);
	} else if (!asked_by) {
		asked_by = signal_number;
	}
}

void stop_install(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct sigaction before;

	lab_pid = getpid();
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < STOP_SIGNALS; i++)
		if (!sigaction(stop_signals[i], NULL, &before) && before.sa_handler != SIG_IGN)
			sigaction(stop_signals[i], &action, NULL);
}

int stop_signal(void)
{
	return asked_by;
}

void stop_requested(int signal_number)
{
	if (!asked_by)
		asked_by = signal_number;
}

bool stop_is_asked_by(int signal_number)
{
	for (size_t i = 0; i < STOP_SIGNALS; i++)
		if (stop_signals[i] == signal_number)
			return true;
	return false;
}
