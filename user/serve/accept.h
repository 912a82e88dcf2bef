/* SPDX-License-Identifier: GPL-2.0 */
/*
 * accept.h - which of the two formats a client asks for with its Accept header. Pure. Called by http.c.
 */
#ifndef TASKTAX_SERVE_ACCEPT_H
#define TASKTAX_SERVE_ACCEPT_H

#include "output/openmetrics.h"

/*
 * OpenMetrics where it is named, in a version that we speak, and is not liked less than plain text; else text:
 * also for what we do not understand, and for NULL (no header).
 */
enum metrics_format accept_format(const char *header);

#endif
