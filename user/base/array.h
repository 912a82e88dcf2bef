/* SPDX-License-Identifier: GPL-2.0 */
/*
 * array.h - arrays that grow by doubling. Includes the C library only.
 */
#ifndef TASKTAX_BASE_ARRAY_H
#define TASKTAX_BASE_ARRAY_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Makes room for element `index` in an array of *room elements of `size` bytes; new elements are zero. The
 * array, moved or not, with *room updated; NULL: no memory, and the array stays as it is.
 */
void *array_grown(void *array, uint32_t *room, uint32_t index, size_t size);

/* The same of a typed pointer and its room, both variables. 0 or -ENOMEM. */
#define array_grow(array, room, index)                                                           \
	({                                                                                       \
		void *grown_ = array_grown(array, &(room), (uint32_t)(index), sizeof(*(array))); \
		if (grown_)                                                                      \
			(array) = grown_;                                                        \
		grown_ ? 0 : -ENOMEM;                                                            \
	})

#endif
