/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connect rules: (network, ports, protocol, caller). A selector can only say "none of these networks", so
 * the ports are cut into pieces on which the same networks are allowed, and each piece becomes one denial:
 *
 *	10.0.0.0/8 port 5432   ->   port is 5432 and network is not 10.0.0.0/8: deny
 *	anything else          ->   port is not 5432: deny
 *
 * IPv4 and IPv6 are separate sets, and ::ffff:a.b.c.d is a v6 address that means a v4 peer: each v4 network is
 * listed in both forms, and a v6 network around the mapped block is written without it.
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "compiler/emit/plan.h"

static const struct plan_hook connect_hook = {
	"socket_connect", "security_socket_connect",
	{{1, 1, TYPE_SOCKADDR, NULL}, {0, 0, TYPE_SOCKET, NULL}}, 2, 0,
};
enum { ARG_ADDRESS, ARG_SOCKET };
enum { PORTS = 65536, MAPPED_BITS = 96 };

static const uint8_t mapped_block[16] = {[10] = 0xff, [11] = 0xff};

struct connect_job {
	struct emission *e;
	struct plan *p;
	const struct strs *callers;
	uint32_t caller;
	int protocol;                     /* -1: any (no rule names one); 0: those no rule names */
	uint32_t after;
};

static bool applies(const struct connect_job *j, const struct lower_connect *c)
{
	return (c->caller == LOWER_CALLER_ANY || c->caller == j->caller) &&
	       (c->protocol == 0 || c->protocol == j->protocol);
}

static void add_network(struct plan *p, struct strs *list, int family, const uint8_t *bytes,
			unsigned bits)
{
	char text[INET6_ADDRSTRLEN];
	inet_ntop(family == 4 ? AF_INET : AF_INET6, bytes, text, sizeof(text));
	plan_value(p, list, str_from(arena_printf(p->arena, "%s/%u", text, bits)));
}

/* Is the network a part of another of the ROWS that apply? */
static bool is_inside(const struct lower_connect *a, const struct lower_connect *b)
{
	if (a->network.family != b->network.family || b->bits > a->bits)
		return false;
	for (unsigned i = 0; i < b->bits; i++) {
		if ((a->network.bytes[i / 8] ^ b->network.bytes[i / 8]) >> (7 - i % 8) & 1)
			return false;
	}
	return true;
}

/* A v6 network that contains the mapped block: its parts beside the way down to the block. */
static void add_around_mapped(struct plan *p, struct strs *list, unsigned bits)
{
	for (unsigned i = bits; i < MAPPED_BITS; i++) {
		uint8_t part[16] = {0};
		for (unsigned k = 0; k <= i; k++) {
			unsigned bit = mapped_block[k / 8] >> (7 - k % 8) & 1;
			part[k / 8] |= (uint8_t)((k == i ? !bit : bit) << (7 - k % 8));
		}
		add_network(p, list, 6, part, i + 1);
	}
}

static void list_network(struct plan *p, struct strs *list, const struct lower_connect *c,
			 bool all_v4)
{
	uint8_t mapped[16];
	if (c->network.family == 4) {
		memcpy(mapped, mapped_block, 12);
		memcpy(mapped + 12, c->network.bytes, 4);
		add_network(p, list, 4, c->network.bytes, c->bits);
		add_network(p, list, 6, mapped, MAPPED_BITS + c->bits);
		return;
	}
	struct lower_connect block = {.network = {.family = 6}, .bits = MAPPED_BITS};
	memcpy(block.network.bytes, mapped_block, 16);
	if (!all_v4 && is_inside(&block, c))
		add_around_mapped(p, list, c->bits);
	else
		add_network(p, list, 6, c->network.bytes, c->bits);
}

/* The networks allowed on PORT, as row numbers in B: what tells pieces apart. Inner networks are left out. */
static void allowed_on(const struct connect_job *j, unsigned port, struct buf *b)
{
	const struct lowered *l = j->e->l;
	for (size_t i = 0; i < l->nconnects; i++) {
		const struct lower_connect *c = &l->connects[i];
		bool outer = applies(j, c) && port >= c->port_first && port <= c->port_last;
		for (size_t k = 0; k < l->nconnects && outer; k++) {
			const struct lower_connect *o = &l->connects[k];
			bool same = o->bits == c->bits && is_inside(c, o);
			if (k != i && applies(j, o) && port >= o->port_first && port <= o->port_last &&
			    is_inside(c, o) && (!same || k < i))
				outer = false;
		}
		if (outer)
			buf_add(b, &i, sizeof(i));
	}
}

