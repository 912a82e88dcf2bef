// SPDX-License-Identifier: GPL-2.0
/*
 * ipc.c - the experiment `ipc`: one task makes messages and sends them to another, which reads all of
 * each: through the kernel, through shared memory, or by handing over a pointer.
 *
 * By every way the sender writes each message once and the receiver reads it once; on the way the
 * kernel or the two tasks copy it twice more, but a pointer copies nothing. It is for tasks of one
 * address space.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/exits.h"
#include "base/log.h"
#include "base/quote.h"
#include "channels.h"
#include "cpus.h"
#include "experiment.h"
#include "options.h"
#include "report.h"
#include "warm.h"
#include "workload.h"

#define SIZE_LEAST 64
#define SIZE_MOST (1 << 20)
#define SIZE_DEFAULT (64 << 10)
#define MESSAGES_MAX UINT32_MAX
/* By default there are as many messages as make so many bytes, within bounds. */
#define BYTES_DEFAULT ((uint64_t)512 << 20)
#define MESSAGES_DEFAULT_MOST 200000

#define STEP 0x9e3779b97f4a7c15 /* of the words of a message: odd, so that none repeats */
#define MIX 0xd6e8feb86659fd93

enum role { SENDER, RECEIVER, ROLES };

struct ipc {
	struct workload workload;
	struct channel channel;
	uint64_t messages, warm_up;
	struct outcome *outcome;
};

/* In shared memory, written by the tasks at their end. */
struct outcome {
	uint64_t checksum;	/* by the receiver */
	uint64_t cpu_ns[ROLES]; /* CPU time of each task, of what is timed */
};

/* ---- what is in a message ---------------------------------------------------------------------- */

/* Of its number, unlike for every message. */
static uint64_t first_word(uint64_t message)
{
	return (message + 1) * MIX;
}

static void fill(uint64_t *words, uint64_t count, uint64_t message)
{
	uint64_t word = first_word(message);

	for (uint64_t i = 0; i < count; i++, word += STEP)
		words[i] = word;
}

/* The order of the messages counts, and (by the sum of the sums) that of the words in each. */
static uint64_t add_sums(uint64_t checksum, uint64_t sum, uint64_t sums)
{
	return ((checksum * MIX) + sum) * MIX + sums;
}

static uint64_t add_message(uint64_t checksum, const uint64_t *words, uint64_t count)
{
	uint64_t sum = 0, sums = 0;

	for (uint64_t i = 0; i < count; i++) {
		sum += words[i];
		sums += sum;
	}
	return add_sums(checksum, sum, sums);
}

/* What add_message() must find, by the sums of the arithmetic series that fill() wrote. */
static uint64_t expected_checksum(const struct ipc *ipc)
{
	uint64_t n = ipc->channel.size / sizeof(uint64_t), checksum = 0;

	for (uint64_t i = 0; i < ipc->warm_up + ipc->messages; i++) {
		uint64_t first = first_word(i);

		checksum = add_sums(checksum, n * first + n * (n - 1) / 2 * STEP,
				    n * (n + 1) / 2 * first + (n - 1) * n * (n + 1) / 6 * STEP);
	}
	return checksum;
}

/* ---- the work, the same in every form ---------------------------------------------------------- */

static int failed(struct worker *worker, const struct ipc *ipc, int err)
{
	errno = -err;
	return fail_set(&worker->fail, err, "cannot pass a message by %s: %m",
			ipc->channel.way->name);
}

static void begin(struct worker *worker, uint64_t *cpu_ns)
{
	*cpu_ns = clock_cpu_ns();
	worker_begin(worker);
}

static void finish(struct worker *worker, const struct ipc *ipc, uint64_t cpu_ns)
{
	worker_end(worker);
	ipc->outcome->cpu_ns[worker->index] = clock_cpu_ns() - cpu_ns;
}

