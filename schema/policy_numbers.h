/* SPDX-License-Identifier: GPL-2.0-only */
/* How an agent reads the numbers in a policy's values: digits as Go takes them, and names of what sockets have. */
#pragma once

#include "schema/base/base.h"

/* Go's strconv.ParseInt and ParseUint of a whole string; base 0: 0x, 0o, 0b, a leading 0, '_' between digits. */
bool go_int(struct str s, int base, unsigned bits, int64_t *ret);
bool go_uint(struct str s, int base, unsigned bits, uint64_t *ret);

/* AF_INET, IPPROTO_TCP, TCP_LISTEN as that kind takes them (SOCKET_ANY: any), or a decimal number of 32 bits; -1 for anything else. */
enum socket_name { SOCKET_FAMILY, SOCKET_PROTOCOL, SOCKET_STATE, SOCKET_ANY };
int64_t socket_number(enum socket_name kind, struct str text);
