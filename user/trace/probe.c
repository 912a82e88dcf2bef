// SPDX-License-Identifier: GPL-2.0
/* probe.c - real loads and attaches of programs of a few instructions; see probe.h. */
#include "trace/probe.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "trace/host.h"
#include "trace/mappings.h"

#define KPROBE_PMU "/sys/bus/event_source/devices/kprobe/type"
#define RING_BYTES 65536 /* whole pages on every architecture */

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

static int probe_kprobe(struct probing *probing, const char *symbol)
{
	int pmu = host_read_number(KPROBE_PMU, -1);
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

/* The descriptor must be mapped to be of use, but whether it may be is not what kernels differ in. */
static int probe_mappings(struct probing *probing)
{
	struct perf_event_attr attr;

	probing->doing = "open";
	mappings_attr(&attr);
	return hold(probing, open_perf_event(&attr, -1, sched_getcpu()));
}

static int probe_proc_maps(struct probing *probing)
{
	int fd;

	probing->doing = "open";
	fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	return hold(probing, fd < 0 ? -errno : fd);
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

/*
 * Which of the calls from CPU to CPU is a shootdown, its function tells. arm64 has none: its instruction
 * reaches all CPUs; nor do recent AMD processors need one (INVLPGB, Linux 6.15).
 */
static int probe_shootdown(struct probing *probing, const char *hook)
{
	struct features *features = probing->features;

	if (!features->flush_tlb_func)
		features->flush_tlb_func = host_symbol("flush_tlb_func");
	probing->doing = "find flush_tlb_func() for";
	if (!features->flush_tlb_func)
		return -ESRCH;
	return load_and_attach(probing, BPF_PROG_TYPE_RAW_TRACEPOINT, 0, 0, hook);
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
	times = host_read_line("/proc/self/schedstat", line, sizeof(line)) ? strrchr(line, ' ') :
									     NULL;
	return times && !strcmp(times, " 0") ? -ENODATA : 0;
}

int probe_feature(struct probing *probing, enum feature_id id)
{
	const struct feature_row *row = &feature_rows[id];
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
	case KIND_MAPPINGS:
		return probe_mappings(probing);
	case KIND_PROC_MAPS:
		return probe_proc_maps(probing);
	case KIND_SHOOTDOWN:
		return probe_shootdown(probing, row->hook);
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

void probe_end(struct probing *probing)
{
	while (probing->held_count)
		close(probing->held[--probing->held_count]);
}

int probe_pmu(void)
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
void probe_kernel_reads(struct probing *probing)
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

/* --- vmlinux's BTF --- */

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
		if (!strcmp(feature_rows[wanted->id[i]].hook, name))
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

void probe_btf(struct probing *probing)
{
	struct btf *btf = probing->features->btf ? btf__parse_raw(VMLINUX_BTF) : NULL;
	struct typed_rows tracepoints = { 0 }, functions = { 0 };

	for (int id = 0; id < FEATURE_COUNT; id++) {
		struct typed_rows *to = feature_rows[id].kind == KIND_TYPED ? &tracepoints :
									      &functions;

		if (feature_is_typed(id))
			to->id[to->count++] = id;
	}
	if (libbpf_get_error(btf))
		btf = NULL;
	probing->features->btf = btf;
	for (__u32 id = 1; btf && id < btf__type_cnt(btf); id++)
		note_type(probing, &tracepoints, &functions, btf, id);
	btf__free(btf);
}