/* Ports on which the same networks are allowed. */
struct piece {
	struct buf rows;                  /* size_t each */
	struct { struct { unsigned first, last; } *v; size_t n, cap; } ranges;
	unsigned count;
};
struct pieces {
	struct piece *v;
	size_t n, cap;
};

static void add_piece(struct pieces *pieces, struct buf *rows, unsigned first, unsigned last)
{
	struct piece *p = NULL;
	for (size_t i = 0; i < pieces->n && !p; i++) {
		if (str_eq(buf_view(&pieces->v[i].rows), buf_view(rows)))
			p = &pieces->v[i];
	}
	if (!p) {
		p = VEC_PUSH(pieces);
		buf_add(&p->rows, rows->p, rows->n);
	}
	if (p->ranges.n && p->ranges.v[p->ranges.n - 1].last + 1 == first) {
		p->ranges.v[p->ranges.n - 1].last = last;
	} else {
		VEC_PUSH(&p->ranges);
		p->ranges.v[p->ranges.n - 1].first = first;
		p->ranges.v[p->ranges.n - 1].last = last;
	}
	p->count += last - first + 1;
}

static int cmp_unsigned(const void *x, const void *y)
{
	unsigned a = *(const unsigned *)x, b = *(const unsigned *)y;
	return (a > b) - (a < b);
}

static void cut(const struct connect_job *j, struct pieces *ret)
{
	const struct lowered *l = j->e->l;
	CLEANUP_FREE unsigned *edges = xcalloc(2 * l->nconnects + 2, sizeof(*edges));
	size_t n = 0;
	edges[n++] = 0;
	edges[n++] = PORTS;
	for (size_t i = 0; i < l->nconnects; i++) {
		if (!applies(j, &l->connects[i]))
			continue;
		edges[n++] = l->connects[i].port_first;
		edges[n++] = l->connects[i].port_last + 1u;
	}
	qsort(edges, n, sizeof(*edges), cmp_unsigned);
	CLEANUP_BUF struct buf rows = BUF_INIT;
	for (size_t i = 0; i + 1 < n; i++) {
		if (edges[i] == edges[i + 1])
			continue;
		buf_clear(&rows);
		allowed_on(j, edges[i], &rows);
		add_piece(ret, &rows, edges[i], edges[i + 1] - 1);
	}
}

static void add_range(struct plan *p, struct strs *list, unsigned first, unsigned last)
{
	const char *text = first == last ? arena_printf(p->arena, "%u", first)
					 : arena_printf(p->arena, "%u:%u", first, last);
	plan_value(p, list, str_from(text));
}

/* The smaller of "port is one of" and "port is none of": a range costs one table entry for each port. */
static void filter_ports(struct connect_job *j, struct plan_selector *s, const struct piece *piece)
{
	struct strs in = {0}, out = {0};
	unsigned next = 0;
	for (size_t i = 0; i < piece->ranges.n; i++) {
		unsigned first = piece->ranges.v[i].first, last = piece->ranges.v[i].last;
		add_range(j->p, &in, first, last);
		if (first > next)
			add_range(j->p, &out, next, first - 1);
		next = last + 1;
	}
	if (next < PORTS)
		add_range(j->p, &out, next, PORTS - 1);
	if (piece->count == PORTS)
		return;
	if (piece->count <= PORTS / 2)
		plan_filter(s, ARG_ADDRESS, OPERATOR_SPORT, in);
	else
		plan_filter(s, ARG_ADDRESS, OPERATOR_NOT_SPORT, out);
}

static const char *protocol_name(struct connect_job *j, int protocol)
{
	return protocol == 6    ? "IPPROTO_TCP"
	       : protocol == 17 ? "IPPROTO_UDP"
				: arena_printf(j->e->arena, "%d", protocol);
}

