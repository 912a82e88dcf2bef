// SPDX-License-Identifier: GPL-2.0
/* session.c - the life of the BPF object; see session.h. */
#include "trace/session.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "config.h"
#include "trace/file_limit.h"
#include "trace/host.h"
#include "trace/session_internal.h"
#include "trace/tally.h"

#define LIFECYCLE_RING (8u << 20) /* as in maps.bpf.h */
/*
 * For each CPU: 262,144 switches, 0.65 s of the fastest ping-pong that we know (400,000 a second, traced).
 * With half of it a loader that a busy machine kept waiting once lost some.
 */
#define RING_DEFAULT (16u << 20)
#define RINGS_TOTAL ((size_t)512 << 20)
#define RING_LEAST ((size_t)512 << 10)

size_t session_default_ring(unsigned int cpus)
{
	size_t size = RING_DEFAULT;

	while (size > RING_LEAST && size * cpus > RINGS_TOTAL)
		size /= 2;
	return size;
}

static size_t log_records(const struct session *session)
{
	return session->ring_size / sizeof(union log_record);
}

/*
 * libbpf's messages go one level lower than our own: what it calls a warning is our detail. As they
 * are, since a verifier log has many lines.
 */
static int libbpf_message(enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (level == LIBBPF_DEBUG || !log_enabled(LOG_LEVEL_DEBUG))
		return 0;
	return vfprintf(stderr, format, arguments);
}

/* What can interrupt another writer of its kind cannot write a log. */
static bool needs_rings(const struct hooks *hooks)
{
	return hooks->waking || hooks->each_shootdown ||
	       (hooks->faults == FAULT_END_FEXIT && !hooks->counting.no_records);
}

/* How many logs each CPU has. */
static u32 log_kinds(const struct hooks *hooks)
{
	return hooks->faults && hooks->faults != FAULT_END_FEXIT ? LOGS : LOGS - 1;
}

/* The inode number that names a pid namespace; 0: not known. */
static u32 pid_namespace(void)
{
	struct stat at;

	return stat("/proc/self/ns/pid", &at) ? 0 : (u32)at.st_ino;
}

/*
 * By how many pages the sum of the anonymous ones jumps at least when a huge page is mapped: each CPU holds
 * back up to a batch (percpu_counter_batch, lib/percpu_counter.c). 0: it cannot be told.
 */
static u32 huge_pages(unsigned int cpus)
{
	unsigned int batch = 2 * cpus > 32 ? 2 * cpus : 32;
	long bytes = host_read_number("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", 0);
	long pages = bytes / sysconf(_SC_PAGESIZE);

	return pages > (long)batch ? (u32)(pages - batch) : 0;
}

/* A fault that is known to have ended only by the next one may have had other faults behind it. */
bool session_tells_huge(const struct session *session)
{
	return session->hooks.faults != FAULT_END_NONE &&
	       session->hooks.faults != FAULT_END_COUNTER && huge_pages(session->cpus);
}

static int configure(struct session *session)
{
	struct tasktax_bpf *skeleton = session->skeleton;
	const struct hooks *hooks = &session->hooks;
	int err;

	skeleton->rodata->conf = (struct config){
		.cpus = session->cpus,
		.log_records = (u32)log_records(session),
		.ring_wake = session->ring_size / 4,
		.end_hook = hooks->end != SWITCH_END_NONE,
		.pick = hooks->pick,
		.faults = hooks->faults,
		.rss_stat = hooks->rss_stat,
		.huge_pages = session_tells_huge(session) ? huge_pages(session->cpus) : 0,
		.flush_tlb_func = hooks->shootdowns ? hooks->flush_tlb_func : 0,
		.each_shootdown = hooks->each_shootdown,
		.calibrate_tid = (u32)gettid(),
		.pid_namespace = pid_namespace(),
		.attached = hooks->attach,
		.everybody = hooks->everybody,
		.loader = (u32)getpid(),
		.stream = !hooks->counting.no_records,
	};
	programs_choose(skeleton, hooks);
	bpf_map__set_autocreate(hooks->typed ? skeleton->maps.tasks_raw : skeleton->maps.tasks,
				false);
	bpf_map__set_autocreate(skeleton->maps.tlb_flushes, hooks->tlb_switch);
	bpf_map__set_autocreate(skeleton->maps.tlb_calls, hooks->each_shootdown);
	bpf_map__set_autocreate(skeleton->maps.seeds, hooks->attach);
	if (log_records(session) > UINT32_MAX / session->cpus / LOGS)
		return -E2BIG;
	bpf_map__set_autocreate(skeleton->maps.rings, needs_rings(hooks));
	bpf_map__set_autocreate(skeleton->maps.logs, !hooks->counting.no_records);
	err = bpf_map__set_max_entries(skeleton->maps.rings, session->cpus);
	if (!err)
		err = bpf_map__set_max_entries(skeleton->maps.tlb_flushes, session->cpus);
	if (!err)
		err = bpf_map__set_max_entries(skeleton->maps.cpus, session->cpus);
	if (!err)
		err = bpf_map__set_map_flags(skeleton->maps.cpus, BPF_F_MMAPABLE);
	if (!err)
		err = tally_configure(skeleton, &hooks->counting, session->cpus);
	if (!err)
		err = bpf_map__set_max_entries(skeleton->maps.logs,
					       log_kinds(hooks) * session->cpus *
						       (u32)log_records(session));
	if (!err)
		err = bpf_map__set_map_flags(skeleton->maps.logs, BPF_F_MMAPABLE);
	return err;
}

