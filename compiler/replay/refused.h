/* SPDX-License-Identifier: GPL-2.0-only */
/* The policies of a set that no agent on the target would load, as every report tells them: they allow nothing and deny nothing. */
#pragma once

#include <stdio.h>

#include "compiler/replay/policy_set.h"

/* A line each to OUT, after BEFORE: "not judged: NAME (FILE:LINE:COLUMN) does not load: WHY". */
void refused_text(const struct policy_set *s, const char *before, FILE *out);

/* ,"KEY":[{...}]: with the comma before it. */
void refused_json(const struct policy_set *s, const char *key, struct buf *b);

/* "security_file_open.yaml:9:4: spec.kprobes[0]: WHY; FIX (and 2 more reasons)"; raw bytes of names. */
void refused_words(const struct policy_set *s, size_t policy, struct buf *b);
