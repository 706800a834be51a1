/* SPDX-License-Identifier: GPL-2.0-only */
/* The table is sorted by name, so a look-up is a binary search. */
#include "schema/syscall.h"

static const struct {
	struct str name;
	int16_t numbers[3];
} calls[] = {
#define SYSCALL(name, x86_64, i386, arm64) {STR_INIT(#name), {x86_64, i386, arm64}},
#include "schema/syscalls.def"
#undef SYSCALL
};

static struct str plain(struct str name)
{
	static const struct str prefixes[] = {STR_INIT("__x64_"), STR_INIT("__ia32_"), STR_INIT("__arm64_"),
					      STR_INIT("compat_"), STR_INIT("sys_")};
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (str_starts(name, prefixes[i]))
			name = str_skip(name, prefixes[i].n);
	return name;
}

int syscall_number(enum syscall_abi abi, struct str name)
{
	name = plain(name);
	size_t low = 0, high = ARRAY_SIZE(calls);
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int c = str_cmp(calls[middle].name, name);
		if (c == 0)
			return calls[middle].numbers[abi];
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

size_t syscall_count(void)
{
	return ARRAY_SIZE(calls);
}

struct str syscall_name(size_t i)
{
	return calls[i].name;
}
