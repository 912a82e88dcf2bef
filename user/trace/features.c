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

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/quote.h"

#define VMLINUX_BTF "/sys/kernel/btf/vmlinux"
#define KPROBE_PMU "/sys/bus/event_source/devices/kprobe/type"
#define SECURITYFS "/sys/kernel/security"
#define SECURITYFS_MAGIC 0x73636673
#define NOT_SUPPORTED 524 /* the kernel's ENOTSUPP, which user space has no name for */
#define RING_BYTES 65536  /* whole pages on every architecture */
#define HELD_MAX (4 * FEATURE_COUNT)

enum kind {
	KIND_TYPED,	   /* tp_btf */
	KIND_RAW,	   /* raw_tp */
	KIND_KPROBE,	   /* through the perf PMU: no tracefs */
	KIND_FENTRY,	   /* fentry and fexit of one function */
	KIND_ITER,	   /* iterator */
	KIND_PERF,	   /* software perf event with a program */
	KIND_TASK_STORAGE, /* maps */
	KIND_RING,
	KIND_RING_IN_ARRAY,
	KIND_RUN_DELAY, /* a field that is kept */
};

struct row {
	const char *name;
	const char *hook; /* the kernel's name of what is attached to */
	enum kind kind;
	int config; /* of a perf event */
	enum feature_id
		spare[2];  /* what does its work when it is off; 0: none (tp_btf never does) */
	const char *since; /* mainline version: only a hint beside a failed probe */
	const char *need;
	const char *loses;    /* the report without it and without a spare */
	const char *as;	      /* of a spare: how the row names it that it stands in for, */
	const char *as_loses; /* and what is lost even so; NULL: nothing */
};

#define TYPED(tracepoint) .name = (tracepoint), .kind = KIND_TYPED, .hook = (tracepoint)
#define RAW(tracepoint)                                                      \
	.name = tracepoint "_raw", .kind = KIND_RAW, .hook = (tracepoint),   \
	.need = tracepoint " without BTF types", .as = "raw_tp/" tracepoint, \
	.as_loses = "dearer probes; at most 65,536 tasks at once"
#define ALL "everything"
#define DIRECT "the direct cost of switches is unknown"
#define NAMES "tasks keep the name of their creation or exec"
#define WAKERS "who wakes whom is not shown"

