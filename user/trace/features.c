// SPDX-License-Identifier: GPL-2.0
/*
 * features.c - probes what this kernel allows; see features.h.
 *
 * A tracepoint that has lost its last program makes the kernel wait for an RCU grace period (15 ms
 * here) when any tracepoint gets its first one next: tp_rcu_cond_sync() of kernel/tracepoint.c,
 * Linux 5.14 and later. So all probes stay attached until the last has been tried, and are closed
 * together: 20 ms instead of half a second.
 */
#include "trace/features.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/quote.h"
#include "trace/feature_table.h"
#include "trace/file_limit.h"
#include "trace/host.h"
#include "trace/probe.h"

static void set(struct feature *feature, enum feature_state state, int error, const char *format,
		...) __attribute__((format(printf, 4, 5)));

static void set(struct feature *feature, enum feature_state state, int error, const char *format,
		...)
{
	va_list arguments;

	feature->state = state;
	feature->error = error;
	va_start(arguments, format);
	vsnprintf(feature->why, sizeof(feature->why), format, arguments);
	va_end(arguments);
}

static const char *error_name(int error)
{
	return error == NOT_SUPPORTED ? "ENOTSUPP" : strerrorname_np(error) ?: "unknown error";
}

static bool is_confidential(const struct features *features)
{
	static const char mode[] = "confidentiality";

	return !strncmp(features->lockdown, mode, strlen(mode));
}

/* The kernel said no to something that it knows: why? */
static void explain_refusal(const struct probing *probing, struct feature *feature, int error)
{
	const struct features *features = probing->features;
	uint64_t missing = privilege_missing(&features->privilege);
	char names[64];

	if (missing && features->privilege.user_namespace)
		set(feature, FEATURE_OFF, error, "needs %s outside a user namespace (held: no)",
		    privilege_names(names, sizeof(names), missing));
	else if (missing)
		set(feature, FEATURE_OFF, error, "needs %s (held: no)",
		    privilege_names(names, sizeof(names), missing));
	else if (is_confidential(features))
		set(feature, FEATURE_OFF, error, "lockdown=confidentiality forbids it (%s)",
		    error_name(error));
	else
		set(feature, FEATURE_OFF, error, "the kernel refuses to %s it (%s)", probing->doing,
		    error_name(error));
}

static void explain(const struct probing *probing, struct feature *feature, int error)
{
	const struct feature_row *row = &feature_rows[feature->id];

	if (error == EPERM || error == EACCES)
		explain_refusal(probing, feature, error);
	else if (error == ENODEV && row->kind == KIND_KPROBE)
		set(feature, FEATURE_OFF, error, "no kprobe PMU: CONFIG_KPROBE_EVENTS is off");
	else if (error == ESRCH && row->kind == KIND_KPROBE)
		set(feature, FEATURE_OFF, error, "no such symbol in /proc/kallsyms");
	else if (error == ESRCH && row->kind == KIND_SHOOTDOWN)
		set(feature, FEATURE_OFF, error,
		    "no address of flush_tlb_func in /proc/kallsyms (other processors have none; "
		    "kernel.kptr_restrict hides it)");
	else if (row->kind == KIND_RUN_DELAY)
		set(feature, FEATURE_OFF, error,
		    error == ENOENT ? "CONFIG_SCHED_INFO is off" :
				      "the kernel does not keep it: delay accounting is off");
	else if (error == NOT_SUPPORTED || error == EOPNOTSUPP)
		set(feature, FEATURE_OFF, error, "the kernel cannot %s it here (%s)",
		    probing->doing, error_name(error));
	else if (error == ENOENT && (row->kind == KIND_RAW || row->kind == KIND_SHOOTDOWN))
		set(feature, FEATURE_OFF, error, "no such tracepoint in this kernel");
	else if (error == EINVAL && row->since)
		set(feature, FEATURE_OFF, error,
		    "not known to this kernel (EINVAL; since Linux %s)", row->since);
	else
		set(feature, FEATURE_OFF, error, "cannot %s it: %s (%s)", probing->doing,
		    error == NOT_SUPPORTED ? "not supported" : strerror(error), error_name(error));
}

/*
 * Whether it can be told to be off without trying; then it is. Without BTF a raw_tp or kprobe
 * program of two instructions would do, but tasktax's own could not be fitted to the kernel.
 * rss_stat fires for every change since the counters are per CPU (Linux 6.2, f1a7941243c1); before,
 * each task collected 64 changes.
 */
