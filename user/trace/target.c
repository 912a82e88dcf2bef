// SPDX-License-Identifier: GPL-2.0
/* target.c - launches the traced command behind a gate; see target.h. */
#include "trace/target.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/exits.h"
#include "base/quote.h"
#include "trace/file_limit.h"

struct identity {
	bool change;
	uid_t uid;
	gid_t gid;
	const char *name;
};

/* What the child says when it cannot become the command. */
struct refusal {
	int error;
	bool of_identity; /* not of the exec */
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

/* Only returns when there is no exec, with the reason. */
static struct refusal execute(const struct launch *launch, const struct identity *identity)
{
	int err = become(identity);

	if (err)
		return (struct refusal){ .error = -err, .of_identity = true };
	if (launch->stdout_fd < 0 || dup2(launch->stdout_fd, STDOUT_FILENO) >= 0) {
		sigprocmask(SIG_SETMASK, launch->mask, NULL);
		file_limit_restore();
		execvp(launch->argv[0], launch->argv);
	}
	return (struct refusal){ .error = errno };
}

/* The child: wait at the gate, then become the command. Async-signal-safe but for initgroups. */
static _Noreturn void child(const struct target *target, int gate, int outcome,
			    const struct launch *launch, const struct identity *identity)
{
	struct refusal refusal;
	ssize_t got;
	char go;

	do {
		got = read(gate, &go, 1);
	} while (got < 0 && errno == EINTR);
	if (got != 1)
		_exit(EXITS_FAILURE);
	if (target->children_ignored)
		signal(SIGCHLD, SIG_IGN);
	refusal = execute(launch, identity);
	got = write(outcome, &refusal, sizeof(refusal));
	_exit(got == sizeof(refusal) ? EXITS_NOT_EXECUTABLE : EXITS_FAILURE);
}

/* Where SIGCHLD is ignored the kernel reaps, and nobody learns how a child ended. */
static void heed_children(struct target *target)
{
	struct sigaction before;

	target->children_ignored = !sigaction(SIGCHLD, NULL, &before) &&
				   before.sa_handler == SIG_IGN;
	if (target->children_ignored)
		signal(SIGCHLD, SIG_DFL);
}

int target_hold(struct target *target, const struct launch *launch, struct fail *fail)
{
	int gate[2], outcome[2], err;
	struct identity identity;

	memset(target, 0, sizeof(*target));
	target->gate = target->outcome = -1;
	target->command = launch->argv[0];
	target->user = launch->user;
	err = look_up_user(&identity, launch->user, fail);
	if (err)
		return err;
	/* a socket: to write to a child that was killed meanwhile is no SIGPIPE for us */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, gate))
		return fail_set(fail, -errno, "cannot make a socket: %s", strerror(errno));
	if (pipe2(outcome, O_CLOEXEC)) {
		err = -errno;
		close(gate[0]);
		close(gate[1]);
		return fail_set(fail, err, "cannot make a pipe: %s", strerror(-err));
	}
	target->gate = gate[1];
	target->outcome = outcome[0];
	heed_children(target);
	target->pid = fork();
	if (!target->pid) {
		close(gate[1]);
		child(target, gate[0], outcome[1], launch, &identity);
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

static int refuse(struct target *target, const struct refusal *refusal, struct fail *fail)
{
	struct quoted command = quote_string(target->command);
	const char *reason = strerror(refusal->error);

	if (refusal->of_identity) {
		target->refused = refusal->error == EPERM ? EXITS_PRIVILEGE : EXITS_FAILURE;
		return fail_set(fail, -refusal->error, "cannot run %s as user %s: %s%s",
				command.text, quote_string(target->user).text, reason,
				refusal->error == EPERM ?
					"; that takes CAP_SETUID and CAP_SETGID: run it with sudo" :
					"");
	}
	target->refused = refusal->error == ENOENT ? EXITS_NOT_FOUND : EXITS_NOT_EXECUTABLE;
	if (refusal->error == ENOENT && strchr(target->command, '/') &&
	    !access(target->command, F_OK))
		reason = "the interpreter that it names does not exist";
	return fail_set(fail, -refusal->error, "cannot execute %s: %s", command.text, reason);
}

int target_release(struct target *target, struct fail *fail)
{
	struct refusal refusal;
	ssize_t got;

	if (send(target->gate, "", 1, MSG_NOSIGNAL) != 1 && errno != EPIPE)
		return fail_set(fail, -errno, "cannot release the command: %s", strerror(errno));
	close(target->gate);
	target->gate = -1;
	do {
		got = read(target->outcome, &refusal, sizeof(refusal));
	} while (got < 0 && errno == EINTR);
	close(target->outcome);
	target->outcome = -1;
	return got == sizeof(refusal) ? refuse(target, &refusal, fail) : 0;
}

bool target_ended(struct target *target)
{
	if (!target->reaped && waitpid(target->pid, &target->status, WNOHANG) == target->pid)
		target->reaped = true;
	return target->reaped;
}

void target_close(struct target *target)
{
	bool ending = target->refused || target->gate >= 0;

	if (target->gate >= 0)
		close(target->gate); /* the child reads the end of the file and exits */
	if (target->outcome >= 0)
		close(target->outcome);
	target->gate = target->outcome = -1;
	while (ending && target->pid && !target->reaped)
		target->reaped = waitpid(target->pid, &target->status, 0) >= 0 || errno != EINTR;
	if (target->children_ignored)
		signal(SIGCHLD, SIG_IGN);
	target->children_ignored = false;
}
