/* SPDX-License-Identifier: GPL-2.0 */
/*
 * view.h - an event as named values, with what the model made of it: the one description that the NDJSON and the CSV
 * are made from. Called by ndjson.c and csv.c.
 *
 * Names end in their unit. A value that is not known is there as VALUE_NULL; one that the event does not have is not.
 */
#ifndef TASKTAX_EXPORT_VIEW_H
#define TASKTAX_EXPORT_VIEW_H

#include "export/export.h"

enum value_form {
	VALUE_NULL,
	VALUE_NUMBER,
	VALUE_HEX,
	VALUE_BOOL,
	VALUE_WORD,   /* one of ours, of letters and hyphens */
	VALUE_STRING, /* of others: to be escaped */
};

/* A task, by five columns in this order. */
#define WHO_COLUMNS(X, ID, prefix)    \
	X(ID##_CLASS, prefix "class") \
	X(ID##_TASK, prefix "task")   \
	X(ID##_TID, prefix "tid")     \
	X(ID##_PID, prefix "pid")     \
	X(ID##_COMM, prefix "comm")

#define COUNTERS_COLUMNS(X, ID, prefix)          \
	X(ID##_VOLUNTARY, prefix "voluntary")    \
	X(ID##_INVOLUNTARY, prefix "preempted")  \
	X(ID##_RUN_DELAY, prefix "run_delay_ns") \
	X(ID##_SUM_EXEC, prefix "sum_exec_ns")   \
	X(ID##_MIN_FLT, prefix "minor_faults")   \
	X(ID##_MAJ_FLT, prefix "major_faults")

/* In the order of the CSV, which has all before COLUMN_CSV. */
#define VIEW_COLUMNS(X)                            \
	X(TS, "ts_ns")                             \
	X(CPU, "cpu")                              \
	X(EVENT, "event")                          \
	X(FLAGS, "flags")                          \
	X(LEVEL, "level")                          \
	X(VIA, "via")                              \
	X(VOLUNTARY, "voluntary")                  \
	X(MIGRATED, "migrated")                    \
	X(FIRST, "first")                          \
	X(DEAD, "prev_dead")                       \
	X(TLB, "tlb")                              \
	X(DIRECT, "direct_ns")                     \
	X(DIRECT_RAW, "direct_raw_ns")             \
	X(PICK, "pick_ns")                         \
	X(WAIT, "wait_ns")                         \
	X(WAIT_OF, "wait_of")                      \
	WHO_COLUMNS(X, PREV, "prev_")              \
	WHO_COLUMNS(X, NEXT, "next_")              \
	WHO_COLUMNS(X, LAST, "last_")              \
	X(NEXT_MM, "next_mm")                      \
	X(LAST_MM, "last_mm")                      \
	WHO_COLUMNS(X, SELF, "")                   \
	WHO_COLUMNS(X, PARENT, "parent_")          \
	WHO_COLUMNS(X, WAKER, "waker_")            \
	WHO_COLUMNS(X, WAKEE, "wakee_")            \
	X(MM, "mm")                                \
	X(CREATED, "created")                      \
	X(CLONE_FLAGS, "clone_flags")              \
	X(KERNEL_TID, "kernel_tid")                \
	X(KERNEL_PID, "kernel_pid")                \
	X(OLD_KERNEL_TID, "old_kernel_tid")        \
	X(EXIT_CODE, "exit_code")                  \
	X(EXIT_SIGNAL, "exit_signal")              \
	X(GROUP_DEAD, "group_dead")                \
	X(KIND, "kind")                            \
	X(CAUSE, "cause")                          \
	X(SEVERITY, "severity")                    \
	X(MODE, "mode")                            \
	X(REGION, "region")                        \
	X(NAME, "name")                            \
	X(ADDRESS, "address")                      \
	X(TIME, "time_ns")                         \
	X(OFF, "off_cpu_ns")                       \
	X(MINOR, "minor_faults")                   \
	X(MAJOR, "major_faults")                   \
	X(START, "start")                          \
	X(END, "end")                              \
	X(OFFSET, "offset")                        \
	X(PROTECTION, "protection")                \
	X(ROUND, "round")                          \
	X(RSS, "rss_bytes")                        \
	X(PSS, "pss_bytes")                        \
	X(SHARED, "shared_bytes")                  \
	X(PRIVATE, "private_bytes")                \
	X(SWAP, "swap_bytes")                      \
	X(SWAP_PSS, "swap_pss_bytes")              \
	X(DIRECTION, "direction")                  \
	X(TO_CPU, "to_cpu")                        \
	X(CALL, "call")                            \
	X(PAGES, "pages")                          \
	X(COUNT, "count")                          \
	X(CSV, "")                                 \
	X(STACK, "stack")                          \
	X(TLS, "tls")                              \
	X(GROUP, "group")                          \
	X(PEAK_PAGES, "peak_pages")                \
	X(MOST_PAGES, "most_pages")                \
	X(CLOSED, "closed")                        \
	COUNTERS_COLUMNS(X, BASE, "base_")         \
	COUNTERS_COLUMNS(X, FINAL, "final_")       \
	X(OUTS_VOLUNTARY, "outs_voluntary")        \
	X(OUTS_PREEMPTED, "outs_preempted")        \
	X(LOST_MINOR, "lost_minor_faults")         \
	X(LOST_MAJOR, "lost_major_faults")         \
	X(UNFINISHED, "unfinished_faults")         \
	X(UNRAISED_MINOR, "unraised_minor_faults") \
	X(UNRAISED_MAJOR, "unraised_major_faults") \
	X(TLB_SENT, "tlb_sent")                    \
	X(TLB_SENT_ALL, "tlb_sent_all")            \
	X(TLB_SENT_PAGES, "tlb_sent_pages")        \
	X(TLB_RECEIVED, "tlb_received")            \
	X(TLB_RECEIVED_TIME, "tlb_received_ns")

enum column {
#define COLUMN_ID(id, name) COLUMN_##id,
	VIEW_COLUMNS(COLUMN_ID)
#undef COLUMN_ID
		COLUMNS,
};

#define VIEW_MOST 40 /* values of one event */

struct view {
	unsigned int count;
	struct view_value {
		enum column column;
		enum value_form form;
		uint64_t number;
		const char *text; /* valid until the next event */
	} value[VIEW_MOST];
};

const char *view_column_name(enum column column);

/* `event` is the one that export->model took last. */
void view_event(struct view *view, const struct export *export, const struct event_header *event);

/* Adds a value. */
void view_number(struct view *view, enum column column, uint64_t number);
void view_word(struct view *view, enum column column, const char *word);     /* NULL: null */
void view_string(struct view *view, enum column column, const char *string); /* NULL: null */

#endif
