/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stop.h - asked to stop: SIGINT, SIGTERM, SIGHUP and SIGQUIT end the lab between two runs, so that
 * what was measured is reported and no worker is left behind.
 *
 * A handler with a flag, not a signalfd: a traced run blocks the same signals and takes them by a
 * signalfd of its own, and the command must start with the mask that the lab was started with.
 * Includes the C library only. Called by cmd_lab.c, lab.c and launch.c.
 */
#ifndef TASKTAX_LAB_STOP_H
#define TASKTAX_LAB_STOP_H

#include <stdbool.h>

/* A signal that was ignored when the lab started stays ignored (nohup, a shell's `&`). */
void stop_install(void);

/* The first signal that asked to stop; 0: none so far. */
int stop_signal(void);

/* The command ended by a signal that asks to stop: the lab was asked too. */
void stop_requested(int signal_number);

/* Whether this is one of the signals that ask to stop. */
bool stop_is_asked_by(int signal_number);

#endif
