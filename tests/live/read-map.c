/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * "read-map NAME": reads all entries of the BPF map NAME, one by one and over again, until it is killed. While a task is inside
 * such a call the kernel skips some kinds of programs on that CPU without counting it; ours must not be of those.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

static int find_map(const char *name, struct bpf_map_info *ret_info)
{
	for (__u32 id = 0; !bpf_map_get_next_id(id, &id);) {
		__u32 n = sizeof(*ret_info);
		int fd = bpf_map_get_fd_by_id(id);
		memset(ret_info, 0, sizeof(*ret_info));
		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, ret_info, &n) && !strcmp(ret_info->name, name))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct bpf_map_info info;
	int fd = argc == 2 ? find_map(argv[1], &info) : -1;
	if (fd < 0) {
		fprintf(stderr, "there is no map of that name\n");
		return 1;
	}
	char *key = malloc(info.key_size), *value = malloc(info.value_size);
	if (!key || !value)
		return 1;
	for (;;) {
		void *at = NULL;
		for (; !bpf_map_get_next_key(fd, at, key); at = key)
			bpf_map_lookup_elem(fd, key, value);
	}
}
