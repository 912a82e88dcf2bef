/* SPDX-License-Identifier: GPL-2.0 */
/*
 * report.h - the finished model: what every output (text, JSON, HTML) shows. Plain data.
 *
 * Made by model_finish() and owned by the model; outputs only read it. Times are nanoseconds.
 * A figure that is not known is NS_UNKNOWN (or a NULL histogram, or a count of 0 samples), and
 * never 0; the reason is in struct run_context or stated at the field.
 */
#ifndef TASKTAX_MODEL_REPORT_H
#define TASKTAX_MODEL_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "counts.h"
#include "event.h"
#include "model/histogram.h"
#include "model/run_context.h"

/* Every recorded switch is in exactly one row. */
enum row_level {
	ROW_RESUME, /* the first four: next is a target, and via counts */
	ROW_THREAD,
	ROW_PROCESS,
	ROW_EXITING,
	ROW_IDLE, /* prev is a target, next is this; via is null */
	ROW_KERNEL,
	ROW_FOREIGN,
	ROW_OTHER, /* neither: only system-wide */
	ROW_LEVELS,
};

#define ROW_WITH_VIA 4 /* levels below this have one row per via */
#define VIA_COUNT 3    /* enum switch_via */

/* What aggregate mode knows of a row. */
struct counted_row {
	uint64_t direct_count, direct_ns; /* probe cost subtracted */
	uint64_t wait_ns, pick_ns;
};

struct switch_row {
	enum row_level level;
	int via; /* enum switch_via, -1: none */
	uint64_t count;
	uint64_t voluntary, preempted; /* records whose prev is a target */
	uint64_t migrated;
	uint64_t tlb_flushed, tlb_reused; /* only with tlb_switch */
	struct histogram direct;	  /* probe cost subtracted */
	struct histogram pick;
	struct histogram wait;
	struct counted_row counted; /* aggregate mode: instead of the histograms */
};

/* All switch-ins of one level, whatever ran in between. */
struct level_row {
	uint64_t count;
	struct histogram direct, wait; /* aggregate mode: buckets of 1/8 of an octave */
};

/* --- faults --- */

struct fault_row {
	enum fault_cause cause;
	bool many; /* the address space had several live tasks */
	enum fault_kind kind;
	bool major;
	bool kernel; /* taken in kernel mode: in a system call */
	uint64_t count;
	uint64_t huge;	 /* of them, mapped a huge page */
	uint64_t copied; /* of them, copied a page: only with cow_detail */
	uint64_t untimed;
	uint64_t off_ns;       /* of the time, off the CPU */
	struct histogram time; /* from the exception to its accounting */
	uint64_t counted_ns;   /* aggregate mode: the time on the CPU; there is no histogram */
};

enum region_class {
	REGION_UNKNOWN,
	REGION_PROGRAM, /* programs and libraries, their data and bss */
	REGION_FILE,	/* a private mapping of another file */
	REGION_SHARED_FILE,
	REGION_HEAP,
	REGION_STACK, /* of the first thread */
	REGION_THREAD_STACK,
	REGION_ANONYMOUS,
	REGION_SHARED_MEMORY,
	REGION_SPECIAL, /* vdso and the like */
	REGION_CLASSES,
};

struct region_row {
	enum region_class class;
	const char *name; /* of a file; "" where the class says it all */
	uint64_t count, major;
	uint64_t time_ns; /* on the CPU */
};

/* Faults that exist only because of a fork. */
struct fork_debt {
	uint64_t cow,
		cow_copied; /* writes to once-shared pages; copies among them, with cow_detail */
	uint64_t refaults;  /* file and shared-memory pages that the parent had mapped */
	uint64_t time_ns;   /* of all, on the CPU */
};

/* What was seen against what the kernel counted, over the same span. */
struct balance {
	uint64_t seen, lost, kernel;
	bool known; /* kernel was read */
};

