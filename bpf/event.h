/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * event.h - the wire ABI between bpf/ and user/: every record that leaves the kernel.
 *
 * Fixed-width integers, explicit enum values, no pointers, no padding that is not named and
 * zeroed. Every record starts with struct event_header. Sizes are asserted below; a change of any
 * layout is a new EVENT_ABI. Included by bpf/ (where the types come from vmlinux.h) and by user/.
 */
#ifndef TASKTAX_EVENT_H
#define TASKTAX_EVENT_H

#ifndef __VMLINUX_H__
#include <stdint.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;
#endif

#define EVENT_ABI 6
#define EVENT_COMM_LEN 16

enum event_kind {
	EVENT_SWITCH = 1,   /* struct event_switch: per-CPU ring */
	EVENT_WAKING = 2,   /* struct event_waking: per-CPU ring, only when asked for */
	EVENT_NEWTASK = 3,  /* struct event_newtask: lifecycle ring, as all that follow */
	EVENT_EXEC = 4,	    /* struct event_exec */
	EVENT_RENAME = 5,   /* struct event_rename */
	EVENT_EXIT = 6,	    /* struct event_exit: sched_process_exit, one per task */
	EVENT_END = 7,	    /* struct event_end: the kernel's counters at the last switch-out */
	EVENT_NAME = 8,	    /* struct event_name: made by the loader, the comm of a foreign task */
	EVENT_MISSED = 9,   /* struct event_missed: per-CPU ring, a switch-in that no hook saw */
	EVENT_FAULT = 10,   /* struct event_fault: per-CPU ring */
	EVENT_IMAGE = 11,   /* struct event_image: made by the loader, as all that follow */
	EVENT_MAPPING = 12, /* struct event_mapping */
	EVENT_MEMORY = 13,  /* struct event_memory */
	EVENT_SHOOTDOWN = 14, /* struct event_shootdown: per-CPU ring, only when asked for */
};

struct event_header {
	u64 ts;	  /* CLOCK_MONOTONIC, ns */
	u16 kind; /* enum event_kind */
	u16 size; /* of the whole record, header included, bytes */
	u16 cpu;
	u16 flags; /* of the kind */
};

/*
 * A task on the wire: the two highest bits say what it is, the rest who.
 * Target tasks carry a serial number given in BPF (pids are reused, serials are not; 0: nobody
 * known), the others their pid. 2^30 serials last ten hours at 30,000 tasks a second.
 */
enum task_class {
	TASK_TARGET = 0,  /* serial */
	TASK_FOREIGN = 1, /* pid of a user task that is not a target */
	TASK_KERNEL = 2,  /* pid of a kernel thread */
	TASK_IDLE = 3,	  /* 0: one idle task per CPU */
};

/* The serials of the root of the tree: the traced command's first task and its address space. */
#define ROOT_TASK 1
#define ROOT_MM 1

#define TASK_CLASS_SHIFT 30
#define TASK_ID_MASK ((1u << TASK_CLASS_SHIFT) - 1)
#define TASK_REF(class, id) (((u32)(class) << TASK_CLASS_SHIFT) | ((u32)(id)&TASK_ID_MASK))
#define TASK_CLASS(ref) ((enum task_class)((u32)(ref) >> TASK_CLASS_SHIFT))
#define TASK_ID(ref) ((u32)(ref)&TASK_ID_MASK)

/* flags of EVENT_SWITCH: level and via of next's switch-in, then single bits */
enum switch_level {
	SWITCH_LEVEL_NONE = 0,	  /* next is no target: the row follows from next's class */
	SWITCH_LEVEL_RESUME = 1,  /* the last user task on this CPU was next itself */
	SWITCH_LEVEL_THREAD = 2,  /* another task, same address space */
	SWITCH_LEVEL_PROCESS = 3, /* another address space */
	SWITCH_LEVEL_EXITING =
		4, /* next has given up its address space: mm NULL, no kernel thread */
};

