// SPDX-License-Identifier: GPL-2.0
/* assets.c - the files of assets.h, as the build has laid them into build/assets/. */
#include "html/assets.h"

#include "assets_hash.h"

/* The assembler looks for the file where the compiler looks for headers. */
#define EMBED(name, file)                                                                   \
	__asm__(".section .rodata\n"                                                        \
		"asset_" #name "_begin:\n.incbin \"" file "\"\nasset_" #name "_end:\n"      \
		".previous\n");                                                             \
	extern const char asset_##name##_begin[], asset_##name##_end[];                     \
	struct asset asset_##name(void)                                                     \
	{                                                                                   \
		return (struct asset){ asset_##name##_begin,                                \
				       (size_t)(asset_##name##_end - asset_##name##_begin), \
				       ASSET_HASH_##name };                                 \
	}

EMBED(style, "assets/page.css")
EMBED(script, "assets/page.js")
EMBED(chart, "assets/chart.js")