/* Faults of one severity; kernel = seen + lost + no_event. */
struct fault_balance {
	struct balance balance;
	int64_t no_event;  /* counted by the kernel without an event (get_user_pages) */
	uint64_t unraised; /* of those, seen one by one where fexit allows it */
};

struct reconciliation {
	struct balance switches, voluntary, preempted;
	struct fault_balance minor, major; /* known only when faults are traced */
	uint64_t unfinished; /* faults that began and were never accounted: bad address, signal */
	uint64_t wait_seen_ns, wait_kernel_ns; /* NS_UNKNOWN without run_delay */
	uint64_t run_seen_ns, run_kernel_ns; /* no part of ok: steal and interrupts are left out */
	uint64_t tasks_checked;		     /* tasks with an account */
	uint64_t tasks_off;		     /* of those, tasks with a difference */
	uint64_t tasks_unread; /* tasks that switched or faulted and whose account never came */
	/*
	 * Places where a stream that lost nothing contradicts itself: a task left the CPU that had
	 * not come, or came and had not left.
	 */
	uint64_t contradictions;
	bool ok;
};

/* Where a task or process came from. */
enum created_as {
	CREATED_ROOT,	 /* the traced command itself */
	CREATED_PROCESS, /* no CLONE_VM */
	CREATED_THREAD,	 /* CLONE_THREAD */
	CREATED_VFORK,	 /* CLONE_VM without CLONE_THREAD */
	CREATED_BEFORE,	 /* it was there before recording began */
	CREATED_KINDS,
};

/* One target task; also summed up per process. */
struct task_figures {
	uint64_t in[ROW_WITH_VIA];		 /* switch-ins by level */
	uint64_t voluntary, preempted, migrated; /* switch-outs, switch-outs, switch-ins */
	uint64_t run_ns, off_ns, wait_ns;
	uint64_t direct_ns, direct_count; /* of its switch-ins */
	uint64_t minor, major;		  /* faults */
	uint64_t fault_ns;		  /* their time on the CPU */
};

struct task_entry {
	uint32_t id; /* serial, index into report.tasks */
	uint32_t pid,
		tgid; /* as the loader's pid namespace sees them; what it cannot see: the kernel's */
	uint32_t kernel_pid;
	uint32_t process; /* index into report.processes */
	uint32_t parent;  /* serial of the creating task, 0: none or unknown */
	uint32_t mm;	  /* address space at its end */
	enum created_as created;
	bool known;	    /* its creation was seen; else only its switches were */
	bool exited, ended; /* sched_process_exit seen; account read */
	bool closed;	    /* it outlived the tracing */
	bool aside; /* it does not count: only for who descends from whom, and inherits what */
	bool past;  /* it was there before model_begin(): its account is of more than its figures */
	bool on_cpu;	/* model's own: between switch-in and switch-out */
	bool missed_in; /* model's own: on the CPU by a switch-in that no hook saw */
	int exit_code;	/* as wait(2) encodes it */
	char comm[EVENT_COMM_LEN + 1];
	uint64_t born_ns, died_ns; /* CLOCK_MONOTONIC; 0: before / not yet */
	uint64_t switched_ns;	   /* model's own: stamp of its last switch */
	int in_row;		   /* model's own: row of its last switch-in, -1: none */
	uint64_t stint_wait_ns;	   /* model's own: the wait before its last switch-in */
	bool counted;		   /* model's own: aggregate mode has figures of it */
	bool uncounted;		   /* and has none: they are in the sums only */
	bool began_on_cpu; /* its first record is a switch-out: it ran when recording began */
	uint64_t gaps;	   /* model's own: records between two of its own that are missing */
	uint64_t min_flt, maj_flt; /* model's own: the kernel's counters at its latest fault */
	uint64_t lost_switches;	   /* switch-outs that the hook saw and the ring lost */
	struct task_figures figures;
	struct task_account account; /* valid when ended */
};

