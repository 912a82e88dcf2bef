// SPDX-License-Identifier: GPL-2.0
/* rates.c - differences of censuses, by an entry kept for each row; see rates.h. */
#include "model/rates.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "model/coarse.h"

#define OF_PROCESS \
	(UINT64_C(1) << 63) /* of an id: made of a pid, since its threads have the groups */
#define WITH_VIA (ROW_WITH_VIA * VIA_COUNT)

/* What one row has counted since it began. */
struct sum {
	struct rates_row who; /* but for what rates.c finds out */
	struct census_counts counts;
	struct coarse wait;
	bool no_wait; /* not all of the waits found room */
};

/* And what that was at the census before. */
struct entry {
	uint64_t census; /* number of the last that it was in */
	struct census_counts counts;
	struct coarse wait;
	bool no_wait;
	struct history history;
};

struct known {
	uint64_t id;
	struct entry *entry;
};

struct rates {
	struct known *known; /* `sorted` of them by id, then those that are new */
	uint32_t entries, room, sorted;
	uint64_t census, at_ns;
	struct rates_row *row;
	uint32_t rows, row_room;
	uint32_t *order; /* of the census's groups */
	uint32_t order_room;
	struct entry total;
	struct rates_view view;
};

struct rates *rates_new(void)
{
	return calloc(1, sizeof(struct rates));
}

void rates_free(struct rates *rates)
{
	if (!rates)
		return;
	for (uint32_t i = 0; i < rates->entries; i++)
		free(rates->known[i].entry);
	free(rates->known);
	free(rates->row);
	free(rates->order);
	free(rates);
}

const struct rates_view *rates_view(const struct rates *rates)
{
	return &rates->view;
}

/* --- differences --- */

_Static_assert(sizeof(struct census_counts) % sizeof(u64) == 0, "it is made of u64 alone");

/* A reader may see a count one event older than another, but never less than before. */
static void counts_since(struct census_counts *difference, const struct census_counts *later,
			 const struct census_counts *earlier)
{
	for (size_t at = 0; at < sizeof(*later); at += sizeof(u64)) {
		u64 now, before;

		memcpy(&now, (const char *)later + at, sizeof(now));
		memcpy(&before, (const char *)earlier + at, sizeof(before));
		now -= now > before ? before : now;
		memcpy((char *)difference + at, &now, sizeof(now));
	}
}

static uint64_t p99_since(const struct sum *sum, const struct entry *before)
{
	struct coarse difference;
	uint64_t ns;

	if (sum->no_wait || before->no_wait)
		return NS_UNKNOWN;
	coarse_since(&difference, &sum->wait, &before->wait);
	return coarse_percentile(&difference, 99, &ns) ? NS_UNKNOWN : ns;
}

/* Of another process with the same pid: its counters began anew. */
static bool began_anew(const struct sum *sum, const struct entry *before)
{
	return sum->counts.run_ns < before->counts.run_ns ||
	       census_switches(&sum->counts) < census_switches(&before->counts);
}

/* From the sum and the entry, which it renews, the row. */
static struct rates_row settle(struct entry *entry, const struct sum *sum, double seconds)
{
	struct rates_row row = sum->who;

	counts_since(&row.counts, &sum->counts, &entry->counts);
	row.wait_p99 = p99_since(sum, entry);
	history_add(&entry->history, (double)rates_all_switch_ins(&row) / seconds, seconds);
	row.history = &entry->history;
	entry->counts = sum->counts;
	entry->wait = sum->wait;
	entry->no_wait = sum->no_wait;
	return row;
}

/* --- entries --- */

static int by_id(const void *left, const void *right)
{
	const struct known *a = left, *b = right;

	return a->id < b->id ? -1 : a->id > b->id;
}

static struct entry *entry_of(struct rates *rates, uint64_t id)
{
	const struct known key = { .id = id }, *found = NULL;
	struct entry *entry;

	if (rates->sorted)
		found = bsearch(&key, rates->known, rates->sorted, sizeof(key), by_id);
	if (found)
		return found->entry;
	if (array_grow(rates->known, rates->room, rates->entries))
		return NULL;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	rates->known[rates->entries++] = (struct known){ id, entry };
	return entry;
}

/* Whoever was not in this census is no more. */
static void sweep(struct rates *rates)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < rates->entries; i++) {
		if (rates->known[i].entry->census == rates->census)
			rates->known[kept++] = rates->known[i];
		else
			free(rates->known[i].entry);
	}
	rates->entries = rates->sorted = kept;
	if (kept)
		qsort(rates->known, kept, sizeof(*rates->known), by_id);
}

