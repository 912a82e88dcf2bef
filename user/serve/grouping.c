// SPDX-License-Identifier: GPL-2.0
/* grouping.c - see grouping.h. */
#include "serve/grouping.h"

#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "output/openmetrics.h"

/* All that is counted; nothing but counters, so that it can be added word by word. */
struct figures {
	struct census_counts counts;
	struct census_times times;
};

#define COUNT_WORDS (sizeof(struct census_counts) / sizeof(uint64_t))
#define TIME_WORDS (sizeof(struct census_times) / sizeof(uint64_t))

_Static_assert(sizeof(struct census_counts) % sizeof(uint64_t) == 0, "counters only");
_Static_assert(sizeof(struct census_times) % sizeof(uint64_t) == 0, "counters only");

/* What was shown of a row as a counter though it is a difference of counters: it must not fall. */
struct floors {
	uint64_t rest[COUNT_ROWS];	/* beside voluntary and preempted */
	uint64_t direct_ns[COUNT_ROWS]; /* without the probes' */
};

/* One that is shown. */
struct band {
	char name[METRICS_NAME_SIZE]; /* first: what the tree compares */
	struct figures settled;	      /* of those who have left it */
	struct figures sum;	      /* of all, in the latest census */
	bool timed;		      /* some of it has times */
	uint32_t processes, tasks;
	uint64_t rss, pss;
	uint64_t latest_ns; /* when somebody was in it */
	struct floors floors;
};

/* A living process. */
struct member {
	uint64_t id;
	struct band *band;    /* NULL: in <other> */
	struct figures *base; /* what it had counted when it came into the band; NULL: nothing */
	bool departed;
};

struct grouping {
	enum grouping_key key;
	size_t most;
	struct band **band;
	size_t bands;
	void *by_name;	       /* the same, as a tree of tsearch(3) */
	struct member *member; /* by id */
	uint32_t members, room;
	struct figures gone;	 /* of bands that are no more */
	struct figures *scratch; /* total - bands - gone */
	struct band *other;
	struct floors floors;	    /* of the total, without groups */
	struct census_group *shown; /* bands and <other> */
	uint64_t others;
};

/* --- counters --- */

static void add_words(uint64_t *to, const uint64_t *from, size_t words)
{
	for (size_t i = 0; i < words; i++)
		to[i] += from[i];
}

/* A reader may see one counter older than another: never below 0. */
static void take_words(uint64_t *to, const uint64_t *from, size_t words)
{
	for (size_t i = 0; i < words; i++)
		to[i] = to[i] > from[i] ? to[i] - from[i] : 0;
}

static void raise_words(uint64_t *to, const uint64_t *from, size_t words)
{
	for (size_t i = 0; i < words; i++)
		if (from[i] > to[i])
			to[i] = from[i];
}

#define WORDS(of) ((uint64_t *)(void *)(of))
#define CONST_WORDS(of) ((const uint64_t *)(const void *)(of))

static void add(struct figures *to, const struct census_counts *counts,
		const struct census_times *times)
{
	add_words(WORDS(&to->counts), CONST_WORDS(counts), COUNT_WORDS);
	if (times)
		add_words(WORDS(&to->times), CONST_WORDS(times), TIME_WORDS);
}

static void take(struct figures *to, const struct figures *from)
{
	take_words(WORDS(&to->counts), CONST_WORDS(&from->counts), COUNT_WORDS);
	take_words(WORDS(&to->times), CONST_WORDS(&from->times), TIME_WORDS);
}

static void guard_rest(struct row_counts *row, uint64_t *floor)
{
	uint64_t known = row->voluntary + row->preempted;

	if (row->count < known + *floor)
		row->count = known + *floor;
	*floor = row->count - known;
}

static void guard_direct(struct row_counts *row, uint64_t probe_ns, uint64_t *floor)
{
	uint64_t direct_ns = census_direct_ns(row, probe_ns);

	if (direct_ns < *floor)
		row->direct_ns = probe_ns == NS_UNKNOWN ? *floor :
							  *floor + probe_ns * row->direct_count;
	else
		*floor = direct_ns;
}

