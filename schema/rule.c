/* SPDX-License-Identifier: GPL-2.0-only */
/* What a rule admits, and how rules, addresses and endpoints are written. */
#include "schema/rule.h"

#include <arpa/inet.h>

#include "schema/allowlist.h"
#include "schema/store.h"

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

/* ::ffff:a.b.c.d is reached over IPv4 and judged as such. */
static struct address plain(const struct address *a)
{
	struct address p = *a;
	if (a->family == 6 && !memcmp(a->bytes, mapped, sizeof(mapped))) {
		p = (struct address){.family = 4, .port = a->port};
		memcpy(p.bytes, a->bytes + 12, 4);
	}
	return p;
}

bool network_covers(const struct address *network, unsigned prefix, const struct address *a)
{
	if (network->family == 0)
		return true;
	struct address p = plain(a);
	if (p.family != network->family)
		return false;
	unsigned whole = prefix / 8, bits = prefix % 8;
	if (memcmp(p.bytes, network->bytes, whole))
		return false;
	uint8_t mask = (uint8_t)(0xff00 >> bits);
	return bits == 0 || (p.bytes[whole] & mask) == (network->bytes[whole] & mask);
}

static bool covers_connect(const struct rule *r, const struct observation *o)
{
	return o->address.family && network_covers(&r->network, r->prefix, &o->address) &&
	       o->address.port >= r->port_first && o->address.port <= r->port_last &&
	       (r->protocol == 0 || r->protocol == o->protocol);
}

bool rule_covers(const struct rule *r, const struct observation *o)
{
	if (r->kind != o->kind)
		return false;
	if (r->by.n && (!o->subject_known || !str_eq(r->by, o->subject)))
		return false;
	if (r->kind == KIND_CONNECT)
		return covers_connect(r, o);
	if (!o->path_known || o->path.n == 0 || (o->tags & (TAG_PATH_CUT | TAGS_NO_PATH)))
		return false;
	if (r->kind == KIND_FILE && r->access && (o->access & ACCESS_CHANGES & ~r->access))
		return false;
	return path_covers(r->path, o->path);
}

void address_print(struct buf *b, const struct address *a)
{
	struct address p = plain(a);
	char text[INET6_ADDRSTRLEN];
	if (p.family && inet_ntop(p.family == 4 ? AF_INET : AF_INET6, p.bytes, text, sizeof(text)))
		buf_puts(b, text);
}

void endpoint_print(struct buf *b, const struct observation *o)
{
	if (o->unix_path.n) {
		buf_str(b, o->unix_path);
		return;
	}
	if (!o->address.family)
		return;
	bool brackets = plain(&o->address).family == 6;
	buf_puts(b, brackets ? "[" : "");
	address_print(b, &o->address);
	buf_printf(b, "%s:%u", brackets ? "]" : "", o->address.port);
}

void rule_print(struct buf *b, const struct rule *r)
{
	if (r->kind != KIND_CONNECT) {
		buf_str(b, r->path);
	} else if (r->network.family) {
		address_print(b, &r->network);
		buf_printf(b, "/%u", r->prefix);
	} else {
		buf_puts(b, "any address");
	}
	if (r->kind == KIND_CONNECT && r->port_first == r->port_last)
		buf_printf(b, " port %u", r->port_first);
	else if (r->kind == KIND_CONNECT && (r->port_first > 0 || r->port_last < 65535))
		buf_printf(b, " ports %u-%u", r->port_first, r->port_last);
	if (r->protocol)
		buf_printf(b, " %s", r->protocol == 6 ? "tcp" : r->protocol == 17 ? "udp" : "other");
	for (uint32_t bit = 0; r->access && bit < ACCESS_COUNT; bit++)
		if (r->access & 1u << bit)
			buf_printf(b, " %s", access_name((enum access_bit)bit));
	if (r->by.n) {
		buf_puts(b, " by ");
		buf_str(b, r->by);
	}
}
