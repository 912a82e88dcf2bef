// SPDX-License-Identifier: GPL-2.0
/* readings.c - what experiments have in common; see readings.h. */
#include "lab/readings.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

#define MANY 1e7 /* a count that is told in millions: JSON has it whole */

void lab_word(struct lab_command *command, const char *format, ...)
{
	va_list arguments;
	size_t at = 1; /* argv[0] is the program */

	while (at < LAB_WORDS - 1 && command->argv[at])
		at++;
	if (at == LAB_WORDS - 1)
		return;
	va_start(arguments, format);
	vsnprintf(command->text[at], sizeof(command->text[at]), format, arguments);
	va_end(arguments);
	command->argv[at] = command->text[at];
}

char *lab_mib_words(uint64_t mib, char *text, size_t size)
{
	bool gib = mib && mib % 1024 == 0;

	snprintf(text, size, "%" PRIu64 " %s", gib ? mib / 1024 : mib, gib ? "GiB" : "MiB");
	return text;
}

void lab_need_memory(struct lab_step *step, const struct lab_settings *settings, uint64_t bytes)
{
	char needed[UNITS_TEXT_SIZE], there[UNITS_TEXT_SIZE];

	if (settings->memory_bytes && settings->memory_bytes < bytes)
		snprintf(step->skipped, sizeof(step->skipped),
			 "needs %s of memory, and %s are available",
			 format_bytes(needed, sizeof(needed), bytes),
			 format_bytes(there, sizeof(there), settings->memory_bytes));
}

/* ---- what the workload printed ---- */

/* NULL: there is none. */
static const json_t *find(const json_t *object, const char *key)
{
	const char *dot = strchr(key, '.');
	char first[64];

	if (!dot)
		return json_object_get(object, key);
	snprintf(first, sizeof(first), "%.*s", (int)(dot - key), key);
	return find(json_object_get(object, first), dot + 1);
}

int lab_number(const json_t *truth, const char *key, double *value, struct fail *fail)
{
	const json_t *number = find(truth, key);

	if (!json_is_number(number))
		return fail_set(fail, -EPROTO, "tasktax-demo printed no number named %s", key);
	*value = json_number_value(number);
	return 0;
}

int lab_number_or_null(const json_t *truth, const char *key, double *value, struct fail *fail)
{
	if (!json_is_null(find(truth, key)))
		return lab_number(truth, key, value, fail);
	*value = NAN;
	return 0;
}

int lab_sum_of_workers(const json_t *truth, const char *key, double *sum, struct fail *fail)
{
	const json_t *workers = json_object_get(truth, "workers");
	double value = 0;

	*sum = 0;
	for (size_t i = 0; i < json_array_size(workers); i++) {
		int err = lab_number(json_array_get(workers, i), key, &value, fail);

		if (err)
			return err;
		*sum += value;
	}
	return 0;
}

bool lab_is_worker(const json_t *truth, uint32_t tid)
{
	const json_t *workers = json_object_get(truth, "workers");

	for (size_t i = 0; i < json_array_size(workers); i++) {
		const json_t *known = json_object_get(json_array_get(workers, i), "tid");

		if (json_integer_value(known) == (json_int_t)tid)
			return true;
	}
	return false;
}

/* ---- what the trace saw ---- */

struct lab_truth lab_truth_of(const struct report *report, double expected)
{
	const struct losses *lost = &report->lost;

	return (struct lab_truth){
		.known = true,
		.expected = (uint64_t)llround(expected),
		.lost = lost->switches + lost->waking + lost->faults + lost->lifecycle +
			lost->untracked + lost->shootdowns + lost->recursion + lost->unknown,
		.unreconciled = report->reconcile.tasks_off,
		.reconciled = report->reconcile.ok,
	};
}

bool lab_is_worker_ref(const struct report *report, const json_t *truth, uint32_t ref)
{
	uint32_t id = TASK_ID(ref);

	return TASK_CLASS(ref) == TASK_TARGET && id && id < report->task_count &&
	       lab_is_worker(truth, report->tasks[id].pid);
}

