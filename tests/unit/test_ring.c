// SPDX-License-Identifier: GPL-2.0
/* test_ring.c - trace/ring: a ring buffer made by hand, laid out as the kernel maps it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trace/ring.h"

#define SIZE ((size_t)4096) /* of the data */

/* The kernel's side: consumer page, producer page, then the data, in which a record that crosses the
 * end goes on. The kernel maps the same pages twice; here each byte is written twice. */
struct image {
	int fd;
	size_t page, length;
	char *base;
	unsigned long produced;
};

static void image_open(struct image *image)
{
	image->page = (size_t)sysconf(_SC_PAGESIZE);
	image->length = 2 * image->page + 2 * SIZE;
	image->produced = 0;
	image->fd = memfd_create("ring", MFD_CLOEXEC);
	assert_true(image->fd >= 0);
	assert_int_equal(ftruncate(image->fd, (off_t)image->length), 0);
	image->base = mmap(NULL, image->length, PROT_READ | PROT_WRITE, MAP_SHARED, image->fd, 0);
	assert_true(image->base != MAP_FAILED);
}

static void image_close(struct image *image)
{
	munmap(image->base, image->length);
	close(image->fd);
}

static unsigned long *consumed(const struct image *image)
{
	return (unsigned long *)image->base;
}

static void put_bytes(struct image *image, unsigned long at, const void *bytes, size_t length)
{
	char *data = image->base + 2 * image->page;
	const char *from = bytes;

	for (size_t i = 0; i < length; i++) {
		memcpy(data + (at + i) % SIZE, from + i, 1);
		memcpy(data + (at + i) % SIZE + SIZE, from + i, 1);
	}
}

static void put_header(struct image *image, unsigned long at, uint32_t length, uint32_t bits)
{
	const uint32_t header[2] = { length | bits, 0xdeadbeef /* page offset: nobody reads it */ };

	put_bytes(image, at, header, sizeof(header));
}

static void publish(struct image *image)
{
	memcpy(image->base + image->page, &image->produced, sizeof(image->produced));
}

/* Appends a record of `length` bytes whose stamp is `ts`; gives its position. */
static unsigned long put(struct image *image, uint32_t length, uint64_t ts, uint32_t bits)
{
	unsigned long at = image->produced;
	char bytes[256] = { 0 };
	struct event_header header = { .ts = ts, .size = (uint16_t)length };

	assert_true(length <= sizeof(bytes));
	memset(bytes, (int)ts, length);
	memcpy(bytes, &header, length < sizeof(header) ? length : sizeof(header));
	put_header(image, at, length, bits);
	put_bytes(image, at + BPF_RINGBUF_HDR_SZ, bytes, length);
	image->produced += ((size_t)BPF_RINGBUF_HDR_SZ + length + 7) / 8 * 8;
	assert_true(image->produced - *consumed(image) <= SIZE);
	publish(image);
	return at;
}

/* The head record is this one, whole, up to its last byte. */
static void expect(struct ring *ring, uint32_t length, uint64_t ts)
{
	uint64_t bad = 0;
	const struct event_header *event = ring_peek(ring, &bad);

	assert_non_null(event);
	assert_int_equal(bad, 0);
	assert_int_equal(event->ts, ts);
	assert_int_equal(event->size, length);
	for (size_t i = sizeof(*event); i < length; i++)
		assert_int_equal(((const unsigned char *)event)[i], ts & 0xff);
}

static void expect_nothing(struct ring *ring)
{
	uint64_t bad = 0;

	assert_null(ring_peek(ring, &bad));
	assert_int_equal(bad, 0);
}

static void opened(struct image *image, struct ring *ring)
{
	image_open(image);
	assert_int_equal(ring_open(ring, image->fd, SIZE), 0);
}

static void closed(struct image *image, struct ring *ring)
{
	ring_close(ring);
	image_close(image);
}

static void test_empty(void **state)
{
	struct image image;
	struct ring ring;

	(void)state;
	opened(&image, &ring);
	expect_nothing(&ring);
	assert_int_equal(*consumed(&image), 0);
	closed(&image, &ring);
}

static void test_in_order_and_handed_back(void **state)
{
	struct image image;
	struct ring ring;

	(void)state;
	opened(&image, &ring);
	put(&image, 48, 1, 0);
	put(&image, 24, 2, 0);
	expect(&ring, 48, 1);
	expect(&ring, 48, 1); /* a look takes nothing */
	assert_int_equal(*consumed(&image), 0);
	ring_next(&ring);
	assert_int_equal(*consumed(&image), 56);
	expect(&ring, 24, 2);
	ring_next(&ring);
	assert_int_equal(*consumed(&image), 88);
	expect_nothing(&ring);
	put(&image, 16, 3, 0);
	expect(&ring, 16, 3);
	closed(&image, &ring);
}

/* Records begin at multiples of 8, whatever their length. */
static void test_padding(void **state)
{
	struct image image;
	struct ring ring;

	(void)state;
	opened(&image, &ring);
	for (uint32_t length = 16; length <= 33; length++)
		put(&image, length, length, 0);
	for (uint32_t length = 16; length <= 33; length++) {
		expect(&ring, length, length);
		ring_next(&ring);
	}
	assert_int_equal(*consumed(&image), image.produced);
	closed(&image, &ring);
}

