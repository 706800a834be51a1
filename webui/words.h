/* SPDX-License-Identifier: GPL-2.0-only */
/* A policy in plain English, sentence by sentence, each with the line of the YAML that it speaks of. */
#pragma once

#include "schema/base/buf.h"
#include "schema/policy.h"

/* Calls FN for each sentence in the order of the document's lines. TEXT is valid during the call. */
void policy_words(const struct policy *p, void (*fn)(void *arg, unsigned line, struct str text),
		  void *arg);
