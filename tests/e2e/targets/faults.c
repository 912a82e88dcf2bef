// SPDX-License-Identifier: GPL-2.0
/*
 * faults.c - `faults KIND [COUNT]`: COUNT page faults of one kind (default 512, of huge pages 8) and no
 * others within a span, over which it also counts its own. Prints both counts as one JSON object.
 *
 * Around the span it faults as any program does; COUNT 0 shows how much that is. Some kinds need pages
 * that were touched before the span: over-zero, cow-file-read and file-write-read read them, cow-copy
 * and cow-reuse write them. Files lie in $TASKTAX_FAULTS_DIR, by default /var/tmp.
 * Exits with 1 when its own counts are not those intended, with 77 when the kernel does not do it.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define SKIPPED 77
#define WINDOW (64u << 10) /* of fault-around: no fault maps pages of two windows */
#define THREAD_PAGES 64
#define SPARE_PAGES 16 /* below those that a thread touches */

enum backing {
	ANONYMOUS,
	NO_ACCESS,
	HUGE,
	HUGETLB,
	HUGETLB_SHARED,
	STACKS,
	SHARED_MEMORY,
	PRIVATE_FILE,
	SHARED_FILE,
};

/* `count` places, `stride` bytes apart, each to be faulted in by itself. */
struct area {
	char *start;
	size_t stride;
	long count;
	int fd; /* of the file behind it, or of the one to read from */
};

struct growth {
	long min_flt, maj_flt;
};

struct run {
	const struct kind *kind;
	long count; /* faults intended */
	struct area area;
	struct area warm;      /* touched already: what is run on it first faults in only code */
	struct growth *growth; /* shared with a child */
};

struct kind {
	const char *name;
	enum backing backing;
	void (*prepare)(const struct area *area); /* before the span, or none */
	void (*touch)(const struct area *area);	  /* the span */
	void (*stage)(struct run *run); /* what is about the span; calls timed(), or is none */
	const char *also;		/* JSON: what there are COUNT of besides */
	bool major, inexact;
};

static size_t page_size(void)
{
	return (size_t)getpagesize();
}

/* ---- mappings -------------------------------------------------------------------------------- */

/* Addresses of its own: pages without access on both sides, so that it merges with nothing. */
static char *reserve(size_t size, size_t align)
{
	size_t page = page_size();
	char *room =
		mmap(NULL, size + align + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (room == MAP_FAILED)
		err(1, "mmap");
	room += page;
	return room + (-(uintptr_t)room & (align - 1));
}

/* A file without a name, written to the disk, its pages in the page cache. */
static int make_file(size_t size)
{
	const char *folder = getenv("TASKTAX_FAULTS_DIR");
	char *path = NULL, *block = malloc(WINDOW);
	int fd;

	if (!block || asprintf(&path, "%s/faults-XXXXXX", folder ?: "/var/tmp") < 0)
		err(1, "malloc");
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0 || unlink(path))
		err(1, "%s", path);
	memset(block, 'x', WINDOW);
	for (size_t at = 0; at < size; at += WINDOW)
		if (pwrite(fd, block, WINDOW, (off_t)at) != WINDOW)
			err(1, "%s: write", path);
	if (fdatasync(fd))
		err(1, "%s: fdatasync", path);
	free(block);
	free(path);
	return fd;
}

static size_t huge_page_size(void)
{
	FILE *file = fopen("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", "re");
	char line[32] = "";
	size_t size;

	if (!file)
		err(SKIPPED, "no transparent huge pages: hpage_pmd_size");
	size = fgets(line, sizeof(line), file) ? strtoul(line, NULL, 10) : 0;
	fclose(file);
	if (!size)
		errx(SKIPPED, "no transparent huge pages: no size");
	return size;
}

static bool is_huge(enum backing backing)
{
	return backing == HUGE || backing == HUGETLB || backing == HUGETLB_SHARED;
}

static size_t stride_of(enum backing backing)
{
	if (is_huge(backing))
		return huge_page_size();
	switch (backing) {
	case STACKS:
		return (THREAD_PAGES + SPARE_PAGES + 1) * page_size();
	case SHARED_MEMORY:
	case SHARED_FILE:
		return WINDOW;
	default:
		return page_size();
	}
}

static struct area map_area(enum backing backing, long count)
{
	bool file = backing == PRIVATE_FILE || backing == SHARED_FILE;
	bool shared = backing == SHARED_MEMORY || backing == SHARED_FILE ||
		      backing == HUGETLB_SHARED;
	bool set_aside = backing == HUGETLB || backing == HUGETLB_SHARED;
	int flags = MAP_FIXED | (shared ? MAP_SHARED : MAP_PRIVATE) | (file ? 0 : MAP_ANONYMOUS) |
		    (set_aside ? MAP_HUGETLB : 0);
	int access = backing == NO_ACCESS ? PROT_NONE : PROT_READ | PROT_WRITE;
	struct area area = { .stride = stride_of(backing), .count = count, .fd = -1 };
	size_t size = area.stride * (size_t)(count ?: 1);