static bool is_off_already(const struct probing *probing, struct feature *feature)
{
	const struct features *features = probing->features;
	const struct feature_row *row = &feature_rows[feature->id];

	if (!features->btf && !feature_is_map(feature->id))
		set(feature, FEATURE_OFF, ENOENT, "no BTF (" VMLINUX_BTF " missing)");
	else if (feature_is_typed(feature->id) && !probing->btf_id[feature->id])
		set(feature, FEATURE_OFF, ENOENT, "not in this kernel's BTF%s%s%s",
		    row->since ? " (since Linux " : "", row->since ?: "", row->since ? ")" : "");
	else if (feature->id == FEATURE_RSS_STAT && probing->has_rss_cache)
		set(feature, FEATURE_OFF, 0, "counters are cached per task: it fires rarely");
	else if (!features->reads_kernel && !feature_is_map(feature->id) &&
		 row->kind != KIND_RUN_DELAY)
		set(feature, FEATURE_OFF, EPERM, "%s",
		    is_confidential(features) ? "lockdown=confidentiality forbids it" :
						"programs cannot read kernel memory here");
	else
		return false;
	return true;
}

/* Typed programs share task storage: all that is typed works together, or all is raw. */
static bool typed_works(const struct features *features)
{
	return features_has(features, FEATURE_TASK_STORAGE) &&
	       features_has(features, FEATURE_SCHED_SWITCH) &&
	       features_has(features, FEATURE_TASK_NEWTASK) &&
	       features_has(features, FEATURE_SCHED_PROCESS_EXEC) &&
	       features_has(features, FEATURE_SCHED_PROCESS_EXIT);
}

static bool is_off(const struct features *features, enum feature_id id)
{
	return features->feature[id].state == FEATURE_OFF ||
	       features->feature[id].state == FEATURE_EXCLUDED;
}

static bool is_spare_of(enum feature_id id, const struct feature_row *row)
{
	return id && (row->spare[0] == id || row->spare[1] == id);
}

/* The raw_tp variant of a typed row. */
static bool is_variant(enum feature_id id)
{
	return feature_rows[id].kind == KIND_RAW && feature_rows[id].as;
}

/* Whether another fallback of the row, one before `id`, has been found to work. */
static bool has_better(const struct features *features, const struct feature_row *row,
		       enum feature_id id)
{
	enum feature_id first = row->spare[0];

	return first != id && features_has(features, first) &&
	       !(is_variant(first) && typed_works(features));
}

/*
 * False for a fallback whose first choice has been found to work. To try fentry in vain is no small thing:
 * where a task of the host does not give up its CPU, the kernel waits for it (RCU tasks) for half a minute.
 */
static bool is_needed(const struct features *features, enum feature_id id)
{
	bool first_choice = false;

	if (is_variant(id)) /* without the iterator they find who is there already */
		return !typed_works(features) || is_off(features, FEATURE_ITER_TASK);
	for (int i = 0; i < FEATURE_COUNT; i++) {
		if (!is_spare_of(id, &feature_rows[i]) ||
		    features->feature[i].state == FEATURE_UNPROBED ||
		    (is_variant(i) && typed_works(features)))
			continue;
		if (features->feature[i].state != FEATURE_ON &&
		    !has_better(features, &feature_rows[i], id))
			return true;
		first_choice = true;
	}
	return !first_choice;
}

static void probe_one(struct probing *probing, struct feature *feature, bool every)
{
	int err;

	if (feature->state == FEATURE_EXCLUDED)
		return;
	if (!every && !is_needed(probing->features, feature->id)) {
		set(feature, FEATURE_UNPROBED, 0, "not needed");
		return;
	}
	if (is_off_already(probing, feature))
		return;
	err = probe_feature(probing, feature->id);
	if (err < 0)
		explain(probing, feature, -err);
	else
		set(feature, FEATURE_ON, 0, "%s",
		    feature->id == FEATURE_FINISH_TASK_SWITCH ? probing->features->switch_end : "");
}

/* What stands in for what is off, and what is lost even so. */
static void set_consequences(struct features *features)
{
	for (int id = 0; id < FEATURE_COUNT; id++) {
		struct feature *feature = &features->feature[id];
		const struct feature_row *row = &feature_rows[id];

		if (feature->state != FEATURE_OFF && feature->state != FEATURE_EXCLUDED)
			continue;
		feature->loses = is_needed(features, id) ? row->loses : NULL;
		for (int i = 0; i < 2; i++) {
			enum feature_id spare = row->spare[i];

			if (!spare || !features_has(features, spare) ||
			    (is_variant(spare) && typed_works(features)))
				continue;
			feature->instead = feature_rows[spare].as;
			feature->loses = feature_rows[spare].as_loses;
			break;
		}
	}
}

