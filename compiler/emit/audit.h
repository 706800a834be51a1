/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policy to deploy first: it only reports, so that the agent's export tells resolved program paths, file
 * changes and connections of one workload, which it does not without a policy.
 */
#pragma once

#include "compiler/emit/compile.h"
#include "schema/policy.h"

/*
 * A: the workload, its pod labels and name; nothing else of it is read. The caller frees *ret. -EINVAL with the
 * reason in D when the policy could not be scoped or the target cannot load it.
 */
int audit_policy(const struct allowlist *a, const struct compile_options *o, struct diag *d,
		 struct policy **ret);
