// SPDX-License-Identifier: GPL-2.0
/* seeding.c - session_follow(), _select() and _seed(), and the loop around them; see seeding.h. */
#include "trace/seeding.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "trace/session_internal.h"

#define PATIENCE_NS 5000000000ull /* where processes come faster than they can be looked through */

void session_follow(struct session *session)
{
	session_selecting(session, true);
	__atomic_store_n(&session->skeleton->bss->following, 1, __ATOMIC_SEQ_CST);
}

void session_selecting(struct session *session, bool on)
{
	__atomic_store_n(&session->skeleton->bss->seeding, on, __ATOMIC_SEQ_CST);
}

int session_select(struct session *session, uint32_t tgid)
{
	struct seed seed = { .mm = __atomic_add_fetch(&session->skeleton->data_serial->last_mm_id,
						      1, __ATOMIC_SEQ_CST) };
	int fd = bpf_map__fd(session->skeleton->maps.seeds);

	if (!bpf_map_update_elem(fd, &tgid, &seed, BPF_NOEXIST) || errno == EEXIST)
		return 0;
	return -errno;
}

static bool is_there(uint32_t tgid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u", tgid);
	return !access(path, F_OK);
}

int session_deselect(struct session *session)
{
	int fd = bpf_map__fd(session->skeleton->maps.seeds), err;
	uint32_t tgid, next;

	err = bpf_map_get_next_key(fd, NULL, &next);
	while (!err) {
		tgid = next;
		err = bpf_map_get_next_key(fd, &tgid, &next);
		if (session->hooks.iter || !is_there(tgid))
			bpf_map_delete_elem(fd, &tgid);
	}
	return errno == ENOENT ? 0 : -errno;
}

/* The iterator writes a byte for each. */
static int count_bytes(int fd, unsigned int *count)
{
	char bytes[4096];
	ssize_t got;

	for (;;) {
		got = read(fd, bytes, sizeof(bytes));
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0)
			return got ? -errno : 0;
		*count += (unsigned int)got;
	}
}

int session_seed(struct session *session, unsigned int *found)
{
	int fd = -1, err;

	*found = 0;
	if (!session->hooks.iter)
		return 0; /* they are marked when they are met */
	err = session_iterate(session->skeleton->progs.seed_tasks, &fd);
	if (!err)
		err = count_bytes(fd, found);
	if (fd >= 0)
		close(fd);
	*found += __atomic_exchange_n(&session->skeleton->bss->seeds_added, 0, __ATOMIC_SEQ_CST);
	return err;
}

/* ---- the loop ---- */

static int select_one(void *context, uint32_t tgid)
{
	return session_select(context, tgid);
}

/* *all: whether somebody was found. */
static int seed_all(struct session *session, const struct selection *selection,
		    struct chosen *chosen, bool *all, struct fail *fail)
{
	uint64_t patience = clock_now_ns() + PATIENCE_NS;
	unsigned int found = 0, before = 0;
	int err = 0;

	do {
		before = chosen->count;
		if (!selection->everybody)
			err = selection_scan(selection, chosen, select_one, session, fail);
		if (err)
			return err;
		err = session_seed(session, &found);
		if (err)
			fail_set(fail, err, "cannot look through the tasks: %s", strerror(-err));
		*all |= found;
	} while (!err && (found || chosen->count != before) && clock_now_ns() < patience);
	return err;
}

int seeding_run(struct session *session, const struct selection *selection, struct fail *fail)
{
	struct chosen chosen = { 0 };
	bool some = false;
	int err;

	session_follow(session);
	err = seed_all(session, selection, &chosen, &some, fail);
	chosen_free(&chosen);
	if (!err && !some && session->hooks.iter && !selection->open)
		err = fail_set(fail, -ESRCH, "no process is left that was selected");
	return err;
}

static int deselect(struct session *session, struct fail *fail)
{
	int err = session_deselect(session);

	return err ? fail_set(fail, err, "cannot forget who was selected: %s", strerror(-err)) : 0;
}

int seeding_again(struct session *session, const struct selection *selection, struct chosen *known,
		  struct fail *fail)
{
	unsigned int before = known->count;
	bool some = false;
	int err = deselect(session, fail);

	if (err)
		return err;
	session_selecting(session, true);
	err = selection_scan(selection, known, select_one, session, fail);
	if (!err && known->count != before)
		err = seed_all(session, selection, known, &some, fail);
	session_selecting(session, false);
	return err ?: deselect(session, fail);
}