enum switch_via {
	SWITCH_VIA_DIRECT = 0,
	SWITCH_VIA_IDLE = 1,
	SWITCH_VIA_KERNEL = 2,
};

#define SWITCH_LEVEL(flags) ((enum switch_level)((flags)&7))
#define SWITCH_VIA(flags) ((enum switch_via)(((flags) >> 3) & 3))
#define SWITCH_FLAGS(level, via) ((u16)((level) | ((via) << 3)))
#define SWITCH_VOLUNTARY (1 << 5) /* prev's nvcsw moved; else, for a target prev, its nivcsw */
#define SWITCH_MIGRATED (1 << 6)  /* next last ran on another CPU */
#define SWITCH_FIRST (1 << 7) /* this CPU's last user task is not known: resume cannot be told */
#define SWITCH_WAIT (1 << 8)  /* wait_ns is known */
#define SWITCH_WAIT_WIDE \
	(1 << 9) /* wait over 2^32 ns: pick_ns holds its upper half, pick unknown */
#define SWITCH_WAIT_PREV (1 << 10) /* no end hook: wait_ns is that of prev's stint, now over */
#define SWITCH_PREV_DEAD (1 << 11) /* prev's last switch-out */
#define SWITCH_TLB_FLUSHED \
	(1 << 12) /* --tlb-switch: the switch of address spaces flushed the TLB, */
#define SWITCH_TLB_REUSED (1 << 13) /* or found its entries of this one still good */

#define SWITCH_NS_UNKNOWN 0xffffffffu /* of direct_ns: the end of the switch was not seen */

struct event_switch {
	struct event_header h; /* ts: taken last thing in the sched_switch program */
	u32 prev, next;	       /* task references */
	u32 last_user;	       /* the CPU's last user task before next, 0: none yet */
	u32 next_mm;	       /* address-space serial, 0: not a target's */
	u32 last_mm;	       /* of last_user */
	u32 direct_ns;	       /* to the end of the switch, probe cost included */
	u32 pick_ns;	       /* __schedule() entry to sched_switch; 0: not measured */
	u32 wait_ns;	       /* queued time of next (or prev) for this stint, with SWITCH_WAIT */
};

struct event_waking {
	struct event_header h;
	u32 waker, wakee; /* task references; the wakee is a target */
};

/*
 * The kernel can switch without running the program (seen with tasks of a hypervisor's guest agent).
 * A target that leaves the CPU without having been seen to come says so first: its switch-in is in no
 * row, but its wait is accounted for.
 */
struct event_missed {
	struct event_header h;
	u32 task, reserved;
	u64 wait_ns;
};

#define NEWTASK_SEEDED 1 /* flags of EVENT_NEWTASK: it was there before recording began */
#define NEWTASK_ASIDE 2	 /* it is no target, only kin: never on the wire, see record/narrow.h */

struct event_newtask {
	struct event_header h;
	u32 task, parent; /* references; parent 0: the root of the tree */
	u32 pid, tgid;
	u32 mm;
	u32 local_tgid; /* tgid as the loader's pid namespace sees it; 0: not at all */
	u64 clone_flags;
	u64 stack,
		tls; /* of a thread: its first user stack pointer and thread pointer, 0: not known */
	u8 comm[EVENT_COMM_LEN];
	u32 local_pid; /* as local_tgid, of the task */
	u32 group;     /* which counts for it in aggregate mode: counts.h */
};

struct event_exec {
	struct event_header h;
	u32 task, mm;
	u32 pid, old_pid; /* differ when a thread that is not the leader executes */
	u8 comm[EVENT_COMM_LEN];
	u64 most_pages; /* resident, of all address spaces that the process has left so far */
};

struct event_rename {
	struct event_header h;
	u32 task, reserved;
	u8 comm[EVENT_COMM_LEN];
};

#define EXIT_GROUP_DEAD 1 /* flags of EVENT_EXIT: the last task of its process */
#define EXIT_UNRECORDED 2 /* before recording began: its last switch-out may not be recorded */

