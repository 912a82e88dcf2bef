/* SPDX-License-Identifier: GPL-2.0 */
/*
 * exits.h - the exit codes of tasktax's own failures, one place for every command.
 *
 * `tasktax run` ends with the traced command's status (128+n when signal n ended it), as a shell
 * would; so these stay out of the range that programs commonly use.
 */
#ifndef TASKTAX_BASE_EXITS_H
#define TASKTAX_BASE_EXITS_H

enum exit_status {
	EXITS_OK = 0,
	EXITS_USAGE = 120,	    /* unknown option, bad value, missing command */
	EXITS_PRIVILEGE = 121,	    /* a capability is missing */
	EXITS_KERNEL = 122,	    /* this kernel cannot: no BTF, lockdown, too old */
	EXITS_OUTPUT = 123,	    /* the report could not be written */
	EXITS_RESOURCES = 124,	    /* tasktax-demo: memory, tasks or descriptors were refused */
	EXITS_FAILURE = 125,	    /* anything else that went wrong in tasktax itself */
	EXITS_NOT_EXECUTABLE = 126, /* the command was found but cannot be executed */
	EXITS_NOT_FOUND = 127,	    /* the command was not found */
};

#endif