	if (file)
		area.fd = make_file(size);
	area.start = reserve(size, backing == STACKS ? page_size() : area.stride);
	if (mmap(area.start, size, access, flags, area.fd, 0) == MAP_FAILED)
		err(set_aside ? SKIPPED : 1, "mmap");
	if (backing == HUGE && madvise(area.start, size, MADV_HUGEPAGE))
		err(SKIPPED, "MADV_HUGEPAGE");
	/* A kernel that has no huge pages refuses this, rightly. */
	if (backing != HUGE)
		madvise(area.start, size, MADV_NOHUGEPAGE);
	if ((file || shared) && !set_aside && madvise(area.start, size, MADV_RANDOM))
		err(1, "MADV_RANDOM");
	return area;
}

/* ---- what faults ----------------------------------------------------------------------------- */

static void read_pages(const struct area *area)
{
	for (long i = 0; i < area->count; i++)
		(void)*(volatile char *)(area->start + (size_t)i * area->stride);
}

static void write_pages(const struct area *area)
{
	for (long i = 0; i < area->count; i++)
		*(volatile char *)(area->start + (size_t)i * area->stride) = 1;
}

static void let_kernel_write(const struct area *area)
{
	for (long i = 0; i < area->count; i++)
		if (read(area->fd, area->start + (size_t)i * area->stride, area->stride) < 0)
			return;
}

static void map_populated(const struct area *area)
{
	(void)mmap(area->start, (size_t)area->count * area->stride, PROT_READ | PROT_WRITE,
		   MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
}

/* One byte in each page below the caller's frame, down to `bottom`; the frame itself grows to there. */
static void *use_stack(void *bottom)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0), page = page_size();
	char *frame = __builtin_alloca(here - (uintptr_t)bottom - 256);

	__asm__ volatile("" : : "r"(frame) : "memory");
	for (uintptr_t at = (here & -page) - 1; at > (uintptr_t)bottom; at -= page)
		*(volatile char *)at = 1;
	return NULL;
}

static void run_threads(const struct area *area)
{
	size_t page = page_size();

	for (long i = 0; i < area->count; i++) {
		char *stack = area->start + (size_t)i * area->stride;
		pthread_attr_t attributes;
		pthread_t thread;

		if (pthread_attr_init(&attributes) ||
		    pthread_attr_setstack(&attributes, stack, area->stride - page) ||
		    pthread_create(&thread, &attributes, use_stack, stack + SPARE_PAGES * page))
			errx(1, "no thread");
		pthread_join(thread, NULL);
		pthread_attr_destroy(&attributes);
	}
}

/* ---- the span -------------------------------------------------------------------------------- */

static __attribute__((noinline)) void touch_own_stack(void)
{
	char frame[32 << 10];

	for (size_t i = 0; i < sizeof(frame); i += 1024)
		((volatile char *)frame)[i] = 1;
	__asm__ volatile("" : : "r"(frame) : "memory");
}

static __attribute__((noinline)) void measure(const struct run *run, const struct area *area)
{
	struct rusage before, after;

	getrusage(RUSAGE_SELF, &before);
	run->kind->touch(area);
	getrusage(RUSAGE_SELF, &after);
	run->growth->min_flt = after.ru_minflt - before.ru_minflt;
	run->growth->maj_flt = after.ru_majflt - before.ru_majflt;
}

static void timed(struct run *run)
{
	touch_own_stack();
	measure(run, &run->warm);
	measure(run, &run->area);
}

/* ---- what is about the span ------------------------------------------------------------------ */

static void in_child(struct run *run)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		timed(run);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		errx(1, "the child failed");
}

/*
 * On one CPU, for a page that waits in another CPU's batch for its place on the LRU lists has a user
 * more, and is copied.
 */
static void after_child(struct run *run)
{
	cpu_set_t cpus;
	pid_t pid;

	CPU_ZERO(&cpus);
	CPU_SET(sched_getcpu(), &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		err(1, "sched_setaffinity");
	write_pages(&run->area);
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid)
		_exit(0);
	if (waitpid(pid, NULL, 0) != pid)
		err(1, "waitpid");
	timed(run);
}