static int make_rings(struct session *session, struct fail *fail)
{
	if (!needs_rings(&session->hooks))
		return 0;
	session->ring = calloc(session->cpus, sizeof(*session->ring));
	if (!session->ring)
		return fail_set(fail, -ENOMEM, "no memory");
	for (unsigned int i = 0; i < session->cpus; i++)
		session->ring[i] = -1;
	for (unsigned int i = 0; i < session->cpus; i++) {
		int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "cpu_ring", 0, 0,
					(u32)session->ring_size, NULL);

		if (fd < 0)
			return fail_set(fail, fd,
					"cannot make a ring buffer of %zu bytes for CPU %u: %s; "
					"try a smaller --ring-size",
					session->ring_size, i, strerror(-fd));
		session->ring[i] = fd;
		if (bpf_map_update_elem(bpf_map__fd(session->skeleton->maps.rings), &i, &fd,
					BPF_ANY))
			return fail_set(fail, -errno, "cannot install the ring of CPU %u: %s", i,
					strerror(errno));
	}
	return 0;
}

size_t session_map_bytes(size_t entries, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (entries * size + page - 1) / page * page;
}

static size_t cpu_bytes(const struct session *session)
{
	return session_map_bytes(session->cpus, sizeof(struct cpu_state));
}

static size_t log_bytes(const struct session *session)
{
	return session_map_bytes((size_t)log_kinds(&session->hooks) * session->cpus *
					 log_records(session),
				 sizeof(union log_record));
}

void *session_map(const struct bpf_map *map, size_t bytes, int protection, struct fail *fail)
{
	void *at = mmap(NULL, bytes, protection, MAP_SHARED, bpf_map__fd(map), 0);

	if (at == MAP_FAILED) {
		fail_set(fail, -errno, "cannot map %s: %s", bpf_map__name(map), strerror(errno));
		return NULL;
	}
	/*
	 * All of it is resident at once. Were it the command's as well until its exec, then getrusage(2) would
	 * count it into the command's ru_maxrss for ever.
	 */
	madvise(at, bytes, MADV_DONTFORK);
	return at;
}

static int map_arrays(struct session *session, struct fail *fail)
{
	session->cpu = session_map(session->skeleton->maps.cpus, cpu_bytes(session),
				   PROT_READ | PROT_WRITE, fail);
	if (!session->cpu)
		return fail->code;
	if (!session->hooks.counting.no_records)
		session->logs = session_map(session->skeleton->maps.logs, log_bytes(session),
					    PROT_READ, fail);
	if (!session->logs && !session->hooks.counting.no_records)
		return fail->code;
	for (unsigned int i = 0; i < session->cpus; i++)
		session->cpu[i].index = i;
	return 0;
}

/* Before the target is let go: its first mappings are seen. */
static int open_mappings(struct session *session, struct fail *fail)
{
	int err = 0;

	if (!session->hooks.mappings)
		return 0;
	session->mappings = calloc(session->cpus, sizeof(struct mappings *));
	if (!session->mappings)
		return fail_set(fail, -ENOMEM, "no memory");
	for (unsigned int i = 0; !err && i < session->cpus; i++)
		err = mappings_open(&session->mappings[i], i, fail);
	return err;
}

