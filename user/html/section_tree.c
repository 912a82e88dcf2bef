// SPDX-License-Identifier: GPL-2.0
/* section_tree.c - who created whom, and what each process paid: alone, and with all that descend from it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "html/sections.h"

#define SHOWN 300     /* rows, for the busiest and those that they descend from */
#define DEPTH_MOST 12 /* that page.css indents */

#define MANY 8 /* childless equals in a row, from which on they are one row */

#define NOBODY UINT32_MAX

struct sum {
	uint64_t run_ns, tax_ns;
};

struct node {
	uint32_t parent, first_child, next; /* indices into report.processes, or NOBODY */
	unsigned int depth;
	bool there, shown;
	uint32_t members; /* many equals in a row, and childless, are one: the first of them */
	uint32_t first;	  /* for the others: which that is; else its own index */
	uint32_t threads;
	struct task_figures figures; /* of all members */
	struct sum own, all;	     /* all: with its descendants */
};

struct tree {
	const struct report *report;
	struct node *node; /* by index into report.processes */
	uint32_t count;	   /* of entries, those of nobody included */
	uint32_t others;
	struct sum of_others;
};

/* --- the tree --- */

static struct sum sum_of(const struct report *report, const struct task_figures *figures)
{
	bool faulting = report->context.fault_end;

	return (struct sum){ figures->run_ns,
			     figures->direct_ns + (faulting ? figures->fault_ns : 0) };
}

static void add(struct sum *sum, const struct sum *one)
{
	sum->run_ns += one->run_ns;
	sum->tax_ns += one->tax_ns;
}

/* A process comes after the one that created it; what claims otherwise is taken as a root. */
static int make(struct tree *tree)
{
	const struct report *report = tree->report;

	for (uint32_t i = 0; i < report->process_count; i++)
		if (report->processes_by_switches[i] >= tree->count)
			tree->count = report->processes_by_switches[i] + 1;
	tree->node = calloc(tree->count + 1, sizeof(*tree->node));
	if (!tree->node)
		return -1;
	for (uint32_t i = 0; i < report->process_count; i++)
		tree->node[report->processes_by_switches[i]].there = true;
	for (uint32_t i = 0; i < tree->count; i++) {
		struct node *node = &tree->node[i];
		uint32_t parent = report->processes[i].parent;

		node->parent = parent < i && tree->node[parent].there ? parent : NOBODY;
		node->first_child = node->next = NOBODY;
		node->depth = node->parent == NOBODY ? 0 : tree->node[parent].depth + 1;
		node->members = 1;
		node->first = i;
		node->threads = report->processes[i].threads;
		node->figures = report->processes[i].figures;
		node->own = node->all = sum_of(report, &node->figures);
	}
	return 0;
}

/* From the last to the first, so that every sum is complete when it is added, and siblings end up in order. */
static void link_and_sum(struct tree *tree, uint32_t *first_root)
{
	*first_root = NOBODY;
	for (uint32_t i = tree->count; i-- > 0;) {
		struct node *node = &tree->node[i];
		uint32_t *first = node->parent == NOBODY ? first_root :
							   &tree->node[node->parent].first_child;

		if (!node->there)
			continue;
		if (node->parent != NOBODY)
			add(&tree->node[node->parent].all, &node->all);
		node->next = *first;
		*first = i;
	}
}

static bool are_equal(const struct tree *tree, uint32_t one, uint32_t other)
{
	const struct process_entry *processes = tree->report->processes;

	return tree->node[one].first_child == NOBODY && tree->node[other].first_child == NOBODY &&
	       processes[one].uncounted == processes[other].uncounted &&
	       !strcmp(processes[one].comm, processes[other].comm);
}

static void fold(struct tree *tree, uint32_t first, uint32_t end)
{
	struct node *sum = &tree->node[first];

	for (uint32_t i = sum->next; i != end; i = tree->node[i].next) {
		struct node *node = &tree->node[i];

		node->first = first;
		sum->members++;
		sum->threads += node->threads;
		task_figures_add(&sum->figures, &node->figures);
		add(&sum->own, &node->own);
		add(&sum->all, &node->all);
	}
	sum->next = end;
}

/* Eighty workers of one name say no more than their sum. */
static void fold_siblings(struct tree *tree, uint32_t first)
{
	while (first != NOBODY) {
		uint32_t end = tree->node[first].next, count = 1;

		for (; end != NOBODY && are_equal(tree, first, end); end = tree->node[end].next)
			count++;
		if (count >= MANY)
			fold(tree, first, end);
		first = end;
	}
}

static void fold_all(struct tree *tree, uint32_t first_root)
{
	fold_siblings(tree, first_root);
	for (uint32_t i = 0; i < tree->count; i++)
		fold_siblings(tree, tree->node[i].first_child);
}

/* It and those that it descends from and that are not shown yet; false: there is no room for all of them. */
static bool show(struct tree *tree, uint32_t index, uint32_t *room)
{
	uint32_t needed = 0;

	for (uint32_t i = index; i != NOBODY && !tree->node[i].shown; i = tree->node[i].parent)
		needed++;
	if (needed > *room)
		return false;
	for (uint32_t i = index; i != NOBODY && !tree->node[i].shown; i = tree->node[i].parent)
		tree->node[i].shown = true;
	*room -= needed;
	return true;
}

