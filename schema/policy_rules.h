/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules by which policies are refused, with their stable ids. */
#pragma once

#include "schema/finding.h"

enum policy_rule {
#define RULE(symbol, id, stage, flags, title) RULE_##symbol,
#include "schema/policy_rules.def"
#undef RULE
	RULE_COUNT
};

enum policy_rule_flag {
	RULE_TARGET = 1,      /* depends on kernel or agent */
	RULE_NOTE = 4,        /* for information */
	RULE_API_SCHEMA = 2,  /* an API server finds it by its schema */
};

struct policy_rule_row {
	const char *id;
	enum policy_stage stage;
	unsigned flags;
	const char *title;
};
extern const struct policy_rule_row policy_rules[RULE_COUNT];