/* clang-format off */
static const struct row rows[FEATURE_COUNT] = {
	[FEATURE_TP_BTF] = { .name = "tp_btf", .kind = KIND_TYPED, .hook = "task_rename",
		.since = "5.5", .need = "typed tracepoints: the cheapest programs", .loses = ALL,
		.spare = { FEATURE_SCHED_SWITCH_RAW } },
	[FEATURE_TASK_STORAGE] = { .name = "task_storage", .kind = KIND_TASK_STORAGE,
		.since = "5.11", .need = "who is a target", .loses = ALL,
		.spare = { FEATURE_SCHED_SWITCH_RAW } },
	[FEATURE_RINGBUF] = { .name = "ringbuf", .kind = KIND_RING, .since = "5.8",
		.need = "events on their way to tasktax", .loses = ALL },
	[FEATURE_RING_IN_ARRAY] = { .name = "ring_in_array", .kind = KIND_RING_IN_ARRAY,
		.since = "5.10", .need = "who wakes whom (--wakers): a ring buffer per CPU",
		.loses = WAKERS },

	[FEATURE_SCHED_SWITCH] = { TYPED("sched_switch"), .spare = { FEATURE_SCHED_SWITCH_RAW },
		.need = "every switch: level, via, run and off time", .loses = ALL },
	[FEATURE_SCHED_EXIT_TP] = { TYPED("sched_exit_tp"), .since = "6.15",
		.spare = { FEATURE_SCHED_EXIT_TP_RAW, FEATURE_FINISH_TASK_SWITCH },
		.need = "the end of a switch: direct cost, wait", .loses = DIRECT },
	[FEATURE_SCHED_ENTRY_TP] = { TYPED("sched_entry_tp"), .since = "6.15",
		.need = "the start of __schedule(): pick cost (--pick)",
		.loses = "the cost of picking the next task is unknown" },
	[FEATURE_TASK_NEWTASK] = { TYPED("task_newtask"), .spare = { FEATURE_TASK_NEWTASK_RAW },
		.need = "creations: thread, process, vfork", .loses = ALL },
	[FEATURE_SCHED_PROCESS_EXEC] = { TYPED("sched_process_exec"),
		.spare = { FEATURE_SCHED_PROCESS_EXEC_RAW },
		.need = "execs: a new address space", .loses = ALL },
	[FEATURE_SCHED_PROCESS_EXIT] = { TYPED("sched_process_exit"),
		.spare = { FEATURE_SCHED_PROCESS_EXIT_RAW },
		.need = "exits of tasks and processes", .loses = ALL },
	[FEATURE_TASK_RENAME] = { TYPED("task_rename"), .spare = { FEATURE_TASK_RENAME_RAW },
		.need = "names that tasks give themselves", .loses = NAMES },
	[FEATURE_SCHED_WAKING] = { TYPED("sched_waking"), .spare = { FEATURE_SCHED_WAKING_RAW },
		.need = "who wakes whom (--wakers)", .loses = WAKERS },

	[FEATURE_SCHED_SWITCH_RAW] = { RAW("sched_switch"), .loses = ALL },
	[FEATURE_SCHED_EXIT_TP_RAW] = { RAW("sched_exit_tp"), .since = "6.15", .loses = DIRECT,
		.spare = { FEATURE_FINISH_TASK_SWITCH } },
	[FEATURE_TASK_NEWTASK_RAW] = { RAW("task_newtask"), .loses = ALL },
	[FEATURE_SCHED_PROCESS_EXEC_RAW] = { RAW("sched_process_exec"), .loses = ALL },
	[FEATURE_SCHED_PROCESS_EXIT_RAW] = { RAW("sched_process_exit"), .loses = ALL },
	[FEATURE_TASK_RENAME_RAW] = { RAW("task_rename"), .loses = NAMES },
	[FEATURE_SCHED_WAKING_RAW] = { RAW("sched_waking"), .loses = WAKERS },
	[FEATURE_FINISH_TASK_SWITCH] = { .name = "finish_task_switch", .kind = KIND_KPROBE,
		.need = "the end of a switch, by kprobe", .loses = DIRECT,
		.as = "kprobe/finish_task_switch",
		.as_loses = "compare the direct cost only with runs of the same end" },

	[FEATURE_ITER_TASK] = { .name = "iter_task", .kind = KIND_ITER, .hook = "bpf_iter_task",
		.since = "5.8", .need = "final counters of tasks that outlive the run",
		.loses = "tasks still alive at the end are not reconciled" },
	[FEATURE_RUN_DELAY] = { .name = "run_delay", .kind = KIND_RUN_DELAY,
		.need = "wait: time queued for a CPU", .loses = "wait is unknown" },

	[FEATURE_PAGE_FAULT_USER] = { TYPED("page_fault_user"), .spare = { FEATURE_FENTRY },
		.need = "faults: address and cause", .loses = "faults are only counted" },
	[FEATURE_PAGE_FAULT_KERNEL] = { TYPED("page_fault_kernel"), .spare = { FEATURE_FENTRY },
		.need = "faults taken inside system calls",
		.loses = "faults in the kernel are only counted" },
	[FEATURE_PERF_FAULT_MIN] = { .name = "perf_fault_min", .kind = KIND_PERF,
		.config = PERF_COUNT_SW_PAGE_FAULTS_MIN, .spare = { FEATURE_FENTRY },
		.need = "minor faults: number and time",
		.loses = "the time of minor faults is unknown" },
	[FEATURE_PERF_FAULT_MAJ] = { .name = "perf_fault_maj", .kind = KIND_PERF,
		.config = PERF_COUNT_SW_PAGE_FAULTS_MAJ, .spare = { FEATURE_FENTRY },
		.need = "major faults: number and time",
		.loses = "the time of major faults is unknown" },
	[FEATURE_RSS_STAT] = { TYPED("rss_stat"), .since = "6.2",
		.need = "what a fault changed: file, anon, shmem, swap",
		.loses = "a fault's kind comes from current->rss_stat or its error code" },
	[FEATURE_KPROBE] = { .name = "kprobe", .kind = KIND_KPROBE, .hook = "do_exit",
		.need = "kernel functions without a tracepoint", .loses = "fallbacks by kprobe" },
	[FEATURE_FENTRY] = { .name = "fentry", .kind = KIND_FENTRY, .hook = "handle_mm_fault",
		.since = "5.5", .need = "start and end of kernel functions",
		.loses = "fallbacks for faults", .as = "fentry and fexit of handle_mm_fault" },
	[FEATURE_SWITCH_MM_IRQS_OFF] = { .name = "switch_mm_irqs_off", .kind = KIND_FENTRY,
		.hook = "switch_mm_irqs_off", .need = "the address-space part of a switch alone",
		.loses = "that part is not shown apart" },
	[FEATURE_TLB_FLUSH] = { TYPED("tlb_flush"), .need = "TLB flushes: reason, pages",
		.loses = "TLB flushes are not observable here" },
	[FEATURE_CSD_QUEUE_CPU] = { .name = "csd_queue_cpu", .kind = KIND_RAW,
		.hook = "csd_queue_cpu", .need = "TLB shootdowns sent",
		.loses = "shootdowns sent are not observable here" },
	[FEATURE_IPI_SEND_CPUMASK] = { TYPED("ipi_send_cpumask"), .since = "6.4",
		.need = "IPIs sent to several CPUs", .loses = "such IPIs are not observable here" },
	[FEATURE_IPI_SEND_CPU] = { TYPED("ipi_send_cpu"), .since = "6.4",
		.need = "IPIs sent to one CPU", .loses = "such IPIs are not observable here" },
};
/* clang-format on */

