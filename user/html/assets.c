// SPDX-License-Identifier: GPL-2.0
/* assets.c - the files of assets.h, as the build has laid them into build/assets/. */
#include "html/assets.h"

#include <stdint.h>

#include "assets_hash.h"

/* The assembler looks for the file where the compiler looks for headers, and counts its bytes. */
#define EMBED(name, file)                                                                   \
	__asm__(".section .rodata\n"                                                        \
		".balign 8\n"                                                               \
		"asset_" #name "_size: .quad asset_" #name "_end - asset_" #name "_bytes\n" \
		"asset_" #name "_bytes: .incbin \"" file "\"\n"                             \
		"asset_" #name "_end:\n"                                                    \
		".previous\n");                                                             \
	extern const char asset_##name##_bytes[];                                           \
	extern const uint64_t asset_##name##_size;                                          \
	struct asset asset_##name(void)                                                     \
	{                                                                                   \
		return (struct asset){ asset_##name##_bytes, asset_##name##_size,           \
				       ASSET_HASH_##name };                                 \
	}

EMBED(style, "assets/page.css")
EMBED(script, "assets/page.js")
EMBED(chart, "assets/chart.js")
