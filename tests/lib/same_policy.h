/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies as models: are two of them the same, and does one survive being printed and read back? Driven by the grammar's
 * rows (schema/policy_fields.h), so a new field is compared as soon as it has a row.
 */
#pragma once

#include "schema/policy.h"

/* All but the places, the file's name and the comment. WHY, if not NULL: what differs. */
bool same_policies(const struct policy *a, const struct policy *b, struct buf *why);

/* P printed and read back is P, and prints the same bytes again. Else WHY says what happened, and shows the text. */
bool policy_round_trips(const struct policy *p, struct buf *why);
