/* SPDX-License-Identifier: GPL-2.0 */
/*
 * exporter.h - the life of `tasktax serve`: one loop that keeps the source going, answers HTTP, and ends cleanly.
 * Called by cmd_serve.c only.
 */
#ifndef TASKTAX_SERVE_EXPORTER_H
#define TASKTAX_SERVE_EXPORTER_H

#include "serve/grouping.h"
#include "serve/listen.h"
#include "serve/source.h"

struct exporter_options {
	const struct listen_address *listen; /* NULL: the socket of systemd, else the default */
	enum grouping_key group_by;
	size_t max_groups;
	struct source_options source; /* but by_process, departed and context */
};

/*
 * Serves until SIGINT, SIGTERM or SIGHUP. 0, or an enum exit_status with the reason in `fail`. The address is taken before
 * the source is opened: what cannot be served is not counted.
 */
int exporter_run(const struct exporter_options *options, struct fail *fail);

#endif