struct event_exit {
	struct event_header h;
	u32 task;
	u32 code; /* as wait(2) encodes it */
	/* With EXIT_GROUP_DEAD, else 0. Resident pages, at most: */
	u64 peak_pages; /* of the process's last address space; 0: it is gone already */
	u64 most_pages; /* of all that the process ever had */
};

/* The kernel's own counters of one task. ns and counts. */
struct task_counters {
	u64 nvcsw, nivcsw;
	u64 run_delay, sum_exec;
	u64 min_flt, maj_flt;
};

/* TLB shootdowns of one task: a flush that other CPUs are asked for by an interrupt. */
struct task_tlb {
	u64 sent;	 /* interrupts: one per CPU asked */
	u64 sent_all;	 /* of them, to flush all of the address space */
	u64 sent_pages;	 /* that the others were about */
	u64 received;	 /* interrupts that came while it ran */
	u64 received_ns; /* spent in them, without the interrupt's own entry */
};

/*
 * What reconciliation needs: the counters before the task's first recorded event and at its last
 * recorded one (switch-out, fault), and how many events the hooks saw in between, recorded or lost.
 */
struct task_account {
	struct task_counters base, last;
	u64 outs_voluntary, outs_preempted;
	u64 lost_minor, lost_major; /* faults whose record found no room */
	u64 unfinished;	    /* faults that began and were not accounted: bad address, signal */
	u64 unraised_minor; /* taken by the kernel for the task without an event, where seen */
	u64 unraised_major;
	struct task_tlb tlb;
};

#define END_CLOSED 1 /* flags of EVENT_END: the task outlived the recording */

struct event_end {
	struct event_header h;
	u32 task;
	u32 at; /* aggregate mode: which switch of its CPU it left in, by cpu_tally.counted; low bits */
	struct task_account account;
};

/* flags of EVENT_FAULT: the low five are x86's page-fault error code */
#define FAULT_PRESENT (1 << 0)
#define FAULT_WRITE (1 << 1)
#define FAULT_USER (1 << 2)
#define FAULT_FETCH (1 << 4) /* of an instruction */
#define FAULT_MAJOR (1 << 5)
#define FAULT_ALLOC (1 << 6)	  /* a page was allocated in it, with --cow-detail */
#define FAULT_HUGE (1 << 7)	  /* it mapped a huge page (PMD) */
#define FAULT_NO_CODE (1 << 8)	  /* its start was not seen: no error code, no time */
#define FAULT_NO_PRESENT (1 << 9) /* FAULT_PRESENT is not known */
#define FAULT_CHANGED_SHIFT 10 /* four bits, by the kernel's MM_* counters: which of them moved */
#define FAULT_FILE (1 << 10)
#define FAULT_ANON (1 << 11)
#define FAULT_SWAP (1 << 12)
#define FAULT_SHMEM (1 << 13)
#define FAULT_NO_CHANGED (1 << 14) /* what moved is not known */
#define FAULT_CODE_MASK (FAULT_PRESENT | FAULT_WRITE | FAULT_USER | FAULT_FETCH)

struct event_fault {
	struct event_header h; /* ts: of its end */
	u32 task;	       /* a target */
	u32 mm;		       /* address-space serial */
	u64 address;
	u64 time_ns;	      /* NS_UNKNOWN: its start or its end was not seen */
	u64 off_ns;	      /* of it, off the CPU */
	u64 min_flt, maj_flt; /* the task's counters after it */
};

/* A process has begun to execute another program: its address space is new and empty. */
struct event_image {
	struct event_header h;
	u32 tgid, reserved; /* as the loader's pid namespace sees it */
};

#define MAPPING_NAME_MAX 4096

/* From now on this range is mapped so, as perf's PERF_RECORD_MMAP2 or /proc/PID/maps tell. */
struct event_mapping {
	struct event_header h; /* size: whole multiples of 8 */
	u32 tgid;	       /* as of event_image */
	u32 prot, map;	       /* PROT_*; MAP_SHARED or MAP_PRIVATE, with MAP_HUGETLB */
	u32 known;	       /* 1: prot and map are */
	u64 start, end, offset;
	char name[]; /* terminated */
};

