// SPDX-License-Identifier: GPL-2.0
/*
 * calibrate.c - session_calibrate(): what the probes themselves add between the two stamps of a switch;
 * bpf/calibrate.bpf.c says how. Before the session is attached.
 */
#include <bpf/libbpf.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "trace/session_internal.h"

static int compare_u32(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

/* Fires task_rename for the calling task; its name stays what it was. */
static void fire_renames(unsigned int times)
{
	char name[EVENT_COMM_LEN] = "";

	prctl(PR_GET_NAME, name);
	for (unsigned int i = 0; i < times; i++)
		prctl(PR_SET_NAME, name);
}

/* Median ns between the two programs, with that of tlb_flush in between or not. */
static uint64_t measure(struct session *session, bool with_tlb, const char **why)
{
	struct tasktax_bpf *skeleton = session->skeleton;
	struct calibration *calibration = &skeleton->bss->calibration;
	bool typed = session->hooks.typed, kprobe = session->hooks.end == SWITCH_END_KPROBE;
	size_t room = sizeof(calibration->sample) / sizeof(calibration->sample[0]), count;
	uint64_t median;
	int err;

	*why = "no end of the switch is observed";
	if (session->hooks.end == SWITCH_END_NONE)
		return NS_UNKNOWN;
	*why = "the calibration probes could not be attached";
	calibration->count = 0;
	err = session_attach_one(session,
				 typed ? skeleton->progs.calibrate_start :
					 skeleton->progs.calibrate_start_raw,
				 NULL, NULL);
	if (!err && with_tlb)
		err = session_attach_one(session, skeleton->progs.calibrate_tlb_flush, NULL, NULL);
	if (!err && kprobe)
		err = session_attach_one(session, skeleton->progs.calibrate_stop_kprobe,
					 "proc_comm_connector", NULL);
	else if (!err)
		err = session_attach_one(session,
					 typed ? skeleton->progs.calibrate_stop :
						 skeleton->progs.calibrate_stop_raw,
					 NULL, NULL);
	if (!err)
		fire_renames(room);
	session_detach_all(session);
	for (unsigned int i = 0; i < session->cpus; i++)
		session->cpu[i].has_pending = 0; /* of a start whose stop did not run */
	if (err)
		return NS_UNKNOWN;
	*why = "the calibration probes did not run";
	count = calibration->count < room ? calibration->count : room;
	if (!count)
		return NS_UNKNOWN;
	qsort(calibration->sample, count, sizeof(calibration->sample[0]), compare_u32);
	median = calibration->sample[count / 2];
	*why = NULL;
	return median;
}

uint64_t session_calibrate(struct session *session, const char **why)
{
	return measure(session, false, why);
}

uint64_t session_calibrate_tlb(struct session *session, uint64_t without)
{
	const char *why;
	uint64_t with;

	if (!session->hooks.tlb_switch || without == NS_UNKNOWN)
		return NS_UNKNOWN;
	with = measure(session, true, &why);
	if (with == NS_UNKNOWN)
		return NS_UNKNOWN;
	return with > without ? with - without : 0;
}
