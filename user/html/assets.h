/* SPDX-License-Identifier: GPL-2.0 */
/*
 * assets.h - what every page has in it: its styles, the script that draws, and Chart.js. Files that are part of the
 * program; their hashes, for the Content-Security-Policy, are made by the build (assets_hash.h). Called by html.c.
 */
#ifndef TASKTAX_HTML_ASSETS_H
#define TASKTAX_HTML_ASSETS_H

#include <stddef.h>

struct asset {
	const char *bytes;
	size_t size;
	const char *hash; /* SHA-256, base64 */
};

struct asset asset_style(void);
struct asset asset_script(void);
struct asset asset_chart(void); /* size 0: tasktax was built without it */

#endif
