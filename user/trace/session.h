/* SPDX-License-Identifier: GPL-2.0 */
/*
 * session.h - one tracing session: the BPF object opened, configured, loaded, attached, armed,
 * disarmed, closed. Owns every kernel resource; killing the process leaves nothing behind, since
 * nothing is pinned.
 *
 * Order of calls: session_open, session_calibrate, session_mark_root, session_attach, session_arm,
 * ... drain by a consumer ..., session_disarm, last drain, session_close, session_free. With targets that
 * are there already, seeding_run() (seeding.h) comes in place of session_mark_root, after session_attach.
 */
#ifndef TASKTAX_TRACE_SESSION_H
#define TASKTAX_TRACE_SESSION_H

#include <stddef.h>
#include <sys/types.h>

#include "base/log.h"
#include "event.h"
#include "trace/consumer.h"
#include "trace/hooks.h"

struct session;

/*
 * Loads the object for these hooks. ring_size: bytes per CPU, a power of two of whole pages; 0: the
 * default. NULL with the reason: code -EPERM when a privilege is missing.
 */
struct session *session_open(const struct hooks *hooks, size_t ring_size, struct fail *fail);

/* Detaches and frees everything. */
void session_free(struct session *session);

/*
 * Measures what the probes add between the two stamps of a switch: median ns, or NS_UNKNOWN with
 * the reason in *why (a constant string). Before session_attach().
 */
uint64_t session_calibrate(struct session *session, const char **why);

/*
 * What the probe of tlb_flush adds beyond that, median ns; NS_UNKNOWN when it is not attached or not to be
 * told. without: what session_calibrate() gave.
 */
uint64_t session_calibrate_tlb(struct session *session, uint64_t without);

/* Makes a task the root of the traced tree: serial ROOT_TASK. */
int session_mark_root(struct session *session, pid_t pid, struct fail *fail);

/* Which group counts for it in aggregate mode, as its event_newtask must say. */
uint32_t session_root_group(const struct session *session);

int session_attach(struct session *session, struct fail *fail);

/*
 * Of sessions whose hooks have `attach`, after session_attach(). From session_follow() on the children of targets
 * are targets; session_select() says of a process, by its id as we see it, that its tasks are to be, and until
 * session_arm(), or when that is past between session_selecting(true) and (false), so says its children's birth;
 * session_seed() makes those that live targets, and counts them; session_deselect() forgets who was selected: ids
 * are used again. Without the iterator, where whoever is selected is marked when it is met, only who is gone.
 * Each: 0 or a negative errno.
 */
void session_follow(struct session *session);
void session_selecting(struct session *session, bool on);
int session_deselect(struct session *session);
int session_select(struct session *session, uint32_t tgid);
int session_seed(struct session *session, unsigned int *found);

/* Recording starts for all hooks at once. Returns the CLOCK_MONOTONIC stamp, ns. */
uint64_t session_arm(struct session *session);

/* Recording stops; when this returns no program that saw it armed is running. Returns the stamp. */
uint64_t session_disarm(struct session *session);

/*
 * After disarming and the last drain: hands to the sink what is in no ring, a switch whose end was
 * not seen, and the final counters of every target that still lives, as EVENT_END with END_CLOSED.
 * 0 or a negative errno.
 */
int session_close(struct session *session, consumer_sink sink, void *context);

/* A consumer on the session's rings, with room for one more source. NULL with errno set. */
struct consumer *session_consumer(struct session *session, consumer_sink sink, void *context);

/* What was lost so far; exact after disarming. */
struct losses session_losses(const struct session *session);

/* Of them, the records that found no room in the rings on this CPU. */
uint64_t session_lost_on(const struct session *session, unsigned int cpu);

/* CPUs that the host can have: the highest number + 1. */
unsigned int session_cpus(const struct session *session);

/* Flushes by the kernel's reason while targets ran; all 0 without --tlb-switch. */
void session_tlb_reasons(const struct session *session, struct tlb_reason reasons[TLB_REASONS]);

/* The i-th program that is attached: its name, and how long it has run, where the kernel times it. false: no more. */
bool session_program(const struct session *session, size_t i, const char **name, uint64_t *run_ns);

/* Whether faults that mapped a huge page are told from others. */
bool session_tells_huge(const struct session *session);

/* The default ring size for this many CPUs, bytes. */
size_t session_default_ring(unsigned int cpus);

#endif
