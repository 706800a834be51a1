/* SPDX-License-Identifier: GPL-2.0-only */
/* What the enforcer's verbs share. */
#include <stdio.h>
#include <unistd.h>

#include "enforcer/cmd.h"
#include "schema/workload.h"

int check_rights(struct diag *d)
{
	uint64_t caps = 0;
	char line[256];
	FILE *f = fopen("/proc/self/status", "re");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "CapEff:", 7))
			caps = strtoull(line + 7, NULL, 16);
	if (f)
		fclose(f);
	if (!(caps >> 21 & 1)) {
		diag_error(d, NULL, "enforcing needs root (CAP_SYS_ADMIN)");
		return -EPERM;
	}
	if (access("/sys/kernel/btf/vmlinux", R_OK)) {
		diag_error(d, "/sys/kernel/btf/vmlinux", "%s: enforcing needs a kernel built with CONFIG_DEBUG_INFO_BTF=y",
			   strerror(errno));
		return -ENOTSUP;
	}
	return 0;
}

int end(struct diag *d, int r)
{
	diag_print(d);
	return r == 0 ? EXIT_YES : r == -EINVAL || r == -ENOENT ? EXIT_INPUT : EXIT_MACHINE;
}

bool is_named(const struct enforce_name *n, char *const *patterns, int npatterns)
{
	for (int i = 0; i < npatterns; i++) {
		struct workload w = {0};
		/* The written form is taken apart again: namespace, kind, then the name with whatever it holds. */
		const char *kind = strchr(n->workload, '/'), *name = kind ? strchr(kind + 1, '/') : NULL;
		if (name) {
			w.namespace = (struct str){n->workload, (size_t)(kind - n->workload)};
			w.kind = (struct str){kind + 1, (size_t)(name - kind) - 1};
			w.name = str_from(name + 1);
		}
		if (!strcmp(patterns[i], n->folder) || (name && workload_matches(patterns[i], &w)))
			return true;
	}
	return npatterns == 0;
}