struct process_entry {
	uint32_t tgid, kernel_tgid; /* as of task_entry */
	uint32_t parent;	    /* index into report.processes, own index for the root */
	uint32_t mm;		    /* address space at its end */
	uint32_t threads;	    /* tasks it ever had */
	uint32_t crashed_by;	    /* signal, 0: none */
	uint32_t tasks_lost;	    /* tasks that the crash took besides the one that died first */
	bool exited;
	bool uncounted; /* as of a task_entry */
	enum created_as created;
	const char *level; /* "process-level", ... of this process alone: thread-level or single */
	char comm[EVENT_COMM_LEN + 1];
	struct task_figures figures;
	struct fork_debt debt_own;    /* its own faults because it was forked */
	struct fork_debt debt_parent; /* its parent's because of this fork */
	/*
	 * Bytes, of its last address space; 0: not known. The kernel's counters lack what its CPUs hold back,
	 * up to a batch of pages for each CPU and kind: where a sample says more, it is that.
	 */
	uint64_t peak_rss;
	struct task_tlb tlb; /* of its tasks that have ended or were closed */
	uint32_t disturbed;  /* of them, received a shootdown */
};

/* --- memory --- */

#define BYTES_UNKNOWN (~(uint64_t)0)

/* What smaps_rollup says of a process. Bytes. */
struct memory_sample {
	uint64_t rss, pss;	  /* resident pages; each divided by how many page tables have it */
	uint64_t shared, private; /* of rss */
	uint64_t swap, swap_pss;
};

struct process_memory {
	uint32_t process;  /* index into report.processes */
	bool denied;	   /* the loader may not read it, and has not */
	uint64_t samples;  /* since its last exec; 0: it was too short for one, or denied */
	uint64_t most_rss; /* of its samples */
	uint64_t peak_rss; /* as in process_entry; 0: not known */
	struct memory_sample most, last; /* that with the highest PSS; valid with samples */
};

/* Of the tree; BYTES_UNKNOWN where nothing was sampled, or no peak is known. */
struct memory_summary {
	uint64_t rss, pss;	/* the highest sums over processes that were sampled together */
	uint64_t peak_rss;	/* sum of the peaks, whenever they were */
	uint32_t peaks_unknown; /* address spaces whose peak is not in it */
	uint32_t rounds;	/* of samples */
};

/* Who hands the CPU to whom: last user task -> target, any via, resume left out. */
struct switch_pair {
	uint32_t prev, next; /* references as on the wire */
	enum row_level level;
	uint64_t count;
};

/* The pairs again by name: (comm, comm, level). */
struct name_pair {
	char prev[EVENT_COMM_LEN + 1], next[EVENT_COMM_LEN + 1]; /* "": not known */
	bool prev_foreign;
	enum row_level level;
	uint64_t count;
	uint32_t pairs; /* different task pairs behind it */
};

/* By name: who woke whom, only when asked for. */
struct wake_pair {
	char waker[EVENT_COMM_LEN + 1], wakee[EVENT_COMM_LEN + 1]; /* "": not known */
	enum task_class waker_class;
	uint64_t count;
};

enum workload_level {
	WORKLOAD_SINGLE,
	WORKLOAD_THREAD,
	WORKLOAD_PROCESS,
	WORKLOAD_HYBRID,
	WORKLOAD_UNKNOWN, /* nothing ran */
};

#define WORKLOAD_REASONS 4

struct tax {
	uint64_t run_ns;
	uint64_t switching_ns; /* NS_UNKNOWN when no switch could be priced */
	uint64_t switching_by_level[ROW_LEVELS];
	uint64_t unpriced;    /* switches in those rows whose direct cost is unknown */
	uint64_t waiting_ns;  /* stands beside, not in it; NS_UNKNOWN without run_delay */
	uint64_t faulting_ns; /* on the CPU; NS_UNKNOWN when faults have no time */
	uint64_t faulting_by_cause[CAUSES];
	double share; /* (switching + faulting) / run; NaN when unknown or run is 0 */
};

