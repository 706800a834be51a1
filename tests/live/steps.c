/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * "steps NAME...": how many instructions the kernel's verifier went through for each loaded BPF program of these names; a program
 * that is not loaded is left out. The kernel keeps the first 15 characters of a name.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

int main(int argc, char **argv)
{
	for (__u32 id = 0; !bpf_prog_get_next_id(id, &id);) {
		struct bpf_prog_info info;
		__u32 n = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(id);
		memset(&info, 0, sizeof(info));
		if (fd < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(fd, &info, &n))
			for (int i = 1; i < argc; i++)
				if (!strncmp(argv[i], info.name, sizeof(info.name) - 1))
					printf("%s %u\n", argv[i], info.verified_insns);
		close(fd);
	}
}
