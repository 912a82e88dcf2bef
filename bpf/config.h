/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * config.h - what the loader tells the programs once, before load. Read-only from then on, so the
 * verifier removes the branches that are off.
 *
 * Also the per-CPU and per-task state that the loader reads from the maps after disarming.
 * Included by bpf/ and by user/trace/session.c only.
 */
#ifndef TASKTAX_CONFIG_H
#define TASKTAX_CONFIG_H

#include "counts.h"
#include "event.h"

struct config {
	u32 cpus;	 /* entries of the per-CPU maps */
	u32 log_records; /* room in each log, a power of two */
	u32 ring_wake;	 /* bytes written to a CPU's ring between two wake-ups of the loader */
	u32 end_hook;	 /* an end-of-switch hook is attached: 0: records go out without direct */
	u32 pick;	 /* sched_entry_tp is attached */
	u32 faults;	 /* enum fault_end, 0: faults are not traced */
	u32 rss_stat;	 /* tp_btf/rss_stat is attached; else current->rss_stat is read, if there */
	u32 huge_pages;	 /* base pages of a huge page (PMD), 0: not to be told apart */
	u64 flush_tlb_func; /* its address: the function that a shootdown calls, 0: not known */
	u32 each_shootdown; /* goes out as a record of its own */
	u32 calibrate_tid;  /* the loader's task, while calibrating */
	u32 pid_namespace;  /* the loader's: its inode number */
	u32 attached;	    /* the targets were there before: they are seeded */
	u32 everybody;	    /* all user tasks of the host are, but the loader's own */
	u32 loader;	    /* its process, as it sees itself */
	u32 stream;	    /* records of switches and faults go out */
	u32 aggregate;	    /* they are counted: at least one of the two */
	u32 group_by;	    /* enum group_by: process, thread or none */
	u32 groups;	    /* how many there can be, GROUP_OTHERS included */
	u32 slabs;	    /* of each CPU */
	u32 slabs_kept;	    /* of them, only for counts: the last that are left */
};

/* A process that is selected, by its id as the loader sees it. */
struct seed {
	u32 task;  /* serial of its first task that was marked; 0: none was */
	u32 mm;	   /* serial of its address space */
	u32 group; /* which counts for it in aggregate mode, by process; 0: not yet */
	u32 reserved;
};

/* Where a fault is known to have been accounted. */
enum fault_end {
	FAULT_END_NONE,
	FAULT_END_PERF,	   /* software events PAGE_FAULTS_MIN and PAGE_FAULTS_MAJ */
	FAULT_END_FEXIT,   /* of handle_mm_fault(), as its start */
	FAULT_END_COUNTER, /* the task's counters have moved at its next fault: no time */
};

/* Losses of one CPU: events that were meant to be recorded and were not. */
struct loss {
	u64 switches, waking; /* switch log full, ring full */
	u64 shootdowns;	      /* ring full */
	u64 faults;	      /* ring full */
	u64 lifecycle;	      /* lifecycle ring full */
	u64 untracked; /* a new task that could not be given storage: never counted as target */
	u64 unseen;    /* prev was not the last next: the program missed a switch in between */
};

/*
 * One record of a CPU's log, in a cache line of its own. A log is written only by programs that no other
 * writer of it can interrupt on its CPU, and only the loader reads: so it needs neither a lock nor an
 * atomic operation, which is most of what a record in a BPF ring buffer costs. `written` and `read` of the
 * CPU's state only grow; the loader owns the records from `read` up to `written`.
 */
union log_record {
	struct event_header h;
	struct event_switch switched;
	struct event_missed missed;
	struct event_fault fault;
	u64 line[8];
};

/* The logs of a CPU: their writers run with preemption off, but faults may sleep inside those of faults. */
enum log_kind {
	LOG_SWITCHES,
	LOG_FAULTS, /* only there when faults are traced, and not by fexit, which can be preempted */
	LOGS,
};

/* The programs' side of a log. */
struct log_state {
	u64 room;    /* `read` as it was when the log last looked full */
	u64 written; /* records */
	u32 unwoken; /* records written since the loader was last woken */
	u32 reserved;
};

/*
 * The fault that a task is in. While the task runs it is in its CPU's state, where the hooks inside the
 * fault find it without looking the task up; while it does not, in the task's.
 */