/* --- what is asked for --- */

enum feature_id features_find(const char *name)
{
	int id = 0;

	while (id < FEATURE_COUNT && strcmp(feature_rows[id].name, name) != 0)
		id++;
	return id;
}

/* Which row stands for all of this kind; FEATURE_COUNT: none. */
static enum feature_id family_of(enum feature_kind kind)
{
	switch (kind) {
	case KIND_TYPED:
		return FEATURE_TP_BTF;
	case KIND_KPROBE:
		return FEATURE_KPROBE;
	case KIND_FENTRY:
		return FEATURE_FENTRY;
	case KIND_RING_IN_ARRAY:
		return FEATURE_RINGBUF;
	default:
		return FEATURE_COUNT;
	}
}

/* A name with a raw variant is listed as "sched_switch[_raw]". */
static int unknown_name(const char *name, struct fail *fail)
{
	char list[896] = "", raw[64];
	size_t length = 0;

	for (int id = 0; id < FEATURE_COUNT && length < sizeof(list); id++) {
		snprintf(raw, sizeof(raw), "%s_raw", feature_rows[id].name);
		if (is_variant(id))
			continue;
		length += (size_t)snprintf(list + length, sizeof(list) - length, " %s%s",
					   feature_rows[id].name,
					   features_find(raw) < FEATURE_COUNT ? "[_raw]" : "");
	}
	return fail_set(fail, -EINVAL, "--without %.40s: no such hook; there are%s",
			quote_string(name).text, list);
}

static int exclude(struct features *features, const char *name, struct fail *fail)
{
	enum feature_id excluded = features_find(name);

	if (excluded == FEATURE_COUNT)
		return unknown_name(name, fail);
	for (int id = 0; id < FEATURE_COUNT; id++)
		if (id == (int)excluded || family_of(feature_rows[id].kind) == excluded)
			set(&features->feature[id], FEATURE_EXCLUDED, 0, "by --without %s", name);
	return 0;
}

static void name_rows(struct features *features)
{
	for (int id = 0; id < FEATURE_COUNT; id++) {
		struct feature *feature = &features->feature[id];

		feature->id = id;
		feature->name = feature_rows[id].name;
		feature->need = feature_rows[id].need;
		set(feature, FEATURE_UNPROBED, 0, "not asked for");
	}
}

static void probe_all(struct features *features, uint64_t wanted)
{
	struct probing probing = { .features = features };

	probe_btf(&probing);
	probe_kernel_reads(&probing);
	for (int id = 0; id < FEATURE_COUNT; id++)
		if (wanted & FEATURE_BIT(id))
			probe_one(&probing, &features->feature[id], wanted == FEATURES_ALL);
	set_consequences(features);
	probe_end(&probing);
}

/* What a lack of descriptors refused is not the kernel's to answer for. */
static int check_descriptors(const struct features *features, struct fail *fail)
{
	for (int id = 0; id < FEATURE_COUNT; id++)
		if (features->feature[id].error == EMFILE)
			return fail_set(
				fail, -EMFILE,
				"cannot look at what this kernel allows: %s; raise the hard "
				"limit (ulimit -Hn)",
				strerror(EMFILE));
	return 0;
}

int features_probe(struct features *features, uint64_t wanted, const char *const *without,
		   size_t without_count, struct fail *fail)
{
	libbpf_print_fn_t before;
	int err;

	memset(features, 0, sizeof(*features));
	name_rows(features);
	for (size_t i = 0; i < without_count; i++) {
		err = exclude(features, without[i], fail);
		if (err)
			return err;
	}
	before = libbpf_set_print(NULL);
	file_limit_raise(HELD_MAX + 64);
	err = host_read(features, fail);
	if (!err) {
		features->pmu_error = probe_pmu();
		probe_all(features, wanted);
		err = check_descriptors(features, fail);
	}
	libbpf_set_print(before);
	return err;
}

void features_free(struct features *features)
{
	memset(features, 0, sizeof(*features));
}

bool features_has(const struct features *features, enum feature_id id)
{
	return features->feature[id].state == FEATURE_ON;
}