static int load(struct session *session, struct fail *fail)
{
	int err;

	session->skeleton = tasktax_bpf__open();
	if (!session->skeleton)
		return fail_set(fail, -errno, "cannot open the BPF object: %s", strerror(errno));
	err = configure(session);
	if (err)
		return fail_set(fail, err, "cannot configure the BPF object: %s", strerror(-err));
	err = tasktax_bpf__load(session->skeleton);
	if (err == -ENOMEM)
		return fail_set(
			fail, err,
			"no memory for logs of %zu bytes for each of %u CPUs, or for counts; try a "
			"smaller --ring-size or --max-memory",
			session->ring_size, session->cpus);
	if (err)
		return fail_set(fail, err == -EPERM ? err : -ENOTSUP,
				"the kernel refuses the BPF programs: %s; `tasktax doctor` shows "
				"what it allows, -v the verifier's words",
				strerror(-err));
	err = make_rings(session, fail);
	if (!err)
		err = map_arrays(session, fail);
	return err ? err : open_mappings(session, fail);
}

/* Programs, links, maps, what the caller has; of each CPU a ring, two events with their links, a side band. */
static unsigned int descriptors(const struct session *session)
{
	return 256 + 6 * session->cpus;
}

struct session *session_open(const struct hooks *hooks, size_t ring_size, struct fail *fail)
{
	struct session *session = calloc(1, sizeof(*session));
	int cpus = libbpf_num_possible_cpus();

	if (!session) {
		fail_set(fail, -ENOMEM, "no memory");
		return NULL;
	}
	libbpf_set_print(libbpf_message);
	session->closing = -1;
	session->hooks = *hooks;
	session->cpus = cpus > 0 ? (unsigned int)cpus : 1;
	session->ring_size = ring_size ? ring_size : session_default_ring(session->cpus);
	file_limit_raise(descriptors(session));
	if (load(session, fail)) {
		session_free(session);
		return NULL;
	}
	return session;
}

void session_detach_all(struct session *session)
{
	while (session->links)
		bpf_link__destroy(session->link[--session->links]);
}

void session_free(struct session *session)
{
	if (!session)
		return;
	session_detach_all(session);
	fault_ends_close(&session->fault_ends);
	for (unsigned int i = 0; session->mappings && i < session->cpus; i++)
		mappings_close(session->mappings[i]);
	free(session->mappings);
	if (session->cpu)
		munmap(session->cpu, cpu_bytes(session));
	if (session->logs)
		munmap((void *)(uintptr_t)session->logs, log_bytes(session));
	for (unsigned int i = 0; session->ring && i < session->cpus; i++)
		if (session->ring[i] >= 0)
			close(session->ring[i]);
	free(session->ring);
	if (session->closing >= 0)
		close(session->closing);
	tasktax_bpf__destroy(session->skeleton);
	free(session);
}

int session_attach_one(struct session *session, struct bpf_program *program, const char *symbol,
		       struct fail *fail)
{
	struct bpf_link *link = symbol ? bpf_program__attach_kprobe(program, false, symbol) :
					 bpf_program__attach(program);

	if (!link)
		return fail_set(fail, -errno, "cannot attach %s: %s", bpf_program__name(program),
				strerror(errno));
	session->linked[session->links] = program;
	session->link[session->links++] = link;
	return 0;
}

uint32_t session_root_group(const struct session *session)
{
	const struct counting *counting = &session->hooks.counting;

	return counting->aggregate && counting->by != GROUP_BY_NONE ? GROUP_ROOT : GROUP_OTHERS;
}

int session_mark_root(struct session *session, pid_t pid, struct fail *fail)
{
	struct tasktax_bpf *skeleton = session->skeleton;
	struct task_state state = { .id = ROOT_TASK,
				    .mm = ROOT_MM,
				    .group = session_root_group(session) };
	int err = 0, pidfd;

	skeleton->data_serial->last_task_id = ROOT_TASK;
	skeleton->data_serial->last_mm_id = ROOT_MM;
	if (!session->hooks.typed) {
		skeleton->bss->root_pid = (u32)pid; /* the programs know it when they meet it */
		if (!skeleton->rodata->conf.pid_namespace)
			return fail_set(fail, -ENOENT,
					"cannot tell which process is the target: /proc is not "
					"mounted");
		return 0;
	}
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		return fail_set(fail, -errno, "cannot open process %d: %s", pid, strerror(errno));
	if (bpf_map_update_elem(bpf_map__fd(skeleton->maps.tasks), &pidfd, &state, BPF_ANY))
		err = -errno;
	close(pidfd);
	if (err)
		return fail_set(fail, err, "cannot mark process %d as the target: %s", pid,
				strerror(-err));
	return 0;
}

