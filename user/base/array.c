// SPDX-License-Identifier: GPL-2.0
/* array.c - see array.h. */
#include "base/array.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 64

void *array_grown(void *array, uint32_t *room, uint32_t index, size_t size)
{
	size_t wanted = *room ? *room : ROOM_FIRST;
	char *bigger;

	if (index < *room)
		return array;
	while (wanted <= index)
		wanted *= 2;
	bigger = wanted > UINT32_MAX ? NULL : realloc(array, wanted * size);
	if (!bigger)
		return NULL;
	memset(bigger + *room * size, 0, (wanted - *room) * size);
	*room = (uint32_t)wanted;
	return bigger;
}
