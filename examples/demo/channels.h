/* SPDX-License-Identifier: GPL-2.0 */
/*
 * channels.h - the ways in which messages go from one task to another; for ipc.c.
 *
 * One sender, one receiver. The sender writes each message where message_begin() says and sends it;
 * the receiver reads it where message_wait() says, and gives the place back.
 */
#ifndef DEMO_CHANNELS_H
#define DEMO_CHANNELS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "futex.h"

/* What a pipe holds by default; shared memory for messages is as large, but holds two at least. */
#define CHANNEL_BYTES (64 << 10)
#define CHANNEL_MESSAGES_LEAST 2

/* In shared memory. Positions count messages since the start and wrap around; a line for each writer. */
struct queue {
	_Alignas(64) futex_word tail; /* messages in; written by the sender */
	futex_word receiver_sleeps;
	_Alignas(64) futex_word head; /* messages out; written by the receiver */
	futex_word sender_sleeps;
	/* The same by `pointer`, which has these instead: */
	_Alignas(64) pthread_mutex_t mutex;
	pthread_cond_t filled, emptied;
	void **pointers; /* of the messages in the queue */
	uint32_t in, out;
};

struct channel {
	const struct way *way;
	uint64_t size; /* bytes of a message, a multiple of 8 */
	uint32_t
		places; /* of messages in shared memory, a power of two; 0: it goes through the kernel */
	int ends[2]; /* descriptors: of the receiver, of the sender */
	struct queue *queue;
	char *slots; /* places * size */
};

/* One end of it, of one task: its own memory for a message, where the way needs it. */
struct end {
	const struct channel *channel;
	char *own;
	uint32_t at; /* messages sent, or received, by it */
};

struct way {
	const char *name;
	bool one_address_space;
	bool own; /* messages are written into and read from each task's own memory */
	int (*open)(struct channel *channel, struct fail *fail);
	/* 0 or -errno, as those below */
	int (*begin)(struct end *end, void **message);
	int (*send)(struct end *end, void *message);
	int (*wait)(struct end *end, void **message);
	int (*done)(struct end *end, void *message);
	/* Bytes that it holds at most, or 0: the kernel does not tell. */
	uint64_t (*capacity)(const struct channel *channel);
};

const struct way *way_default(void);

/* NULL when there is none of this name. */
const struct way *way_find(const char *name);

#define WAY_NAMES "pipe, unix, shared or pointer"

/* For the given way and size. 0 or -errno. */
int channel_open(struct channel *channel, struct fail *fail);

/* In its own task: its memory faulted in. 0 or -errno. */
int end_open(struct end *end, const struct channel *channel, struct fail *fail);

#endif