static void test_busy_stops(void **state)
{
	struct image image;
	struct ring ring;
	unsigned long busy;

	(void)state;
	opened(&image, &ring);
	put(&image, 48, 1, 0);
	busy = put(&image, 48, 2, BPF_RINGBUF_BUSY_BIT);
	put(&image, 48, 3, 0);
	expect(&ring, 48, 1);
	ring_next(&ring);
	expect_nothing(&ring); /* the third is complete, but must wait */
	expect_nothing(&ring);
	assert_int_equal(*consumed(&image), busy);
	put_header(&image, busy, 48, 0);
	expect(&ring, 48, 2);
	ring_next(&ring);
	expect(&ring, 48, 3);
	closed(&image, &ring);
}

static void test_busy_then_discarded(void **state)
{
	struct image image;
	struct ring ring;
	unsigned long busy;

	(void)state;
	opened(&image, &ring);
	busy = put(&image, 48, 1, BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
	put(&image, 48, 2, 0);
	expect_nothing(&ring);
	put_header(&image, busy, 48, BPF_RINGBUF_DISCARD_BIT);
	expect(&ring, 48, 2);
	closed(&image, &ring);
}

static void test_discarded_is_skipped(void **state)
{
	struct image image;
	struct ring ring;

	(void)state;
	opened(&image, &ring);
	put(&image, 48, 1, BPF_RINGBUF_DISCARD_BIT);
	put(&image, 8, 2, BPF_RINGBUF_DISCARD_BIT); /* too short, but nobody meant it to be read */
	put(&image, 24, 3, 0);
	put(&image, 48, 4, BPF_RINGBUF_DISCARD_BIT);
	expect(&ring, 24, 3);
	ring_next(&ring);
	expect_nothing(&ring);
	assert_int_equal(*consumed(&image), image.produced);
	closed(&image, &ring);
}

static void test_too_short_is_counted(void **state)
{
	struct image image;
	struct ring ring;
	uint64_t bad = 7;
	const struct event_header *event;

	(void)state;
	opened(&image, &ring);
	put(&image, 15, 1, 0);
	put(&image, 0, 2, 0);
	put(&image, 16, 3, 0);
	put(&image, 1, 4, 0);
	event = ring_peek(&ring, &bad);
	assert_non_null(event);
	assert_int_equal(event->ts, 3);
	assert_int_equal(bad, 9);
	ring_next(&ring);
	assert_null(ring_peek(&ring, &bad));
	assert_int_equal(bad, 10);
	assert_null(ring_peek(&ring, &bad));
	assert_int_equal(bad, 10); /* once each */
	assert_int_equal(*consumed(&image), image.produced);
	closed(&image, &ring);
}

/* Three records at a time through a ring that they fill 30 times over; some cross the end. */
static void test_wraps_around(void **state)
{
	struct image image;
	struct ring ring;
	unsigned int crossed = 0;

	(void)state;
	opened(&image, &ring);
	for (uint64_t ts = 0; ts < 1500; ts += 3) {
		for (uint32_t i = 0; i < 3; i++) {
			uint32_t length = 56 + 8 * ((uint32_t)ts % 7) + i;
			unsigned long at = put(&image, length, ts + i, 0);

			crossed += at % SIZE + BPF_RINGBUF_HDR_SZ + length > SIZE;
		}
		for (uint32_t i = 0; i < 3; i++) {
			expect(&ring, 56 + 8 * ((uint32_t)ts % 7) + i, ts + i);
			ring_next(&ring);
		}
	}
	assert_true(image.produced > 30 * SIZE);
	assert_true(crossed > 10);
	assert_int_equal(*consumed(&image), image.produced);
	closed(&image, &ring);
}

static void test_filled_to_the_brim(void **state)
{
	struct image image;
	struct ring ring;

	(void)state;
	opened(&image, &ring);
	for (int round = 0; round < 3; round++) {
		for (uint64_t ts = 0; ts < SIZE / 32; ts++)
			put(&image, 24, ts, 0);
		assert_int_equal(image.produced - *consumed(&image), SIZE);
		for (uint64_t ts = 0; ts < SIZE / 32; ts++) {
			expect(&ring, 24, ts);
			ring_next(&ring);
		}
		expect_nothing(&ring);
	}
	closed(&image, &ring);
}

/* A reader that opens a ring in use goes on where the last one stopped. */
static void test_goes_on_where_it_stopped(void **state)
{
	struct image image;
	struct ring ring;

	(void)state;
	opened(&image, &ring);
	for (uint64_t ts = 1; ts <= 200; ts++) {
		put(&image, 48, ts, 0);
		expect(&ring, 48, ts);
		ring_next(&ring);
	}
	put(&image, 48, 201, 0);
	ring_close(&ring);
	assert_int_equal(ring_open(&ring, image.fd, SIZE), 0);
	expect(&ring, 48, 201);
	closed(&image, &ring);
}

static void test_cannot_be_mapped(void **state)
{
	struct image image;
	struct ring ring;

	(void)state;
	assert_int_equal(ring_open(&ring, -1, SIZE), -EBADF);
	ring_close(&ring); /* harmless */
	image_open(&image);
	assert_int_equal(ring_open(&ring, image.fd, (size_t)1 << 62), -ENOMEM);
	ring_close(&ring);
	assert_int_equal(ring_open(&ring, image.fd, SIZE), 0);
	ring_close(&ring);
	ring_close(&ring);
	image_close(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_in_order_and_handed_back),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_busy_stops),
		cmocka_unit_test(test_busy_then_discarded),
		cmocka_unit_test(test_discarded_is_skipped),
		cmocka_unit_test(test_too_short_is_counted),
		cmocka_unit_test(test_wraps_around),
		cmocka_unit_test(test_filled_to_the_brim),
		cmocka_unit_test(test_goes_on_where_it_stopped),
		cmocka_unit_test(test_cannot_be_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