static int add_row(struct rates *rates, const struct sum *sum)
{
	struct entry *entry = entry_of(rates, sum->who.id);

	if (!entry || array_grow(rates->row, rates->row_room, rates->rows))
		return -ENOMEM;
	if (began_anew(sum, entry))
		*entry = (struct entry){ 0 };
	entry->census = rates->census;
	rates->row[rates->rows++] = settle(entry, sum, rates->view.seconds);
	return 0;
}

/* --- sums --- */

static void add_group(struct sum *sum, const struct census_group *group)
{
	census_counts_add(&sum->counts, &group->counts);
	sum->who.partial |= group->partial;
	sum->who.tasks += group->tasks;
	for (int level = 0; group->times && level < ROW_WITH_VIA; level++)
		coarse_add(&sum->wait, &group->times->wait[level]);
	for (int i = 0; !group->times && i < WITH_VIA; i++)
		sum->no_wait |= group->counts.row[i].count != 0;
	if (sum->who.rss == BYTES_UNKNOWN)
		sum->who.rss = group->rss;
	if (sum->who.pss == BYTES_UNKNOWN)
		sum->who.pss = group->pss;
}

static struct sum begin_sum(enum rates_kind kind, uint64_t id, const struct census_group *group)
{
	struct sum sum = { .who = { .kind = kind,
				    .id = id,
				    .pid = group->pid,
				    .tid = group->tid,
				    .parent = group->parent,
				    .rss = BYTES_UNKNOWN,
				    .pss = BYTES_UNKNOWN } };

	memcpy(sum.who.comm, group->comm, sizeof(sum.who.comm));
	return sum;
}

static int add_process(struct rates *rates, const struct census_group *group)
{
	struct sum sum = begin_sum(RATES_PROCESS, group->id, group);

	sum.who.process = rates->rows;
	add_group(&sum, group);
	return add_row(rates, &sum);
}

/* Groups of one process, by tid: the first may be of those of its threads that have ended. */
static int add_threads(struct rates *rates, const struct census *census, uint32_t from, uint32_t to)
{
	const struct census_group *first = &census->group[rates->order[from]];
	struct sum sum = begin_sum(RATES_PROCESS, OF_PROCESS | first->pid, first);
	uint32_t process = rates->rows;
	int err;

	sum.who.process = process;
	sum.who.tid = 0;
	for (uint32_t i = from; i < to; i++) {
		const struct census_group *group = &census->group[rates->order[i]];

		add_group(&sum, group);
		if (group->parent)
			sum.who.parent = group->parent;
		if (group->tid == group->pid || !sum.who.comm[0])
			memcpy(sum.who.comm, group->comm, sizeof(sum.who.comm));
	}
	err = add_row(rates, &sum);
	for (uint32_t i = from; !err && i < to; i++) {
		const struct census_group *group = &census->group[rates->order[i]];

		if (!group->tid)
			continue;
		sum = begin_sum(RATES_THREAD, group->id, group);
		sum.who.process = process;
		add_group(&sum, group);
		sum.who.rss = sum.who.pss = BYTES_UNKNOWN; /* the process's */
		err = add_row(rates, &sum);
	}
	return err;
}

static int by_process(const void *left, const void *right, void *context)
{
	const struct census *census = context;
	const struct census_group *a = &census->group[*(const uint32_t *)left];
	const struct census_group *b = &census->group[*(const uint32_t *)right];

	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return a->tid < b->tid ? -1 : a->tid > b->tid;
}

static int take_by_thread(struct rates *rates, const struct census *census)
{
	uint32_t count = (uint32_t)census->count, to;
	int err = 0;

	if (count && array_grow(rates->order, rates->order_room, count - 1))
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		rates->order[i] = i;
	if (count)
		qsort_r(rates->order, count, sizeof(*rates->order), by_process, (void *)census);
	for (uint32_t from = 0; !err && from < count; from = to) {
		uint32_t pid = census->group[rates->order[from]].pid;

		for (to = from + 1; to < count && census->group[rates->order[to]].pid == pid;)
			to++;
		err = add_threads(rates, census, from, to);
	}
	return err;
}

static int take_rows(struct rates *rates, const struct census *census)
{
	int err = 0;

	if (census->by == GROUP_BY_THREAD)
		return take_by_thread(rates, census);
	for (size_t i = 0; !err && i < census->count; i++)
		err = add_process(rates, &census->group[i]);
	return err;
}

/* --- the view --- */