static int send_all(struct worker *worker, const struct ipc *ipc, struct end *end)
{
	const struct way *way = ipc->channel.way;
	uint64_t words = ipc->channel.size / sizeof(uint64_t), cpu_ns = 0;

	for (uint64_t i = 0; i < ipc->warm_up + ipc->messages; i++) {
		void *message;
		int err;

		if (i == ipc->warm_up)
			begin(worker, &cpu_ns);
		err = way->begin(end, &message);
		if (err)
			return failed(worker, ipc, err);
		fill(message, words, i);
		err = way->send(end, message);
		if (err)
			return failed(worker, ipc, err);
	}
	finish(worker, ipc, cpu_ns);
	return 0;
}

static int receive_all(struct worker *worker, const struct ipc *ipc, struct end *end)
{
	const struct way *way = ipc->channel.way;
	uint64_t words = ipc->channel.size / sizeof(uint64_t);
	uint64_t checksum = 0, cpu_ns = 0;

	for (uint64_t i = 0; i < ipc->warm_up + ipc->messages; i++) {
		void *message;
		int err;

		if (i == ipc->warm_up)
			begin(worker, &cpu_ns);
		err = way->wait(end, &message);
		if (err)
			return failed(worker, ipc, err);
		checksum = add_message(checksum, message, words);
		err = way->done(end, message);
		if (err)
			return failed(worker, ipc, err);
	}
	finish(worker, ipc, cpu_ns);
	ipc->outcome->checksum = checksum;
	return 0;
}

static int ipc_work(struct worker *worker, const void *context)
{
	const struct ipc *ipc = context;
	struct end end;
	int err;

	warm_program();
	err = end_open(&end, &ipc->channel, &worker->fail);
	if (err)
		return err;
	return worker->index == SENDER ? send_all(worker, ipc, &end) :
					 receive_all(worker, ipc, &end);
}

/* ---- options ----------------------------------------------------------------------------------- */

enum option_key {
	KEY_SIZE = 512,
	KEY_MESSAGES,
	KEY_VIA,
};

static const struct argp_option option_list[] = {
	{ "size", KEY_SIZE, "SIZE", 0, "Bytes of a message, a multiple of 64, from 64 to 1M (64K)",
	  2 },
	{ "messages", KEY_MESSAGES, "N", 0,
	  "Messages that are timed (default: 512 MiB of them, at most 200000)", 2 },
	{ "via", KEY_VIA, "WAY", 0,
	  "How they go: " WAY_NAMES " (default pipe); pointer is for threads", 2 },
	{ 0 },
};

static const char doc[] =
	"One task makes messages and another reads them. Prints what was done as one line of JSON."
	"\v" OPTIONS_EXIT_STATUS "\n"
	"Example:\n"
	"  tasktax run -- tasktax-demo ipc --as process --via unix --size 4K --cpu auto\n";

static error_t parse_size_of(const char *text, struct ipc *ipc)
{
	if (options_size("--size", text, SIZE_LEAST, SIZE_MOST, &ipc->channel.size))
		return EINVAL;
	if (ipc->channel.size % SIZE_LEAST == 0)
		return 0;
	log_error("--size %s: not a multiple of %d bytes", quote_string(text).text, SIZE_LEAST);
	return EINVAL;
}

static error_t parse_via(const char *text, struct ipc *ipc)
{
	ipc->channel.way = way_find(text);
	if (ipc->channel.way)
		return 0;
	log_error("--via %s: the way is " WAY_NAMES, quote_string(text).text);
	return EINVAL;
}

