/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of rules. */
#include "schema/policy_rules.h"

#define TARGET	   RULE_TARGET
#define API_SCHEMA RULE_API_SCHEMA
#define NOTE	   RULE_NOTE
const struct policy_rule_row policy_rules[RULE_COUNT] = {
#define RULE(symbol, id, stage, flags, title) {id, STAGE_##stage, flags, title},
#include "schema/policy_rules.def"
#undef RULE
};