/* The counters of a row are not read at one instant, and so their differences could fall. */
static void guard(struct census_counts *counts, struct floors *floors, uint64_t probe_ns)
{
	for (unsigned int i = 0; i < COUNT_ROWS; i++) {
		guard_rest(&counts->row[i], &floors->rest[i]);
		guard_direct(&counts->row[i], probe_ns, &floors->direct_ns[i]);
	}
}

/* --- names --- */

static bool is_slice(const char *name, size_t length)
{
	return length > 6 && !strncmp(name + length - 6, ".slice", 6);
}

/* systemd puts a `_` in front of a name that the kernel could take for a file of its own, as "cgroup.service". */
void grouping_unit(char *unit, size_t size, const char *cgroup)
{
	static const char *const kinds[] = { ".service", ".scope", ".socket", ".mount", ".swap" };

	snprintf(unit, size, "-.slice");
	for (const char *at = cgroup; *at;) {
		size_t length = strcspn(at += *at == '_', "/");

		if (is_slice(at, length))
			snprintf(unit, size, "%.*s", (int)length, at);
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
			size_t end = strlen(kinds[i]);

			if (length > end && !strncmp(at + length - end, kinds[i], end)) {
				snprintf(unit, size, "%.*s", (int)length, at);
				return;
			}
		}
		at += length + (at[length] == '/');
	}
}

static void name_of(const struct grouping *grouping, const struct census_group *process,
		    char name[METRICS_NAME_SIZE])
{
	char unit[METRICS_NAME_SIZE];

	if (grouping->key == GROUPING_COMM) {
		metrics_name(name, process->comm);
	} else if (!process->cgroup || !*process->cgroup) {
		metrics_name(name, GROUPING_UNKNOWN);
	} else if (grouping->key == GROUPING_UNIT) {
		grouping_unit(unit, sizeof(unit), process->cgroup);
		metrics_name(name, unit);
	} else {
		metrics_name(name, process->cgroup);
	}
}

/* --- bands --- */

static int by_name(const void *left, const void *right)
{
	return strcmp(left, right);
}

static struct band *find_band(const struct grouping *grouping, const char *name)
{
	void *const *found = tfind(name, &grouping->by_name, by_name);

	return found ? *found : NULL;
}

static struct band *add_band(struct grouping *grouping, const char *name)
{
	struct band *band = calloc(1, sizeof(*band));

	if (!band)
		return NULL;
	snprintf(band->name, sizeof(band->name), "%s", name);
	if (!tsearch(band, &grouping->by_name, by_name)) {
		free(band);
		return NULL;
	}
	grouping->band[grouping->bands++] = band;
	return band;
}

/* The one of this name, made if there is room; *band NULL: there is none. 0 or -ENOMEM. */
static int band_for(struct grouping *grouping, const struct census_group *process,
		    struct band **band)
{
	char name[METRICS_NAME_SIZE];

	name_of(grouping, process, name);
	*band = NULL;
	if (!strcmp(name, GROUPING_OTHER)) /* whoever calls himself so is there already */
		return 0;
	*band = find_band(grouping, name);
	if (*band || grouping->bands == grouping->most)
		return 0;
	*band = add_band(grouping, name);
	return *band ? 0 : -ENOMEM;
}

static void remove_band(struct grouping *grouping, size_t index)
{
	struct band *band = grouping->band[index];

	add(&grouping->gone, &band->settled.counts, &band->settled.times);
	tdelete(band, &grouping->by_name, by_name);
	free(band);
	grouping->band[index] = grouping->band[--grouping->bands];
}

/* Those that nobody has been in for long. */
static void remove_empty(struct grouping *grouping, uint64_t now_ns)
{
	for (size_t i = 0; i < grouping->bands;) {
		const struct band *band = grouping->band[i];

		if (!band->processes && now_ns > band->latest_ns &&
		    now_ns - band->latest_ns > GROUPING_LINGER_NS)
			remove_band(grouping, i);
		else
			i++;
	}
}

/* --- members --- */

static int by_id(const void *left, const void *right)
{
	const struct member *a = left, *b = right;

	return (a->id > b->id) - (a->id < b->id);
}

static struct member *find_member(struct grouping *grouping, uint32_t members, uint64_t id)
{
	const struct member key = { .id = id };

