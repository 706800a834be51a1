/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * "empty CGROUP COMMAND...": runs the command while programs that do nothing stand where the enforcer's would: at the end of system
 * calls, at execs, and at the connects of the cgroup. What is left between this and the enforcer is the enforcer's own work.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#define MOVE_R0(value) {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = (value)}
#define LEAVE          {.code = BPF_JMP | BPF_EXIT}

static int load(enum bpf_prog_type type, enum bpf_attach_type attach, const char *tracepoint)
{
	const struct bpf_insn code[] = {MOVE_R0(tracepoint ? 0 : 1), LEAVE};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach);
	if (tracepoint) {
		int id = libbpf_find_vmlinux_btf_id(tracepoint, attach);
		if (id < 0)
			return id;
		opts.attach_btf_id = (__u32)id;
	}
	return bpf_prog_load(type, NULL, "GPL", code, 2, &opts);
}

int main(int argc, char **argv)
{
	static const char *const tracepoints[] = {"sys_exit", "sched_prepare_exec"};
	static const enum bpf_attach_type connects[] = {BPF_CGROUP_INET4_CONNECT, BPF_CGROUP_UDP4_SENDMSG};
	int group = argc > 2 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1, status = 1;
	if (group < 0)
		return 2;
	for (unsigned i = 0; i < 2; i++) {
		int program = load(BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, tracepoints[i]);
		if (program < 0 || bpf_raw_tracepoint_open(NULL, program) < 0)
			fprintf(stderr, "empty: no %s\n", tracepoints[i]);
		program = load(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, connects[i], NULL);
		if (program < 0 || bpf_link_create(program, group, connects[i], NULL) < 0)
			return fprintf(stderr, "empty: no connect hooks: %s\n", strerror(errno)), 1;
	}
	pid_t pid = fork();
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