_Static_assert(FEATURE_COUNT < 64, "features fit a mask");

/* What the probes share while features_probe() runs. */
struct probing {
	struct features *features;
	__u32 btf_id[FEATURE_COUNT]; /* 0: not in BTF */
	bool has_run_delay;	     /* task_struct.sched_info.run_delay */
	bool has_rss_cache;	     /* task_struct.rss_stat: counters are cached per task */
	const char *doing;	     /* what failed: load, attach, open, create */
	int held[HELD_MAX];
	int held_count;
};

/*
 * Reads 8 bytes of kernel memory at address 0 (which fails, harmlessly): tasktax's own programs
 * read kernel memory too, and lockdown forbids that at load time.
 */
static const struct bpf_insn reading[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_10 },
	{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_1, .imm = -8 },
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 8 },
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3, .imm = 0 },
	{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_probe_read_kernel },
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

#define READING (sizeof(reading) / sizeof(reading[0]))
#define EMPTY 2 /* the last two of them */

/* Keeps a descriptor open until the end of the probing. Passes errors on. */
static int hold(struct probing *probing, int fd)
{
	if (fd < 0)
		return fd;
	if (probing->held_count == HELD_MAX) {
		close(fd);
		return -EMFILE;
	}
	probing->held[probing->held_count++] = fd;
	return fd;
}

static int load(struct probing *probing, enum bpf_prog_type type, enum bpf_attach_type attach,
		__u32 btf_id)
{
	struct bpf_prog_load_opts options = {
		.sz = sizeof(options),
		.expected_attach_type = attach,
		.attach_btf_id = btf_id,
	};

	probing->doing = "load";
	return hold(probing,
		    bpf_prog_load(type, "tasktax_probe", "GPL", reading, READING, &options));
}

