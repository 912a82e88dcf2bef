// SPDX-License-Identifier: GPL-2.0
/*
 * closing.c - session_close(): what is in no log and no ring when tracing ends. A switch whose end was
 * not seen is in the CPU's state, and the counters of those who live on are in theirs.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "trace/session_internal.h"

static int read_closed(int fd, consumer_sink sink, void *context)
{
	struct event_end event;
	size_t have = 0;

	for (;;) {
		ssize_t got = read(fd, (char *)&event + have, sizeof(event) - have);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			return 0;
		have += (size_t)got;
		if (have == sizeof(event)) {
			int err = sink(context, &event.h);

			if (err)
				return err;
			have = 0;
		}
	}
}

/* The link may go: the descriptor holds the program. */
int session_iterate(struct bpf_program *program, int *fd)
{
	struct bpf_link *link = bpf_program__attach_iter(program, NULL);

	if (!link)
		return -errno;
	*fd = bpf_iter_create(bpf_link__fd(link));
	bpf_link__destroy(link);
	return *fd < 0 ? *fd : 0;
}

/* Without typed programs the state is in a plain hash, and the dead have left it. */
static int close_by_map(struct session *session, consumer_sink sink, void *context)
{
	int fd = bpf_map__fd(session->skeleton->maps.tasks_raw), err = 0;
	struct task_state state;
	u64 task, *previous = NULL;

	while (!err && !bpf_map_get_next_key(fd, previous, &task)) {
		struct event_end event = {
			.h = { clock_now_ns(), EVENT_END, sizeof(event), 0, END_CLOSED },
		};

		previous = &task;
		if (bpf_map_lookup_elem(fd, &task, &state))
			continue;
		event.task = state.id;
		event.account = state.account;
		err = sink(context, &event.h);
	}
	return err;
}

/*
 * A switch whose end no program saw goes out at the next switch of its CPU. There is none after
 * disarming: it goes out here, without the price, and without the wait of a stint that is still on.
 */
static int close_pending(struct session *session, consumer_sink sink, void *context)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < session->cpus; i++) {
		struct event_switch event = session->cpu[i].pending;

		if (!session->cpu[i].has_pending)
			continue;
		session->cpu[i].has_pending = 0;
		event.direct_ns = SWITCH_NS_UNKNOWN;
		event.h.flags &= ~SWITCH_WAIT;
		err = sink(context, &event.h);
	}
	return err;
}

int session_close(struct session *session, consumer_sink sink, void *context)
{
	int err = close_pending(session, sink, context);

	if (err)
		return err;
	if (!session->hooks.typed)
		return close_by_map(session, sink, context);
	return session->closing >= 0 ? read_closed(session->closing, sink, context) : 0;
}