static void deny_piece(struct connect_job *j, const struct piece *piece)
{
	const struct lowered *l = j->e->l;
	const size_t *rows = (const size_t *)(const void *)piece->rows.p;
	size_t n = piece->rows.n / sizeof(*rows);
	bool all_v4 = false, all_v6 = false;
	for (size_t i = 0; i < n; i++) {
		const struct lower_connect *c = &l->connects[rows[i]];
		all_v4 |= c->network.family == 4 && c->bits == 0;
		all_v6 |= c->network.family == 6 && c->bits == 0;
	}
	if (all_v4 && all_v6)
		return;
	struct strs networks = {0};
	for (size_t i = 0; i < n; i++)
		list_network(j->p, &networks, &l->connects[rows[i]], all_v4);
	struct plan_selector *s = plan_deny(j->p, j->after);
	if (j->callers)
		s->callers = *j->callers;
	/* NotSAddr is false for families without addresses, unlike NotSPort: without networks, say the family. */
	if (n)
		plan_filter(s, ARG_ADDRESS, OPERATOR_NOT_SADDR, networks);
	else
		plan_filter(s, ARG_ADDRESS, OPERATOR_FAMILY,
			    plan_values(j->p, (const char *[]){"AF_INET", "AF_INET6"}, 2));
	filter_ports(j, s, piece);
	if (j->protocol > 0)
		plan_filter(s, ARG_SOCKET, OPERATOR_PROTOCOL,
			    plan_values(j->p, (const char *[]){protocol_name(j, j->protocol)}, 1));
}

static void deny_connects(struct connect_job *j)
{
	struct pieces pieces = {0};
	cut(j, &pieces);
	for (size_t i = 0; i < pieces.n; i++) {
		deny_piece(j, &pieces.v[i]);
		buf_done(&pieces.v[i].rows);
		free(pieces.v[i].ranges.v);
	}
	free(pieces.v);
}

/* The protocols that rules name; at most one bit for each number. */
static size_t protocols_of(const struct lowered *l, uint8_t ret[256])
{
	size_t n = 0;
	for (int protocol = 1; protocol < 256; protocol++) {
		for (size_t i = 0; i < l->nconnects; i++) {
			if (l->connects[i].protocol == protocol) {
				ret[n++] = (uint8_t)protocol;
				break;
			}
		}
	}
	return n;
}

static void deny_for(struct connect_job *j, const uint8_t *protocols, size_t n)
{
	uint32_t after = j->after;
	for (size_t i = 0; i < n; i++) {
		j->protocol = protocols[i];
		deny_connects(j);
	}
	j->protocol = n ? 0 : -1;
	j->after = after | (n ? PLAN_AFTER_PROTOCOLS : 0);
	deny_connects(j);
}

static void connect_key(const struct lowered *l, uint32_t id, const void *arg, struct buf *b)
{
	(void)arg;
	for (size_t i = 0; i < l->nconnects; i++) {
		const struct lower_connect *c = &l->connects[i];
		if (c->caller != id)
			continue;
		buf_printf(b, "%u %u %u %u %u;", c->network.family, c->bits, c->port_first, c->port_last,
			   c->protocol);
		buf_add(b, c->network.bytes, sizeof(c->network.bytes));
	}
}

int emit_connect(struct emission *e)
{
	struct plan *p = emission_plan(e, &connect_hook);
	p->kind = "connect";
	p->threat = "a connection to somewhere the workload has no business: command and control, exfiltration, lateral movement, metadata services";
	p->cannot = "data sent over allowed peers; UDP sent without connect, TCP fast open, raw and unix sockets; "
		    "connections that were open before";
	p->false_positive = "a dependency that moved to another address or port, DNS names with changing addresses, "
			    "fail-over peers that were not used while recording";
	uint8_t protocols[256];
	size_t n = protocols_of(e->l, protocols);
	if (n) {
		struct strs names = {0};
		struct connect_job name = {.e = e};
		for (size_t i = 0; i < n; i++)
			plan_value(p, &names, str_from(protocol_name(&name, protocols[i])));
		plan_filter(plan_prelude(p, PLAN_AFTER_PROTOCOLS), ARG_SOCKET, OPERATOR_PROTOCOL, names);
	}
	struct caller_classes classes = {0};
	classify_callers(e, connect_key, NULL, &classes);
	for (size_t i = 0; i < classes.n; i++) {
		struct connect_job j = {e, p, &classes.v[i].callers, classes.v[i].id, -1, 0};
		deny_for(&j, protocols, n);
	}
	pass_callers(p, &classes);
	struct connect_job rest = {e, p, NULL, LOWER_CALLER_ANY, -1,
				   classes.n ? PLAN_AFTER_CALLERS : 0};
	deny_for(&rest, protocols, n);
	free(classes.v);
	return 0;
}
