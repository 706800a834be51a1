/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an allowlist means, said again as plainly as can be: every entry is looked at, nothing is lowered, sorted, hashed or
 * dropped. It shares no code with the compiler's judgement, so that a mistake there is not made here too.
 */
#pragma once

#include "schema/allowlist.h"

bool model_allows(const struct allowlist *a, const struct event *ev);
