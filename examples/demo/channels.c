// SPDX-License-Identifier: GPL-2.0
/* channels.c - the ways in which messages go from one task to another; see channels.h. */
#include "channels.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "warm.h"
#include "workload.h"

/* ---- through the kernel: pipe, unix ------------------------------------------------------------ */

static int pipe_open(struct channel *channel, struct fail *fail)
{
	if (pipe2(channel->ends, O_CLOEXEC))
		return fail_set(fail, -errno, "cannot open a pipe: %m");
	return 0;
}

static uint64_t pipe_capacity(const struct channel *channel)
{
	int size = fcntl(channel->ends[1], F_GETPIPE_SZ);

	return size > 0 ? (uint64_t)size : 0;
}

static int unix_open(struct channel *channel, struct fail *fail)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel->ends))
		return fail_set(fail, -errno, "cannot open a pair of sockets: %m");
	return 0;
}

/* Its buffers are accounted with the kernel's own overhead for each message. */
static uint64_t unix_capacity(const struct channel *channel)
{
	(void)channel;
	return 0;
}

static int own_message(struct end *end, void **message)
{
	*message = end->own;
	return 0;
}

static int stream_send(struct end *end, void *message)
{
	uint64_t size = end->channel->size;

	for (uint64_t done = 0; done < size;) {
		ssize_t put = write(end->channel->ends[1], (char *)message + done, size - done);

		if (put < 0 && errno != EINTR)
			return -errno;
		if (put > 0)
			done += (uint64_t)put;
	}
	return 0;
}

static int stream_wait(struct end *end, void **message)
{
	uint64_t size = end->channel->size;

	for (uint64_t done = 0; done < size;) {
		ssize_t got = read(end->channel->ends[0], end->own + done, size - done);

		if (!got)
			return -EPIPE;
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got > 0)
			done += (uint64_t)got;
	}
	*message = end->own;
	return 0;
}

static int nothing_to_do(struct end *end, void *message)
{
	(void)end;
	(void)message;
	return 0;
}

/* ---- shared memory and futex ------------------------------------------------------------------- */

static uint64_t slots_capacity(const struct channel *channel)
{
	return channel->places * channel->size;
}

static int slots_open(struct channel *channel, struct fail *fail)
{
	channel->places = CHANNEL_MESSAGES_LEAST;
	while (channel->places * channel->size < CHANNEL_BYTES)
		channel->places *= 2;
	channel->queue = shared_memory(sizeof(*channel->queue), fail);
	if (!channel->queue)
		return fail->code;
	channel->slots = shared_memory(slots_capacity(channel), fail);
	if (!channel->slots)
		return fail->code;
	/* Fails where the kernel has no huge pages, which is as good. */
	madvise(channel->slots, slots_capacity(channel), MADV_NOHUGEPAGE);
	return 0;
}

static char *slot(const struct channel *channel, uint32_t at)
{
	return channel->slots + (at & (channel->places - 1)) * channel->size;
}

/*
 * Until *word is no more what it was. Who changes it wakes us only when it sees that we sleep: either
 * it sees it, or we see the change.
 */
static int sleep_while(futex_word *word, uint32_t value, futex_word *sleeps)
{
	while (atomic_load(word) == value) {
		int err;

		atomic_store(sleeps, 1);
		if (atomic_load(word) != value)
			break;
		err = futex_wait(word, value);
		if (err)
			return err;
	}
	return 0;
}

static int advance(futex_word *word, futex_word *sleeps)
{
	atomic_fetch_add(word, 1);
	return atomic_load(sleeps) && atomic_exchange(sleeps, 0) ? futex_wake(word, 1) : 0;
}

static int shared_send(struct end *end, void *message)
{
	const struct channel *channel = end->channel;
	struct queue *queue = channel->queue;
	int err = sleep_while(&queue->head, end->at - channel->places, &queue->sender_sleeps);

	if (err)
		return err;
	memcpy(slot(channel, end->at), message, channel->size);
	end->at++;
	return advance(&queue->tail, &queue->receiver_sleeps);
}