static void take_total(struct rates *rates, const struct census *census)
{
	struct sum sum = begin_sum(RATES_TOTAL, 0, &census->total);
	struct census_counts listed = { 0 };
	struct rates_view *view = &rates->view;

	add_group(&sum, &census->total);
	view->total = settle(&rates->total, &sum, view->seconds);
	for (uint32_t i = 0; i < rates->rows; i++)
		if (rates->row[i].kind == RATES_PROCESS)
			census_counts_add(&listed, &rates->row[i].counts);
	view->rest = (struct rates_row){ .kind = RATES_REST,
					 .wait_p99 = NS_UNKNOWN,
					 .rss = BYTES_UNKNOWN,
					 .pss = BYTES_UNKNOWN };
	counts_since(&view->rest.counts, &view->total.counts, &listed);
}

int rates_take(struct rates *rates, const struct census *census)
{
	uint64_t before = rates->at_ns ?: census->since_ns;
	int err;

	if (census->at_ns <= before)
		return -EAGAIN;
	rates->view = (struct rates_view){ .seconds = (double)(census->at_ns - before) / 1e9,
					   .folded = census->folded,
					   .lost = census->lost,
					   .threads = census->by == GROUP_BY_THREAD,
					   .since_ns = census->since_ns,
					   .at_ns = census->at_ns,
					   .context = census->context };
	rates->at_ns = census->at_ns;
	rates->census++;
	rates->rows = 0;
	err = take_rows(rates, census);
	if (err) {
		rates->rows = 0;
		rates->view = (struct rates_view){ .context = census->context };
		return err;
	}
	take_total(rates, census);
	sweep(rates);
	rates->view.row = rates->row;
	rates->view.count = rates->rows;
	return 0;
}

/* --- figures of a row --- */

uint64_t rates_switch_ins(const struct rates_row *row, enum row_level level)
{
	uint64_t count = 0;

	for (unsigned int via = 0; via < VIA_COUNT; via++)
		count += row->counts.row[(size_t)level * VIA_COUNT + via].count;
	return count;
}

uint64_t rates_all_switch_ins(const struct rates_row *row)
{
	uint64_t count = 0;

	for (unsigned int i = 0; i < WITH_VIA; i++)
		count += row->counts.row[i].count;
	return count;
}

uint64_t rates_faults(const struct rates_row *row, enum fault_kind kind)
{
	uint64_t count = 0;

	for (int cause = 0; cause < CAUSES; cause++)
		count += row->counts.fault[cause][kind][0].count +
			 row->counts.fault[cause][kind][1].count;
	return count;
}

uint64_t rates_fork_debt(const struct rates_row *row)
{
	uint64_t count = 0;

	for (int kind = 0; kind < FAULT_KINDS; kind++)
		count += row->counts.fault[CAUSE_PROCESS][kind][0].count +
			 row->counts.fault[CAUSE_PROCESS][kind][1].count;
	return count;
}

uint64_t rates_direct_ns(const struct rates_row *row, const struct run_context *context)
{
	uint64_t ns = 0;

	if (!context->direct_end)
		return NS_UNKNOWN;
	for (unsigned int i = 0; i < WITH_VIA; i++)
		ns += census_direct_ns(&row->counts.row[i], context->probe_ns);
	return ns;
}

uint64_t rates_direct_mean(const struct rates_row *row, const struct run_context *context)
{
	uint64_t ns = rates_direct_ns(row, context), count = 0;

	for (unsigned int i = 0; i < WITH_VIA; i++)
		count += row->counts.row[i].direct_count;
	return ns == NS_UNKNOWN || !count ? NS_UNKNOWN : ns / count;
}

uint64_t rates_fault_ns(const struct rates_row *row, const struct run_context *context)
{
	uint64_t ns = 0;

	if (!context->faults_measured || !context->fault_end)
		return NS_UNKNOWN;
	for (int cause = 0; cause < CAUSES; cause++)
		for (int kind = 0; kind < FAULT_KINDS; kind++)
			for (int major = 0; major < 2; major++)
				ns += row->counts.fault[cause][kind][major].time_ns;
	return ns;
}

static double tax(const struct rates_row *row, uint64_t ns)
{
	if (ns == NS_UNKNOWN || !row->counts.run_ns)
		return NAN;
	return 100 * (double)ns / (double)row->counts.run_ns;
}

double rates_switching_tax(const struct rates_row *row, const struct run_context *context)
{
	return tax(row, rates_direct_ns(row, context));
}

double rates_faulting_tax(const struct rates_row *row, const struct run_context *context)
{
	return tax(row, rates_fault_ns(row, context));
}
