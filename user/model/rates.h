/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rates.h - what happened between two censuses: by process, by thread where threads are counted, in total, and what
 * is in the total but in no row (who has ended, who had no group). Pure. Called by top/.
 *
 * The first census is compared with the moment when counting began. Intervals are those of the censuses' own stamps,
 * so neither a clock that is set nor a stop of ours falsifies a rate.
 */
#ifndef TASKTAX_MODEL_RATES_H
#define TASKTAX_MODEL_RATES_H

#include "model/census.h"
#include "model/history.h"

enum rates_kind {
	RATES_PROCESS,
	RATES_THREAD,
	RATES_REST,
	RATES_TOTAL,
};

struct rates_row {
	enum rates_kind kind;
	uint64_t id; /* the same from census to census */
	uint32_t pid, tid, parent;
	char comm[EVENT_COMM_LEN + 1];
	uint32_t tasks;	  /* alive */
	uint32_t process; /* of a thread: index of the row of its process; else its own */
	bool partial;	  /* some of its counts had no room: at least these */
	struct census_counts counts; /* within the interval */
	uint64_t wait_p99; /* of the interval; NS_UNKNOWN: nobody waited, or it is not known */
	uint64_t rss, pss; /* BYTES_UNKNOWN */
	const struct history *history; /* switch-ins a second */
};

struct rates_view {
	double seconds;		     /* 0: there is nothing yet */
	const struct rates_row *row; /* each process before its threads */
	size_t count;
	struct rates_row total, rest;
	uint64_t folded;
	struct losses lost;
	bool threads; /* they are counted */
	uint64_t since_ns, at_ns;
	const struct run_context *context; /* the census's */
};

struct rates;

struct rates *rates_new(void);	      /* NULL: no memory */
void rates_free(struct rates *rates); /* takes NULL */

/* 0, -ENOMEM (the view is empty then), or -EAGAIN: no time has passed since the one before. */
int rates_take(struct rates *rates, const struct census *census);

/* As of the latest census; valid until the next call of rates_take(). */
const struct rates_view *rates_view(const struct rates *rates);

/* --- figures of a row, within the interval --- */

uint64_t rates_switch_ins(const struct rates_row *row, enum row_level level); /* one with a via */
uint64_t rates_all_switch_ins(const struct rates_row *row);
uint64_t rates_faults(const struct rates_row *row, enum fault_kind kind);

/* Faults that there would be none of without a fork: the census's cause `process`. */
uint64_t rates_fork_debt(const struct rates_row *row);

/* Of all its switch-ins, without the probes. NS_UNKNOWN: this kernel does not tell the end of a switch. */
uint64_t rates_direct_ns(const struct rates_row *row, const struct run_context *context);

/* The mean of one; NS_UNKNOWN: there was none, or it is not known. */
uint64_t rates_direct_mean(const struct rates_row *row, const struct run_context *context);

/* On the CPU. NS_UNKNOWN: faults have no time here. */
uint64_t rates_fault_ns(const struct rates_row *row, const struct run_context *context);

/* Percent of its run time; NAN: one of the two is not known, or it did not run. */
double rates_switching_tax(const struct rates_row *row, const struct run_context *context);
double rates_faulting_tax(const struct rates_row *row, const struct run_context *context);

#endif