/* For tp_btf, fentry and fexit: what the program was loaded for. For raw_tp: by name. */
static int load_and_attach(struct probing *probing, enum bpf_prog_type type,
			   enum bpf_attach_type attach, __u32 btf_id, const char *name)
{
	int program = load(probing, type, attach, btf_id);

	if (program < 0)
		return program;
	probing->doing = "attach";
	return hold(probing, bpf_raw_tracepoint_open(name, program));
}

static int open_perf_event(struct perf_event_attr *attr, int pid, int cpu)
{
	int fd;

	attr->size = sizeof(*attr);
	fd = (int)syscall(SYS_perf_event_open, attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int attach_perf_event(struct probing *probing, struct perf_event_attr *attr,
			     enum bpf_prog_type type)
{
	int program = load(probing, type, 0, 0), event;

	if (program < 0)
		return program;
	probing->doing = "open";
	event = hold(probing, open_perf_event(attr, -1, sched_getcpu()));
	if (event < 0)
		return event;
	probing->doing = "attach";
	return ioctl(event, PERF_EVENT_IOC_SET_BPF, program) ? -errno : 0;
}

static bool read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	bool ok = file && fgets(line, (int)size, file);

	if (file)
		fclose(file);
	if (ok)
		line[strcspn(line, "\n")] = '\0';
	return ok;
}

static int read_number(const char *path, int otherwise)
{
	char line[32], *end;
	long number;

	if (!read_line(path, line, sizeof(line)))
		return otherwise;
	number = strtol(line, &end, 10);
	return end == line ? otherwise : (int)number;
}

static int probe_kprobe(struct probing *probing, const char *symbol)
{
	int pmu = read_number(KPROBE_PMU, -1);
	struct perf_event_attr attr = {
		.type = (__u32)pmu,
		.kprobe_func = (__u64)(uintptr_t)symbol,
	};

	return pmu < 0 ? -ENODEV : attach_perf_event(probing, &attr, BPF_PROG_TYPE_KPROBE);
}

/* Skips the suffixes that compilers give to the body of a function that they have changed. */
static const char *skip_body_suffixes(const char *at)
{
	static const char *const suffixes[] = { ".isra.", ".constprop.", ".llvm." };
	size_t i = 0;

	while (i < sizeof(suffixes) / sizeof(suffixes[0])) {
		size_t length = strlen(suffixes[i]);
		size_t digits;

		digits = strncmp(at, suffixes[i], length) ? 0 : strspn(at + length, "0123456789");
		at += digits ? length + digits : 0;
		i = digits ? 0 : i + 1;
	}
	return at;
}

bool features_switch_end_symbol(const char *line, char *symbol, size_t size)
{
	static const char name[] = "finish_task_switch";
	const char *type = strchr(line, ' '), *from, *to;

	if (!type || (type[1] != 't' && type[1] != 'T') || type[2] != ' ')
		return false;
	from = type + 3;
	if (strncmp(from, name, strlen(name)) != 0)
		return false;
	to = skip_body_suffixes(from + strlen(name));
	if ((*to && *to != '\n') || (size_t)(to - from) >= size)
		return false;
	snprintf(symbol, size, "%.*s", (int)(to - from), from);
	return true;
}

/* The scheduler stands near the front: reading stops there, and most of kallsyms is never made. */
static bool find_switch_end(char *symbol, size_t size)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char line[512];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = features_switch_end_symbol(line, symbol, size);
	if (file)
		fclose(file);
	return found;
}

static int probe_finish_task_switch(struct probing *probing)
{
	char *symbol = probing->features->switch_end;

	if (!find_switch_end(symbol, sizeof(probing->features->switch_end)))
		return -ESRCH;
	return probe_kprobe(probing, symbol);
}

static int probe_perf(struct probing *probing, int config)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = (__u64)config,
		.sample_period = 1,
	};

	return attach_perf_event(probing, &attr, BPF_PROG_TYPE_PERF_EVENT);
}