static int shared_wait(struct end *end, void **message)
{
	const struct channel *channel = end->channel;
	struct queue *queue = channel->queue;
	int err = sleep_while(&queue->tail, end->at, &queue->receiver_sleeps);

	if (err)
		return err;
	memcpy(end->own, slot(channel, end->at), channel->size);
	end->at++;
	*message = end->own;
	return advance(&queue->head, &queue->sender_sleeps);
}

/* ---- the pointer under a mutex ----------------------------------------------------------------- */

static int pointer_open(struct channel *channel, struct fail *fail)
{
	struct queue *queue;
	int err = slots_open(channel, fail);

	if (err)
		return err;
	queue = channel->queue;
	queue->pointers = shared_memory(channel->places * sizeof(queue->pointers[0]), fail);
	if (!queue->pointers)
		return fail->code;
	pthread_mutex_init(&queue->mutex, NULL);
	pthread_cond_init(&queue->filled, NULL);
	pthread_cond_init(&queue->emptied, NULL);
	return 0;
}

/* A message that the receiver is done with. */
static int pointer_begin(struct end *end, void **message)
{
	struct queue *queue = end->channel->queue;

	pthread_mutex_lock(&queue->mutex);
	while (queue->in - queue->out == end->channel->places)
		pthread_cond_wait(&queue->emptied, &queue->mutex);
	pthread_mutex_unlock(&queue->mutex);
	*message = slot(end->channel, end->at);
	return 0;
}

static int pointer_send(struct end *end, void *message)
{
	struct queue *queue = end->channel->queue;

	end->at++;
	pthread_mutex_lock(&queue->mutex);
	queue->pointers[queue->in++ & (end->channel->places - 1)] = message;
	pthread_cond_signal(&queue->filled);
	pthread_mutex_unlock(&queue->mutex);
	return 0;
}

static int pointer_wait(struct end *end, void **message)
{
	struct queue *queue = end->channel->queue;

	pthread_mutex_lock(&queue->mutex);
	while (queue->in == queue->out)
		pthread_cond_wait(&queue->filled, &queue->mutex);
	*message = queue->pointers[queue->out & (end->channel->places - 1)];
	pthread_mutex_unlock(&queue->mutex);
	return 0;
}

static int pointer_done(struct end *end, void *message)
{
	struct queue *queue = end->channel->queue;

	(void)message;
	pthread_mutex_lock(&queue->mutex);
	queue->out++;
	pthread_cond_signal(&queue->emptied);
	pthread_mutex_unlock(&queue->mutex);
	return 0;
}

/* ---- all of them ------------------------------------------------------------------------------- */

static const struct way ways[] = {
	{ "pipe", false, true, pipe_open, own_message, stream_send, stream_wait, nothing_to_do,
	  pipe_capacity },
	{ "unix", false, true, unix_open, own_message, stream_send, stream_wait, nothing_to_do,
	  unix_capacity },
	{ "shared", false, true, slots_open, own_message, shared_send, shared_wait, nothing_to_do,
	  slots_capacity },
	{ "pointer", true, false, pointer_open, pointer_begin, pointer_send, pointer_wait,
	  pointer_done, slots_capacity },
};

const struct way *way_default(void)
{
	return &ways[0];
}

const struct way *way_find(const char *name)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(ways[i].name, name))
			return &ways[i];
	return NULL;
}

int channel_open(struct channel *channel, struct fail *fail)
{
	return channel->way->open(channel, fail);
}

int end_open(struct end *end, const struct channel *channel, struct fail *fail)
{
	*end = (struct end){ .channel = channel };
	if (channel->queue)
		warm_shared(channel->queue, sizeof(*channel->queue));
	if (channel->slots)
		warm_shared(channel->slots, channel->places * channel->size);
	if (channel->queue && channel->queue->pointers)
		warm_shared(channel->queue->pointers,
			    channel->places * sizeof(channel->queue->pointers[0]));
	if (!channel->way->own)
		return 0;
	end->own = warm_memory(channel->size, fail);
	return end->own ? 0 : fail->code;
}
