/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A general form that admits many observations: a path with everything below it, a network with a
 * range of ports. A person chooses one from a ladder of proposals; the store keeps it, the allowlist
 * gets it as one entry.
 */
#pragma once

#include "schema/base/buf.h"
#include "schema/event.h"

struct observation;

struct rule {
	enum kind kind;          /* EXEC, FILE, CONNECT */
	struct str path;         /* exec, file: exact, or ending in '/': everything below */
	uint32_t access;         /* file: admits no other change than these; 0 = every change */
	struct address network;  /* connect: family 4, 6, or 0 = any address */
	uint8_t prefix;          /* bits */
	uint16_t port_first, port_last;
	uint8_t protocol;        /* 6, 17, 0 = any */
	struct str by;           /* subject, resolved; empty = any */
};

/*
 * Does R cover O? Never for a path that was cut or, in exec and file, is not the resolved one. Unix
 * sockets are no rule's matter.
 */
bool rule_covers(const struct rule *r, const struct observation *o);

/* Is A inside NETWORK/PREFIX? An IPv4-mapped IPv6 address counts as the IPv4 one. */
bool network_covers(const struct address *network, unsigned prefix, const struct address *a);

/* Appends "/usr/lib/", "10.0.0.0/8 port 5432 tcp": for people and logs. */
void rule_print(struct buf *b, const struct rule *r);

/* Appends 10.0.0.1 or fe80::1; nothing for family 0. IPv4-mapped IPv6 is written as IPv4. */
void address_print(struct buf *b, const struct address *a);
/* Appends 10.0.0.1:443, [fe80::1]:443, or the unix path: the object of a connect. */
void endpoint_print(struct buf *b, const struct observation *o);
