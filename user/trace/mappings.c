// SPDX-License-Identifier: GPL-2.0
/* mappings.c - reads perf's side band; see mappings.h. The records' layout: perf_event_open(2). */
#include "trace/mappings.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define RING_PAGES 512	   /* 2 MiB: 50 ms of a program that maps and unmaps as fast as it can */
#define RING_PAGES_LESS 64 /* what a user may lock without CAP_IPC_LOCK (perf_event_mlock_kb) */
#define WAKE_BYTES (128u << 10) /* written between two wake-ups of the loader */
#define RECORD_MAX 65536

struct mappings {
	struct perf_event_mmap_page *page;
	const char *data;
	size_t size, map_size; /* of the data, a power of two; of all, 0: it is the caller's */
	uint64_t at;	       /* next record */
	uint64_t lost;
	int fd;
	uint16_t cpu;
	_Alignas(8) char record[RECORD_MAX]; /* a copy of the next one, since it may wrap */
	union {
		struct event_header h;
		struct event_image image;
		struct event_mapping mapping;
		char room[sizeof(struct event_mapping) + MAPPING_NAME_MAX + 8];
	} event; /* made of it */
};

/* As the kernel writes them, after struct perf_event_header; a stamp of 8 bytes stands last in each. */
struct perf_mmap2 {
	uint32_t pid, tid;
	uint64_t address, length, offset;
	uint64_t file[3]; /* which file: device and inode, or build id */
	uint32_t prot, flags;
	char name[];
};

struct perf_comm {
	uint32_t pid, tid;
};

struct perf_lost {
	uint64_t id, lost;
};

void mappings_attr(struct perf_event_attr *attr)
{
	*attr = (struct perf_event_attr){
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(*attr),
		.config = PERF_COUNT_SW_DUMMY,
		.sample_type = PERF_SAMPLE_TIME,
		.sample_id_all = 1,
		.exclude_kernel = 1,
		.mmap = 1,
		.mmap2 = 1,
		.mmap_data = 1,
		.comm = 1,
		.comm_exec = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC, /* as bpf_ktime_get_ns() */
		.watermark = 1,
		.wakeup_watermark = WAKE_BYTES,
	};
}

static struct mappings *mappings_new(unsigned int cpu)
{
	struct mappings *new = calloc(1, sizeof(*new));

	if (!new)
		return NULL;
	new->cpu = (uint16_t)cpu;
	new->fd = -1;
	return new;
}

struct mappings *mappings_over(void *ring, size_t size, unsigned int cpu)
{
	struct mappings *new = mappings_new(cpu);

	if (!new)
		return NULL;
	new->page = ring;
	new->data = (const char *)ring + sysconf(_SC_PAGESIZE);
	new->size = size;
	return new;
}

static int map_ring(struct mappings *mappings, size_t pages)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *at;

	mappings->size = pages * page;
	at = mmap(NULL, page + mappings->size, PROT_READ | PROT_WRITE, MAP_SHARED, mappings->fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	mappings->map_size = page + mappings->size;
	mappings->page = at;
	mappings->data = (const char *)at + page;
	return 0;
}

int mappings_open(struct mappings **mappings, unsigned int cpu, struct fail *fail)
{
	struct perf_event_attr attr;
	struct mappings *new = mappings_new(cpu);
	int err = 0;

	*mappings = NULL;
	if (!new)
		return fail_set(fail, -ENOMEM, "no memory");
	mappings_attr(&attr);
	new->fd = (int)syscall(SYS_perf_event_open, &attr, -1, (int)cpu, -1, PERF_FLAG_FD_CLOEXEC);
	if (new->fd < 0)
		err = -errno;
	else
		err = map_ring(new, RING_PAGES);
	if (err == -EPERM && new->fd >= 0)
		err = map_ring(new, RING_PAGES_LESS);
	if (!err) {
		*mappings = new;
		return 0;
	}
	mappings_close(new);
	if (err == -ENODEV)
		return 0;
	return fail_set(fail, err, "cannot follow memory mappings on CPU %u: %s", cpu,
			strerror(-err));
}

int mappings_fd(const struct mappings *mappings)
{
	return mappings->fd;
}

void mappings_close(struct mappings *mappings)
{
	if (!mappings)
		return;
	if (mappings->page && mappings->map_size)
		munmap(mappings->page, mappings->map_size);
	if (mappings->fd >= 0)
		close(mappings->fd);
	free(mappings);
}

static void copy_out(const struct mappings *mappings, uint64_t from, void *to, size_t size)
{
	size_t at = from & (mappings->size - 1);
	size_t first = size < mappings->size - at ? size : mappings->size - at;

	memcpy(to, mappings->data + at, first);
	memcpy((char *)to + first, mappings->data, size - first);
}