struct fault_state {
	u64 task; /* task_struct; 0: none */
	u64 start;
	u64 address;
	u64 off_ns; /* off the CPU so far */
	s64 anon; /* the address space's anonymous pages before it, as far as they are summed up */
	u32 id, mm;			  /* serials */
	u32 code;			  /* FAULT_* */
	u32 retried;			  /* handle_mm_fault() will be called again for it */
	u64 counted_minor, counted_major; /* min_flt and maj_flt before it: FAULT_END_COUNTER */
	u32 cache[4];			  /* current->rss_stat.count[] before it: before 6.2 */
	u32 cache_events;
	u32 group;
	u64 out; /* when it left the CPU */
	u64 reserved_too[3];
};

/* Beside FAULT_* in fault_state.code, only for the kernel's own count. */
#define FAULT_BY_FORK (1 << 16)	   /* in an address space that is a copy: STARTED_BY_FORK */
#define FAULT_HAS_FORKED (1 << 17) /* by a task that has made a copy of its own */

/* What a CPU counts with, in aggregate mode. */
struct cpu_tally {
	u64 counted;	 /* switches: the loader looks who can still be counted for */
	u64 run_from;	 /* when the running target came; 0: it is none, or that was not seen */
	u64 stint_wait;	 /* its wait before that */
	u16 stint_row;	 /* without an end hook: by which it came; COUNT_ROWS: not known */
	u16 stint_level; /* and its level */
	u32 prev_group, next_group; /* of the pending switch */
	u32 taking;		    /* a slab is just being taken */
	u64 slabs_taken;
	u64 missed, missed_wait_ns; /* switch-ins that no hook saw, in no row */
};

/*
 * State of one CPU. It fills whole cache lines, and belongs to the CPU that owns the index; while the
 * programs run, the loader reads `written`, and writes `read`.
 */
struct cpu_state {
	struct event_switch pending; /* waits for the end of its switch */
	u64 wait_base;		     /* next's run_delay when its wait was last read */
	u64 current_task;	     /* task_struct of the last next */
	u64 last_user_task; /* task_struct of the last user task; with the pid an identity */
	u64 entry_ts;	    /* of __schedule(), 0: not seen */
	u32 has_pending;
	u32 last_user_pid;
	u32 last_user, last_mm; /* reference and address-space serial */
	u32 via;		/* bits 1 << SWITCH_VIA_*: who ran since the last user task */
	u32 index;		/* of this CPU, set by the loader */
	u32 ring_unwoken;	/* bytes written to the ring since the loader was last woken */
	u32 reserved;
	struct log_state log[LOGS];
	struct loss loss;
	u64 fault_runs; /* of the programs at a fault's end, whoever took it */
	u64 shot_ns;	/* the flush that interrupts the running task began, 0: none does */
	u64 calls;	/* shootdowns sent from here, each with a record */
	u64 shot_call;	/* which one that flush is; 0: not known */
	u64 reserved_too[1];

	struct fault_state fault; /* of the task that runs */
	struct cpu_tally tally;

	u64 read[LOGS];	 /* by the loader, in a line of its own */
	u64 slabs_freed; /* by the loader, as is how often it has given the CPU a slab */
	u64 last[7 - LOGS];
};

#define STARTED_SWITCHES 1
#define STARTED_FAULTS 2
#define STARTED_BY_FORK 4 /* its address space is a copy, and it has executed nothing since */
#define STARTED_A_FORK \
	8 /* it has made a copy of its address space, which has executed nothing since */

/* A target task: the value of the task storage. */
struct task_state {
	u32 id, mm;    /* serials; id 0 is nobody */
	u64 mm_struct; /* which address space `mm` names; 0: not seen yet */
	u32 cpu;       /* it last ran on, plus one; 0: never */
	u32 started;   /* STARTED_*: which part of account.base is set, and what forked */
	u32 ended;     /* its last counters have gone out */
	u32 group;     /* which counts for it in aggregate mode */
	struct task_account account;
	struct fault_state fault;
};

/* Of one CPU, while a target ran. */
struct tlb_reasons {
	struct tlb_reason reason[TLB_REASONS];
};

struct calibration {
	u64 count;	  /* of samples taken; those beyond the array are dropped */
	u32 sample[1024]; /* ns */
};

_Static_assert(sizeof(struct cpu_state) % 64 == 0, "no cache line is shared between CPUs");
_Static_assert(__builtin_offsetof(struct cpu_state, read) % 64 == 0, "nor with the loader");
_Static_assert(sizeof(struct fault_state) == 128, "two lines");
_Static_assert(sizeof(struct cpu_tally) == 64, "a line");
_Static_assert(sizeof(union log_record) == 64, "a cache line");

#endif
