/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the linter's files. */
#pragma once

#include "compiler/lint/lint.h"

/* Every pitfall of lints.def, what the load still needs, and the cost, for D->policy. */
void lint_run(struct lint_document *d, const struct yaml_node *root, struct lint_file *f, const struct lint_options *o);
void lint_run_refused(struct lint_document *d, const struct yaml_node *root, struct lint_file *f);   /* of one that is no policy */

/* What the kernel and the node must have for the policy to load. BTF: what was looked up already; NULL = nothing. */
void lint_needs(struct lint_context *c, const struct lint_btf *btf);

/* Of a policy with holes, which the findings in RET tell: what of the rest no agent would load (lint_rest.c). */
void lint_load_rest(const struct policy *partial, const struct lint_options *o, unsigned way, struct findings *ret);

/* Drops the findings that comments in the text say are known; counted in document.ignored. */
void lint_ignore(struct lint_file *f);
