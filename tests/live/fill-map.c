/* SPDX-License-Identifier: GPL-2.0-only */
/* "fill-map PIN": enters keys that nobody else uses, with a value of zeros, into a pinned hash map with 8-byte keys until it is full. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>

#include <bpf/bpf.h>

int main(int argc, char **argv)
{
	char value[64] = {0};
	struct bpf_map_info info = {0};
	__u32 n = sizeof(info);
	int fd = argc == 2 ? bpf_obj_get(argv[1]) : -1;
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &n) || info.key_size != 8 || info.value_size > sizeof(value)) {
		fprintf(stderr, "there is no such map\n");
		return 1;
	}
	for (uint64_t key = UINT64_MAX / 4;; key++)
		if (bpf_map_update_elem(fd, &key, value, BPF_ANY))
			return errno != E2BIG;
}