/* The comm of a task that is no target. */
struct foreign_name {
	uint32_t ref;
	char comm[EVENT_COMM_LEN + 1];
	uint64_t order; /* model's own: how many names came before */
};

struct report {
	struct run_context context;
	uint64_t received; /* records */
	uint64_t late;	   /* records that came out of order, and were counted all the same */
	struct losses lost;
	bool complete;	     /* nothing lost */
	uint64_t missed_ins; /* switch-ins of targets that no hook saw: in no row, but waited for */
	uint64_t
		began_on_cpu; /* tasks that ran when recording began: left the CPU once more than came */
	struct reconciliation reconcile;

	uint32_t process_count, thread_count; /* ever seen: processes; tasks */
	uint32_t peak_tasks;
	uint64_t created[CREATED_KINDS], execs, exits;

	enum workload_level workload;
	char reasons[WORKLOAD_REASONS][160];
	unsigned int reason_count;

	struct switch_row *rows; /* rows with count > 0, in the order of enum row_level, via */
	unsigned int row_count;
	uint64_t switches; /* sum of the rows */
	/* switch-ins on a CPU whose last user task was not known: whether it was a resume is not either */
	uint64_t first_switches;

	const struct fault_row
		*fault_rows; /* rows with count > 0, by cause, the most frequent first */
	unsigned int fault_row_count;
	uint64_t faults;		  /* sum of the rows */
	const struct region_row *regions; /* by time, descending */
	size_t region_count;
	struct fork_debt debt_children, debt_parents; /* of all forks */
	struct task_tlb tlb;			      /* of all tasks */
	uint32_t disturbed;			      /* tasks that received a shootdown */

	struct memory_summary memory;
	const struct process_memory *process_memory; /* by highest PSS, then peak, descending */
	uint32_t process_memory_count;

	struct tax tax;
	const struct task_entry *tasks; /* index is the serial; [0] is nobody */
	uint32_t task_count;		/* entries, [0] included */
	const struct process_entry *processes;
	const uint32_t *processes_by_switches; /* indices, busiest first */
	const uint32_t *tasks_by_switches;     /* serials, busiest first; thread_count of them */
	const struct switch_pair *pairs;       /* by count, descending */
	size_t pair_count;
	uint64_t pairs_folded; /* switches between pairs that the bounded table had no room for */
	const struct name_pair *name_pairs; /* by count, descending */
	size_t name_pair_count;
	const struct wake_pair *wake_pairs; /* by count, descending */
	size_t wake_pair_count;
	const struct foreign_name *names; /* by ref, ascending */
	size_t name_count;
	struct level_row levels[ROW_WITH_VIA]; /* by enum row_level */
	struct histogram fault_times[2];       /* aggregate mode: minor, major */
	bool times_complete;		       /* aggregate mode: each of those has found room */
	const struct census *census;	       /* NULL: the kernel has counted nothing */
	const struct timeline *timeline;       /* NULL: only the kernel has counted */
};

struct census;
struct timeline;

void task_figures_add(struct task_figures *sum, const struct task_figures *one);

/* The comm of a task reference, "idle" for idle; NULL: not known. */
const char *report_comm(const struct report *report, uint32_t ref);

const char *row_level_name(enum row_level level);     /* "resume", "thread", ... */
const char *switch_via_name(int via);		      /* "direct", "idle", "kernel"; NULL for -1 */
const char *fault_kind_name(enum fault_kind kind);    /* "first-touch", ... */
const char *fault_cause_name(enum fault_cause cause); /* "process", ... */
const char *tlb_reason_name(int reason);	      /* "remote-shootdown", ... */
const char *region_class_name(enum region_class class); /* "heap", ... */
const char *
workload_level_name(enum workload_level level);	      /* "process-level", ...; unknown: NULL */
const char *created_as_name(enum created_as created); /* "process", ... */

#endif
