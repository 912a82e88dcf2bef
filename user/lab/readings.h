/* SPDX-License-Identifier: GPL-2.0 */
/*
 * readings.h - what experiments have in common: building a command line, reading numbers out of what a workload
 * printed and out of a report, and saying results in words. Pure. Called by the experiments.
 */
#ifndef TASKTAX_LAB_READINGS_H
#define TASKTAX_LAB_READINGS_H

#include "lab/experiment.h"

/* Appends a word to a command line. */
void lab_word(struct lab_command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* "64 MiB", "2 GiB": a size that an experiment chose. Returns text. */
char *lab_mib_words(uint64_t mib, char *text, size_t size);

/* Skips a step that needs so many bytes, if this machine has less; where that is not known it is tried. */
void lab_need_memory(struct lab_step *step, const struct lab_settings *settings, uint64_t bytes);

/* ---- what the workload printed ---- */

/* A number by its key; a dot goes into an object: "self.minflt". 0, or -EPROTO with the reason. */
int lab_number(const json_t *truth, const char *key, double *value, struct fail *fail);

/* The same of a key that may be null: NaN then. */
int lab_number_or_null(const json_t *truth, const char *key, double *value, struct fail *fail);

/* The sum over the workers of one of their numbers: "span.minflt". 0, or -EPROTO with the reason. */
int lab_sum_of_workers(const json_t *truth, const char *key, double *sum, struct fail *fail);

/* Whether the workload names a worker of this tid. */
bool lab_is_worker(const json_t *truth, uint32_t tid);

/* ---- what the trace saw ---- */

/* The ground truth of a traced run: what every experiment's has. expected and seen are the experiment's. */
struct lab_truth lab_truth_of(const struct report *report, double expected);

/* Whether a task reference is a target whose tid the workload names as a worker's. */
bool lab_is_worker_ref(const struct report *report, const json_t *truth, uint32_t ref);

/* The task of that worker, by its place in "workers"; NULL: the trace has none. */
const struct task_entry *lab_worker_task(const struct report *report, const json_t *truth,
					 size_t worker);

/*
 * Of the switches to workers: those from another worker are seen, at the wrong level when it is not the one that
 * this form has; those from tasks of others explain as many that were expected and did not come.
 */
void lab_count_switches(const struct lab_run *run, struct lab_truth *truth);

/* At which tasks of this form switch among themselves. */
enum row_level lab_level_of(enum lab_form form);

/* NaN: it holds nothing. */
double lab_percentile(const struct histogram *histogram, double percent);

/* The row of switches of this level and via; NULL: there were none. */
const struct switch_row *lab_switch_row(const struct report *report, enum row_level level, int via);

/* All switches of this level, of any via. */
double lab_switches(const struct report *report, enum row_level level);

/* All faults of this kind and cause; FAULT_KINDS and CAUSES stand for any. */
double lab_faults(const struct report *report, enum fault_kind kind, enum fault_cause cause);

/* Mean time on the CPU of faults of this kind, ns; NaN: none, or without time. */
double lab_fault_ns(const struct report *report, enum fault_kind kind);

/* ---- words ---- */

/* "375 ns", "an unknown time". Returns text. */
char *lab_ns_words(double ns, char *text, size_t size);

/* A value in its unit, as the tables have it. Returns text. */
char *lab_value_words(enum lab_unit unit, double value, char *text, size_t size);

/*
 * The outcome of a comparison as a sentence: of the only step, or over all steps of a sweep, naming the extremes.
 * `what`: "a switch", what the headline figure is the cost or the number of. Returns text.
 */
char *lab_outcome(const struct lab_sweep *sweep, const struct lab_rules *rules,
		  const struct lab_settings *settings, const char *what, char *text, size_t size);

/*
 * A figure in every step that was run and is part of the claim, process against thread: "munmap: 0 against 987;
 * dontneed: 1 against 990". Returns text.
 */
char *lab_steps_words(const struct lab_sweep *sweep, const struct lab_figure *figures,
		      size_t figure, char *text, size_t size);

/* Why the headline is not known: skipped, not traced, or what a row lacks. Returns text. */
char *lab_unknown_words(const struct lab_sweep *sweep, const struct lab_rules *rules,
			const struct lab_settings *settings, char *text, size_t size);

/* The step that counts with the largest (largest: true) or smallest ratio of a figure; NULL: none has one. */
const struct lab_series *lab_extreme(const struct lab_sweep *sweep, size_t figure, bool largest);

/* The point of a form's figure in a step. NaN: unknown. */
double lab_point(const struct lab_series *series, enum lab_form form, size_t figure);

#endif
