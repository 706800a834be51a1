// SPDX-License-Identifier: GPL-2.0-only
/*
 * Read here and not left to libbpf, which refuses to load anything where the list cannot be opened, or where a module has a
 * variable of the same name. Modules' symbols stand behind the kernel's, with the module's name in brackets.
 */
#include "schema/symbols.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void kernel_symbols(const char *list, struct kernel_symbol *s, size_t n)
{
	char line[1024], name[128];
	uint64_t address;
	FILE *f = fopen(list, "re");
	for (size_t i = 0; i < n; i++)
		s[i] = (struct kernel_symbol){.name = s[i].name};
	while (f && fgets(line, sizeof(line), f) && !strchr(line, '[')) {
		if (sscanf(line, "%" SCNx64 " %*c %127s", &address, name) != 2)
			continue;
		for (size_t i = 0; i < n; i++) {
			if (strcmp(name, s[i].name) != 0)
				continue;
			s[i].several |= s[i].address != 0;
			s[i].address = s[i].several ? 0 : address;
		}
	}
	if (f)
		fclose(f);
}

struct kernel_counts kernel_counts(void)
{
	struct kernel_symbol s[] = {{.name = "rename_lock"}, {.name = "mount_lock"}};
	kernel_symbols("/proc/kallsyms", s, 2);
	if (!s[0].address || !s[1].address)
		return (struct kernel_counts){0};
	return (struct kernel_counts){s[0].address, s[1].address};
}
