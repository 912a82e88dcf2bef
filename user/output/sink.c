// SPDX-License-Identifier: GPL-2.0
/* sink.c - opens, completes or withdraws an output; see sink.h. */
#include "output/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/quote.h"
#include "base/units.h"

static int failed(const struct sink *sink, int err, struct fail *fail)
{
	return fail_set(fail, err, "cannot write %s: %s", quote_string(sink->name).text,
			strerror(-err));
}

/* The number in /dev/fd/N or /proc/self/fd/N, or in the target of a link like /dev/stdout; -1: none. */
static int own_descriptor(const char *path)
{
	static const char *const folders[] = { "/dev/fd/", "/proc/self/fd/" };
	char target[PATH_MAX];
	ssize_t length = readlink(path, target, sizeof(target) - 1);
	uint64_t fd;

	if (length > 0) {
		target[length] = '\0';
		if (!strncmp(target, folders[1], strlen(folders[1])))
			path = target;
	}
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (!strncmp(path, folders[i], strlen(folders[i])) &&
		    !parse_u64_range(path + strlen(folders[i]), 0, INT_MAX, &fd))
			return (int)fd;
	return -1;
}

static int use_descriptor(struct sink *sink, int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
		return -EBADF;
	sink->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return sink->fd < 0 ? -errno : 0;
}

static int use_special(struct sink *sink, const char *path)
{
	sink->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
	return sink->fd < 0 ? -errno : 0;
}

/* A file of its own beside the final name. The caller frees *temporary and closes the descriptor. */
static int make_temporary(const char *name, char **temporary)
{
	int fd, err;

	if (asprintf(temporary, "%s.XXXXXX", name) < 0) {
		*temporary = NULL;
		return -ENOMEM;
	}
	fd = mkostemp(*temporary, O_CLOEXEC);
	if (fd >= 0)
		return fd;
	err = -errno;
	free(*temporary);
	*temporary = NULL;
	return err < 0 ? err : -EIO;
}

/* Whether the file could be made now; nothing of the attempt is left. */
static int try_beside(const char *name)
{
	char *temporary;
	int fd = make_temporary(name, &temporary);

	if (fd < 0)
		return fd;
	unlink(temporary);
	free(temporary);
	close(fd);
	return 0;
}

static int find_place(struct sink *sink, const char *path)
{
	struct stat status;
	int fd;

	if (!path)
		return use_descriptor(sink, STDERR_FILENO);
	if (!strcmp(path, "-"))
		return use_descriptor(sink, STDOUT_FILENO);
	fd = own_descriptor(path);
	if (fd >= 0)
		return use_descriptor(sink, fd);
	if (!*path)
		return -ENOENT;
	if (!stat(path, &status) && S_ISDIR(status.st_mode))
		return -EISDIR;
	if (!lstat(path, &status) && !S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode))
		return use_special(sink, path);
	return try_beside(path);
}

static const char *name_of(const char *path)
{
	if (!path)
		return "to standard error";
	return strcmp(path, "-") != 0 ? path : "to standard output";
}

int sink_open(struct sink *sink, const char *path, struct fail *fail)
{
	int err;

	memset(sink, 0, sizeof(*sink));
	sink->fd = sink->file = -1;
	sink->name = strdup(name_of(path));
	sink->stream = open_memstream(&sink->text, &sink->size);
	err = sink->name && sink->stream ? find_place(sink, path) : -ENOMEM;
	if (!err)
		return 0;
	failed(sink, err, fail);
	sink_abort(sink);
	return err;
}

/* A descriptor that somebody made non-blocking is waited for. `done` counts what is out, also when it fails. */
static int write_all(int fd, const char *bytes, size_t size, size_t *done)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };

	while (*done < size) {
		ssize_t length = write(fd, bytes + *done, size - *done);

		if (length >= 0)
			*done += (size_t)length;
		else if (errno == EAGAIN)
			poll(&room, 1, -1);
		else if (errno != EINTR)
			return -errno;
	}
	return 0;
}

static int write_rest(struct sink *sink, int fd)
{
	if (fflush(sink->stream) || ferror(sink->stream))
		return -ENOMEM;
	return write_all(fd, sink->text, sink->size, &sink->written);
}

int sink_flush(struct sink *sink)
{
	return sink->fd < 0 ? 0 : write_rest(sink, sink->fd);
}

/* A file in the folder of the final name, without a name of its own; not every file system can. */
static int make_nameless(const char *name)
{
	const char *slash = strrchr(name, '/');
	char *folder = slash ? strndup(name, (size_t)(slash - name) + 1) : strdup(".");
	int fd;

	if (!folder)
		return -ENOMEM;
	fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	free(folder);
	return fd;
}

static int make_file(struct sink *sink)
{
	sink->file = make_nameless(sink->name);
	if (sink->file < 0)
		sink->file = make_temporary(sink->name, &sink->temporary);
	return sink->file < 0 ? sink->file : 0;
}

bool sink_is_file(const struct sink *sink)
{
	return sink->fd < 0;
}

int sink_write(struct sink *sink, const void *bytes, size_t size)
{
	size_t done = 0;
	int err;

	if (sink->fd >= 0)
		return write_all(sink->fd, bytes, size, &done);
	err = sink->file < 0 ? make_file(sink) : 0;
	return err ?: write_all(sink->file, bytes, size, &done);
}

/* A nameless file gets a temporary name, from which it can be renamed over what is there. */
static int name_file(struct sink *sink)
{
	char self[40];
	int fd;

	if (sink->temporary)
		return 0;
	fd = make_temporary(sink->name, &sink->temporary);
	if (fd < 0)
		return fd;
	close(fd);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", sink->file);
	if (unlink(sink->temporary) ||
	    linkat(AT_FDCWD, self, AT_FDCWD, sink->temporary, AT_SYMLINK_FOLLOW))
		return -errno;
	return 0;
}

static int write_file(struct sink *sink)
{
	int err = sink->file < 0 ? make_file(sink) : 0;

	if (err)
		return err;
	err = write_rest(sink, sink->file) ?: name_file(sink);
	if (close(sink->file) && !err)
		err = -errno;
	sink->file = -1;
	if (!err && rename(sink->temporary, sink->name))
		err = -errno;
	if (err)
		return err;
	free(sink->temporary);
	sink->temporary = NULL;
	return 0;
}

int sink_commit(struct sink *sink, struct fail *fail)
{
	int err;

	if (sink->fd < 0) {
		err = write_file(sink);
	} else {
		err = write_rest(sink, sink->fd);
		if (close(sink->fd) && !err)
			err = -errno;
		sink->fd = -1;
	}
	if (err)
		failed(sink, err, fail);
	sink_abort(sink);
	return err;
}

void sink_abort(struct sink *sink)
{
	if (sink->stream)
		fclose(sink->stream);
	if (sink->name && sink->fd >= 0)
		close(sink->fd);
	if (sink->name && sink->file >= 0)
		close(sink->file);
	if (sink->temporary)
		unlink(sink->temporary);
	free(sink->temporary);
	free(sink->name);
	free(sink->text);
	memset(sink, 0, sizeof(*sink));
}