static int attach_fault_ends(struct session *session, struct fail *fail)
{
	struct tasktax_bpf *skeleton = session->skeleton;

	if (session->hooks.faults != FAULT_END_PERF)
		return 0;
	if (session->hooks.typed)
		return fault_ends_open(&session->fault_ends, session->cpus,
				       skeleton->progs.fault_minor, skeleton->progs.fault_major,
				       fail);
	return fault_ends_open(&session->fault_ends, session->cpus, skeleton->progs.fault_minor_raw,
			       skeleton->progs.fault_major_raw, fail);
}

int session_attach(struct session *session, struct fail *fail)
{
	struct bpf_program *program[PROGRAMS_MAX];
	unsigned int count = programs_to_attach(session->skeleton, program);
	const struct tasktax_bpf *skeleton = session->skeleton;

	for (unsigned int i = 0; i < count; i++) {
		bool kprobe = program[i] == skeleton->progs.finish_task_switch ||
			      program[i] == skeleton->progs.finish_task_switch_raw;
		int err = session_attach_one(session, program[i],
					     kprobe ? session->hooks.end_symbol : NULL, fail);

		if (err)
			return err;
	}
	if (session->hooks.typed && session->hooks.iter) {
		/* now: at the end there may be no privilege left to make it */
		int err = session_iterate(session->skeleton->progs.close_tasks, &session->closing);

		if (err)
			return fail_set(fail, err, "cannot make an iterator over the tasks: %s",
					strerror(-err));
	}
	return attach_fault_ends(session, fail);
}

uint64_t session_arm(struct session *session)
{
	for (unsigned int i = 0; i < session->links; i++)
		session->misses_before[i] = session_recursion_misses(session->linked[i]);
	__atomic_store_n(&session->skeleton->bss->following, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&session->skeleton->bss->armed, 1, __ATOMIC_SEQ_CST);
	session_selecting(session, false);
	return clock_now_ns();
}

/*
 * __schedule() runs with preemption off from before sched_switch to after the end of the switch: an
 * RCU grace period, which is what a global membarrier waits for, outlasts every switch that saw
 * `armed`. It is refused under nohz_full; then only time helps.
 */
static void wait_for_programs(void)
{
	const struct timespec patience = { .tv_nsec = 50000000 };

	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		nanosleep(&patience, NULL);
}

uint64_t session_disarm(struct session *session)
{
	uint64_t stamp;

	__atomic_store_n(&session->skeleton->bss->closing, 1, __ATOMIC_SEQ_CST);
	if (!session->disarmed) {
		__atomic_store_n(&session->skeleton->bss->armed, 0, __ATOMIC_SEQ_CST);
		__atomic_store_n(&session->skeleton->bss->following, 0, __ATOMIC_SEQ_CST);
	}
	stamp = clock_now_ns();
	wait_for_programs();
	if (!session->disarmed)
		session->fault_ends_raised = fault_ends_stop(&session->fault_ends);
	session->disarmed = true;
	return stamp;
}

static void add_logs(const struct session *session, struct consumer *consumer, unsigned int cpu)
{
	for (u32 kind = 0; session->logs && kind < log_kinds(&session->hooks); kind++) {
		size_t first = (kind * session->cpus + cpu) * log_records(session);
		struct record_log log;

		record_log_open(&log, session->logs + first, log_records(session),
				&session->cpu[cpu], kind);
		consumer_add_log(consumer, &log);
	}
}

struct consumer *session_consumer(struct session *session, consumer_sink sink, void *context)
{
	struct consumer *consumer =
		consumer_new(2 + (2 + LOGS) * (size_t)session->cpus, sink, context);
	int err;

	if (!consumer)
		return NULL;
	/* the lifecycle ring first: of two equal stamps the birth goes before the switch */
	err = consumer_add_ring(consumer, bpf_map__fd(session->skeleton->maps.lifecycle),
				LIFECYCLE_RING);
	for (unsigned int i = 0; !err && i < session->cpus; i++) {
		add_logs(session, consumer, i);
		if (session->ring)
			err = consumer_add_ring(consumer, session->ring[i], session->ring_size);
		if (!err && session->mappings && session->mappings[i])
			err = consumer_add_mappings(consumer, session->mappings[i]);
	}
	if (!err)
		return consumer;
	consumer_free(consumer);
	errno = -err;
	return NULL;
}
