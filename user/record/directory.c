// SPDX-License-Identifier: GPL-2.0
/* directory.c - see directory.h. */
#include "record/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/quote.h"
#include "base/units.h"
#include "record/format.h"

#define MARK "tracer_name = \"tasktax\""

bool record_directory_has(const char *name)
{
	uint64_t cpu;

	return !strcmp(name, METADATA_NAME) || !strcmp(name, END_NAME) ||
	       (!strncmp(name, "cpu", 3) && !parse_u64_range(name + 3, 0, UINT16_MAX, &cpu));
}

int record_directory_each(int directory,
			  int (*take)(void *context, int directory, const char *name),
			  void *context)
{
	int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;
	DIR *list = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;

	if (!list) {
		err = -errno;
		if (copy >= 0)
			close(copy);
		return err;
	}
	while (!err && (entry = readdir(list)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			err = take(context, directory, entry->d_name);
	closedir(list);
	return err;
}

static int remove_file(void *context, int directory, const char *name)
{
	(void)context;
	if (record_directory_has(name) && unlinkat(directory, name, 0) && errno != ENOENT)
		return -errno;
	return 0;
}

int record_directory_empty(int directory)
{
	return record_directory_each(directory, remove_file, NULL);
}

static int is_foreign(void *context, int directory, const char *name)
{
	(void)context;
	(void)directory;
	return record_directory_has(name) ? 0 : -EEXIST;
}

int record_directory_open(int directory, const char *name, uint64_t *size)
{
	int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat status;

	if (fd < 0)
		return -errno;
	if (!fstat(fd, &status) && S_ISREG(status.st_mode)) {
		*size = (uint64_t)status.st_size;
		return fd;
	}
	close(fd);
	return -EINVAL;
}

/* The metadata of a recording names its tracer in the first lines. */
static bool is_ours(int directory)
{
	char text[4096 + 1];
	int fd = openat(directory, METADATA_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return errno == ENOENT; /* then nothing but empty will do */
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[got < 0 ? 0 : got] = '\0';
	return strstr(text, MARK);
}

static int replace_recording(int directory, const char *path, struct fail *fail)
{
	int err;

	if (record_directory_each(directory, is_foreign, NULL) || !is_ours(directory))
		return fail_set(
			fail, -EEXIST,
			"%s exists and is no recording: it is left alone, even with --force",
			quote_string(path).text);
	err = record_directory_empty(directory);
	return err ? fail_set(fail, err, "cannot empty %s: %s", quote_string(path).text,
			      strerror(-err)) :
		     0;
}

/* Why it could not be made. */
static int refuse(const char *path, int err, struct fail *fail)
{
	struct stat status;

	if (err == -EEXIST && !lstat(path, &status) && S_ISLNK(status.st_mode))
		return fail_set(fail, err, "%s is a symbolic link, which is not followed",
				quote_string(path).text);
	if (err == -EEXIST)
		return fail_set(fail, err, "%s exists; --force replaces a recording",
				quote_string(path).text);
	return fail_set(fail, err, "cannot make %s: %s", quote_string(path).text, strerror(-err));
}

int record_directory_make(const char *path, bool replace, struct fail *fail)
{
	int made = mkdir(path, 0700) ? -errno : 0, directory, err;

	if (made && (made != -EEXIST || !replace))
		return refuse(path, made, fail);
	directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (directory < 0)
		return refuse(path, errno == ELOOP || errno == ENOTDIR ? -EEXIST : -errno, fail);
	err = made ? replace_recording(directory, path, fail) : 0;
	if (!err)
		return directory;
	close(directory);
	return err;
}