static void choose(struct tree *tree)
{
	const struct report *report = tree->report;
	uint32_t room = SHOWN;

	for (uint32_t i = 0; i < report->process_count && room; i++)
		if (!show(tree, tree->node[report->processes_by_switches[i]].first, &room))
			break; /* what comes now has even fewer switches */
	for (uint32_t i = 0; i < tree->count; i++) {
		if (!tree->node[i].there || tree->node[tree->node[i].first].shown)
			continue;
		tree->others++;
		add(&tree->of_others, &tree->node[i].own);
	}
}

/* --- its rows --- */

static void put_count(FILE *out, uint64_t count, const char *class)
{
	fprintf(out, "<td class=\"%s\">%s</td>", count ? class : "dim", figure_count(count).text);
}

static void put_share(const struct tree *tree, FILE *out, const struct sum *sum)
{
	bool known = tree->report->context.direct_end;

	fprintf(out, "<td>%s</td><td>%s</td>", figure_ns(sum->run_ns).text,
		known ? figure_percent((double)sum->tax_ns, (double)sum->run_ns).text : DASH);
}

static void put_name(FILE *out, const struct process_entry *process, const struct node *node)
{
	unsigned int depth = node->depth;

	fprintf(out, "<tr><th scope=\"row\" class=\"left d%u\">",
		depth < DEPTH_MOST ? depth : DEPTH_MOST);
	if (depth)
		fprintf(out, "<span class=\"sr\">level %u: </span>", depth + 1);
	html_foreign(out, process->comm[0] ? process->comm : "?");
	if (node->members > 1)
		fprintf(out, " <span class=\"dim\">\xc3\x97 %s</span></th>",
			figure_count(node->members).text);
	else
		fprintf(out, " <span class=\"dim\">%" PRIu32 "</span></th>", process->tgid);
}

static void put_row(const struct tree *tree, FILE *out, uint32_t index)
{
	const struct process_entry *process = &tree->report->processes[index];
	const struct run_context *context = &tree->report->context;
	const struct node *node = &tree->node[index];
	const struct task_figures *figures = &node->figures;

	put_name(out, process, node);
	put_count(out, node->threads, "");
	if (process->uncounted) {
		fputs("<td colspan=\"7\" class=\"dim\">no room to be counted alone</td>", out);
	} else {
		put_count(out, figures->in[ROW_THREAD], "thread");
		put_count(out, figures->in[ROW_PROCESS], "process");
		fprintf(out, "<td>%s</td><td>%s</td>",
			context->direct_end ? figure_ns(figures->direct_ns).text : DASH,
			context->fault_end ? figure_ns(figures->fault_ns).text : DASH);
		put_share(tree, out, &node->own);
		fputs("<td></td>", out);
	}
	put_share(tree, out, &node->all);
	fputs("</tr>\n", out);
}

/* Depth first, without recursion: a tree may be as deep as it has processes. */
static void walk(const struct tree *tree, FILE *out, uint32_t index)
{
	while (index != NOBODY) {
		const struct node *node = &tree->node[index];

		if (node->shown) {
			put_row(tree, out, index);
			if (node->first_child != NOBODY) {
				index = node->first_child;
				continue;
			}
		}
		while (tree->node[index].next == NOBODY && tree->node[index].parent != NOBODY)
			index = tree->node[index].parent;
		index = tree->node[index].next;
	}
}

static void put_table(const struct tree *tree, FILE *out, uint32_t first_root)
{
	fputs("<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"table\"><table>\n"
	      "<thead><tr><td></td><td></td>"
	      "<th scope=\"colgroup\" colspan=\"2\">switched in</th>"
	      "<th scope=\"colgroup\" colspan=\"4\">of its own</th><td></td>"
	      "<th scope=\"colgroup\" colspan=\"2\">with its descendants</th></tr>\n"
	      "<tr><th scope=\"col\" class=\"left\">process</th><th scope=\"col\">tasks</th>"
	      "<th scope=\"col\">thread</th><th scope=\"col\">process</th>"
	      "<th scope=\"col\">switching</th><th scope=\"col\">faulting</th>"
	      "<th scope=\"col\">run</th><th scope=\"col\">tax</th><td></td>"
	      "<th scope=\"col\">run</th><th scope=\"col\">tax</th></tr></thead>\n<tbody>\n",
	      out);
	walk(tree, out, first_root);
	if (tree->others) {
		fprintf(out,
			"<tr class=\"rule\"><th scope=\"row\" class=\"left dim\">%s %s</th>"
			"<td></td><td></td><td></td><td></td><td></td>",
			figure_count(tree->others).text, tree->others == 1 ? "other" : "others");
		put_share(tree, out, &tree->of_others);
		fputs("<td></td><td></td><td></td></tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
}

void section_tree(struct html *html, const struct report *report)
{
	struct tree tree = { .report = report };
	uint32_t first_root;

	if (make(&tree)) {
		html->failed = true;
		return;
	}
	link_and_sum(&tree, &first_root);
	fold_all(&tree, first_root);
	choose(&tree);
	html_heading(html, "process tree");
	html_explain(html, "Who created whom. The tax of a process is the time that it spent being "
			   "switched to and in faults, as a share of its run time.");
	put_table(&tree, html->body, first_root);
	if (tree.others)
		html_explain(html,
			     "The last row is of the processes that are not shown: those with "
			     "the fewest switches.");
	free(tree.node);
}