static int probe_fentry(struct probing *probing, __u32 btf_id)
{
	int err = load_and_attach(probing, BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, btf_id, NULL);

	return err < 0 ? err :
			 load_and_attach(probing, BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, btf_id,
					 NULL);
}

static int probe_iter(struct probing *probing, __u32 btf_id)
{
	int program = load(probing, BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, btf_id), link;

	if (program < 0)
		return program;
	probing->doing = "attach";
	link = hold(probing, bpf_link_create(program, 0, BPF_TRACE_ITER, NULL));
	return link < 0 ? link : hold(probing, bpf_iter_create(link));
}

/* Local storage takes its key and value types from a BTF of ours. */
static int probe_task_storage(struct probing *probing)
{
	struct bpf_map_create_opts options = {
		.sz = sizeof(options),
		.map_flags = BPF_F_NO_PREALLOC,
	};
	struct btf *types = btf__new_empty();
	int err;

	probing->doing = "create";
	if (libbpf_get_error(types))
		return -ENOMEM;
	err = btf__add_int(types, "int", sizeof(int), BTF_INT_SIGNED);
	if (err > 0) {
		options.btf_key_type_id = options.btf_value_type_id = (__u32)err;
		err = btf__load_into_kernel(types);
	}
	if (!err) {
		options.btf_fd = (__u32)btf__fd(types);
		err = hold(probing, bpf_map_create(BPF_MAP_TYPE_TASK_STORAGE, "tasktax_probe",
						   sizeof(int), sizeof(int), 0, &options));
	}
	btf__free(types);
	return err;
}

static int probe_ring(struct probing *probing)
{
	probing->doing = "create";
	return hold(probing,
		    bpf_map_create(BPF_MAP_TYPE_RINGBUF, "tasktax_probe", 0, 0, RING_BYTES, NULL));
}

/* Nothing is put into the array: each such update waits for an RCU grace period. */
static int probe_ring_in_array(struct probing *probing)
{
	struct bpf_map_create_opts options = { .sz = sizeof(options) };
	int ring = probe_ring(probing);

	if (ring < 0)
		return ring;
	options.inner_map_fd = (__u32)ring;
	return hold(probing, bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "tasktax_probe",
					    sizeof(__u32), sizeof(__u32), 1, &options));
}

/*
 * Before Linux 5.14 ("sched: Simplify sched_info_on()") the field could be there and not be kept:
 * then schedstat (run, delay, times) of a task that has run counts no time.
 */
static int probe_run_delay(struct probing *probing)
{
	const char *times;
	char line[96];

	probing->doing = "read";
	if (!probing->has_run_delay)
		return -ENOENT;
	times = read_line("/proc/self/schedstat", line, sizeof(line)) ? strrchr(line, ' ') : NULL;
	return times && !strcmp(times, " 0") ? -ENODATA : 0;
}

/* 0 or positive: it works. */
static int probe(struct probing *probing, enum feature_id id)
{
	const struct row *row = &rows[id];
	__u32 btf_id = probing->btf_id[id];

	switch (row->kind) {
	case KIND_TYPED:
		return load_and_attach(probing, BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, btf_id,
				       NULL);
	case KIND_RAW:
		return load_and_attach(probing, BPF_PROG_TYPE_RAW_TRACEPOINT, 0, 0, row->hook);
	case KIND_KPROBE:
		return row->hook ? probe_kprobe(probing, row->hook) :
				   probe_finish_task_switch(probing);
	case KIND_FENTRY:
		return probe_fentry(probing, btf_id);
	case KIND_ITER:
		return probe_iter(probing, btf_id);
	case KIND_PERF:
		return probe_perf(probing, row->config);
	case KIND_TASK_STORAGE:
		return probe_task_storage(probing);
	case KIND_RING:
		return probe_ring(probing);
	case KIND_RING_IN_ARRAY:
		return probe_ring_in_array(probing);
	case KIND_RUN_DELAY:
		return probe_run_delay(probing);
	}
	return -EINVAL;
}

