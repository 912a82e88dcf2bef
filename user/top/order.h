/* SPDX-License-Identifier: GPL-2.0 */
/*
 * order.h - which rows of the rates are shown, and in what order: filtered, sorted, threads below their process, and
 * processes below their parent in a tree. Pure. Called by top.c and the tests.
 */
#ifndef TASKTAX_TOP_ORDER_H
#define TASKTAX_TOP_ORDER_H

#include "top/view.h"

#define ORDER_DEEP 32 /* deeper ones are drawn as deep as that */

struct order_line {
	const struct rates_row *row;
	unsigned int depth;
	bool last;	/* of its siblings */
	uint32_t rails; /* bit n: its ancestor of depth n + 1 has more siblings to come */
};

struct order {
	struct order_line *line;
	uint32_t count;
	/* order.c's own */
	uint32_t room, nodes, node_room;
	struct order_node *node;
	uint32_t *index;
	uint32_t index_room;
};

/* Points into the rates. All zero is an empty one. 0 or -ENOMEM. */
int order_make(struct order *order, const struct view *view, const struct rates_view *rates);
void order_free(struct order *order);

#endif
