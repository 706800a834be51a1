/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses and ports for rules and acts: few enough that they meet. */
#pragma once

#include "schema/event.h"
#include "tests/lib/random.h"

/* Without a port, none of them IPv4-mapped: rules and acts do that. */
void random_address(struct dice *r, struct address *ret);
uint16_t random_port(struct dice *r);
