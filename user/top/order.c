// SPDX-License-Identifier: GPL-2.0
/* order.c - rows as a forest, walked in order; see order.h. */
#include "top/order.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"

#define NONE UINT32_MAX

struct order_node {
	const struct rates_row *row;
	uint32_t parent, child, sibling; /* the first, the next; NONE */
	uint32_t mark;
	bool kept;
};

struct sorting {
	const struct order *order;
	const struct view *view;
	const struct rates_view *rates;
};

void order_free(struct order *order)
{
	free(order->line);
	free(order->node);
	free(order->index);
	*order = (struct order){ 0 };
}

/* --- nodes --- */

static bool is_empty(const struct rates_row *row)
{
	return !census_switches(&row->counts) && !census_faults(&row->counts, false) &&
	       !census_faults(&row->counts, true) && !row->counts.run_ns && !row->counts.exits;
}

/* The only thread of a process would say what the process says. */
static bool is_kept(const struct view *view, const struct rates_view *rates,
		    const struct rates_row *row)
{
	if (row->kind == RATES_REST)
		return !*view->filter && !is_empty(row);
	if (row->kind == RATES_THREAD && (!view->threads || rates->row[row->process].tasks < 2))
		return false;
	return view_passes(view, row);
}

/* A node for each row, in their order, and one for the rest. */
static int make_nodes(struct order *order, const struct view *view, const struct rates_view *rates)
{
	uint32_t count = (uint32_t)rates->count + 1;

	order->count = order->nodes = 0;
	if (array_grow(order->node, order->node_room, count - 1) ||
	    array_grow(order->index, order->index_room, count - 1) ||
	    array_grow(order->line, order->room, count - 1))
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		const struct rates_row *row = i < rates->count ? &rates->row[i] : &rates->rest;

		order->node[i] = (struct order_node){ .row = row,
						      .parent = NONE,
						      .child = NONE,
						      .sibling = NONE,
						      .kept = is_kept(view, rates, row) };
	}
	order->nodes = count;
	return 0;
}

/* --- parents --- */

static int by_pid(const void *left, const void *right, void *context)
{
	const struct order_node *node = context;
	uint32_t a = node[*(const uint32_t *)left].row->pid;
	uint32_t b = node[*(const uint32_t *)right].row->pid;

	return a < b ? -1 : a > b;
}

/* Of `processes` nodes in the index, which is sorted by pid. */
static uint32_t find_process(const struct order *order, uint32_t processes, uint32_t pid)
{
	uint32_t low = 0, high = processes;

	while (pid && low < high) {
		uint32_t middle = low + (high - low) / 2;
		uint32_t at = order->node[order->index[middle]].row->pid;

		if (at == pid)
			return order->index[middle];
		if (at < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return NONE;
}

static void find_parents(struct order *order, bool tree)
{
	uint32_t processes = 0;

	for (uint32_t i = 0; i < order->nodes; i++) {
		struct order_node *node = &order->node[i];

		if (node->row->kind == RATES_THREAD)
			node->parent = node->row->process;
		else if (node->row->kind == RATES_PROCESS)
			order->index[processes++] = i;
	}
	if (!tree)
		return;
	qsort_r(order->index, processes, sizeof(*order->index), by_pid, order->node);
	for (uint32_t i = 0; i < order->nodes; i++)
		if (order->node[i].row->kind == RATES_PROCESS)
			order->node[i].parent =
				find_process(order, processes, order->node[i].row->parent);
}

/* A pid that was used anew may make a circle of parents, which no root leads to: its first is made one. */
static void break_circles(struct order *order)
{
	for (uint32_t i = 0; i < order->nodes; i++)
		for (uint32_t at = i; at != NONE; at = order->node[at].parent) {
			if (order->node[at].mark == i + 1)
				order->node[at].parent = NONE;
			if (order->node[at].mark)
				break;
			order->node[at].mark = i + 1;
		}
}

/* Whoever has a row that is shown below it is shown. */
static void keep_ancestors(struct order *order)
{
	for (uint32_t i = 0; i < order->nodes; i++)
		for (uint32_t at = order->node[i].kept ? order->node[i].parent : NONE;
		     at != NONE && !order->node[at].kept; at = order->node[at].parent)
			order->node[at].kept = true;
}

/* --- order --- */

static int by_column(const void *left, const void *right, void *context)
{
	const struct sorting *sorting = context;
	uint32_t at_left = *(const uint32_t *)left, at_right = *(const uint32_t *)right;
	const struct rates_row *a = sorting->order->node[at_left].row;
	const struct rates_row *b = sorting->order->node[at_right].row;
	int order;

	if ((a->kind == RATES_THREAD) != (b->kind == RATES_THREAD))
		return a->kind == RATES_THREAD ? -1 : 1;
	order = column_compare(sorting->view->sort, a, b, sorting->rates);
	if (order)
		return sorting->view->reversed ? -order : order;
	return at_left < at_right ? -1 : at_left > at_right;
}

/* The kept ones below their parents, the first child the first in order; returns the first root. */
static uint32_t link_nodes(struct order *order, const struct sorting *sorting)
{
	uint32_t kept = 0, root = NONE;

	for (uint32_t i = 0; i < order->nodes; i++)
		if (order->node[i].kept)
			order->index[kept++] = i;
	qsort_r(order->index, kept, sizeof(*order->index), by_column, (void *)sorting);
	while (kept--) {
		struct order_node *node = &order->node[order->index[kept]];
		uint32_t *first = node->parent == NONE ? &root : &order->node[node->parent].child;

		node->sibling = *first;
		*first = order->index[kept];
	}
	return root;
}

static void add_line(struct order *order, const struct order_node *node, unsigned int depth,
		     uint32_t rails)
{
	order->line[order->count++] = (struct order_line){
		.row = node->row, .depth = depth, .last = node->sibling == NONE, .rails = rails
	};
}

static void walk(struct order *order, uint32_t at)
{
	unsigned int depth = 0;
	uint32_t rails = 0;

	while (at != NONE) {
		const struct order_node *node = &order->node[at];

		add_line(order, node, depth, rails);
		if (node->child != NONE) {
			if (depth && depth <= ORDER_DEEP && node->sibling != NONE)
				rails |= UINT32_C(1) << (depth - 1);
			depth++;
			at = node->child;
			continue;
		}
		while (node->sibling == NONE && node->parent != NONE) {
			node = &order->node[node->parent];
			depth--;
			if (depth && depth <= ORDER_DEEP)
				rails &= ~(UINT32_C(1) << (depth - 1));
		}
		at = node->sibling;
	}
}

int order_make(struct order *order, const struct view *view, const struct rates_view *rates)
{
	const struct sorting sorting = { order, view, rates };

	order->count = 0;
	if (rates->seconds <= 0)
		return 0;
	if (make_nodes(order, view, rates))
		return -ENOMEM;
	find_parents(order, view->tree);
	break_circles(order);
	keep_ancestors(order);
	walk(order, link_nodes(order, &sorting));
	return 0;
}
