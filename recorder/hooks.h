/* SPDX-License-Identifier: GPL-2.0-only */
/* Which programs of the sensor serve which kind on this kernel, found by asking it, never by its version. */
#pragma once

#include "schema/base/buf.h"
#include "schema/base/diag.h"
#include "schema/event.h"
#include "schema/wire.h"

struct bpf_object;

enum hooks_wanted { HOOKS_AUTO, HOOKS_LSM, HOOKS_FENTRY, HOOKS_TRACEPOINT };

struct hooks_options {
	enum hooks_wanted wanted;
	uint32_t kinds;         /* 1 << KIND_*; 0 = all */
	bool paths;             /* only some are recorded */
	bool no_cgroup_hooks;   /* as where they cannot be attached */
	bool empty;             /* programs that do nothing, to measure the hooks */
};

struct hooks;

/* The word of --hooks, or -EINVAL. */
int hooks_word(const char *word, enum hooks_wanted *ret);

/*
 * Before OBJECT, which is borrowed, is loaded: what is to be loaded, and as what. *RET is set also when -ENOTSUP says, with words in D, that what
 * was wanted cannot be had.
 */
int hooks_choose(struct bpf_object *object, const struct hooks_options *options, struct diag *d, struct hooks **ret);
void hooks_free(struct hooks *h);   /* detaches */
DEFINE_CLEANUP(struct hooks *, hooks_free)

bool hooks_by_entry(const struct hooks *h);          /* the security programs stand at functions' entries */
bool hooks_kernel_has(const struct hooks *h, const char *function);
void hooks_calls(const struct hooks *h, struct wire_call calls[WIRE_ROWS_MAX], uint8_t rows[2 * WIRE_CALLS_MAX],
		 uint8_t known[WIRE_CALLS_MAX]);

int hooks_attach(struct hooks *h, struct diag *d);
const char *hooks_used(const struct hooks *h);       /* "exec=tp_btf/sched_process_exec file=..." */
const char *hooks_misses(const struct hooks *h);     /* in words */
