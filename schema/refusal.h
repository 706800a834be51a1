/* SPDX-License-Identifier: GPL-2.0-only */
/* What libbpf logged when the kernel refused to load something, as words for the person at the terminal. */
#pragma once

#include "schema/base/diag.h"

/*
 * An error, "WHAT: which program or map", then notes: the verifier's last lines, and what to do. ERR as errno has it.
 * PURPOSE is what needs it ("live recording"), INSTEAD ends that sentence with what works all the same, or is "".
 */
void refusal_tell(struct diag *d, const char *what, const char *purpose, const char *instead, struct str log, int err);
