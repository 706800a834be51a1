/* SPDX-License-Identifier: GPL-2.0-only */
/* A policy and an allowlist in plain English: for the UI beside the YAML, and for the review page. */
#pragma once

#include "compiler/allow/lower.h"
#include "schema/policy.h"

struct words {
	unsigned line;            /* of the YAML it explains, from 1; 0 = the document as a whole */
	struct str text;
};

/* One or more sentences for the document, each hook and each selector, in the order of the text. */
void words_policy(const struct policy *p, struct arena *arena, struct words **ret, size_t *ret_n);

/* "anybody may start /usr/bin/node", "only /usr/bin/dash may start ..." for rule NUMBER (from 1). */
void words_rule(const struct allowlist *a, const struct lower_rule *r, struct buf *b);
