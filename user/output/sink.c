// SPDX-License-Identifier: GPL-2.0
/* sink.c - opens, completes or withdraws an output; see sink.h. */
#include "output/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/quote.h"

static int open_failed(const char *path, int err, struct fail *fail)
{
	return fail_set(fail, err, "cannot write %s: %s; choose another file with -o",
			quote_string(path).text, strerror(-err));
}

static int use_descriptor(struct sink *sink, int fd, const char *path, struct fail *fail)
{
	int err;

	sink->stream = fd < 0 ? NULL : fdopen(fd, "w");
	if (sink->stream)
		return 0;
	err = -errno;
	if (fd >= 0)
		close(fd);
	return open_failed(path, err, fail);
}

static int open_beside(struct sink *sink, const char *path, struct fail *fail)
{
	int fd;

	if (asprintf(&sink->temporary, "%s.XXXXXX", path) < 0) {
		sink->temporary = NULL;
		return fail_set(fail, -ENOMEM, "no memory");
	}
	sink->path = strdup(path);
	fd = sink->path ? mkostemp(sink->temporary, O_CLOEXEC) : -1;
	if (fd < 0) {
		int err = -errno;

		free(sink->temporary); /* nothing of that name was made */
		sink->temporary = NULL;
		sink_abort(sink);
		return open_failed(path, err, fail);
	}
	return use_descriptor(sink, fd, path, fail);
}

int sink_open(struct sink *sink, const char *path, struct fail *fail)
{
	struct stat status;

	memset(sink, 0, sizeof(*sink));
	if (!path)
		return use_descriptor(sink, fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3),
				      "standard error", fail);
	if (!strcmp(path, "-"))
		return use_descriptor(sink, fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3),
				      "standard output", fail);
	if (!stat(path, &status) && S_ISDIR(status.st_mode))
		return open_failed(path, -EISDIR, fail);
	if (!stat(path, &status) && !S_ISREG(status.st_mode))
		return use_descriptor(sink, open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY), path,
				      fail);
	return open_beside(sink, path, fail);
}

int sink_commit(struct sink *sink, struct fail *fail)
{
	const char *name = sink->path ? sink->path : "the report";
	int err = 0;

	errno = 0;
	if (fflush(sink->stream) || ferror(sink->stream))
		err = errno ? -errno : -EIO;
	if (fclose(sink->stream) && !err)
		err = -errno;
	sink->stream = NULL;
	if (!err && sink->path && rename(sink->temporary, sink->path))
		err = -errno;
	if (err) {
		fail_set(fail, err, "cannot write %s: %s", quote_string(name).text, strerror(-err));
	} else {
		free(sink->temporary);
		sink->temporary = NULL;
	}
	sink_abort(sink);
	return err;
}

void sink_abort(struct sink *sink)
{
	if (sink->stream)
		fclose(sink->stream);
	if (sink->temporary)
		unlink(sink->temporary);
	free(sink->temporary);
	free(sink->path);
	memset(sink, 0, sizeof(*sink));
}
