// SPDX-License-Identifier: GPL-2.0
/*
 * storm.c - `storm --as process|thread [--workers N] [--rounds N]`: N workers, each on a CPU of its own
 * (default: one per allowed CPU), which together start to map a page, write it and unmap it, each
 * `rounds` times (default 20000). As threads they do so in one address space.
 */
#include <err.h>
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct worker {
	struct storm *storm;
	int cpu;
	pthread_t thread;
	pid_t pid;
};

struct storm {
	bool threads;
	int workers;
	long rounds;
	pthread_barrier_t gate; /* in memory shared by all */
	struct worker worker[CPU_SETSIZE];
};

static bool rage(long rounds)
{
	size_t page = (size_t)getpagesize();

	for (long i = 0; i < rounds; i++) {
		char *memory = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				    -1, 0);

		if (memory == MAP_FAILED)
			return false;
		*(volatile char *)memory = 1;
		if (munmap(memory, page))
			return false;
	}
	return true;
}

/* Also without its CPU it comes to the gate, for the others wait there. */
static bool work(const struct worker *worker)
{
	cpu_set_t cpus;
	bool pinned;

	CPU_ZERO(&cpus);
	CPU_SET(worker->cpu, &cpus);
	pinned = !sched_setaffinity(0, sizeof(cpus), &cpus);
	pthread_barrier_wait(&worker->storm->gate);
	return pinned && rage(worker->storm->rounds);
}

/* What a thread returns is NULL when all went well. */
static void *work_as_thread(void *worker)
{
	return work(worker) ? NULL : worker;
}

static void start(struct worker *worker)
{
	pid_t pid;

	if (worker->storm->threads) {
		if (pthread_create(&worker->thread, NULL, work_as_thread, worker))
			errx(1, "no thread");
		return;
	}
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(!work(worker));
	}
	worker->pid = pid;
}

static bool ended_well(const struct worker *worker)
{
	void *result;
	int status;

	if (worker->storm->threads)
		return !pthread_join(worker->thread, &result) && !result;
	return waitpid(worker->pid, &status, 0) == worker->pid && !status;
}

static long parse_number(const char *text, long most)
{
	char *end;
	long number = strtol(text, &end, 10);

	if (end == text || *end || number < 1 || number > most)
		errx(1, "not from 1 to %ld: %s", most, text);
	return number;
}

static void parse(struct storm *storm, int argc, char **argv)
{
	static const struct option options[] = {
		{ "as", required_argument, NULL, 'a' },
		{ "workers", required_argument, NULL, 'w' },
		{ "rounds", required_argument, NULL, 'r' },
		{ 0 },
	};
	bool as = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'a') {
			as = !strcmp(optarg, "process") || !strcmp(optarg, "thread");
			storm->threads = !strcmp(optarg, "thread");
		} else if (option == 'w') {
			storm->workers = (int)parse_number(optarg, CPU_SETSIZE);
		} else if (option == 'r') {
			storm->rounds = parse_number(optarg, INT32_MAX);
		} else {
			exit(1);
		}
	}
	if (!as || optind < argc)
		errx(1, "usage: storm --as process|thread [--workers N] [--rounds N]");
}

static void assign_cpus(struct storm *storm)
{
	cpu_set_t allowed;
	int n = 0;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		err(1, "sched_getaffinity");
	if (!storm->workers)
		storm->workers = CPU_COUNT(&allowed);
	for (int cpu = 0; cpu < CPU_SETSIZE && n < storm->workers; cpu++)
		if (CPU_ISSET(cpu, &allowed))
			storm->worker[n++] = (struct worker){ .storm = storm, .cpu = cpu };
	if (n < storm->workers)
		errx(1, "%d workers, but %d CPUs are allowed", storm->workers, n);
}

int main(int argc, char **argv)
{
	struct storm *storm = mmap(NULL, sizeof(*storm), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_barrierattr_t shared;
	bool well = true;

	if (storm == MAP_FAILED)
		err(1, "mmap");
	storm->rounds = 20000;
	parse(storm, argc, argv);
	assign_cpus(storm);
	if (pthread_barrierattr_init(&shared) ||
	    pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED) ||
	    pthread_barrier_init(&storm->gate, &shared, (unsigned int)storm->workers))
		errx(1, "no barrier");
	for (int i = 0; i < storm->workers; i++)
		start(&storm->worker[i]);
	for (int i = 0; i < storm->workers; i++)
		well &= ended_well(&storm->worker[i]);
	if (!well)
		errx(1, "a worker failed");
	printf("{\"as\":\"%s\",\"workers\":%d,\"rounds\":%ld}\n",
	       storm->threads ? "thread" : "process", storm->workers, storm->rounds);
	return 0;
}
