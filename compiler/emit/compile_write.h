/* SPDX-License-Identifier: GPL-2.0-only */
/* What compilations made, as files of one folder. */
#pragma once

#include "compiler/emit/compile.h"

/*
 * All files of V into folder DIR (made if absent), or none: a failure leaves what was there. Policies that earlier
 * compilations of the same allowlists left and these did not make are removed. One kustomization.yaml names every
 * policy of the folder that stakeout wrote; one that somebody else wrote is left alone, with a warning.
 */
int compiled_write_all(const struct compiled *const *v, size_t n, const char *dir, struct diag *d);

/* The text of that file. Sorts FILES. */
void kustomization_print(struct str *files, size_t n, struct buf *b);