static void from_disk(struct run *run)
{
	const struct area *area = &run->area;
	size_t size = area->stride * (size_t)area->count, pages = size / page_size();
	unsigned char *cached = calloc(1, pages + 1);

	if (!cached || fdatasync(area->fd))
		err(1, "fdatasync");
	posix_fadvise(area->fd, 0, 0, POSIX_FADV_DONTNEED);
	if (mincore(area->start, size, cached))
		err(1, "mincore");
	for (size_t i = 0; i < pages; i++)
		if (cached[i] & 1)
			errx(SKIPPED, "the page cache keeps the file; is it on a disk?");
	free(cached);
	timed(run);
}

static void noticing_writes(struct run *run)
{
	struct statfs fs;

	if (fstatfs(run->area.fd, &fs))
		err(1, "fstatfs");
	if (fs.f_type == TMPFS_MAGIC)
		errx(SKIPPED, "tmpfs maps for writing what is only read");
	timed(run);
}

static void from_dev_zero(struct run *run)
{
	run->area.fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	if (run->area.fd < 0)
		err(1, "/dev/zero");
	run->warm.fd = run->area.fd;
	timed(run);
}

/* Of the mapping that starts there. */
static size_t huge_bytes(const char *start)
{
	FILE *smaps = fopen("/proc/self/smaps", "re");
	char line[512];
	bool there = false;
	size_t size = 0;

	if (!smaps)
		err(1, "/proc/self/smaps");
	while (fgets(line, sizeof(line), smaps)) {
		char *end;
		uintptr_t from = strtoul(line, &end, 16);

		if (end != line && *end == '-')
			there = from == (uintptr_t)start;
		else if (there && !strncmp(line, "AnonHugePages:", 14))
			size = strtoul(line + 14, NULL, 10) << 10;
	}
	fclose(smaps);
	return size;
}

static void with_huge_pages(struct run *run)
{
	timed(run);
	if (huge_bytes(run->area.start) != run->area.stride * (size_t)run->area.count)
		errx(SKIPPED, "the kernel gave %zu bytes in huge pages",
		     huge_bytes(run->area.start));
}

/* The span makes the mapping: too late for madvise(). */
static void without_huge_pages(struct run *run)
{
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	run->warm.count = 0;
	timed(run);
}

/* A signal that was sent, to try this out, has no address. */
static void unprotect(int signal, siginfo_t *info, void *context)
{
	uintptr_t page = page_size();
	uintptr_t at = (uintptr_t)(info->si_code > 0 ? info->si_addr : (void *)&page);

	(void)signal;
	(void)context;
	if (mprotect((void *)(at & -page), page, PROT_READ | PROT_WRITE))
		_exit(1);
}

static void with_handler(struct run *run)
{
	struct sigaction action = { .sa_sigaction = unprotect, .sa_flags = SA_SIGINFO };

	touch_own_stack();
	if (sigaction(SIGSEGV, &action, NULL) || raise(SIGSEGV))
		err(1, "sigaction");
	timed(run);
}

static void *do_nothing(void *nothing)
{
	return nothing;
}

/* The first thread, on a stack of libc's, faults in the code. */
static void on_threads(struct run *run)
{
	struct area *area = &run->area;
	size_t page = page_size();
	pthread_t first;

	area->count = run->count / THREAD_PAGES;
	run->count = area->count * THREAD_PAGES;
	for (long i = 1; i <= area->count; i++)
		if (mprotect(area->start + (size_t)i * area->stride - page, page, PROT_NONE))
			err(1, "mprotect");
	if (pthread_create(&first, NULL, do_nothing, NULL) || pthread_join(first, NULL))
		errx(1, "no thread");
	run->warm.count = 0;
	timed(run);
}

/* ---- userfaultfd ----------------------------------------------------------------------------- */

struct resolver {
	int fd;
	size_t page;
	const char *source;
	atomic_bool ready;
};

/*
 * For ever: at its end it would fault in the code that ends a thread. The calls that have nothing to do
 * fault in the code of those that have. Once ready, it leaves its maker's frame alone.
 */
static void *resolve(void *data)
{
	struct resolver *resolver = data;
	struct uffdio_copy copy = { .src = (uintptr_t)resolver->source, .len = resolver->page };
	struct uffdio_range nothing = { 0 };
	struct uffd_msg message = { 0 };
	int fd = resolver->fd;

	touch_own_stack();
	if (read(fd, &message, 0) > 0 || !ioctl(fd, UFFDIO_WAKE, &nothing))
		errx(1, "userfaultfd did something with nothing");
	atomic_store(&resolver->ready, true);
	for (;;) {
		if (read(fd, &message, sizeof(message)) != sizeof(message))
			err(1, "userfaultfd: read");
		copy.dst = message.arg.pagefault.address & -copy.len;
		if (ioctl(fd, UFFDIO_COPY, &copy))
			err(1, "UFFDIO_COPY");
	}
}

static int open_userfaultfd(void)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);

	if (fd < 0 && errno == EINVAL)
		fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (fd < 0)
		err(SKIPPED, "userfaultfd");
	return fd;
}