/* The stamp stands last in every record (sample_id_all). */
static void fill_header(struct mappings *mappings, uint16_t kind, size_t size)
{
	const struct perf_event_header *record = (const void *)mappings->record;
	struct event_header *h = &mappings->event.h;

	memcpy(&h->ts, mappings->record + record->size - sizeof(h->ts), sizeof(h->ts));
	h->size = (uint16_t)size;
	h->kind = kind;
	h->cpu = mappings->cpu;
	h->flags = 0;
}

static const struct event_header *take_mmap2(struct mappings *mappings, size_t size)
{
	const struct perf_mmap2 *from =
		(const void *)(mappings->record + sizeof(struct perf_event_header));
	struct event_mapping *to = &mappings->event.mapping;
	size_t room = size - sizeof(struct perf_event_header) - sizeof(*from) - sizeof(uint64_t);
	size_t length = strnlen(from->name, room);

	if (length >= MAPPING_NAME_MAX)
		length = MAPPING_NAME_MAX - 1;
	memset(to, 0, sizeof(*to));
	to->tgid = from->pid;
	to->prot = from->prot;
	to->map = from->flags;
	to->known = 1;
	to->start = from->address;
	to->end = from->address + from->length;
	to->offset = from->offset;
	memcpy(to->name, from->name, length);
	memset(to->name + length, 0, 8);
	fill_header(mappings, EVENT_MAPPING, (sizeof(*to) + length + 1 + 7) / 8 * 8);
	return &mappings->event.h;
}

static const struct event_header *take_comm(struct mappings *mappings)
{
	const struct perf_event_header *record = (const void *)mappings->record;
	const struct perf_comm *from = (const void *)(record + 1);

	if (!(record->misc & PERF_RECORD_MISC_COMM_EXEC))
		return NULL;
	mappings->event.image = (struct event_image){ .tgid = from->pid };
	fill_header(mappings, EVENT_IMAGE, sizeof(struct event_image));
	return &mappings->event.h;
}

static void take_lost(struct mappings *mappings)
{
	struct perf_lost lost;

	memcpy(&lost, mappings->record + sizeof(struct perf_event_header), sizeof(lost));
	mappings->lost += lost.lost;
}

static const struct event_header *take(struct mappings *mappings)
{
	const struct perf_event_header *record = (const void *)mappings->record;

	switch (record->type) {
	case PERF_RECORD_MMAP2:
		return take_mmap2(mappings, record->size);
	case PERF_RECORD_COMM:
		return take_comm(mappings);
	case PERF_RECORD_LOST:
		take_lost(mappings);
		return NULL;
	default:
		return NULL;
	}
}

/* The shortest that a record of this type can be. */
static size_t least_size(uint32_t type)
{
	const size_t both_ends = sizeof(struct perf_event_header) + sizeof(uint64_t);

	switch (type) {
	case PERF_RECORD_MMAP2:
		return both_ends + sizeof(struct perf_mmap2) + 8; /* of a name, padded */
	case PERF_RECORD_COMM:
		return both_ends + sizeof(struct perf_comm);
	case PERF_RECORD_LOST:
		return both_ends + sizeof(struct perf_lost);
	default:
		return both_ends;
	}
}

static void go_to(struct mappings *mappings, uint64_t at)
{
	mappings->at = at;
	__atomic_store_n(&mappings->page->data_tail, at, __ATOMIC_RELEASE);
}

/* Copies the next record out. Where its size cannot be true, nothing tells where another one begins. */
static bool copy_record(struct mappings *mappings, uint64_t head)
{
	struct perf_event_header record;
	uint64_t there = head - mappings->at;

	if (there < sizeof(record) || there > mappings->size)
		return false;
	copy_out(mappings, mappings->at, &record, sizeof(record));
	if (record.size > there || record.size < least_size(record.type))
		return false;
	copy_out(mappings, mappings->at, mappings->record, record.size);
	return true;
}

const struct event_header *mappings_peek(struct mappings *mappings, uint64_t *bad)
{
	for (;;) {
		uint64_t head = __atomic_load_n(&mappings->page->data_head, __ATOMIC_ACQUIRE);
		const struct event_header *event;

		if (mappings->at == head)
			return NULL;
		if (!copy_record(mappings, head)) {
			++*bad;
			go_to(mappings, head);
			continue;
		}
		event = take(mappings);
		if (event)
			return event;
		mappings_next(mappings);
	}
}

void mappings_next(struct mappings *mappings)
{
	const struct perf_event_header *record = (const void *)mappings->record;

	go_to(mappings, mappings->at + record->size);
}

uint64_t mappings_lost(const struct mappings *mappings)
{
	return mappings->lost;
}