static error_t check(const struct ipc *ipc)
{
	if (ipc->workload.tasks != ROLES) {
		log_error("--tasks %u: ipc has two tasks, one that sends and one that receives",
			  ipc->workload.tasks);
		return EINVAL;
	}
	if (ipc->channel.way->one_address_space && ipc->workload.form == FORM_PROCESS) {
		log_error("--via %s: a pointer means nothing in another process's address space; "
			  "use --as thread or --via shared",
			  ipc->channel.way->name);
		return EINVAL;
	}
	return 0;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct ipc *ipc = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &ipc->workload;
		return 0;
	case KEY_SIZE:
		return parse_size_of(text, ipc);
	case KEY_MESSAGES:
		return options_number("--messages", text, 1, MESSAGES_MAX, &ipc->messages);
	case KEY_VIA:
		return parse_via(text, ipc);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int parse_options(int argc, char **argv, struct ipc *ipc)
{
	static const struct argp_child children[] = { { .argp = &options_common }, { 0 } };
	static const struct argp argp = {
		.options = option_list, .parser = parse, .doc = doc, .children = children
	};

	return options_parse(&argp, argc, argv, ipc) || check(ipc) ? -EINVAL : 0;
}

/* ---- the experiment ---------------------------------------------------------------------------- */

/*
 * On one CPU neither task can be ahead of the other by more than the channel holds: so often, but for
 * the last time, each must leave the CPU to the other. More switches than that are no surprise: a task
 * that is woken may run at once.
 */
static void print_expected_switches(const struct ipc *ipc)
{
	uint64_t capacity = ipc->channel.way->capacity(&ipc->channel);
	uint64_t bytes = ipc->messages * ipc->channel.size;

	if (ipc->workload.cpu < 0 || !capacity)
		printf(",\"expected_switches_at_least\":null");
	else
		printf(",\"expected_switches_at_least\":%" PRIu64,
		       2 * ((bytes + capacity - 1) / capacity - 1));
}

static int report(const struct ipc *ipc, const struct result *result)
{
	double bytes = (double)ipc->messages * (double)ipc->channel.size;
	double mib = bytes / (1 << 20);
	long switches = 0, faults = 0;

	for (int i = 0; i < ROLES; i++) {
		const struct usage *span = &result->workers[i].span;

		switches += span->nvcsw + span->nivcsw;
		faults += span->minflt + span->majflt;
	}
	report_begin("ipc", &ipc->workload);
	printf(",\"via\":\"%s\",\"size_bytes\":%" PRIu64 ",\"messages\":%" PRIu64
	       ",\"warm_up_messages\":%" PRIu64,
	       ipc->channel.way->name, ipc->channel.size, ipc->messages, ipc->warm_up);
	if (ipc->channel.places)
		printf(",\"queue_messages\":%" PRIu32, ipc->channel.places);
	else
		printf(",\"queue_messages\":null");
	printf(",\"checksum_ok\":%s",
	       ipc->outcome->checksum == expected_checksum(ipc) ? "true" : "false");
	/* Of the timed span of both. Only reclaim or NUMA balancing can add to it. */
	printf(",\"expected_minor_faults\":0");
	print_expected_switches(ipc);
	printf(",\"switches_per_mib\":%.3f,\"faults_per_mib\":%.3f,\"bytes_per_second\":%.0f",
	       (double)switches / mib, (double)faults / mib,
	       bytes * 1e9 / (double)result->elapsed_ns);
	/* Of both tasks: pinned to one CPU, what others do there is not in it. */
	printf(",\"cpu_ns_per_mib\":%.1f",
	       (double)(ipc->outcome->cpu_ns[SENDER] + ipc->outcome->cpu_ns[RECEIVER]) / mib);
	return report_end(&ipc->workload, result);
}

static uint64_t default_messages(uint64_t size)
{
	uint64_t messages = BYTES_DEFAULT / size;

	return messages < MESSAGES_DEFAULT_MOST ? messages : MESSAGES_DEFAULT_MOST;
}

static int prepare(struct ipc *ipc, struct fail *fail)
{
	if (!ipc->messages)
		ipc->messages = default_messages(ipc->channel.size);
	ipc->warm_up = (ipc->messages + 9) / 10;
	ipc->outcome = shared_memory(sizeof(*ipc->outcome), fail);
	if (!ipc->outcome)
		return fail->code;
	return channel_open(&ipc->channel, fail);
}

int ipc_run(int argc, char **argv)
{
	struct ipc ipc = {
		.workload = { .tasks = ROLES, .cpu = CPU_NONE, .work = ipc_work, .context = &ipc },
		.channel = { .way = way_default(), .size = SIZE_DEFAULT },
	};
	struct fail fail = { 0 };
	struct result result;

	if (parse_options(argc, argv, &ipc))
		return EXITS_USAGE;
	if (prepare(&ipc, &fail) || workload_run(&ipc.workload, &result, &fail))
		report_failure("ipc", &fail);
	return report(&ipc, &result);
}
