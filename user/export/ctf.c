// SPDX-License-Identifier: GPL-2.0
/*
 * ctf.c - a recording as a CTF trace: it is one already, so this is a verified copy, without what is damaged. Made beside
 * the output under another name, so that a name holds a whole copy or nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/exits.h"
#include "base/quote.h"
#include "base/units.h"
#include "export/formats.h"
#include "record/copy.h"
#include "record/directory.h"

static bool is_same(const char *one, const char *other)
{
	struct stat a, b;

	return !stat(one, &a) && !stat(other, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Removes what was made, after a failure. */
static void withdraw(int directory, const char *temporary)
{
	record_directory_empty(directory);
	rmdir(temporary);
}

/* Gives the copy its name: one that is taken is emptied first, if it is a recording and may be replaced. */
static int install(const char *temporary, const char *output, bool replace, struct fail *fail)
{
	int there = record_directory_make(output, replace, fail);

	if (there < 0)
		return there;
	close(there);
	if (!rename(temporary, output)) /* over an empty directory */
		return 0;
	fail_set(fail, -errno, "cannot make %s: %s", quote_string(output).text, strerror(errno));
	return fail->code;
}

static void say(const char *output, const struct record_copied *copied)
{
	char size[UNITS_TEXT_SIZE], count[UNITS_TEXT_SIZE];

	if (copied->left_out)
		log_warning("export: %s damaged or cut-off packets are not in %s",
			    format_count(count, sizeof(count), copied->left_out),
			    quote_string(output).text);
	log_note("export: %s in %s", format_bytes(size, sizeof(size), copied->bytes),
		 quote_string(output).text);
}

static int copy_to(const struct record_reader *reader, const char *output, bool replace,
		   struct fail *fail)
{
	struct record_copied copied;
	char *temporary;
	int directory, err;

	if (asprintf(&temporary, "%s.%d", output, (int)getpid()) < 0)
		return fail_set(fail, -ENOMEM, "no memory");
	directory = record_directory_make(temporary, false, fail);
	err = directory < 0 ? directory : record_copy(reader, directory, &copied, fail);
	err = err ?: install(temporary, output, replace, fail);
	if (err && directory >= 0)
		withdraw(directory, temporary);
	if (directory >= 0)
		close(directory);
	if (!err)
		say(output, &copied);
	free(temporary);
	return err;
}

/* What stands in the way is found before anything is read. */
static int check(const char *directory, const char *output, bool replace, struct fail *fail)
{
	struct stat status;

	if (is_same(directory, output))
		return fail_set(fail, -EINVAL, "%s is the recording itself",
				quote_string(output).text);
	if (!replace && !lstat(output, &status))
		return fail_set(fail, -EEXIST, "%s exists; --force replaces a recording",
				quote_string(output).text);
	return 0;
}

int ctf_copy(const char *directory, const char *output, bool replace, struct fail *fail)
{
	struct record_reader *reader;
	int err = check(directory, output, replace, fail);

	if (err)
		return EXITS_OUTPUT;
	err = record_reader_open(&reader, directory, fail);
	if (err)
		return err == -ENOMEM || err == -EIO ? EXITS_FAILURE : EXITS_USAGE;
	err = copy_to(reader, output, replace, fail);
	record_reader_free(reader);
	return err == -ENOMEM ? EXITS_FAILURE : err ? EXITS_OUTPUT : 0;
}