const struct task_entry *lab_worker_task(const struct report *report, const json_t *truth,
					 size_t worker)
{
	const json_t *workers = json_object_get(truth, "workers");
	json_int_t tid =
		json_integer_value(json_object_get(json_array_get(workers, worker), "tid"));

	for (uint32_t id = 1; tid > 0 && id < report->task_count; id++)
		if (report->tasks[id].pid == (uint64_t)tid)
			return &report->tasks[id];
	return NULL;
}

enum row_level lab_level_of(enum lab_form form)
{
	return form == LAB_PROCESS ? ROW_PROCESS : ROW_THREAD;
}

void lab_count_switches(const struct lab_run *run, struct lab_truth *truth)
{
	const struct report *report = run->report;

	for (size_t i = 0; i < report->pair_count; i++) {
		const struct switch_pair *pair = &report->pairs[i];

		if (!lab_is_worker_ref(report, run->truth, pair->next))
			continue;
		if (TASK_CLASS(pair->prev) != TASK_TARGET) {
			truth->explained += pair->count;
		} else if (lab_is_worker_ref(report, run->truth, pair->prev)) {
			if (pair->level == ROW_EXITING) /* its work is done */
				continue;
			truth->seen += pair->count;
			if (pair->level != lab_level_of(run->form))
				truth->wrong_level += pair->count;
		}
	}
}

double lab_percentile(const struct histogram *histogram, double percent)
{
	uint64_t value;

	return histogram_percentile(histogram, percent, &value) ? NAN : (double)value;
}

const struct switch_row *lab_switch_row(const struct report *report, enum row_level level, int via)
{
	for (unsigned int i = 0; i < report->row_count; i++)
		if (report->rows[i].level == level && report->rows[i].via == via)
			return &report->rows[i];
	return NULL;
}

double lab_switches(const struct report *report, enum row_level level)
{
	double count = 0;

	for (unsigned int i = 0; i < report->row_count; i++)
		count += report->rows[i].level == level ? (double)report->rows[i].count : 0;
	return count;
}

double lab_faults(const struct report *report, enum fault_kind kind, enum fault_cause cause)
{
	double count = 0;

	for (unsigned int i = 0; i < report->fault_row_count; i++) {
		const struct fault_row *row = &report->fault_rows[i];

		if ((kind == FAULT_KINDS || row->kind == kind) &&
		    (cause == CAUSES || row->cause == cause))
			count += (double)row->count;
	}
	return count;
}

double lab_fault_ns(const struct report *report, enum fault_kind kind)
{
	double sum = 0, count = 0;

	for (unsigned int i = 0; i < report->fault_row_count; i++) {
		const struct fault_row *row = &report->fault_rows[i];

		if (row->kind != kind)
			continue;
		sum += histogram_mean(&row->time) * (double)row->time.count - (double)row->off_ns;
		count += (double)row->time.count;
	}
	return count > 0 ? sum / count : NAN;
}

/* ---- words ---- */

char *lab_ns_words(double ns, char *text, size_t size)
{
	if (isfinite(ns))
		return format_ns(text, size, (uint64_t)llround(fabs(ns)));
	snprintf(text, size, "an unknown time");
	return text;
}

char *lab_value_words(enum lab_unit unit, double value, char *text, size_t size)
{
	if (!isfinite(value)) {
		snprintf(text, size, "\xe2\x80\x93");
		return text;
	}
	switch (unit) {
	case LAB_NS:
		return format_ns(text, size, (uint64_t)llround(fabs(value)));
	case LAB_NS_SIGNED:
		return format_ns_signed(text, size, llround(value));
	case LAB_BYTES:
		return format_bytes(text, size, (uint64_t)llround(value));
	case LAB_PERCENT:
		return format_percent(text, size, value);
	case LAB_PER_SECOND:
	case LAB_COUNT:
		break;
	}
	if (fabs(value) >= MANY)
		snprintf(text, size, "%.1f M", fabs(value) / 1e6);
	else if (fabs(value) < 10 && value != floor(value))
		snprintf(text, size, "%.2f", value);
	else
		format_count(text, size, (uint64_t)llround(fabs(value)));
	return text;
}

