/* SPDX-License-Identifier: GPL-2.0-only */
/* Images into force: all of a command's or none of them. */
#pragma once

#include "enforcer/groups.h"
#include "enforcer/machine.h"
#include "enforcer/runtimes.h"
#include "schema/image_file.h"

struct target {
	size_t image;             /* of apply_options.images */
	size_t group;             /* of apply_options.groups */
};

struct apply_options {
	struct image *const *images;
	size_t nimages;
	const struct groups *groups;
	const struct target *targets;
	size_t ntargets;
	const char *bpffs;
	int backend;              /* enum enforce_backend, or -1: the best that works */
	bool audit;               /* also where the image says enforce */
	uint64_t for_ns;          /* 0: without end */
	bool keep;                /* what is in force as asked for already keeps its counters */
	const struct runtimes *runtimes;
};

/* On failure everything is as it was, the reason in D. *RET is for what the caller still wants to know. */
int apply(const struct apply_options *o, struct diag *d, struct machine **ret);