#define MEMORY_DENIED 1 /* flags of EVENT_MEMORY: the loader may not read it, and all else is 0 */

/* What smaps_rollup says of a process. ts: after it was read. Bytes. */
struct event_memory {
	struct event_header h;
	u32 task;  /* the first of the process */
	u32 round; /* records of one round belong together; counted from 1 */
	u64 rss, pss;
	u64 shared, private; /* of rss: in other page tables too, or in no other */
	u64 swap, swap_pss;
};

/* flags of EVENT_SHOOTDOWN */
#define SHOOTDOWN_RECEIVED 1 /* else sent */
#define SHOOTDOWN_ALL 2	     /* sent: of all of an address space, not of `pages` */

/* A TLB shootdown, where it was sent, and where it came. ts: when it was sent; when it was over. */
struct event_shootdown {
	struct event_header h;
	u32 task;    /* a target: who sent it; who was interrupted */
	u32 to;	     /* sent: the CPU that is asked */
	u64 call;    /* which one, the same at both ends; 0: not known, or not sent by a target */
	u64 pages;   /* sent: that it is about */
	u64 took_ns; /* received: spent in the interrupt, without its own entry */
};

struct event_name {
	struct event_header h;
	u32 task, reserved; /* a TASK_FOREIGN or TASK_KERNEL reference */
	u8 comm[EVENT_COMM_LEN];
};

/*
 * What was meant to be recorded and was not, by class. No record: the loader sums it up from the
 * maps, and every output and record file carries it.
 */
struct losses {
	u64 switches, waking; /* ring full */
	u64 shootdowns;	      /* ring full */
	u64 faults;	      /* ring full */
	u64 mappings;	      /* perf's ring full */
	u64 lifecycle;	      /* lifecycle ring full */
	u64 untracked;	      /* new tasks that could not be followed */
	u64 unseen;	      /* no loss of ours: switches that the kernel ran no program for */
	u64 unseen_faults; /* no loss of ours: of the whole host, for which the kernel ran no program */
	u64 recursion;	   /* program runs that the kernel skipped (recursion_misses) */
	u64 unknown;	   /* records that the reader did not understand */
};

/* Flushes by the kernel's reason (enum tlb_flush_reason), only with --tlb-switch. */
#define TLB_REASONS 8 /* unknown ones share the last */

struct tlb_reason {
	u64 count;
	u64 all;   /* of them, of all of an address space */
	u64 pages; /* that the others were about */
};

#define NS_UNKNOWN (~(u64)0) /* of any ns figure: not known, never written as 0 */

_Static_assert(sizeof(struct event_header) == 16, "wire ABI");
_Static_assert(sizeof(struct event_switch) == 48, "wire ABI: the hot record");
_Static_assert(sizeof(struct event_waking) == 24, "wire ABI");
_Static_assert(sizeof(struct event_missed) == 32, "wire ABI");
_Static_assert(sizeof(struct event_newtask) == 88, "wire ABI");
_Static_assert(sizeof(struct event_exec) == 56, "wire ABI");
_Static_assert(sizeof(struct event_rename) == 40, "wire ABI");
_Static_assert(sizeof(struct event_exit) == 40, "wire ABI");
_Static_assert(sizeof(struct task_account) == 192, "wire ABI");
_Static_assert(sizeof(struct event_end) == 216, "wire ABI");
_Static_assert(sizeof(struct event_fault) == 64, "wire ABI");
_Static_assert(sizeof(struct event_image) == 24, "wire ABI");
_Static_assert(sizeof(struct event_mapping) == 56, "wire ABI");
_Static_assert(sizeof(struct event_memory) == 72, "wire ABI");
_Static_assert(sizeof(struct event_name) == 40, "wire ABI");
_Static_assert(sizeof(struct event_shootdown) == 48, "wire ABI");

#endif