double lab_point(const struct lab_series *series, enum lab_form form, size_t figure)
{
	return series->comparison.row[figure].form[form].point;
}

char *lab_steps_words(const struct lab_sweep *sweep, const struct lab_figure *figures,
		      size_t figure, char *text, size_t size)
{
	enum lab_unit unit = figures[figure].unit;
	char process[UNITS_TEXT_SIZE], thread[UNITS_TEXT_SIZE];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < sweep->steps && used < size; i++) {
		const struct lab_series *series = &sweep->series[i];

		if (series->step.aside || series->step.skipped[0])
			continue;
		lab_value_words(unit, lab_point(series, LAB_PROCESS, figure), process,
				sizeof(process));
		lab_value_words(unit, lab_point(series, LAB_THREAD, figure), thread,
				sizeof(thread));
		used += (size_t)snprintf(text + used, size - used, "%s%s%s%s against %s",
					 used ? "; " : "", series->step.label,
					 series->step.label[0] ? ": " : "", process, thread);
	}
	return text;
}

char *lab_unknown_words(const struct lab_sweep *sweep, const struct lab_rules *rules,
			const struct lab_settings *settings, char *text, size_t size)
{
	const struct lab_series *run = NULL;
	char lacks[96];

	for (size_t i = 0; i < sweep->steps; i++)
		if (!run && !sweep->series[i].step.aside && !sweep->series[i].step.skipped[0])
			run = &sweep->series[i];
	if (!run)
		snprintf(text, size, "nothing could be run: %s", sweep->series[0].step.skipped);
	else if (rules->figures[rules->headline].needs_trace && settings->no_trace)
		snprintf(text, size, "not measured, since nothing was traced");
	else
		snprintf(
			text, size, "%s",
			lab_row_lacks(&run->comparison.row[rules->headline], lacks, sizeof(lacks)));
	return text;
}

const struct lab_series *lab_extreme(const struct lab_sweep *sweep, size_t figure, bool largest)
{
	const struct lab_series *found = NULL;
	double most = 0;

	for (size_t i = 0; i < sweep->steps; i++) {
		const struct lab_series *series = &sweep->series[i];
		double ratio = series->comparison.row[figure].comparison.ratio.point;

		if (series->step.aside || !isfinite(ratio))
			continue;
		if (!found || (largest ? ratio > most : ratio < most)) {
			found = series;
			most = ratio;
		}
	}
	return found;
}

/* "375 ns (process) against 302 ns (thread)" */
static void both(const struct lab_series *series, const struct lab_rules *rules, char *text,
		 size_t size)
{
	enum lab_unit unit = rules->figures[rules->headline].unit;
	char process[UNITS_TEXT_SIZE], thread[UNITS_TEXT_SIZE];

	snprintf(text, size, "%s (%s) against %s (%s)",
		 lab_value_words(unit, lab_point(series, LAB_PROCESS, rules->headline), process,
				 sizeof(process)),
		 lab_side_name(&series->step, LAB_PROCESS),
		 lab_value_words(unit, lab_point(series, LAB_THREAD, rules->headline), thread,
				 sizeof(thread)),
		 lab_side_name(&series->step, LAB_THREAD));
}

