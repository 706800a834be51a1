/* SPDX-License-Identifier: GPL-2.0-only */
/* Linting a text in a test. */
#pragma once

#include "compiler/lint/lint.h"

struct linted {
	struct arena *arena;
	struct target target;
	struct lint_options options;
	struct lint_file file;
};

/* TARGET as typed; NULL = none given. */
void lint_open(struct linted *l, struct str text, const char *target);
void lint_close(struct linted *l);
/* The first finding with the id, at PATH unless that is NULL. */
const struct finding *lint_found(const struct linted *l, const char *id, const char *path);
void lint_print(const struct linted *l);
/*
 * Applies F's edit: what is then linted loads as before, no longer has F, and has no finding that was not there.
 */
bool lint_edit_removes(const struct linted *l, const struct finding *f, const char *target);