/* A row whose program needs a type of vmlinux's BTF to attach. */
static bool is_typed(enum feature_id id)
{
	return rows[id].kind == KIND_TYPED || rows[id].kind == KIND_FENTRY ||
	       rows[id].kind == KIND_ITER;
}

static bool is_map(enum feature_id id)
{
	return rows[id].kind == KIND_TASK_STORAGE || rows[id].kind == KIND_RING ||
	       rows[id].kind == KIND_RING_IN_ARRAY;
}

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
	const struct row *row = &rows[feature->id];

	if (error == EPERM || error == EACCES)
		explain_refusal(probing, feature, error);
	else if (error == ENODEV && row->kind == KIND_KPROBE)
		set(feature, FEATURE_OFF, error, "no kprobe PMU: CONFIG_KPROBE_EVENTS is off");
	else if (error == ESRCH && row->kind == KIND_KPROBE)
		set(feature, FEATURE_OFF, error, "no such symbol in /proc/kallsyms");
	else if (row->kind == KIND_RUN_DELAY)
		set(feature, FEATURE_OFF, error,
		    error == ENOENT ? "CONFIG_SCHED_INFO is off" :
				      "the kernel does not keep it: delay accounting is off");
	else if (error == NOT_SUPPORTED || error == EOPNOTSUPP)
		set(feature, FEATURE_OFF, error, "the kernel cannot %s it here (%s)",
		    probing->doing, error_name(error));
	else if (error == ENOENT && row->kind == KIND_RAW)
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
	const struct row *row = &rows[feature->id];

	if (!features->btf && !is_map(feature->id))
		set(feature, FEATURE_OFF, ENOENT, "no BTF (" VMLINUX_BTF " missing)");
	else if (is_typed(feature->id) && !probing->btf_id[feature->id])
		set(feature, FEATURE_OFF, ENOENT, "not in this kernel's BTF%s%s%s",
		    row->since ? " (since Linux " : "", row->since ?: "", row->since ? ")" : "");
	else if (feature->id == FEATURE_RSS_STAT && probing->has_rss_cache)
		set(feature, FEATURE_OFF, 0, "counters are cached per task: it fires rarely");
	else if (!features->reads_kernel && !is_map(feature->id) && row->kind != KIND_RUN_DELAY)
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

static bool is_spare_of(enum feature_id id, const struct row *row)
{
	return id && (row->spare[0] == id || row->spare[1] == id);
}

/* The raw_tp variant of a typed row. */
static bool is_variant(enum feature_id id)
{
	return rows[id].kind == KIND_RAW && rows[id].as;
}

/* False for a fallback whose first choice has been found to work. */
static bool is_needed(const struct features *features, enum feature_id id)
{
	bool first_choice = false;

	if (is_variant(id))
		return !typed_works(features);
	for (int i = 0; i < FEATURE_COUNT; i++) {
		if (!is_spare_of(id, &rows[i]) || features->feature[i].state == FEATURE_UNPROBED ||
		    (is_variant(i) && typed_works(features)))
			continue;
		if (features->feature[i].state != FEATURE_ON)
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
	err = probe(probing, feature->id);
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
		const struct row *row = &rows[id];

		if (feature->state != FEATURE_OFF && feature->state != FEATURE_EXCLUDED)
			continue;
		feature->loses = is_needed(features, id) ? row->loses : NULL;
		for (int i = 0; i < 2; i++) {
			enum feature_id spare = row->spare[i];

			if (!spare || !features_has(features, spare) ||
			    (is_variant(spare) && typed_works(features)))
				continue;
			feature->instead = rows[spare].as;
			feature->loses = rows[spare].as_loses;
			break;
		}
	}
}

/* --- what the host is --- */

