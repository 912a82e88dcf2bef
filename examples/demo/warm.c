// SPDX-License-Identifier: GPL-2.0
/* warm.c - what a task's timed span touches, there before it; see warm.h. */
#include "warm.h"

#include <errno.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define STACK_WARM ((size_t)32 << 10) /* deeper than any call of a work function */

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

size_t warm_pages(size_t size)
{
	return (size + page_size() - 1) / page_size();
}

void *warm_memory(size_t size, struct fail *fail)
{
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		fail_set(fail, -errno, "cannot map %zu bytes of memory: %m", size);
		return NULL;
	}
	/* Fails where the kernel has no huge pages, which is as good. */
	madvise(memory, size, MADV_NOHUGEPAGE);
	for (size_t at = 0; at < size; at += page_size())
		*(volatile char *)(memory + at) = 1;
	return memory;
}

/* The program's segments are no objects of C, and so not known to a sanitizer. */
__attribute__((no_sanitize("address", "undefined"))) static void read_pages(uintptr_t from,
									    uintptr_t to)
{
	for (uintptr_t at = from & ~(page_size() - 1); at < to; at += page_size())
		(void)*(const volatile char *)at;
}

void warm_shared(const void *memory, size_t size)
{
	for (size_t at = 0; at < size; at += page_size())
		(void)*((const volatile char *)memory + at);
}

static int warm_object(struct dl_phdr_info *object, size_t size, void *unused)
{
	(void)size;
	(void)unused;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		uintptr_t from = object->dlpi_addr + segment->p_vaddr;

		if (segment->p_type == PT_LOAD && segment->p_flags & PF_R &&
		    !(segment->p_flags & PF_W))
			read_pages(from, from + segment->p_filesz);
	}
	return 0;
}

static __attribute__((noinline)) void warm_stack(void)
{
	volatile char stack[STACK_WARM];

	for (size_t at = 0; at < sizeof(stack); at += page_size())
		stack[at] = 0;
}

void warm_program(void)
{
	dl_iterate_phdr(warm_object, NULL);
	warm_stack();
	errno = 0;
}