	return members ? bsearch(&key, grouping->member, members, sizeof(key), by_id) : NULL;
}

/* What it has counted in its band, so far, added to `to`. */
static void add_share(struct figures *to, const struct member *member,
		      const struct census_group *process)
{
	add(to, &process->counts, process->times);
	if (member->base)
		take(to, member->base);
}

static void settle(struct member *member, const struct census_group *process)
{
	if (!member->band)
		return;
	add_share(&member->band->settled, member, process);
	member->band->timed |= process->times != NULL;
}

/* From now on it counts in this band. 0 or -ENOMEM. */
static int move(struct member *member, const struct census_group *process, struct band *to)
{
	struct figures *base = member->base ?: malloc(sizeof(*base));

	if (!base)
		return -ENOMEM;
	settle(member, process);
	*base = (struct figures){ 0 };
	add(base, &process->counts, process->times);
	member->base = base;
	member->band = to;
	return 0;
}

static int add_member(struct grouping *grouping, const struct census_group *process,
		      struct band *band)
{
	if (array_grow(grouping->member, grouping->room, grouping->members))
		return -ENOMEM;
	grouping->member[grouping->members++] = (struct member){ .id = process->id, .band = band };
	return 0;
}

static void drop_departed(struct grouping *grouping)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < grouping->members; i++) {
		if (grouping->member[i].departed)
			free(grouping->member[i].base);
		else
			grouping->member[kept++] = grouping->member[i];
	}
	grouping->members = kept;
}

int grouping_departed(struct grouping *grouping, const struct census_group *process,
		      uint64_t now_ns)
{
	struct member *member;
	struct band *band;
	int err;

	if (grouping->key == GROUPING_NONE)
		return 0;
	member = find_member(grouping, grouping->members, process->id);
	if (member) {
		settle(member, process);
		if (member->band)
			member->band->latest_ns = now_ns;
		member->band = NULL;
		member->departed = true;
		return 0;
	}
	/* nobody has seen it alive */
	err = band_for(grouping, process, &band);
	if (err || !band)
		return err;
	add(&band->settled, &process->counts, process->times);
	band->timed |= process->times != NULL;
	band->latest_ns = now_ns;
	return 0;
}

/* --- a census --- */

/* Who is in which band now. */
static int place_all(struct grouping *grouping, const struct census *census)
{
	uint32_t known = grouping->members;

	for (size_t i = 0; i < census->count; i++) {
		const struct census_group *process = &census->group[i];
		struct member *member = find_member(grouping, known, process->id);
		struct band *band;
		int err = band_for(grouping, process, &band);

		if (!err && !member)
			err = add_member(grouping, process, band);
		else if (!err && member->band != band)
			err = move(member, process, band);
		if (err)
			return err;
	}
	if (grouping->members)
		qsort(grouping->member, grouping->members, sizeof(*grouping->member), by_id);
	return 0;
}

static void begin_sums(struct grouping *grouping)
{
	for (size_t i = 0; i < grouping->bands; i++) {
		struct band *band = grouping->band[i];

		band->sum = band->settled;
		band->processes = band->tasks = 0;
		band->rss = band->pss = 0;
	}
	grouping->others = 0;
}

static void add_bytes(uint64_t *to, uint64_t bytes)
{
	*to = *to == BYTES_UNKNOWN || bytes == BYTES_UNKNOWN ? BYTES_UNKNOWN : *to + bytes;
}

static void sum_up(struct grouping *grouping, const struct census *census)
{
	begin_sums(grouping);
	for (size_t i = 0; i < census->count; i++) {
		const struct census_group *process = &census->group[i];
		struct member *member = find_member(grouping, grouping->members, process->id);
		struct band *band = member ? member->band : NULL;

		if (!band) {
			grouping->others++;
			continue;
		}
		add_share(&band->sum, member, process);
		band->timed |= process->times != NULL;
		band->processes += process->processes;
		band->tasks += process->tasks;
		add_bytes(&band->rss, process->rss);
		add_bytes(&band->pss, process->pss);
		band->latest_ns = census->at_ns;
	}
}

