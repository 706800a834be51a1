/* SPDX-License-Identifier: GPL-2.0-only */
/* Lowered rules as TracingPolicy documents, in the strongest shape that the target allows. */
#pragma once

#include "compiler/emit/compile.h"
#include "compiler/allow/lower.h"
#include "schema/policy.h"

/*
 * *ret: malloc'ed array of policies, the caller frees each and the array. One document holds at most one entry for
 * a hook (two would share pins and tables), so what exceeds an entry's limits goes into NAME-2, NAME-3 ...
 * Rules are added to COMPILED, their strings in its arena. -EINVAL with the reason in D when something cannot be
 * expressed; nothing is ever widened to fit.
 */
int emit_yaml(const struct lowered *l, const struct compile_options *o, struct compiled *compiled,
	      struct diag *d, struct policy ***ret, size_t *ret_n);

/*
 * Why this workload gets no YAML: NULL when it does. A policy cannot be scoped to a systemd unit or a single cgroup.
 */
const char *yaml_refusal(const struct allowlist *a, const struct compile_options *o);

/* Namespace, pod and container selectors of a workload, into P (also used for audit policies). */
int yaml_scope(const struct allowlist *a, const struct compile_options *o, struct policy *p,
	       struct diag *d);