bool features_lockdown_mode(const char *text, char *mode, size_t size)
{
	const char *from = strchr(text, '['), *to = from ? strchr(from, ']') : NULL;

	if (!to || to == from + 1)
		return false;
	snprintf(mode, size, "%.*s", (int)(to - from - 1), from + 1);
	return true;
}

static void read_lockdown(char *mode, size_t size)
{
	struct statfs fs;
	char line[128];

	if (read_line(SECURITYFS "/lockdown", line, sizeof(line))) {
		if (!features_lockdown_mode(line, mode, size))
			snprintf(mode, size, "unknown (not understood)");
	} else if (errno == EACCES) {
		snprintf(mode, size, "unknown (not readable)");
	} else if (statfs(SECURITYFS, &fs) || fs.f_type != SECURITYFS_MAGIC) {
		snprintf(mode, size, "unknown (securityfs not mounted)");
	} else {
		snprintf(mode, size, "none (not built in)");
	}
}

/* x86 says "model name"; arm64 says nothing that people would know. */
static void read_cpu_model(char *model, size_t size)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[256];

	snprintf(model, size, "unknown");
	while (file && fgets(line, sizeof(line), file)) {
		const char *value = strchr(line, ':');

		if (!value || strncmp(line, "model name", strlen("model name")) != 0)
			continue;
		value += 1 + strspn(value + 1, " \t");
		snprintf(model, size, "%.*s", (int)strcspn(value, "\n"), value);
		break;
	}
	if (file)
		fclose(file);
}

static int probe_pmu(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.config = PERF_COUNT_HW_CPU_CYCLES,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};
	int fd = open_perf_event(&attr, 0, -1);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? -fd : 0;
}

/*
 * Where securityfs is not mounted, lockdown is known by what it does: an empty program loads and
 * one that reads kernel memory does not.
 */
static void find_whether_programs_read(struct probing *probing)
{
	struct features *features = probing->features;
	int empty;

	features->reads_kernel = true;
	if (load(probing, BPF_PROG_TYPE_RAW_TRACEPOINT, 0, 0) != -EINVAL)
		return;
	empty = hold(probing, bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "tasktax_probe", "GPL",
					    reading + READING - EMPTY, EMPTY, NULL));
	features->reads_kernel = empty < 0;
	if (!features->reads_kernel && !strncmp(features->lockdown, "unknown", 7))
		snprintf(features->lockdown, sizeof(features->lockdown),
			 "confidentiality (told by its effect)");
}

static int read_host(struct features *features, struct fail *fail)
{
	int possible = libbpf_num_possible_cpus();
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	struct utsname name;
	char line[128];

	if (uname(&name))
		return fail_set(fail, -errno, "cannot ask for the kernel's name: %s",
				strerror(errno));
	snprintf(features->release, sizeof(features->release), "%s", name.release);
	snprintf(features->arch, sizeof(features->arch), "%s", name.machine);
	features->cpus_online = online > 0 ? (unsigned int)online : 1;
	features->cpus_possible = possible > 0 ? (unsigned int)possible : features->cpus_online;
	features->btf = !access(VMLINUX_BTF, R_OK);
	features->kallsyms = read_line("/proc/kallsyms", line, sizeof(line));
	features->pmu_error = probe_pmu();
	features->unprivileged_bpf = read_number("/proc/sys/kernel/unprivileged_bpf_disabled", -1);
	features->perf_event_paranoid =
		read_number("/proc/sys/kernel/perf_event_paranoid", INT_MIN);
	read_cpu_model(features->cpu_model, sizeof(features->cpu_model));
	read_lockdown(features->lockdown, sizeof(features->lockdown));
	return privilege_read(&features->privilege, fail);
}

/* --- vmlinux's BTF, read once --- */

struct typed_rows {
	enum feature_id id[FEATURE_COUNT];
	int count;
};

static bool has_member(const struct btf *btf, const struct btf_type *type, const char *name)
{
	const struct btf_member *member = btf_members(type);

	for (int i = 0; i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(btf, member[i].name_off), name))
			return true;
	return false;
}