/* All that is in no band and was in none that is gone. */
static void sum_up_others(struct grouping *grouping, const struct census *census)
{
	struct figures *rest = grouping->scratch;
	struct band *other = grouping->other;

	*rest = (struct figures){ 0 };
	add(rest, &census->total.counts, census->total.times);
	take(rest, &grouping->gone);
	other->processes = census->total.processes;
	other->tasks = census->total.tasks;
	for (size_t i = 0; i < grouping->bands; i++) {
		const struct band *band = grouping->band[i];

		take(rest, &band->sum);
		other->processes -= band->processes < other->processes ? band->processes :
									 other->processes;
		other->tasks -= band->tasks < other->tasks ? band->tasks : other->tasks;
	}
	raise_words(WORDS(&other->sum.counts), CONST_WORDS(&rest->counts), COUNT_WORDS);
	raise_words(WORDS(&other->sum.times), CONST_WORDS(&rest->times), TIME_WORDS);
	other->timed = census->total.times;
	other->rss = other->pss = BYTES_UNKNOWN;
}

static struct census_group shown(struct band *band, uint64_t probe_ns)
{
	struct census_group group = {
		.processes = band->processes,
		.tasks = band->tasks,
		.cgroup = band->name,
		.times = band->timed ? &band->sum.times : NULL,
		.rss = band->rss,
		.pss = band->pss,
	};

	guard(&band->sum.counts, &band->floors, probe_ns);
	group.counts = band->sum.counts;
	return group;
}

static void fill(struct grouping *grouping, const struct census *census, struct census *grouped)
{
	uint64_t probe_ns = census->context->probe_ns;
	size_t count = 0;

	for (size_t i = 0; i < grouping->bands; i++)
		grouping->shown[count++] = shown(grouping->band[i], probe_ns);
	grouping->shown[count++] = shown(grouping->other, probe_ns);
	*grouped = *census;
	grouped->by = GROUP_BY_CGROUP;
	grouped->group = grouping->shown;
	grouped->count = count;
}

int grouping_take(struct grouping *grouping, const struct census *census, struct census *grouped)
{
	int err;

	if (grouping->key == GROUPING_NONE) {
		*grouped = *census;
		grouped->by = GROUP_BY_NONE;
		grouped->count = 0;
		guard(&grouped->total.counts, &grouping->floors, census->context->probe_ns);
		return 0;
	}
	drop_departed(grouping);
	err = place_all(grouping, census);
	if (err)
		return err;
	sum_up(grouping, census);
	remove_empty(grouping, census->at_ns);
	sum_up_others(grouping, census);
	fill(grouping, census, grouped);
	return 0;
}

/* --- --- */

const char *grouping_label(const struct grouping *grouping)
{
	static const char *const labels[] = {
		[GROUPING_NONE] = NULL,
		[GROUPING_COMM] = "comm",
		[GROUPING_CGROUP] = "cgroup",
		[GROUPING_UNIT] = "unit",
	};

	return labels[grouping->key];
}

uint64_t grouping_others(const struct grouping *grouping)
{
	return grouping->others;
}

struct grouping *grouping_new(enum grouping_key key, size_t most)
{
	struct grouping *grouping = calloc(1, sizeof(*grouping));

	if (!grouping)
		return NULL;
	grouping->key = key;
	grouping->most = most;
	grouping->band = calloc(most + 1, sizeof(struct band *));
	grouping->shown = calloc(most + 1, sizeof(*grouping->shown));
	grouping->scratch = calloc(1, sizeof(*grouping->scratch));
	grouping->other = calloc(1, sizeof(*grouping->other));
	if (!grouping->band || !grouping->shown || !grouping->scratch || !grouping->other) {
		grouping_free(grouping);
		return NULL;
	}
	metrics_name(grouping->other->name, GROUPING_OTHER);
	return grouping;
}

void grouping_free(struct grouping *grouping)
{
	if (!grouping)
		return;
	while (grouping->bands)
		remove_band(grouping, grouping->bands - 1);
	for (uint32_t i = 0; i < grouping->members; i++)
		free(grouping->member[i].base);
	free(grouping->band);
	free(grouping->member);
	free(grouping->shown);
	free(grouping->scratch);
	free(grouping->other);
	free(grouping);
}
