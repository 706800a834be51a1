/* SPDX-License-Identifier: GPL-2.0-only */
/* The values of a policy's conditions as people say them: TCP, not IPPROTO_TCP. For words.c. */
#pragma once

#include "schema/base/buf.h"
#include "schema/policy.h"

/* " a, b or c" or " a, b, c or 4 others". */
void words_values(enum policy_operator op, const struct strs *values, struct buf *b);

/*
 * What selector S of the hook H says of a connection, as one condition: "it goes over TCP to port 443 of 10.0.0.5".
 * Returns the places in s->args that it told, as bits; 0: none, and nothing is written.
 */
uint32_t words_connection(const struct hook *h, const struct selector *s, struct buf *b);

/* The declared argument that filter F looks at, or NULL. */
const struct spec_arg *words_argument(const struct hook *h, const struct arg_filter *f);
