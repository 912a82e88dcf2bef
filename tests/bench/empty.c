// SPDX-License-Identifier: GPL-2.0
/*
 * empty.c - `empty HOOK... -- COMMAND`: runs COMMAND while a program that does nothing is attached to each
 * HOOK (a tracepoint, by tp_btf): what the hooks alone add. Exit status: COMMAND's, 2 when it cannot be.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void attach(const char *hook)
{
	static const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct bpf_prog_load_opts options = { .sz = sizeof(options),
					      .expected_attach_type = BPF_TRACE_RAW_TP };
	int id = libbpf_find_vmlinux_btf_id(hook, BPF_TRACE_RAW_TP), fd;

	if (id < 0)
		errx(2, "no tracepoint %s", hook);
	options.attach_btf_id = (__u32)id;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "empty", "GPL", nothing, 2, &options);
	if (fd < 0 || bpf_raw_tracepoint_open(NULL, fd) < 0)
		err(2, "cannot attach to %s", hook);
}

int main(int argc, char **argv)
{
	int at = 1, status;
	pid_t pid;

	for (; at < argc && strcmp(argv[at], "--") != 0; at++)
		attach(argv[at]);
	if (at + 1 >= argc)
		errx(2, "usage: empty HOOK... -- COMMAND");
	pid = fork();
	if (!pid) {
		execvp(argv[at + 1], &argv[at + 1]);
		err(127, "%s", argv[at + 1]);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		err(2, "cannot run %s", argv[at + 1]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}
