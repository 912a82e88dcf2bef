// SPDX-License-Identifier: GPL-2.0
/* target.c - launches the traced command behind a gate; see target.h. */
#include "trace/target.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/exits.h"
#include "base/quote.h"

struct identity {
	bool change;
	uid_t uid;
	gid_t gid;
	const char *name;
};

static int look_up_user(struct identity *identity, const char *user, struct fail *fail)
{
	struct passwd *entry;

	*identity = (struct identity){ 0 };
	if (!user)
		return 0;
	errno = 0;
	entry = getpwnam(user);
	if (!entry)
		return fail_set(fail, -ESRCH, "no such user: %s", quote_string(user).text);
	*identity = (struct identity){ true, entry->pw_uid, entry->pw_gid, user };
	return 0;
}

static int become(const struct identity *identity)
{
	if (!identity->change)
		return 0;
	if (initgroups(identity->name, identity->gid) || setgid(identity->gid) ||
	    setuid(identity->uid))
		return -errno;
	return 0;
}

/* The child: wait at the gate, then become the command. Async-signal-safe but for initgroups. */
static _Noreturn void child(int gate, int outcome, const struct launch *launch,
			    const struct identity *identity)
{
	ssize_t got;
	int error;
	char go;

	do {
		got = read(gate, &go, 1);
	} while (got < 0 && errno == EINTR);
	if (got != 1)
		_exit(EXITS_FAILURE);
	error = -become(identity);
	if (!error && launch->stdout_fd >= 0 && dup2(launch->stdout_fd, STDOUT_FILENO) < 0)
		error = errno;
	if (!error) {
		sigprocmask(SIG_SETMASK, launch->mask, NULL);
		execvp(launch->argv[0], launch->argv);
		error = errno;
	}
	if (write(outcome, &error, sizeof(error)) != sizeof(error))
		_exit(EXITS_FAILURE);
	_exit(error == ENOENT ? EXITS_NOT_FOUND : EXITS_NOT_EXECUTABLE);
}

int target_hold(struct target *target, const struct launch *launch, struct fail *fail)
{
	int gate[2], outcome[2], err;
	struct identity identity;

	memset(target, 0, sizeof(*target));
	target->gate = target->outcome = -1;
	err = look_up_user(&identity, launch->user, fail);
	if (err)
		return err;
	if (pipe2(gate, O_CLOEXEC))
		return fail_set(fail, -errno, "cannot make a pipe: %s", strerror(errno));
	if (pipe2(outcome, O_CLOEXEC)) {
		err = -errno;
		close(gate[0]);
		close(gate[1]);
		return fail_set(fail, err, "cannot make a pipe: %s", strerror(-err));
	}
	target->gate = gate[1];
	target->outcome = outcome[0];
	target->pid = fork();
	if (!target->pid) {
		close(gate[1]);
		child(gate[0], outcome[1], launch, &identity);
	}
	err = -errno;
	close(gate[0]);
	close(outcome[1]);
	if (target->pid > 0)
		return 0;
	target->pid = 0;
	target_close(target);
	return fail_set(fail, err, "cannot start a process: %s", strerror(-err));
}

int target_release(struct target *target, struct fail *fail)
{
	ssize_t got;
	int error;

	if (write(target->gate, "", 1) != 1)
		return fail_set(fail, -errno, "cannot release the command: %s", strerror(errno));
	close(target->gate);
	target->gate = -1;
	do {
		got = read(target->outcome, &error, sizeof(error));
	} while (got < 0 && errno == EINTR);
	close(target->outcome);
	target->outcome = -1;
	return got == sizeof(error) ? -error : 0;
}

bool target_ended(struct target *target)
{
	if (!target->reaped && waitpid(target->pid, &target->status, WNOHANG) == target->pid)
		target->reaped = true;
	return target->reaped;
}

void target_close(struct target *target)
{
	if (target->gate >= 0) {
		close(target->gate); /* the child reads the end of the file and exits */
		target->gate = -1;
		while (target->pid && !target->reaped &&
		       waitpid(target->pid, &target->status, 0) < 0 && errno == EINTR)
			;
		target->reaped = true;
	}
	if (target->outcome >= 0) {
		close(target->outcome);
		target->outcome = -1;
	}
}