static void with_resolver(struct run *run)
{
	struct resolver resolver = { .page = run->area.stride, .source = run->warm.start };
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range.start = (uintptr_t)run->area.start,
		.range.len = run->area.stride * (size_t)(run->area.count ?: 1),
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	pthread_t thread;

	resolver.fd = open_userfaultfd();
	if (ioctl(resolver.fd, UFFDIO_API, &api) || ioctl(resolver.fd, UFFDIO_REGISTER, &range))
		err(SKIPPED, "userfaultfd");
	if (pthread_create(&thread, NULL, resolve, &resolver))
		errx(1, "no thread");
	while (!atomic_load(&resolver.ready))
		usleep(1000);
	timed(run);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static const struct kind kinds[] = {
	{ "zero-read", ANONYMOUS, .touch = read_pages },
	{ "first-touch", ANONYMOUS, .touch = write_pages },
	{ "over-zero", ANONYMOUS, .prepare = read_pages, .touch = write_pages },
	{ "cow-copy", ANONYMOUS, .prepare = write_pages, .touch = write_pages, .stage = in_child },
	{ "cow-reuse", ANONYMOUS, .touch = write_pages, .stage = after_child },
	{ "cow-file", PRIVATE_FILE, .touch = write_pages },
	{ "cow-file-read", PRIVATE_FILE, .prepare = read_pages, .touch = write_pages },
	{ "file-warm", SHARED_FILE, .touch = read_pages },
	{ "file-cold", SHARED_FILE, .touch = read_pages, .stage = from_disk, .major = true },
	{ "file-write", SHARED_FILE, .touch = write_pages },
	{ "file-write-read", SHARED_FILE, .prepare = read_pages, .touch = write_pages,
	  .stage = noticing_writes },
	{ "shmem", SHARED_MEMORY, .touch = write_pages },
	{ "shmem-read", SHARED_MEMORY, .touch = read_pages },
	{ "thp", HUGE, .touch = write_pages, .stage = with_huge_pages },
	{ "hugetlb", HUGETLB, .touch = write_pages },
	{ "hugetlb-read", HUGETLB, .touch = read_pages },
	{ "hugetlb-shared", HUGETLB_SHARED, .touch = write_pages },
	{ "kernel", ANONYMOUS, .touch = let_kernel_write, .stage = from_dev_zero },
	{ "populate", ANONYMOUS, .touch = map_populated, .stage = without_huge_pages,
	  .also = "no_event" },
	{ "segv", NO_ACCESS, .touch = write_pages, .stage = with_handler, .also = "unfinished" },
	{ "thread-stack", STACKS, .touch = run_threads, .stage = on_threads, .inexact = true },
	{ "uffd", ANONYMOUS, .touch = write_pages, .stage = with_resolver },
};

static const struct kind *find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	errx(1, "no kind %s", name);
}

static long parse_count(const char *text)
{
	char *end;
	long count = strtol(text, &end, 10);

	if (end == text || *end || count < 0 || count > 1 << 20)
		errx(1, "no count: %s", text);
	return count;
}

static int report(const struct run *run)
{
	const struct growth *growth = run->growth;
	long all = growth->min_flt + growth->maj_flt;

	printf("{\"kind\":\"%s\",\"count\":%ld,\"min_flt\":%ld,\"maj_flt\":%ld", run->kind->name,
	       run->count, growth->min_flt, growth->maj_flt);
	if (run->kind->also)
		printf(",\"%s\":%ld", run->kind->also, run->count);
	printf("}\n");
	if (run->kind->inexact)
		return 0;
	if (all != run->count)
		warnx("%s: %ld faults, not %ld", run->kind->name, all, run->count);
	else if (run->kind->major && growth->maj_flt != run->count)
		warnx("%s: %ld major faults, not %ld", run->kind->name, growth->maj_flt,
		      run->count);
	else
		return 0;
	return 1;
}

int main(int argc, char **argv)
{
	struct run run = { 0 };

	if (argc < 2 || argc > 3)
		errx(1, "usage: faults KIND [COUNT]");
	run.kind = find_kind(argv[1]);
	run.count = argc > 2 ? parse_count(argv[2]) : is_huge(run.kind->backing) ? 8 : 512;
	run.growth = (struct growth *)map_area(SHARED_MEMORY, 1).start;
	memset(run.growth, 0, sizeof(*run.growth));
	run.warm = map_area(ANONYMOUS, 1);
	write_pages(&run.warm);
	run.area = map_area(run.kind->backing, run.count);
	if (run.kind->prepare)
		run.kind->prepare(&run.area);
	if (run.kind->stage)
		run.kind->stage(&run);
	else
		timed(&run);
	return report(&run);
}