/* The rows that want the type of this name: BTF has a hundred thousand, so the list is short. */
static void note_hook(struct probing *probing, const struct typed_rows *wanted, const char *name,
		      __u32 type)
{
	for (int i = 0; i < wanted->count; i++)
		if (!strcmp(rows[wanted->id[i]].hook, name))
			probing->btf_id[wanted->id[i]] = type;
}

static void note_type(struct probing *probing, const struct typed_rows *tracepoints,
		      const struct typed_rows *functions, const struct btf *btf, __u32 id)
{
	static const char prefix[] = "btf_trace_";
	const struct btf_type *type = btf__type_by_id(btf, id);
	const char *name;

	if (!btf_is_typedef(type) && !btf_is_func(type) && !btf_is_struct(type))
		return;
	name = btf__name_by_offset(btf, type->name_off);
	if (btf_is_func(type))
		note_hook(probing, functions, name, id);
	else if (btf_is_typedef(type) && !strncmp(name, prefix, strlen(prefix)))
		note_hook(probing, tracepoints, name + strlen(prefix), id);
	else if (btf_is_struct(type) && !strcmp(name, "task_struct"))
		probing->has_rss_cache |= has_member(btf, type, "rss_stat");
	else if (btf_is_struct(type) && !strcmp(name, "sched_info"))
		probing->has_run_delay |= has_member(btf, type, "run_delay");
}

static void read_btf(struct probing *probing)
{
	struct btf *btf = probing->features->btf ? btf__parse_raw(VMLINUX_BTF) : NULL;
	struct typed_rows tracepoints = { 0 }, functions = { 0 };

	for (int id = 0; id < FEATURE_COUNT; id++) {
		struct typed_rows *to = rows[id].kind == KIND_TYPED ? &tracepoints : &functions;

		if (is_typed(id))
			to->id[to->count++] = id;
	}
	if (libbpf_get_error(btf))
		btf = NULL;
	probing->features->btf = btf;
	for (__u32 id = 1; btf && id < btf__type_cnt(btf); id++)
		note_type(probing, &tracepoints, &functions, btf, id);
	btf__free(btf);
}

/* --- what is asked for --- */

enum feature_id features_find(const char *name)
{
	int id = 0;

	while (id < FEATURE_COUNT && strcmp(rows[id].name, name) != 0)
		id++;
	return id;
}

/* Which row stands for all of this kind; FEATURE_COUNT: none. */
static enum feature_id family_of(enum kind kind)
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
	char list[512] = "", raw[64];
	size_t length = 0;

	for (int id = 0; id < FEATURE_COUNT && length < sizeof(list); id++) {
		snprintf(raw, sizeof(raw), "%s_raw", rows[id].name);
		if (is_variant(id))
			continue;
		length += (size_t)snprintf(list + length, sizeof(list) - length, " %s%s",
					   rows[id].name,
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
		if (id == (int)excluded || family_of(rows[id].kind) == excluded)
			set(&features->feature[id], FEATURE_EXCLUDED, 0, "by --without %s", name);
	return 0;
}

static void name_rows(struct features *features)
{
	for (int id = 0; id < FEATURE_COUNT; id++) {
		struct feature *feature = &features->feature[id];

		feature->id = id;
		feature->name = rows[id].name;
		feature->need = rows[id].need;
		set(feature, FEATURE_UNPROBED, 0, "not asked for");
	}
}

static void probe_all(struct features *features, uint64_t wanted)
{
	struct probing probing = { .features = features };

	read_btf(&probing);
	find_whether_programs_read(&probing);
	for (int id = 0; id < FEATURE_COUNT; id++)
		if (wanted & FEATURE_BIT(id))
			probe_one(&probing, &features->feature[id], wanted == FEATURES_ALL);
	set_consequences(features);
	while (probing.held_count)
		close(probing.held[--probing.held_count]);
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
	err = read_host(features, fail);
	if (!err)
		probe_all(features, wanted);
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
