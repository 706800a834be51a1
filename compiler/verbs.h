/* SPDX-License-Identifier: GPL-2.0-only */
/* The verbs' functions, from the rows of verbs.def. */
#pragma once

#define VERB(symbol, name, summary) int cmd_##symbol(int argc, char **argv);
#include "compiler/verbs.def"
#undef VERB