/* "1.24 times (95 % interval 1.22 to 1.27)", or the difference where there is no ratio. */
static void how_much(const struct lab_row *row, enum lab_unit unit, char *text, size_t size)
{
	const struct interval *ratio = &row->comparison.ratio;
	const struct interval *difference = &row->difference;
	int digits = lab_ratio_digits(ratio);
	char low[UNITS_TEXT_SIZE], high[UNITS_TEXT_SIZE];

	if (isfinite(ratio->low))
		snprintf(text, size, "%.*f times, 95 %% interval %.*f to %.*f", digits,
			 ratio->point, digits, ratio->low, digits, ratio->high);
	else
		snprintf(text, size, "95 %% interval of the difference %s%s to %s%s",
			 difference->low < 0 ? "-" : "",
			 lab_value_words(unit, fabs(difference->low), low, sizeof(low)),
			 difference->high < 0 ? "-" : "",
			 lab_value_words(unit, fabs(difference->high), high, sizeof(high)));
}

static const struct lab_series *only_step(const struct lab_sweep *sweep)
{
	const struct lab_series *found = NULL;

	for (size_t i = 0; i < sweep->steps; i++) {
		const struct lab_step *step = &sweep->series[i].step;

		if (step->aside || step->skipped[0])
			continue;
		if (found)
			return NULL;
		found = &sweep->series[i];
	}
	return found;
}

static char *outcome_of_one(const struct lab_series *series, const struct lab_rules *rules,
			    const struct lab_settings *settings, const char *what, char *text,
			    size_t size)
{
	const struct lab_figure *figure = &rules->figures[rules->headline];
	const struct lab_row *row = &series->comparison.row[rules->headline];
	char values[96], much[160], lacks[96];

	both(series, rules, values, sizeof(values));
	how_much(row, figure->unit, much, sizeof(much));
	if (!row->rounds && figure->needs_trace && settings->no_trace)
		snprintf(text, size, "%s was not measured, since nothing was traced", what);
	else if (series->comparison.verdict == LAB_UNKNOWN)
		snprintf(text, size, "%s: %s (%s so far)", what,
			 lab_row_lacks(row, lacks, sizeof(lacks)), values);
	else
		snprintf(text, size, "%s: %s%s (%s)", what, values,
			 series->comparison.verdict == LAB_NOT_SEEN ? "; no difference seen" : "",
			 much);
	return text;
}

static void count_steps(const struct lab_sweep *sweep, size_t number[LAB_MIXED + 1], size_t *all)
{
	*all = 0;
	for (size_t i = 0; i < sweep->steps; i++) {
		const struct lab_series *series = &sweep->series[i];

		if (series->step.aside || series->step.skipped[0])
			continue;
		number[series->comparison.verdict]++;
		++*all;
	}
}

/* "; from 1.02 times (4 MiB) to 31 times (512 MiB)" */
static void extremes(const struct lab_sweep *sweep, const struct lab_rules *rules, char *text,
		     size_t size)
{
	const struct lab_series *least = lab_extreme(sweep, rules->headline, false);
	const struct lab_series *most = lab_extreme(sweep, rules->headline, true);
	const struct interval *low, *high;

	text[0] = '\0';
	if (!least || !most || least == most)
		return;
	low = &least->comparison.row[rules->headline].comparison.ratio;
	high = &most->comparison.row[rules->headline].comparison.ratio;
	snprintf(text, size, ": process / thread from %.*f (%s) to %.*f (%s)",
		 lab_ratio_digits(low), low->point, least->step.label, lab_ratio_digits(high),
		 high->point, most->step.label);
}

char *lab_outcome(const struct lab_sweep *sweep, const struct lab_rules *rules,
		  const struct lab_settings *settings, const char *what, char *text, size_t size)
{
	const struct lab_series *only = only_step(sweep);
	size_t number[LAB_MIXED + 1] = { 0 }, all;
	char range[200];

	if (only)
		return outcome_of_one(only, rules, settings, what, text, size);
	count_steps(sweep, number, &all);
	extremes(sweep, rules, range, sizeof(range));
	snprintf(text, size,
		 "%s, over %zu steps together (Holm): as claimed in %zu, the other way round in "
		 "%zu, no "
		 "difference seen in %zu%s",
		 what, all, number[LAB_SUPPORTED], number[LAB_CONTRADICTED], number[LAB_NOT_SEEN],
		 range);
	return text;
}
